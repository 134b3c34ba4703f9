"""Kept totals of requests that drifted are told and set right, on both databases, while others work."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sealwright.domain.audit import AuditEntry, AuditFilter
from sealwright.domain.errors import AuditUnavailable
from sealwright.domain.people import Actor, ActorKind
from sealwright.domain.requests import RequestFilter, RequestState
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.audit import StoredAuditLog
from sealwright.storage.engines import Database
from sealwright.storage.recounting import RequestCounts
from sealwright.storage.transaction import open_transaction
from tests.storage.builders import credential_type, entry_of_history, person, request


def _asked(units: UnitOfWorkFactory, how_many: int, *, first: int = 0) -> None:
    with units() as uow:
        for n in range(first, first + how_many):
            uow.people.add(person(f"usr_{n}", email=f"{n}@mail.example", wallets=(), holder_did=None, dids=()))
            uow.requests.add(request(f"req_{n}", user_id=f"usr_{n}"), entry_of_history(f"req_{n}"))
        uow.commit()


def _plant(database: Database, statement: str) -> None:
    with open_transaction(database, write=True) as transaction:
        transaction.driver_rows(statement, ())
        transaction.commit()


def _entry(mended: int) -> AuditEntry:
    return AuditEntry(
        actor=Actor(ActorKind.OPERATOR, "op", "cli"),
        action="system.recounted",
        object_type="office",
        object_id="office",
        at=datetime(2026, 3, 1, tzinfo=UTC),
        data={"mended": mended},
    )


def _on_record(units: UnitOfWorkFactory) -> list[int]:
    """What each recount on record has mended, newest first."""
    with units(write=False) as uow:
        found = uow.audit.list(AuditFilter(actions=frozenset({"system.recounted"})), limit=20, cursor=None).items
    return [json.loads(one.body)["data"]["mended"] for one in found]


def test_each_way_of_drifting_is_told_and_set_right(units: UnitOfWorkFactory, database: Database) -> None:
    with units() as uow:
        uow.types.add(credential_type("degree"))
        uow.commit()
    _asked(units, 3)
    counts = RequestCounts(database)
    assert (counts.drift(), counts.recount(_entry), _on_record(units)) == (0, 0, [])
    columns = "measure, credential_type, state, marks, period, requests"
    for statement, differing in (
        ("UPDATE request_counters SET requests = requests + 1 WHERE measure = 'sorted'", 1),
        ("DELETE FROM request_counters WHERE measure = 'requested'", 1),
        (f"INSERT INTO request_counters ({columns}) VALUES ('sorted', 'ghost', 'pending', 0, 5, 2)", 1),
        ("UPDATE request_counters SET requests = 0", 4),
    ):
        _plant(database, statement)
        assert counts.drift() == differing, statement
        assert (counts.recount(_entry), counts.drift()) == (differing, 0), statement
    assert _on_record(units) == [4, 1, 1, 1]
    with units(write=False) as uow:
        assert uow.requests.list(RequestFilter(), page=1, count=1).total == 3
        assert uow.requests.counts(None)["degree"] == {RequestState.PENDING: 3}


def test_nothing_is_mended_that_cannot_be_put_on_record(
    units: UnitOfWorkFactory, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with units() as uow:
        uow.types.add(credential_type("degree"))
        uow.commit()
    _asked(units, 1)
    _plant(database, "UPDATE request_counters SET requests = requests + 1 WHERE measure = 'sorted'")
    counts = RequestCounts(database)

    def broken(_log: StoredAuditLog) -> None:
        raise AuditUnavailable("The trail cannot be written.")

    monkeypatch.setattr(StoredAuditLog, "seal", broken)
    with pytest.raises(AuditUnavailable):
        counts.recount(_entry)
    assert (counts.drift(), _on_record(units)) == (1, [])


def test_requests_made_meanwhile_are_counted_once(units: UnitOfWorkFactory, database: Database) -> None:
    with units() as uow:
        uow.types.add(credential_type("degree"))
        uow.commit()
    _asked(units, 2)
    counts = RequestCounts(database)
    barrier = threading.Barrier(2)
    faults: list[Exception] = []

    def together(work: Callable[[int], object]) -> Callable[[], None]:
        def run() -> None:
            barrier.wait()
            try:
                for n in range(8):
                    work(n)
            except Exception as error:  # noqa: BLE001 - told by the assertion below
                faults.append(error)

        return run

    def spoil_and_mend(_: int) -> None:
        _plant(database, "UPDATE request_counters SET requests = requests + 1")
        counts.recount(_entry)

    threads = [
        threading.Thread(target=together(spoil_and_mend)),
        threading.Thread(target=together(lambda n: _asked(units, 1, first=2 + n))),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert counts.drift() == 0
    with units(write=False) as uow:
        assert uow.requests.list(RequestFilter(), page=1, count=1).total == 10
