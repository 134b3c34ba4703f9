"""Token Status List: the same states, counted from the other end of each byte and packed with zlib.

One bit an entry says valid or revoked. Where suspension is offered two bits an entry say valid (0), revoked (1) or
suspended (2).
"""

from __future__ import annotations

import zlib
from typing import Final, Literal

from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.errors import InvalidEncoding, StatusIndexOutOfRange, StatusListInvalid, StatusListUnreadable
from sealwright.vc.status.bitstring import MAX_EXPANDED_BYTES, MAX_PACKED_BYTES

VALID: Final = 0
REVOKED: Final = 1
SUSPENDED: Final = 2

TokenBits = Literal[1, 2, 4, 8]

_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _spread(byte: int) -> bytes:
    """Two bytes with the lower bit of each two-bit entry taken from `byte`, whose leftmost bit is entry 0."""
    entries = sum(1 << 2 * position for position in range(8) if byte & 0x80 >> position)
    return entries.to_bytes(2, "little")


_SPREAD: Final = tuple(_spread(byte) for byte in range(256))


def token_list_one_bit(revoked: bytes) -> bytes:
    """The 1-bit form: index 0 is the least significant bit of byte 0.

    Args:
        revoked: Revocation bits, leftmost bit first.

    Spec: Token Status List, "Compressed Byte Array".
    """
    return revoked.translate(_REVERSED)


def token_list_two_bits(revoked: bytes, suspended: bytes) -> bytes:
    """The 2-bit form: entry i sits in byte i div 4, shifted left by 2·(i mod 4); a revoked entry is never "suspended".

    Args:
        revoked: Revocation bits, leftmost bit first.
        suspended: Suspension bits of the same length.

    Raises:
        StatusListInvalid: The two lists differ in length.

    Spec: Token Status List, "Compressed Byte Array", "Status Types Values".
    """
    if len(revoked) != len(suspended):
        raise StatusListInvalid("The revocation and suspension lists differ in length.")
    low = int.from_bytes(b"".join(map(_SPREAD.__getitem__, revoked)), "little")
    high = int.from_bytes(b"".join(map(_SPREAD.__getitem__, suspended)), "little")
    # Revocation is final and suspension is not: where both bits are set the entry reads as revoked.
    return (low | (high & ~low) << 1).to_bytes(2 * len(revoked), "little")


def encode_token_list(statuses: bytes) -> str:
    """The member ``lst``: zlib at the highest level, base64url without padding."""
    return base64url_encode(zlib.compress(statuses, 9))


def decode_token_list(text: str) -> bytes:
    """Read the member ``lst``.

    Raises:
        StatusListInvalid: Not base64url, or not exactly one zlib stream.
        StatusListUnreadable: Packed over 1 MiB or unpacked over 8 MiB.
    """
    if len(text) > MAX_PACKED_BYTES * 4 // 3 + 4:
        raise StatusListUnreadable("The packed status list is larger than 1 MiB.")
    unpacker = zlib.decompressobj()
    try:
        expanded = unpacker.decompress(base64url_decode(text), MAX_EXPANDED_BYTES + 1)
    except (InvalidEncoding, zlib.error):
        raise StatusListInvalid("The token status list is not zlib in base64url.") from None
    if len(expanded) > MAX_EXPANDED_BYTES:
        raise StatusListUnreadable("The unpacked status list is larger than 8 MiB.")
    if not unpacker.eof or unpacker.unused_data:
        raise StatusListInvalid("The token status list must be one whole zlib stream and nothing else.")
    return expanded


def read_token_status(statuses: bytes, index: int, *, bits: TokenBits) -> int:
    """The state at `index`: 0 valid, 1 revoked, 2 suspended; what wider entries say beyond is each issuer's own.

    Raises:
        StatusIndexOutOfRange: `index` lies outside the list.
    """
    per_byte = 8 // bits
    if not 0 <= index < per_byte * len(statuses):
        raise StatusIndexOutOfRange("The status list index lies outside the list.")
    return statuses[index // per_byte] >> bits * (index % per_byte) & (1 << bits) - 1
