"""Tables as people make them, and as nobody should."""

from __future__ import annotations

import itertools
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwright.domain.batch_errors import UnreadableRows
from sealwright.domain.errors import BatchTooLarge
from sealwright.services.row_reading import ReadingLimits, ReadingWish, ReadRow, RowForm, look_at, read_rows
from tests.support.row_files import LIMITS, SHAPE, claims_of, members, read, table

_HEADER = "holderDid,name,degree.type"


def test_columns_are_found_by_name_in_any_order_and_case() -> None:
    finding, rows = read(" Degree.Type ,NAME,extra,claims.degree.year,did\nB,Eva,x,2025,did:adi:a\n")
    assert members(rows[0]) == {
        "holderDid": "did:adi:a",
        "claims": {"degree": {"type": "B", "year": 2025}, "name": "Eva"},
    }
    assert finding.columns == {
        "Degree.Type": "/claims/degree/type",
        "NAME": "/claims/name",
        "claims.degree.year": "/claims/degree/year",
        "did": "/holderDid",
    }
    assert (finding.ignored, finding.missing) == (("extra",), ())


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_separators_and_line_ends_are_found(separator: str, end: str) -> None:
    cells = [["holderDid", "name", "degree.type"], ["did:adi:a", f'Ev"a{separator}\nb', "B"], ["did:adi:b", "x", "B"]]
    for block in (1, 3, 1000):
        finding, rows = read(table(cells, separator, end), block=block)
        assert finding.separator == separator
        assert [members(row)["claims"]["name"] for row in rows] == [f'Ev"a{separator}\nb', "x"]
        assert [row.line for row in rows] == [2, 4]


def test_the_line_that_names_the_separator_is_no_header() -> None:
    finding, rows = read("sep=;\r\nholderDid;name;degree.type\r\ndid:adi:a;a,b;B\r\n")
    assert finding.separator == ";"
    assert (rows[0].line, members(rows[0])["claims"]["name"]) == (3, "a,b")


def test_a_named_separator_goes_before_what_is_found() -> None:
    content = "holderDid;name,x,y;degree.type\ndid:adi:a;Eva;B\n"
    assert read(content, separator=";")[0].header == ("holderDid", "name,x,y", "degree.type")
    with pytest.raises(UnreadableRows, match="a comma, a semicolon or a tab"):
        read(content, separator="|")


def test_blank_lines_are_no_rows_and_blank_cells_no_members() -> None:
    rows = read(f"\n\n{_HEADER},bornOn\n\n,,,\ndid:adi:a, Eva ,B,  \n \t\n\ndid:adi:b,Ada\n")[1]
    assert [(row.line, members(row)["claims"]) for row in rows] == [
        (6, {"name": " Eva ", "degree": {"type": "B"}}),
        (9, {"name": "Ada"}),
    ]


def test_only_line_feeds_and_carriage_returns_end_a_line() -> None:
    name = "a\u2028b\x0bc\x0cd\x85e\x1cf"
    assert claims_of(f"{_HEADER}\ndid:adi:a,{name},B\n")[0]["name"] == name


def test_a_row_with_more_cells_than_columns_is_told_and_kept_to_be_mended() -> None:
    rows = read(f"{_HEADER}\ndid:adi:a,Muñoz, José,B\ndid:adi:b,Eva,B,,\n")[1]
    assert rows[0].faults[0].detail == "has 4 cells, and the header has 3 columns"
    assert members(rows[0]) == {"unreadable": "did:adi:a,Muñoz, José,B"}
    assert rows[1].faults == ()


def test_quotation_marks_that_do_not_fit_fail_their_row_alone() -> None:
    rows = read(f'{_HEADER}\ndid:adi:a,"E"va,B\ndid:adi:b,Eva,B\n')[1]
    assert (rows[0].faults[0].code, rows[0].unreadable) == ("INVALID_VALUE", True)
    assert members(rows[0]) == {"unreadable": 'did:adi:a,"E"va,B'}
    assert rows[1].faults == ()


