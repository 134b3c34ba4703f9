"""Holders without end, who need no registration."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from sealwright.vc.dids.methods import did_key
from sealwright.vc.keys.multikey import PublicKey


def holder_did(number: int) -> str:
    """The DID of a holder whose key follows from a number above 0."""
    key = Ed25519PrivateKey.from_private_bytes(number.to_bytes(32, "big"))
    return did_key(PublicKey("Ed25519", key.public_key().public_bytes_raw()))
