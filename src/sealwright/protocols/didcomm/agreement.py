"""Key agreement: a key of ours that agrees, wherever it is kept, and the one made for a single message."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Final, Protocol

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.vc.errors import InvalidKey
from sealwright.vc.keys import x25519
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import EC_CURVES, KeyKind, PublicKey

# secp256k1 signs; no envelope agrees on it.
AGREEMENT_KINDS: Final[tuple[KeyKind, ...]] = ("X25519", "P-384", "P-256", "P-521")


class OwnKey(Protocol):
    """A private key of ours for agreement; the bytes themselves may be anywhere."""

    @property
    def kid(self) -> str:
        """The DID URL of its verification method."""

    @property
    def public_key(self) -> PublicKey: ...
    def agree(self, other: PublicKey) -> bytes:
        """What both have in common; raises MessageRefused for a key of another kind or of small order."""


@dataclass(frozen=True, slots=True)
class LocalKey:
    """A private key in memory, as made for one message.

    Args:
        private: A `Secret32` for X25519, else the curve's private key.
    """

    kid: str
    public_key: PublicKey
    private: Secret32 | ec.EllipticCurvePrivateKey = field(repr=False)

    def agree(self, other: PublicKey) -> bytes:
        """What both keys have in common."""
        if other.kind != self.public_key.kind:
            raise MessageRefused("The keys are of different kinds.")
        if isinstance(self.private, Secret32):
            try:
                return x25519.agree(self.private, other.raw)
            except InvalidKey as error:
                raise MessageRefused("The other key is of small order.") from error
        point = ec.EllipticCurvePublicKey.from_encoded_point(EC_CURVES[other.kind], other.raw)
        return self.private.exchange(ec.ECDH(), point)


def x25519_key(kid: str, private: Secret32) -> LocalKey:
    """An X25519 key from its 32 private bytes."""
    return LocalKey(kid, PublicKey("X25519", x25519.public_from_private(private)), private)


def curve_key(kid: str, kind: KeyKind, private: ec.EllipticCurvePrivateKey) -> LocalKey:
    """A key on one of the NIST curves."""
    raw = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return LocalKey(kid, PublicKey(kind, raw), private)


def generate_key(kind: KeyKind, kid: str = "") -> LocalKey:
    """A new key of a kind, from the operating system's randomness."""
    if kind == "X25519":
        return x25519_key(kid, Secret32(os.urandom(32)))
    return curve_key(kid, kind, ec.generate_private_key(EC_CURVES[kind]))
