"""Proof that somebody controls a DID: a compact JWS by one of its authentication methods."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from typing import Final

from sealwright.domain.errors import InvalidProof
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import VcError
from sealwright.vc.keys import jose
from sealwright.vc.proofs.compact import CompactToken, open_compact

MAX_PROOF: Final = 8_192
_HEADER_MEMBERS: Final = frozenset({"alg", "kid", "typ", "cty"})
_PURPOSE: Final = "authentication"


@dataclass(frozen=True, slots=True)
class ControlProof:
    """A proof that holds: the challenge it is over, in its canonical form, and the DID that the challenge names."""

    payload: bytes
    subject: str


def check_control_proof(text: str, resolved: ResolvedDID, *, audience: str) -> ControlProof:
    """Check a JWS over a challenge of ours.

    The payload is the challenge to the byte, or the same JSON object written by another program.

    Args:
        resolved: The DID whose control is to be proved.
        audience: What `aud` must say.

    Raises:
        InvalidProof: Form, algorithm, key, signature or audience do not hold.

    Spec: RFC 7515, "Message Signature or MAC Validation".
    """
    opened = read_control_jws(text)
    check_signature(opened, authentication_method(opened, resolved))
    return _judged(opened.payload, audience)


def read_control_jws(text: str) -> CompactToken:
    """Take a compact JWS by a key of a DID apart. Nothing is verified.

    Raises:
        InvalidProof: Another form.
    """
    try:
        opened = open_compact(text, max_length=MAX_PROOF)
    except VcError as error:
        raise InvalidProof("The proof is no compact JWS over a JSON object.") from error
    if not opened.header.keys() <= _HEADER_MEMBERS:
        # Keys and key addresses in a header (jwk, x5u …) would let the sender choose what we check with.
        raise InvalidProof("The proof's header has another form.")
    return opened


def authentication_method(opened: CompactToken, resolved: ResolvedDID) -> VerificationMethod:
    """The authentication method that a header names, if the DID document lists it and its algorithm fits.

    Raises:
        InvalidProof: It does not.
    """
    kid = opened.header.get("kid")
    listed = resolved.document.relationship(_PURPOSE)
    did = resolved.document.id
    if not isinstance(kid, str):
        raise InvalidProof("The proof names no key.")
    address = kid if kid.startswith("did:") else f"{did}#{kid.removeprefix('#')}"
    method = resolved.document.method(address)
    if method is None or address not in listed or address in resolved.compromised_methods:
        raise InvalidProof("The DID document lists no such authentication method.")
    if method.controller != did:
        raise InvalidProof("The method is controlled by another DID.")
    # The algorithm is fixed by the kind of the key that the DID document lists; the header must say the same.
    if jose.ALGORITHM_KINDS.get(str(opened.header.get("alg"))) != method.public_key.kind:
        raise InvalidProof("The proof's algorithm does not fit its key.")
    return method


def check_signature(opened: CompactToken, method: VerificationMethod) -> None:
    """Check the signature of a compact JWS by the key that a DID document lists; raises InvalidProof."""
    try:
        jose.verify(method.public_key, opened.signature, opened.signing_input)
    except VcError as error:
        raise InvalidProof("The proof's signature does not hold.") from error


def _judged(payload: dict[str, JSONValue], audience: str) -> ControlProof:
    stated, subject = payload.get("aud"), payload.get("sub")
    if not isinstance(stated, str) or not hmac.compare_digest(stated.encode(), audience.encode()):
        raise InvalidProof("The proof was made for another office.")
    if not isinstance(subject, str):
        raise InvalidProof("The proof names no DID.")
    try:
        return ControlProof(canonicalize_json(payload), subject)
    except VcError as error:
        raise InvalidProof("The proof's payload is not the challenge.") from error
