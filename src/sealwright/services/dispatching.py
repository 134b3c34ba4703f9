"""Dispatching: parcels leave after the commit that caused them, until they arrive or a day is over.

A try takes three steps: the parcel is taken under a lease (a short transaction, which counts the try), its message is
made and posted while no transaction is open, and the outcome is recorded together with whatever its carrier makes of
it. A worker that dies between the steps loses nothing: the lease ends, and somebody tries again. So a message arrives
at least once, and its parcel is recorded as sent once.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol
from urllib.parse import urlsplit

from sealwright.domain.errors import OfficeClosed, VersionConflict
from sealwright.domain.ids import new_id
from sealwright.domain.parcels import (
    GIVE_UP_AFTER,
    LEASE,
    Parcel,
    ParcelKind,
    ParcelState,
    pause_after,
    pause_asked_for,
)
from sealwright.services.delivery_ports import Envelope, NotSent, Poster
from sealwright.services.parcel_rests import Rests
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.tasks import DELIVERIES, Tasks

# Looked for so often; whoever makes a parcel wakes us besides.
LOOK_EVERY: Final = timedelta(seconds=1)
_RECORD_AT_MOST: Final = 3
# One round of `work_once` is bounded, so that whoever calls it ends.
_ROUND_AT_MOST: Final = 500

# Not tried: the other side has not answered others a moment before.
HOST_RESTS: Final = "host_rests"
# Statuses with which `Retry-After` tells when to come again.
_ASK_FOR_TIME: Final = frozenset({429, 503})

_log = logging.getLogger(__name__)


class Carrier(Protocol):
    """Who knows what a kind of parcel says, and what follows from its fate."""

    def prepare(self, parcel: Parcel) -> Envelope | None:
        """Make the message now, outside any transaction of the dispatcher; None if nobody wants it any more.

        Raises:
            NotSent: Not now; the parcel waits like one that was not answered.
        """

    def arrived(self, uow: UnitOfWork, parcel: Parcel) -> None:
        """Record what follows; the parcel's outcome is stored in the same transaction."""

    def failed(self, uow: UnitOfWork, parcel: Parcel, *, is_dead: bool) -> None:
        """The same for a try without success; `parcel.last_status` and `last_error` tell what happened."""


def new_parcel(kind: ParcelKind, subject: str, *, reference: str, label: str, now: datetime) -> Parcel:
    """A parcel that is due at once."""
    return Parcel(
        parcel_id=new_id("dlv"),
        kind=kind,
        subject=subject,
        reference=reference,
        label=label,
        created_at=now,
        due_at=now,
        give_up_at=now + GIVE_UP_AFTER,
    )


def send(uow: UnitOfWork, parcels: Sequence[Parcel]) -> None:
    """Put parcels on their way; they leave once this unit of work has committed."""
    uow.parcels.add_many(parcels)
    if parcels:
        uow.jobs.wake(DELIVERIES)


def _is_due(uow: UnitOfWork, now: datetime) -> bool:
    return uow.parcels.is_due(now)


def _place_of(parcel: Parcel, envelope: Envelope) -> str:
    """What does not answer if a message is not answered; strangers' messages never make webhooks wait for it."""
    parts = urlsplit(envelope.url)
    return f"{parcel.kind.value}:{parts.scheme}://{parts.netloc}"


