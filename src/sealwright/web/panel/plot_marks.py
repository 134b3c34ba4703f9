"""What plots are drawn with: axes, bars, dots and texts as SVG, every text escaped, every color a class."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final


@dataclass(frozen=True, slots=True)
class Frame:
    """Where a drawing's axes stand, in its own units."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    most: float
    least: float = 0.0

    def y(self, value: float) -> float:
        """Where a number stands, measured from the top."""
        return self.bottom - (value - self.least) / (self.most - self.least) * (self.bottom - self.top)


def tick_step(most: float, ticks: int = 3) -> float:
    """Give the distance of grid lines: 1, 2, 3 or 5 times a power of ten, at most `ticks` of them up to `most`."""
    if most <= 0:
        return 1.0
    rough = most / ticks
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 3, 5, 10) if factor * power >= rough * 0.999)


def number(value: float) -> str:
    """Spell a number without a needless fraction: 3, 3.5, 0.25."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


# The first series stays plain; the others differ by stripes: size of the tile, its turn, and what is drawn in it.
STRIPES: Final = {
    1: (6, 0, "M0 3h6"),
    2: (6, 45, "M0 3h6"),
    3: (6, 90, "M0 3h6"),
    4: (8, 0, "M0 4h8M4 0v8"),
    5: (7, 135, "M0 3h3"),
}


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, by its upper left corner."""

    x: float
    y: float
    wide: float
    high: float

    @property
    def place(self) -> str:
        """Its attributes."""
        return f'x="{self.x:.1f}" y="{self.y:.1f}" width="{self.wide:.1f}" height="{self.high:.1f}"'


def stripes(name: str, series: int) -> str:
    """Define the patterns that so many series need; ids begin with the plot's name."""
    tiles = "".join(
        f'<pattern id="{escape(name)}-h{rank}" width="{size}" height="{size}" patternUnits="userSpaceOnUse" '
        f'patternTransform="rotate({turn})"><path class="hatch" d="{path}"/></pattern>'
        for rank, (size, turn, path) in STRIPES.items()
        if rank < series
    )
    return f"<defs>{tiles}</defs>" if tiles else ""


def short(label: str, most: int) -> str:
    """Cut a label to a length; the table twin has it whole."""
    return label if len(label) <= most else label[: most - 1].rstrip() + "…"


def grid(frame: Frame, step: float) -> list[str]:
    """Draw the base line and the lines above it, each with its number."""
    marks, value = [], frame.least
    while value <= frame.most + step / 1000:
        y = frame.y(value)
        kind = "axis" if value == frame.least else "grid"
        marks.append(f'<path class="{kind}" d="M{frame.left:g} {y:.1f}H{frame.right:g}"/>')
        marks.append(text(32, y + 4, number(value), anchor="end"))
        value += step
    return marks


def bar(kind: str, box: Box, title: str) -> str:
    """A bar; its title names the number that it stands for."""
    return f'<rect class="{kind}" {box.place}><title>{escape(title)}</title></rect>'


def striped_bar(name: str, rank: int, box: Box, title: str) -> str:
    """A bar of the series with this rank, told from the others by color and by stripes."""
    plain = bar(f"f{rank + 1} gap", box, title)
    if rank not in STRIPES:
        return plain
    return f'{plain}<rect class="gap" {box.place} fill="url(#{escape(name)}-h{rank})" pointer-events="none"/>'


def dot(x: float, y: float, title: str, *, radius: int = 4) -> str:
    """A dot on a line; its title names the number that it stands for."""
    return f'<circle class="dotp" cx="{x:.1f}" cy="{y:.1f}" r="{radius}"><title>{escape(title)}</title></circle>'


def text(x: float, y: float, words: str, kind: str | None = None, anchor: str | None = None) -> str:
    """A text at a place, of a kind that the stylesheet knows."""
    more = (f' class="{kind}"' if kind else "") + (f' text-anchor="{anchor}"' if anchor else "")
    return f'<text{more} x="{x:.1f}" y="{y:.1f}">{escape(words)}</text>'


def drawing(frame: Frame, kind: str, summary: str, parts: Sequence[str]) -> str:
    """Close a drawing: one picture to whoever cannot see it, named by its finding."""
    return (
        f'<svg class="{kind}" role="img" aria-label="{escape(summary)}" viewBox="0 0 {frame.width} {frame.height}">'
        + "".join(parts)
        + "</svg>"
    )
