"""BLS12-381 keys for BBS: a secret scalar, and a public point of the second group.

Spec: The BBS Signature Scheme (draft-irtf-cfrg-bbs-signatures), "Key Generation Operations"; RFC 9380, "BLS12-381".
"""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Final

from py_arkworks_bls12381 import G2Point, Scalar

from sealwright.vc.errors import InvalidKey, InvalidPublicKeyLength
from sealwright.vc.keys.ed25519 import Secret32

PUBLIC_KEY_BYTES: Final = 96
SECRET_KEY_BYTES: Final = 32
# Sixteen bytes more than the order has, so that reducing them leaves no bias that could be measured.
_WIDE_BYTES: Final = 48
_COMPRESSED: Final = 0x80
_INFINITY: Final = 0x40
# The generator of the second group; what the library makes when it is given nothing.
_BASE: Final = G2Point()


def generate_private_key() -> Secret32:
    """A new secret scalar, neither 0 nor beyond the order, from the operating system's randomness."""
    while True:
        scalar = Scalar.from_be_bytes_mod_order(os.urandom(_WIDE_BYTES))
        if not scalar.is_zero():
            return Secret32(bytes(scalar.to_be_bytes()))


def secret_scalar(secret: Secret32) -> Scalar:
    """The scalar of a secret key; raises InvalidKey for 0 and for whatever is not below the order of the group."""
    try:
        scalar = Scalar.from_be_bytes(secret.reveal())
    except ValueError:
        raise InvalidKey("A BLS12-381 private key must be below the order of the group.") from None
    if scalar.is_zero():
        raise InvalidKey("A BLS12-381 private key must not be zero.")
    return scalar


def public_from_private(secret: Secret32) -> bytes:
    """The 96-byte public key of a secret scalar; raises InvalidKey for one that is 0 or not below the order.

    The scalar is split by a fresh random factor, because the multiplication takes a time that depends on it.

    Spec: The BBS Signature Scheme, "Public Key".
    """
    scalar = secret_scalar(secret)
    mask = secret_scalar(generate_private_key())
    return bytes((_BASE * mask + _BASE * (scalar - mask)).to_compressed_bytes())


def check_public_key(raw: bytes) -> None:
    """Refuse whatever is not the compressed form of a point of the prime-order group other than its identity.

    Under the identity anyone can sign; a point outside the subgroup breaks what the pairing promises.

    Args:
        raw: 96 bytes.

    Raises:
        InvalidPublicKeyLength: Not 96 bytes.
        InvalidKey: Not compressed, not on the curve, not in the subgroup, the identity, or not in canonical form.

    Spec: The BBS Signature Scheme, "Public Key Validation" (octets_to_pubkey).
    """
    public_point(raw)


def public_point(raw: bytes) -> G2Point:
    """The point of a public key; raises as `check_public_key` does."""
    if len(raw) != PUBLIC_KEY_BYTES:
        raise InvalidPublicKeyLength(f"A BLS12-381-G2 public key has {PUBLIC_KEY_BYTES} bytes, not {len(raw)}.")
    point = _point(bytes(raw))
    if point is None:
        raise InvalidKey("The BLS12-381 G2 public key is not a compressed point of full order on the curve.")
    return point


# Decoding takes a square root and a check of the subgroup, as much as a tenth of a signature check, and the same few
# keys come again and again. What bytes mean never changes; the bound keeps strangers from filling memory.
@lru_cache(maxsize=4096)
def _point(raw: bytes) -> G2Point | None:
    if not raw[0] & _COMPRESSED or raw[0] & _INFINITY:
        return None
    try:
        point = G2Point.from_compressed_bytes(raw)
    except ValueError:
        return None
    # One point, one text: a second encoding would be a second identity of the same key.
    is_sound = point != G2Point.identity() and bytes(point.to_compressed_bytes()) == raw
    return point if is_sound else None
