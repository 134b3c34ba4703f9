"""Results of a batch in numbered pages, all that are there or those of one outcome; as people leaf through them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sealwright.domain.audit import AuditFilter, AuditRecord
from sealwright.domain.batches import CHUNK_ROWS, Batch, Chunk, ChunkState
from sealwright.domain.credentials import CredentialRecord
from sealwright.services.batch_results import FAILED, PENDING, BatchResults, KeptRow, RowResult
from sealwright.services.batch_rows import each_chunk
from sealwright.services.chunk_roots import batch_root
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.services.sharing import stored_claims
from sealwright.vc.encoding.strict_json import JSONValue


@dataclass(frozen=True, slots=True)
class DraftCounts:
    """What the rows of a draft are worth: `faulty` have an error, the others are ready.

    Args:
        by_code: How many rows have a fault, or one among others, of this code.
    """

    rows: int
    faulty: int
    by_code: Mapping[str, int] = field(default_factory=dict)

    @property
    def ready(self) -> int:
        """Rows that nothing is wrong with."""
        return self.rows - self.faulty


class BatchPages:
    """Leafs through results; what is counted is the sum over chunks, and only chunks that a page needs are read."""

    def __init__(self, units: UnitOfWorkFactory, results: BatchResults) -> None:
        self._units = units
        self._results = results

    def results(self, batch: Batch, outcome: str | None, *, page: int, count: int) -> NumberedPage[RowResult]:
        """Rows that are carried out, in input order.

        Args:
            outcome: ``issued`` (``revoked``) or ``failed``; None for both.
            page: From 1.
        """
        chunks = self._chunks(batch)
        if outcome is None:
            sizes = [one.issued + one.failed for one in chunks]
        else:
            sizes = [one.failed if outcome == FAILED else one.issued for one in chunks]

        def read(chunk: Chunk) -> Sequence[RowResult]:
            cursor = str(chunk.first_row) if chunk.first_row else None
            rows = self._results.page(batch, limit=CHUNK_ROWS, cursor=cursor).items
            return [one for one in rows if (one.status == outcome if outcome else one.status != PENDING)]

        return NumberedPage(tuple(_slice(chunks, sizes, (page - 1) * count, count, read)), page, count, sum(sizes))

    def faulty(self, batch: Batch, *, page: int, count: int) -> NumberedPage[KeptRow]:
        """Rows of a draft that something is wrong with."""
        sizes_of = {replace(chunk, faults=()): len(chunk.faults) for chunk in self._each(batch)}
        chunks, sizes = list(sizes_of), list(sizes_of.values())

        def read(chunk: Chunk) -> Sequence[KeptRow]:
            cursor = str(chunk.first_row) if chunk.first_row else None
            wanted = sizes_of[chunk]
            return self._results.rows(batch, faulty=True, limit=wanted, cursor=cursor).items

        return NumberedPage(tuple(_slice(chunks, sizes, (page - 1) * count, count, read)), page, count, sum(sizes))

    def row(self, batch: Batch, row: int) -> KeptRow | None:
        """One row as it is kept; None where there is no such row, or nothing of it any more."""
        if not 0 <= row < batch.total:
            return None
        kept = self._results.rows(batch, faulty=False, limit=1, cursor=str(row) if row else None).items
        return kept[0] if kept and kept[0].row == row else None

    def kept(self, batch: Batch, rows: Sequence[int]) -> Mapping[int, Mapping[str, Any]]:
        """The members of failed rows by their number, as far as they are kept."""
        if not rows:
            return {}
        first = min(rows)
        found = self._results.rows(batch, faulty=True, limit=len(rows), cursor=str(first) if first else None).items
        return {one.row: one.members for one in found}

    def counts(self, batch: Batch) -> DraftCounts:
        """What the rows of a draft are worth."""
        by_code: dict[str, int] = {}
        faulty = 0
        for chunk in self._each(batch):
            faulty += len(chunk.faults)
            for fault in chunk.faults:
                for code in {fault.code, *(cell.code for cell in fault.cells)}:
                    by_code[code] = by_code.get(code, 0) + 1
        return DraftCounts(batch.total, faulty, by_code)

    def log(self, batch: Batch, count: int) -> tuple[AuditRecord, ...]:
        """What the audit trail tells of a batch, newest first; whoever may see the batch may read it."""
        with self._units(write=False) as uow:
            return uow.audit.list(AuditFilter(object_id=batch.batch_id), limit=count, cursor=None).items

    def root(self, batch: Batch) -> str | None:
        """The Merkle root over all rows, from the roots of their chunks; None before every row is carried out."""
        chunks = self._chunks(batch)
        if any(one.state not in (ChunkState.DONE, ChunkState.CANCELED) for one in chunks):
            return None
        return batch_root(chunks).hex()

    @staticmethod
    def claims_of(record: CredentialRecord) -> Mapping[str, JSONValue]:
        """The claims of a credential, for lists that name whom it is about."""
        return stored_claims(record)

    def _chunks(self, batch: Batch) -> tuple[Chunk, ...]:
        with self._units(write=False) as uow:
            return uow.batches.outline(batch.batch_id)

    def _each(self, batch: Batch) -> Iterator[Chunk]:
        """The same with their faults, one at a time."""
        with self._units(write=False) as uow:
            yield from each_chunk(uow, batch.batch_id)


def _slice(
    chunks: Sequence[Chunk], sizes: Sequence[int], first: int, count: int, read: Callable[[Chunk], Sequence[Any]]
) -> Iterator[Any]:
    """The `count` items from the `first` on, out of chunks of which only the number of items is known."""
    for chunk, size in zip(chunks, sizes, strict=True):
        if count <= 0:
            return
        if first >= size:
            first -= size
            continue
        items = read(chunk)[first : first + count]
        yield from items
        count -= len(items)
        first = 0
