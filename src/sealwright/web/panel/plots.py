"""Plots drawn on the server: SVG without script or style, each with the same numbers as a table.

Colors come from the stylesheet by class; what tells series apart beside color is a pattern. Every mark that
stands for a number carries it in its ``<title>``, so a pointer shows it and a test can read it back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from sealwright.web.panel.plot_marks import (
    Box,
    Frame,
    bar,
    dot,
    drawing,
    grid,
    number,
    short,
    striped_bar,
    stripes,
    text,
    tick_step,
)

Cell: TypeAlias = str | int | float | None
SERIES_MAX: Final = 6


@dataclass(frozen=True, slots=True)
class PlotTable:
    """The numbers of a plot. None is a number that does not exist, such as a rate of too few cases."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Caption:
    """The words of a plot, in the reader's language.

    Args:
        name: For its address, its CSV and the ids inside the drawing: ``[a-z-]+``.
        summary: One sentence with the finding, for whoever cannot see the drawing.
        unit: What the upright axis counts.
        axis: What the other axis measures, with its unit; empty where its labels say it.
    """

    name: str
    title: str
    subtitle: str
    summary: str
    unit: str
    axis: str = ""


@dataclass(frozen=True, slots=True)
class Plot:
    """One plot and its twin.

    Args:
        svg: Finished markup; every text in it is escaped.
        is_wide: It takes the whole width of the page.
    """

    caption: Caption
    svg: str
    table: PlotTable
    is_wide: bool = False


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one layer of bars: a label and a number for each place on the axis."""

    label: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RatePoint:
    """A share with its 95 % interval, all within 0 to 1; None where there were too few cases.

    Args:
        part, whole: The counts behind it.
    """

    label: str
    part: int
    whole: int
    rate: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class SurvivalPoint:
    """Which share of a kind still lives after so many days."""

    day: float
    at_risk: int
    share: float


@dataclass(frozen=True, slots=True)
class Bin:
    """How many values fall into a stretch of an axis; `end` None means "and more"."""

    start: float
    end: float | None
    count: int


def stacked_bars(caption: Caption, *, period: str, total: str, labels: Sequence[str], series: Sequence[Series]) -> Plot:
    """Draw counts over periods, one layer for each series, the sum on top.

    Args:
        period, total: Heads of the table's first and last column.
        series: At most `SERIES_MAX`; each with as many values as there are labels.
    """
    if len(series) > SERIES_MAX or any(len(one.values) != len(labels) for one in series):
        raise ValueError("too many series, or one of another length than the axis")
    sums = [sum(one.values[place] for one in series) for place in range(len(labels))]
    step = _whole_step(sums)
    frame = Frame(960, 240, 40, 802, 28, 212, _ceiling(sums, step))
    parts = [stripes(caption.name, len(series)), *grid(frame, step), text(0, 12, caption.unit)]
    slot = (frame.right - frame.left) / max(len(labels), 1)
    every = max(1, math.ceil(len(labels) / 13))
    for place, label in enumerate(labels):
        middle = frame.left + slot * (place + 0.5)
        layers = [(one.label, one.values[place]) for one in series]
        parts += _column(frame, caption.name, (middle, min(48.0, slot * 0.58)), label, layers)
        if place % every == 0:
            parts.append(text(middle, 232, label, anchor="middle"))
            parts.append(text(middle, frame.y(sums[place]) - 7, str(sums[place]), "lab-on", "middle"))
    parts += _layer_names(frame, series)
    rows: list[tuple[Cell, ...]] = [
        (label, *(one.values[place] for one in series), sums[place]) for place, label in enumerate(labels)
    ]
    table = PlotTable((period, *(one.label for one in series), total), tuple(rows))
    return Plot(caption, drawing(frame, "plot wide-plot", caption.summary, parts), table, is_wide=True)


def classes(
    caption: Caption, *, start: str, bins: Sequence[Bin], target: float | None = None, target_label: str = ""
) -> Plot:
    """Draw how many values fall into each of some classes of any width, all drawn equally wide, named by their bounds.

    Args:
        start: Head of the table's first column.
        target: Where the line stands, counted in classes from the left.
    """
    counts = [one.count for one in bins]
    step = _whole_step(counts)
    frame = Frame(448, 246, 40, 440, 36, 204, _ceiling(counts, step))
    slot = (frame.right - frame.left) / max(len(bins), 1)
    parts = [*grid(frame, step), text(0, 12, caption.unit), text(frame.right, 240, caption.axis, anchor="end")]
    for place, one in enumerate(bins):
        x, y = frame.left + slot * place, frame.y(one.count)
        parts.append(bar("f1", Box(x + 2, y, slot - 4, frame.bottom - y), f"{_span(one)}: {one.count}"))
        if one.count:
            parts.append(text(x + slot / 2, y - 5, str(one.count), "lab-on", "middle"))
        parts.append(text(x, 221, number(one.start), anchor="middle"))
    if target is not None and bins:
        parts += _target(frame, frame.left + target * slot, target_label)
    table = PlotTable((start, caption.unit), tuple((_span(one), one.count) for one in bins))
    return Plot(caption, drawing(frame, "plot", caption.summary, parts), table)


def rate(
    caption: Caption,
    *,
    columns: tuple[str, ...],
    points: Sequence[RatePoint],
    last_label: str = "",
    few_label: str = "",
) -> Plot:
    """Draw a share over periods in percent, with its interval as a band; gaps where there were too few cases.

    Args:
        columns: Heads of the table: period, part, whole, percent, low, high.
        last_label: The rate of the whole span, in words.
        few_label: Said in the middle where no period has enough cases.
    """
    lows = [one.low for one in points if one.low is not None]
    frame = Frame(448, 246, 40, 420, 36, 204, 100.0, _floor(lows))
    slot = (frame.right - frame.left - 16) / max(len(points) - 1, 1)
    places = [(frame.left + 12 + slot * index, one) for index, one in enumerate(points)]
    parts = [*grid(frame, 20.0 if frame.least < 80 else 10.0), text(0, 12, caption.unit)]
    every = max(1, math.ceil(len(points) / 6))
    parts += [text(x, 221, one.label, anchor="middle") for index, (x, one) in enumerate(places) if index % every == 0]
    for run in _runs(places):
        upper = " ".join(f"{x:.1f},{frame.y(100 * (one.high or 0)):.1f}" for x, one in run)
        lower = " ".join(f"{x:.1f},{frame.y(100 * (one.low or 0)):.1f}" for x, one in reversed(run))
        line = " ".join(f"{x:.1f},{frame.y(100 * (one.rate or 0)):.1f}" for x, one in run)
        parts.append(f'<polygon class="band" points="{upper} {lower}"/><polyline class="l1" points="{line}"/>')
        parts += [dot(x, frame.y(100 * (one.rate or 0)), _rate_title(one)) for x, one in run]
    if last_label:
        parts.append(text(frame.right, 240, last_label, "t1", "end"))
    if not lows and few_label:
        parts.append(text((frame.left + frame.right) / 2, 124, few_label, None, "middle"))
    rows = tuple(
        (one.label, one.part, one.whole, *(_percent(share) for share in (one.rate, one.low, one.high)))
        for one in points
    )
    return Plot(caption, drawing(frame, "plot", caption.summary, parts), PlotTable(columns, rows))


def survival(caption: Caption, *, columns: tuple[str, ...], points: Sequence[SurvivalPoint], until: float) -> Plot:
    """Draw the share that still lives, as a falling staircase over days.

    Args:
        columns: Heads of the table: day, at risk, percent.
        points: Where the share changes, from day 0, ascending.
        until: Last day that was observed.
    """
    days = max(until, 1.0)
    frame = Frame(448, 246, 40, 430, 36, 204, 100.0, _floor([one.share for one in points]))
    across = frame.right - frame.left
    parts = [*grid(frame, 20.0 if frame.least < 80 else 10.0), text(0, 12, caption.unit)]
    parts.append(text(frame.right, 240, caption.axis, anchor="end"))
    step = max(1.0, tick_step(days, 6))
    for index in range(int(days // step) + 1):
        parts.append(text(frame.left + index * step / days * across, 221, number(index * step), anchor="middle"))
    places = [(frame.left + min(one.day, days) / days * across, frame.y(100 * one.share), one) for one in points]
    if places:
        (x, y, _), *steps = places
        path = f"M{x:.1f} {y:.1f}" + "".join(f"H{x:.1f}V{y:.1f}" for x, y, _ in steps)
        parts.append(f'<path class="l1" d="{path}H{frame.right:.1f}"/>')
        parts += [dot(x, y, f"{number(one.day)}: {_spelled(one.share)} %", radius=2) for x, y, one in places]
    rows = tuple((number(one.day), one.at_risk, _percent(one.share)) for one in points)
    return Plot(caption, drawing(frame, "plot", caption.summary, parts), PlotTable(columns, rows))


def _whole_step(counts: Sequence[int]) -> float:
    return max(1.0, tick_step(max(counts, default=0)))


def _ceiling(counts: Sequence[int], step: float) -> float:
    return math.ceil(max(*counts, 1, 1) / step) * step


def _floor(shares: Sequence[float]) -> float:
    """Where a percent axis begins: at a multiple of 20 below everything that is drawn."""
    return min(80.0, max(0.0, math.floor(min(shares, default=0.0) * 5) * 20.0))


def _column(
    frame: Frame, name: str, place: tuple[float, float], label: str, layers: Sequence[tuple[str, int]]
) -> list[str]:
    """Draw one column: layers of (series, number) from the base line up, around a middle, so wide."""
    middle, wide = place
    marks, base = [], 0
    for rank, (series, value) in enumerate(layers):
        if value:
            top = frame.y(base + value)
            box = Box(middle - wide / 2, top, wide, frame.y(base) - top)
            marks.append(striped_bar(name, rank, box, f"{label}, {series}: {value}"))
        base += value
    return marks


def _target(frame: Frame, x: float, label: str) -> list[str]:
    x = min(max(x, frame.left), frame.right)
    is_late = x > (frame.left + frame.right) / 2
    words = text(x - 8 if is_late else x + 8, 26 if is_late else 40, label, "t4", "end" if is_late else None)
    return [f'<path class="target" d="M{x:.1f} 18V{frame.bottom:.1f}"/>', words]


def _percent(share: float | None) -> float | None:
    return None if share is None else round(100 * share, 1)


def _spelled(share: float | None) -> str:
    return number(_percent(share) or 0.0)


def _rate_title(one: RatePoint) -> str:
    interval = f"{_spelled(one.low)}–{_spelled(one.high)}"
    return f"{one.label}: {_spelled(one.rate)} % ({interval}), {one.part}/{one.whole}"


def _runs(places: Sequence[tuple[float, RatePoint]]) -> list[list[tuple[float, RatePoint]]]:
    """Split the axis where a rate is missing, so that no line is drawn across what nobody knows."""
    runs: list[list[tuple[float, RatePoint]]] = [[]]
    for place in places:
        if place[1].rate is None:
            runs.append([])
        else:
            runs[-1].append(place)
    return [run for run in runs if run]


def _layer_names(frame: Frame, series: Sequence[Series]) -> list[str]:
    """Label each layer beside the last bar, pushed apart so that no two labels meet."""
    base, wanted = 0, []
    for rank, one in enumerate(series):
        last = one.values[-1] if one.values else 0
        wanted.append((frame.y(base + last / 2) + 4, rank, one.label))
        base += last
    marks, ceiling = [], frame.bottom + 18.0
    for y, rank, label in wanted:
        ceiling = min(y, ceiling - 18)
        marks.append(text(812, ceiling, short(label, 17), f"t{rank + 1}"))
    return marks


def _span(one: Bin) -> str:
    return f"{number(one.start)}–{number(one.end)}" if one.end is not None else f"≥ {number(one.start)}"
