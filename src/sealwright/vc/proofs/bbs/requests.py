"""What a signer with a BLS key is given: scheme, header and messages as bytes, so that it may sit in another process.

A request is ``BBS`` and one byte for the scheme, then the header, then the count of messages and the messages; lengths
and the count are four bytes, most significant first. No two requests have the same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from sealwright.vc.errors import InvalidEncoding

MAX_MESSAGES: Final = 1_024
_MAGIC: Final = b"BBS"
_MOST_BYTES: Final = 4 * 1024 * 1024
_LENGTH: Final = 4


class Scheme(IntEnum):
    """How the messages are signed."""

    LEGACY_2020 = 1
    IETF_SHA_256 = 2


@dataclass(frozen=True, slots=True)
class SigningRequest:
    """What is to be signed.

    Args:
        scheme: How.
        header: Bytes that every derived proof is bound to; empty under the legacy scheme.
        messages: Texts of bytes, in order: 1 to 1,024 under the legacy scheme, else none to 1,024; with none, the
            header is signed alone.
    """

    scheme: Scheme
    header: bytes
    messages: tuple[bytes, ...]


def encode_request(scheme: Scheme, header: bytes, messages: Sequence[bytes]) -> bytes:
    """The bytes of a request."""
    parts = [_MAGIC, bytes([scheme]), _sized(header), len(messages).to_bytes(_LENGTH, "big")]
    parts.extend(_sized(message) for message in messages)
    return b"".join(parts)


def decode_request(data: bytes) -> SigningRequest:
    """Read a request.

    Raises:
        InvalidEncoding: Not exactly one request: another mark or scheme, too many messages, cut off, or bytes left.
    """
    if len(data) > _MOST_BYTES or data[:3] != _MAGIC:
        raise InvalidEncoding("This is no request for a BBS signature.")
    try:
        scheme = Scheme(data[3])
    except (IndexError, ValueError):
        raise InvalidEncoding("The request names no known scheme.") from None
    header, at = _taken(data, 4)
    count, at = _number(data, at)
    if count > MAX_MESSAGES or (count == 0 and scheme is Scheme.LEGACY_2020):
        raise InvalidEncoding(f"A request has at most {MAX_MESSAGES} messages, and a legacy one at least one.")
    messages = []
    for _ in range(count):
        message, at = _taken(data, at)
        messages.append(message)
    if at != len(data):
        raise InvalidEncoding("Bytes are left behind the request.")
    return SigningRequest(scheme, header, tuple(messages))


def _sized(part: bytes) -> bytes:
    return len(part).to_bytes(_LENGTH, "big") + part


def _number(data: bytes, at: int) -> tuple[int, int]:
    end = at + _LENGTH
    if end > len(data):
        raise InvalidEncoding("The request is cut off.")
    return int.from_bytes(data[at:end], "big"), end


def _taken(data: bytes, at: int) -> tuple[bytes, int]:
    length, start = _number(data, at)
    end = start + length
    if end > len(data):
        raise InvalidEncoding("The request is cut off.")
    return data[start:end], end
