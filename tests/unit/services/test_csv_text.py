"""CSV that a spreadsheet reads as data and nothing else."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import pytest

from sealwright.services.csv_text import Cell, write_csv


def written(*rows: tuple[Cell, ...]) -> str:
    return b"".join(write_csv(("a", "b"), rows)).decode("utf-8")


def test_lines_end_and_quotes_double_as_the_standard_says() -> None:
    assert written(('say "hi"', "x,y"), ("two\nlines", None)) == 'a,b\r\n"say ""hi""","x,y"\r\n"two\nlines",\r\n'


@pytest.mark.parametrize(
    "formula", ["=SUM(A1:A9)", "+1", "-1+2", "@cmd", "\t=1", "\r=1", "  =1", "\u00a0=1", "＝1", "\0=1"]
)
def test_no_text_is_a_formula(formula: str) -> None:
    (_, row) = csv.reader(io.StringIO(written((formula, "x")), newline=""))
    assert row[0].startswith("'")


def test_numbers_stay_numbers_and_names_stay_names() -> None:
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    text = written((-5, 0.75), (at, True), ("Ana Muñoz", "陳大文"), ("a-b", "50 %"))
    assert text.splitlines()[1:] == ["-5,0.75", "2026-03-01T12:00:00Z,true", "Ana Muñoz,陳大文", "a-b,50 %"]
