"""Batches over a database that refuses: rows, commits, audit rows, room on the disk; and by clocks that go wrong.

Nothing is live that was not stored whole, nobody is told that it was, and all goes on when the cause has ended.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Final

import pytest

from sealwright.domain.batches import Batch, BatchOptions, BatchStatus
from sealwright.domain.errors import StoreUnavailable
from sealwright.services import bulk, bulk_issuing
from sealwright.services.batch_desk import BatchWish
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.office import Office
from sealwright.services.row_intake import RowsWish
from tests.faults.batch_planted import DONE_TOO_EARLY, opened
from tests.faults.batch_workers import row_bytes, store_problems
from tests.support.batch_checker import BatchUnsound, check_batch
from tests.support.batches import codes_of, make_batch, present, worker
from tests.support.office import ISSUER, MovableClock, furnish, open_office, the_operator
from tests.support.rows import Rows

pytestmark = pytest.mark.timeout(240)

ROWS, CHUNK = 8, 4
# Long enough that a row of it takes pages of its own.
LONG: Final = 24_000
STAGES: Final = {
    "reserve": ("batch_chunks", "UPDATE", "new.state = 'running' AND new.run <> '[]'"),
    "store": ("batch_chunks", "UPDATE", "new.state = 'done'"),
    "end": ("batches", "UPDATE", "new.finished_at IS NOT NULL"),
}
AUDITED: Final = {"store": "credential.issued", "end": "batch.completed"}


@dataclass(frozen=True)
class Scene:
    """An office over a database that can be broken."""

    office: Office
    clock: MovableClock
    rows: Rows

    def batch(self, **members: Any) -> Batch:
        """Start a batch of two chunks; the last row of each fails."""
        lines = [row_bytes(number, bad_every=CHUNK, **members) for number in range(ROWS)]
        return make_batch(self.office, lines, chunk_rows=CHUNK)

    def live(self, batch: Batch) -> tuple[int, int, int]:
        """Credentials, chunks that are done, and audit rows of a batch, as they lie there."""
        name = (batch.batch_id,)
        return (
            self.rows.value("SELECT COUNT(*) FROM credentials WHERE batch_id = ?", name),
            self.rows.value("SELECT COUNT(*) FROM batch_chunks WHERE batch_id = ? AND state = 'done'", name),
            self.rows.value(
                "SELECT COUNT(*) FROM audit_rows WHERE object_id = ? AND action = 'credential.issued'", name
            ),
        )

    def finish(self, batch: Batch) -> None:
        """Carry out what is left, and hold all of it against the promises."""
        self.office.bulk.engine.run_batch(batch.batch_id)
        facts = check_batch(self.rows, batch.batch_id)
        assert (facts.total, facts.issued) == (ROWS, ROWS - ROWS // CHUNK)
        assert list(store_problems(self.office)) == []


@pytest.fixture(scope="module")
def scene(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """What all tests of this module break, and find whole again; those that leave it broken come last."""
    clock = MovableClock()
    with open_office(shared_url, tmp_path_factory.mktemp("home"), clock=clock) as office:
        furnish(office)
        yield Scene(office, clock, Rows(shared_url))


# -- what the database refuses -----------------------------------------------------------------------


@contextmanager
def _refused(rows: Rows, table: str, act: str, condition: str) -> Iterator[None]:
    """A row that cannot be written."""
    if rows.is_sqlite:
        rows.run(
            f"CREATE TRIGGER broken BEFORE {act} ON {table} WHEN {condition} BEGIN SELECT RAISE(ABORT, 'broken'); END"
        )
    else:
        rows.run(
            "CREATE OR REPLACE FUNCTION broken() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'broken' USING ERRCODE = '53100'; END $$",
            f"CREATE TRIGGER broken BEFORE {act} ON {table} FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION broken()",
        )
    yield
    rows.run("DROP TRIGGER broken" if rows.is_sqlite else f"DROP TRIGGER broken ON {table}")


@contextmanager
def _refused_late(rows: Rows, table: str, act: str, condition: str) -> Iterator[None]:
    """A commit that fails, after every statement has passed."""
    if rows.is_sqlite:
        rows.run(
            "CREATE TABLE IF NOT EXISTS late_rows (x TEXT REFERENCES people (user_id) DEFERRABLE INITIALLY DEFERRED)",
            f"CREATE TRIGGER late AFTER {act} ON {table} WHEN {condition} "
            "BEGIN INSERT INTO late_rows VALUES ('nobody'); END",
        )
    else:
        rows.run(
            "CREATE OR REPLACE FUNCTION late() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'late'; END $$",
            f"CREATE CONSTRAINT TRIGGER late AFTER {act} ON {table} DEFERRABLE INITIALLY DEFERRED "
            f"FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION late()",
        )
    yield
    rows.run("DROP TRIGGER late" if rows.is_sqlite else f"DROP TRIGGER late ON {table}")


Cause = Callable[[Rows, str, str, str], Any]
CAUSES: Final[dict[str, Cause]] = {"a row is refused": _refused, "a commit fails": _refused_late}


def _put_off(scene: Scene, batch: Batch, stage: str) -> None:
    """Work for as long as something comes of it: nothing is half done, nothing is given up."""
    while scene.office.bulk.engine.work_once():
        pass
    credentials, done, audited = scene.live(batch)
    assert audited == done == (2 if stage == "end" else 0)
    assert credentials == (6 if stage == "end" else 0)
    found = present(scene.office, batch)
    assert found.status in (BatchStatus.ACCEPTED, BatchStatus.RUNNING)
    assert (found.merkle_root, found.transaction_hash, found.finished_at) == (None, None, None)
    assert scene.rows.value("SELECT COUNT(*) FROM anchors WHERE subject = ?", (batch.batch_id,)) == 0


def test_what_cannot_be_written_is_put_off_and_done_later(scene: Scene) -> None:
    for stage, where in STAGES.items():
        for cause in CAUSES.values():
            batch = scene.batch()
            with cause(scene.rows, *where):
                _put_off(scene, batch, stage)
            scene.finish(batch)
    for stage, action in AUDITED.items():
        batch = scene.batch()
        with _refused(scene.rows, "audit_rows", "INSERT", f"new.action = '{action}'"):
            _put_off(scene, batch, stage)
        scene.finish(batch)


# -- a full disk -------------------------------------------------------------------------------------


@contextmanager
def _full_disk(scene: Scene, table: str) -> Iterator[None]:
    """No page more: SQLite's own limit on its file; on PostgreSQL the refusal that a full disk is told by."""
    if not scene.rows.is_sqlite:
        with _refused(scene.rows, table, "INSERT", "true"):
            yield
        return
    scene.rows.run("VACUUM")
    _limit_pages(scene.office, scene.rows.value("PRAGMA page_count") + 2)
    yield
    _limit_pages(scene.office, 1 << 30)


