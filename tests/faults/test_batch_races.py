"""Race gate of batches: one key, one batch; one start; moves in one line; a revocation against the issuing.

Two servers over one store. `BATCH_RACES` is how many trials of each there are: 50 at full size.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any, Final

import pytest

from sealwright.domain.batches import Batch, BatchOptions, BatchStatus, Chunk, ChunkRows, Selection
from sealwright.domain.credentials import IdempotencyScope
from sealwright.domain.errors import DomainError, IdempotencyInProgress, StateConflict
from sealwright.domain.people import Caller
from sealwright.services.acts import Answer
from sealwright.services.batch_desk import BatchDesk, BatchWish
from sealwright.services.batch_inline import InlineBatch
from sealwright.services.batch_rows import BatchRow
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE
from sealwright.services.mass_values import MassWish
from sealwright.services.office import Office
from sealwright.services.ports import StoredAnswer, UnitOfWork
from sealwright.storage.idempotency import StoredIdempotency
from tests.faults.batch_workers import row_bytes, store_problems
from tests.support.batch_checker import check_batch
from tests.support.mass import COMPROMISED
from tests.support.office import ISSUER, MovableClock, furnish, open_office, the_operator
from tests.support.races import race
from tests.support.rows import Rows, uid_text

pytestmark = pytest.mark.timeout(900)

CALLERS: Final = 8
TRIALS: Final = int(os.environ.get("BATCH_RACES", "6"))
ROWS: Final = 8
CHUNK: Final = 2
_WISH: Final = BatchWish(ISSUER, UNIVERSITY_DEGREE, BatchOptions(allow_duplicates=True))
_SETTLED: Final = (BatchStatus.ANCHORED, BatchStatus.CANCELED)


@dataclass(frozen=True)
class Pair:
    """Two servers over one store."""

    one: Office
    other: Office
    rows: Rows

    def of(self, number: int) -> Office:
        return (self.one, self.other)[number % 2]

    def move(self, number: int, name: str, batch_id: str) -> Batch:
        """Have a batch moved at one of the servers."""
        office = self.of(number)
        act: Callable[[UnitOfWork, Caller, str], Batch] = getattr(office.bulk.desk, name)
        return office.acts.run(the_operator(office), lambda uow, me: act(uow, me, batch_id))

    def state(self, batch_id: str) -> BatchStatus:
        return BatchStatus(self.rows.value("SELECT status FROM batches WHERE batch_id = ?", (batch_id,)))


@pytest.fixture(scope="module")
def pair(shared_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Two servers over one database, with a clock that stands; one pair for all tests of this module."""
    clock, home = MovableClock(), tmp_path_factory.mktemp("home")
    with ExitStack() as stack:
        one = stack.enter_context(open_office(shared_url, home, clock=clock))
        furnish(one)
        other = stack.enter_context(open_office(shared_url, home, clock=clock))
        yield Pair(one, other, Rows(shared_url))


def _draft(office: Office, rows: int = ROWS) -> str:
    """A draft with its rows in chunks of two; its id."""

    def fill(uow: UnitOfWork, me: Caller) -> str:
        made = office.bulk.desk.create(uow, me, _WISH)
        for number, first in enumerate(range(0, rows, CHUNK)):
            lines = [row_bytes(row) for row in range(first, first + CHUNK)]
            uow.batches.add_chunk(Chunk(made.batch_id, number, first, CHUNK), ChunkRows(b"\n".join(lines)))
        # As `RowIntake` counts the rows of a draft.
        uow.batches.update(_counted(made, rows))
        return made.batch_id

    return office.acts.run(the_operator(office), fill)


def _counted(batch: Batch, total: int) -> Batch:
    return replace(batch, total=total, version=batch.version + 1)


# -- one key -----------------------------------------------------------------------------------------


def _issue(pair: Pair, number: int, key: str) -> Answer:
    """One of those who call with one key and one body."""
    office = pair.of(number)
    rows = [BatchRow.of(json.loads(row_bytes(row, bad_every=3))) for row in range(3)]
    scope = IdempotencyScope("key:x", "POST /batch", key, hashlib.sha256(b"the rows").digest())
    halves = InlineBatch(office.bulk.desk, _WISH, rows)
    return office.acts.answer_in_two(
        the_operator(office), halves, lambda batch: _told(office, batch), scope=scope, is_rebuilt=True, for_good=True
    )


