"""Workers that are killed, and a database that goes away: what they were at is done by another, soon."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from sealwright.services.tasks import Tasks
from sealwright.storage.queue_state import read_queue_state
from tests.faults.nursery import CONTEXT
from tests.support.migrated import Templates
from tests.support.postgres import PostgresServer
from tests.support.workers import PATIENCE_SECONDS, Place, Seen, place

pytestmark = pytest.mark.timeout(120)

HOUR = timedelta(hours=1)


def live(url: str, mark: str) -> None:
    """A worker in a process of its own, whose task never ends; it says when it has begun."""
    begun = Path(mark)

    def hang() -> bool:
        begun.touch()
        time.sleep(PATIENCE_SECONDS * 4)
        return False

    tasks = Tasks()
    tasks.add("work", hang, HOUR)
    with place(url) as made:
        made.runner(tasks)
        time.sleep(PATIENCE_SECONDS * 4)


@pytest.fixture
def queue_url(postgres_server: PostgresServer, _templates: Templates) -> Iterator[str]:
    url = _templates.take(postgres_server)
    yield url
    _templates.give_back(postgres_server, url)


def _until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _working(seen: Seen) -> Tasks:
    tasks = Tasks()
    tasks.add("work", lambda: seen.note("work"), HOUR)
    return tasks


def test_a_job_of_a_killed_worker_is_done_by_another(queue_url: str, tmp_path: Path) -> None:
    mark = tmp_path / "begun"
    process = CONTEXT.Process(target=live, args=(queue_url, str(mark)), daemon=True)
    process.start()
    seen = Seen()
    with place(queue_url) as here:
        try:
            _until(mark.exists)
            # It keeps the clock, so ours begins with nothing to do; what is woken while it works waits for its end.
            here.runner(_working(seen))
            _until(lambda: read_queue_state(here.database).workers == 2)
            assert here.jobs("doing") == 1
            assert seen.all == []
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            process.join(PATIENCE_SECONDS)
            seen.until(lambda done: len(done) >= 1)
            _until(lambda: here.jobs() == 0)
            _until(lambda: _registered(here) == 1)
        finally:
            process.kill()
            process.join(PATIENCE_SECONDS)


def _registered(here: Place) -> int:
    """Workers by the rows that they leave, dead ones too."""
    with here.database.postgres() as connection:
        row = connection.execute("SELECT count(*) FROM procrastinate_workers").fetchone()
    assert row is not None
    return int(row[0])


def test_workers_go_on_after_their_database_was_restarted(postgres_server: PostgresServer, queue_url: str) -> None:
    if postgres_server.process is None:
        pytest.skip("The server is not ours to restart.")
    seen = Seen()
    with place(queue_url) as here:
        here.runner(_working(seen))
        here.runner(_working(seen))
        seen.until(lambda done: done == ["work"])
        postgres_server.restart()
        # A new clock is kept, for which everything is due once, and what a commit wakes is done again.
        seen.until(lambda done: len(done) >= 2)
        before = len(seen.all)
        here.wake("work")
        seen.until(lambda done: len(done) > before)
        _until(lambda: read_queue_state(here.database).workers == 2)
        _until(lambda: here.jobs() == 0)
