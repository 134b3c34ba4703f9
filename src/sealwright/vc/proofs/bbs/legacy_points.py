"""Legacy: the points that BBS+ signatures of 2020 go with. They depend on the key and on the count of messages.

They are hashed to the curve as an early draft had it: as RFC 9380 does with BLAKE2b, but for the sign of the mapped
point. There a number counts as negative when it is the larger one of itself and its negation; RFC 9380 asks whether it
is odd. So the sign of the mapped point is decided here, and the library then maps whichever number gives it.

Spec: draft-irtf-cfrg-hash-to-curve-05, "The sgn0 function"; RFC 9380, "Simplified SWU Method", "BLS12-381 G1".
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import gmpy2
from py_arkworks_bls12381 import G1Point

from sealwright.vc.keys.bls12381 import public_point
from sealwright.vc.proofs.bbs.curve import FIELD, FIELD_BYTES, WIDE_FIELD_BYTES
from sealwright.vc.proofs.bbs.expanding import expand_blake2b

_TAG: Final = b"BLS12381G1_XMD:BLAKE2B_SSWU_RO_BBS+_SIGNATURES:1_0_0"
_NUMBER: Final = 4
_P: Final = gmpy2.mpz(FIELD)
_HALF: Final = (FIELD - 1) // 2
# The curve y² = x³ + A·x + B that numbers are mapped to, from which an isogeny leads to BLS12-381; and Z, no square.
_A: Final = gmpy2.mpz(
    "144698a3b8e9433d693a02c96d4982b0ea985383ee66a8d8e8981aefd881ac98936f8da0e0f97f5cf428082d584c1d", 16
)
_B: Final = gmpy2.mpz(
    "12e2908d11688030018b12e8753eee3b2016c1f0f24f4070a0b9c14fcef35ef55a23215a316ceaa5d1cc48e98e172be0", 16
)
_Z: Final = gmpy2.mpz(11)


@dataclass(frozen=True, slots=True)
class LegacyGenerators:
    """The blinding point, then one for each message.

    Args:
        points: The points.
        forms: Their uncompressed bytes, 96 each.
    """

    points: tuple[G1Point, ...]
    forms: tuple[bytes, ...]


# A key issues credentials of few lengths. At 1,024 messages one entry holds about half a megabyte.
@lru_cache(maxsize=64)
def legacy_generators(public_key: bytes, count: int) -> LegacyGenerators:
    """The points for a key of 96 bytes and a count of messages; raises InvalidKey."""
    # The library writes the real part of a coordinate first, the scheme the imaginary one (as compressed points do).
    plain = bytes(public_point(public_key).to_xy_bytes_be())
    key = b"".join(plain[at : at + FIELD_BYTES] for at in (48, 0, 144, 96))
    ending = b"\0" + count.to_bytes(_NUMBER, "big")
    points = tuple(_hashed(key + b"\0" + number.to_bytes(_NUMBER, "big") + ending) for number in range(count + 1))
    return LegacyGenerators(points, tuple(bytes(point.to_xy_bytes_be()) for point in points))


def _hashed(message: bytes) -> G1Point:
    wide = expand_blake2b(message, _TAG, 2 * WIDE_FIELD_BYTES)
    first, second = wide[:WIDE_FIELD_BYTES], wide[WIDE_FIELD_BYTES:]
    return _mapped(int.from_bytes(first, "big") % FIELD) + _mapped(int.from_bytes(second, "big") % FIELD)


def _mapped(number: int) -> G1Point:
    y = _mapped_y(number)
    if (y > _HALF) != (number > _HALF):
        y = FIELD - y
    # The library gives y the parity of what it maps, and a number and its negation the same x.
    if y % 2 != number % 2:
        number = FIELD - number
    return G1Point.map_from_fp_be(number.to_bytes(FIELD_BYTES, "big"))


def _mapped_y(number: int) -> int:
    """One of the two y that the map gives on the isogenous curve. Spec: RFC 9380, "Simplified SWU Method"."""
    square = _Z * number * number % _P
    divisor = (square * square + square) % _P
    if divisor:
        x = -_B * (1 + gmpy2.invert(divisor, _P)) * gmpy2.invert(_A, _P) % _P
    else:
        x = _B * gmpy2.invert(_Z * _A, _P) % _P
    y, is_on_curve = _root(x)
    # For one of the two there is a root, and never for both.
    return int(y if is_on_curve else _root(square * x % _P)[0])


def _root(x: gmpy2.mpz) -> tuple[gmpy2.mpz, bool]:
    wanted = (x * x * x + _A * x + _B) % _P
    root = gmpy2.powmod(wanted, (_P + 1) // 4, _P)
    return root, root * root % _P == wanted
