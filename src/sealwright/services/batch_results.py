"""What became of each row of a batch: worked out from its chunks, the faults that they keep, and computed ids."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from sealwright.domain.batches import (
    CHUNK_ROWS,
    Batch,
    BatchKind,
    Chunk,
    ChunkState,
    RowFault,
)
from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.errors import InvalidPagination
from sealwright.services.batch_rows import (
    BatchRows,
    failed_lines,
    faults_of,
    issued_rows,
    lines_of,
    members_of,
    uids_of,
)
from sealwright.services.csv_text import Cell, write_csv
from sealwright.services.mass_rows import NamedRow, named_rows
from sealwright.services.offers import issue_origin
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory

ISSUED: Final = "issued"
REVOKED: Final = "revoked"
FAILED: Final = "failed"
PENDING: Final = "pending"
WAITING: Final = "waiting"
MADE: Final = "made"

RESULT_COLUMNS: Final = ("row", "holderDid", "credentialId", "status", "statusListIndex", "delivery", "code", "detail")
ERROR_COLUMNS: Final = ("row", "holderDid", "column", "code", "detail")


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row.

    Args:
        row: From 0.
        holder_did: As the row names it; None where no row is kept any more, or it was unreadable.
        status: ``issued`` (``revoked``), ``failed`` or ``pending``.
        fault: Why it failed.
        record: The credential that was issued.
        credential_id: Of a revocation, what was to end.
        delivery: ``waiting``, ``made`` or ``failed``: the offer that the batch was asked for; None where it was not.
    """

    row: int
    status: str
    holder_did: str | None = None
    fault: RowFault | None = None
    record: CredentialRecord | None = None
    credential_id: str | None = None
    delivery: str | None = None


