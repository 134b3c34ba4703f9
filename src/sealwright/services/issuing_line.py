"""The issuing line: reserve, sign, check, store, in that order, with commits shared by orders that arrive together.

One thread walks in rounds. A round is one transaction, which stores what the last round signed and
reserves for who has arrived since, followed by signing what was just reserved. An order therefore
passes two commits (its reservation is durable before the signer is called, its credential before the
answer leaves), and under load each commit serves many orders.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Protocol

from sealwright.domain.credentials import CredentialRecord, IdempotencyScope, Reservation
from sealwright.domain.errors import DomainError, StoreUnavailable
from sealwright.services.orders import IssuanceOrder
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.round_line import RoundLine

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Issued:
    """An issued credential, and whether this is the repetition of an earlier answer."""

    record: CredentialRecord
    replayed: bool


@dataclass(slots=True)
class Job:
    """An order on its way along the line."""

    order: IssuanceOrder
    scope: IdempotencyScope | None
    future: Future[Issued] = field(default_factory=Future)
    reservation: Reservation | None = None
    record: CredentialRecord | None = None
    replay: CredentialRecord | None = None
    error: Exception | None = None

    def __post_init__(self) -> None:
        # A caller who hangs up must not be able to cancel what may already be signed.
        self.future.set_running_or_notify_cancel()

    def settle(self) -> None:
        """Answer whoever waits, from what has become of the order."""
        if self.error is not None:
            self.future.set_exception(self.error)
        elif self.replay is not None:
            self.future.set_result(Issued(self.replay, replayed=True))
        elif self.record is not None:
            self.future.set_result(Issued(self.record, replayed=False))
        else:
            self.future.set_exception(StoreUnavailable("The order was not finished."))


class Stations(Protocol):
    """What happens to orders at each stop of the line; `services.issuance` gives the real ones."""

    def reserve(self, uow: UnitOfWork, jobs: Sequence[Job]) -> None:
        """Write reservations down, or set a job's `error` or `replay`."""

    def sign(self, job: Job) -> None:
        """Build, sign and check; sets `record` or `error`."""

    def store(self, uow: UnitOfWork, jobs: Sequence[Job]) -> None:
        """Store signed credentials, and void the reservations of jobs that carry an error."""

    def anchor(self, uow: UnitOfWork, jobs: Sequence[Job]) -> None:
        """Anchor what was stored where that was asked for; the last thing that locks anything before the commit."""


class IssuingLine(RoundLine[Job]):
    """The thread that walks the line. Start it before use; closing finishes what is under way."""

    def __init__(self, units: UnitOfWorkFactory, stations: Stations, observe: Callable[[int], None]) -> None:
        super().__init__("issuing-line")
        self._units = units
        self._stations = stations
        self._observe = observe

    def submit(self, order: IssuanceOrder, scope: IdempotencyScope | None) -> Future[Issued]:
        """Put an order on the line."""
        job = Job(order, scope)
        self._join(job)
        return job.future

    def run_alone(self, order: IssuanceOrder, scope: IdempotencyScope | None = None) -> Issued:
        """Take one order along the line in the caller's own thread; for the terminal and for tests."""
        job = Job(order, scope)
        for waiting in ([job], []):
            signed = [job] if job.reservation is not None and job.replay is None else []
            self._commit(waiting, signed)
            if waiting and job.reservation is not None:
                self._stations.sign(job)
        if not job.future.done():
            job.settle()
        return job.future.result()

    def _walk(self) -> None:
        signed: list[Job] = []
        closing = False
        while not (closing and not signed):
            arrivals: list[Job] = []
            if not closing:
                arrivals, closing = self._take(wait=not signed)
            self._commit(arrivals, signed)
            signed = [job for job in arrivals if job.reservation is not None and not job.future.done()]
            for job in signed:
                self._stations.sign(job)

    def _commit(self, arrivals: Sequence[Job], signed: Sequence[Job]) -> None:
        """Store `signed` and reserve `arrivals` in one transaction; alone, one by one, if that fails."""
        if not arrivals and not signed:
            return
        try:
            self._transact(arrivals, signed)
        except Exception as error:  # noqa: BLE001 - whatever broke, every order on the line gets its answer
            self._commit_one_by_one(arrivals, signed, error)
        self._observe(len(arrivals) + len(signed))
        for job in signed:
            job.settle()
        for job in arrivals:
            if job.error is not None or job.replay is not None:
                job.settle()

    def _transact(self, arrivals: Sequence[Job], signed: Sequence[Job]) -> None:
        with self._units() as uow:
            if signed:
                self._stations.store(uow, signed)
            waiting = [job for job in arrivals if job.error is None and job.replay is None]
            if waiting:
                self._stations.reserve(uow, waiting)
            self._stations.anchor(uow, signed)
            uow.commit()

    def _commit_one_by_one(self, arrivals: Sequence[Job], signed: Sequence[Job], cause: Exception) -> None:
        """Save the neighbors of a bad row: every order tries once by itself."""
        alone = len(arrivals) + len(signed) == 1
        if not isinstance(cause, DomainError):
            _log.error("issuing round failed", exc_info=cause)
        for job in (*signed, *arrivals):
            is_signed = job in signed
            outcome_before = (job.reservation, job.record, job.error) if is_signed else (None, None, None)
            job.reservation, job.record, job.error = outcome_before
            error: Exception | None = cause if alone else None
            if not alone:
                try:
                    self._transact([] if is_signed else [job], [job] if is_signed else [])
                except Exception as failure:  # noqa: BLE001 - as above
                    error = failure
            if error is not None:
                job.reservation = job.reservation if is_signed else None
                job.replay = None
                job.error = error if isinstance(error, DomainError) else StoreUnavailable("The order was not stored.")