def test_a_quotation_mark_that_is_never_closed_ends_the_reading_with_its_line() -> None:
    with pytest.raises(UnreadableRows, match="row of line 3 is never closed") as refused:
        read(f'{_HEADER}\ndid:adi:a,Eva,B\ndid:adi:b,"Ada,B\ndid:adi:c,Ida,B\n')
    assert refused.value.extra == {"line": 3}


def test_a_mapping_goes_before_names() -> None:
    content = "who,name,title,degree.type\ndid:adi:a,Eva,Dr,B\n"
    mapping = {"who": "/holderDid", "title": "/claims/name", "name": ""}
    finding, rows = read(content, mapping=mapping)
    assert members(rows[0])["claims"] == {"name": "Dr", "degree": {"type": "B"}}
    assert finding.ignored == ("name",)


@pytest.mark.parametrize(
    ("mapping", "text"),
    [
        ({"nobody": "/holderDid"}, "no column 'nobody'"),
        ({"name": "/claims/nowhere"}, "no place of a row"),
        ({"name": "claims.name"}, "no place of a row"),
        ({"name": "/holderDid"}, "both lead to holderDid"),
    ],
)
def test_a_mapping_that_leads_nowhere_is_refused(mapping: dict[str, str], text: str) -> None:
    with pytest.raises(UnreadableRows, match=text):
        read(f"{_HEADER}\ndid:adi:a,Eva,B\n", mapping=mapping)


def test_a_table_without_holders_is_refused_but_can_be_looked_at() -> None:
    content = b"person,name,degree.type\ndid:adi:a,Eva,B\n"
    with pytest.raises(UnreadableRows, match="no column holderDid") as refused:
        read(content)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/holderDid", "MISSING_FIELD")]
    finding = look_at(content, ReadingWish(RowForm.CSV), SHAPE, LIMITS)
    assert (finding.missing, finding.header) == (("holderDid",), ("person", "name", "degree.type"))


def test_a_required_column_that_is_missing_is_named() -> None:
    finding = read("holderDid,name\ndid:adi:a,Eva\n")[0]
    assert finding.missing == ("degree.type",)


def test_a_name_twice_is_refused() -> None:
    with pytest.raises(UnreadableRows, match="'name' and 'name' both lead to name"):
        read(f"{_HEADER},name\ndid:adi:a,Eva,B,x\n")


def test_the_column_behind_a_place_is_found() -> None:
    reading = read_rows(
        [b"who,NAME,areas,degree.year\nx,y,z,1\n"],
        ReadingWish(RowForm.CSV, mapping={"who": "/holderDid"}),
        SHAPE,
        LIMITS,
    )
    asked = ("/holderDid", "/claims/name", "/claims/areas/3", "/claims/degree", "/claims/degree/type", "", "/claims/x")
    assert [reading.column_of(pointer) for pointer in asked] == [
        "who",
        "NAME",
        "areas",
        "degree.year",
        "degree.type",
        None,
        None,
    ]


# -- hostile files ---------------------------------------------------------------------------------


@pytest.mark.parametrize("content", ["", " \n\n", "\ufeff"])
def test_an_empty_file_is_refused(content: str) -> None:
    with pytest.raises(UnreadableRows) as refused:
        read(content)
    assert refused.value.faults[0].code == "INVALID_BODY"


def test_a_line_without_end_is_refused_long_before_it_fills_the_memory() -> None:
    sent = itertools.count()

    def endless() -> Iterator[bytes]:
        yield f"{_HEADER}\n".encode()
        while next(sent) < 16_384:
            yield b"x" * 65_536

    tracemalloc.start()
    with pytest.raises(UnreadableRows, match="line 2 is longer than 65,536 bytes") as refused:
        list(read_rows(endless(), ReadingWish(RowForm.CSV), SHAPE, _limits(bytes_=1 << 40)).rows)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert refused.value.faults[0].code == "PAYLOAD_TOO_LARGE"
    assert next(sent) < 10
    assert peak < 8 << 20


def test_a_row_that_an_open_quotation_mark_makes_too_long_is_refused() -> None:
    body = "".join(f"did:adi:{number},Eva,B\n" for number in range(5_000))
    with pytest.raises(UnreadableRows, match=r"line 3 is longer .* a quotation mark may be open"):
        read(f'{_HEADER}\ndid:adi:a,Eva,B\ndid:adi:b,"Ada,B\n{body}', limits=_limits(rows=10_000))