def _limit_pages(office: Office, count: int) -> None:
    """Set the limit on the one connection that an office writes by."""
    with office.units() as uow:
        uow._transaction.driver_rows(f"PRAGMA max_page_count = {count}", ())  # type: ignore[attr-defined]


def _long(number: int) -> bytes:
    row = json.loads(row_bytes(number))
    row["claims"]["degree"]["university"] = "U" * LONG
    return json.dumps(row).encode()


def test_a_disk_that_fills_up_while_rows_are_taken_in(scene: Scene) -> None:
    office, desk = scene.office, scene.office.bulk.desk
    wish = BatchWish(ISSUER, UNIVERSITY_DEGREE, BatchOptions(allow_duplicates=True))
    batch = office.acts.run(the_operator(office), lambda uow, me: desk.create(uow, me, wish))
    blocks = [_long(number) + b"\n" for number in range(ROWS)]

    def take_in() -> int:
        found = office.bulk.intake.take_in(
            the_operator(office), batch.batch_id, blocks, RowsWish("application/x-ndjson")
        )
        return found.rows

    with _full_disk(scene, "batch_rows"), pytest.raises(StoreUnavailable) as refused:
        take_in()
    assert "U" * 100 not in str(refused.value)
    assert present(office, batch).total == 0
    assert take_in() == ROWS
    office.acts.run(the_operator(office), lambda uow, me: desk.start(uow, me, batch.batch_id))
    office.bulk.engine.run_batch(batch.batch_id)
    assert check_batch(scene.rows, batch.batch_id).issued == ROWS


def test_a_disk_that_fills_up_while_credentials_are_stored(scene: Scene) -> None:
    batch = make_batch(scene.office, [_long(number) for number in range(ROWS)], chunk_rows=CHUNK)
    with _full_disk(scene, "credentials"):
        while scene.office.bulk.engine.work_once():
            pass
        assert scene.live(batch) == (0, 0, 0)
    scene.office.bulk.engine.run_batch(batch.batch_id)
    assert check_batch(scene.rows, batch.batch_id).issued == ROWS


