"""Points and scalars: drawn as others draw them, added up as others add them, read strictly."""

from __future__ import annotations

import pytest
from py_arkworks_bls12381 import G1Point, Scalar

from sealwright.vc.errors import ProofInvalid
from sealwright.vc.proofs.bbs.curve import (
    checked_indexes,
    hash_to_curve,
    masked_inverse,
    random_scalars,
    read_point,
    read_scalar,
    read_scalars,
    row_of,
    sum_of_products,
    sum_over,
)
from sealwright.vc.proofs.bbs.expanding import expand_blake2b, expand_sha256, expand_shake256
from sealwright.vc.proofs.bbs.interface import SHA_256, SHAKE_256, plain_interface
from tests.support.curve_points import FIELD, ORDER, outside_the_subgroup_g1

ONE = G1Point()


def test_bytes_are_stretched_as_the_rfc_has_it() -> None:
    # RFC 9380, appendices K.1 and K.6: the empty message, 32 bytes.
    sha = b"QUUX-V01-CS02-with-expander-SHA256-128"
    assert expand_sha256(b"", sha, 32).hex() == "68a985b87eb6b46952128911f2a4412bbc302a9d759667f87f7a21d803f07235"
    for expand in (expand_sha256, expand_blake2b, expand_shake256):
        assert len(expand(b"m", b"tag", 200)) == 200
        assert expand(b"m", b"tag", 200)[:100] != expand(b"m", b"tag", 100)
        assert expand(b"m", b"tag", 48) != expand(b"m", b"gat", 48)


@pytest.mark.parametrize("message", [b"", b"abc", bytes(300)], ids=len)
def test_points_are_hashed_as_the_library_hashes_them(message: bytes) -> None:
    for tag in (b"one tag", b"another"):
        assert hash_to_curve(expand_sha256, message, tag) == G1Point.hash_to_curve(message, tag)
    assert hash_to_curve(expand_shake256, message, b"one tag").is_in_subgroup()


def test_the_points_of_two_interfaces_have_nothing_in_common() -> None:
    first, second = (plain_interface(suite).generators(20) for suite in (SHA_256, SHAKE_256))
    forms = [first.joined[at : at + 48] for at in range(0, 960, 48)]
    forms += [second.joined[at : at + 48] for at in range(0, 960, 48)]
    assert len(set(forms)) == 40
    assert plain_interface(SHA_256).generators(5).points == first.points[:5]


@pytest.mark.parametrize("count", [0, 1, 2, 7, 33])
def test_sums_over_rows_are_those_of_the_points(count: int) -> None:
    points = [ONE * scalar for scalar in random_scalars(count + 2)]
    edges = [Scalar(0), Scalar(1), Scalar(ORDER - 1), Scalar(1 << 64), Scalar((1 << 192) - 1)]
    scalars = [*edges, *random_scalars(count + 2)][: count + 2]
    expected = G1Point.identity()
    for point, scalar in zip(points, scalars, strict=True):
        expected = expected + point * scalar
    assert sum_of_products(points, scalars) == expected
    rows = [row_of(point) for point in points[:count]]
    assert sum_over(rows, scalars[:count], points[count:], scalars[count:]) == expected


def test_sums_of_unlike_lengths_are_refused() -> None:
    with pytest.raises(ProofInvalid):
        sum_of_products([ONE, ONE], [Scalar(1)])
    with pytest.raises(ProofInvalid):
        sum_over([row_of(ONE)], [Scalar(1), Scalar(2)])
    with pytest.raises(ProofInvalid):
        sum_over([row_of(ONE)], [Scalar(1)], [ONE], [])


def test_an_inverse_behind_a_mask_is_another_each_time_and_comes_out_right() -> None:
    secret, addend = random_scalars(2)
    seen = set()
    for _ in range(20):
        inverse, factor = masked_inverse(secret, addend)
        assert inverse * factor * (secret + addend) == Scalar(1)
        assert 0 < int(factor) < 1 << 128
        seen.add((int(inverse), int(factor)))
    assert len({inverse for inverse, _ in seen}) == len({factor for _, factor in seen}) == 20


def _with_x_beyond_the_field() -> bytes:
    for number in range(1, 1_000):
        form = bytes((ONE * Scalar(number)).to_compressed_bytes())
        beyond = (int.from_bytes(form, "big") & (1 << 381) - 1) + FIELD
        if beyond < 1 << 381:
            return (beyond | (form[0] & 0xE0) << 376).to_bytes(48, "big")
    raise AssertionError("no small point was found")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(bytes(ONE.to_compressed_bytes())[:-1], id="cut off"),
        pytest.param(bytes(ONE.to_compressed_bytes()) + b"\0", id="a byte behind"),
        pytest.param(bytes(ONE.to_xy_bytes_be()), id="uncompressed"),
        pytest.param(b"\xc0" + bytes(47), id="the identity"),
        pytest.param(b"\xe0" + bytes(47), id="the identity with a sign"),
        pytest.param(b"\xc0" + bytes(46) + b"\1", id="an identity that is none"),
        pytest.param(bytes([bytes(ONE.to_compressed_bytes())[0] & 0x7F]) + bytes(47), id="without the flag"),
        pytest.param(outside_the_subgroup_g1(), id="outside the subgroup"),
        pytest.param(_with_x_beyond_the_field(), id="a second encoding"),
        pytest.param(b"\x9f" + b"\xff" * 47, id="beyond the field"),
    ],
)
def test_points_that_nobody_may_send_are_refused(raw: bytes) -> None:
    with pytest.raises(ProofInvalid):
        read_point(raw)


def test_scalars_are_read_strictly() -> None:
    assert int(read_scalar((ORDER - 1).to_bytes(32, "big"))) == ORDER - 1
    assert [int(scalar) for scalar in read_scalars(bytes(31) + b"\1" + bytes(31) + b"\2")] == [1, 2]
    for raw in (bytes(32), ORDER.to_bytes(32, "big"), b"\xff" * 32, b"\1" * 31, b"\1" * 33):
        with pytest.raises(ProofInvalid):
            read_scalar(raw)
    for raw in (b"\1", bytes(31) + b"\1\1", bytes(64)):
        with pytest.raises(ProofInvalid):
            read_scalars(raw)


@pytest.mark.parametrize("indexes", [(0, 0), (1, 0), (3,), (-1,), (0, 1, 2, 3)])
def test_indexes_that_do_not_rise_or_lie_beyond_are_refused(indexes: tuple[int, ...]) -> None:
    assert checked_indexes((0, 2), 3) == (0, 2)
    assert checked_indexes((), 0) == ()
    with pytest.raises(ProofInvalid):
        checked_indexes(indexes, 3)
