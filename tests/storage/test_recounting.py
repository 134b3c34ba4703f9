"""Kept totals of requests that drifted are told and set right, on both databases, while others work."""

from __future__ import annotations

import threading
from collections.abc import Callable

from sealwright.domain.requests import RequestFilter, RequestState
from sealwright.services.ports import UnitOfWorkFactory
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


def test_each_way_of_drifting_is_told_and_set_right(units: UnitOfWorkFactory, database: Database) -> None:
    with units() as uow:
        uow.types.add(credential_type("degree"))
        uow.commit()
    _asked(units, 3)
    counts = RequestCounts(database)
    assert (counts.drift(), counts.recount()) == (0, 0)
    columns = "measure, credential_type, state, marks, period, requests"
    for statement, differing in (
        ("UPDATE request_counters SET requests = requests + 1 WHERE measure = 'sorted'", 1),
        ("DELETE FROM request_counters WHERE measure = 'requested'", 1),
        (f"INSERT INTO request_counters ({columns}) VALUES ('sorted', 'ghost', 'pending', 0, 5, 2)", 1),
        ("UPDATE request_counters SET requests = 0", 4),
    ):
        _plant(database, statement)
        assert counts.drift() == differing, statement
        assert (counts.recount(), counts.drift()) == (differing, 0), statement
    with units(write=False) as uow:
        assert uow.requests.list(RequestFilter(), page=1, count=1).total == 3
        assert uow.requests.counts(None)["degree"] == {RequestState.PENDING: 3}


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
        counts.recount()

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
