"""The clock of a queue that many processes share: one of them keeps it, and another follows when that one is gone.

Whoever holds a lock of the database keeps the clock: it looks, with one short read, for what is due, and queues a job
for that. Nothing is written while nothing is due, however many workers there are.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any, Final

import psycopg

from sealwright.domain.errors import DomainError
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.task_clock import TaskClock
from sealwright.services.tasks import QUEUE, Tasks

STANDBY_SECONDS: Final = 2.0
TAKEOVER_SECONDS: Final = 2.0
_RETRY_SECONDS: Final = 1.0
# Any number that nobody else locks in our database.
_LOCK: Final = "SELECT pg_try_advisory_lock(1936023927, 1785684339)"
# The server gives up a connection whose other end is gone without a word, and with it the lock.
_ATTENTIVE: Final = (
    "SET tcp_keepalives_idle = 5",
    "SET tcp_keepalives_interval = 2",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 10000",
)
_TAKE_OVER: Final = """
WITH lost AS (
    DELETE FROM procrastinate_jobs AS job
    WHERE job.queue_name = %(queue)s AND job.status = 'doing' AND NOT EXISTS (
        SELECT 1 FROM procrastinate_workers AS worker
        WHERE worker.id = job.worker_id AND worker.last_heartbeat > now() - make_interval(secs => %(seconds)s)
    )
    RETURNING job.queue_name, job.task_name, job.queueing_lock, job.args
)
INSERT INTO procrastinate_jobs (queue_name, task_name, queueing_lock, args)
SELECT queue_name, task_name, queueing_lock, args FROM lost
ON CONFLICT (queueing_lock) WHERE status = 'todo' DO NOTHING
"""
_PRUNE: Final = "DELETE FROM procrastinate_workers WHERE last_heartbeat < now() - make_interval(secs => %(seconds)s)"

_log = logging.getLogger(__name__)


class SharedClock:
    """Keeps the clock, or stands by.

    Args:
        connect: Opens a driver connection, in autocommit.
        stalled_after: Jobs of workers that were not heard of for so many seconds are queued again.
    """

    def __init__(
        self,
        tasks: Tasks,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        connect: Callable[[], psycopg.Connection[Any]],
        stalled_after: float,
    ) -> None:
        self._tasks = tasks
        self._units = units
        self._clock = clock
        self._connect = connect
        self._stalled_after = stalled_after
        self._kept: TaskClock | None = None
        self._is_told = False

    @property
    def is_kept(self) -> bool:
        """Tell whether it is this process that keeps the clock."""
        return self._kept is not None

    def run(self, stopping: threading.Event) -> None:
        """Stand by and keep the clock until told to stop; a lost connection is opened anew."""
        while not stopping.is_set():
            try:
                with self._connect() as connection:
                    self._is_told = False
                    self._stand_by(connection, stopping)
            except Exception as error:  # noqa: BLE001 - nothing may end the clock
                self._tell(error)
            finally:
                self._kept = None
            stopping.wait(_RETRY_SECONDS)

    def rouse(self) -> None:
        """End a wait that is under way."""
        kept = self._kept
        if kept is not None:
            kept.rouse()

    def _stand_by(self, connection: psycopg.Connection[Any], stopping: threading.Event) -> None:
        for setting in _ATTENTIVE:
            connection.execute(setting)
        while not stopping.is_set():
            row = connection.execute(_LOCK).fetchone()
            if row is not None and row[0]:
                self._keep(connection, stopping)
                return
            stopping.wait(STANDBY_SECONDS)

    def _keep(self, connection: psycopg.Connection[Any], stopping: threading.Event) -> None:
        clock = self._kept = TaskClock(self._tasks, self._units, self._clock)
        due_at = time.monotonic()
        while not stopping.is_set():
            if time.monotonic() >= due_at:
                # Fails when the connection is gone, and the lock with it: somebody else keeps the clock by now.
                self._take_over(connection)
                due_at = time.monotonic() + TAKEOVER_SECONDS
            self._queue(clock)
            clock.wait(stopping, until=due_at)

    def _take_over(self, connection: psycopg.Connection[Any]) -> None:
        wanted = {"queue": QUEUE, "seconds": self._stalled_after}
        taken = connection.execute(_TAKE_OVER, wanted).rowcount
        if taken > 0:
            _log.warning("jobs of workers that are gone were taken over", extra={"count": taken})
        connection.execute(_PRUNE, wanted)

    def _queue(self, clock: TaskClock) -> None:
        due: list[str] = []
        clock.tick(due.append)
        if not due:
            return
        try:
            with self._units() as uow:
                for name in due:
                    uow.jobs.wake(name)
                uow.commit()
        except DomainError as error:
            for name in due:
                clock.wake(name, _RETRY_SECONDS)
            _log.warning("nothing queued", extra={"kind": type(error).__name__})

    def _tell(self, error: Exception) -> None:
        """Say it once, and not at every try."""
        if not self._is_told:
            self._is_told = True
            _log.warning("the clock of tasks lost its database", extra={"kind": type(error).__name__})
