"""Token Status List: the same states in its own bit order."""

from __future__ import annotations

import base64
import random
import zlib

import pytest

from sealwright.vc.errors import StatusIndexOutOfRange, StatusListInvalid, StatusListUnreadable
from sealwright.vc.status.bitstring import MAX_EXPANDED_BYTES, MAX_PACKED_BYTES, read_bit, set_bits
from sealwright.vc.status.token_list import (
    REVOKED,
    SUSPENDED,
    VALID,
    decode_token_list,
    encode_token_list,
    read_token_status,
    token_list_one_bit,
    token_list_two_bits,
)

SIZE = 4096
REVOKED_BITS = set_bits(bytes(SIZE // 8), random.Random(3).sample(range(SIZE), 400))
SUSPENDED_BITS = set_bits(bytes(SIZE // 8), random.Random(4).sample(range(SIZE), 400))


def test_index_zero_is_the_rightmost_bit() -> None:
    assert token_list_one_bit(set_bits(bytes(2), [0, 9])) == b"\x01\x02"


def test_the_one_bit_form_says_the_same_at_every_index() -> None:
    statuses = token_list_one_bit(REVOKED_BITS)
    for index in range(SIZE):
        assert read_token_status(statuses, index, bits=1) == int(read_bit(REVOKED_BITS, index))


def test_the_two_bit_form_says_revoked_suspended_or_valid_at_every_index() -> None:
    statuses = token_list_two_bits(REVOKED_BITS, SUSPENDED_BITS)
    assert len(statuses) == SIZE // 4
    seen = set()
    for index in range(SIZE):
        is_revoked, is_suspended = read_bit(REVOKED_BITS, index), read_bit(SUSPENDED_BITS, index)
        expected = REVOKED if is_revoked else SUSPENDED if is_suspended else VALID
        assert read_token_status(statuses, index, bits=2) == expected
        seen.add((is_revoked, is_suspended))
    assert len(seen) == 4, "every combination occurs, an entry with both bits set among them"


def test_the_two_bit_form_puts_entry_i_at_twice_its_place_in_the_byte() -> None:
    assert token_list_two_bits(set_bits(bytes(1), [0]), set_bits(bytes(1), [1, 6])) == bytes([0b1001, 0b100000])


def test_lists_of_different_length_do_not_mix() -> None:
    with pytest.raises(StatusListInvalid):
        token_list_two_bits(bytes(2), bytes(1))


def test_the_text_is_zlib_in_base64url_and_reads_back() -> None:
    text = encode_token_list(REVOKED_BITS)
    assert zlib.decompress(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))) == REVOKED_BITS
    assert decode_token_list(text) == REVOKED_BITS


def test_the_example_of_the_specification_is_read() -> None:
    # Token Status List, "Compressed Byte Array": eight entries and more, 1 and 2 bits each.
    assert [read_token_status(bytes([0xB9, 0xA3]), i, bits=1) for i in range(16)] == [
        *(1, 0, 0, 1, 1, 1, 0, 1),
        *(1, 1, 0, 0, 0, 1, 0, 1),
    ]
    assert [read_token_status(bytes([0xC9, 0x44, 0xF9]), i, bits=2) for i in range(12)] == [
        *(1, 2, 0, 3, 0, 1, 0, 1),
        *(1, 2, 3, 3),
    ]


@pytest.mark.parametrize("bits", [1, 2])
def test_an_index_beyond_the_list_is_an_error(bits: int) -> None:
    for index in (-1, 8 // bits * 2):
        with pytest.raises(StatusIndexOutOfRange):
            read_token_status(bytes(2), index, bits=bits)  # type: ignore[arg-type]


def test_broken_and_oversize_texts_are_refused() -> None:
    for text in ("", "!", "AAAA", encode_token_list(bytes(9))[:-2]):
        with pytest.raises(StatusListInvalid):
            decode_token_list(text)
    for text in ("A" * (MAX_PACKED_BYTES * 4 // 3 + 5), encode_token_list(bytes(MAX_EXPANDED_BYTES + 1))):
        with pytest.raises(StatusListUnreadable):
            decode_token_list(text)
    doubled = zlib.compress(b"a") + zlib.compress(b"b")
    with pytest.raises(StatusListInvalid):
        decode_token_list(base64.urlsafe_b64encode(doubled).rstrip(b"=").decode())
