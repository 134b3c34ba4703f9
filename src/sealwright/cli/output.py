"""What a command prints: data on stdout, messages on stderr, as JSON or for eyes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO, TypeAlias

if TYPE_CHECKING:
    import typer

Members: TypeAlias = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Output:
    """How this run talks: `json` one object for programs, `quiet` no messages."""

    json: bool = False
    quiet: bool = False

    def emit(self, members: Members, *, plain: str | Callable[[], str] | None = None) -> None:
        """Print the command's answer.

        Args:
            plain: What eyes get instead; by default one line for each member.
        """
        if self.json:
            write_json(sys.stdout, members)
        elif plain is None:
            write_line(sys.stdout, spell(members))
        else:
            write_line(sys.stdout, plain if isinstance(plain, str) else plain())

    def emit_list(self, items: Sequence[Members], columns: Sequence[str]) -> None:
        """Print a list: {``items``: […]} as JSON, else a table of some members."""
        if self.json:
            write_json(sys.stdout, {"items": list(items)})
        else:
            write_line(sys.stdout, table(items, columns))

    def say(self, message: str) -> None:
        """Print a message for a person, on stderr; nothing with `json` or `quiet`."""
        if not self.quiet and not self.json:
            write_line(sys.stderr, message)


def of(ctx: typer.Context) -> Output:
    """The output that the door handed to a command."""
    output = ctx.find_root().obj
    return output if isinstance(output, Output) else Output()


def write_json(stream: TextIO, value: object) -> None:
    """Write one JSON text and a line end; raw parts are written as they were stored."""
    import msgspec

    write_line(stream, msgspec.json.encode(value).decode("utf-8"))


def write_line(stream: TextIO, text: str) -> None:
    """Write text with a line end, in UTF-8 whatever the locale says, and let it out at once."""
    data = text if text.endswith("\n") or not text else text + "\n"
    try:
        stream.write(data)
    except UnicodeEncodeError:
        stream.buffer.write(data.encode("utf-8", "replace"))
    stream.flush()


def spell(members: Members) -> str:
    """Spell members for eyes, one a line."""
    width = max((len(name) for name in members), default=0) + 2
    return "\n".join(f"{name:<{width}}{_cell(value)}" for name, value in members.items())


def table(items: Sequence[Members], columns: Sequence[str]) -> str:
    """Spell a list for eyes, in columns; an empty list is no text at all."""
    if not items:
        return ""
    rows = [list(columns)] + [[_cell(item.get(column)) for column in columns] for item in items]
    widths = [max(_cells_wide(row[index]) for row in rows) for index in range(len(columns))]
    return "\n".join(
        "  ".join(cell + " " * (width - _cells_wide(cell)) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def _cells_wide(text: str) -> int:
    """How many cells of a terminal a text takes: ideographs take two, combining marks none."""
    if text.isascii():
        return len(text)
    from unicodedata import category, east_asian_width

    return sum(
        0 if category(letter) in ("Mn", "Me") else 2 if east_asian_width(letter) in ("W", "F") else 1 for letter in text
    )


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return printable(str(value))
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return printable(", ".join(value)) or "-"
    import msgspec

    return printable(msgspec.json.encode(value).decode("utf-8"))


def printable(text: str) -> str:
    """Escape control characters: stored text must not steer a terminal."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode("ascii") for letter in text
    )
