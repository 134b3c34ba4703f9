"""Carries out batches: takes their chunks one by one, whoever started them and whatever happens to the rows.

Three short transactions a chunk: one takes it and writes down what is going to be done, one stores what was done and
marks it as done, and the last of a batch also ends that. In between lies all the work. A worker that dies leaves a
lease behind; whoever takes the chunk next does the same over, and whoever lost it drops what they had.

Lock order: registry epoch, batch, chunk, then whatever the carrier locks.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

from sealwright.domain.anchors import Anchor, AnchorBackend, AnchorEntry, AnchorKind
from sealwright.domain.batches import (
    CHUNK_LEASE,
    WORKED_ON,
    Batch,
    BatchKind,
    BatchStatus,
    Chunk,
    PausedBy,
    RowFault,
)
from sealwright.domain.errors import (
    ClockBehind,
    DomainError,
    IssuingHalted,
    NotSignedIn,
    OfficeClosed,
    SigningFailed,
    StateConflict,
)
from sealwright.domain.people import Caller, system_actor
from sealwright.services.batch_authority import BatchAuthority, starter_of
from sealwright.services.batch_events import batch_event
from sealwright.services.bulk_carrying import ChunkCarrier, ChunkStale, FenceLost, Ground, HeldChunk
from sealwright.services.bulk_issuing import IssueCarrier
from sealwright.services.chunk_roots import batch_root
from sealwright.services.issuance import MAX_CLOCK_LAG_SECONDS
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.tasks import BATCHES
from sealwright.vc.errors import VcError

# So many batches are looked at in one go; each turn takes one chunk.
_LOOKED_AT: Final = 16
_MOST_PAUSED: Final = 1_000
_TRIES: Final = 4
# An inline call waits so long for chunks that other workers hold.
_WAIT_SECONDS: Final = 60.0
_WAIT_STEP_SECONDS: Final = 0.02
_LONGEST_STEP_SECONDS: Final = 0.5
_WAIT_SHARE: Final = 0.2
_ACTOR: Final = system_actor("batches")
_log = logging.getLogger(__name__)


class Anchorer(Protocol):
    """Writes roots into the transparency log."""

    def anchor(self, uow: UnitOfWork, entry: AnchorEntry) -> Anchor | None:
        """Write one entry; None with anchoring off."""


class Secrets(Protocol):
    """Derives the secrets of batches."""

    def secret(self, uow: UnitOfWork, batch_id: str) -> bytes:
        """The 32 bytes from which a batch's ids follow. Raises Sealed."""


class _Moved(Exception):
    """The registry changed between a look and an act; everything is looked at again."""


