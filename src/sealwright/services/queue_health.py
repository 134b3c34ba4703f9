"""Whether background work is done: who does it, and what has waited too long."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.tasks import Tasks

# Work that has waited so long while nobody was seen to do any means that nobody does.
TOO_LONG: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class QueueState:
    """What is known of those who do background work.

    Args:
        workers: How many were seen a moment ago; beside SQLite 1 stands for any number.
        seen_seconds: How long ago the last was seen; None: none is known.
        stalled: Jobs of workers that were not seen for a while; on PostgreSQL.
        waiting: Jobs that could begin now; on PostgreSQL.
        oldest_seconds: How long the oldest of them has waited.
    """

    workers: int
    seen_seconds: float | None
    stalled: int = 0
    waiting: int = 0
    oldest_seconds: float | None = None


class QueueHealth:
    """Looks at background work from outside; nothing here does any.

    Args:
        look: Reads what is known of the workers.
    """

    def __init__(self, tasks: Tasks, *, units: UnitOfWorkFactory, clock: Clock, look: Callable[[], QueueState]) -> None:
        self._tasks = tasks
        self._units = units
        self._clock = clock
        self._look = look
        self._begun_at = time.monotonic()

    def state(self) -> QueueState:
        """What is known of the workers; raises StoreUnavailable."""
        return self._look()

    def is_worked_on(self) -> bool:
        """Tell whether the office is ready as far as background work goes; raises StoreUnavailable.

        A worker that is late is not dead: only when something is long due and nobody was seen at work either. A process
        that has just begun waits as long for somebody to be seen.
        """
        return time.monotonic() - self._begun_at <= TOO_LONG.total_seconds() or not self.neglected()

    def neglected(self) -> tuple[str, ...]:
        """Names of tasks that are due for a minute while nobody was seen at work for as long; raises StoreUnavailable.

        Jobs that wait without a task that knows of them are ``jobs``.
        """
        state, most = self.state(), TOO_LONG.total_seconds()
        if state.seen_seconds is not None and state.seen_seconds <= most:
            return ()
        then = self._clock.now() - TOO_LONG
        with self._units(write=False) as uow:
            due = tuple(task.name for task in self._tasks if task.look is not None and task.look(uow, then))
        return due or (("jobs",) if (state.oldest_seconds or 0.0) > most else ())