@dataclass(frozen=True, slots=True)
class KeptRow:
    """A row as it is kept, and what is wrong with it."""

    row: int
    members: Mapping[str, Any]
    fault: RowFault | None


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of rows; `next_row` is where the next one begins, None at the end."""

    items: tuple[Any, ...]
    next_row: int | None


class BatchResults:
    """Reads chunks; every chunk in a transaction of its own, so that long lists hold up nobody."""

    def __init__(self, units: UnitOfWorkFactory, rows: BatchRows) -> None:
        self._units = units
        self._rows = rows

    def page(self, batch: Batch, *, limit: int, cursor: str | None) -> Rows:
        """Results in input order; raises InvalidPagination."""
        first = row_of(cursor, batch.total)
        last = min(first + limit, batch.total)
        found: list[RowResult] = []
        with self._units(write=False) as uow:
            for number in range(first // CHUNK_ROWS, -(-last // CHUNK_ROWS)):
                chunk = uow.batches.chunk(batch.batch_id, number)
                if chunk is not None:
                    found += self._of_chunk(uow, batch, chunk, range(first, last))
        return Rows(tuple(found), last if last < batch.total else None)

    def each(self, batch: Batch) -> Iterator[RowResult]:
        """Every result in input order."""
        for number in range(-(-batch.total // CHUNK_ROWS)):
            with self._units(write=False) as uow:
                chunk = uow.batches.chunk(batch.batch_id, number)
                part = self._of_chunk(uow, batch, chunk, range(batch.total)) if chunk is not None else ()
            yield from part

    def _of_chunk(self, uow: UnitOfWork, batch: Batch, chunk: Chunk, wanted: range) -> Sequence[RowResult]:
        span = range(
            max(chunk.first_row, wanted.start), min(chunk.first_row + chunk.row_count, wanted.stop, batch.total)
        )
        if not span:
            return ()
        if batch.kind is BatchKind.REVOKE:
            return _revocations(chunk, span, named_rows(uow, chunk, span))
        if chunk.state in (ChunkState.READY, ChunkState.RUNNING):
            named = _named_by_all(uow, chunk)
            return [_pending(row, named.get(row, {})) for row in span]
        faults = {fault.row: fault for fault in faults_of(chunk)}
        named = {fault.row: members_of(line) for fault, line in failed_lines(uow, chunk)} if faults else {}
        issued = [row for row in span if row not in faults]
        records = self._records(uow, batch, issued)
        told = [
            _failed(faults[row], named.get(row, {})) if row in faults else _settled(batch, row, records.get(row))
            for row in span
        ]
        return told if batch.options.delivery is None else _with_deliveries(uow, chunk, told)

    def _records(self, uow: UnitOfWork, batch: Batch, rows: Sequence[int]) -> Mapping[int, CredentialRecord]:
        """The credentials of issued rows, found by their computed ids."""
        if not rows or batch.at is None or batch.kind is not BatchKind.ISSUE:
            return {}
        uids = uids_of(self._rows.secret(uow, batch.batch_id), batch.at, rows)
        found = uow.credentials.get_many(list(uids.values()))
        return {row: found[uid] for row, uid in uids.items() if uid in found}

    # -- rows as they are kept ---------------------------------------------------------------------

    def rows(self, batch: Batch, *, faulty: bool, limit: int, cursor: str | None) -> Rows:
        """Kept rows in order, all or those that something is wrong with; raises InvalidPagination."""
        first = row_of(cursor, batch.total)
        found: list[KeptRow] = []
        for number in range(first // CHUNK_ROWS, -(-batch.total // CHUNK_ROWS)):
            for kept in self._kept(batch, number):
                if kept.row < first or (faulty and kept.fault is None):
                    continue
                if len(found) == limit:
                    return Rows(tuple(found), kept.row)
                found.append(kept)
        return Rows(tuple(found), None)

    def faults(self, batch: Batch) -> Iterator[KeptRow]:
        """Every row that failed, or would fail, in order."""
        for number in range(-(-batch.total // CHUNK_ROWS)):
            yield from (kept for kept in self._kept(batch, number) if kept.fault is not None)

    def _kept(self, batch: Batch, number: int) -> Sequence[KeptRow]:
        with self._units(write=False) as uow:
            chunk = uow.batches.chunk(batch.batch_id, number)
            if chunk is None:
                return ()
            if batch.kind is BatchKind.REVOKE:
                return _kept_revocations(uow, chunk)
            if chunk.state in (ChunkState.DONE, ChunkState.CANCELED):
                lines = {fault.row: members_of(line) for fault, line in failed_lines(uow, chunk)}
                return [KeptRow(fault.row, lines.get(fault.row, {}), fault) for fault in faults_of(chunk)]
            named = _named_by_all(uow, chunk)
        faults = {fault.row: fault for fault in chunk.faults}
        return [KeptRow(row, members, faults.get(row)) for row, members in sorted(named.items())]

    # -- as tables ---------------------------------------------------------------------------------

    def results_csv(self, batch: Batch) -> Iterator[bytes]:
        """All results as CSV; rows count from 1. Secrets of offers are not in it: they have roads of their own."""
        return write_csv(RESULT_COLUMNS, (_result_cells(result) for result in self.each(batch)))

    def errors_csv(self, batch: Batch) -> Iterator[bytes]:
        """What is wrong, one line for each fault of each row; rows count from 1."""
        return write_csv(ERROR_COLUMNS, (cells for kept in self.faults(batch) for cells in _error_cells(kept)))


def row_of(cursor: str | None, total: int) -> int:
    """The row at which a page begins.

    Raises:
        InvalidPagination: No cursor of ours.
    """
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 9 and int(cursor) < total):
        raise InvalidPagination("The cursor was not given by us.")
    return int(cursor)


def _with_deliveries(uow: UnitOfWork, chunk: Chunk, told: Sequence[RowResult]) -> Sequence[RowResult]:
    tried = frozenset(issued_rows(chunk)[: chunk.delivered])
    return [
        replace(one, delivery=_delivery(uow, one.record, was_tried=one.row in tried)) if one.record is not None else one
        for one in told
    ]


def _delivery(uow: UnitOfWork, record: CredentialRecord, *, was_tried: bool) -> str:
    if not was_tried:
        return WAITING
    return MADE if uow.offers.by_origin(issue_origin(record.credential_id)) is not None else FAILED


def _named_by_all(uow: UnitOfWork, chunk: Chunk) -> dict[int, Mapping[str, Any]]:
    kept = uow.batches.rows(chunk.batch_id, chunk.number)
    lines = lines_of(kept.content) if kept is not None else []
    return {chunk.first_row + place: members_of(line) for place, line in enumerate(lines)}


def _revocations(chunk: Chunk, span: range, named: Mapping[int, NamedRow]) -> list[RowResult]:
    """Results of a chunk whose rows are credentials to be revoked."""
    is_over = chunk.state in (ChunkState.DONE, ChunkState.CANCELED)
    faults = {fault.row: fault for fault in faults_of(chunk)} if is_over else {}
    found: list[RowResult] = []
    for row in span:
        one = named.get(row)
        record, credential_id = (one.record, one.credential_id) if one is not None else (None, None)
        status = FAILED if row in faults else REVOKED if is_over else PENDING
        holder = record.holder_did if record is not None else None
        found.append(RowResult(row, status, holder, faults.get(row), record, credential_id))
    return found


def _kept_revocations(uow: UnitOfWork, chunk: Chunk) -> Sequence[KeptRow]:
    named = named_rows(uow, chunk, range(chunk.first_row, chunk.first_row + chunk.row_count))
    is_over = chunk.state in (ChunkState.DONE, ChunkState.CANCELED)
    faults = {fault.row: fault for fault in faults_of(chunk)} if is_over else {}
    return [KeptRow(row, one.members, faults.get(row)) for row, one in named.items() if row in faults or not is_over]


def _text(members: Mapping[str, Any], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) else None


def _pending(row: int, members: Mapping[str, Any]) -> RowResult:
    return RowResult(row, PENDING, holder_did=_text(members, "holderDid"), credential_id=_text(members, "credentialId"))


def _failed(fault: RowFault, members: Mapping[str, Any]) -> RowResult:
    holder, credential_id = _text(members, "holderDid"), _text(members, "credentialId")
    return RowResult(fault.row, FAILED, holder_did=holder, fault=fault, credential_id=credential_id)


def _settled(batch: Batch, row: int, record: CredentialRecord | None) -> RowResult:
    status = ISSUED if batch.kind is BatchKind.ISSUE else REVOKED
    return RowResult(row, status, holder_did=record.holder_did if record is not None else None, record=record)


def _result_cells(result: RowResult) -> list[Cell]:
    record, fault = result.record, result.fault
    place = record.place if record is not None else None
    return [
        result.row + 1,
        result.holder_did,
        record.credential_id if record is not None else result.credential_id,
        result.status,
        place.index if place is not None else None,
        result.delivery,
        fault.code if fault is not None else None,
        fault.detail if fault is not None else None,
    ]


def _error_cells(kept: KeptRow) -> Iterator[list[Cell]]:
    fault = kept.fault
    assert fault is not None
    head: list[Cell] = [kept.row + 1, _text(kept.members, "holderDid")]
    if not fault.cells:
        yield [*head, None, fault.code, fault.detail]
    for cell in fault.cells:
        yield [*head, cell.column or cell.pointer, cell.code, cell.detail]
