"""Stored credentials taken at their word only after their proof was checked again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delivery_errors import NotDeliverable
from sealwright.domain.errors import CredentialErased
from sealwright.domain.formats import CredentialFormat
from sealwright.services.ports import Clock
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import VcError
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.registry import SUITES
from sealwright.vc.proofs.verifying import verify_proofs
from sealwright.vc.verification.checks import subjects_of

_UNSOUND = "The stored credential does not verify, so nothing is made from it."
_BINDABLE = frozenset({"Ed25519", "P-256"})


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
            NotDeliverable: It differs from its digest, its proof does not hold any more, or it is of another form.
        """
        content = record.document
        if content is None:
            raise CredentialErased("The document is gone with its person's data.")
        if hashlib.sha256(content).hexdigest() != record.document_sha256:
            raise NotDeliverable(_UNSOUND)
        try:
            document = parse_json(content)
            if not isinstance(document, dict):
                raise NotDeliverable(_UNSOUND)
            verify_proofs(
                document,
                resolver=self._resolver,
                canon=self._canon,
                purpose="assertionMethod",
                accepted_suites=frozenset(SUITES),
                now=max(self._clock.now(), record.issued_at),
            )
        except VcError as error:
            raise NotDeliverable(_UNSOUND) from error
        (subject,) = subjects_of(document)
        return {name: value for name, value in subject.items() if name != "id"}

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
