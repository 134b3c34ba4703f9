"""What the office does by the clock for itself: sweep abandoned reservations, make checkpoints, forget old answers."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.batches import FAILED_ROWS_KEPT
from sealwright.domain.errors import SetupRequired
from sealwright.services.auditing import Auditing
from sealwright.services.issuance import Issuing
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.tasks import Tasks

SWEEP: Final = "sweep"
CHECKPOINT: Final = "checkpoint"
ABANDONED_AFTER: Final = timedelta(seconds=60)
SWEEP_AT_MOST: Final = 500
BATCHES_AT_MOST: Final = 20
FORGET_EVERY: Final = timedelta(hours=1)


class Housekeeping:
    """Three tasks; any number of processes may do them at once."""

    def __init__(self, *, units: UnitOfWorkFactory, issuing: Issuing, auditing: Auditing, clock: Clock) -> None:
        self._units = units
        self._issuing = issuing
        self._auditing = auditing
        self._clock = clock

    def join(self, tasks: Tasks, *, sweep_every: timedelta, checkpoint_every: timedelta) -> None:
        """Have them done by the clock."""
        tasks.add(SWEEP, self.sweep, sweep_every, look=_has_abandoned)
        tasks.add(CHECKPOINT, self.checkpoint, checkpoint_every)
        tasks.add("forget", self.forget, FORGET_EVERY)

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
        """Drop idempotency keys whose time is over, and what batches have kept long enough of their rows."""
        now = self._clock.now()
        with self._units() as uow:
            dropped = uow.idempotency.expire(now)
            dropped += uow.batches.drop_kept(now - FAILED_ROWS_KEPT, BATCHES_AT_MOST)
            uow.commit()
        return dropped


def _has_abandoned(uow: UnitOfWork, now: datetime) -> bool:
    return bool(uow.reservations.stale(now - ABANDONED_AFTER, 1))
