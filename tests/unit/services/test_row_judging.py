"""What is wrong with a row: its form and its content together, each in its column."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, cast

import msgspec

from sealwright.domain.batches import Batch, BatchKind, BatchOptions, BatchStatus, CellFault, RowFault, Starter
from sealwright.domain.people import ActorKind
from sealwright.services.registry import RegistryView
from sealwright.services.row_judging import (
    CELLS_TOLD,
    RowJudge,
    errors_in,
    with_duplicate,
    without_duplicate,
)
from sealwright.services.row_reading import ReadRow

_BATCH = Batch(
    batch_id="bat_x",
    kind=BatchKind.ISSUE,
    status=BatchStatus.DRAFT,
    issuer_did="did:adi:issuer001",
    schema_id="did:adi:schema:x-v1",
    credential_type=None,
    name=None,
    options=BatchOptions(),
    starter=Starter(ActorKind.OPERATOR, "test", "operator"),
    total=0,
    created_at=datetime(2026, 1, 1, tzinfo=UTC),
)


class _Checker:
    """Finds fault with every row that has a claim ``wrong``, so many times; remembers what it was shown."""

    def __init__(self) -> None:
        self.shown: list[dict[str, Any]] = []

    def check_rows(
        self, batch: Batch, lines: Sequence[bytes], first_row: int, view: RegistryView
    ) -> tuple[RowFault, ...]:
        self.shown = [msgspec.json.decode(line) for line in lines]
        return tuple(
            RowFault(
                first_row + place,
                "SCHEMA_VALIDATION_FAILED",
                "1 claim does not match the credential schema.",
                tuple(CellFault(f"/claims/c{number}", "type", "must be a number") for number in range(times)),
            )
            for place, line in enumerate(self.shown)
            if (times := line.get("claims", {}).get("wrong", 0))
        )


def _row(members: dict[str, Any], *faults: CellFault, unreadable: bool = False) -> ReadRow:
    return ReadRow(1, msgspec.json.encode(members), members.get("holderDid"), faults, unreadable=unreadable)


def _judge(checker: _Checker, *rows: ReadRow, doubles: Sequence[bool] = ()) -> tuple[RowFault, ...]:
    columns = {"/claims/c0": "Grade", "/holderDid": "who", "/expirationDate": "until"}
    judge = RowJudge(checker, _BATCH, cast("RegistryView", None), columns.get)
    return judge.judge(rows, 100, doubles or [False] * len(rows))


def test_faults_of_content_are_told_in_their_columns() -> None:
    (fault,) = _judge(
        _Checker(), _row({"holderDid": "a", "claims": {}}), _row({"holderDid": "a", "claims": {"wrong": 2}})
    )
    assert (fault.row, fault.code) == (101, "SCHEMA_VALIDATION_FAILED")
    assert [(cell.pointer, cell.column) for cell in fault.cells] == [("/claims/c0", "Grade"), ("/claims/c1", None)]


def test_a_wrong_date_or_address_hides_nothing_else() -> None:
    checker = _Checker()
    members = {"holderDid": "a", "claims": {"wrong": 1}, "expirationDate": "soon", "email": "x"}
    faults = (CellFault("/expirationDate", "INVALID_DATE", "is none"), CellFault("/email", "INVALID_VALUE", "is none"))
    (fault,) = _judge(checker, _row(members, *faults))
    assert checker.shown == [{"holderDid": "a", "claims": {"wrong": 1}}]
    assert fault.code == "INVALID_DATE"
    assert [cell.pointer for cell in fault.cells] == ["/expirationDate", "/email", "/claims/c0"]
    assert fault.cells[0].column == "until"


def test_an_unclear_date_goes_before_what_the_schema_says_of_the_same_cell() -> None:
    told = CellFault("/claims/c0", "INVALID_DATE", "can be read as 2026-03-04 or 2026-04-03", "Grade")
    (fault,) = _judge(_Checker(), _row({"holderDid": "a", "claims": {"wrong": 2}}, told))
    assert fault.cells == (told, CellFault("/claims/c1", "type", "must be a number"))


def test_a_row_that_is_none_is_not_shown_to_the_checker() -> None:
    checker = _Checker()
    fault = CellFault("", "INVALID_JSON", "The text is not one JSON value.")
    missing = CellFault("/holderDid", "MISSING_FIELD", "is missing")
    found = _judge(
        checker,
        _row({"unreadable": "{"}, fault, unreadable=True),
        _row({"claims": {"wrong": 1}}, missing),
    )
    assert checker.shown == [{"unreadable": ""}, {"unreadable": ""}]
    assert [(one.row, one.code, one.detail) for one in found] == [
        (100, "INVALID_JSON", "The text is not one JSON value."),
        (101, "MISSING_FIELD", "This row cannot be taken as it stands."),
    ]
    assert found[1].cells[0].column == "who"


def test_a_row_that_is_wrong_all_over_is_told_in_part() -> None:
    (fault,) = _judge(_Checker(), _row({"holderDid": "a", "claims": {"wrong": 500}}))
    assert len(fault.cells) == CELLS_TOLD


def test_a_holder_named_twice_is_told_beside_what_else_is_wrong_and_taken_back() -> None:
    sound, wrong = _row({"holderDid": "a", "claims": {}}), _row({"holderDid": "a", "claims": {"wrong": 1}})
    first, second = _judge(_Checker(), sound, wrong, doubles=[True, True])
    assert (first.code, [(cell.column, cell.code) for cell in first.cells]) == (
        "DUPLICATE_IN_BATCH",
        [("who", "DUPLICATE_IN_BATCH")],
    )
    assert (second.code, [cell.code for cell in second.cells]) == (
        "SCHEMA_VALIDATION_FAILED",
        ["type", "DUPLICATE_IN_BATCH"],
    )
    assert with_duplicate(101, second) == second
    assert without_duplicate(first) is None
    assert without_duplicate(None) is None
    assert [cell.code for cell in (without_duplicate(second) or first).cells] == ["type"]


def test_entries_have_wire_codes_and_no_keywords() -> None:
    whole = RowFault(3, "CREDENTIAL_ALREADY_ACTIVE", "The person holds a grant of this type.")
    cells = (CellFault("/claims/x", "type", "must be a number", "x"), CellFault("/holderDid", "INVALID_DID", "is none"))
    spread = errors_in([whole, RowFault(4, "SCHEMA_VALIDATION_FAILED", "…", cells)])
    assert [(one.row, one.column, one.pointer, one.code) for one in spread] == [
        (3, None, "", "CREDENTIAL_ALREADY_ACTIVE"),
        (4, "x", "/claims/x", "SCHEMA_VALIDATION_FAILED"),
        (4, None, "/holderDid", "INVALID_DID"),
    ]
