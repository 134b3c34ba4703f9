"""Cells as JSON: strict where a number is meant, byte for byte where a text is, asked about where a date is unclear."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwright.services.csv_text import looks_like_formula, write_csv
from sealwright.services.row_cells import DateOrder, guarded, order_of, read_cell, unguarded
from sealwright.services.row_reading import ReadingLimits
from sealwright.services.row_shape import CellPlace
from tests.support.row_files import SHAPE, members, read

_DAY, _MONTH = DateOrder.DAY_FIRST, DateOrder.MONTH_FIRST


def _place(name: str) -> CellPlace:
    return SHAPE.by_pointer[f"/claims/{name}"]


@pytest.mark.parametrize(
    ("place", "text", "value"),
    [
        ("name", "007", "007"),
        ("name", " Eva ", " Eva "),
        ("name", "true", "true"),
        ("degree/year", " 2025 ", 2025),
        ("degree/year", "-3", -3),
        ("degree/year", "007", "007"),
        ("degree/year", "3.0", "3.0"),
        ("degree/year", "2,025", "2,025"),
        ("degree/year", "٢٠٢٥", "٢٠٢٥"),
        ("degree/year", "9007199254740993", "9007199254740993"),
        ("degree/gpa", "3.8", 3.8),
        ("degree/gpa", "4", 4),
        ("degree/gpa", "1e3", 1000.0),
        ("degree/gpa", "3,8", "3,8"),
        ("degree/gpa", "1e999", "1e999"),
        ("degree/gpa", "NaN", "NaN"),
        ("degree/honors", "Yes", True),
        ("degree/honors", "1", True),
        ("degree/honors", "FALSE", False),
        ("degree/honors", "no", False),
        ("degree/honors", "0", False),
        ("degree/honors", "ja", "ja"),
        ("degree/level", "2", 2),
        ("degree/level", "three", "three"),
        ("degree/level", "4", "4"),
        ("bornOn", " 2001-02-03 ", "2001-02-03"),
        ("signedAt", " 2026-01-02T03:04:05Z ", "2026-01-02T03:04:05Z"),
        ("areas", "Mission; Sunset ;;", ["Mission", "Sunset"]),
        ("areas", "Mission", ["Mission"]),
        ("scores", "1;2;x", [1, 2, "x"]),
    ],
)
def test_a_cell_becomes_what_its_place_takes(place: str, text: str, value: Any) -> None:
    read = read_cell(text, _place(place), None)
    assert (type(read.value), read.value, read.fault) == (type(value), value, None)


@pytest.mark.parametrize(
    ("text", "order", "value"),
    [
        ("31.12.2026", None, "2026-12-31"),
        ("12/31/2026", None, "2026-12-31"),
        ("31-1-2026", None, "2026-01-31"),
        ("5/5/2026", None, "2026-05-05"),
        ("03/04/2026", _DAY, "2026-04-03"),
        ("03/04/2026", _MONTH, "2026-03-04"),
        ("yesterday", None, "yesterday"),
        ("3/4/26", None, "3/4/26"),
        ("31.12/2026", None, "31.12/2026"),
    ],
)
def test_a_date_that_can_be_read_in_one_way_is(text: str, order: DateOrder | None, value: str) -> None:
    read = read_cell(text, _place("bornOn"), order)
    assert (read.value, read.fault) == (value, None)


@pytest.mark.parametrize(
    ("text", "order", "fault"),
    [
        ("03/04/2026", None, "can be read as 2026-03-04 or 2026-04-03; say which number is the day"),
        ("31/12/2026", _MONTH, "is no date when its month comes first"),
        ("12/31/2026", _DAY, "is no date when its day comes first"),
        ("31/31/2026", None, "is no date that exists"),
    ],
)
def test_a_date_that_cannot_be_told_is_asked_about(text: str, order: DateOrder | None, fault: str) -> None:
    read = read_cell(text, _place("bornOn"), order)
    assert read.value == text
    assert read.fault is not None
    assert read.fault.startswith(fault)


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["03/04/2026", "31/12/2026"], (_DAY, True)),
        (["03/04/2026", "12/31/2026"], (_MONTH, True)),
        (["03/04/2026", "05/06/2026"], (None, True)),
        (["31/12/2026", "12/31/2026", "03/04/2026"], (None, True)),
        (["2026-03-04", "x", ""], (None, False)),
        (["5/5/2026"], (None, False)),
    ],
)
def test_one_date_tells_how_the_column_is_written(texts: list[str], found: tuple[DateOrder | None, bool]) -> None:
    assert order_of(texts) == found


def test_a_column_of_dates_is_read_in_one_order() -> None:
    texts = ["03/04/2001", "31/12/2001", *["01/01/2001"] * 20_000, "12/31/2001"]
    content = "holderDid,name,degree.type,bornOn\n" + "".join(f"did:adi:a,Eva,B,{text}\n" for text in texts)
    finding, rows = read(content, limits=ReadingLimits(rows=30_000, file_bytes=1 << 20))
    assert (dict(finding.date_orders), finding.unclear_dates) == ({"bornOn": "dmy"}, ())
    assert [members(row)["claims"]["bornOn"] for row in rows[:2]] == ["2001-04-03", "2001-12-31"]
    assert [(fault.column, fault.code) for fault in rows[-1].faults] == [("bornOn", "INVALID_DATE")]
    assert not any(row.faults for row in rows[:-1])


def test_a_column_in_both_orders_is_unclear() -> None:
    rows = ["31/12/2001", "12/31/2001", "03/04/2001"]
    content = "holderDid,name,degree.type,bornOn\n" + "".join(f"did:adi:a,Eva,B,{text}\n" for text in rows)
    finding, read_rows = read(content)
    assert finding.unclear_dates == ("bornOn",)
    assert [bool(row.faults) for row in read_rows] == [False, False, True]


def test_an_unclear_column_is_asked_about_and_read_as_somebody_says() -> None:
    content = "holderDid,name,degree.type,bornOn,expirationDate\ndid:adi:a,Eva,B,03/04/2001,05/06/2031\n"
    finding, rows = read(content)
    assert finding.unclear_dates == ("bornOn", "expirationDate")
    assert {fault.pointer for fault in rows[0].faults} == {"/claims/bornOn", "/expirationDate"}
    said = read(content, dates={"bornOn": _MONTH, "": _DAY})
    assert said[0].unclear_dates == ()
    assert members(said[1][0])["claims"]["bornOn"] == "2001-03-04"
    assert members(said[1][0])["expirationDate"] == "2031-06-05T23:59:59Z"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2031-06-05", "2031-06-05T23:59:59Z"),
        ("31.12.2030", "2030-12-31T23:59:59Z"),
        ("2031-06-05T10:00:00+02:00", "2031-06-05T10:00:00+02:00"),
    ],
)
def test_an_expiration_that_names_a_day_lasts_until_its_end(text: str, value: str) -> None:
    row = read(f"holderDid,name,degree.type,expirationDate\ndid:adi:a,Eva,B,{text}\n")[1][0]
    assert (members(row)["expirationDate"], row.faults) == (value, ())


def test_an_expiration_that_is_no_date_is_told_in_its_column() -> None:
    row = read("holderDid,name,degree.type,Expires,expirationDate\ndid:adi:a,Eva,B,x,soon\n")[1][0]
    assert [(fault.column, fault.code) for fault in row.faults] == [("expirationDate", "INVALID_DATE")]


@given(text=st.text(st.characters(exclude_categories=("Cs",)), min_size=1) | st.from_regex(r"\A[' =+@-]{1,5}x?\Z"))
def test_what_is_guarded_from_spreadsheets_comes_back(text: str) -> None:
    written = b"".join(write_csv(["a", "b"], [[guarded(text), "x"]])).decode()
    cell = list(csv.reader(io.StringIO(written, newline=""), strict=True))[1][0]
    assert unguarded(cell) == text.replace("\0", "")
    assert not looks_like_formula(cell)
