"""Tables in letters: aligned columns in the plain text, a real table with headings in HTML."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from html import escape
from typing import Final

_GAP: Final = "  "
_TABLE: Final = "width:100%;margin:0 0 16px;border-collapse:collapse;font-size:14px;line-height:1.4;color:#1b1b1f"
_HEAD: Final = ' style="border-bottom:2px solid #767680"'
_LINE: Final = ' style="border-bottom:1px solid #c7c7cf"'


@dataclass(frozen=True, slots=True)
class LetterTable:
    """A table whose first column names its rows; the others hold numbers.

    Args:
        caption: What it shows.
        columns: One heading for each column.
        rows: As many cells each.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def table_text(table: LetterTable) -> str:
    """The table in plain text: the first column to the left, the others to the right, a rule under the headings."""
    lines = [table.columns, *table.rows]
    widths = [max(_width(line[place]) for line in lines) for place in range(len(table.columns))]
    rule = _GAP.join("-" * width for width in widths)
    set_out = [_set_out(line, widths) for line in lines]
    return "\n".join([f"{table.caption}:", "", set_out[0], rule, *set_out[1:]])


def table_html(table: LetterTable) -> str:
    """The table in HTML: each row's name stands on a line of its own above its numbers, so that six of them fit.

    Where they do not, on a phone, the table alone is pushed to the side, not the letter.
    """
    heads = "".join(f'<th scope="col" align="right">{escape(name)}</th>' for name in table.columns[1:])
    rows = "".join(
        f'<tbody><tr><th scope="rowgroup" colspan="{len(table.columns) - 1}" align="left">{escape(line[0])}</th></tr>'
        f"<tr{_LINE}>" + "".join(f'<td align="right">{escape(cell)}</td>' for cell in line[1:]) + "</tr></tbody>"
        for line in table.rows
    )
    caption = f'<caption align="top" style="text-align:left;padding:0 0 8px">{escape(table.caption)}</caption>'
    return (
        f'<div style="overflow-x:auto"><table cellpadding="5" style="{_TABLE}">{caption}'
        f"<thead><tr{_HEAD}>{heads}</tr></thead>{rows}</table></div>"
    )


def _set_out(line: tuple[str, ...], widths: list[int]) -> str:
    cells = [
        _padding(cell, width) + cell if place else cell + _padding(cell, width)
        for place, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]
    return _GAP.join(cells).rstrip()


def _padding(cell: str, width: int) -> str:
    return " " * (width - _width(cell))


def _width(text: str) -> int:
    """How many columns a text takes: East Asian letters take two, marks on letters none."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )
