"""What bulk work asks for, changes and drops is found by an index, at a size where the planner has a choice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sealwright.domain.anchors import AnchorBackend
from sealwright.domain.batches import BatchFilter, BatchKind, BatchStatus, ChunkState
from sealwright.domain.credentials import CredentialFilter
from sealwright.services.batch_ports import MassFilter
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.storage import anchors
from sealwright.storage.batch_draft_tables import batch_drafts, batch_files
from sealwright.storage.batch_values import batch_row, chunk_row
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.bulk_tables import anchors as anchors_table
from sealwright.storage.bulk_tables import batch_chunks, batch_rows, batches, log_entries, log_tiles
from sealwright.storage.engines import Database
from sealwright.storage.transaction import Transaction, open_transaction
from tests.storage.builders import NOW, credential, ordered_uid
from tests.storage.bulk_builders import LEASE, anchor, batch, chunk, outcome
from tests.storage.explaining import Explainer

ROWS = 1_500
SECOND = timedelta(seconds=1)
STATES = [*[BatchStatus.ANCHORED] * 20, *BatchStatus]


def _fill(database: Database) -> None:
    with open_transaction(database, write=True) as transaction:
        for start in range(0, ROWS, 500):
            part = range(start, start + 500)
            values = [{**batch_row(_batch(n)), "rows_kept": n % 50 == 0} for n in part]
            transaction.change(sa.insert(batches), values)
            transaction.change(sa.insert(anchors_table), [anchors._values(_anchor(n)) for n in part])
        RowWriter(batch_chunks).write(transaction, [chunk_row(_chunk(n)) for n in range(4 * ROWS)])
        RowWriter(batch_rows).write(transaction, [(f"bat_{n // 10:04}", n % 10, b"", b"x" * 300) for n in range(ROWS)])
        RowWriter(batch_files).write(transaction, [(f"bat_{n:04}", 0, b"x" * 300) for n in range(ROWS)])
        drafts = [(f"bat_{n:04}", "done", None, n, "people.csv", "{}") for n in range(ROWS)]
        RowWriter(batch_drafts).write(transaction, drafts)
        RowWriter(log_entries).write(transaction, [(n, b"x" * 100) for n in range(ROWS)])
        RowWriter(log_tiles).write(transaction, [(n % 3, n // 3, b"x" * 100) for n in range(ROWS)])
        transaction.commit()


def _batch(number: int) -> Any:
    status = STATES[number % len(STATES)]
    over = status in (BatchStatus.DONE, BatchStatus.ANCHORED, BatchStatus.CANCELED)
    return batch(
        f"bat_{number:04}",
        status=status,
        issuer_did=f"did:adi:{number % 300}",
        credential_type=f"kind {number % 200}" if number % 9 == 0 else None,
        kind=BatchKind.REVOKE if number % 7 == 0 else BatchKind.ISSUE,
        created_at=NOW + number * SECOND,
        finished_at=NOW + number * SECOND if over else None,
    )


def _chunk(number: int) -> Any:
    state = {0: ChunkState.READY, 1: ChunkState.RUNNING}.get(number % 30, ChunkState.DONE)
    lease = NOW if state is ChunkState.RUNNING else None
    return chunk(f"bat_{number // 10:04}", number % 10, state=state, fence=1, lease_until=lease)


def _anchor(number: int) -> Any:
    backend = AnchorBackend.EVM if number % 500 == 0 else AnchorBackend.LOG
    return anchor(number, backend=backend)


def _asked(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    def listed(**wanted: Any) -> Callable[[], Any]:
        return lambda: uow.batches.list(BatchFilter(**wanted), limit=5, cursor=None)

    cursor = uow.batches.list(BatchFilter(), limit=5, cursor=None).next_cursor
    few, kinds = frozenset(["did:adi:1", "did:adi:2"]), frozenset(["kind 9"])
    seen = BatchFilter(issuer_dids=few, credential_types=kinds)
    return {
        "batches": listed(),
        "a further page": lambda: uow.batches.list(BatchFilter(), limit=5, cursor=cursor),
        "batches of issuers": listed(issuer_dids=few),
        "batches of issuers and types": listed(issuer_dids=few, credential_types=kinds),
        "batches of an issuer": listed(issuer_did="did:adi:1"),
        "drafts": listed(status=BatchStatus.DRAFT),
        "drafts of issuers": listed(status=BatchStatus.DRAFT, issuer_dids=few),
        "states of what somebody sees": lambda: uow.batches.counts(seen),
        "what is to be worked on": lambda: uow.batches.to_work_on(NOW, 5),
        "what is paused": lambda: uow.batches.in_state({"paused", "done"}, 5),
        "a batch": lambda: uow.batches.get("bat_0007"),
        "credentials that a mass act is about": lambda: uow.batches.matching(MassFilter("did:adi:7"), None, 5),
        "those of a batch": lambda: uow.batches.count_matching(MassFilter("did:adi:7", batch_id="bat_0007")),
        "credentials of batches": lambda: uow.credentials.get_many([ordered_uid(7)]),
        "a page of them": lambda: uow.credentials.list(CredentialFilter(), now=NOW, limit=5, cursor=None),
        "an anchor": lambda: uow.anchors.get("7"),
        "an anchor by its hash": lambda: uow.anchors.by_hash(anchor(7).transaction_hash),
        "an anchor of a batch": lambda: uow.anchors.by_subject("bat_7"),
        "anchors that wait": lambda: uow.anchors.waiting(5),
    }


def _hot(uow: UnitOfWork) -> dict[str, Callable[[], Any]]:
    held = chunk("bat_0007", 1, fence=1)
    return {
        "a chunk": lambda: uow.batches.chunk("bat_0007", 1),
        "chunks": lambda: uow.batches.chunks("bat_0007"),
        "taking": lambda: uow.batches.take("bat_0147", NOW - SECOND, LEASE),
        "renewing": lambda: uow.batches.renew(held, LEASE),
        "finishing": lambda: uow.batches.finish(held, outcome()),
        "canceling": lambda: uow.batches.cancel_ready("bat_0144", NOW),
        "delivered": lambda: uow.batches.mark_delivered("bat_0007", 1, 3),
        "how many there are": lambda: uow.batches.count_credentials("bat_0007"),
        "an entry": lambda: uow.log.entry(7),
        "a tile": lambda: uow.log.tile(1, 7),
        "looking for somebody": lambda: uow.batches.with_holder(["did:key:a"]),
    }


def test_nothing_asked_of_bulk_work_reads_a_whole_table(
    database: Database, units: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _fill(database)
    with units() as uow:
        uow.credentials.add_many(
            [
                credential(ordered_uid(n), issuer_did=f"did:adi:{n % 50}", batch_id=f"bat_{n % 90:04}", place=None)
                for n in range(ROWS)
            ]
        )
        uow.commit()
    with database.writers.connect() as connection:
        connection.execute(sa.text("ANALYZE"))
        connection.commit()
    # Locks are of no account to the plan, and a reader may not take them to ask for one.
    monkeypatch.setattr(Transaction, "locking", lambda _self, statement, **_how: statement)
    explainer = Explainer(database, changes=True)
    found: dict[str, list[str]] = {}
    with units(write=False) as uow:
        for name, act in _asked(uow).items():
            found[name] = explainer.scans(act)
    with units() as uow:
        found["dropping"] = explainer.scans(lambda: uow.batches.drop_kept(NOW + 50 * SECOND, 3))
    asked = _texts(monkeypatch, units)
    for name, statements in asked.items():
        found[name] = [scan for one in statements for scan in explainer._scans_of(*one)]
    # SQLite says so of what a query makes for itself too.
    own = ("anon", "(subquery", "json_each")
    read = {name: [scan for scan in scans if not any(one in scan for one in own)] for name, scans in found.items()}
    assert {name: scans for name, scans in read.items() if scans} == {}


def _texts(
    monkeypatch: pytest.MonkeyPatch, units: UnitOfWorkFactory
) -> dict[str, list[tuple[str, tuple[object, ...]]]]:
    """The prepared texts that each hot call sends, without their locks."""
    seen: list[tuple[str, tuple[object, ...]]] = []
    one, many = Transaction.driver_rows, Transaction.driver_many

    def rows(transaction: Transaction, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        seen.append((_unlocked(statement), tuple(parameters)))
        return one(transaction, statement, parameters)

    def changes(transaction: Transaction, statement: str, parameters: Sequence[Sequence[object]]) -> int:
        seen.append((_unlocked(statement), tuple(parameters[0])))
        return many(transaction, statement, parameters)

    monkeypatch.setattr(Transaction, "driver_rows", rows)
    monkeypatch.setattr(Transaction, "driver_many", changes)
    found: dict[str, list[tuple[str, tuple[object, ...]]]] = {}
    with units() as uow:
        for name, act in _hot(uow).items():
            seen.clear()
            act()
            assert seen
            found[name] = list(seen)
    return found


def _unlocked(statement: str) -> str:
    return statement.replace(" FOR UPDATE SKIP LOCKED", "").replace("%b", "%s")
