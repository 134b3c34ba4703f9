"""Reading our own pages: sections by heading, tables, and fenced blocks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING: Final = re.compile(r"^(#+) (.+)$")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language and its text."""

    language: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading with what stands below it, up to the next heading of any level."""

    level: int
    title: str
    text: str

    @property
    def blocks(self) -> tuple[Block, ...]:
        return tuple(Block(language, text) for language, text in _FENCE.findall(self.text))

    @property
    def prose(self) -> str:
        return _FENCE.sub("", self.text)

    def table(self, first_title: str) -> list[list[str]]:
        """The rows of the table whose first column has this title; none where there is no such table."""
        rows: list[list[str]] = []
        inside = False
        for line in self.prose.splitlines():
            if not line.startswith("|"):
                inside = False
                continue
            # A bar inside a cell is written with a backslash before it.
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
            if cells[0] == first_title:
                inside = True
            elif inside and not set(cells[0]) <= {"-", ":"}:
                rows.append(cells)
        return rows

    def labeled(self, label: str) -> str | None:
        """The paragraph behind ``label``, without it."""
        found = re.search(rf"^{re.escape(label)}(.+?)(?:\n\n|\Z)", self.prose, re.MULTILINE | re.DOTALL)
        return found[1] if found else None


def read_page(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def sections(page: Path) -> list[Section]:
    """Every section of a page, in order; headings inside fenced blocks do not count."""
    found: list[Section] = []
    level, title, lines, in_fence = 0, "", [], False
    for line in read_page(page).splitlines(keepends=True):
        if line.startswith("```"):
            in_fence = not in_fence
        heading = None if in_fence else _HEADING.match(line)
        if heading is None:
            lines.append(line)
            continue
        if level:
            found.append(Section(level, title, "".join(lines)))
        level, title, lines = len(heading[1]), heading[2].strip(), []
    found.append(Section(level, title, "".join(lines)))
    return found


def in_code(text: str) -> list[str]:
    """Everything that stands between backticks."""
    return re.findall(r"`([^`]+)`", text)
