"""Which entry of a status list the n-th credential gets: a keyed permutation, so that places show no order of issue.

A Feistel network over pairs of numbers below the square root of the list, walked again while it lands outside the
list. Being a bijection it hands out every entry once and needs no memory but a counter.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from math import isqrt
from typing import Final

from sealwright.vc.errors import StatusIndexOutOfRange, StatusListInvalid

_ROUNDS: Final = 8
_KEY_BYTES: Final = 32


def permuted_index(key: bytes, ordinal: int, size: int) -> int:
    """The status list index of the `ordinal`-th entry that is handed out.

    Args:
        key: 32 random bytes of this list alone, never shown.
        ordinal: 0-based count of entries handed out before, below `size`.
        size: Entries in the list.

    Returns:
        A number below `size`; different for different ordinals.

    Raises:
        StatusIndexOutOfRange: `ordinal` is not below `size`; the list is full.
        StatusListInvalid: The key is not 32 bytes long.
    """
    if len(key) != _KEY_BYTES:
        raise StatusListInvalid("The key of a status list has 32 bytes.")
    if not 0 <= ordinal < size:
        raise StatusIndexOutOfRange("The status list has no entry left.")
    side = isqrt(size - 1) + 1
    rounds = _round_tables(key, side)
    index = ordinal
    while True:
        left, right = divmod(index, side)
        for table in rounds:
            left, right = right, (left + table[right]) % side
        index = left * side + right
        # side² exceeds the list a little; walking on from outside always ends inside, and keeps the map one-to-one.
        if index < size:
            return index


# The round function has only `side` different inputs, a thousand at most: a table per list is 3 ms once and makes a
# place cost a microsecond, where hashing anew would cost ten for every credential.
@lru_cache(maxsize=64)
def _round_tables(key: bytes, side: int) -> tuple[tuple[int, ...], ...]:
    return tuple(
        tuple(
            int.from_bytes(
                hashlib.blake2b(value.to_bytes(4, "big"), digest_size=16, key=key, salt=bytes([turn])).digest()
            )
            % side
            for value in range(side)
        )
        for turn in range(_ROUNDS)
    )
