"""Stored credentials in any form: read as they are, and taken at their word only once their proof was checked again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivery_errors import NotDeliverable
from sealwright.domain.errors import CredentialErased
from sealwright.domain.formats import CredentialFormat, format_of
from sealwright.services.ports import Clock
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import MalformedDocument, VcError
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.jwt import JWT_ALGORITHMS, open_token, verify_token
from sealwright.vc.proofs.registry import SUITES
from sealwright.vc.proofs.sd_jwt_reading import is_sd_jwt, open_sd_jwt
from sealwright.vc.proofs.sd_jwt_vc import ENVELOPE_NAMES
from sealwright.vc.proofs.token_keys import verify_with_method
from sealwright.vc.proofs.verifying import check_control, verify_proofs
from sealwright.vc.verification.checks import subjects_of

_UNSOUND: Final = "The stored credential does not verify, so nothing is made from it."
_BINDABLE: Final = frozenset({"Ed25519", "P-256"})


def is_compact(content: bytes) -> bool:
    """Tell whether a stored credential is compact text rather than a JSON document."""
    return content[:1] != b"{"


def media_type_of(content: bytes) -> str:
    """The media type of a stored credential as it is served byte for byte."""
    if not is_compact(content):
        return "application/json"
    return "application/dc+sd-jwt" if b"~" in content else "application/jwt"


def readable(content: bytes) -> dict[str, JSONValue]:
    """A stored credential as a document for people to read; nothing is verified.

    Of an SD-JWT VC the claims are brought together under `credentialSubject`, as documents have them.

    Raises:
        VcError: The bytes are none of the forms that are stored.
    """
    if not is_compact(content):
        document = parse_json(content)
        if not isinstance(document, dict):
            raise MalformedDocument("A stored document is an object.")
        return document
    text = content.decode("ascii")
    if not is_sd_jwt(text):
        return open_token(text).document
    claims = open_sd_jwt(text).claims
    subject = {name: value for name, value in claims.items() if name not in ENVELOPE_NAMES}
    envelope = {name: value for name, value in claims.items() if name in ENVELOPE_NAMES}
    return {**envelope, "credentialSubject": subject}


def verified_document(
    record: CredentialRecord, content: bytes, *, resolver: DIDResolver, canon: Canonicalizer, now: datetime
) -> dict[str, JSONValue]:
    """What a stored credential says, after its proof was checked: its document, or the claims of an SD-JWT VC.

    Raises:
        VcError: It does not hold, or is not of the form that its record names.
    """
    form = format_of(record.proof_type)
    if form is CredentialFormat.SD_JWT:
        opened = open_sd_jwt(content.decode("ascii"))
        proven = verify_with_method(
            opened.token,
            str(opened.token.header.get("kid")),
            resolver=resolver,
            accepted=JWT_ALGORITHMS,
            purpose="assertionMethod",
        )
        check_control(proven, record.issuer_did)
        return opened.claims
    if form is CredentialFormat.JWT_VC_JSON:
        token = open_token(content.decode("ascii"))
        check_control(
            verify_token(token, resolver=resolver, accepted=JWT_ALGORITHMS, purpose="assertionMethod"),
            record.issuer_did,
        )
        return token.document
    document = parse_json(content)
    if not isinstance(document, dict):
        raise MalformedDocument("The document is no object.")
    verify_proofs(
        document,
        resolver=resolver,
        canon=canon,
        purpose="assertionMethod",
        accepted_suites=frozenset(SUITES),
        now=now,
        allow_inline=record.schema_id is None,
        is_own_work=True,
    )
    return document


class StoredCredentials:
    """Reads what stored credentials say, and the keys that holders may be bound to."""

    def __init__(self, *, resolver: DIDResolver, canon: Canonicalizer, clock: Clock) -> None:
        self._resolver = resolver
        self._canon = canon
        self._clock = clock

    def claims(self, record: CredentialRecord) -> Mapping[str, JSONValue]:
        """The claims of a stored document about its one subject.

        Raises:
            CredentialErased: The document is gone.
            NotDeliverable: It differs from its digest, or its proof does not hold any more.
        """
        content = record.document
        if content is None:
            raise CredentialErased("The document is gone with its person's data.")
        if hashlib.sha256(content).hexdigest() != record.document_sha256:
            raise NotDeliverable(_UNSOUND)
        now = max(self._clock.now(), record.issued_at)
        try:
            document = verified_document(record, content, resolver=self._resolver, canon=self._canon, now=now)
        except VcError as error:
            raise NotDeliverable(_UNSOUND) from error
        subjects = subjects_of(document)
        if len(subjects) != 1:
            raise NotDeliverable("Only a credential about one subject has further forms.")
        return {name: value for name, value in subjects[0].items() if name != "id"}

    def holder_key(self, holder_did: str, form: CredentialFormat) -> PublicKey | None:
        """The key that a credential of this form is bound to, as the holder's DID lists it; None without one."""
        if form is not CredentialFormat.SD_JWT:
            return None
        try:
            document = self._resolver.resolve(holder_did).document
        except VcError:
            return None
        for address in document.relationship("authentication"):
            method = document.method(address)
            if method is not None and method.public_key.kind in _BINDABLE:
                return method.public_key
        return None
