"""Background work over both databases: woken by commits alone, done once a period, given back at the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial

import pytest

from sealwright.adapters.jobs_procrastinate import ProcrastinateRunner
from sealwright.services.tasks import Tasks
from sealwright.storage.queue_state import read_queue_state
from tests.support.migrated import Templates
from tests.support.postgres import PostgresServer
from tests.support.workers import PATIENCE_SECONDS, Place, Seen, place

HOUR = timedelta(hours=1)


@pytest.fixture
def here(database_url: str) -> Iterator[Place]:
    with place(database_url) as made:
        yield made


@pytest.fixture
def queue(postgres_server: PostgresServer, _templates: Templates) -> Iterator[Place]:
    """A place with a queue, on PostgreSQL alone."""
    url = _templates.take(postgres_server)
    with place(url) as made:
        yield made
    _templates.give_back(postgres_server, url)


def _wait_until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_commit_wakes_and_a_rollback_does_not(here: Place) -> None:
    seen, tasks = Seen(), Tasks()
    for name in ("kept", "dropped", "last"):
        tasks.add(name, partial(seen.note, name), HOUR)
    here.runner(tasks)
    seen.until(lambda done: sorted(done) == ["dropped", "kept", "last"])
    with here.units() as uow:
        uow.jobs.wake("dropped")
    with here.units() as uow:
        with suppress(ZeroDivisionError), uow.savepoint():
            uow.jobs.wake("dropped")
            raise ZeroDivisionError
        uow.jobs.wake("kept")
        uow.commit()
    seen.until(lambda done: done.count("kept") == 2)
    here.wake("last")
    seen.until(lambda done: done.count("last") == 2)
    assert seen.all.count("dropped") == 1


def test_one_that_breaks_is_done_again_and_ends_no_other(here: Place) -> None:
    seen, tasks = Seen(), Tasks()

    def work() -> bool:
        seen.note("broken")
        raise ZeroDivisionError

    tasks.add("broken", work, HOUR)
    tasks.add("sound", lambda: seen.note("sound"), HOUR)
    here.runner(tasks)
    seen.until(lambda done: len(done) == 2)
    here.wake("broken", "sound")
    seen.until(lambda done: done.count("broken") == 2 and done.count("sound") == 2)
    assert set(seen.all) == {"broken", "sound"}


def test_work_that_has_more_is_shared_by_lanes(here: Place) -> None:
    seen, tasks, gate = Seen(), Tasks(), threading.Barrier(2)
    left = list(range(40))

    def work() -> bool:
        try:
            left.pop()
        except IndexError:
            return False
        if not gate.broken and len(left) < 30:
            # Passed only by two at the same time.
            gate.wait(PATIENCE_SECONDS)
            gate.abort()
            seen.note("together")
        return True

    tasks.add("many", work, timedelta(seconds=1), lanes=2)
    here.runner(tasks)
    seen.until(lambda done: "together" in done)
    # Two had met at the gate before it was broken, so that work was left when both began.
    assert gate.broken
    assert len(left) < 30
    _wait_until(lambda: not left)


def test_what_never_ends_leaves_places_to_what_is_woken_meanwhile(here: Place) -> None:
    seen, tasks = Seen(), Tasks()

    def endless() -> bool:
        seen.note("endless")
        time.sleep(0.02)
        return True

    tasks.add("endless", endless, HOUR, lanes=2)
    tasks.add("other", lambda: seen.note("other"), timedelta(seconds=0.2), lanes=2)
    here.runner(tasks)
    seen.until(lambda done: done.count("endless") >= 50)
    before = len(seen.all)
    seen.until(lambda done: done[before:].count("other") >= 5)
    assert seen.all[before:].count("endless") >= 5


def test_three_workers_have_one_clock(queue: Place) -> None:
    seen, tasks = Seen(), Tasks()
    tasks.add("hourly", lambda: seen.note("hourly"), HOUR)
    tasks.add("idle", lambda: seen.note("idle"), timedelta(seconds=1), look=lambda _uow, _now: False)
    runners = [queue.runner(tasks) for _ in range(3)]
    seen.until(lambda done: done == ["hourly"])
    _wait_until(lambda: read_queue_state(queue.database).workers == 3)
    assert _keepers(runners) == 1
    # All three had time to begin: nothing was due a second time, and nothing is left of what was done.
    assert seen.all == ["hourly"]
    _wait_until(lambda: queue.jobs() == 0)
    # When whoever keeps the clock ends, another does.
    keeper = next(one for one in runners if isinstance(one, ProcrastinateRunner) and one.keeps_clock)
    keeper.stop()
    seen.until(lambda done: done == ["hourly", "hourly"])
    assert _keepers(runners) == 1
    assert read_queue_state(queue.database).workers == 2


def _keepers(runners: Sequence[object]) -> int:
    return sum(isinstance(one, ProcrastinateRunner) and one.keeps_clock for one in runners)


def test_jobs_that_are_done_are_gone(queue: Place) -> None:
    seen, tasks = Seen(), Tasks()
    tasks.add("work", lambda: seen.note("work"), HOUR)
    with queue.units() as uow:
        for number in range(120):
            uow.jobs.wake("work", lane=f"x{number}")
        uow.commit()
    assert queue.jobs("todo") == 120
    queue.runner(tasks)
    _wait_until(lambda: queue.jobs() == 0)
    assert seen.all
    with queue.database.postgres() as connection:
        for table in ("events", "periodic_defers"):
            row = connection.execute(f"SELECT count(*) FROM procrastinate_{table}").fetchone()
            assert row == (0,)


def test_what_does_not_end_in_time_goes_back_to_the_queue(queue: Place) -> None:
    seen, tasks, gate = Seen(), Tasks(), threading.Event()

    def hang() -> bool:
        seen.note("begun")
        gate.wait(PATIENCE_SECONDS)
        return False

    tasks.add("hangs", hang, HOUR)
    first = queue.runner(tasks)
    seen.until(lambda done: done == ["begun"])
    assert queue.jobs("doing") == 1
    first.stop()
    assert (queue.jobs("todo"), queue.jobs("doing")) == (1, 0)
    assert read_queue_state(queue.database).workers == 0
    gate.set()
    queue.runner(tasks)
    seen.until(lambda done: len(done) >= 2)
    _wait_until(lambda: queue.jobs() == 0)


def test_the_queue_tells_who_works_and_what_waits(queue: Place) -> None:
    before = read_queue_state(queue.database)
    assert (before.workers, before.seen_seconds, before.waiting, before.oldest_seconds) == (0, None, 0, None)
    queue.wake("nobody")
    state = read_queue_state(queue.database)
    assert (state.waiting, state.stalled) == (1, 0)
    assert state.oldest_seconds is not None
    with queue.database.postgres() as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    assert read_queue_state(queue.database).stalled == 1
    # Whoever works next takes it over.
    queue.runner(Tasks())
    _wait_until(lambda: queue.jobs() == 0)
    state = read_queue_state(queue.database)
    assert state.workers == 1
    assert state.seen_seconds is not None
