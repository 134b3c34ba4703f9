"""Opaque cursors: the key of the last item of a page, as letters that only we can read.

A cursor names its list by a letter and ends in a short checksum, so that one of another list, or one
that lost a character, is refused and not taken for a place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final
from uuid import UUID

from sealwright.domain.errors import InvalidPagination

_VERSION: Final = b"\x01"
_CHECK_BYTES: Final = 4
_MAX_LETTERS: Final = 4096
_LARGEST: Final = 2**63 - 1


def _encode(name: bytes, key: bytes) -> str:
    body = _VERSION + name + key
    return _letters(body + _check(body))


def _letters(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _decode(name: bytes, cursor: str) -> bytes:
    if len(cursor) > _MAX_LETTERS:
        raise _foreign()
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise _foreign() from None
    body, check = raw[:-_CHECK_BYTES], raw[-_CHECK_BYTES:]
    # One key has one spelling: no padding, no stray bits in the last letter.
    if body[:2] != _VERSION + name or _check(body) != check or _letters(raw) != cursor:
        raise _foreign()
    return body[2:]


def _check(body: bytes) -> bytes:
    return hashlib.sha256(b"sealwright cursor" + body).digest()[:_CHECK_BYTES]


def _foreign() -> InvalidPagination:
    return InvalidPagination("The cursor was not given by this list.")


def uid_cursor(uid: UUID, name: str = "c") -> str:
    """Make a cursor behind a credential, or behind what is listed by its credential; `name` is one ASCII letter."""
    return _encode(name.encode("ascii"), uid.bytes)


def uid_of(cursor: str, name: str = "c") -> UUID:
    """Read such a cursor.

    Raises:
        InvalidPagination: The cursor is not of this list.
    """
    key = _decode(name.encode("ascii"), cursor)
    if len(key) != 16:
        raise _foreign()
    return UUID(bytes=key)


def sequence_cursor(sequence: int) -> str:
    """Make a cursor behind an audit row."""
    return _encode(b"a", sequence.to_bytes(8, "big"))


def sequence_of(cursor: str) -> int:
    """Read an audit cursor.

    Raises:
        InvalidPagination: The cursor is not of this list.
    """
    key = _decode(b"a", cursor)
    if len(key) != 8 or int.from_bytes(key, "big") > _LARGEST:
        raise _foreign()
    return int.from_bytes(key, "big")


def dated_cursor(name: str, seconds: int, identifier: str) -> str:
    """Make a cursor behind an item of a list in order of time and id; `name` is one ASCII letter."""
    return _encode(name.encode("ascii"), seconds.to_bytes(8, "big", signed=True) + identifier.encode("utf-8"))


def dated_key(name: str, cursor: str) -> tuple[int, str]:
    """Read such a cursor as Unix seconds and id.

    Raises:
        InvalidPagination: The cursor is not of this list.
    """
    key = _decode(name.encode("ascii"), cursor)
    try:
        return int.from_bytes(key[:8], "big", signed=True), key[8:].decode("utf-8")
    except UnicodeDecodeError:
        raise _foreign() from None