# -- clocks ------------------------------------------------------------------------------------------


def _out_of_order(rows: Rows) -> int:
    """Audit rows that are dated before the row that they follow."""
    dates = [at for (at,) in rows.read("SELECT at FROM audit_rows ORDER BY sequence")]
    return sum(after < before for before, after in pairwise(dates))


def test_a_clock_that_went_back_issues_nothing_until_it_is_right(scene: Scene) -> None:
    batch = scene.batch()
    assert scene.office.bulk.engine.work_once()
    before = scene.live(batch)
    scene.clock.move(hours=-1)
    assert not scene.office.bulk.engine.work_once()
    assert scene.live(batch) == before
    assert present(scene.office, batch).status is BatchStatus.RUNNING
    scene.clock.move(hours=1)
    scene.finish(batch)
    assert _out_of_order(scene.rows) == 0
    moments = "SELECT COUNT(DISTINCT issued_at) FROM credentials WHERE batch_id = ?"
    assert scene.rows.value(moments, (batch.batch_id,)) == 1


def test_a_clock_that_goes_back_while_a_chunk_is_signed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = scene.batch()
    with _moving(scene.clock, monkeypatch, hours=-1):
        scene.office.bulk.engine.work_once()
    assert _out_of_order(scene.rows) == 0
    scene.clock.move(hours=1)
    scene.finish(batch)
    assert _out_of_order(scene.rows) == 0


@contextmanager
def _moving(clock: MovableClock, monkeypatch: pytest.MonkeyPatch, **parts: float) -> Iterator[None]:
    """The clock jumps once, in the middle of the next chunk's signing."""
    sign, turns = bulk_issuing.sound_signature, iter([0, 1])  # type: ignore[attr-defined]

    def signed(*arguments: Any) -> bytes:
        if next(turns, 0):
            clock.move(**parts)
        return bytes(sign(*arguments))

    with monkeypatch.context() as patched:
        patched.setattr(bulk_issuing, "sound_signature", signed)
        yield


def _in_half_a_day(clock: MovableClock) -> str:
    return (clock.now() + timedelta(hours=12)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_rows_that_end_before_their_turn_comes_are_not_issued(scene: Scene) -> None:
    batch = scene.batch(expirationDate=_in_half_a_day(scene.clock))
    assert scene.office.bulk.engine.work_once()
    scene.clock.move(days=1)
    scene.office.bulk.engine.run_batch(batch.batch_id)
    facts = check_batch(scene.rows, batch.batch_id)
    assert (facts.issued, facts.failed) == (CHUNK - 1, ROWS - CHUNK + 1)
    codes = codes_of(scene.office, batch)
    assert {codes[row] for row in range(CHUNK, ROWS - 1)} == {"EXPIRATION_IN_PAST"}


def test_a_clock_that_goes_ahead_while_a_chunk_is_signed(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be over when it is stored is not stored."""
    batch = scene.batch(expirationDate=_in_half_a_day(scene.clock))
    with _moving(scene.clock, monkeypatch, days=1):
        scene.office.bulk.engine.work_once()
    scene.office.bulk.engine.run_batch(batch.batch_id)
    assert scene.live(batch)[0] == 0
    assert set(codes_of(scene.office, batch).values()) == {"EXPIRATION_IN_PAST", "HOLDER_NOT_FOUND"}


# -- twins ------------------------------------------------------------------------------------------


def test_an_engine_that_never_minds_the_clock_is_found_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = scene.batch()
    assert scene.office.bulk.engine.work_once()
    monkeypatch.setattr(bulk, "_require_clock", lambda *_: None)
    before = scene.live(batch)
    scene.clock.move(hours=-1)
    scene.office.bulk.engine.work_once()
    assert scene.live(batch) != before or _out_of_order(scene.rows)
    scene.clock.move(hours=1)
    scene.office.bulk.engine.run_batch(batch.batch_id)


def test_an_engine_that_says_done_too_early_is_found_out(scene: Scene) -> None:
    def units(*, write: bool = True) -> Any:
        return opened(scene.office.units, lambda _: None, DONE_TOO_EARLY) if write else scene.office.units(write=False)

    batch = scene.batch()
    with _refused(scene.rows, "credentials", "INSERT", "1 = 1"):
        worker(scene.office, units).work_once()
    scene.office.bulk.engine.run_batch(batch.batch_id)
    with pytest.raises(BatchUnsound, match=r"root|no credential"):
        check_batch(scene.rows, batch.batch_id)
