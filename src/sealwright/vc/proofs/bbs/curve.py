"""Points and scalars of BLS12-381: read strictly, drawn freshly, added many at once.

The library's arithmetic is fast and not constant-time. Whoever multiplies by a secret masks it first, with a random
factor that is used once; decision record 0025 says what that buys and what it does not.

Spec: RFC 9380, "BLS12-381"; The BBS Signature Scheme, "Serialization".
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from typing import Final

from py_arkworks_bls12381 import GT, G1Point, G2Point, Scalar

from sealwright.vc.errors import ProofInvalid
from sealwright.vc.proofs.bbs.expanding import Expand

POINT_BYTES: Final = 48
SCALAR_BYTES: Final = 32
# Both a field element (RFC 9380: 64 bytes) and a scalar (BBS: 48) are drawn from more bytes than they have.
_WIDE_SCALAR: Final = 48
WIDE_FIELD_BYTES: Final = 64
FIELD_BYTES: Final = 48
FIELD: Final = int(
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab", 16
)
_BASE_2: Final = G2Point()
_NO_POINT: Final = G1Point.identity()

# A number of 16 bytes cannot be guessed, and multiplying by it costs half as much as by a whole scalar.
_FACTOR_BYTES: Final = 16
# A row holds a point and its multiples by 2^64, 2^128 and 2^192, so that a scalar is added up in four short parts.
_PART_BYTES: Final = 8
_STEP: Final = Scalar(1 << (8 * _PART_BYTES))
_PADDING: Final = bytes(SCALAR_BYTES - _PART_BYTES)

# Gives that many random scalars; tests give the published ones.
Randoms = Callable[[int], Sequence[Scalar]]
Row = tuple[G1Point, G1Point, G1Point, G1Point]


def read_point(data: bytes) -> G1Point:
    """Read a compressed point of the first group.

    Raises:
        ProofInvalid: Not 48 bytes, not on the curve, not in the subgroup, the identity, or not in canonical form.
    """
    try:
        point = G1Point.from_compressed_bytes(data)
    except ValueError:
        raise ProofInvalid("The proof holds bytes that are no point of the curve's group.") from None
    # The identity would stand for any signature at all; a second encoding would be a second proof of one statement.
    if point == _NO_POINT or bytes(point.to_compressed_bytes()) != data:
        raise ProofInvalid("The proof holds the identity, or a point in a form that is not canonical.")
    return point


def read_scalar(data: bytes) -> Scalar:
    """Read a scalar of 32 bytes; raises ProofInvalid for 0 and for whatever is not below the order."""
    try:
        scalar = Scalar.from_be_bytes(data)
    except ValueError:
        raise ProofInvalid("The proof holds a number that is not below the order of the group.") from None
    if scalar.is_zero():
        raise ProofInvalid("The proof holds a number that is zero.")
    return scalar


def read_scalars(data: bytes) -> list[Scalar]:
    """Read scalars of 32 bytes each; raises ProofInvalid, also for bytes that are left over."""
    if len(data) % SCALAR_BYTES:
        raise ProofInvalid("The proof is cut off, or bytes are left behind it.")
    return [read_scalar(data[at : at + SCALAR_BYTES]) for at in range(0, len(data), SCALAR_BYTES)]


def joined_points(points: Iterable[G1Point]) -> bytes:
    """The compressed points, 48 bytes each, one behind the other."""
    return b"".join(bytes(point.to_compressed_bytes()) for point in points)


def joined_scalars(scalars: Iterable[Scalar]) -> bytes:
    """The scalars, 32 bytes each, most significant first, one behind the other."""
    return b"".join(bytes(scalar.to_be_bytes()) for scalar in scalars)


def random_scalars(count: int) -> list[Scalar]:
    """That many scalars from the operating system's randomness, none of them zero."""
    drawn: list[Scalar] = []
    while len(drawn) < count:
        scalar = Scalar.from_be_bytes_mod_order(secrets.token_bytes(_WIDE_SCALAR))
        if not scalar.is_zero():
            drawn.append(scalar)
    return drawn


def wide_scalar(data: bytes) -> Scalar:
    """The scalar of many bytes, most significant first, reduced by the order."""
    return Scalar.from_be_bytes_mod_order(data)


def sum_of_products(points: Sequence[G1Point], scalars: Sequence[Scalar]) -> G1Point:
    """Each point times its scalar, added up; takes a time that depends on the scalars."""
    # The library takes the shorter of two lists for the whole sum, which would leave points out in silence.
    if len(points) != len(scalars):
        raise ProofInvalid("The proof has another count of numbers than of messages.")
    return G1Point.multiexp_unchecked(list(points), list(scalars))


def row_of(point: G1Point) -> Row:
    """The row of a point that is used again and again."""
    second = _plain(point * _STEP)
    third = _plain(second * _STEP)
    return point, second, third, _plain(third * _STEP)


def _plain(point: G1Point) -> G1Point:
    # Sums convert what has a divisor on each use; coordinates that were written out have none.
    return G1Point.from_xy_bytes_unchecked_be(point.to_xy_bytes_be())


def sum_over(
    rows: Sequence[Row], scalars: Sequence[Scalar], points: Sequence[G1Point] = (), factors: Sequence[Scalar] = ()
) -> G1Point:
    """As `sum_of_products`, for points that have rows, and then for points that have none; a fifth faster."""
    if len(rows) != len(scalars):
        raise ProofInvalid("The proof has another count of numbers than of messages.")
    read, parts = Scalar.from_le_bytes, []
    for scalar in scalars:
        data = bytes(scalar.to_le_bytes())
        parts += [read(data[at : at + _PART_BYTES] + _PADDING) for at in range(0, SCALAR_BYTES, _PART_BYTES)]
    return sum_of_products([*(point for row in rows for point in row), *points], [*parts, *factors])


def masked_inverse(secret: Scalar, addend: Scalar) -> tuple[Scalar, Scalar]:
    """1/(secret + addend) behind a random factor that is used once: the masked inverse, and the factor.

    Neither inverting nor multiplying points takes a constant time. Inverting sees the sum times the factor; who then
    multiplies by the masked inverse, and at last by the factor, never multiplies by anything that the secret decides.
    """
    factor = Scalar.from_be_bytes_mod_order(secrets.token_bytes(_FACTOR_BYTES))
    while factor.is_zero():
        factor = Scalar.from_be_bytes_mod_order(secrets.token_bytes(_FACTOR_BYTES))
    return ((secret + addend) * factor).inverse(), factor


def is_signed_by(key: G2Point, signed: G1Point, unsigned: G1Point) -> bool:
    """Whether `unsigned` is `signed` times the secret of `key`: e(signed, key) = e(unsigned, base)."""
    return GT.pairing_check([signed, -unsigned], [key, _BASE_2])


def hash_to_curve(expand: Expand, message: bytes, tag: bytes) -> G1Point:
    """A point of the first group whose logarithm nobody knows. Spec: RFC 9380, "hash_to_curve"."""
    wide = expand(message, tag, 2 * WIDE_FIELD_BYTES)
    first, second = (
        (int.from_bytes(part, "big") % FIELD).to_bytes(FIELD_BYTES, "big")
        for part in (wide[:WIDE_FIELD_BYTES], wide[WIDE_FIELD_BYTES:])
    )
    # Each is mapped into the group itself; that is a homomorphism, so clearing before adding gives the same point.
    return G1Point.map_from_fp_be(first) + G1Point.map_from_fp_be(second)


def checked_indexes(indexes: Sequence[int], count: int) -> tuple[int, ...]:
    """Indexes that rise strictly and lie below `count`; raises ProofInvalid for others."""
    if any(not 0 <= index < count for index in indexes):
        raise ProofInvalid("A disclosed index lies beyond the signed messages.")
    if any(left >= right for left, right in pairwise(indexes)):
        raise ProofInvalid("The disclosed indexes must rise, each once.")
    return tuple(indexes)
