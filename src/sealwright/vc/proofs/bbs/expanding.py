"""Stretching bytes to any length with a hash, so that scalars and points of the curve can be drawn from them.

Spec: RFC 9380, "expand_message".
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Protocol


class _Hash(Protocol):
    def digest(self) -> bytes: ...


_NewHash = Callable[[bytes], _Hash]
# message, domain separation tag (1 to 255 bytes), wanted length in bytes
Expand = Callable[[bytes, bytes, int], bytes]


def expand_sha256(message: bytes, tag: bytes, length: int) -> bytes:
    """Expand with SHA-256. Spec: RFC 9380, "expand_message_xmd"."""
    return _expand_xmd(hashlib.sha256, 64, message, tag, length)


def expand_blake2b(message: bytes, tag: bytes, length: int) -> bytes:
    """Expand with BLAKE2b of 64 bytes, as the legacy scheme does. Spec: RFC 9380, "expand_message_xmd"."""
    return _expand_xmd(hashlib.blake2b, 128, message, tag, length)


def expand_shake256(message: bytes, tag: bytes, length: int) -> bytes:
    """Expand with SHAKE-256. Spec: RFC 9380, "expand_message_xof"."""
    return hashlib.shake_256(message + length.to_bytes(2, "big") + tag + bytes([len(tag)])).digest(length)


def _expand_xmd(new_hash: _NewHash, block: int, message: bytes, tag: bytes, length: int) -> bytes:
    own_tag = tag + bytes([len(tag)])
    first = new_hash(bytes(block) + message + length.to_bytes(2, "big") + b"\0" + own_tag).digest()
    blocks = [new_hash(first + b"\1" + own_tag).digest()]
    for number in range(2, -(-length // len(first)) + 1):
        mixed = (int.from_bytes(first, "big") ^ int.from_bytes(blocks[-1], "big")).to_bytes(len(first), "big")
        blocks.append(new_hash(mixed + bytes([number]) + own_tag).digest())
    return b"".join(blocks)[:length]
