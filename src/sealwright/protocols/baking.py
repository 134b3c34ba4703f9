"""Baked badges: a credential inside the image that shows it, and out again.

Readers of uploads are strict and bounded: what is not exactly a PNG with one such text is refused, nothing is decoded.

Spec: Open Badges 3.0, "Baking Badges"; PNG (Third Edition), "Chunk layout", "iTXt International textual data".
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

KEYWORD: Final = b"openbadgecredential"
SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
# An image with its credential; larger ones are not read.
IMAGE_MOST_BYTES: Final = 4 * 1024 * 1024
TEXT_MOST_BYTES: Final = 1024 * 1024
_CHUNKS_MOST: Final = 4096
_HEAD: Final = struct.Struct(">I4s")
_TAIL: Final = struct.Struct(">I")
# Keyword, zero; no compression, its method; no language and no translated keyword, a zero each.
_BEFORE_TEXT: Final = KEYWORD + b"\x00" + b"\x00\x00" + b"\x00" + b"\x00"


class NotABadge(Exception):
    """The file is no PNG, is broken, or holds no credential (or more than one) as badges do."""


@dataclass(frozen=True, slots=True)
class _Chunk:
    kind: bytes
    data: bytes
    start: int


def is_png(content: bytes) -> bool:
    """Tell whether a file begins as a PNG does."""
    return content.startswith(SIGNATURE)


def bake(image: bytes, credential: str) -> bytes:
    """Put a credential into a PNG.

    Args:
        image: A PNG without a credential in it.
        credential: The JSON of a credential with an embedded proof, or a compact JWT.

    Raises:
        NotABadge: The image is no PNG, or has one already.
    """
    end = 0
    for chunk in _chunks(image):
        if _is_ours(chunk):
            raise NotABadge("There is a credential in the image already.")
        end = chunk.start
    # Just before IEND, which is the last chunk of what `_chunks` lets pass.
    return image[:end] + _written(b"iTXt", _BEFORE_TEXT + credential.encode("utf-8")) + image[end:]


def baked_credential(image: bytes) -> str:
    """The credential in a badge's image: JSON, or a compact JWT; nothing of it is judged.

    Raises:
        NotABadge: No PNG, broken, too large; no credential inside, several, or a compressed one.
    """
    found = [chunk.data for chunk in _chunks(image) if _is_ours(chunk)]
    if len(found) != 1:
        raise NotABadge("There is no credential in the image." if not found else "There are several in the image.")
    flags, _, rest = found[0][len(KEYWORD) + 1 :].partition(b"\x00")
    # The flag itself is a zero where nothing is compressed, so it parts the data at once.
    if flags or not rest.startswith(b"\x00"):
        raise NotABadge("The credential in the image is compressed, which badges never are.")
    parts = rest[1:].split(b"\x00", 2)
    if len(parts) != 3 or len(parts[2]) > TEXT_MOST_BYTES:
        raise NotABadge("The text in the image is broken or too large.")
    try:
        return parts[2].decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotABadge("The text in the image is not UTF-8.") from error


def _is_ours(chunk: _Chunk) -> bool:
    return chunk.kind == b"iTXt" and chunk.data.startswith(KEYWORD + b"\x00")


def _chunks(image: bytes) -> Iterator[_Chunk]:
    """The chunks of a whole PNG, each with its sum checked; the first is IHDR, the last IEND with nothing behind it."""
    if not is_png(image) or len(image) > IMAGE_MOST_BYTES:
        raise NotABadge("The file is no PNG, or too large.")
    at, count, kind = len(SIGNATURE), 0, b""
    while at < len(image):
        if kind == b"IEND" or count >= _CHUNKS_MOST:
            raise NotABadge("Something follows the end of the image, or it has too many parts.")
        chunk, at = _read(image, at)
        if (count == 0) != (chunk.kind == b"IHDR"):
            raise NotABadge("The image does not begin with its header.")
        kind, count = chunk.kind, count + 1
        yield chunk
    if kind != b"IEND":
        raise NotABadge("The image has no end.")


def _read(image: bytes, at: int) -> tuple[_Chunk, int]:
    """One chunk, and where the next begins."""
    if at + _HEAD.size > len(image):
        raise NotABadge("The image is cut off.")
    length, kind = _HEAD.unpack_from(image, at)
    data_at = at + _HEAD.size
    end = data_at + length + _TAIL.size
    if end > len(image):
        raise NotABadge("The image is cut off.")
    data = image[data_at : data_at + length]
    if zlib.crc32(data, zlib.crc32(kind)) != _TAIL.unpack_from(image, end - _TAIL.size)[0]:
        raise NotABadge("The image is damaged.")
    return _Chunk(kind, data, at), end


def _written(kind: bytes, data: bytes) -> bytes:
    return _HEAD.pack(len(data), kind) + data + _TAIL.pack(zlib.crc32(data, zlib.crc32(kind)))
