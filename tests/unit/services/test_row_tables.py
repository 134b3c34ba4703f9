"""Tables that go out come back in as they were."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sealwright.domain.batches import CellFault, RowFault
from sealwright.domain.errors import MalformedBody
from sealwright.services.catalog_builtin import list_builtin
from sealwright.services.row_change import changed_row
from sealwright.services.row_reading import RowForm
from sealwright.services.row_shape import RowShape
from sealwright.services.row_tables import errors_csv, sample_ndjson, template_csv
from sealwright.vc.schemas.validation import ClaimsValidator
from tests.support.row_files import NAMES, SHAPE, members, read

_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class _Faulty:
    members: Mapping[str, Any]
    fault: RowFault | None


@pytest.mark.parametrize("builtin", list_builtin(), ids=lambda builtin: builtin.name)
def test_a_template_can_be_sent_as_it_is(builtin: Any) -> None:
    shape = RowShape(builtin.schema)
    content = b"".join(template_csv(shape))
    finding, rows = read(content, shape=shape)
    assert content.startswith(_MARK)
    assert (finding.encoding, finding.ignored, finding.missing, finding.unclear_dates) == ("utf-8-sig", (), (), ())
    assert [row.holder_did for row in rows] == ["did:adi:holder001", "did:adi:holder002"]
    as_lines = read(b"".join(sample_ndjson(shape)), RowForm.NDJSON, shape=shape)[1]
    assert [row.content for row in rows] == [row.content for row in as_lines]
    assert not any(row.faults for row in (*rows, *as_lines))
    if builtin.name == "university-degree":
        ClaimsValidator(builtin.schema).check(members(rows[0])["claims"])


def test_columns_of_a_template_stand_in_the_schemas_order() -> None:
    first = b"".join(template_csv(SHAPE)).removeprefix(_MARK).split(b"\r\n")[0].decode()
    assert first.split(",") == [
        "holderDid",
        "name",
        "degree.type",
        "degree.year",
        "degree.gpa",
        "degree.honors",
        "degree.level",
        "bornOn",
        "signedAt",
        "areas",
        "scores",
        "expirationDate",
    ]


def test_faulty_rows_tell_what_is_wrong_before_their_cells() -> None:
    row = {"holderDid": "did:adi:a", "claims": {"name": "=1+1", "degree": {"type": "B", "gpa": "3,8"}}}
    cells = (
        CellFault("/claims/degree/gpa", "type", "must be a number", "Grade"),
        CellFault("/claims/bornOn", "format", "does not have the required format"),
    )
    faulty = _Faulty(row, RowFault(6, "SCHEMA_VALIDATION_FAILED", "2 claims do not match.", cells))
    lost = _Faulty({"unreadable": "@a,b"}, RowFault(7, "INVALID_VALUE", "has quotation marks that do not fit"))
    written = b"".join(errors_csv(SHAPE, [faulty, lost])).removeprefix(_MARK).decode()
    first, second = csv.DictReader(io.StringIO(written, newline=""))
    assert {name: text for name, text in first.items() if text} == {
        "error_row": "7",
        "error_column": "Grade; bornOn",
        "error_code": "SCHEMA_VALIDATION_FAILED",
        "error_detail": "Grade must be a number; bornOn does not have the required format",
        "holderDid": "did:adi:a",
        "name": "'=1+1",
        "degree.type": "B",
        "degree.gpa": "3,8",
    }
    assert {name: text for name, text in second.items() if text} == {
        "error_row": "8",
        "error_code": "INVALID_VALUE",
        "error_detail": "has quotation marks that do not fit",
        "error_text": "'@a,b",
    }


_TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip())
)
_ITEMS = _TEXTS.map(lambda text: text.strip().replace(";", ",")).filter(bool)
_CLAIMS = st.fixed_dictionaries(
    {"name": _TEXTS | st.sampled_from(NAMES) | st.from_regex(r"\A['=+@-]{1,4}x\Z")},
    optional={
        "degree": st.fixed_dictionaries(
            {"type": _TEXTS},
            optional={
                "year": st.integers(-(2**53) + 1, 2**53 - 1),
                "gpa": st.floats(allow_nan=False, allow_infinity=False),
                "honors": st.booleans(),
                "level": st.sampled_from([1, 2, "three"]),
            },
        ),
        "areas": st.lists(_ITEMS, min_size=1, max_size=3),
        "scores": st.lists(st.integers(0, 99), min_size=1, max_size=3),
    },
)


@given(rows=st.lists(_CLAIMS, min_size=1, max_size=4))
def test_a_table_of_faulty_rows_gives_the_same_rows_when_it_is_sent_again(rows: list[dict[str, Any]]) -> None:
    kept = [{"holderDid": f"did:adi:{number}", "claims": claims} for number, claims in enumerate(rows)]
    faults = [RowFault(number, "HOLDER_NOT_FOUND", "The holder's DID does not resolve.") for number in range(len(rows))]
    content = b"".join(errors_csv(SHAPE, [_Faulty(row, fault) for row, fault in zip(kept, faults, strict=True)]))
    finding, back = read(content)
    assert [members(row) for row in back] == kept
    assert finding.ignored == ("error_row", "error_column", "error_code", "error_detail", "error_text")


# -- cells that somebody typed over -----------------------------------------------------------------


def test_typed_cells_change_a_row_as_a_tables_cells_would() -> None:
    row = {"holderDid": "did:adi:a", "claims": {"name": "Eva", "degree": {"type": "B", "gpa": "3,8"}}}
    cells = {
        "/claims/degree/gpa": " 3.8 ",
        "/claims/degree/type": "",
        "/claims/areas": "Mission;Sunset",
        "/holderDid": " did:adi:b ",
        "/expirationDate": "2030-01-31",
        "/claims/bornOn": "03/04/2001",
    }
    change = changed_row(row, cells, SHAPE)
    assert change.members == {
        "holderDid": "did:adi:b",
        "claims": {
            "name": "Eva",
            "degree": {"gpa": 3.8},
            "areas": ["Mission", "Sunset"],
            "bornOn": "03/04/2001",
        },
        "expirationDate": "2030-01-31T23:59:59Z",
    }
    assert [(fault.pointer, fault.code) for fault in change.faults] == [("/claims/bornOn", "INVALID_DATE")]
    assert row["claims"]["degree"] == {"type": "B", "gpa": "3,8"}


def test_blank_cells_take_members_out_with_the_objects_that_they_leave_empty() -> None:
    row = {"holderDid": "a", "claims": {"degree": {"type": "B"}}, "email": "a@b.c"}
    change = changed_row(row, {"/claims/degree/type": " ", "/email": ""}, SHAPE)
    assert (change.members, change.removed) == ({"holderDid": "a", "claims": {}}, ("email",))


def test_an_unreadable_row_is_written_anew() -> None:
    change = changed_row({"unreadable": "x"}, {"/holderDid": "a", "/claims/name": "Eva"}, SHAPE)
    assert change.members == {"claims": {"name": "Eva"}, "holderDid": "a"}
    assert change.removed == ("unreadable",)


def test_a_cell_at_no_place_is_refused() -> None:
    with pytest.raises(MalformedBody):
        changed_row({}, {"/claims/nowhere": "x"}, SHAPE)
