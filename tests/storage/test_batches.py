"""Batches, their chunks and rows: written, changed, listed, summed up."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.batches import (
    BatchFilter,
    BatchKind,
    BatchStatus,
    CellFault,
    ChunkRows,
    ChunkState,
    IndexRun,
    PausedBy,
    RowFault,
    Starter,
)
from sealwright.domain.errors import InvalidPagination, VersionConflict
from sealwright.domain.people import ActorKind
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import ISSUER, NOW
from tests.storage.bulk_builders import LEASE, OVER, batch, chunk, outcome, rows

SECOND = timedelta(seconds=1)


def _with_chunks(units: UnitOfWorkFactory, count: int) -> None:
    with units() as uow:
        uow.batches.add(batch(total=4 * count))
        for number in range(count):
            uow.batches.add_chunk(chunk(number=number), rows())
        uow.commit()


def test_a_batch_comes_back_as_it_was_written(units: UnitOfWorkFactory) -> None:
    first = batch()
    later = replace(
        first.moved(BatchStatus.ACCEPTED).moved(BatchStatus.PAUSED),
        version=2,
        at=NOW,
        started_at=NOW,
        finished_at=NOW + SECOND,
        paused_by=PausedBy.HALT,
        merkle_root="ab" * 32,
        transaction_hash="0x" + "ab" * 32,
        credential_type="degree",
        schema_id=None,
        kind=BatchKind.REVOKE,
        starter=Starter(ActorKind.API_KEY, "key_one", "api_key"),
    )
    with units() as uow:
        uow.batches.add(first)
        assert uow.batches.get("bat_one") == first
        uow.batches.update(later)
        assert uow.batches.get_for_update("bat_one") == later
        with pytest.raises(VersionConflict):
            uow.batches.update(later)
        uow.commit()
    with units(write=False) as uow:
        assert uow.batches.get("bat_one") == later
        assert uow.batches.get("bat_none") is None
        assert uow.batches.get("bat\x00") is None


def test_chunks_and_rows_come_back_and_are_replaced(units: UnitOfWorkFactory) -> None:
    fault = RowFault(2, "SCHEMA_VALIDATION_FAILED", "No.", (CellFault("/claims/a", "type", "Not a number.", "A"),))
    found = chunk(number=1, faults=(fault,), run=(IndexRun("lst_one", 5, 4),), method_id="did:adi:x#1")
    with units() as uow:
        uow.batches.add(batch())
        uow.batches.add_chunk(chunk(), rows(["did:key:first"]))
        uow.batches.add_chunk(found, rows(["did:key:second"]))
        assert uow.batches.chunk("bat_one", 1) == found
        assert uow.batches.chunks("bat_one") == (chunk(), found)
        assert uow.batches.outline("bat_one") == (chunk(), replace(found, faults=()))
        assert uow.batches.chunk("bat_one", 2) is None
        assert uow.batches.rows("bat_one", 1) == rows(["did:key:second"])
        assert list(uow.batches.holders("bat_one")) == [(0, bytes(8)), (1, bytes(8))]
        uow.batches.replace_chunk(chunk(row_count=3, faults=(fault,)), ChunkRows(b"{}", b"12345678"))
        assert uow.batches.chunk("bat_one", 0) == chunk(row_count=3, faults=(fault,))
        assert uow.batches.rows("bat_one", 0) == ChunkRows(b"{}", b"12345678")
        uow.batches.set_rows("bat_one", 0, b"[]")
        assert uow.batches.rows("bat_one", 0) == ChunkRows(b"[]", b"12345678")
        uow.batches.clear_rows("bat_one")
        assert (uow.batches.chunks("bat_one"), uow.batches.rows("bat_one", 0)) == ((), None)


def test_more_chunks_than_are_read_at_once_give_their_marks_in_order(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number in range(130):
            uow.batches.add_chunk(chunk(number=number), ChunkRows(b"", number.to_bytes(8, "big")))
        assert list(uow.batches.holders("bat_one")) == [(n, n.to_bytes(8, "big")) for n in range(130)]


def test_chunks_are_taken_in_order_and_stored_by_their_last_taker(units: UnitOfWorkFactory) -> None:
    _with_chunks(units, 2)
    with units() as uow:
        first, second = (uow.batches.take("bat_one", NOW, LEASE) for _ in range(2))
        assert uow.batches.take("bat_one", NOW, LEASE) is None
        assert first == chunk(state=ChunkState.RUNNING, fence=1, lease_until=LEASE)
        assert second is not None
        assert (second.number, second.fence) == (1, 1)
        run = (IndexRun("lst_one", 0, 3), IndexRun("lst_two", 0, 1))
        assert uow.batches.reserve(first, run, "did:adi:x#1")
        assert uow.batches.renew(first, OVER + SECOND)
        again = uow.batches.take("bat_one", OVER, OVER + SECOND)
        assert again == replace(second, fence=2, lease_until=OVER + SECOND)
        assert not uow.batches.reserve(second, (), None)
        assert not uow.batches.renew(second, OVER)
        uow.batches.give_back(second)
        assert not uow.batches.finish(second, outcome())
        assert uow.batches.chunk("bat_one", 1) == again
        assert uow.batches.rows("bat_one", 1) == rows()
        assert uow.batches.finish(first, outcome())
        assert not uow.batches.finish(first, outcome())
        assert uow.batches.finish(again, outcome(issued=4, failed=0, faults=(), failed_rows=b"", root=b""))
        uow.batches.mark_delivered("bat_one", 0, 2)
        uow.commit()
    with units(write=False) as uow:
        assert uow.batches.chunk("bat_one", 0) == replace(
            first,
            state=ChunkState.DONE,
            lease_until=None,
            issued=3,
            failed=1,
            delivered=2,
            faults=outcome().faults,
            run=run,
            method_id="did:adi:x#1",
            root=bytes(range(32)),
            finished_at=NOW,
        )
        assert uow.batches.rows("bat_one", 0) == ChunkRows(b"{}")
        assert uow.batches.rows("bat_one", 1) is None
        done = uow.batches.get("bat_one")
        assert done is not None
        assert (done.issued, done.failed, done.delivered, done.remaining) == (7, 1, 2, 0)


def test_a_chunk_that_is_given_back_keeps_its_run_and_is_next_again(units: UnitOfWorkFactory) -> None:
    _with_chunks(units, 1)
    with units() as uow:
        taken = uow.batches.take("bat_one", NOW, LEASE)
        assert taken is not None
        assert uow.batches.reserve(taken, [IndexRun("lst_one", 0, 4)], "m")
        uow.batches.replace_chunk(chunk(row_count=1), ChunkRows(b""))
        uow.batches.give_back(taken)
        again = uow.batches.take("bat_one", NOW, LEASE)
        assert again == replace(taken, fence=2, run=(IndexRun("lst_one", 0, 4),), method_id="m")
        assert uow.batches.rows("bat_one", 0) == rows()


def test_what_nobody_holds_is_canceled_with_all_of_its_rows(units: UnitOfWorkFactory) -> None:
    _with_chunks(units, 4)
    with units() as uow:
        done = uow.batches.take("bat_one", NOW, LEASE)
        left = uow.batches.take("bat_one", NOW, LEASE)
        held = uow.batches.take("bat_one", NOW, OVER + SECOND)
        assert done is not None
        assert left is not None
        assert held is not None
        assert uow.batches.finish(done, outcome())
        assert uow.batches.cancel_ready("bat_one", OVER) == 8
        states = [one.state for one in uow.batches.chunks("bat_one")]
        assert states == [ChunkState.DONE, ChunkState.CANCELED, ChunkState.RUNNING, ChunkState.CANCELED]
        assert not uow.batches.finish(left, outcome())
        canceled = uow.batches.chunk("bat_one", 1)
        assert canceled is not None
        assert (canceled.failed, canceled.faults, canceled.finished_at) == (4, (), OVER)
        assert uow.batches.rows("bat_one", 1) == rows()
        assert uow.batches.finish(held, outcome())
        assert uow.batches.cancel_ready("bat_one", OVER) == 0


def test_workers_find_batches_that_have_something_for_them(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for at, (name, status) in enumerate(
            (
                ("ready", BatchStatus.ACCEPTED),
                ("held", BatchStatus.RUNNING),
                ("ended", BatchStatus.RUNNING),
                ("paused", BatchStatus.PAUSED),
                ("empty", BatchStatus.RUNNING),
            )
        ):
            uow.batches.add(batch(name, status=status, created_at=NOW - at * SECOND))
            if name != "empty":
                uow.batches.add_chunk(chunk(name), rows())
        held, ended = uow.batches.take("held", NOW, LEASE), uow.batches.take("ended", NOW, LEASE)
        assert held is not None
        assert ended is not None
        assert uow.batches.finish(ended, outcome())
        assert uow.batches.to_work_on(NOW, 10) == ("empty", "ended", "ready")
        assert uow.batches.to_work_on(NOW, 2) == ("empty", "ended")
        assert uow.batches.to_work_on(LEASE, 10) == ("empty", "ended", "held", "ready")
        assert uow.batches.in_state({BatchStatus.RUNNING}, 2) == ("empty", "ended")
        assert uow.batches.in_state({"paused", "accepted"}, 10) == ("paused", "ready")


def _some(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number in range(6):
            uow.batches.add(
                batch(
                    f"bat_{number}",
                    issuer_did=f"did:adi:{number % 3}",
                    credential_type="degree" if number % 2 else None,
                    kind=BatchKind.REVOKE if number == 5 else BatchKind.ISSUE,
                    status=BatchStatus.DONE if number < 2 else BatchStatus.DRAFT,
                    created_at=NOW + (number // 2) * SECOND,
                )
            )
        uow.batches.add_chunk(chunk("bat_4", issued=3, failed=1), rows())
        uow.commit()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (BatchFilter(), "543210"),
        (BatchFilter(kind=BatchKind.REVOKE), "5"),
        (BatchFilter(status=BatchStatus.DONE), "10"),
        (BatchFilter(issuer_did="did:adi:1"), "41"),
        (BatchFilter(issuer_dids=frozenset(["did:adi:1", "did:adi:2"])), "5421"),
        (BatchFilter(issuer_dids=frozenset()), ""),
        (BatchFilter(credential_types=frozenset(["degree"])), "531"),
        (BatchFilter(issuer_dids=frozenset(["did:adi:1"]), credential_types=frozenset(["degree"])), "5431"),
        (BatchFilter(issuer_did="did:adi:0", issuer_dids=frozenset(["did:adi:0"])), "30"),
        (BatchFilter(issuer_did="did:adi:0", issuer_dids=frozenset(["did:adi:1"])), ""),
        (BatchFilter(issuer_did="did:adi:0", credential_types=frozenset(["degree"])), "3"),
        (BatchFilter(issuer_dids=frozenset(f"did:adi:{n}" for n in range(1, 210))), "5421"),
    ],
)
def test_lists_show_what_the_caller_may_see_newest_first(
    units: UnitOfWorkFactory, wanted: BatchFilter, expected: str
) -> None:
    _some(units)
    ids = [f"bat_{number}" for number in expected]
    with units(write=False) as uow:
        assert [one.batch_id for one in uow.batches.list(wanted, limit=10, cursor=None).items] == ids
        seen: list[str] = []
        cursor: str | None = None
        while True:
            page = uow.batches.list(wanted, limit=2, cursor=cursor)
            seen += [one.batch_id for one in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == ids
        whatever = replace(wanted, status=None)
        shown = uow.batches.list(whatever, limit=10, cursor=None).items
        states = [one.status.value for one in shown]
        assert uow.batches.counts(wanted) == {state: states.count(state) for state in set(states)}


def test_a_list_sums_up_chunks_and_refuses_cursors_of_others(units: UnitOfWorkFactory) -> None:
    _some(units)
    with units(write=False) as uow:
        found = {one.batch_id: one for one in uow.batches.list(BatchFilter(), limit=10, cursor=None).items}
        assert (found["bat_4"].issued, found["bat_4"].failed) == (3, 1)
        assert (found["bat_3"].issued, found["bat_3"].failed) == (0, 0)
        with pytest.raises(InvalidPagination):
            uow.batches.list(BatchFilter(issuer_did=ISSUER), limit=1, cursor="nonsense")
