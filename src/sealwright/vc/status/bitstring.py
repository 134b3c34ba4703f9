"""Status lists as bits: reading, setting, and the packed forms of StatusList2021 and Bitstring Status List.

Bit 0 is the leftmost bit of byte 0 in both. They differ in their text form only: the first is bare base64url, the
second has the multibase prefix ``u``.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Iterable
from typing import Final

from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.errors import StatusIndexOutOfRange, StatusListInvalid, StatusListUnreadable

# Herd privacy: a shorter list would let the fetching of it say more about whose credential is being checked.
MIN_LIST_BITS: Final = 131_072
MAX_LIST_BITS: Final = 1_048_576
MAX_PACKED_BYTES: Final = 1024 * 1024
MAX_EXPANDED_BYTES: Final = 8 * 1024 * 1024

_GZIP_WINDOW: Final = 31
_TO_URL_ALPHABET: Final = str.maketrans("+/", "-_")


def empty_bitstring(length_bits: int) -> bytes:
    """A list of cleared bits.

    Args:
        length_bits: 131,072 to 1,048,576, a multiple of eight.

    Raises:
        StatusListInvalid: Another length.
    """
    if not MIN_LIST_BITS <= length_bits <= MAX_LIST_BITS or length_bits % 8:
        raise StatusListInvalid("A status list has 131,072 to 1,048,576 entries, in whole bytes.")
    return bytes(length_bits // 8)


def read_bit(bitstring: bytes, index: int) -> bool:
    """Tell whether the status bit at `index` is set.

    Args:
        bitstring: Expanded list, one bit per credential; bit 0 is the leftmost bit of byte 0.
        index: 0-based, below ``8 * len(bitstring)``.

    Raises:
        StatusIndexOutOfRange: `index` lies outside the list.

    Spec: Bitstring Status List 1.0, "Validate Algorithm".
    """
    _check_index(bitstring, index)
    return bool(bitstring[index >> 3] & 0x80 >> (index & 7))


def set_bits(bitstring: bytes, indices: Iterable[int], *, value: bool = True) -> bytes:
    """The list with the bits at `indices` set, or cleared; the list that was given stays as it is.

    Raises:
        StatusIndexOutOfRange: An index lies outside the list.
    """
    changed = bytearray(bitstring)
    for index in indices:
        _check_index(bitstring, index)
        mask = 0x80 >> (index & 7)
        if value:
            changed[index >> 3] |= mask
        else:
            changed[index >> 3] &= ~mask
    return bytes(changed)


def set_bit(bitstring: bytes, index: int, *, value: bool = True) -> bytes:
    """The list with one bit set, or cleared.

    Raises:
        StatusIndexOutOfRange: `index` lies outside the list.
    """
    return set_bits(bitstring, (index,), value=value)


def compress(bitstring: bytes) -> bytes:
    """Pack a list with gzip; the same bits always give the same bytes, as the header carries no time."""
    packer = zlib.compressobj(level=9, wbits=_GZIP_WINDOW)
    return packer.compress(bitstring) + packer.flush()


def expand(packed: bytes) -> bytes:
    """Unpack one gzip member, with a cap on both sides, and with nothing left over.

    Raises:
        StatusListUnreadable: Packed over 1 MiB or unpacked over 8 MiB.
        StatusListInvalid: Not exactly one whole gzip member.

    Spec: Bitstring Status List 1.0, "Bitstring Expansion Algorithm".
    """
    if len(packed) > MAX_PACKED_BYTES:
        raise StatusListUnreadable("The packed status list is larger than 1 MiB.")
    unpacker = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        # One byte more than allowed tells "too large" from "just large enough" without inflating a bomb.
        expanded = unpacker.decompress(packed, MAX_EXPANDED_BYTES + 1)
    except zlib.error:
        raise StatusListInvalid("The status list is not packed with gzip.") from None
    if len(expanded) > MAX_EXPANDED_BYTES:
        raise StatusListUnreadable("The unpacked status list is larger than 8 MiB.")
    if not unpacker.eof or unpacker.unused_data:
        raise StatusListInvalid("The status list must be one whole gzip member and nothing else.")
    return expanded


def encode_status_list_2021(bitstring: bytes) -> str:
    """The text of a StatusList2021 ``encodedList``: gzip, base64url without padding.

    Spec: Status List 2021, "Bitstring Generation Algorithm".
    """
    return base64url_encode(compress(bitstring))


def encode_bitstring_status_list(bitstring: bytes) -> str:
    """The text of a Bitstring Status List ``encodedList``: the same with the multibase prefix ``u``.

    Spec: Bitstring Status List 1.0, "Bitstring Generation Algorithm".
    """
    return "u" + encode_status_list_2021(bitstring)


def decode_status_list_2021(text: str) -> bytes:
    """Read a StatusList2021 ``encodedList``; issuers write base64url or plain base64, padded or not.

    Raises:
        StatusListInvalid: Not base64, not gzip.
        StatusListUnreadable: Too large.
    """
    return expand(_from_base64(text))


def decode_bitstring_status_list(text: str) -> bytes:
    """Read a Bitstring Status List ``encodedList``.

    Raises:
        StatusListInvalid: Without the prefix ``u``, not base64url, not gzip.
        StatusListUnreadable: Too large.
    """
    if not text.startswith("u"):
        raise StatusListInvalid("The encodedList of a bitstring status list must be multibase base64url (prefix u).")
    return expand(_from_base64(text[1:]))


def _from_base64(text: str) -> bytes:
    if len(text) > MAX_PACKED_BYTES * 4 // 3 + 4:
        raise StatusListUnreadable("The packed status list is larger than 1 MiB.")
    bare = text.rstrip("=").translate(_TO_URL_ALPHABET)
    try:
        return base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise StatusListInvalid("The encodedList is not base64url text.") from None


def _check_index(bitstring: bytes, index: int) -> None:
    if not 0 <= index < 8 * len(bitstring):
        raise StatusIndexOutOfRange("The status list index lies outside the list.")
