"""Results: printed, appended as JSON to docs/benchmarks/results.jsonl, and shown on a readable page."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from benchmarks import machine

FOLDER: Final = Path(__file__).resolve().parent.parent / "docs" / "benchmarks"
RESULTS: Final = FOLDER / "results.jsonl"
PAGE: Final = FOLDER / "results.md"


@dataclass(frozen=True, slots=True)
class Result:
    """What one bench found.

    Args:
        figures: Figures by contender, each a mapping from figure to number.
        ratios: Ratio by what is compared, taken in this run.
        notes: What is fair or unfair about it, in sentences.
        targets: What was aimed at, in words, by name of a figure.
    """

    bench: str
    title: str
    figures: dict[str, dict[str, float]]
    ratios: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


def publish(result: Result, facts: machine.MachineFacts, *, keep: bool = True) -> None:
    """Print a result; append it and write the page anew unless it is only to be looked at."""
    disturbed = facts["disturbed"]
    record = {
        "bench": result.bench,
        "title": result.title,
        "figures": result.figures,
        "ratios": result.ratios,
        "targets": list(result.targets),
        "notes": list(result.notes),
        "disturbed": disturbed,
        "machine": facts,
    }
    print("\n".join(readable(record)))
    if not keep:
        return
    FOLDER.mkdir(parents=True, exist_ok=True)
    with RESULTS.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record, separators=(",", ":")) + "\n")
    write_page()


def readable(record: dict[str, Any]) -> list[str]:
    """One result as lines of Markdown."""
    columns = list(dict.fromkeys(column for row in record["figures"].values() for column in row))
    lines = [f"## {record['bench']}: {record['title']}", ""]
    if record["disturbed"]:
        lines += ["**Disturbed**: the machine was busy with other work; no evidence.", ""]
    lines += ["| | " + " | ".join(c.replace("_", " ") for c in columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for name, row in record["figures"].items():
        lines.append(f"| {name} | " + " | ".join(number(row.get(column)) for column in columns) + " |")
    lines.append("")
    lines += [f"- {name}: **{ratio:.1f} times**" for name, ratio in record["ratios"].items()]
    lines += [f"- Target: {target}" for target in record["targets"]]
    lines += [f"- {note}" for note in record["notes"]]
    known = record["machine"]
    lines += ["", *(f"    {line}" for line in machine.lines(known)), ""]
    return lines


def number(value: float | None) -> str:
    """A figure as a person reads it."""
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 or float(value).is_integer() else f"{value:,.2f}"


def write_page() -> None:
    """Write the page with the latest result of each bench; undisturbed ones are preferred to disturbed."""
    latest: dict[str, dict[str, Any]] = {}
    for line in RESULTS.read_text(encoding="utf-8").splitlines():
        record = json.loads(line)
        before = latest.get(record["bench"])
        if before is None or before["disturbed"] or not record["disturbed"]:
            latest[record["bench"]] = record
    text = [
        "# Results",
        "",
        "The latest of each bench, written by `make bench`; all of them are in `results.jsonl`.",
        "",
    ]
    for name in sorted(latest):
        text += readable(latest[name])
    PAGE.write_text("\n".join(text).rstrip() + "\n", encoding="utf-8")
