"""Proof by the holder of a credential, for one redemption: a JWS by an authentication method of their DID."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.delivery_errors import HolderMismatch, HolderProofRequired
from sealwright.domain.errors import InvalidProof
from sealwright.services.did_control import authentication_method, check_signature, read_control_jws
from sealwright.services.ports import UnitOfWork
from sealwright.services.resolving import resolved_from_record
from sealwright.vc.dids.resolver import DIDResolver, ResolvedDID
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.keys.jwk import thumbprint

TYPE: Final = "holder-proof+jwt"
SPENT_KIND: Final = "holder-proof"
TOLERANCE: Final = timedelta(seconds=300)
_JTI_MAX: Final = 255


@dataclass(frozen=True, slots=True)
class PresentedProof:
    """A proof as it came, and what its holder's DID resolved to where it is not kept here."""

    text: str
    foreign: ResolvedDID | None


class HolderProofs:
    """Checks holder proofs."""

    def __init__(self, resolver: DIDResolver, public_url: str) -> None:
        self._resolver = resolver
        self._audience = public_url

    def take(self, text: str, holder_did: str, *, is_kept_here: bool) -> PresentedProof:
        """Look up what the check will need; may ask the network, so it comes before the unit of work.

        Raises:
            HolderProofRequired: The holder's DID cannot be looked up now, so nothing about it can be proved.
        """
        if is_kept_here:
            return PresentedProof(text, None)
        try:
            return PresentedProof(text, self._resolver.resolve(holder_did))
        except VcError as error:
            raise HolderProofRequired("The holder's DID could not be looked up.") from error

    def verify(self, proof: PresentedProof, *, token: str, holder_did: str, now: datetime, uow: UnitOfWork) -> str:
        """Check a proof over a token and spend it; gives the thumbprint of the key that made it (RFC 7638).

        A DID that is kept here is read within the unit of work, so that a key that was withdrawn proves nothing.

        Raises:
            HolderMismatch: It speaks for another DID.
            HolderProofRequired: It does not hold, is too old, or was used before.
        """
        try:
            opened = read_control_jws(proof.text)
        except InvalidProof as error:
            raise HolderProofRequired(error.detail) from error
        payload = opened.payload
        if payload.get("iss") != holder_did:
            raise HolderMismatch("The proof speaks for another holder.")
        if opened.header.get("typ") != TYPE:
            raise HolderProofRequired(f"The proof's type must be {TYPE}.")
        resolved = self._resolved(uow, proof, holder_did)
        try:
            method = authentication_method(opened, resolved)
            check_signature(opened, method)
        except InvalidProof as error:
            raise HolderProofRequired(error.detail) from error
        self._judge(payload, token, now)
        jti = f"{holder_did}\0{payload['jti']}"
        digest = hashlib.sha256(jti.encode("utf-8", "surrogatepass")).digest()
        if not uow.spent.spend(SPENT_KIND, digest, now + 2 * TOLERANCE):
            raise HolderProofRequired("The proof was used before.")
        return thumbprint(method.public_key)

    @staticmethod
    def _resolved(uow: UnitOfWork, proof: PresentedProof, holder_did: str) -> ResolvedDID:
        record = uow.dids.get(holder_did)
        resolved = resolved_from_record(record) if record is not None else proof.foreign
        if resolved is None or resolved.deactivated:
            raise HolderProofRequired("The holder's DID is deactivated or unknown.")
        return resolved

    def _judge(self, payload: Mapping[str, JSONValue], token: str, now: datetime) -> None:
        audience, jti, issued_at = payload.get("aud"), payload.get("jti"), payload.get("iat")
        if audience != self._audience:
            raise HolderProofRequired("The proof was made for another office.")
        if not isinstance(jti, str) or not 1 <= len(jti) <= _JTI_MAX:
            raise HolderProofRequired("The proof has no jti.")
        if not isinstance(issued_at, int) or isinstance(issued_at, bool):
            raise HolderProofRequired("The proof has no iat.")
        # In seconds: a calendar has no date for numbers as large as JSON can hold.
        if abs(int(now.timestamp()) - issued_at) > TOLERANCE.total_seconds():
            raise HolderProofRequired("The proof is too old, or from the future.")
        stated = payload.get("ath")
        if not isinstance(stated, str) or not hmac.compare_digest(stated.encode(), hash_of_token(token).encode()):
            raise HolderProofRequired("The proof was made for another token.")


def hash_of_token(token: str) -> str:
    """What `ath` says: base64url of the token's SHA-256."""
    digest = hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
    return base64url_encode(digest)
