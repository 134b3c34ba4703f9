"""Runners of background work over a test's database, and what tests watch of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from sealwright.adapters.jobs_in_process import InProcessRunner
from sealwright.adapters.jobs_procrastinate import ProcrastinateRunner, QueueTiming
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.tasks import TaskRunner, Tasks
from sealwright.storage.engines import Database, open_database
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.support.office import MovableClock

PATIENCE_SECONDS: Final = 30
# So that what takes minutes in an office takes moments in a test.
QUICK: Final = QueueTiming(heartbeat=0.2, stalled_after=1.0, poll=0.5, slice=0.5, retry=0.2, grace=0.2)


class Seen:
    """What tasks did, in order; tests wait until it holds."""

    def __init__(self) -> None:
        self.news = threading.Condition()
        self.all: list[str] = []

    def note(self, what: str) -> None:
        """Something was done."""
        with self.news:
            self.all.append(what)
            self.news.notify_all()

    def until(self, holds: Callable[[list[str]], bool]) -> None:
        """Wait until it holds of what was done; half a minute at most."""
        with self.news:
            assert self.news.wait_for(lambda: holds(self.all), PATIENCE_SECONDS), self.all


class Place:
    """A migrated database, and runners over it as separate processes would have them."""

    def __init__(self, url: str) -> None:
        self.database: Database = open_database(url)
        self.units: UnitOfWorkFactory = make_unit_of_work_factory(self.database)
        self.clock: Clock = MovableClock()
        self.runners: list[TaskRunner] = []

    def runner(self, tasks: Tasks, *, concurrency: int = 2, timing: QueueTiming = QUICK) -> TaskRunner:
        """Start a runner, as an office over this database would have it."""
        made: TaskRunner
        if self.database.is_sqlite:
            inside = InProcessRunner(tasks, units=self.units, clock=self.clock, concurrency=concurrency)
            self.database.on_wake(lambda task, at, _lane: inside.wake(task, at))
            made = inside
        else:
            made = ProcrastinateRunner(
                tasks,
                units=self.units,
                clock=self.clock,
                connect=self.database.postgres,
                options=self.database.options,
                concurrency=concurrency,
                timing=timing,
            )
        made.start()
        self.runners.append(made)
        return made

    def wake(self, *names: str, lane: str = "") -> None:
        """Commit what wakes some tasks."""
        with self.units() as uow:
            for name in names:
                uow.jobs.wake(name, lane=lane)
            uow.commit()

    def jobs(self, status: str | None = None) -> int:
        """How many jobs the queue has, on PostgreSQL."""
        with self.database.postgres() as connection:
            row = connection.execute(
                "SELECT count(*) FROM procrastinate_jobs WHERE %(status)s::text IS NULL OR status::text = %(status)s",
                {"status": status},
            ).fetchone()
        assert row is not None
        return int(row[0])

    def close(self) -> None:
        """End the runners, and let go of the database."""
        for runner in self.runners:
            runner.stop()
        self.database.close()


@contextmanager
def place(url: str) -> Iterator[Place]:
    """A place; its runners end with it."""
    made = Place(url)
    try:
        yield made
    finally:
        made.close()
