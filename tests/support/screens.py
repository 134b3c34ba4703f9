"""Codes read from pictures as screens and printers show them: PNG of eight bits a channel."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from itertools import islice
from typing import Final

import zxingcpp

_CHANNELS: Final = {0: 1, 2: 3, 4: 2, 6: 4}


def codes_in(png: bytes, *, most_rows: int | None = None) -> list[str]:
    """What the QR codes of a picture, or of its upper rows, say."""
    rows = list(islice(_gray_rows(png), most_rows))
    seen = memoryview(bytearray(b"".join(rows))).cast("B", (len(rows), len(rows[0])))
    return [str(one.text) for one in zxingcpp.read_barcodes(seen)]


def _gray_rows(png: bytes) -> Iterator[bytes]:
    """The rows of a picture; of colors their green stands for all, which is enough for black on white."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    packed, at, width, channels = b"", 8, 0, 0
    while at < len(png):
        length, name = struct.unpack(">I4s", png[at : at + 8])
        data = png[at + 8 : at + 8 + length]
        if name == b"IHDR":
            width, _, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", data)
            assert (depth, interlaced) == (8, 0)
            channels = _CHANNELS[color]
        packed += data if name == b"IDAT" else b""
        at += length + 12
    plain, stride = zlib.decompress(packed), width * channels + 1
    above = bytes(stride - 1)
    for start in range(0, len(plain), stride):
        above = _unfiltered(plain[start], plain[start + 1 : start + stride], above, channels)
        yield above[1 if channels > 2 else 0 :: channels]


def _unfiltered(kind: int, row: bytes, above: bytes, channels: int) -> bytes:
    """A row as it was before it was filtered.

    Spec: PNG (Third Edition), "Filtering".
    """
    if kind == 0:
        return row
    if kind == 2:
        return bytes((one + two) & 255 for one, two in zip(row, above, strict=True))
    made = bytearray(row)
    for at in range(len(made)):
        left = made[at - channels] if at >= channels else 0
        up, corner = above[at], above[at - channels] if at >= channels else 0
        guess = left if kind == 1 else (left + up) // 2 if kind == 3 else _nearest(left, up, corner)
        made[at] = (made[at] + guess) & 255
    return bytes(made)


def _nearest(left: int, up: int, corner: int) -> int:
    """Paeth's choice."""
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
