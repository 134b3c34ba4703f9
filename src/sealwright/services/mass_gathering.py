"""Takes in what mass acts are about, chunk by chunk in short transactions, and starts them when all is there.

A batch is a draft while it is put together. Where it stopped, after a crash too, the last uid that it took in tells;
whoever comes first goes on: the call that made it, or the clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sealwright.domain.batches import (
    CHUNK_ROWS,
    Batch,
    BatchFilter,
    BatchKind,
    BatchStatus,
    Chunk,
    ChunkRows,
    RowFault,
    Selection,
)
from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.errors import CredentialErased, DomainError, OfficeClosed, StateConflict, StoreUnavailable
from sealwright.domain.people import Actor, Caller
from sealwright.services.access import Access
from sealwright.services.batch_authority import BatchAuthority
from sealwright.services.batch_desk import Engine
from sealwright.services.batch_events import batch_event
from sealwright.services.batch_ports import MassFilter
from sealwright.services.batch_rows import BatchRow, BatchRows, lines_of, members_of
from sealwright.services.mass_rows import UID_BYTES, packed
from sealwright.services.mass_values import filter_of, replaced_batch
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.reissuing import AsIssued, RowReader, fault_of, predecessor_of, unmade_row
from sealwright.vc.canon import Canonicalizer

_log = logging.getLogger(__name__)
TASK: Final = "mass acts"
# Chunks that one transaction takes in.
_CHUNKS_A_STEP: Final = 8
_DRAFTS_AT_ONCE: Final = 100
_SETTLED: Final = frozenset({BatchStatus.DONE, BatchStatus.ANCHORED, BatchStatus.CANCELED})


@dataclass(frozen=True, slots=True)
class _Made:
    """What was read for the next chunk of a re-issue.

    Args:
        total: Of the batch when it was read; another one means that somebody else was faster.
    """

    total: int
    uids: tuple[UUID, ...]
    rows: tuple[BatchRow, ...]
    faults: tuple[RowFault, ...]


class Gathering:
    """Puts the batches of mass acts together."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        access: Access,
        authority: BatchAuthority,
        engine: Engine,
        rows: BatchRows,
        canon: Canonicalizer,
        clock: Clock,
        code_of: Callable[[Exception], str],
    ) -> None:
        self._units = units
        self._registry = registry
        self._access = access
        self._authority = authority
        self._engine = engine
        self._rows = rows
        self._canon = canon
        self._clock = clock
        self._code_of = code_of

    def fill(self, batch_id: str, *, steps: int | None = None) -> Batch:
        """Take in what is still missing, and start the batch when nothing is.

        Args:
            steps: At most so many transactions; None: to the end.
        """
        batch = self._read(batch_id)
        done = 0
        while batch.status is BatchStatus.DRAFT and (steps is None or done < steps):
            before = batch
            batch = self._step_revoking(batch_id) if batch.kind is BatchKind.REVOKE else self._step_reissuing(batch)
            done += 1
            if batch == before:
                # Everything is there, and it waits: for another batch, or for the end of a halt.
                break
        return batch

    def work(self) -> int:
        """Go on with what nobody put together to its end, and start what waited for another batch; for the clock."""
        moved = 0
        with self._units(write=False) as uow:
            drafts = _unfinished(uow)
        for batch in drafts:
            try:
                moved += self._moved_on(batch)
            except StoreUnavailable:
                raise
            except Exception:  # noqa: BLE001 - one broken draft must not keep the others waiting
                _log.exception("mass act put off", extra={"batch_id": batch.batch_id})
        return moved

    def _moved_on(self, batch: Batch) -> bool:
        after = self._follow(batch) if replaced_batch(batch) is not None else self.fill(batch.batch_id, steps=4)
        return after.status is not BatchStatus.DRAFT or after.total != batch.total

    @staticmethod
    def has_work(uow: UnitOfWork, now: datetime) -> bool:  # noqa: ARG004 - the port's
        """Tell whether any mass act is still being put together, or waits for another batch."""
        return bool(_unfinished(uow))

    def follow(self, batch_id: str) -> Batch:
        """Start a batch that waits for a re-issue, if that is over; gives it as it is."""
        return self._follow(self._read(batch_id))

    # -- revocations -------------------------------------------------------------------------------

    def _step_revoking(self, batch_id: str) -> Batch:
        with self._units() as uow:
            epoch = uow.office.epoch(shared_lock=True)
            batch = _locked(uow, batch_id)
            if batch.status is not BatchStatus.DRAFT or replaced_batch(batch) is not None:
                return batch
            wanted = replace(self._wanted(batch), open_at=self._clock.now())
            limit = _CHUNKS_A_STEP * CHUNK_ROWS
            uids = () if _is_gathered(batch) else uow.batches.matching(wanted, _last_uid(uow, batch), limit)
            after = _with_uids(uow, batch, uids)
            if len(uids) < limit:
                after = self._start(uow, after, Registry.within(uow, epoch))
            uow.commit()
        return after

    # -- re-issues ---------------------------------------------------------------------------------

    def _step_reissuing(self, batch: Batch) -> Batch:
        made = self._make(batch)
        with self._units() as uow:
            epoch = uow.office.epoch(shared_lock=True)
            batch = _locked(uow, batch.batch_id)
            if batch.status is not BatchStatus.DRAFT or batch.total != made.total:
                return batch
            view = Registry.within(uow, epoch)
            after = self._with_rows(uow, batch, made, view)
            if len(made.rows) < CHUNK_ROWS:
                after = self._start(uow, after, view)
            uow.commit()
        return after

    def _make(self, batch: Batch) -> _Made:
        """Read the next chunk of credentials and make rows of them, outside of any writing transaction."""
        selection = batch.options.selection or Selection()
        issuer = self._access.issuer(batch.issuer_did, self._registry.current())
        reader = RowReader(AsIssued(issuer), self._canon, self._clock.now())
        with self._units(write=False) as uow:
            seen = uow.batches.get(batch.batch_id) or batch
            wanted = replace(
                self._wanted(batch), open_at=self._clock.now(), status=CredentialStatus.VALID, with_copies=False
            )
            uids = () if _is_gathered(seen) else uow.batches.matching(wanted, _last_replaced(uow, seen), CHUNK_ROWS)
            records = uow.credentials.get_many(uids)
        rows: list[BatchRow] = []
        faults: list[RowFault] = []
        for place, uid in enumerate(uids):
            row, fault = self._row(reader, records[uid], selection, seen.total + place)
            rows.append(row)
            faults.extend(fault)
        return _Made(seen.total, tuple(uids), tuple(rows), tuple(faults))

    def _row(
        self, reader: RowReader, record: CredentialRecord, selection: Selection, number: int
    ) -> tuple[BatchRow, Sequence[RowFault]]:
        try:
            return reader.row(record, selection), ()
        except (CredentialErased, StateConflict) as error:
            return unmade_row(record), (fault_of(number, self._code_of(error), error),)

    def _with_rows(self, uow: UnitOfWork, batch: Batch, made: _Made, view: RegistryView) -> Batch:
        if not made.rows:
            return batch
        secret = self._rows.secret(uow, batch.batch_id)
        marks = b"".join(self._rows.mark(secret, row.holder_did, view) for row in made.rows)
        chunk = Chunk(batch.batch_id, batch.total // CHUNK_ROWS, batch.total, len(made.rows), faults=made.faults)
        uow.batches.add_chunk(chunk, ChunkRows(b"\n".join(row.line for row in made.rows), marks))
        ending = _ending_of(uow, batch)
        if ending is not None:
            _with_uids(uow, ending, made.uids)
        after = replace(batch, total=batch.total + len(made.rows), version=batch.version + 1)
        uow.batches.update(after)
        return after

    def _follow(self, waiting: Batch) -> Batch:
        """Start the end of credentials that another batch has replaced, once that one is over."""
        origin = replaced_batch(waiting)
        with self._units() as uow:
            epoch = uow.office.epoch(shared_lock=True)
            # The re-issue first, as whoever fills both locks them.
            source = uow.batches.get_for_update(origin) if origin is not None else None
            batch = _locked(uow, waiting.batch_id)
            if batch.status is not BatchStatus.DRAFT or (source is not None and not _is_over(source)):
                return batch
            if source is None or source.at is None:
                # It was given up before anything was issued, so nothing ends.
                after = self._canceled(uow, batch)
            else:
                after = self._start(uow, batch, Registry.within(uow, epoch))
            uow.commit()
        return after

    # -- both --------------------------------------------------------------------------------------

    def _start(self, uow: UnitOfWork, batch: Batch, view: RegistryView) -> Batch:
        """Let the batch be carried out as whoever made it.

        It is canceled where they may do nothing any more, or nothing was found; it waits while the office is halted.
        """
        caller = self._authority.caller_of(batch.starter, view)
        if caller is None or not batch.total or not self._may(caller, batch, view):
            return self._canceled(uow, batch)
        try:
            return self._engine.start(uow, caller, batch)
        except OfficeClosed:
            return batch
        except DomainError:
            return self._canceled(uow, batch)

    def _canceled(self, uow: UnitOfWork, batch: Batch) -> Batch:
        now = self._clock.now()
        after = replace(batch.moved(BatchStatus.CANCELED), finished_at=now)
        uow.batches.cancel_ready(batch.batch_id, now)
        uow.batches.update(after)
        actor = Actor(batch.starter.kind, batch.starter.id, batch.starter.auth)
        uow.audit.append(batch_event("batch.canceled", after, actor, now, before=batch))
        return after

    def _may(self, caller: Caller, batch: Batch, view: RegistryView) -> bool:
        try:
            if batch.kind is BatchKind.ISSUE:
                self._authority.require(caller, batch, view)
            else:
                self._access.require_issuer(caller, self._access.issuer(batch.issuer_did, view))
        except DomainError:
            return False
        return True

    @staticmethod
    def _wanted(batch: Batch) -> MassFilter:
        return filter_of(batch.issuer_did, batch.options.selection or Selection(), batch.created_at)

    def _read(self, batch_id: str) -> Batch:
        with self._units(write=False) as uow:
            batch = uow.batches.get(batch_id)
        assert batch is not None, batch_id
        return batch


def _is_over(batch: Batch) -> bool:
    """Tell whether nothing of a batch can be stored any more."""
    return batch.status in _SETTLED and batch.finished_at is not None


def _unfinished(uow: UnitOfWork) -> list[Batch]:
    found: list[Batch] = []
    wanted = BatchFilter(status=BatchStatus.DRAFT)
    page = uow.batches.list(wanted, limit=_DRAFTS_AT_ONCE, cursor=None)
    found.extend(batch for batch in page.items if batch.options.selection is not None)
    while page.next_cursor is not None:
        page = uow.batches.list(wanted, limit=_DRAFTS_AT_ONCE, cursor=page.next_cursor)
        found.extend(batch for batch in page.items if batch.options.selection is not None)
    # A re-issue before the end of what it replaces.
    return sorted(found, key=lambda batch: replaced_batch(batch) is not None)


def _locked(uow: UnitOfWork, batch_id: str) -> Batch:
    batch = uow.batches.get_for_update(batch_id)
    assert batch is not None, batch_id
    return batch


def _is_gathered(batch: Batch) -> bool:
    """Tell whether its last chunk is short, so that nothing more was found: what fits since then came too late."""
    return batch.total % CHUNK_ROWS != 0


def _with_uids(uow: UnitOfWork, batch: Batch, uids: Sequence[UUID]) -> Batch:
    """Add chunks of uids behind those that are there, all of which are full."""
    for start in range(0, len(uids), CHUNK_ROWS):
        part = uids[start : start + CHUNK_ROWS]
        first = batch.total + start
        uow.batches.add_chunk(
            Chunk(batch.batch_id, first // CHUNK_ROWS, first, len(part)), ChunkRows(packed(part), b"")
        )
    if not uids:
        return batch
    after = replace(batch, total=batch.total + len(uids), version=batch.version + 1)
    uow.batches.update(after)
    return after


def _last_rows(uow: UnitOfWork, batch: Batch) -> bytes | None:
    if batch.total == 0:
        return None
    rows = uow.batches.rows(batch.batch_id, (batch.total - 1) // CHUNK_ROWS)
    return rows.content if rows is not None else None


def _last_uid(uow: UnitOfWork, batch: Batch) -> UUID | None:
    content = _last_rows(uow, batch)
    return UUID(bytes=content[-UID_BYTES:]) if content else None


def _last_replaced(uow: UnitOfWork, batch: Batch) -> UUID | None:
    # A row whose person was erased meanwhile names nothing any more; the one before it does.
    named = (predecessor_of(members_of(line)) for line in reversed(lines_of(_last_rows(uow, batch) or b"")))
    return next((uid for uid in named if uid is not None), None)


def _ending_of(uow: UnitOfWork, batch: Batch) -> Batch | None:
    """The batch that ends what this one replaces, its row locked; None where what is replaced stays."""
    selection = batch.options.selection
    if selection is None or selection.ending_batch is None:
        return None
    ending = uow.batches.get_for_update(selection.ending_batch)
    return ending if ending is not None and ending.status is BatchStatus.DRAFT else None
