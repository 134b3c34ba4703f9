"""Files of rows on their way into a draft: whole or not at all, judged cell by cell, in every encoding."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

import msgspec
import pytest

from sealwright.domain.batch_errors import BatchNotFound, UnreadableRows
from sealwright.domain.batches import Batch, BatchOptions, BatchStatus, OnDuplicate
from sealwright.domain.errors import BatchTooLarge, StateConflict
from sealwright.services.batch_desk import BatchWish
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.office import Office
from sealwright.services.row_intake import IntakeProgress, IntakeReport, RowIntake, RowsWish
from sealwright.services.row_reading import ReadingLimits
from sealwright.services.row_shape import RowShape
from sealwright.services.row_tables import errors_csv, template_csv
from tests.support.office import HOLDER, ISSUER, api_key_for, furnish, open_office, the_operator
from tests.support.row_files import NAMES, WESTERN_NAMES, blocks, table
from tests.support.wallet import WalletKey

_CSV: Final = RowsWish("text/csv")
_NDJSON: Final = RowsWish("application/x-ndjson")
_HEADER: Final = ["holderDid", "degree.type", "degree.name", "degree.graduationYear", "degree.gpa"]
_KEYS: Final[list[str]] = []


@pytest.fixture(scope="module")
def office(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """One office for all tests of this module; each makes its own drafts."""
    with open_office(shared_url, tmp_path_factory.mktemp("office")) as opened:
        furnish(opened)
        yield opened


def holders(count: int) -> list[str]:
    """DIDs that resolve without being registered."""
    while len(_KEYS) < count:
        _KEYS.append(WalletKey().did)
    return _KEYS[:count]


def draft(office: Office, **options: Any) -> Batch:
    wish = BatchWish(ISSUER, UNIVERSITY_DEGREE, BatchOptions(**options), "Graduates")
    return office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.create(uow, me, wish))


def take_in(office: Office, batch: Batch, content: str | bytes, wish: RowsWish = _CSV, **more: Any) -> IntakeReport:
    data = content.encode() if isinstance(content, str) else content
    intake: RowIntake = more.pop("intake", office.bulk.intake)
    return intake.take_in(the_operator(office), batch.batch_id, blocks(data, 50_000), wish, **more)


def kept(office: Office, batch: Batch, *, faulty: bool = False) -> list[Any]:
    """Every kept row."""
    found = office.bulk.desk.results.rows(stored(office, batch), faulty=faulty, limit=100_000, cursor=None)
    return list(found.items)


def stored(office: Office, batch: Batch) -> Batch:
    with office.units(write=False) as uow:
        known = uow.batches.get(batch.batch_id)
    assert known is not None
    return known


def graduates(names: list[str] | tuple[str, ...]) -> list[list[str]]:
    return [[did, "BachelorDegree", name, "2025", "3.8"] for did, name in zip(holders(len(names)), names, strict=True)]


def test_a_table_becomes_rows_that_can_be_issued(office: Office) -> None:
    batch = draft(office)
    report = take_in(office, batch, table([_HEADER, *graduates(NAMES)]), replace(_CSV, source="people.csv"))
    assert (report.rows, report.valid, report.invalid, report.skipped) == (len(NAMES), len(NAMES), 0, 0)
    after = stored(office, batch)
    assert (after.total, after.options.encoding, after.options.source) == (len(NAMES), "utf-8", "people.csv")
    assert [row.members["claims"]["degree"]["name"] for row in kept(office, batch)] == list(NAMES)
    office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.start(uow, me, batch.batch_id))
    done = office.bulk.engine.run_batch(batch.batch_id)
    assert (done.issued, done.failed) == (len(NAMES), 0)
    documents = [result.record.document for result in office.bulk.desk.results.each(done)]
    assert [msgspec.json.decode(one)["credentialSubject"]["degree"]["name"] for one in documents] == list(NAMES)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_a_table_gives_the_same_rows_in_every_encoding(office: Office, encoding: str) -> None:
    names = WESTERN_NAMES if encoding == "cp1252" else NAMES
    first, second = draft(office), draft(office)
    content = table([_HEADER, *graduates(names)], ";")
    take_in(office, first, content)
    report = take_in(office, second, content.encode(encoding))
    with office.units(write=False) as uow:
        rows = [uow.batches.rows(batch.batch_id, 0) for batch in (first, second)]
    assert rows[0] is not None
    assert rows[1] is not None
    assert rows[0].content == rows[1].content
    assert report.finding.samples[0] == names[0]


def test_what_is_wrong_is_told_by_row_and_column(office: Office) -> None:
    a, b, c, d = holders(4)
    content = table(
        [
            ["gpa", "holderDid", "degree.type", "Degree.GraduationYear", "expirationDate", "note"],
            ["3.8", a, "B", "2025", "", "x"],
            ["3,8", b, "", "1066", "", "x"],
            ["", "did:adi:nobody", "B", "", "", "x"],
            ["", "nonsense", "B", "", "03/04/2031", "x"],
            ["", c, "B", "MMXXV", "2020-01-01", "x"],
            ["", a, "B", "2025", "", "x"],
            ["", "", "B", "", "", "x"],
            ["", d, "B", "2025", "", "x", "y"],
        ]
    )
    batch = draft(office, mapping={"gpa": "/claims/degree/gpa"})
    report = take_in(office, batch, content)
    assert (report.rows, report.valid, report.invalid) == (8, 1, 7)
    assert report.finding.ignored == ("note",)
    assert [(error.row, error.column, error.code) for error in report.errors] == [
        (1, "gpa", "SCHEMA_VALIDATION_FAILED"),
        (1, "Degree.GraduationYear", "SCHEMA_VALIDATION_FAILED"),
        (1, "degree.type", "SCHEMA_VALIDATION_FAILED"),
        (2, "holderDid", "HOLDER_NOT_FOUND"),
        (3, "expirationDate", "INVALID_DATE"),
        (3, "holderDid", "INVALID_DID"),
        (4, "Degree.GraduationYear", "SCHEMA_VALIDATION_FAILED"),
        (5, "holderDid", "DUPLICATE_IN_BATCH"),
        (6, "holderDid", "MISSING_FIELD"),
        (7, None, "INVALID_VALUE"),
    ]
    assert "3,8" not in str(report.errors)


def test_faulty_rows_can_be_mended_as_a_table_and_sent_again(office: Office) -> None:
    a, b = holders(2)
    batch = draft(office)
    take_in(office, batch, table([_HEADER, [a, "B", "=Eva", "2025", "3.8"], [b, "B", "Ada", "x", "3.8"]]))
    shape = office.bulk.intake.shape(UNIVERSITY_DEGREE, office.registry.current())
    wrong = b"".join(errors_csv(shape, office.bulk.desk.results.faults(stored(office, batch))))
    mended = wrong.replace(b",x,", b",2025,")
    assert mended != wrong
    report = take_in(office, batch, mended)
    assert (report.rows, report.invalid) == (1, 0)
    assert kept(office, batch)[0].members["claims"]["degree"]["name"] == "Ada"


def test_a_template_is_taken_in_as_it_is(office: Office) -> None:
    batch = draft(office)
    shape = RowShape.of(office.schemas.get(UNIVERSITY_DEGREE).content)
    content = b"".join(template_csv(shape)).replace(b"did:adi:holder002", holders(1)[0].encode())
    assert take_in(office, batch, content).errors == ()


def test_lines_of_json_are_taken_in_with_their_faults(office: Office) -> None:
    batch = draft(office)
    good = {"holderDid": HOLDER, "claims": {"degree": {"type": "B"}}}
    lines = [msgspec.json.encode(good), b"{", b'{"holderDid":1}', b'{"a":1,"a":2}']
    report = take_in(office, batch, b"\n".join(lines), _NDJSON)
    assert (report.rows, report.invalid) == (4, 3)
    assert [(error.row, error.pointer, error.code) for error in report.errors] == [
        (1, "", "INVALID_JSON"),
        (2, "/holderDid", "INVALID_TYPE"),
        (2, "/claims", "MISSING_FIELD"),
        (3, "/a", "DUPLICATE_KEY"),
    ]
    assert [row.members for row in kept(office, batch)][:2] == [good, {"unreadable": "{"}]


def test_a_thousand_rows_make_a_chunk_and_progress_is_told(office: Office) -> None:
    dids = holders(2_100)
    told: list[IntakeProgress] = []
    rows = [[did, "B", "Eva", "2025", "3.8"] for did in [*dids, dids[0], dids[1_500]]]
    batch = draft(office)
    content = table([_HEADER, *rows])
    report = take_in(office, batch, content, progress=told.append)
    assert (report.rows, report.invalid) == (2_102, 2)
    assert [(error.row, error.code) for error in report.errors] == [
        (2_100, "DUPLICATE_IN_BATCH"),
        (2_101, "DUPLICATE_IN_BATCH"),
    ]
    assert [(one.rows, one.invalid) for one in told] == [(1_024, 0), (2_048, 0), (2_102, 2)]
    assert told[-1].read_bytes == len(content)
    with office.units(write=False) as uow:
        chunks = uow.batches.chunks(batch.batch_id)
    assert [(one.first_row, one.row_count, len(one.faults)) for one in chunks] == [
        (0, 1_024, 0),
        (1_024, 1_024, 0),
        (2_048, 54, 2),
    ]


def test_rows_of_a_holder_named_before_are_left_out_where_the_batch_says_so(office: Office) -> None:
    # The second row names the same holder by an alias.
    content = table([_HEADER, *([did, "B", "Eva", "2025", "3.8"] for did in (HOLDER, f"{HOLDER}...", *holders(2)))])
    skipping = take_in(office, draft(office, on_duplicate=OnDuplicate.SKIP), content)
    assert (skipping.rows, skipping.skipped, skipping.invalid) == (3, 1, 0)
    failing = take_in(office, draft(office), content)
    assert [(error.row, error.code) for error in failing.errors] == [(1, "DUPLICATE_IN_BATCH")]
    allowing = take_in(office, draft(office, allow_duplicates=True), content)
    assert (allowing.rows, allowing.invalid) == (4, 0)


def test_a_second_file_replaces_the_first(office: Office) -> None:
    batch = draft(office)
    take_in(office, batch, table([_HEADER, *graduates(NAMES)]))
    report = take_in(office, batch, table([_HEADER, *graduates(["Eva"])]))
    assert (report.rows, stored(office, batch).total, len(kept(office, batch))) == (1, 1, 1)


@pytest.mark.parametrize(
    ("content", "refusal"),
    [
        (b"holderDid\n" + b"x\n" * 1_100 + b'"open', UnreadableRows),
        (b"holderDid\n" + b"x\n" * 1_500 + b"\xe9\xff\n" * 150_000, UnreadableRows),
        (b"holderDid\n" + b"x\n" * 5_001, BatchTooLarge),
        (b"holderDid\n\n\n", UnreadableRows),
    ],
    ids=["an open quotation mark", "another encoding", "too many rows", "no rows"],
)
def test_a_file_that_cannot_be_read_to_its_end_leaves_no_rows(
    office: Office, content: bytes, refusal: type[Exception]
) -> None:
    batch = draft(office)
    take_in(office, batch, table([_HEADER, *graduates(["Eva"])]))
    with pytest.raises(refusal):
        take_in(office, batch, content, replace(_CSV, encoding="utf-8"), intake=_short(office))
    _require_empty(office, batch)


def test_whoever_goes_away_leaves_no_rows(office: Office) -> None:
    class Gone(Exception):
        """The caller hung up."""

    def breaking() -> Iterator[bytes]:
        yield table([_HEADER, *([did, "B", "Eva", "2025", "3.8"] for did in holders(1_500))]).encode()
        raise Gone

    batch = draft(office)
    with pytest.raises(Gone):
        office.bulk.intake.take_in(the_operator(office), batch.batch_id, breaking(), _CSV)
    _require_empty(office, batch)


def test_half_read_rows_cannot_be_started(office: Office) -> None:
    batch = draft(office)
    tried: list[BaseException] = []

    def start(progress: IntakeProgress) -> None:
        with pytest.raises(StateConflict) as refused:
            office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.start(uow, me, batch.batch_id))
        tried.append(refused.value)

    take_in(office, batch, table([_HEADER, *graduates(["Eva"])]), progress=start)
    assert len(tried) == 1
    assert stored(office, batch).status is BatchStatus.DRAFT


def test_a_file_sent_meanwhile_takes_the_draft_over(office: Office) -> None:
    batch = draft(office)
    later = table([_HEADER, *graduates(["Ida"])])

    def overtake(progress: IntakeProgress) -> None:
        if progress.rows == 1_024:
            take_in(office, batch, later)

    rows = [[did, "B", "Eva", "2025", "3.8"] for did in holders(1_500)]
    with pytest.raises(StateConflict, match="Other rows were sent"):
        take_in(office, batch, table([_HEADER, *rows]), progress=overtake)
    assert [row.members["claims"]["degree"]["name"] for row in kept(office, batch)] == ["Ida"]
    assert stored(office, batch).total == 1


def test_rows_come_only_into_drafts_of_the_callers_own(office: Office) -> None:
    batch = draft(office)
    content = table([_HEADER, *graduates(["Eva"])])
    stranger = api_key_for(office, HOLDER)
    with pytest.raises(BatchNotFound):
        office.bulk.intake.take_in(stranger, batch.batch_id, [content.encode()], _CSV)
    take_in(office, batch, content)
    office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.start(uow, me, batch.batch_id))
    with pytest.raises(StateConflict):
        take_in(office, batch, content)


def _short(office: Office) -> RowIntake:
    """An intake of few rows."""
    whole = office.bulk.intake
    limits = ReadingLimits(rows=5_000, file_bytes=1 << 20)
    return RowIntake(
        units=whole._units,
        acts=whole._acts,
        registry=whole._registry,
        desk=whole._desk,
        checker=whole._checker,
        limits=limits,
    )


def _require_empty(office: Office, batch: Batch) -> None:
    with office.units(write=False) as uow:
        assert uow.batches.chunks(batch.batch_id) == ()
    assert stored(office, batch).total == 0
    with pytest.raises(StateConflict):
        office.acts.run(the_operator(office), lambda uow, me: office.bulk.desk.start(uow, me, batch.batch_id))
