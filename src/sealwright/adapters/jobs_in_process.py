"""Background work in threads of this process: beside an embedded database, where no queue outlives a process.

What is to be done stands in the work's own rows, so nothing has to be kept here: a process that dies leaves its rows,
and whoever starts next finds them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.task_clock import LONGEST_WAIT_SECONDS, TaskClock
from sealwright.services.tasks import Task, Tasks

STOP_SECONDS: Final = 7.0
_TOLD_EVERY_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Turn:
    """Where a task stands: since when it waits to be run (None: it does not), and how many run it.

    Args:
        width: So many may run it now: one more each time that somebody found work, or that the clock asks while they
            are at it; one again when somebody found none.
    """

    task: Task
    since: float | None = None
    running: int = 0
    width: int = 1

    @property
    def is_open(self) -> bool:
        return self.since is not None and self.running < self.width


class InProcessRunner:
    """Carries out tasks in threads: one keeps the clock, some take all tasks, and one only those that are short.

    Args:
        concurrency: How many tasks of several lanes run at a time.
        on_alive: Called every few seconds while the runner is well.
    """

    def __init__(
        self,
        tasks: Tasks,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        concurrency: int,
        on_alive: Callable[[], None] | None = None,
    ) -> None:
        self._tasks = tasks
        self._units = units
        self._office_clock = clock
        self._concurrency = concurrency
        self._on_alive = on_alive
        self._told_at = float("-inf")
        self._stopping = threading.Event()
        self._news = threading.Condition()
        self._turns: dict[str, _Turn] = {}
        self._clock: TaskClock | None = None
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin; once."""
        self._turns = {task.name: _Turn(task) for task in self._tasks}
        self._clock = clock = TaskClock(self._tasks, self._units, self._office_clock)
        self._threads = [threading.Thread(target=self._keep, args=(clock,), name="jobs-clock", daemon=True)]
        for number in range(self._concurrency + 1):
            # The last one takes only what is short: messages and batches never hold up letters or the clock's work.
            thread = threading.Thread(
                target=self._work, args=(number == self._concurrency,), name=f"jobs-{number}", daemon=True
            )
            self._threads.append(thread)
        for thread in self._threads:
            thread.start()

    def wake(self, name: str, at: datetime | None = None) -> None:
        """Have a task run soon, or at a moment; does nothing before `start`."""
        if self._clock is not None:
            seconds = 0.0 if at is None else (at - self._office_clock.now()).total_seconds()
            self._clock.wake(name, seconds)

    def stop(self) -> None:
        """End after what is under way, or after some seconds; what was taken is free again when its lease is over."""
        self._stopping.set()
        if self._clock is not None:
            self._clock.rouse()
        with self._news:
            self._news.notify_all()
        ends_at = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends_at - time.monotonic()))

    # -- threads --------------------------------------------------------------------------------------

    def _keep(self, clock: TaskClock) -> None:
        while not self._stopping.is_set():
            try:
                clock.tick(self._begin)
                self._tell_alive()
            except Exception:  # noqa: BLE001 - nothing may end the clock
                _log.exception("the clock of tasks failed")
            clock.wait(self._stopping)

    def _tell_alive(self) -> None:
        if self._on_alive is not None and time.monotonic() - self._told_at >= _TOLD_EVERY_SECONDS:
            self._on_alive()
            self._told_at = time.monotonic()

    def _begin(self, name: str) -> None:
        with self._news:
            turn = self._turns.get(name)
            if turn is None or turn.since is not None:
                return
            turn.since = time.monotonic()
            if turn.running >= turn.width:
                # Those who are at it may be waiting for somebody slow.
                turn.width = min(turn.running + 1, turn.task.lanes)
            self._news.notify_all()

    def _work(self, is_short: bool) -> None:
        while not self._stopping.is_set():
            turn = self._next(is_short)
            if turn is not None:
                more = False
                try:
                    more = self._tasks.run(turn.task.name)
                finally:
                    self._settle(turn, more)

    def _next(self, is_short: bool) -> _Turn | None:
        """Take the task that waits longest; None after some seconds without any."""
        with self._news:
            found = self._longest(is_short)
            if found is None:
                self._news.wait(LONGEST_WAIT_SECONDS)
                found = self._longest(is_short)
            if found is None or self._stopping.is_set():
                return None
            found.running += 1
            if found.running >= found.width:
                found.since = None
            return found

    def _longest(self, is_short: bool) -> _Turn | None:
        waiting = [turn for turn in self._turns.values() if turn.is_open and not (is_short and turn.task.lanes > 1)]
        return min(waiting, key=lambda turn: turn.since or 0.0, default=None)

    def _settle(self, turn: _Turn, more: bool) -> None:
        with self._news:
            turn.running -= 1
            turn.width = min(turn.width + 1, turn.task.lanes) if more else 1
            if more and turn.since is None:
                # Behind all that wait by now.
                turn.since = time.monotonic()
            if turn.since is not None:
                self._news.notify_all()
