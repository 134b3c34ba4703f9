"""The kept rows of batches: lines of JSON in chunks, by whom they are about, and which of them name a holder twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final
from uuid import UUID

import msgspec

from sealwright.domain.batches import (
    CHUNK_ROWS,
    Batch,
    Chunk,
    ChunkRows,
    ChunkState,
    RowFault,
    credential_uid,
    holder_mark,
)
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import RegistryView

DUPLICATE: Final = "DUPLICATE_IN_BATCH"
CANCELED: Final = "BATCH_CANCELED"
MARK_BYTES: Final = 8
# Of a line that names no holder: no duplicate of any other.
NO_MARK: Final = bytes(MARK_BYTES)
_DUPLICATE_DETAIL: Final = "An earlier row of this batch names the same holder."
CANCELED_DETAIL: Final = "The batch was canceled before this row's turn."
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True)
class BatchRow:
    """One row as it is kept: a line of JSON, the holder that it names, and what is known to be wrong with it."""

    line: bytes
    holder_did: str | None
    fault: RowFault | None = None

    @classmethod
    def of(cls, members: dict[str, Any]) -> BatchRow:
        """Make a row of its members, which are those of the wire."""
        holder = members.get("holderDid")
        return cls(_ENCODER.encode(members), holder if isinstance(holder, str) else None)

    @classmethod
    def read(cls, line: bytes, fault: RowFault | None = None) -> BatchRow:
        """Read a kept line."""
        holder = members_of(line).get("holderDid")
        return cls(line, holder if isinstance(holder, str) else None, fault)


def members_of(line: bytes) -> dict[str, Any]:
    """The members of a kept line; empty for what is no object."""
    value = _DECODER.decode(line)
    return value if isinstance(value, dict) else {}


def lines_of(content: bytes) -> list[bytes]:
    """The lines of a chunk's content."""
    return [line for line in content.split(b"\n") if line]


class BatchRows:
    """Writes rows into chunks, and gives failed ones back."""

    def __init__(self, secrets: OfficeSecrets) -> None:
        self._secrets = secrets

    def secret(self, uow: UnitOfWork, batch_id: str) -> bytes:
        """The 32 bytes from which a batch's ids and marks follow. Raises Sealed."""
        self._secrets.ready(uow)
        return self._secrets.subkey(f"batch/{batch_id}")

    @staticmethod
    def mark(secret: bytes, holder_did: str | None, view: RegistryView) -> bytes:
        """By what a row's holder is recognized, whichever name of a DID kept here it uses."""
        if holder_did is None:
            return NO_MARK
        known = view.did(holder_did)
        return holder_mark(secret, known.did if known is not None else holder_did)

    def add(self, uow: UnitOfWork, batch: Batch, rows: Iterable[BatchRow], view: RegistryView) -> int:
        """Write rows as the chunks of a batch that has none; later rows of one holder are found wrong. Gives how many.

        The claims are not judged here: that is the engine's, row by row in its turn.
        """
        secret = self.secret(uow, batch.batch_id)
        coming = iter(rows)
        seen: set[bytes] = set()
        first = 0
        while part := list(islice(coming, CHUNK_ROWS)):
            marks = [self.mark(secret, row.holder_did, view) for row in part]
            faults: list[RowFault] = []
            for place, (row, mark) in enumerate(zip(part, marks, strict=True)):
                if row.fault is not None:
                    faults.append(replace(row.fault, row=first + place))
                elif mark != NO_MARK and mark in seen and not batch.options.allow_duplicates:
                    faults.append(duplicate(first + place))
                seen.add(mark)
            uow.batches.add_chunk(
                Chunk(batch.batch_id, first // CHUNK_ROWS, first, len(part), faults=tuple(faults)),
                ChunkRows(b"\n".join(row.line for row in part), b"".join(marks)),
            )
            first += len(part)
        return first

    def failed(self, uow: UnitOfWork, batch: Batch, *, with_faults: bool = False) -> Iterator[BatchRow]:
        """Every kept row that failed and may be tried again, in order: whoever was named earlier is not named again.

        Args:
            with_faults: Give them with what was wrong, for somebody to mend.
        """
        for chunk in each_chunk(uow, batch.batch_id):
            again = frozenset(retryable_rows(chunk))
            for fault, line in failed_lines(uow, chunk):
                if fault.row in again:
                    yield BatchRow.read(line, fault if with_faults and fault.code != CANCELED else None)


def each_chunk(uow: UnitOfWork, batch_id: str) -> Iterator[Chunk]:
    """Every chunk in order, with its faults: one at a time, for all faults of a long batch may not fit in memory."""
    for one in uow.batches.outline(batch_id):
        chunk = uow.batches.chunk(batch_id, one.number)
        if chunk is not None:
            yield chunk


def failed_lines(uow: UnitOfWork, chunk: Chunk) -> Iterator[tuple[RowFault, bytes]]:
    """What failed of a chunk that is over, with its kept rows; nothing once they are dropped."""
    if chunk.failed == 0:
        return
    kept = uow.batches.rows(chunk.batch_id, chunk.number)
    if kept is not None:
        yield from zip(faults_of(chunk), lines_of(kept.content), strict=False)


def uids_of(secret: bytes, at: datetime, rows: Sequence[int]) -> dict[int, UUID]:
    """The uids of rows' credentials."""
    return {row: credential_uid(secret, at, row) for row in rows}


def issued_rows(chunk: Chunk) -> Sequence[int]:
    """Numbers of the rows of a finished chunk that were issued, in order."""
    failed = {fault.row for fault in chunk.faults}
    return [row for row in range(chunk.first_row, chunk.first_row + chunk.row_count) if row not in failed]


def faults_of(chunk: Chunk) -> tuple[RowFault, ...]:
    """Why each failed row of a chunk failed, in order; of a canceled chunk every row did, and all alike."""
    if chunk.state is not ChunkState.CANCELED:
        return tuple(sorted(chunk.faults, key=lambda fault: fault.row))
    return tuple(
        RowFault(row, CANCELED, CANCELED_DETAIL) for row in range(chunk.first_row, chunk.first_row + chunk.row_count)
    )


def retryable_rows(chunk: Chunk) -> Sequence[int]:
    """Numbers of the failed rows of a chunk that may be tried again, in order.

    What was known of a canceled chunk's rows before their turn still tells who was named earlier.
    """
    named_before = {fault.row for fault in chunk.faults if is_duplicate(fault)}
    return [fault.row for fault in faults_of(chunk) if fault.row not in named_before]


def is_duplicate(fault: RowFault) -> bool:
    """Tell whether an earlier row names the holder, whatever else is wrong."""
    return fault.code == DUPLICATE or any(cell.code == DUPLICATE for cell in fault.cells)


def duplicate(row: int) -> RowFault:
    """The fault of a row whose holder an earlier one names."""
    return RowFault(row, DUPLICATE, _DUPLICATE_DETAIL)


def lasting(fault: RowFault) -> RowFault | None:
    """What stays of a fault that was found when rows were read: all else may have been set right since."""
    if not is_duplicate(fault):
        return None
    cells = tuple(cell for cell in fault.cells if cell.code == DUPLICATE)
    return replace(duplicate(fault.row), cells=cells)
