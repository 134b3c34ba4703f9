"""Making private keys of every kind that signs, and signing with them: bytes in, bytes out.

Whoever signs is given 32 secret bytes, the name of their kind and the data. It needs no document, no database and no
key of anybody else, and so may sit in a process of its own.
"""

from __future__ import annotations

from typing import Final, Protocol

from sealwright.vc.errors import UnsupportedKeyType
from sealwright.vc.keys import ed25519, p256, x25519
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import KeyKind

SIGNING_KINDS: Final[tuple[KeyKind, ...]] = ("Ed25519", "P-256", "BLS12-381-G2")
"""Kinds of key that sign here."""


class PrivateSigner(Protocol):
    """Signs with one private key."""

    @property
    def public_key(self) -> bytes:
        """The public key's bytes, as `PublicKey.raw` has them."""
        ...

    def sign(self, data: bytes) -> bytes:
        """The signature over `data`.

        Ed25519 and P-256 sign any bytes and give 64. A BLS key signs a request in the form of `proofs.bbs.requests`,
        raises InvalidEncoding for anything else, and gives 80 bytes (IETF draft) or 112 (legacy scheme).
        """
        ...


def signer_for(kind: KeyKind, secret: Secret32) -> PrivateSigner:
    """What signs with a private key.

    Raises:
        UnsupportedKeyType: A kind of key that does not sign here.
        InvalidKey: The secret is no private key of this kind.
    """
    if kind == "Ed25519":
        return ed25519.Ed25519Signer(secret)
    if kind == "P-256":
        return p256.P256Signer(secret)
    if kind == "BLS12-381-G2":
        # Pairings are costly to load, and most processes never sign with such a key.
        from sealwright.vc.proofs.bbs.signer import BlsSigner

        return BlsSigner(secret)
    raise UnsupportedKeyType(f"{kind} keys do not sign here; those that do: {', '.join(SIGNING_KINDS)}.")


def new_secret(kind: KeyKind) -> Secret32:
    """A new private key, X25519 too, which only agrees; raises UnsupportedKeyType for other kinds."""
    if kind in ("Ed25519", "X25519"):
        return ed25519.generate_private_key()
    if kind == "P-256":
        return p256.generate_private_key()
    if kind == "BLS12-381-G2":
        from sealwright.vc.keys import bls12381

        return bls12381.generate_private_key()
    raise UnsupportedKeyType(f"No {kind} keys are made here.")


def public_of(kind: KeyKind, secret: Secret32) -> bytes:
    """The public key's bytes, as `PublicKey.raw` has them.

    Raises:
        UnsupportedKeyType: Another kind than those that `new_secret` makes.
        InvalidKey: The secret is no private key of this kind.
    """
    if kind == "Ed25519":
        return ed25519.public_from_private(secret)
    if kind == "X25519":
        return x25519.public_from_private(secret)
    if kind == "P-256":
        return p256.public_from_private(secret)
    if kind == "BLS12-381-G2":
        from sealwright.vc.keys import bls12381

        return bls12381.public_from_private(secret)
    raise UnsupportedKeyType(f"No {kind} keys are made here.")
