"""How a PKCS#11 token knows the kinds of key that it can hold.

Spec: PKCS #11 3.0, "EDDSA", "Edwards EC keys", "Elliptic curve key pair generation", "ECDSA".
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sealwright.adapters.software_keys import BLS12_381_G2, X25519
from sealwright.vc.errors import UnsupportedKeyType
from sealwright.vc.keys.multikey import KeyKind, PublicKey

BESIDE: Final = frozenset({X25519, BLS12_381_G2})
"""Kinds of key that stay with the software key store."""


@dataclass(frozen=True, slots=True)
class TokenKind:
    """How a token knows one kind of key.

    Args:
        kind: The kind.
        curves: EC_PARAMS to try, the first one for keys from outside.
        key_type: Name of its `pkcs11.KeyType`.
        generation: Name of the `pkcs11.Mechanism` that makes a pair.
        signing: Name of the `pkcs11.Mechanism` that signs.
        is_hashed: Whether the token is given the SHA-256 of the data, and not the data.
    """

    kind: KeyKind
    curves: tuple[bytes, ...]
    key_type: str
    generation: str
    signing: str
    is_hashed: bool

    def public_key(self, point: bytes) -> bytes:
        """The public key as a multikey holds it, from a token's EC_POINT; raises InvalidKey for another point."""
        # The specification wants an OCTET STRING around the point; some tokens give the point alone.
        if len(point) in (34, 67) and point[0] == 4 and point[1] == len(point) - 2:
            point = point[2:]
        if self.kind == "P-256" and len(point) == 65 and point[0] == 4:
            # Tokens give both coordinates; a multikey has one, and the sign of the other.
            point = bytes([2 + point[-1] % 2]) + point[1:33]
        return PublicKey(self.kind, point).raw


_KINDS: Final = {
    # id-Ed25519 as an object identifier; tokens of the first drafts know the curve by its printable name only.
    "Ed25519": TokenKind(
        "Ed25519",
        (bytes.fromhex("06032b6570"), b"\x13\x0cedwards25519"),
        "EC_EDWARDS",
        "EC_EDWARDS_KEY_PAIR_GEN",
        "EDDSA",
        is_hashed=False,
    ),
    # secp256r1. Hashing outside is what every token takes; few have the mechanism that does both.
    "P-256": TokenKind(
        "P-256", (bytes.fromhex("06082a8648ce3d030107"),), "EC", "EC_KEY_PAIR_GEN", "ECDSA", is_hashed=True
    ),
}


def token_kind(algorithm: str) -> TokenKind:
    """The kind of this name; raises UnsupportedKeyType for those that tokens do not hold."""
    kind = _KINDS.get(algorithm)
    if kind is None:
        raise UnsupportedKeyType(f"The hardware key store makes no {algorithm} keys.")
    return kind
