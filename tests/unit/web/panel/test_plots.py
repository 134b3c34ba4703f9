"""Plots say in SVG, table and summary the same numbers, and draw no text as markup."""

from __future__ import annotations

import itertools
import re
import xml.etree.ElementTree as ET

from sealwright.web.panel.plots import (
    Bin,
    Caption,
    Plot,
    RatePoint,
    Series,
    SurvivalPoint,
    classes,
    rate,
    stacked_bars,
    survival,
)

SVG = "{http://www.w3.org/2000/svg}"


def caption(name: str = "plot") -> Caption:
    return Caption(name, "Title", "Subtitle", "One sentence.", "Requests", "days")


def titles(plot: Plot) -> list[str]:
    """The titles of all marks, from markup that must be well-formed."""
    root = ET.fromstring(plot.svg)
    return [one.text or "" for one in root.iter("title")]


def bars(labels: tuple[str, ...] = ("W1", "W2")) -> Plot:
    series = (Series("DPW <b>", (3, 0)), Series("Verifier", (1, 7)), Series("Third", (0, 2)))
    return stacked_bars(caption("weeks"), period="Week", total="Total", labels=labels, series=series)


def test_stacked_bars_and_table_have_the_same_numbers() -> None:
    plot = bars()
    assert plot.table.columns == ("Week", "DPW <b>", "Verifier", "Third", "Total")
    assert plot.table.rows == (("W1", 3, 1, 0, 4), ("W2", 0, 7, 2, 9))
    drawn = {tuple(one.rsplit(": ", 1)) for one in titles(plot)}
    assert drawn == {("W1, DPW <b>", "3"), ("W1, Verifier", "1"), ("W2, Verifier", "7"), ("W2, Third", "2")}


def test_a_label_of_markup_is_text() -> None:
    assert "<b>" not in bars().svg
    assert "DPW &lt;b&gt;" in bars().svg


def test_no_style_or_script_is_in_a_drawing() -> None:
    assert not re.search(r"style|<script|\son\w+=", bars().svg)


def test_bars_of_one_column_touch_and_keep_proportion() -> None:
    root = ET.fromstring(bars().svg)
    boxes = [one for one in root.iter("rect") if one.find("title") is not None]
    first, second = (float(one.attrib["height"]) for one in boxes[:2])
    assert round(first / second, 1) == 3.0
    assert abs(float(boxes[1].attrib["y"]) + second - float(boxes[0].attrib["y"])) < 0.2


def test_layer_labels_do_not_meet() -> None:
    series = tuple(Series(f"Type {n}", (1,)) for n in range(6))
    plot = stacked_bars(caption(), period="Week", total="Total", labels=("W1",), series=series)
    root = ET.fromstring(plot.svg)
    heights = [float(one.attrib["y"]) for one in root.iter("text") if one.attrib.get("class", "").startswith("t")]
    assert len(heights) == 6
    assert all(upper - lower >= 18 for upper, lower in itertools.pairwise(heights))


def test_an_empty_drawing_is_still_a_drawing() -> None:
    plot = stacked_bars(caption(), period="Week", total="Total", labels=(), series=())
    assert titles(plot) == []
    assert plot.table.rows == ()


def test_classes_put_the_target_between_its_bins() -> None:
    bins = (Bin(0, 0.5, 12), Bin(0.5, 1, 58), Bin(1, None, 96))
    plot = classes(caption(), start="Days", bins=bins, target=2.0, target_label="Target 1 d")
    assert titles(plot) == ["0–0.5: 12", "0.5–1: 58", "≥ 1: 96"]
    assert [row[1] for row in plot.table.rows] == [12, 58, 96]
    root = ET.fromstring(plot.svg)
    line = next(one.attrib["d"] for one in root.iter("path") if one.attrib["class"] == "target")
    third = [float(one.attrib["x"]) for one in root.iter("rect")][2]
    assert abs(float(line[1:].split(" ")[0]) - (third - 2)) < 0.1


def test_a_rate_of_too_few_cases_is_neither_drawn_nor_told() -> None:
    points = (
        RatePoint("W1", 9, 10, 0.9, 0.596, 0.982),
        RatePoint("W2", 2, 3, None, None, None),
        RatePoint("W3", 20, 20, 1.0, 0.839, 1.0),
    )
    plot = rate(caption(), columns=("Week", "Approved", "Decided", "%", "From", "To"), points=points)
    assert plot.table.rows == (
        ("W1", 9, 10, 90.0, 59.6, 98.2),
        ("W2", 2, 3, None, None, None),
        ("W3", 20, 20, 100.0, 83.9, 100.0),
    )
    assert titles(plot) == ["W1: 90 % (59.6–98.2), 9/10", "W3: 100 % (83.9–100), 20/20"]
    assert plot.svg.count("<polyline") == 2


def test_survival_falls_in_steps() -> None:
    points = (SurvivalPoint(0, 40, 1.0), SurvivalPoint(12.5, 38, 0.95), SurvivalPoint(90, 11, 0.81))
    plot = survival(caption(), columns=("Day", "At risk", "%"), points=points, until=180)
    assert plot.table.rows == (("0", 40, 100.0), ("12.5", 38, 95.0), ("90", 11, 81.0))
    assert titles(plot) == ["0: 100 %", "12.5: 95 %", "90: 81 %"]
    root = ET.fromstring(plot.svg)
    heights = [float(one.attrib["cy"]) for one in root.iter("circle")]
    assert heights == sorted(heights)