def _told(office: Office, batch: Batch) -> StoredAnswer:
    """An answer, made from the batch as the route makes it."""
    results = [
        (row.row, row.status, row.record.document_sha256 if row.record is not None else "")
        for row in office.bulk.desk.results.each(batch)
    ]
    return StoredAnswer(200, json.dumps([batch.batch_id, batch.transaction_hash, results]).encode())


def _key_faults(pair: Pair, key: str) -> list[str]:
    """What is wrong after all have come with one key."""
    before = pair.rows.value("SELECT COUNT(*) FROM batches")
    told = race([lambda n=n: _issue(pair, n, key) for n in range(CALLERS)])  # type: ignore[misc]
    bodies = {one.stored.body for one in told if isinstance(one, Answer)}
    strange = {type(one) for one in told} - {Answer, IdempotencyInProgress}
    faults = [f"{one.__name__} was answered" for one in strange]
    if len(bodies) != 1:
        faults.append(f"{len(bodies)} different answers")
    if made := pair.rows.value("SELECT COUNT(*) FROM batches") - before - 1:
        faults.append(f"{made} batches too many")
    for batch_id in (json.loads(body)[0] for body in bodies):
        if check_batch(pair.rows, batch_id).issued != 2:
            faults.append("not two rows were issued")
    return faults


def test_one_key_makes_one_batch(pair: Pair) -> None:
    for trial in range(TRIALS):
        assert _key_faults(pair, f"key-{trial}") == []


# -- moves -------------------------------------------------------------------------------------------


def _line_faults(rows: Rows, batch_id: str) -> list[str]:
    """Moves that do not begin where the one before ended; each is a row of the trail."""
    faults: list[str] = []
    state: str | None = None
    for (body,) in rows.read(
        "SELECT body FROM audit_rows WHERE object_id = ? AND action <> 'credential.issued' ORDER BY sequence",
        (batch_id,),
    ):
        row = json.loads(bytes(body) if not isinstance(body, str) else body)
        before = (row["before"] or {}).get("status")
        # Beginning to run is told by the first chunk, which is a row of its own kind.
        if before != state and (state, before) != ("accepted", "running"):
            faults.append(f"{row['action']} began at {before}, and it was {state}")
        state = row["after"]["status"]
    return faults


def _rush(pair: Pair, batch_id: str, names: tuple[str, ...]) -> list[object]:
    """Moves and workers at once, half of them at each server."""
    moves = [lambda n=n, name=name: pair.move(n, name, batch_id) for n, name in enumerate(names)]
    works = [lambda n=n: pair.of(n).bulk.engine.work_once() for n in range(CALLERS - len(moves))]
    told = race([*moves, *works])
    strange = [one for one in told if isinstance(one, DomainError) and not isinstance(one, StateConflict)]
    assert strange == []
    return told[: len(moves)]


def _settle(pair: Pair, batch_id: str) -> BatchStatus:
    """Bring a batch to its end, whatever state it was left in."""
    if pair.state(batch_id) is BatchStatus.PAUSED:
        pair.move(0, "resume", batch_id)
    while any(pair.of(number).bulk.engine.work_once() for number in range(2)):
        pass
    return pair.state(batch_id)


def _judge_moves(pair: Pair, batch_id: str) -> None:
    state = _settle(pair, batch_id)
    assert state in _SETTLED
    issued = pair.rows.value("SELECT COUNT(*) FROM credentials WHERE batch_id = ?", (batch_id,))
    is_canceled = state is BatchStatus.CANCELED
    assert check_batch(pair.rows, batch_id, canceled=is_canceled, unlogged=not issued).total == ROWS
    assert _line_faults(pair.rows, batch_id) == []


def test_a_draft_is_started_once(pair: Pair) -> None:
    for _ in range(TRIALS):
        batch_id = _draft(pair.one)
        told = _rush(pair, batch_id, ("start",) * 5)
        assert sum(isinstance(one, Batch) for one in told) == 1
        _judge_moves(pair, batch_id)


