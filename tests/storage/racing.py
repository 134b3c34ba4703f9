"""What racers do, as functions that threads and child processes can run."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from sealwright.domain.credentials import StatusPlace
from sealwright.domain.ids import new_credential_uid
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.engines import open_database
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.storage.builders import ISSUER, entry, reservation, status_list

T = TypeVar("T")


def together(acts: Sequence[Callable[[], T]]) -> list[T]:
    """Start all acts from one barrier, each in a thread of its own; the first error is raised."""
    barrier = threading.Barrier(len(acts))

    def run(act: Callable[[], T]) -> T:
        barrier.wait(30)
        return act()

    with ThreadPoolExecutor(len(acts)) as pool:
        return [future.result(60) for future in [pool.submit(run, act) for act in acts]]


def reserve_and_record(units: UnitOfWorkFactory, rounds: int, count: int) -> list[tuple[str, int]]:
    """Take runs of ordinals from small lists, reserve them, and put each run on record."""
    taken: list[tuple[str, int]] = []
    for _ in range(rounds):
        with units() as uow:
            uow.office.epoch(shared_lock=True)
            runs = uow.status_lists.take(ISSUER, count, lambda: status_list(capacity=16))
            places = [StatusPlace(run.record.list_id, run.first + n) for run in runs for n in range(run.count)]
            uow.reservations.add_many([reservation(new_credential_uid(), place=place) for place in places])
            uow.audit.append(entry())
            uow.commit()
        taken += [(place.list_id, place.index) for place in places]
    return taken


def reserve_in_process(url: str, rounds: int, count: int) -> list[tuple[str, int]]:
    """The same, on a database of its own: for child processes."""
    database = open_database(url)
    try:
        return reserve_and_record(make_unit_of_work_factory(database), rounds, count)
    finally:
        database.close()
