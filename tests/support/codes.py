"""QR codes read back: pixels of a black and white PNG, and what a camera would see in them."""

from __future__ import annotations

import struct
import zlib

import zxingcpp

Pixels = list[list[int]]


def pixels_of(png: bytes) -> Pixels:
    """Read a gray PNG of one bit a pixel, whose rows are told as they are or as what changed; 0 is black, 255 white."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    packed, place, width = b"", 8, 0
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        data = png[place + 8 : place + 8 + length]
        if name == b"IHDR":
            width, _, depth, color, _, _, interlaced = struct.unpack(">IIBBBBB", data)
            assert (depth, color, interlaced) == (1, 0, 0)
        packed += data if name == b"IDAT" else b""
        place += length + 12
    plain, stride = zlib.decompress(packed), (width + 7) // 8 + 1
    above, rows = bytes(stride - 1), []
    for start in range(0, len(plain), stride):
        kind, row = plain[start], plain[start + 1 : start + stride]
        assert kind in (0, 2)
        above = bytes((one + two) % 256 for one, two in zip(row, above, strict=True)) if kind == 2 else row
        rows.append(above)
    return [[255 if row[x // 8] >> (7 - x % 8) & 1 else 0 for x in range(width)] for row in rows]


def read_code(pixels: Pixels, *, scale: int = 1) -> str:
    """What the one code in an image says, seen this much larger."""
    rows = [[value for value in row for _ in range(scale)] for row in pixels for _ in range(scale)]
    seen = memoryview(bytearray(value for row in rows for value in row)).cast("B", (len(rows), len(rows[0])))
    (found,) = zxingcpp.read_barcodes(seen)
    return str(found.text)
