"""Proof that somebody controls a DID: a compact JWS by one of its authentication methods."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from sealwright.domain.errors import InvalidProof
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import VcError
from sealwright.vc.keys import ed25519
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.keys.multikey import KeyKind

# The algorithm is fixed by the kind of the key that the DID document lists; the header must say the same.
ALGORITHMS: Final[Mapping[str, KeyKind]] = {
    "EdDSA": "Ed25519",
    "Ed25519": "Ed25519",
    "ES256": "P-256",
    "ES384": "P-384",
    "ES256K": "secp256k1",
}
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
    header, payload, signed, signature = read_control_jws(text)
    method = authentication_method(header, resolved)
    check_signature(text, signed, signature, method)
    return _judged(payload, audience)


def read_control_jws(text: str) -> tuple[dict[str, JSONValue], dict[str, JSONValue], bytes, bytes]:
    """Read a compact JWS by a key of a DID: header, payload, the signed bytes, and the signature. Nothing is verified.

    Raises:
        InvalidProof: Another form.
    """
    parts = text.split(".") if len(text) <= MAX_PROOF else []
    if len(parts) != 3 or not text.isascii():
        raise InvalidProof("The proof is no compact JWS.")
    try:
        header, payload = (parse_json(base64url_decode(part)) for part in parts[:2])
        signature = base64url_decode(parts[2])
    except VcError as error:
        raise InvalidProof("The proof is no compact JWS over a JSON object.") from error
    if not isinstance(header, dict) or not isinstance(payload, dict) or not header.keys() <= _HEADER_MEMBERS:
        # Keys and key addresses in a header (jwk, x5u …) would let the sender choose what we check with.
        raise InvalidProof("The proof's header or payload has another form.")
    return header, payload, f"{parts[0]}.{parts[1]}".encode("ascii"), signature


def authentication_method(header: Mapping[str, JSONValue], resolved: ResolvedDID) -> VerificationMethod:
    """The authentication method that a header names, if the DID document lists it and its algorithm fits.

    Raises:
        InvalidProof: It does not.
    """
    kid = header.get("kid")
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
    if ALGORITHMS.get(str(header.get("alg"))) != method.public_key.kind:
        raise InvalidProof("The proof's algorithm does not fit its key.")
    return method


def check_signature(text: str, signing_input: bytes, signature: bytes, method: VerificationMethod) -> None:
    """Check the signature of a compact JWS by the key that a DID document lists; raises InvalidProof."""
    key = method.public_key
    try:
        if key.kind == "Ed25519":
            ed25519.verify(key.raw, signature, signing_input)
            return
        algorithm = next(name for name, kind in ALGORITHMS.items() if kind == key.kind)
        material: dict[str, str | list[str]] = dict(public_jwk(key))
        jws.deserialize_compact(text, ECKey.import_key(material), algorithms=[algorithm])
    except (VcError, JoseError, ValueError) as error:
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
