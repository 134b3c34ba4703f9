"""What runs beside the calls, and whether the office is well."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Protocol

from sealwright.domain.errors import DomainError
from sealwright.services.auditing import Auditing
from sealwright.services.batch_helping import BatchHelping
from sealwright.services.gate import Gate
from sealwright.services.housekeeping import CHECKPOINT
from sealwright.services.issuance import Issuing
from sealwright.services.ports import KeyStore
from sealwright.services.search_memory import SearchMemory
from sealwright.services.tasks import TaskRunner, Tasks
from sealwright.vc.errors import VcError

_QUEUE_MOST = 10_000


class Line(Protocol):
    """A thread that takes what arrives in rounds."""

    def start(self) -> None:
        """Begin to take what arrives."""

    def close(self) -> None:
        """Refuse what is new, finish what has arrived, stop."""


class Background:
    """Starts and ends what runs beside the calls.

    Args:
        runner: Carries out the tasks where this process does so.
        helping: Has other processes help with batches there.
        searches: Read ahead in every process that serves.
        close_store: Gives the database's connections back, last of all.
    """

    def __init__(
        self,
        *,
        gate: Gate,
        issuing: Issuing,
        runner: TaskRunner,
        helping: BatchHelping,
        tasks: Tasks,
        searches: SearchMemory,
        close_store: Callable[[], None],
    ) -> None:
        self._gate = gate
        self._runner = runner
        self._helping = helping
        self._tasks = tasks
        self._searches = searches
        self._close_store = close_store
        self._lock = threading.Lock()
        self._is_started = False
        self._is_working = False
        self._lines: list[Line] = [issuing.line]

    def add(self, line: Line) -> None:
        """Walk another line where this process serves; before anything is started."""
        self._lines.append(line)

    def start(self, chores: bool) -> None:
        """Start the gate and the lines, with the tasks where this process does them; once."""
        with self._lock:
            if self._is_started:
                return
            self._is_started = True
        self._gate.start()
        for line in self._lines:
            line.start()
        self._searches.start()
        if chores:
            self.work()

    def work(self) -> None:
        """Carry out tasks, whether this process serves or not; once."""
        with self._lock:
            if self._is_working:
                return
            self._is_working = True
        self._helping.start()
        self._runner.start()

    def close(self) -> None:
        """Finish what is under way, seal the tail of the audit trail where tasks ran, and give everything back."""
        for line in self._lines:
            line.close()
        self._gate.close()
        if self._is_working:
            self._helping.stop()
            self._runner.stop()
            self._tasks.run(CHECKPOINT)
        self._searches.stop()
        self._close_store()


def health_of(
    check_store: Callable[[], Mapping[str, bool]],
    keys: KeyStore,
    auditing: Auditing,
    issuing: Issuing,
    is_worked_on: Callable[[], bool],
) -> Callable[[], Mapping[str, bool]]:
    """The named checks of readiness.

    Args:
        check_store: Tells whether the database ``answers`` and is ``migrated``.
        is_worked_on: False when background work is long due and nobody does any.
    """

    def check() -> Mapping[str, bool]:
        found = check_store()
        is_up = found["answers"]
        return {
            "database": is_up,
            "migrations": found["migrated"],
            "keys": not keys.is_sealed,
            "audit": is_up and _audit_is_sound(auditing),
            "queue": issuing.line.depth < _QUEUE_MOST and is_up and found["migrated"] and _is_true(is_worked_on),
        }

    return check


def _audit_is_sound(auditing: Auditing) -> bool:
    try:
        return not auditing.is_behind_export()
    except (DomainError, VcError, OSError):
        return False


def _is_true(ask: Callable[[], bool]) -> bool:
    try:
        return ask()
    except DomainError:
        return False