class Dispatching:
    """Carries parcels.

    Args:
        carriers: One for each kind.
        workers: How many may be under way at once in this process; never two of one subject.
        sources: Asked by `work_once` for parcels that are to be made; each gives how many it made.
    """

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        poster: Poster,
        clock: Clock,
        carriers: Mapping[ParcelKind, Carrier],
        workers: int = 2,
        sources: Sequence[Callable[[], int]] = (),
    ) -> None:
        self._units = units
        self._poster = poster
        self._clock = clock
        self._carriers = dict(carriers)
        self._sources = tuple(sources)
        self._rests = Rests()
        self._workers = workers

    def join(self, tasks: Tasks) -> None:
        """Have parcels carried, several at a time."""
        tasks.add(DELIVERIES, self.carry_one, LOOK_EVERY, lanes=self._workers, look=_is_due)

    def work_once(self) -> int:
        """Make and carry everything that is due now, in this thread; gives how many tries were made."""
        for source in self._sources:
            source()
        made = 0
        while made < _ROUND_AT_MOST and self.carry_one():
            made += 1
        return made

    def waiting(self) -> int:
        """How many parcels wait, for the gauge."""
        with self._units(write=False) as uow:
            return uow.parcels.count_waiting()

    # -- one try --------------------------------------------------------------------------------------

    def carry_one(self) -> bool:
        """Try one parcel that is due; False if there is none."""
        parcel = self._take()
        if parcel is None:
            return False
        try:
            outcome = self._try(parcel)
        finally:
            self._rests.leave(parcel.subject)
        self._record(outcome)
        return True

    def _take(self) -> Parcel | None:
        now = self._clock.now()
        # Taking and noting is one step, so that two workers of this process never hold parcels of one subject.
        with self._rests.lock:
            with self._units() as uow:
                taken = uow.parcels.take(now, now + LEASE, 1, avoiding=self._rests.avoided(now))
                uow.commit()
            for parcel in taken:
                self._rests.enter(parcel.subject)
        return taken[0] if taken else None

    def _try(self, parcel: Parcel) -> Parcel:
        """Make the message and post it; gives the parcel with its outcome."""
        try:
            envelope = self._carriers[parcel.kind].prepare(parcel)
        except NotSent as error:
            return self._missed(parcel, None, error.reason)
        except Exception:  # noqa: BLE001 - a message that cannot be made now is tried again, like one that is refused
            _log.exception("message not made", extra={"kind": parcel.kind.value, "parcel": parcel.parcel_id})
            return self._missed(parcel, None, "unready")
        if envelope is None:
            return replace(parcel, state=ParcelState.CANCELED, finished_at=self._clock.now())
        place = _place_of(parcel, envelope)
        rests_until = self._rests.until(place, self._clock.now())
        if rests_until is not None:
            return self._missed(parcel, None, HOST_RESTS, due_at=rests_until)
        return self._post(parcel, envelope, place)

    def _post(self, parcel: Parcel, envelope: Envelope, place: str) -> Parcel:
        try:
            answer = self._poster.post(envelope.url, envelope.body, envelope.headers)
        except NotSent as error:
            now = self._clock.now()
            self._rests.failed_at(place, parcel.subject, now)
            self._rests.failed(parcel.subject, now)
            return self._missed(parcel, None, error.reason)
        self._rests.answered(place)
        now, status = self._clock.now(), answer.status
        if not 200 <= status < 300:
            asked = pause_asked_for(answer.retry_after, now) if status in _ASK_FOR_TIME else timedelta()
            self._rests.failed(parcel.subject, now, asked=asked)
            return self._missed(parcel, status, "status", asked=asked)
        self._rests.answered(parcel.subject)
        return replace(parcel, state=ParcelState.SENT, last_status=status, last_error=None, finished_at=now)

    def _missed(
        self,
        parcel: Parcel,
        status: int | None,
        error: str,
        *,
        asked: timedelta = timedelta(),
        due_at: datetime | None = None,
    ) -> Parcel:
        """The parcel after a try without success: due again, the last time when its day is over, or dead after that.

        Args:
            asked: How long the other side wants to be left alone, at least.
            due_at: When it may be tried again that was not tried at all.
        """
        now = self._clock.now()
        missed = replace(parcel, last_status=status, last_error=error)
        if now >= parcel.give_up_at:
            return replace(missed, state=ParcelState.DEAD, finished_at=now)
        # Not a secret: spreads tries in time.
        pause = max(asked, pause_after(parcel.attempts, random.random()))  # noqa: S311
        return replace(missed, due_at=min(due_at or now + pause, parcel.give_up_at))

    def _record(self, outcome: Parcel) -> None:
        """Store an outcome with what follows from it, unless somebody else began a further try or nobody waits."""
        for _ in range(_RECORD_AT_MOST):
            try:
                with self._units() as uow:
                    self._tell(uow, outcome)
                    if uow.parcels.finish(outcome):
                        uow.commit()
                return
            except VersionConflict:
                continue
            except OfficeClosed:
                # Nothing can be stored now. The lease ends, and the message goes out once more.
                raise
            except Exception:  # noqa: BLE001 - what arrived must not be sent again and again for a mistake of ours
                _log.exception("outcome not told", extra={"kind": outcome.kind.value, "parcel": outcome.parcel_id})
                break
        with self._units() as uow:
            if uow.parcels.finish(outcome):
                uow.commit()

    def _tell(self, uow: UnitOfWork, outcome: Parcel) -> None:
        # Before the parcel's own row is written: carriers lock what comes earlier in the order of locks.
        carrier = self._carriers[outcome.kind]
        if outcome.state is ParcelState.SENT:
            carrier.arrived(uow, outcome)
        elif outcome.state is not ParcelState.CANCELED:
            carrier.failed(uow, outcome, is_dead=outcome.state is ParcelState.DEAD)
