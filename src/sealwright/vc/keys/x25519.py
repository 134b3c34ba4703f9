"""X25519: what two keys have in common, and the X25519 form of an Ed25519 key. All through libsodium.

Spec: RFC 7748, "The X25519 and X448 Functions".
"""

from __future__ import annotations

from nacl.bindings import (
    crypto_scalarmult,
    crypto_scalarmult_base,
    crypto_sign_ed25519_sk_to_curve25519,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import RuntimeError as SodiumError

from sealwright.vc.errors import InvalidKey, InvalidPublicKeyLength
from sealwright.vc.keys.ed25519 import PUBLIC_KEY_BYTES, Secret32


def public_from_private(secret: Secret32) -> bytes:
    """The 32-byte public key of a private one."""
    public_key: bytes = crypto_scalarmult_base(secret.reveal())
    return public_key


def private_of_ed25519(seed: Secret32) -> Secret32:
    """The X25519 private key whose public key `ed25519.derive_x25519` gives for the same Ed25519 key."""
    _, expanded = crypto_sign_seed_keypair(seed.reveal())
    return Secret32(crypto_sign_ed25519_sk_to_curve25519(expanded))


def agree(secret: Secret32, public_key: bytes) -> bytes:
    """The 32 bytes that a private key and another party's public key have in common; never all zero.

    Raises:
        InvalidPublicKeyLength: Not 32 bytes.
        InvalidKey: A public key of small order, with which everybody has the same in common.

    Spec: RFC 7748, "Security Considerations".
    """
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise InvalidPublicKeyLength(f"An X25519 public key has 32 bytes, not {len(public_key)}.")
    try:
        shared: bytes = crypto_scalarmult(secret.reveal(), public_key)
    except SodiumError:
        raise InvalidKey("The X25519 public key is of small order.") from None
    return shared