@pytest.mark.parametrize("last", ["pause", "cancel"])
def test_moves_of_a_running_batch_stand_in_one_line(pair: Pair, last: str) -> None:
    for trial in range(TRIALS):
        batch_id = _draft(pair.one)
        if trial % 2:
            pair.move(0, "start", batch_id)
        told = _rush(pair, batch_id, ("start", "pause", "resume", last))
        assert sum(isinstance(told[n], Batch) for n in (0,)) <= 1
        if pair.state(batch_id) is BatchStatus.DRAFT:
            pair.move(0, "start", batch_id)
        elif last == "cancel" and isinstance(told[3], Batch):
            assert pair.state(batch_id) is BatchStatus.CANCELED
        if pair.state(batch_id) is not BatchStatus.CANCELED or pair.rows.value(
            "SELECT at FROM batches WHERE batch_id = ?", (batch_id,)
        ):
            _judge_moves(pair, batch_id)


# -- a revocation against the issuing ----------------------------------------------------------------


def _revoke(pair: Pair, batch_id: str) -> set[str]:
    """Revoke what a batch has issued by now; gives what stood there before it was asked."""
    stood = {uid_text(uid) for (uid,) in pair.rows.read("SELECT uid FROM credentials WHERE batch_id = ?", (batch_id,))}
    pair.other.bulk.mass.revoke(the_operator(pair.other), MassWish(ISSUER, Selection(batch_id=batch_id), COMPROMISED))
    return stood


def _drain(pair: Pair) -> None:
    """Work at both servers until nothing is left."""
    for number in range(2):
        while pair.of(number).bulk.mass.gathering.work() or pair.of(number).bulk.engine.work_once():
            pass


def test_a_revocation_of_a_batch_that_is_still_being_issued(pair: Pair) -> None:
    for _ in range(TRIALS):
        batch_id = _draft(pair.one)
        pair.move(0, "start", batch_id)
        pair.one.bulk.engine.work_once()
        told = race(
            [
                lambda b=batch_id: pair.one.bulk.engine.run_batch(b),  # type: ignore[misc]
                lambda b=batch_id: _revoke(pair, b),  # type: ignore[misc]
                pair.other.bulk.engine.work_once,
                pair.other.bulk.engine.work_once,
            ]
        )
        stood = told[1]
        assert not [one for one in told if isinstance(one, DomainError) and one is not stood]
        _drain(pair)
        if isinstance(stood, StateConflict):
            # It was still being carried out; once it is over nothing speaks against it.
            stood = _revoke(pair, batch_id)
            assert len(stood) == ROWS
            _drain(pair)
        assert check_batch(pair.rows, batch_id).issued == ROWS
        ended = {
            uid_text(uid)
            for (uid,) in pair.rows.read(
                "SELECT uid FROM credentials WHERE batch_id = ? AND status = 'revoked'", (batch_id,)
            )
        }
        assert isinstance(stood, set)
        assert len(stood) >= CHUNK
        assert stood <= ended
    # Bits and rows say the same, and a place was never given out twice.
    assert list(store_problems(pair.one)) == []


# -- twins ------------------------------------------------------------------------------------------


def test_keys_that_bind_nobody_are_found_out(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    begin = StoredIdempotency.begin_many

    def begin_all(self: StoredIdempotency, items: Any, *rest: Any) -> frozenset[IdempotencyScope]:
        begin(self, items, *rest)
        return frozenset(scope for scope, _ in items)

    monkeypatch.setattr(StoredIdempotency, "begin_many", begin_all)
    assert _key_faults(pair, "a key")


def test_moves_off_the_record_are_found_out(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def unrecorded(
        desk: BatchDesk, uow: UnitOfWork, caller: Caller, action: str, before: Batch, after: Batch, **_: Any
    ) -> Batch:
        uow.batches.update(after)
        return after

    batch_id = _draft(pair.one)
    pair.move(0, "start", batch_id)
    with monkeypatch.context() as patched:
        patched.setattr(BatchDesk, "_moved", unrecorded)
        pair.move(1, "pause", batch_id)
    pair.move(0, "resume", batch_id)
    assert _line_faults(pair.rows, batch_id)
