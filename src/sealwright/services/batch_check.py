"""Holding batches against their chunks, and their credentials against both, for `verify-store`.

Credentials of a batch have no reservations: their ids follow from the batch's secret and the row, and their status
entries from the run of indexes that their chunk was given.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sealwright.domain.batches import (
    CHUNK_ROWS,
    Batch,
    BatchFilter,
    BatchKind,
    Chunk,
    ChunkState,
    IndexRun,
    credential_uid,
    row_of,
)
from sealwright.domain.credentials import CredentialRecord, StatusPlace
from sealwright.domain.errors import Sealed
from sealwright.services.office_secrets import KEY_SETTING, OfficeSecrets
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.status_lists import StatusAllocator
from sealwright.services.store_problems import Problem

_BATCHES_A_READ: Final = 200
# Credentials come in order of their ids, so those of a chunk come together; batches started at once are mixed.
_CHUNKS_REMEMBERED: Final = 64
_ENDED: Final = frozenset({ChunkState.DONE, ChunkState.CANCELED})


@dataclass(frozen=True, slots=True)
class _Origin:
    """What the ids of a batch follow from, and how many rows its chunks have, but for the last."""

    batch: Batch
    secret: bytes | None
    chunk_rows: int


@dataclass(frozen=True, slots=True)
class _Taken:
    """A run of ordinals of a status list, and the batch that it was given to."""

    batch_id: str
    run: IndexRun


class BatchCheck:
    """Looks through batches, and at each credential of one; what was read once of either is remembered."""

    def __init__(self, units: UnitOfWorkFactory, secrets: OfficeSecrets) -> None:
        self._units = units
        self._secrets = secrets
        self._origins: dict[str, _Origin] = {}
        self._chunks: dict[tuple[str, int], tuple[Chunk, Sequence[StatusPlace]]] = {}

    def problems(self) -> Iterator[Problem]:
        """Batches whose numbers do not add up, and status entries that were given away twice."""
        runs: defaultdict[str, list[_Taken]] = defaultdict(list)
        cursor: str | None = None
        while True:
            with self._units(write=False) as uow:
                page = uow.batches.list(BatchFilter(), limit=_BATCHES_A_READ, cursor=cursor)
            for found in page.items:
                # One look for each, so that what a worker stores meanwhile is seen whole or not at all.
                with self._units(write=False) as uow:
                    batch, chunks = uow.batches.get(found.batch_id) or found, uow.batches.outline(found.batch_id)
                    stored = uow.batches.count_credentials(found.batch_id)
                yield from (Problem("batch", batch.batch_id, fault) for fault in _count_faults(batch, chunks, stored))
                for chunk in chunks:
                    for run in chunk.run:
                        runs[run.list_id].append(_Taken(batch.batch_id, run))
            cursor = page.next_cursor
            if cursor is None:
                break
        for list_id, taken in sorted(runs.items()):
            yield from self._places_taken_twice(list_id, taken)

    def fault(self, uow: UnitOfWork, record: CredentialRecord) -> str | None:
        """What is wrong between a credential and the batch that it names; None for nothing."""
        assert record.batch_id is not None
        origin = self._origin(uow, record.batch_id)
        if origin is None or origin.batch.at is None:
            return "The batch that the credential names is not stored here, or was never started."
        row = row_of(record.uid)
        if origin.secret is not None and credential_uid(origin.secret, origin.batch.at, row) != record.uid:
            return "The credential's id does not follow from its batch."
        found = self._chunk(uow, record.batch_id, row // origin.chunk_rows)
        if found is None or found[0].state is not ChunkState.DONE:
            return "The credential's chunk of its batch is not recorded as done."
        chunk, places = found
        offset = row - chunk.first_row
        if not 0 <= offset < chunk.row_count or record.place != (places[offset] if places else None):
            return "The status entry is not the one that its row of the batch was given."
        return None

    def _origin(self, uow: UnitOfWork, batch_id: str) -> _Origin | None:
        if batch_id not in self._origins:
            batch = uow.batches.get(batch_id)
            if batch is None:
                return None
            first = uow.batches.chunk(batch_id, 0)
            chunk_rows = CHUNK_ROWS if first is None else max(first.row_count, 1)
            self._origins[batch_id] = _Origin(batch, self._secret(uow, batch_id), chunk_rows)
        return self._origins[batch_id]

    def _secret(self, uow: UnitOfWork, batch_id: str) -> bytes | None:
        """The secret of a batch; None while the key that it follows from does not open, which is named apart."""
        if uow.office.get(KEY_SETTING) is None:
            return None
        try:
            self._secrets.ready(uow)
        except Sealed:
            return None
        return self._secrets.subkey(f"batch/{batch_id}")

    def _chunk(self, uow: UnitOfWork, batch_id: str, number: int) -> tuple[Chunk, Sequence[StatusPlace]] | None:
        key = (batch_id, number)
        known = self._chunks.get(key)
        if known is None:
            chunk = uow.batches.chunk(batch_id, number)
            if chunk is None:
                return None
            known = (chunk, StatusAllocator.places_of(uow, chunk.run))
            # What is done stays as it is.
            if chunk.state is ChunkState.DONE:
                if len(self._chunks) >= _CHUNKS_REMEMBERED:
                    self._chunks.pop(next(iter(self._chunks)))
                self._chunks[key] = known
        return known

    def _places_taken_twice(self, list_id: str, taken: Sequence[_Taken]) -> Iterator[Problem]:
        """Hold the runs of one status list against each other, its length, and the reservations in it."""
        ordered = sorted(taken, key=lambda one: (one.run.first, one.batch_id))
        for before, after in pairwise(ordered):
            if before.run.first + before.run.count > after.run.first:
                yield Problem("batch", after.batch_id, f"It shares status entries with the batch {before.batch_id}.")
        with self._units(write=False) as uow:
            record = uow.status_lists.get(list_id)
            if record is None or ordered[-1].run.first + ordered[-1].run.count > record.used:
                yield Problem(
                    "batch", ordered[-1].batch_id, "It was given status entries that its list never gave away."
                )
                return
            reserved = frozenset(uow.reservations.indexes(list_id))
            if not reserved:
                return
            for one in ordered:
                places = StatusAllocator.places_of(uow, [one.run])
                if any(place.index in reserved for place in places):
                    yield Problem("batch", one.batch_id, "It shares status entries with credentials issued alone.")


def _count_faults(batch: Batch, chunks: Sequence[Chunk], stored: int) -> Iterator[str]:
    """Say what does not add up between a batch, its chunks and its credentials."""
    if batch.at is None:
        return
    if sum(chunk.row_count for chunk in chunks) != batch.total:
        yield "Its chunks have not as many rows as it took in."
    for chunk in chunks:
        settled = chunk.issued + chunk.failed
        if settled > chunk.row_count or (chunk.state in _ENDED and settled != chunk.row_count):
            yield f"The rows of its chunk {chunk.number} do not add up."
    if batch.kind is BatchKind.ISSUE and batch.issued != stored:
        yield f"It counts {batch.issued} issued rows, and {stored} credentials are stored."
