"""Badges: what is baked in comes out, and nothing that is not exactly such an image is read."""

from __future__ import annotations

import struct
import zlib

import pytest

from sealwright.protocols.baking import IMAGE_MOST_BYTES, SIGNATURE, NotABadge, bake, baked_credential, is_png

TEXT = '{"type": ["VerifiableCredential", "OpenBadgeCredential"], "name": "Muñoz 陳"}'
KEY = b"openbadgecredential\x00"


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


HEADER = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
PIXELS = chunk(b"IDAT", zlib.compress(b"\x00\x00"))
END = chunk(b"IEND", b"")
IMAGE = SIGNATURE + HEADER + PIXELS + END


def with_text(data: bytes) -> bytes:
    return SIGNATURE + HEADER + chunk(b"iTXt", data) + PIXELS + END


def test_what_is_baked_comes_out_and_the_image_is_kept() -> None:
    baked = bake(IMAGE, TEXT)
    assert is_png(baked)
    assert baked_credential(baked) == TEXT
    assert baked.startswith(IMAGE[: -len(END)])
    assert baked.endswith(END)


def test_other_texts_of_an_image_do_not_matter() -> None:
    image = (
        SIGNATURE + HEADER + chunk(b"iTXt", b"Title\x00\x00\x00\x00\x00x") + chunk(b"tEXt", b"a\x00b") + PIXELS + END
    )
    assert baked_credential(bake(image, "a.b.c")) == "a.b.c"


def test_language_and_translated_keyword_are_passed_over() -> None:
    assert baked_credential(with_text(KEY + b"\x00\x00en\x00Badge\x00{}")) == "{}"


def test_an_image_takes_one_credential() -> None:
    with pytest.raises(NotABadge, match="already"):
        bake(bake(IMAGE, TEXT), TEXT)


@pytest.mark.parametrize(
    "image",
    [
        b"",
        b"GIF89a",
        SIGNATURE,
        IMAGE,
        IMAGE[:-1],
        bake(IMAGE, TEXT)[:-1],
        bake(IMAGE, TEXT) + b"\x00",
        bake(IMAGE, TEXT) + chunk(b"tEXt", b"a\x00b"),
        bake(IMAGE, TEXT).replace("Muñoz".encode(), "Muñox".encode()),
        SIGNATURE + PIXELS + HEADER + chunk(b"iTXt", KEY + b"\x00\x00\x00\x00{}") + END,
        SIGNATURE + HEADER + HEADER + chunk(b"iTXt", KEY + b"\x00\x00\x00\x00{}") + END,
        SIGNATURE + HEADER + PIXELS + chunk(b"iTXt", KEY + b"\x00\x00\x00\x00{}"),
        SIGNATURE + HEADER + struct.pack(">I", 0xFFFFFFFF) + b"iTXt",
        with_text(KEY + b"\x01\x00\x00\x00" + zlib.compress(b"{}")),
        with_text(KEY + b"\x00\x01\x00\x00{}"),
        with_text(KEY + b"\x00\x00\x00{}"),
        with_text(KEY),
        with_text(KEY + b"\x00\x00\x00\x00\xff"),
        with_text(KEY + b"\x00\x00\x00\x00" + b"x" * (1024 * 1024 + 1)),
        SIGNATURE + HEADER + 2 * chunk(b"iTXt", KEY + b"\x00\x00\x00\x00{}") + PIXELS + END,
        SIGNATURE + HEADER + 5000 * chunk(b"tEXt", b"") + chunk(b"iTXt", KEY + b"\x00\x00\x00\x00{}") + END,
        with_text(KEY + b"\x00\x00\x00\x00{}") + bytes(IMAGE_MOST_BYTES),
    ],
    ids=[
        "nothing",
        "another kind of image",
        "signature alone",
        "no credential",
        "cut off, no credential",
        "cut off",
        "a byte behind the end",
        "a chunk behind the end",
        "changed without its sum",
        "header not first",
        "two headers",
        "no end",
        "a length beyond the file",
        "compressed",
        "a compression method",
        "a field missing",
        "all fields missing",
        "not UTF-8",
        "text too large",
        "two credentials",
        "too many chunks",
        "file too large",
    ],
)
def test_anything_else_is_refused(image: bytes) -> None:
    with pytest.raises(NotABadge):
        baked_credential(image)
