"""What the office does by the clock: sweep abandoned reservations, make checkpoints, forget old keys' answers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.errors import DomainError, SetupRequired
from sealwright.services.auditing import Auditing
from sealwright.services.issuance import Issuing
from sealwright.services.ports import Clock, UnitOfWorkFactory

ABANDONED_AFTER: Final = timedelta(seconds=60)
SWEEP_AT_MOST: Final = 500
FORGET_EVERY: Final = timedelta(hours=1)

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Chore:
    """One repeated task: when it is due next, and how often."""

    name: str
    work: Callable[[], object]
    every: timedelta
    due: datetime | None = None


class Housekeeping:
    """A thread that does the chores in turn. A chore that fails is reported and tried again when it is due next."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        issuing: Issuing,
        auditing: Auditing,
        clock: Clock,
        interval_seconds: int,
        checkpoint_interval_seconds: int,
    ) -> None:
        self._units = units
        self._issuing = issuing
        self._auditing = auditing
        self._clock = clock
        self._interval = interval_seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._chores = [
            _Chore("sweep", self.sweep, timedelta(seconds=interval_seconds)),
            _Chore("checkpoint", self.checkpoint, timedelta(seconds=checkpoint_interval_seconds)),
            _Chore("forget", self.forget, FORGET_EVERY),
        ]

    def add(self, name: str, work: Callable[[], object], every: timedelta) -> None:
        """Take on a further chore; before `start`."""
        self._chores.append(_Chore(name, work, every))

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End, after the chore that is under way, and seal the tail of the audit trail."""
        if self._thread.is_alive():
            self._stop.set()
            self._thread.join(timeout=5)
            self._guarded(_Chore("checkpoint", self.checkpoint, timedelta()))

    def sweep(self) -> int:
        """Void reservations that nobody finished; their status bits are set for good. Gives how many."""
        now = self._clock.now()
        with self._units() as uow:
            stale = uow.reservations.stale(now - ABANDONED_AFTER, SWEEP_AT_MOST)
            if not stale:
                return 0
            voided = self._issuing.void(uow, stale, now)
            uow.commit()
        return voided

    def checkpoint(self) -> None:
        """Make a checkpoint if the trail has grown; an office that is not set up has no trail yet."""
        try:
            self._auditing.make_checkpoint()
        except SetupRequired:
            return

    def forget(self) -> int:
        """Drop idempotency keys whose time is over."""
        with self._units() as uow:
            dropped = uow.idempotency.expire(self._clock.now())
            uow.commit()
        return dropped

    def _run(self) -> None:
        while not self._stop.wait(min(1, self._interval)):
            now = self._clock.now()
            for chore in self._chores:
                if chore.due is None or chore.due <= now:
                    chore.due = now + chore.every
                    self._guarded(chore)

    @staticmethod
    def _guarded(chore: _Chore) -> None:
        try:
            chore.work()
        except DomainError as error:
            _log.warning("chore refused", extra={"chore": chore.name, "kind": type(error).__name__})
        except Exception:  # noqa: BLE001 - one broken chore must not end the others
            _log.exception("chore failed", extra={"chore": chore.name})
