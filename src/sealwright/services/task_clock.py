"""The clock of background work: tells which tasks have to be done now, with one short read for all that are due."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from sealwright.domain.errors import DomainError
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.tasks import Task, Tasks

# Two wakes for moments that are nearer to each other than this are one.
_GRAIN_SECONDS: Final = 0.25
_MOMENTS_AT_MOST: Final = 256
# The clock looks up so often at least, so that whoever asks it whether it is alive hears so.
LONGEST_WAIT_SECONDS: Final = 5.0
_PAUSE_AFTER_FAILURE: Final = 1.0

_log = logging.getLogger(__name__)


class TaskClock:
    """Knows when each task is due next. Every task is due at once when it begins.

    Periods are measured by the machine's steady clock; what is due in rows is judged by the office's.
    """

    def __init__(self, tasks: Tasks, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._tasks = {task.name: task for task in tasks}
        self._due = dict.fromkeys(self._tasks, time.monotonic())
        self._moments: dict[str, set[float]] = {}
        self._news = threading.Condition()

    def wake(self, name: str, seconds: float = 0.0) -> None:
        """Let a task be due in so many seconds; its turn then looks at nothing first."""
        at = time.monotonic() + max(0.0, seconds)
        with self._news:
            moments = self._moments.setdefault(name, set())
            grain = at if seconds <= 0 else at - at % _GRAIN_SECONDS + _GRAIN_SECONDS
            if name in self._tasks and len(moments) < _MOMENTS_AT_MOST:
                moments.add(grain)
            self._news.notify_all()

    def tick(self, begin: Callable[[str], None]) -> None:
        """Begin every task that is due and, as far as it can be looked for, has something to do."""
        woken, turned = self._take(time.monotonic())
        for name in woken:
            begin(name)
        if turned:
            for task in self._with_work(turned):
                begin(task.name)

    def wait(self, stopping: threading.Event, until: float | None = None) -> None:
        """Sleep until the next task is due, a wake comes, or some seconds have passed.

        Args:
            until: Not beyond this moment of the steady clock.
        """
        with self._news:
            if stopping.is_set():
                return
            now = time.monotonic()
            due = [*self._due.values(), *(min(some) for some in self._moments.values() if some)]
            ends = min([*due, now + LONGEST_WAIT_SECONDS] if until is None else [*due, until])
            if ends > now:
                self._news.wait(min(ends - now, LONGEST_WAIT_SECONDS))

    def rouse(self) -> None:
        """End a `wait` that is under way."""
        with self._news:
            self._news.notify_all()

    def _take(self, now: float) -> tuple[list[str], list[Task]]:
        """The tasks that were woken, and those whose turn has come; both have their next turn a period from now."""
        woken, turned = [], []
        with self._news:
            for name, task in self._tasks.items():
                moments = self._moments.get(name)
                past = {moment for moment in moments if moment <= now} if moments else None
                if past and moments is not None:
                    moments -= past
                    woken.append(name)
                elif self._due[name] <= now:
                    turned.append(task)
                else:
                    continue
                self._due[name] = now + task.every.total_seconds()
        return woken, turned

    def _with_work(self, turned: list[Task]) -> list[Task]:
        looking = [task for task in turned if task.look is not None]
        if not looking:
            return turned
        try:
            with self._units(write=False) as uow:
                idle = {task.name for task in looking if not self._looks(task, uow)}
        except DomainError as error:
            # The database is away, most likely: everything is looked for again a moment later.
            _log.warning("nothing looked for", extra={"kind": type(error).__name__})
            with self._news:
                for task in turned:
                    self._due[task.name] = time.monotonic() + _PAUSE_AFTER_FAILURE
            return []
        except Exception:  # noqa: BLE001 - who cannot be looked for is done at every turn instead
            _log.exception("looking failed")
            return turned
        return [task for task in turned if task.name not in idle]

    def _looks(self, task: Task, uow: UnitOfWork) -> bool:
        assert task.look is not None
        return task.look(uow, self._clock.now())
