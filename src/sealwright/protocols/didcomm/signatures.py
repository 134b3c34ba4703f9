"""The signed envelope: a JWS over a plain message, by an authentication method of its sender.

Spec: DIDComm Messaging v2.1, "Message Signing"; RFC 7515, "JWS JSON Serialization".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.dids.verification_method import VerificationMethod
from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import VcError
from sealwright.vc.keys import jose
from sealwright.vc.keys.multikey import KeyKind

SIGNED_TYPE: Final = "application/didcomm-signed+json"
_KINDS: Final[Mapping[str, KeyKind]] = {"EdDSA": "Ed25519", "ES256": "P-256", "ES256K": "secp256k1"}
_TYPES: Final = (SIGNED_TYPE, "JWM")
_MAX_HEADER: Final = 16 * 1024


def read_signer(source: Mapping[str, JSONValue]) -> str:
    """The key id that a signed envelope names.

    Raises:
        MessageRefused: No one signature, or one without a key id.
    """
    unprotected = _signature(source).get("header")
    kid = unprotected.get("kid") if isinstance(unprotected, dict) else _protected(source).get("kid")
    if not isinstance(kid, str) or len(kid) > _MAX_HEADER:
        raise MessageRefused("The signature names no key.")
    return kid


def open_signed(source: Mapping[str, JSONValue], signer: ResolvedDID) -> bytes:
    """Check the signature and give what was signed.

    Args:
        signer: The DID of the key that `read_signer` gave.

    Raises:
        MessageRefused: The key is no authentication method of the DID, or the signature does not hold.
    """
    kid, protected = read_signer(source), _protected(source)
    method = signer.document.method(kid)
    listed = signer.document.relationship("authentication")
    is_out = signer.deactivated or kid in signer.compromised_methods
    if method is None or kid not in listed or is_out or method.controller != signer.document.id:
        raise MessageRefused("The signature's key is no authentication method of its DID.")
    algorithm = protected.get("alg")
    if not isinstance(algorithm, str) or _KINDS.get(algorithm) != method.public_key.kind:
        raise MessageRefused("The signature's algorithm does not fit its key.")
    if protected.get("typ", SIGNED_TYPE) not in _TYPES or protected.keys() & {"crit", "b64"}:
        raise MessageRefused("The signed envelope is of another type.")
    return _verified(source, method)


def _verified(source: Mapping[str, JSONValue], method: VerificationMethod) -> bytes:
    signature = _signature(source)
    header, payload = _text(signature, "protected"), _text(source, "payload")
    try:
        stated = base64url_decode(_text(signature, "signature"))
        jose.verify(method.public_key, stated, f"{header}.{payload}".encode("ascii"))
        return base64url_decode(payload)
    except VcError as error:
        raise MessageRefused("The signature does not hold.") from error


def _signature(source: Mapping[str, JSONValue]) -> Mapping[str, JSONValue]:
    """The one signature, from the general or the flattened form."""
    if "signatures" not in source:
        return source
    signatures = source["signatures"]
    if "signature" in source or not isinstance(signatures, list) or len(signatures) != 1:
        raise MessageRefused("A signed envelope has one signature.")
    (entry,) = signatures
    if not isinstance(entry, dict):
        raise MessageRefused("The signature is no object.")
    return entry


def _protected(source: Mapping[str, JSONValue]) -> Mapping[str, JSONValue]:
    try:
        protected = parse_json(base64url_decode(_text(_signature(source), "protected")))
    except VcError as error:
        raise MessageRefused("The signature's header is no JSON.") from error
    if not isinstance(protected, dict):
        raise MessageRefused("The signature's header is no JSON object.")
    return protected


def _text(source: Mapping[str, JSONValue], member: str) -> str:
    value = source.get(member)
    if not isinstance(value, str) or not value.isascii():
        raise MessageRefused(f"The signed envelope lacks {member}.")
    return value
