"""base58btc, base64url and multibase."""

from __future__ import annotations

import base64
import random

import pytest

from sealwright.vc.encoding.multibase import (
    base58btc_decode,
    base58btc_encode,
    base64url_decode,
    base64url_encode,
    base64url_encode_all,
    multibase_decode,
    multibase_encode,
)
from sealwright.vc.errors import InvalidEncoding

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def schoolbook_base58(data: bytes) -> str:
    """Division by 58, digit by digit: an independent way to the same text."""
    number, digits = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        digits = ALPHABET[rest] + digits
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + digits


# Published in the base58 draft, "Test Vectors".
@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"Hello World!", "2NEpo7TZRRrLZSi2U"),
        (
            b"The quick brown fox jumps over the lazy dog.",
            "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z",
        ),
        (bytes.fromhex("0000287fb4cd"), "11233QC4"),
        (b"", ""),
        (b"\0\0", "11"),
    ],
)
def test_base58_draft_vectors(data: bytes, text: str) -> None:
    assert base58btc_encode(data) == text
    assert base58btc_decode(text) == data


def test_base58_agrees_with_schoolbook_division() -> None:
    source = random.Random(1)
    for _ in range(2000):
        data = bytes(source.randrange(4)) + source.randbytes(source.randrange(80))
        assert base58btc_encode(data) == schoolbook_base58(data)
        assert base58btc_decode(base58btc_encode(data)) == data


@pytest.mark.parametrize("text", ["0", "O", "I", "l", "2NEpo7TZRRrLZSi2U ", "a\n", "é", "1_1", "+1", "１"])
def test_base58_refuses_foreign_characters(text: str) -> None:
    with pytest.raises(InvalidEncoding):
        base58btc_decode(text)


def test_base64url_round_trip_without_padding() -> None:
    for length in range(70):
        data = bytes(range(length))
        text = base64url_encode(data)
        assert "=" not in text
        assert base64url_decode(text) == data
    assert base64url_encode(b"\xfb\xff") == "-_8"


@pytest.mark.parametrize("size", [0, 1, 2, 3, 16, 32, 48, 64])
def test_base64url_of_many_parts_is_that_of_each(size: int) -> None:
    source = random.Random(size)
    for count in range(5):
        parts = [source.randbytes(size) for _ in range(count)]
        assert base64url_encode_all(parts) == [base64url_encode(part) for part in parts]


def test_base64url_takes_exactly_what_the_encoder_writes() -> None:
    source = random.Random(3)
    for _ in range(20_000):
        text = "".join(
            source.choices("AQgwZz09-_" if source.random() < 0.6 else "AQg-_+/=\n é\ud800", k=source.randrange(9))
        )
        try:
            data = base64url_decode(text)
        except InvalidEncoding:
            continue
        assert base64url_encode(data) == text
    for size in range(4):
        data = bytes(range(250, 250 + size))
        assert base64url_decode(base64.urlsafe_b64encode(data).rstrip(b"=").decode()) == data


@pytest.mark.parametrize("text", ["YQ==", "YQ=", "+/8", "Y Q", "Y", "YQ\n", "YR", "é"])
def test_base64url_refuses_other_spellings(text: str) -> None:
    with pytest.raises(InvalidEncoding):
        base64url_decode(text)


def test_multibase_prefixes() -> None:
    assert multibase_encode(b"ab") == "z" + base58btc_encode(b"ab")
    assert multibase_encode(b"ab", "u") == "uYWI"
    assert multibase_decode("uYWI") == multibase_decode(multibase_encode(b"ab")) == b"ab"


@pytest.mark.parametrize("text", ["", "YWI", "mYWI", "f6162", "Z8Qr"])
def test_multibase_refuses_other_bases(text: str) -> None:
    with pytest.raises(InvalidEncoding):
        multibase_decode(text)
