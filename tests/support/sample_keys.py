"""A sound public key of every kind, from fixed secrets."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.vc.keys.bls12381 import public_from_private
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32, derive_x25519
from sealwright.vc.keys.multikey import EC_CURVES

ED25519 = Ed25519Signer(Secret32(bytes([7]) * 32)).public_key


def raw_key(kind: str) -> bytes:
    """A sound key of each kind, from fixed secrets."""
    if kind == "Ed25519":
        return ED25519
    if kind == "X25519":
        return derive_x25519(ED25519)
    if kind in EC_CURVES:
        return (
            ec.derive_private_key(7, EC_CURVES[kind])
            .public_key()
            .public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
        )
    return public_from_private(Secret32(bytes(31) + bytes([7])))
