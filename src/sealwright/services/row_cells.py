"""The text of a cell as JSON, by what the schema says of its place.

Strict on purpose: what is not plainly a number stays text, and then the schema's own fault names the place. Texts of
claims are kept byte for byte, leading zeros, spaces and combining accents too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from sealwright.services.csv_text import looks_like_formula
from sealwright.services.row_shape import CellKind, CellPlace
from sealwright.vc.encoding.strict_json import MAX_SAFE_INTEGER, JSONValue

LIST_SEPARATOR: Final = ";"
_TRUE: Final = frozenset({"true", "yes", "1"})
_FALSE: Final = frozenset({"false", "no", "0"})
_INTEGER: Final = re.compile(r"-?(?:0|[1-9]\d{0,15})", re.ASCII)
_NUMBER: Final = re.compile(r"-?(?:0|[1-9]\d{0,40})(?:\.\d{1,60})?(?:[eE][+-]?\d{1,3})?", re.ASCII)
_ISO_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
# Written by people: 31.12.2026, 12/31/2026, 31-12-2026.
_WRITTEN_DATE: Final = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})", re.ASCII)


class DateOrder(StrEnum):
    """Which number of a written date is the day."""

    DAY_FIRST = "dmy"
    MONTH_FIRST = "mdy"


_FIRST: Final = {DateOrder.DAY_FIRST: "day", DateOrder.MONTH_FIRST: "month"}


@dataclass(frozen=True, slots=True)
class CellRead:
    """What became of a cell; `fault` is a sentence when its date cannot be told."""

    value: JSONValue
    fault: str | None = None


def read_cell(text: str, place: CellPlace, order: DateOrder | None) -> CellRead:
    """Turn the text of a cell, which is not blank, into what its place takes.

    Args:
        order: How written dates of this column are read; None where nothing tells.
    """
    if not place.is_list:
        return _read_one(text, place, order)
    reads = [_read_one(part.strip(), place, order) for part in text.split(LIST_SEPARATOR) if part.strip()]
    return CellRead([read.value for read in reads], next((read.fault for read in reads if read.fault), None))


def _read_one(text: str, place: CellPlace, order: DateOrder | None) -> CellRead:
    match place.kind:
        case CellKind.TEXT:
            return CellRead(_listed(text, place))
        case CellKind.INTEGER | CellKind.NUMBER:
            return CellRead(_number(text, place.kind))
        case CellKind.BOOLEAN:
            word = text.strip().lower()
            return CellRead(True if word in _TRUE else False if word in _FALSE else text)
        case CellKind.DATE:
            return _date(text.strip(), order)
        case CellKind.MOMENT:
            return CellRead(text.strip())


def _listed(text: str, place: CellPlace) -> JSONValue:
    """A text as it is, unless the schema lists values that are not texts and one of them is spelled like this."""
    if not place.values or text in place.values:
        return text
    spelled = text.strip().lower()
    for value in place.values:
        is_plain = isinstance(value, bool | int | float)
        if is_plain and (str(value).lower() if isinstance(value, bool) else str(value)) == spelled:
            return value
    return text


def _number(text: str, kind: CellKind) -> JSONValue:
    plain = text.strip()
    if _INTEGER.fullmatch(plain):
        value = int(plain)
        return value if abs(value) <= MAX_SAFE_INTEGER else text
    if kind is CellKind.NUMBER and _NUMBER.fullmatch(plain):
        number = float(plain)
        return number if abs(number) != float("inf") else text
    return text


def _date(text: str, order: DateOrder | None) -> CellRead:
    written = _WRITTEN_DATE.fullmatch(text)
    if _ISO_DATE.fullmatch(text) or written is None:
        return CellRead(text)
    readings = {each: day for each in DateOrder if (day := _as_iso(written, each)) is not None}
    if order is not None:
        if order in readings:
            return CellRead(readings[order])
        return CellRead(text, f"is no date when its {_FIRST[order]} comes first, as in this column")
    if len(set(readings.values())) == 1:
        return CellRead(next(iter(readings.values())))
    if not readings:
        return CellRead(text, "is no date that exists")
    both = " or ".join(sorted(readings.values()))
    return CellRead(text, f"can be read as {both}; say which number is the day, or write YYYY-MM-DD")


def _as_iso(written: re.Match[str], order: DateOrder) -> str | None:
    first, second, year = int(written[1]), int(written[3]), int(written[4])
    day, month = (first, second) if order is DateOrder.DAY_FIRST else (second, first)
    try:
        return date(year, month, day).isoformat()
    except ValueError:
        return None


def order_of(texts: Iterable[str]) -> tuple[DateOrder | None, bool]:
    """Tell how the dates of a column are written.

    Returns:
        The one order that all of them allow and one of them demands, or None; and whether there is any date in the
        column that can be read in two ways.
    """
    demanded: set[DateOrder] = set()
    is_unclear = False
    for text in texts:
        written = _WRITTEN_DATE.fullmatch(text.strip())
        if written is None:
            continue
        readings = {each: day for each in DateOrder if (day := _as_iso(written, each)) is not None}
        if len(readings) == 1:
            demanded.update(readings)
        is_unclear |= len(set(readings.values())) == 2
    return (next(iter(demanded)) if len(demanded) == 1 else None), is_unclear


def end_of_day(text: str, order: DateOrder | None) -> CellRead:
    """An expiration that names a day alone lasts until that day ends, in UTC."""
    read = _date(text.strip(), order)
    if read.fault is None and isinstance(read.value, str) and _ISO_DATE.fullmatch(read.value):
        return CellRead(f"{read.value}T23:59:59Z")
    return read


def guarded(text: str) -> str:
    """A text that the writer of CSV leaves alone and `unguarded` gives back, whatever it begins with.

    The writer puts an apostrophe before what a spreadsheet would run. Taking it off again must not take one off that
    was there before.
    """
    return f"'{text}" if text.startswith("'") and _is_guardable(text) else text


def unguarded(text: str) -> str:
    """Take off the apostrophe that keeps a spreadsheet from running a text."""
    return text[1:] if text.startswith("'") and _is_guardable(text[1:]) else text


def _is_guardable(text: str) -> bool:
    return looks_like_formula(text.lstrip("'"))
