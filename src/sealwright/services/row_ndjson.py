"""JSON lines: one row object a line, read as strictly as a body of our API.

Spec: RFC 8259; RFC 7493, The I-JSON Message Format.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.domain.batches import CellFault
from sealwright.domain.errors import BatchTooLarge
from sealwright.services.row_encoding import (
    UTF_8,
    UTF_8_MARKED,
    UTF_16,
    UTF_16_BE,
    UTF_16_LE,
    decoded,
    found_encoding,
    named_encoding,
)
from sealwright.services.row_reading import (
    FileFinding,
    Reading,
    ReadingLimits,
    ReadingWish,
    ReadRow,
    RowForm,
    Source,
    row_too_long,
)
from sealwright.services.row_shape import RowShape
from sealwright.services.row_wire import holder_of, unreadable_line, wire_faults
from sealwright.vc.encoding.strict_json import dump_json, parse_json
from sealwright.vc.errors import DuplicateKey, InvalidUnicode, NestingTooDeep, NumberOutOfRange, UnreadableJSON, VcError

_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_CODES: Final[Mapping[type[VcError], str]] = {
    InvalidUnicode: "INVALID_UNICODE",
    DuplicateKey: "DUPLICATE_KEY",
    NestingTooDeep: "NESTING_TOO_DEEP",
    NumberOutOfRange: "NUMBER_OUT_OF_RANGE",
}


def read_ndjson(source: Source, wish: ReadingWish, _shape: RowShape, limits: ReadingLimits) -> Reading:
    """Begin to read JSON lines. They are UTF-8 unless a mark, zero bytes, or somebody says otherwise."""
    encoding = named_encoding(wish.encoding) if wish.encoding else _encoding(source)
    blocks = source.blocks
    if encoding not in (UTF_8, UTF_8_MARKED):
        blocks = (text.encode("utf-8") for text in decoded(source.blocks, encoding))
    return Reading(FileFinding(RowForm.NDJSON, encoding), _rows(blocks, limits), lambda _pointer: None)


def _encoding(source: Source) -> str:
    """JSON is UTF-8: a line that is not is that line's fault, so nothing is guessed beyond UTF-16."""
    try:
        found = found_encoding(source.head, is_whole=source.is_whole)
    except UnreadableRows:
        return UTF_8
    return found if found in (UTF_8_MARKED, UTF_16, UTF_16_LE, UTF_16_BE) else UTF_8


def _rows(blocks: Iterable[bytes], limits: ReadingLimits) -> Iterator[ReadRow]:
    blank = 0
    for number, line in enumerate(_lines(blocks, limits), start=1):
        text = line.strip(b" \t\r\n")
        if number == 1:
            text = text.removeprefix(_BYTE_ORDER_MARK)
        if text:
            yield _row(number, text)
            continue
        blank += 1
        if blank > limits.rows:
            raise BatchTooLarge(f"The file has more than {limits.rows:,} empty lines.")


def _row(number: int, text: bytes) -> ReadRow:
    try:
        value = parse_json(text)
    except (UnreadableJSON, NumberOutOfRange) as error:
        code = _CODES.get(type(error), "INVALID_JSON")
        fault = CellFault(error.pointer or "", code, error.detail)
        return ReadRow(number, unreadable_line(text.decode("utf-8", "replace")), None, (fault,), unreadable=True)
    faults = wire_faults(value)
    if not isinstance(value, dict):
        return ReadRow(number, unreadable_line(text.decode("utf-8")), None, faults, unreadable=True)
    # Written anew, so that whoever issues the row knows by its form that no member name stands in it twice.
    return ReadRow(number, dump_json(value), holder_of(value), faults)


def _lines(blocks: Iterable[bytes], limits: ReadingLimits) -> Iterator[bytes]:
    """Cut a stream at its line feeds; a line that never ends is refused before it fills the memory."""
    rest = b""
    count = 0
    for block in blocks:
        lines = (rest + block).split(b"\n")
        rest = lines.pop()
        for line in lines:
            count += 1
            if len(line) > limits.row_bytes:
                raise row_too_long(count, limits)
            yield line
        if len(rest) > limits.row_bytes:
            raise row_too_long(count + 1, limits)
    if rest:
        yield rest
