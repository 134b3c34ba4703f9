"""BLS12-381 keys: made, checked when they arrive, and never shown."""

from __future__ import annotations

import pytest
from py_arkworks_bls12381 import G2Point, Scalar

from sealwright.vc.errors import InvalidKey, InvalidPublicKeyLength
from sealwright.vc.keys.bls12381 import (
    PUBLIC_KEY_BYTES,
    check_public_key,
    generate_private_key,
    public_from_private,
    secret_scalar,
)
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey, decode_multikey
from tests.support.curve_points import FIELD, ORDER, outside_the_subgroup_g2

SOUND = public_from_private(Secret32(bytes(31) + b"\x05"))


def test_a_fresh_key_is_a_scalar_and_its_public_key_is_sound() -> None:
    seen = {generate_private_key().reveal() for _ in range(20)}
    assert len(seen) == 20
    for raw in seen:
        assert 0 < int.from_bytes(raw, "big") < ORDER
        public_key = public_from_private(Secret32(raw))
        assert len(public_key) == PUBLIC_KEY_BYTES
        check_public_key(public_key)
        assert decode_multikey(PublicKey("BLS12-381-G2", public_key).multikey).raw == public_key


def test_the_public_key_is_the_generator_times_the_secret_whatever_the_mask() -> None:
    expected = bytes((G2Point() * Scalar(5)).to_compressed_bytes())
    assert {public_from_private(Secret32(bytes(31) + b"\x05")) for _ in range(5)} == {expected}


@pytest.mark.parametrize("number", [0, ORDER, ORDER + 5, 2**256 - 1])
def test_secrets_that_are_no_scalar_are_refused(number: int) -> None:
    secret = Secret32(number.to_bytes(32, "big"))
    with pytest.raises(InvalidKey):
        secret_scalar(secret)
    with pytest.raises(InvalidKey):
        public_from_private(secret)


def _identity() -> bytes:
    return b"\xc0" + bytes(95)


def _with_x_beyond_the_field() -> bytes:
    real = int.from_bytes(SOUND[48:], "big") + FIELD
    assert real < 1 << 384
    return SOUND[:48] + real.to_bytes(48, "big")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(_identity(), id="the identity"),
        pytest.param(b"\xe0" + bytes(95), id="the identity with a sign"),
        pytest.param(b"\xc0" + bytes(94) + b"\x01", id="an identity that is none"),
        pytest.param(bytes(96), id="without the flag of compression"),
        pytest.param(bytes([SOUND[0] & 0x7F]) + SOUND[1:], id="a sound key without the flag"),
        pytest.param(b"\x80" + bytes([7]) * 95, id="off the curve"),
        pytest.param(b"\x9f" + b"\xff" * 95, id="beyond the field"),
        pytest.param(_with_x_beyond_the_field(), id="a second encoding of a sound key"),
        pytest.param(outside_the_subgroup_g2(), id="outside the subgroup"),
    ],
)
def test_points_that_are_no_public_key_are_refused(raw: bytes) -> None:
    assert len(raw) == PUBLIC_KEY_BYTES
    for _ in range(2):  # the second answer is the remembered one
        with pytest.raises(InvalidKey):
            check_public_key(raw)
        with pytest.raises(InvalidKey):
            PublicKey("BLS12-381-G2", raw)


@pytest.mark.parametrize("raw", [b"", SOUND[:-1], SOUND + b"\0", SOUND[:48]])
def test_another_length_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidPublicKeyLength):
        check_public_key(raw)
