"""Tables of rows: CSV as spreadsheets write it, its first line naming the columns.

Spec: RFC 4180, "Definition of the CSV Format". Beyond it: semicolons or tabs between cells, any line ends, and the line
``sep=;`` that some spreadsheets put first.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.domain.batches import CellFault
from sealwright.domain.errors import BatchTooLarge
from sealwright.services.row_cells import DateOrder, end_of_day, order_of, read_cell, unguarded
from sealwright.services.row_columns import ColumnPlan, plan_columns
from sealwright.services.row_encoding import decoded, found_encoding, named_encoding
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
from sealwright.services.row_shape import CLAIMS, EMAIL, EXPIRATION, HOLDER, CellKind, CellPlace, RowShape
from sealwright.services.row_wire import holder_of, unreadable_line, wire_faults
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import Fault

SEPARATORS: Final = (",", ";", "\t")
_SAMPLES: Final = 6
_PIECE_BYTES: Final = 4_096
_SAMPLE_LETTERS: Final = 80
_OPEN_QUOTE: Final = "; a quotation mark may be open"


def read_csv(source: Source, wish: ReadingWish, shape: RowShape, limits: ReadingLimits) -> Reading:
    """Begin to read a table.

    Raises:
        UnreadableRows: Its encoding cannot be told, it has no header, or its columns do not lead to rows.
    """
    if wish.separator is not None and wish.separator not in SEPARATORS:
        detail = "The separator must be a comma, a semicolon or a tab."
        raise UnreadableRows(detail, faults=[Fault("/separator", "INVALID_VALUE", detail)])
    encoding = named_encoding(wish.encoding) if wish.encoding else found_encoding(source.head, is_whole=source.is_whole)
    look = _look(source, encoding, wish.separator, limits)
    plan = plan_columns(look.header, shape, wish.mapping)
    orders, unclear = _date_orders(plan, look.records, wish.dates)
    finding = FileFinding(
        RowForm.CSV,
        encoding,
        separator=look.separator,
        header=plan.header,
        columns=_led(plan),
        ignored=plan.ignored,
        missing=plan.missing,
        samples=look.samples(),
        unclear_dates=unclear,
        date_orders={name: order.value for name, order in orders.items()},
    )
    lines = _Lines(decoded(source.blocks, encoding), limits)
    table = _Table(plan, orders)
    return Reading(finding, _rows(lines, look.separator, table, limits), lru_cache(maxsize=1_024)(plan.column_of))


@dataclass(frozen=True, slots=True)
class _Look:
    """The head of a table.

    Args:
        records: The cells of the rows in the head, as far as they are whole.
    """

    separator: str
    header: tuple[str, ...]
    records: tuple[Sequence[str], ...]

    def samples(self) -> tuple[str, ...]:
        """Some cells with letters beyond ASCII, each once."""
        found: dict[str, None] = {}
        for cell in (cell for record in self.records for cell in record if not cell.isascii()):
            found[cell[:_SAMPLE_LETTERS]] = None
            if len(found) == _SAMPLES:
                break
        return tuple(found)


def _look(source: Source, encoding: str, said: str | None, limits: ReadingLimits) -> _Look:
    text, misfit = _head_text(source, encoding)
    lines = _Lines(iter((text,)), limits)
    separator = ""
    header: tuple[str, ...] = ()
    records: list[Sequence[str]] = []
    try:
        separator = lines.find_separator(said)
        for record in csv.reader(lines, delimiter=separator, strict=True):
            lines.end_record()
            if header and any(record):
                records.append(record)
            elif any(cell.strip() for cell in record):
                header = tuple(record)
    except csv.Error:
        # The rows themselves are read again, and tell what is wrong with them.
        pass
    except UnreadableRows:
        if not header:
            raise
    if not source.is_whole and records:
        # The last row may be cut off where the head ends.
        records.pop()
    if not header and misfit is not None:
        raise misfit
    if not header:
        detail = "The table has no readable first line that names its columns."
        raise UnreadableRows(detail, faults=[Fault("", "INVALID_BODY", detail)], extra={"line": 1})
    return _Look(separator, header, tuple(records))


def _head_text(source: Source, encoding: str) -> tuple[str, UnreadableRows | None]:
    """The head as text, as far as its bytes fit, and why it ends there."""
    pieces = (source.head[at : at + _PIECE_BYTES] for at in range(0, len(source.head), _PIECE_BYTES))
    parts: list[str] = []
    try:
        for text in decoded(pieces, encoding):
            parts.append(text)
    except UnreadableRows as error:
        return "".join(parts), error
    return "".join(parts), None


def _led(plan: ColumnPlan) -> Mapping[str, str]:
    return {name: place.pointer for name, place in zip(plan.header, plan.places, strict=True) if place is not None}


def _date_orders(
    plan: ColumnPlan, records: Sequence[Sequence[str]], said: Mapping[str, DateOrder]
) -> tuple[dict[str, DateOrder], tuple[str, ...]]:
    """The order of each column of dates, as somebody said or its cells demand; and the unclear columns."""
    orders: dict[str, DateOrder] = {}
    unclear: list[str] = []
    for index, place in enumerate(plan.places):
        if place is None or not (place.kind is CellKind.DATE or place.path == (EXPIRATION,)):
            continue
        demanded, is_unclear = order_of(record[index] for record in records if index < len(record))
        name = plan.header[index]
        order = said.get(name) or said.get("") or demanded
        if order is not None:
            orders[name] = order
        elif is_unclear:
            unclear.append(name)
    return orders, tuple(unclear)


class _Lines(Iterator[str]):
    """The lines of a text with their ends, counted; a record that grows beyond the limit is refused.

    Only line feeds and carriage returns end a line: other letters that Unicode calls line ends belong to names.
    """

    def __init__(self, texts: Iterable[str], limits: ReadingLimits) -> None:
        self._texts = iter(texts)
        self._limits = limits
        self._ready: list[str] = []
        self._rest = ""
        self._in_record = 0
        self._record: list[str] = []
        self.count = 0
        self.begin = 1

    def __next__(self) -> str:
        while not self._ready:
            self._fill()
        line = self._ready.pop()
        self.count += 1
        self._record.append(line)
        self._in_record += len(line) if line.isascii() else len(line.encode("utf-8"))
        if self._in_record > self._limits.row_bytes:
            raise row_too_long(self.begin, self._limits, _OPEN_QUOTE)
        return line

    def end_record(self) -> int:
        """Begin a new record; gives the line in which the last one began."""
        begin, self.begin, self._in_record = self.begin, self.count + 1, 0
        self._record.clear()
        return begin

    def record(self) -> str:
        """The text of the record so far."""
        return "".join(self._record).rstrip("\r\n")

    def is_at_end(self) -> bool:
        """Tell whether nothing is left."""
        return not self._ready and not self._rest

    def find_separator(self, said: str | None) -> str:
        """Tell what stands between cells from the first line that is not blank; a ``sep=`` line is taken away.

        Args:
            said: Somebody knows it.
        """
        for line in self:
            text = line.strip("\r\n")
            if text[:4].lower() == "sep=" and text[4:] in SEPARATORS:
                self.end_record()
                return said or text[4:]
            if text.strip():
                self._ready.append(line)
                self.count -= 1
                self._in_record = 0
                self._record.clear()
                return said or _separator_in(text)
        return said or SEPARATORS[0]

    def _fill(self) -> None:
        text = next(self._texts, None)
        if text is None:
            if not self._rest:
                raise StopIteration
            self._ready, self._rest = [self._rest], ""
            return
        text = self._rest + text
        lines = _split(text)
        # A carriage return at the very end may be half of a line end.
        self._rest = lines.pop() if lines and not lines[-1].endswith("\n") else ""
        if len(self._rest) > self._limits.row_bytes:
            raise row_too_long(self.count + len(lines) + 1, self._limits, _OPEN_QUOTE)
        self._ready = lines[::-1]


def _split(text: str) -> list[str]:
    """Cut a text behind each line end, the ends kept."""
    pieces = text.split("\n")
    lines = [piece + "\n" for piece in pieces[:-1]] + ([pieces[-1]] if pieces[-1] else [])
    if "\r" not in text:
        return lines
    cut: list[str] = []
    for line in lines:
        body = line.removesuffix("\r\n").removesuffix("\n")
        if "\r" not in body:
            cut.append(line)
            continue
        parts = line.split("\r")
        for index, part in enumerate(parts[:-1]):
            is_crlf = parts[index + 1] == "\n" and index == len(parts) - 2
            cut.append(part + ("\r\n" if is_crlf else "\r"))
        if parts[-1] not in ("", "\n"):
            cut.append(parts[-1])
    return cut


def _separator_in(line: str) -> str:
    """The separator that stands most often outside of quotation marks; a comma where none does."""
    plain = "".join(line.split('"')[::2])
    return max(SEPARATORS, key=lambda separator: (plain.count(separator), separator == ","))


class _Table:
    """Turns the cells of a row into the row."""

    def __init__(self, plan: ColumnPlan, orders: Mapping[str, DateOrder]) -> None:
        self._width = len(plan.header)
        self._columns: list[tuple[int, str, CellPlace, DateOrder | None]] = [
            (index, name, place, orders.get(name))
            for index, (name, place) in enumerate(zip(plan.header, plan.places, strict=True))
            if place is not None
        ]

    def row(self, line: int, cells: Sequence[str]) -> ReadRow:
        """Give the row that some cells make; a blank cell is a member left out."""
        if any(cell.strip() for cell in cells[self._width :]):
            detail = f"has {len(cells)} cells, and the header has {self._width} columns"
            return _unreadable(line, ",".join(cells), detail)
        row: dict[str, Any] = {CLAIMS: {}}
        faults: list[CellFault] = []
        for index, name, place, order in self._columns:
            text = cells[index] if index < len(cells) else ""
            if not text or text.isspace():
                continue
            value, fault = _cell(text, place, order)
            if fault is not None:
                faults.append(CellFault(place.pointer, "INVALID_DATE", fault, name))
            target = row
            for step in place.path[:-1]:
                target = target.setdefault(step, {})
            target[place.path[-1]] = value
        return _finished(line, row, faults, self._name_of)

    def _name_of(self, pointer: str) -> str | None:
        return next((name for _, name, place, _ in self._columns if place.pointer == pointer), None)


def _cell(text: str, place: CellPlace, order: DateOrder | None) -> tuple[Any, str | None]:
    text = unguarded(text)
    match place.path:
        case ("holderDid",) | ("email",):
            return text.strip(), None
        case ("expirationDate",):
            read = end_of_day(text, order)
        case _:
            read = read_cell(text, place, order)
    return read.value, read.fault


def _finished(line: int, row: dict[str, Any], faults: list[CellFault], name_of: Any) -> ReadRow:
    told = {fault.pointer for fault in faults}
    of_form = [
        CellFault(fault.pointer, fault.code, fault.detail, name_of(fault.pointer))
        for fault in wire_faults(row)
        if fault.pointer not in told
    ]
    holder = holder_of(row)
    ordered = {name: row[name] for name in (HOLDER, CLAIMS, EXPIRATION, EMAIL) if name in row}
    return ReadRow(line, dump_json(ordered), holder, (*of_form, *faults))


def _unreadable(line: int, text: str, detail: str) -> ReadRow:
    fault = CellFault("", "INVALID_VALUE", detail)
    return ReadRow(line, unreadable_line(text), None, (fault,), unreadable=True)


def _rows(lines: _Lines, separator: str, table: _Table, limits: ReadingLimits) -> Iterator[ReadRow]:
    lines.find_separator(separator)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    has_header = False
    blank = 0
    while True:
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if lines.is_at_end() and "unexpected end" in str(error):
                detail = f"The quotation mark that opens in the row of line {lines.begin} is never closed."
                refused = UnreadableRows(
                    detail, faults=[Fault("", "INVALID_VALUE", detail)], extra={"line": lines.begin}
                )
                raise refused from error
            text = lines.record()
            yield _unreadable(lines.end_record(), text, "has quotation marks that do not fit together")
            continue
        line = lines.end_record()
        if not any(cell and not cell.isspace() for cell in cells):
            blank += 1
            if blank > limits.rows:
                raise BatchTooLarge(f"The file has more than {limits.rows:,} empty lines.")
        elif has_header:
            yield table.row(line, cells)
        else:
            has_header = True
