"""Reading a file of rows as it arrives: blocks of bytes in, rows out, never more than a row and a head in memory.

Two forms are read: JSON lines (RFC 8259, one object a line) and CSV (RFC 4180, the first line names the columns). What
is wrong with one row is told with the row; what makes the rest of a file unreadable ends the reading.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain
from typing import Final

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.domain.batches import CellFault
from sealwright.domain.errors import BatchTooLarge
from sealwright.services.row_cells import DateOrder
from sealwright.services.row_encoding import HEAD_BYTES
from sealwright.services.row_shape import HOLDER, RowShape
from sealwright.vc.errors import Fault

MEDIA_TYPES: Final[Mapping[str, str]] = {"text/csv": "csv", "application/x-ndjson": "ndjson"}


class RowForm(StrEnum):
    """How rows are written."""

    CSV = "csv"
    NDJSON = "ndjson"


@dataclass(frozen=True, slots=True)
class ReadingWish:
    """What somebody says of their file; what they leave out is found.

    Args:
        encoding: As `row_encoding.named_encoding` takes it.
        separator: Between the cells of a table.
        mapping: Column to JSON pointer; an empty pointer leaves the column out.
        dates: Column to the order of its written dates; an empty name stands for all others.
    """

    form: RowForm
    encoding: str | None = None
    separator: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    dates: Mapping[str, DateOrder] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadingLimits:
    """How much is read: rows, bytes of the file, and bytes of one row."""

    rows: int
    file_bytes: int
    row_bytes: int = 64 * 1024


@dataclass(frozen=True, slots=True)
class FileFinding:
    """What a file seems to be, told by its first 256 KiB; for people to judge before and after it is read.

    Args:
        separator: Between cells; None for JSON lines.
        header: The columns' names, in the file's order.
        columns: Column to JSON pointer into the row, of those that are read.
        ignored: Columns that lead nowhere.
        missing: Names of required places that no column leads to.
        samples: Some cells with letters beyond ASCII: if they look wrong, the encoding is wrong.
        unclear_dates: Columns whose dates can be read in two ways, and nothing tells which is right.
        date_orders: Column to the order in which its written dates are read.
    """

    form: RowForm
    encoding: str
    separator: str | None = None
    header: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    unclear_dates: tuple[str, ...] = ()
    date_orders: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadRow:
    """One row as it was read.

    Args:
        line: Of the file, from 1, where it begins.
        content: One line of JSON in the form of `row_wire`, without its end.
        holder_did: As it was written; None where the row names none.
        faults: What is wrong with its form; its content is not judged here.
        unreadable: The row is no object of JSON, or its cells could not be told apart.
    """

    line: int
    content: bytes
    holder_did: str | None
    faults: tuple[CellFault, ...] = ()
    unreadable: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """A file that is being read.

    Args:
        rows: Once; raises UnreadableRows and BatchTooLarge on the way.
        column_of: The column behind a JSON pointer into a row; None where no table was read.
    """

    finding: FileFinding
    rows: Iterator[ReadRow]
    column_of: Callable[[str], str | None]


def form_of(media_type: str) -> RowForm:
    """The form behind a media type; parameters are not looked at.

    Raises:
        UnreadableRows: UNSUPPORTED_MEDIA_TYPE.
    """
    known = MEDIA_TYPES.get(media_type.partition(";")[0].strip().lower())
    if known is None:
        detail = f"Rows are sent as {' or '.join(MEDIA_TYPES)}."
        raise UnreadableRows(detail, faults=[Fault("", "UNSUPPORTED_MEDIA_TYPE", detail)])
    return RowForm(known)


def look_at(head: bytes, wish: ReadingWish, shape: RowShape, limits: ReadingLimits) -> FileFinding:
    """Tell what a file seems to be, by its first 256 KiB; a missing column of holders is among the finding's `missing`.

    Raises:
        UnreadableRows: As `read_rows`, but for that column.
    """
    return _begin((head,), wish, shape, limits).finding


def read_rows(blocks: Iterable[bytes], wish: ReadingWish, shape: RowShape, limits: ReadingLimits) -> Reading:
    """Begin to read a file; its head is read at once, the rest as the rows are asked for.

    Raises:
        UnreadableRows: The file is empty, its encoding cannot be told, or its columns do not lead to rows; with the
            line and the encodings to choose from in `extra` where that is known.
    """
    reading = _begin(_metered(blocks, limits), wish, shape, limits)
    if HOLDER in reading.finding.missing and f"/{HOLDER}" not in reading.finding.columns.values():
        detail = f"The table has no column {HOLDER}."
        raise UnreadableRows(detail, faults=[Fault(f"/{HOLDER}", "MISSING_FIELD", detail)])
    return Reading(reading.finding, _counted(reading.rows, limits), reading.column_of)


def _begin(blocks: Iterable[bytes], wish: ReadingWish, shape: RowShape, limits: ReadingLimits) -> Reading:
    from sealwright.services.row_csv import read_csv
    from sealwright.services.row_ndjson import read_ndjson

    stream = iter(blocks)
    head, is_whole = _take_head(stream)
    if not head.strip():
        raise UnreadableRows("The file is empty.", faults=[Fault("", "INVALID_BODY", "has no rows")])
    begin = read_csv if wish.form is RowForm.CSV else read_ndjson
    # Judged by the same bytes in whatever blocks they come.
    source = Source(head[:HEAD_BYTES], is_whole and len(head) <= HEAD_BYTES, chain((head,), stream))
    return begin(source, wish, shape, limits)


@dataclass(frozen=True, slots=True)
class Source:
    """A stream whose head was looked at.

    Args:
        is_whole: There is nothing behind the head.
        blocks: All of it, the head included.
    """

    head: bytes
    is_whole: bool
    blocks: Iterable[bytes]


def row_too_long(line: int, limits: ReadingLimits, hint: str = "") -> UnreadableRows:
    """The refusal of a row beyond the limit."""
    detail = f"The row that begins in line {line} is longer than {limits.row_bytes:,} bytes{hint}."
    return UnreadableRows(detail, faults=[Fault("", "PAYLOAD_TOO_LARGE", detail)], extra={"line": line})


def _take_head(stream: Iterator[bytes]) -> tuple[bytes, bool]:
    parts: list[bytes] = []
    size = 0
    for block in stream:
        parts.append(block)
        size += len(block)
        if size >= HEAD_BYTES:
            return b"".join(parts), False
    return b"".join(parts), True


def _metered(blocks: Iterable[bytes], limits: ReadingLimits) -> Iterator[bytes]:
    size = 0
    for block in blocks:
        size += len(block)
        if size > limits.file_bytes:
            detail = f"The file is larger than {limits.file_bytes:,} bytes."
            raise UnreadableRows(detail, faults=[Fault("", "PAYLOAD_TOO_LARGE", detail)])
        if block:
            yield block


def _counted(rows: Iterable[ReadRow], limits: ReadingLimits) -> Iterator[ReadRow]:
    for count, row in enumerate(rows, start=1):
        if count > limits.rows:
            raise BatchTooLarge(f"The file has more than {limits.rows:,} rows.")
        yield row
