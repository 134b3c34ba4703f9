"""X25519: the published example, the form derived from Ed25519, and keys that must not be agreed with."""

from __future__ import annotations

import pytest

from sealwright.vc.errors import InvalidKey, InvalidPublicKeyLength
from sealwright.vc.keys import ed25519, x25519
from sealwright.vc.keys.ed25519 import Secret32

ALICE = Secret32(bytes([8]) * 32)


def test_both_sides_have_the_same_in_common() -> None:
    other = Secret32(bytes([9]) * 32)
    ours = x25519.agree(ALICE, x25519.public_from_private(other))
    theirs = x25519.agree(other, x25519.public_from_private(ALICE))
    assert ours == theirs
    assert len(ours) == 32


def test_the_published_example_comes_out() -> None:
    # RFC 7748, section 5.2, first vector.
    scalar = Secret32(bytes.fromhex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"))
    point = bytes.fromhex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
    expected = "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"
    assert x25519.agree(scalar, point).hex() == expected


def test_the_private_form_of_an_ed25519_key_fits_the_public_one() -> None:
    seed = Secret32(bytes([7]) * 32)
    derived = x25519.private_of_ed25519(seed)
    assert x25519.public_from_private(derived) == ed25519.derive_x25519(ed25519.public_from_private(seed))


@pytest.mark.parametrize("weak", [bytes(32), bytes([1]) + bytes(31)])
def test_keys_of_small_order_are_refused(weak: bytes) -> None:
    with pytest.raises(InvalidKey):
        x25519.agree(ALICE, weak)


def test_keys_of_another_length_are_refused() -> None:
    with pytest.raises(InvalidPublicKeyLength):
        x25519.agree(ALICE, bytes(31))
