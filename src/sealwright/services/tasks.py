"""Background work by name: what is done beside the calls, and how often it is looked for at the latest.

Every task looks for what is due in its own rows and does it, so that it may run twice, at the same time as another of
its kind, or after a crash. A runner calls it: the in-process one beside an embedded database, procrastinate's workers
beside PostgreSQL. `UnitOfWork.jobs.wake` saves the wait for the next turn.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from sealwright.domain.errors import DomainError
from sealwright.services.ports import UnitOfWork

# Where procrastinate keeps them: the name of our queue, and of its one task, which is told which of ours to run.
QUEUE: Final = "sealwright"
JOB: Final = "run"
# Named here because rows of the queue carry them from one version to the next.
BATCHES: Final = "batches"
DELIVERIES: Final = "deliveries"
MAIL: Final = "mail"
SIGN_GRANTS: Final = "sign grants"

Look = Callable[[UnitOfWork, datetime], bool]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Task:
    """One kind of work.

    Args:
        work: Does what is due; gives True (or a count above 0) when it did something and there may be more.
        every: Looked for at least so often.
        lanes: So many may run at the same time in one process; 1 for work that is short and waits for nobody outside.
        look: Tells from rows, in a unit of work that only reads, whether anything was due at a moment; so that a turn
            of the clock costs one short read. Without it every turn does the work.
    """

    name: str
    work: Callable[[], object]
    every: timedelta
    lanes: int = 1
    look: Look | None = None


class TaskMetrics(Protocol):
    """Counts and times runs."""

    def observe_task(self, name: str, outcome: str, seconds: float) -> None:
        """One run of a task ended: ``done``, ``idle`` (nothing was due), ``refused`` or ``failed``."""


class Tasks:
    """The tasks of an office, by name."""

    def __init__(self, metrics: TaskMetrics | None = None) -> None:
        self._tasks: dict[str, Task] = {}
        self._metrics = metrics
        self._followers: dict[str, list[Callable[[], object]]] = {}

    def add(
        self, name: str, work: Callable[[], object], every: timedelta, *, lanes: int = 1, look: Look | None = None
    ) -> None:
        """Take on a task; before any runner starts."""
        assert name not in self._tasks, name
        self._tasks[name] = Task(name, work, every, lanes, look)

    def __iter__(self) -> Iterator[Task]:
        return iter(self._tasks.values())

    def get(self, name: str) -> Task | None:
        """Find a task."""
        return self._tasks.get(name)

    def only(self, names: Iterable[str]) -> Tasks:
        """Some of them, for a process that does nothing else."""
        some = Tasks(self._metrics)
        some._tasks = {name: self._tasks[name] for name in names if name in self._tasks}
        return some

    def follow(self, name: str, then: Callable[[], object]) -> None:
        """Have something done in this process each time that a task did something and may have more."""
        self._followers.setdefault(name, []).append(then)

    def run(self, name: str) -> bool:
        """Do a task's work once; a refusal or a failure is reported, not raised. Gives whether there may be more."""
        task = self._tasks.get(name)
        if task is None:
            _log.warning("unknown task", extra={"chore": name})
            return False
        begun = time.monotonic()
        outcome = self._guarded(name, task.work)
        if self._metrics is not None:
            self._metrics.observe_task(name, outcome, time.monotonic() - begun)
        if outcome != "done":
            return False
        for then in self._followers.get(name, ()):
            self._guarded(name, then)
        return True

    @staticmethod
    def _guarded(name: str, work: Callable[[], object]) -> str:
        try:
            return "done" if work() else "idle"
        except DomainError as error:
            _log.warning("chore refused", extra={"chore": name, "kind": type(error).__name__})
            return "refused"
        except Exception:  # noqa: BLE001 - one broken task must not end the others
            _log.exception("chore failed", extra={"chore": name})
            return "failed"


class TaskRunner(Protocol):
    """Carries out tasks in this process."""

    def start(self) -> None:
        """Begin; once."""

    def stop(self) -> None:
        """Finish what is under way, give back what was taken, and end."""