class Bulk:
    """The engine of batches.

    Args:
        carriers: What is done with the rows, by kind of batch; others may be added before work begins.
        issuing: The carrier that also checks rows beforehand.
        lanes: So many workers are woken when a batch starts.
        told: Tells whoever started a batch that it is over, in the transaction that ends it.
    """

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        authority: BatchAuthority,
        issuing: IssueCarrier,
        carriers: Mapping[BatchKind, ChunkCarrier],
        secrets: Secrets,
        anchoring: Anchorer | None,
        clock: Clock,
        code_of: Callable[[Exception], str],
        lanes: int,
        told: Callable[[UnitOfWork, Batch], None],
    ) -> None:
        self._units = units
        self._registry = registry
        self._authority = authority
        self._issuing = issuing
        self.carriers: dict[BatchKind, ChunkCarrier] = {BatchKind.ISSUE: issuing, **carriers}
        self._secrets = secrets
        self._anchoring = anchoring
        self._clock = clock
        self._code_of = code_of
        self._lanes = lanes
        self._told = told

    # -- beginning ---------------------------------------------------------------------------------

    def start(self, uow: UnitOfWork, caller: Caller, batch: Batch) -> Batch:
        """Let workers look for a draft's chunks; its row is locked. From now on its moment is fixed.

        Raises:
            StateConflict: No draft, or one without rows.
            DomainError: Whatever would pause it at once (`ChunkCarrier.stand`).
        """
        if not batch.total:
            raise StateConflict("A batch without rows is not started.")
        now = self._clock.now()
        started = replace(
            batch.moved(BatchStatus.ACCEPTED), at=now, started_at=now, starter=starter_of(caller), paused_by=None
        )
        self.carriers[batch.kind].stand(started, caller, Registry.within(uow, caller.epoch))
        self._secrets.secret(uow, batch.batch_id)
        uow.batches.update(started)
        uow.audit.append(
            batch_event("batch.started", started, caller.actor, now, before=batch, request_id=caller.request_id)
        )
        self.wake(uow)
        return started

    def wake(self, uow: UnitOfWork) -> None:
        """Have every lane of workers look for chunks once this unit of work has committed."""
        for lane in range(self._lanes):
            uow.jobs.wake(BATCHES, lane=str(lane))

    def check_rows(
        self,
        batch: Batch,
        lines: Sequence[bytes],
        first_row: int,
        view: RegistryView,
    ) -> tuple[RowFault, ...]:
        """Tell what is wrong with rows of a draft as they stand now, in their order, without any effect.

        Raises:
            DomainError: The whole batch would be refused now.
        """
        return self._issuing.check_rows(batch, self._starter(batch, view), lines, first_row, view)

    # -- working -----------------------------------------------------------------------------------

    def has_work(self, uow: UnitOfWork, now: datetime) -> bool:
        """Tell whether there may be something for `work_once`."""
        return bool(uow.batches.to_work_on(now, 1) or uow.batches.in_state({BatchStatus.PAUSED.value}, 1))

    def work_once(self) -> bool:
        """Carry out one chunk of the oldest batch that has one, or end a batch; False where nothing was to be done."""
        with self._units(write=False) as uow:
            ids = uow.batches.to_work_on(self._clock.now(), _LOOKED_AT)
        return any(self._work_on(batch_id) for batch_id in ids) or self._wake_paused()

    def run_batch(self, batch_id: str) -> Batch:
        """Carry a batch out in this thread, beside other workers; gives it as it is when nothing is left to be done.

        Chunks that others hold are waited for, for a while.
        """
        since = time.monotonic()
        deadline = since + _WAIT_SECONDS
        while True:
            if self._work_on(batch_id):
                since = time.monotonic()
                continue
            with self._units(write=False) as uow:
                batch = uow.batches.get(batch_id)
            assert batch is not None
            if batch.status not in WORKED_ON or time.monotonic() >= deadline:
                return batch
            # Whatever is in the way is looked at the more rarely, the longer it is there.
            waited = time.monotonic() - since
            time.sleep(min(max(waited * _WAIT_SHARE, _WAIT_STEP_SECONDS), _LONGEST_STEP_SECONDS))

    def _work_on(self, batch_id: str) -> bool:
        """Carry out one chunk of a batch, or end it; False where nothing came of it now."""
        held: HeldChunk | None = None
        try:
            held = self._take(batch_id)
            return self.conclude(batch_id) if held is None else self._carry(held)
        except FenceLost:
            _log.warning("chunk lost to another worker", extra={"batch_id": batch_id})
            return True
        except Exception as error:  # noqa: BLE001 - one broken batch must not keep the others waiting
            self._give_back(held)
            return self._after(batch_id, error)

    def _after(self, batch_id: str, error: Exception) -> bool:
        """What follows from a chunk that was not stored; its rows are as if nobody had taken it."""
        if isinstance(error, ChunkStale):
            return True
        if isinstance(error, IssuingHalted):
            return self._pause(batch_id, PausedBy.HALT, error)
        if isinstance(error, DomainError | VcError) and not isinstance(error, OfficeClosed | SigningFailed):
            return self._pause(batch_id, PausedBy.AUTHORITY, error)
        # The office or its key store is away, or something is broken: tried again with the next turn of the clock.
        _log.error("chunk put off", extra={"batch_id": batch_id, "kind": type(error).__name__}, exc_info=error)
        return False

    # -- taking ------------------------------------------------------------------------------------

    def _take(self, batch_id: str) -> HeldChunk | None:
        """Take a chunk and write down what is going to be done with it; None where none is free."""
        for attempt in range(_TRIES):
            view = self._registry.current()
            with self._units(write=False) as uow:
                batch = uow.batches.get(batch_id)
            if batch is None or batch.status not in WORKED_ON:
                return None
            ground = self._ground(batch, view)
            try:
                return self._reserve(batch, ground, is_last=attempt == _TRIES - 1)
            except _Moved:
                continue
        raise AssertionError("the last try does not give up")

    def _ground(self, batch: Batch, view: RegistryView) -> Ground:
        caller = self._starter(batch, view)
        return Ground(caller, view.epoch, self.carriers[batch.kind].stand(batch, caller, view))

    def _starter(self, batch: Batch, view: RegistryView) -> Caller:
        caller = self._authority.caller_of(batch.starter, view)
        if caller is None:
            raise NotSignedIn("Whoever started this batch may not act here any more.")
        return caller

    def _reserve(self, batch: Batch, ground: Ground, *, is_last: bool) -> HeldChunk | None:
        now = self._clock.now()
        with self._units() as uow:
            epoch = uow.office.epoch(shared_lock=True)
            if epoch != ground.epoch:
                if not is_last:
                    raise _Moved
                self._ground(batch, Registry.within(uow, epoch))
            _require_clock(uow, now)
            if batch.status is BatchStatus.ACCEPTED and not self._run(uow, batch.batch_id):
                return None
            chunk = uow.batches.take(batch.batch_id, now, now + CHUNK_LEASE)
            if chunk is None:
                return None
            rows = uow.batches.rows(batch.batch_id, chunk.number)
            if rows is None:
                raise RuntimeError("a chunk has lost its rows")
            held = HeldChunk(batch, chunk, rows, self._secrets.secret(uow, batch.batch_id), ground)
            held = self.carriers[batch.kind].reserve(uow, held, now)
            if not uow.batches.reserve(held.chunk, held.chunk.run, held.chunk.method_id):
                return None
            uow.commit()
        return held

    @staticmethod
    def _run(uow: UnitOfWork, batch_id: str) -> bool:
        """Note that the first chunk is being carried out; False where the batch rests or is over by now."""
        present = uow.batches.get_for_update(batch_id)
        if present is None or present.status not in WORKED_ON:
            return False
        if present.status is BatchStatus.ACCEPTED:
            uow.batches.update(present.moved(BatchStatus.RUNNING))
        return True

    # -- carrying out ------------------------------------------------------------------------------

    def _carry(self, held: HeldChunk) -> bool:
        carrier = self.carriers[held.batch.kind]
        worked = carrier.work(held, _Heart(self._units, self._clock, held.chunk).beat)
        with self._units() as uow:
            epoch = uow.office.epoch(shared_lock=True)
            # The fence, with the chunk's row locked from here on: nobody else stores it.
            if not uow.batches.renew(held.chunk, self._clock.now() + CHUNK_LEASE):
                raise FenceLost
            view = Registry.within(uow, epoch) if epoch != held.ground.epoch else None
            if view is not None and self._authority.caller_of(held.batch.starter, view) is None:
                raise NotSignedIn("Whoever started this batch may not act here any more.")
            outcome = carrier.store(uow, held, worked, view)
            if not uow.batches.finish(held.chunk, outcome):
                raise FenceLost
            uow.commit()
        self._issuing.count(held.batch, outcome.issued)
        self.conclude(held.batch.batch_id)
        return True

    def _give_back(self, held: HeldChunk | None) -> None:
        """Let others have the chunk at once; where that fails, its lease ends by itself."""
        if held is None:
            return
        try:
            with self._units() as uow:
                uow.batches.give_back(held.chunk)
                uow.commit()
        except DomainError as error:
            _log.warning("chunk left", extra={"batch_id": held.batch.batch_id, "kind": type(error).__name__})

    # -- resting -----------------------------------------------------------------------------------

    def _pause(self, batch_id: str, by: PausedBy, error: Exception) -> bool:
        """Let a batch rest; it is neither failed nor forgotten."""
        with self._units() as uow:
            uow.office.epoch(shared_lock=True)
            batch = uow.batches.get_for_update(batch_id)
            if batch is None or batch.status not in WORKED_ON:
                return False
            paused = replace(batch.moved(BatchStatus.PAUSED), paused_by=by)
            uow.batches.update(paused)
            now = self._clock.now()
            reason = {"reason": by.value, "code": self._code_of(error)}
            uow.audit.append(batch_event("batch.paused", paused, _ACTOR, now, before=batch, **reason))
            uow.commit()
        _log.warning("batch paused", extra={"batch_id": batch_id, "kind": type(error).__name__})
        return True

    def _wake_paused(self) -> bool:
        """Let those go on that rested for a halt which covers them no more."""
        with self._units(write=False) as uow:
            paused = [uow.batches.get(one) for one in uow.batches.in_state({BatchStatus.PAUSED.value}, _MOST_PAUSED)]
        halted = [batch for batch in paused if batch is not None and batch.paused_by is PausedBy.HALT]
        resumed = [self._resume(batch.batch_id) for batch in halted]
        return any(resumed)

    def _resume(self, batch_id: str) -> bool:
        with self._units() as uow:
            epoch = uow.office.epoch(shared_lock=True)
            batch = uow.batches.get_for_update(batch_id)
            if batch is None or batch.status is not BatchStatus.PAUSED or batch.paused_by is not PausedBy.HALT:
                return False
            try:
                self._ground(batch, Registry.within(uow, epoch))
            except OfficeClosed:
                return False
            except (DomainError, VcError):
                # What else is wrong, its next chunk tells.
                pass
            resumed = replace(batch.moved(BatchStatus.RUNNING), paused_by=None)
            uow.batches.update(resumed)
            uow.audit.append(batch_event("batch.resumed", resumed, _ACTOR, self._clock.now(), before=batch))
            self.wake(uow)
            uow.commit()
        return True

    # -- ending ------------------------------------------------------------------------------------

    def conclude(self, batch_id: str) -> bool:
        """End a batch whose last chunk is done: its root, its anchor. False where it is not so, or is over already."""
        with self._units(write=False) as uow:
            if not _may_end(uow.batches.get(batch_id)):
                return False
        with self._units() as uow:
            batch = uow.batches.get_for_update(batch_id)
            if batch is not None and batch.status is BatchStatus.CANCELED:
                # What a worker had begun when the batch was canceled, and gave back or left behind.
                uow.batches.cancel_ready(batch_id, self._clock.now())
                batch = uow.batches.get(batch_id)
            if batch is None or not _may_end(batch) or batch.remaining:
                return False
            self._end(uow, batch)
            uow.commit()
        return True

    def _end(self, uow: UnitOfWork, batch: Batch) -> None:
        now, chunks = self._clock.now(), uow.batches.outline(batch.batch_id)
        ended = batch if batch.status is BatchStatus.CANCELED else batch.moved(BatchStatus.DONE)
        if ended is batch:
            ended = replace(batch, version=batch.version + 1)
        root = batch_root(chunks).hex() if batch.kind is BatchKind.ISSUE else None
        ended = replace(ended, merkle_root=root, finished_at=now)
        anchor = self._anchor(uow, ended, now) if root is not None and batch.issued else None
        counts: Any = {"issued": ended.issued, "failed": ended.failed, "merkleRoot": root}
        events = [batch_event("batch.completed", ended, _ACTOR, now, before=batch, **counts)]
        if batch.status is BatchStatus.CANCELED:
            events = []
        if anchor is not None and anchor.backend is AnchorBackend.LOG:
            before = ended
            ended = replace(ended, transaction_hash=anchor.transaction_hash)
            if ended.status is BatchStatus.DONE:
                ended = replace(ended, status=BatchStatus.ANCHORED)
            hashed = {"transactionHash": anchor.transaction_hash}
            events.append(batch_event("batch.anchored", ended, _ACTOR, now, before=before, **hashed))
        uow.batches.update(ended)
        uow.audit.append(*events)
        self._told(uow, ended)

    def _anchor(self, uow: UnitOfWork, batch: Batch, now: datetime) -> Anchor | None:
        if self._anchoring is None or batch.merkle_root is None:
            return None
        return self._anchoring.anchor(
            uow, AnchorEntry(AnchorKind.BATCH, batch.batch_id, batch.merkle_root, batch.total, now)
        )


class _Heart:
    """Renews a chunk's lease while it is worked on, each third of it."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock, chunk: Chunk) -> None:
        self._units = units
        self._clock = clock
        self._chunk = chunk
        self._step = CHUNK_LEASE.total_seconds() / 3
        self._next = time.monotonic() + self._step

    def beat(self) -> None:
        """Renew the lease when it is time; raises FenceLost where somebody else has the chunk."""
        if time.monotonic() < self._next:
            return
        with self._units() as uow:
            if not uow.batches.renew(self._chunk, self._clock.now() + CHUNK_LEASE):
                raise FenceLost
            uow.commit()
        self._next = time.monotonic() + self._step


def _require_clock(uow: UnitOfWork, now: datetime) -> None:
    head = uow.audit.head()
    if head.at is not None and (head.at - now).total_seconds() > MAX_CLOCK_LAG_SECONDS:
        raise ClockBehind("The server's clock is behind the newest audit row.")


def _may_end(batch: Batch | None) -> bool:
    """Tell whether a batch may wait for nothing but its end; of a canceled one its chunks tell."""
    if batch is None or batch.finished_at is not None:
        return False
    return batch.status is BatchStatus.CANCELED or (batch.status is BatchStatus.RUNNING and not batch.remaining)
