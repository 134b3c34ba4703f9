"""How a file of rows is written: found out from its beginning, and kept to until its end.

A file says nothing about its encoding. A mark at its head or its zero bytes give UTF-16 away; what is valid UTF-8 and
not plain ASCII is hardly ever anything else; what is left comes from an older spreadsheet. Nothing is ever replaced by
a question mark: a byte that does not fit ends the reading, with the line it stands in.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Final

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.vc.errors import Fault

HEAD_BYTES: Final = 256 * 1024
UTF_8: Final = "utf-8"
UTF_8_MARKED: Final = "utf-8-sig"
UTF_16: Final = "utf-16"
UTF_16_LE: Final = "utf-16-le"
UTF_16_BE: Final = "utf-16-be"
WINDOWS: Final = "windows-1252"
ENCODINGS: Final = (UTF_8, UTF_8_MARKED, UTF_16, UTF_16_LE, UTF_16_BE, WINDOWS)

# What people and programs call them. Latin-1 is read as Windows-1252, as browsers do: it differs in control codes only.
_NAMES: Final = {
    "utf8": UTF_8,
    "utf8sig": UTF_8_MARKED,
    "utf8bom": UTF_8_MARKED,
    "utf16": UTF_16,
    "utf16le": UTF_16_LE,
    "utf16be": UTF_16_BE,
    "windows1252": WINDOWS,
    "cp1252": WINDOWS,
    "iso88591": WINDOWS,
    "latin1": WINDOWS,
    "ascii": UTF_8,
    "usascii": UTF_8,
}
_UTF_32_MARKS: Final = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)


def named_encoding(name: str) -> str:
    """Give the encoding that a caller named.

    Raises:
        UnreadableRows: INVALID_VALUE: it is none of those that are read here.
    """
    known = _NAMES.get("".join(letter for letter in name.lower() if letter.isalnum()))
    if known is None:
        detail = f"The encoding must be one of {', '.join(ENCODINGS)}."
        raise UnreadableRows(detail, faults=[Fault("/encoding", "INVALID_VALUE", detail)])
    return known


def found_encoding(head: bytes, *, is_whole: bool) -> str:
    """Tell how a file is written from its first bytes.

    Args:
        head: Up to `HEAD_BYTES`.
        is_whole: There is nothing behind; otherwise a character may be cut in two at the end.

    Raises:
        UnreadableRows: INVALID_UNICODE: it is text in none of the encodings that are read here.
    """
    if head.startswith(_UTF_32_MARKS):
        raise _refusal("The file is written in UTF-32; save it as UTF-8.", None)
    if head.startswith(codecs.BOM_UTF8):
        return UTF_8_MARKED
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return UTF_16
    wide = _wide_encoding(head)
    candidates = ([wide] if wide is not None else []) + [UTF_8, WINDOWS]
    for candidate in candidates:
        if _decodes(head, candidate, is_whole=is_whole):
            return candidate
    raise _refusal("The file is not text in UTF-8, UTF-16 or Windows-1252.", None)


def _wide_encoding(head: bytes) -> str | None:
    """UTF-16 without a mark: the zero bytes of its ASCII letters stand all on one side of the pairs."""
    pairs = len(head) // 2
    on_even, on_odd = head[0 : 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0)
    if on_odd * 5 > pairs and on_even * 50 < on_odd:
        return UTF_16_LE
    if on_even * 5 > pairs and on_odd * 50 < on_even:
        return UTF_16_BE
    return None


def _decodes(head: bytes, encoding: str, *, is_whole: bool) -> bool:
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(head, is_whole)
    except UnicodeDecodeError:
        return False
    return True


def decoded(blocks: Iterable[bytes], encoding: str) -> Iterator[str]:
    """Decode a stream; a mark at its head is taken off.

    Raises:
        UnreadableRows: INVALID_UNICODE with the line of the first byte that does not fit.
    """
    stream = iter(blocks)
    head = next((block for block in stream if block), b"")
    if encoding == UTF_16 and not head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        # Without a mark, what was named UTF-16 is little-endian: so every program writes it that leaves the mark out.
        encoding = UTF_16_LE
    decoder = codecs.getincrementaldecoder(UTF_8_MARKED if encoding == UTF_8 else encoding)("strict")
    lines = 0
    is_first = True
    for block, is_last in _with_end(chain((head,), stream)):
        try:
            text = decoder.decode(block, is_last)
        except UnicodeDecodeError as error:
            valid = bytes(error.object[: error.start]).decode(encoding, "replace")
            raise misfit(encoding, lines + valid.count("\n") + 1) from error
        if is_first and text:
            text = text.removeprefix("\ufeff")
            is_first = False
        lines += text.count("\n")
        if text:
            yield text


def misfit(encoding: str, line: int) -> UnreadableRows:
    """The refusal of a file that is written otherwise than it seemed, or than somebody said.

    Args:
        line: Of the first byte that does not fit, from 1.
    """
    others = [other for other in (UTF_8, WINDOWS, UTF_16) if other != encoding.removesuffix("-sig")]
    detail = (
        f"Line {line} is not written in {encoding}, as the lines before it seem to be. "
        f"Name the file's encoding ({' or '.join(others)}) if you know it, or save the file as UTF-8."
    )
    return _refusal(detail, line, others)


def _refusal(detail: str, line: int | None, encodings: Iterable[str] = ()) -> UnreadableRows:
    extra = {"line": line, "encodings": list(encodings)} if line is not None else {}
    return UnreadableRows(detail, faults=[Fault("", "INVALID_UNICODE", detail)], extra=extra)


def _with_end(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    for block in blocks:
        yield block, False
    yield b"", True