def test_rows_are_measured_in_bytes() -> None:
    fits = f"{_HEADER}\ndid:adi:a,{'x' * 65_000},B\n"
    assert len(read(fits)[1]) == 1
    with pytest.raises(UnreadableRows, match="longer than"):
        read(f"{_HEADER}\ndid:adi:a,{'é' * 40_000},B\n")


def test_ten_thousand_columns_are_refused() -> None:
    header = ",".join(f"c{number}" for number in range(10_000))
    with pytest.raises(UnreadableRows, match="more than 1,024 columns"):
        read(f"{header}\n")


def test_more_rows_than_allowed_are_refused_at_the_first_one() -> None:
    content = f"{_HEADER}\n" + "did:adi:a,Eva,B\n" * 11
    reading = read_rows([content.encode()], ReadingWish(RowForm.CSV), SHAPE, _limits(rows=10))
    taken = []
    with pytest.raises(BatchTooLarge, match="more than 10 rows"):
        taken.extend(reading.rows)
    assert len(read(content, limits=_limits(rows=11))[1]) == 11


def test_empty_lines_without_end_are_refused() -> None:
    def endless() -> Iterator[bytes]:
        yield f"{_HEADER}\n".encode()
        yield from itertools.repeat(b"\n" * 1_000)

    with pytest.raises(BatchTooLarge, match="empty lines"):
        list(read_rows(endless(), ReadingWish(RowForm.CSV), SHAPE, _limits(rows=2_000, bytes_=1 << 40)).rows)


def test_a_file_beyond_the_limit_is_refused() -> None:
    with pytest.raises(UnreadableRows, match="larger than 1,000 bytes") as refused:
        read(f"{_HEADER}\n" + "did:adi:a,Eva,B\n" * 100, limits=_limits(bytes_=1_000), block=100)
    assert refused.value.faults[0].code == "PAYLOAD_TOO_LARGE"


def test_zero_characters_stay_in_their_cell() -> None:
    assert claims_of(f"{_HEADER}\ndid:adi:a,E\x00va,B\n")[0]["name"] == "E\x00va"


def test_a_compressed_file_is_no_table() -> None:
    import gzip

    with pytest.raises(UnreadableRows) as refused:
        read(gzip.compress(f"{_HEADER}\ndid:adi:a,Eva,B\n".encode() * 50, mtime=0))
    assert refused.value.faults[0].code in ("INVALID_UNICODE", "MISSING_FIELD", "INVALID_BODY")


# -- properties ------------------------------------------------------------------------------------

_TEXTS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30).filter(
    lambda text: bool(text.strip()) and not text.startswith("'")
)


@given(names=st.lists(_TEXTS, min_size=1, max_size=8), separator=st.sampled_from(",;\t"), block=st.integers(1, 200))
def test_whatever_a_name_is_it_comes_out_as_it_was_written(names: list[str], separator: str, block: int) -> None:
    rows = [["holderDid", "name", "degree.type"], *(["did:adi:a", name, "B"] for name in names)]
    for encoding in ("utf-8", "utf-16"):
        content = table(rows, separator).encode(encoding)
        assert [claims["name"] for claims in claims_of(content, block=block, encoding=encoding)] == names


@given(content=st.binary(max_size=400), block=st.integers(1, 50), has_header=st.booleans())
def test_whatever_a_file_is_it_gives_rows_or_a_refusal(content: bytes, block: int, has_header: bool) -> None:
    data = (f"{_HEADER}\n".encode() if has_header else b"") + content
    for form in RowForm:
        rows: list[ReadRow] = []
        with suppress(UnreadableRows, BatchTooLarge):
            rows = read(data, form, block=block)[1]
        assert all(row.faults or row.holder_did for row in rows)


def _limits(*, rows: int = 1_000, bytes_: int = 64 << 20) -> ReadingLimits:
    return ReadingLimits(rows=rows, file_bytes=bytes_)
