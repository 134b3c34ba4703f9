"""Ed25519 keys and signatures: the published examples, weak keys, and secrets that do not show."""

from __future__ import annotations

import pickle

import pytest
from nacl.bindings import crypto_core_ed25519_add

from sealwright.vc.errors import InvalidKey, InvalidPublicKeyLength, ProofInvalid
from sealwright.vc.keys.ed25519 import (
    Ed25519Signer,
    Secret32,
    check_public_key,
    derive_x25519,
    generate_private_key,
    public_from_private,
    verify,
)

SEED = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
# RFC 8032, section 7.1, test 1: the public key and the signature over nothing.
PUBLIC = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")
SIGNATURE = bytes.fromhex(
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
)
FIELD_PRIME = 2**255 - 19
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
SMALL_ORDER = {
    "the neutral element": bytes([1]) + bytes(31),
    "order two": (FIELD_PRIME - 1).to_bytes(32, "little"),
    "order four": bytes(32),
    "order four with the sign bit": bytes(31) + b"\x80",
    "order eight": bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    "order eight, the other": bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
}


def test_signing_gives_the_signature_of_the_specification() -> None:
    signer = Ed25519Signer(Secret32(SEED))
    assert signer.public_key == PUBLIC == public_from_private(Secret32(SEED))
    assert signer.sign(b"") == SIGNATURE
    verify(PUBLIC, SIGNATURE, b"")


def test_generated_keys_differ_and_sign() -> None:
    first, second = generate_private_key(), generate_private_key()
    assert first != second
    signer = Ed25519Signer(first)
    verify(signer.public_key, signer.sign(b"document"), b"document")


@pytest.mark.parametrize("position", [0, 31, 32, 63])
def test_verify_refuses_a_signature_with_one_bit_changed(position: int) -> None:
    broken = bytearray(SIGNATURE)
    broken[position] ^= 1
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, bytes(broken), b"")


def test_verify_refuses_other_data_and_other_lengths() -> None:
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, SIGNATURE, b"x")
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, SIGNATURE[:-1], b"")
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, SIGNATURE + b"\x00", b"")


def test_verify_refuses_a_second_spelling_of_the_same_signature() -> None:
    scalar = int.from_bytes(SIGNATURE[32:], "little") + GROUP_ORDER
    with pytest.raises(ProofInvalid):
        verify(PUBLIC, SIGNATURE[:32] + scalar.to_bytes(32, "little"), b"")


@pytest.mark.parametrize("name", SMALL_ORDER)
def test_keys_of_small_order_are_refused_on_arrival_and_at_verification(name: str) -> None:
    with pytest.raises(InvalidKey):
        check_public_key(SMALL_ORDER[name])
    # R = A and S = 0 is a forgery for every message under some libraries.
    with pytest.raises(InvalidKey):
        verify(SMALL_ORDER[name], SMALL_ORDER[name] + bytes(32), b"anything")


def test_a_key_of_mixed_order_is_refused() -> None:
    mixed = crypto_core_ed25519_add(PUBLIC, SMALL_ORDER["order eight"])
    with pytest.raises(InvalidKey):
        check_public_key(mixed)


def test_a_key_in_non_canonical_form_is_refused() -> None:
    # y = 1 + p encodes the same point as y = 1; y = p + 3 .. p + 18 are further second spellings.
    for extra in range(19):
        with pytest.raises(InvalidKey):
            check_public_key((FIELD_PRIME + extra).to_bytes(32, "little"))


def test_bytes_off_the_curve_are_refused() -> None:
    with pytest.raises(InvalidKey):
        check_public_key(bytes([2]) + bytes(31))


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_keys_of_another_length_are_refused(length: int) -> None:
    with pytest.raises(InvalidPublicKeyLength):
        check_public_key(PUBLIC[:1] * length)


def test_a_secret_has_32_bytes_and_shows_nothing() -> None:
    secret = Secret32(SEED)
    signer = Ed25519Signer(secret)
    for shown in (repr(secret), str(secret), repr(signer)):
        assert SEED.hex() not in shown
        assert repr(SEED)[2:-1] not in shown
    with pytest.raises(InvalidKey):
        Secret32(SEED[:-1])
    for value in (secret, signer):
        with pytest.raises(TypeError):
            pickle.dumps(value)


def test_secrets_compare_by_value() -> None:
    assert Secret32(SEED) == Secret32(SEED)
    assert len({Secret32(SEED), Secret32(SEED)}) == 1
    assert Secret32(SEED) != Secret32(bytes(32))
    assert Secret32(SEED) != SEED


def test_a_weak_key_has_no_encryption_key() -> None:
    assert len(derive_x25519(PUBLIC)) == 32
    with pytest.raises(InvalidKey):
        derive_x25519(SMALL_ORDER["order eight"])
