"""Multikeys: every kind there and back, and what is refused."""

from __future__ import annotations

import pytest

from sealwright.vc.encoding.multibase import multibase_encode
from sealwright.vc.errors import InvalidKey, InvalidPublicKeyLength, UnsupportedKeyType
from sealwright.vc.keys.multikey import EC_CURVES, KEY_KINDS, PublicKey, decode_multikey, encode_multikey
from tests.support.sample_keys import ED25519, raw_key

PREFIXES = {
    "Ed25519": "z6Mk",
    "X25519": "z6LS",
    "P-256": "zDn",
    "P-384": "z82",
    "P-521": "z2J9",
    "secp256k1": "zQ3s",
    "BLS12-381-G2": "zUC",
}


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_every_kind_is_written_and_read_back(kind: str) -> None:
    text = encode_multikey(kind, raw_key(kind))
    assert text.startswith(PREFIXES[kind])
    key = decode_multikey(text)
    assert (key.kind, key.raw, key.multikey) == (kind, raw_key(kind), text)


@pytest.mark.parametrize("kind", KEY_KINDS)
def test_a_key_of_another_length_is_refused(kind: str) -> None:
    for raw in (raw_key(kind)[:-1], raw_key(kind) + b"\x00", b""):
        with pytest.raises(InvalidPublicKeyLength):
            PublicKey(kind, raw)
        with pytest.raises(InvalidPublicKeyLength):
            decode_multikey(encode_multikey(kind, raw))


@pytest.mark.parametrize("kind", EC_CURVES)
def test_points_off_the_curve_and_uncompressed_forms_are_refused(kind: str) -> None:
    raw = raw_key(kind)
    with pytest.raises(InvalidKey):
        PublicKey(kind, raw[:1] + b"\xff" * (len(raw) - 1))
    with pytest.raises(InvalidKey):
        PublicKey(kind, b"\x04" + raw[1:])


def test_weak_keys_are_refused() -> None:
    with pytest.raises(InvalidKey):
        PublicKey("Ed25519", bytes([1]) + bytes(31))
    for low_order in (bytes(32), bytes([1]) + bytes(31)):
        with pytest.raises(InvalidKey):
            PublicKey("X25519", low_order)


def test_bls_keys_must_be_compressed_and_not_infinity() -> None:
    for first in (0x00, 0xC0):
        with pytest.raises(InvalidKey):
            PublicKey("BLS12-381-G2", bytes([first]) + bytes(95))


def test_texts_that_are_no_multikey_are_refused() -> None:
    base64url = multibase_encode(b"\xed\x01" + ED25519, "u")
    for text in ("", "z", "6MkabcInvalid", "z0OIl", base64url, "z" + "1" * 2000):
        with pytest.raises(InvalidKey):
            decode_multikey(text)


def test_unknown_codecs_and_private_keys_are_refused_as_unknown() -> None:
    for prefix in (b"\x80\x26", b"\x86\x26", b"\x12\x05", b"\x00\x00"):
        with pytest.raises(UnsupportedKeyType):
            decode_multikey(multibase_encode(prefix + ED25519))


def test_writing_an_unknown_kind_is_refused() -> None:
    with pytest.raises(UnsupportedKeyType):
        encode_multikey("P-192", bytes(25))  # type: ignore[arg-type]
