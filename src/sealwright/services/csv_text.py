"""The one writer of CSV: RFC 4180, UTF-8, and nothing in it that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Final, TypeAlias

from sealwright.vc.encoding.timestamps import format_timestamp

Cell: TypeAlias = str | int | float | bool | datetime | None

# Spreadsheets take a text for a formula when it begins with one of these, also behind blanks.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Write a heading and rows, one piece for each line; lines end in CR LF.

    A text that a spreadsheet would take for a formula gets an apostrophe in front. Numbers stay numbers: only texts
    can come from strangers.

    Spec: RFC 4180, "Definition of the CSV Format".
    """
    yield _line(columns)
    for row in rows:
        yield _line(row)


def looks_like_formula(text: str) -> bool:
    """Tell whether a spreadsheet would run this text."""
    return text.lstrip(" \u00a0").startswith(_FORMULA_STARTS)


def _line(cells: Sequence[Cell]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([_spelled(cell) for cell in cells])
    return text.getvalue().encode("utf-8", "replace")


def _spelled(cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, datetime):
        return format_timestamp(cell)
    if isinstance(cell, str):
        text = cell.replace("\0", "")
        return f"'{text}" if looks_like_formula(text) else text
    return f"{cell:.4f}".rstrip("0").rstrip(".") if isinstance(cell, float) else str(cell)
