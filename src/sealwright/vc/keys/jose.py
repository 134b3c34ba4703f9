"""JOSE signatures: one check for all tokens, by the kind of the key and never by what a header says.

Headers are not looked at here, so that neither members of other specifications nor their length stand in the way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from sealwright.vc.errors import InvalidKey, ProofInvalid, UnsupportedKeyType
from sealwright.vc.keys import ed25519
from sealwright.vc.keys.multikey import EC_CURVES, KeyKind, PublicKey

ALGORITHM_KINDS: Final[Mapping[str, KeyKind]] = {
    "EdDSA": "Ed25519",
    "Ed25519": "Ed25519",
    "ES256": "P-256",
    "ES384": "P-384",
    "ES256K": "secp256k1",
}
"""What can be checked. RFC 9864 prefers ``Ed25519``, most know ``EdDSA``; both are one thing here."""

SIGNING_ALGORITHMS: Final[Mapping[KeyKind, str]] = {"Ed25519": "EdDSA", "P-256": "ES256"}
"""The name under which each kind of key that is kept here signs tokens. RFC 9864 would say ``Ed25519``; most do not."""

_COORDINATE_BYTES: Final[Mapping[str, int]] = {"P-256": 32, "P-384": 48, "secp256k1": 32}
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {
    "P-256": hashes.SHA256(),
    "P-384": hashes.SHA384(),
    "secp256k1": hashes.SHA256(),
}


def verify(key: PublicKey, signature: bytes, data: bytes) -> None:
    """Check one signature with the algorithm of the key's kind.

    Args:
        key: An Ed25519, P-256, P-384 or secp256k1 key.
        signature: As JOSE writes it: for the curves of ECDSA R then S, each as long as a coordinate.
        data: What was signed, whole.

    Raises:
        ProofInvalid: The signature does not hold.
        InvalidKey: The key is malformed or weak; UnsupportedKeyType for one of another kind.

    Spec: RFC 7515, "Message Signature or MAC Validation"; RFC 7518, "Digital Signature with ECDSA"; RFC 8037; RFC 8812.
    """
    if key.kind == "Ed25519":
        ed25519.verify(key.raw, signature, data)
        return
    length = _COORDINATE_BYTES.get(key.kind)
    if length is None:
        raise UnsupportedKeyType(f"{key.kind} keys sign no tokens here.")
    if len(signature) != 2 * length:
        raise ProofInvalid("The signature has another length than its key's kind asks for.")
    r, s = (int.from_bytes(half, "big") for half in (signature[:length], signature[length:]))
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(EC_CURVES[key.kind], key.raw)
        point.verify(encode_dss_signature(r, s), data, ec.ECDSA(_HASHES[key.kind]))
    except InvalidSignature:
        raise ProofInvalid("The signature does not hold for this token and key.") from None
    except ValueError:
        raise InvalidKey(f"The {key.kind} public key is not on the curve.") from None
