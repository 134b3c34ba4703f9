"""Status bits: reading, setting, packing; bombs and broken packages refused."""

from __future__ import annotations

import base64
import gzip
import random
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwright.vc.errors import StatusIndexOutOfRange, StatusListInvalid, StatusListUnreadable
from sealwright.vc.status.bitstring import (
    MAX_EXPANDED_BYTES,
    MAX_PACKED_BYTES,
    MIN_LIST_BITS,
    compress,
    decode_bitstring_status_list,
    decode_status_list_2021,
    empty_bitstring,
    encode_bitstring_status_list,
    encode_status_list_2021,
    expand,
    read_bit,
    set_bit,
    set_bits,
)

EMPTY = bytes(MIN_LIST_BITS // 8)


def test_bit_zero_is_the_leftmost_of_byte_zero() -> None:
    assert set_bit(bytes(2), 0) == b"\x80\x00"
    assert set_bit(bytes(2), 7) == b"\x01\x00"
    assert set_bit(bytes(2), 8) == b"\x00\x80"
    assert read_bit(b"\x80\x01", 0)
    assert read_bit(b"\x80\x01", 15)
    assert not read_bit(b"\x80\x01", 1)


@given(st.sets(st.integers(0, MIN_LIST_BITS - 1), max_size=50))
@settings(max_examples=30, deadline=None)
def test_exactly_the_set_bits_read_as_set(indices: set[int]) -> None:
    bits = set_bits(EMPTY, indices)
    assert int.from_bytes(bits).bit_count() == len(indices)
    assert all(read_bit(bits, index) for index in indices)
    assert set_bits(bits, indices, value=False) == EMPTY


def test_setting_leaves_the_given_list_as_it_was() -> None:
    before = bytes(EMPTY)
    set_bit(EMPTY, 5)
    assert before == EMPTY


@pytest.mark.parametrize("index", [-1, MIN_LIST_BITS, MIN_LIST_BITS + 1, 10**12])
def test_an_index_beyond_the_list_is_an_error(index: int) -> None:
    with pytest.raises(StatusIndexOutOfRange):
        read_bit(EMPTY, index)
    with pytest.raises(StatusIndexOutOfRange):
        set_bit(EMPTY, index)


def test_the_length_of_a_new_list_is_bounded() -> None:
    assert empty_bitstring(MIN_LIST_BITS) == EMPTY
    assert len(empty_bitstring(1_048_576)) == 131_072
    for length in (0, 131_064, 131_073, 1_048_584):
        with pytest.raises(StatusListInvalid):
            empty_bitstring(length)


def test_packing_is_deterministic_and_readable_by_gzip() -> None:
    bits = set_bits(EMPTY, random.Random(7).sample(range(MIN_LIST_BITS), 5000))
    packed = compress(bits)
    assert packed == compress(bits)
    assert packed[4:8] == bytes(4)
    assert gzip.decompress(packed) == bits == expand(packed)


def test_both_text_forms_are_written_and_read_back() -> None:
    bits = set_bit(EMPTY, 73120)
    assert decode_status_list_2021(encode_status_list_2021(bits)) == bits
    text = encode_bitstring_status_list(bits)
    assert text.startswith("uH4sI")
    assert "=" not in text
    assert decode_bitstring_status_list(text) == bits


def test_a_2021_list_may_be_plain_or_padded_base64() -> None:
    packed = compress(set_bits(EMPTY, random.Random(1).sample(range(MIN_LIST_BITS), 3000)))
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert expand(packed) == decode_status_list_2021(encode(packed).decode())


@pytest.mark.parametrize("text", ["", "!!!!", "H4sI\n", "H4sI H4sI", "é", "A", "AAAA"])
def test_texts_that_hold_no_packed_list_are_refused(text: str) -> None:
    with pytest.raises(StatusListInvalid):
        decode_status_list_2021(text)


@pytest.mark.parametrize("prefix", ["", "z", "m"])
def test_a_bitstring_list_needs_its_multibase_prefix(prefix: str) -> None:
    with pytest.raises(StatusListInvalid):
        decode_bitstring_status_list(prefix + encode_status_list_2021(EMPTY))


def test_a_bomb_is_refused_without_being_inflated() -> None:
    bomb = gzip.compress(bytes(MAX_EXPANDED_BYTES + 1), mtime=0)
    assert len(bomb) < MAX_PACKED_BYTES
    with pytest.raises(StatusListUnreadable):
        expand(bomb)
    assert len(expand(gzip.compress(bytes(MAX_EXPANDED_BYTES), mtime=0))) == MAX_EXPANDED_BYTES


def test_an_oversize_package_is_refused_before_it_is_read() -> None:
    with pytest.raises(StatusListUnreadable):
        expand(bytes(MAX_PACKED_BYTES + 1))
    with pytest.raises(StatusListUnreadable):
        decode_status_list_2021("A" * (MAX_PACKED_BYTES * 4 // 3 + 5))


@pytest.mark.parametrize(
    "packed",
    [
        compress(EMPTY) + compress(EMPTY),
        compress(EMPTY) + b"\x00",
        compress(EMPTY)[:-1],
        compress(EMPTY)[:-9] + bytes(9),
        zlib.compress(EMPTY),
        b"",
    ],
    ids=["two members", "something left over", "cut short", "wrong checksum", "zlib, not gzip", "nothing"],
)
def test_only_one_whole_gzip_member_is_read(packed: bytes) -> None:
    with pytest.raises(StatusListInvalid):
        expand(packed)
