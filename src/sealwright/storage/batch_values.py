"""Batches and chunks between values and rows."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.batches import (
    Batch,
    BatchKind,
    BatchOptions,
    BatchStatus,
    Chunk,
    ChunkState,
    IndexRun,
    PausedBy,
    RowFault,
    Starter,
)
from sealwright.domain.people import ActorKind
from sealwright.storage.bulk_tables import batch_chunks, batches
from sealwright.storage.column_types import optional_moment_of, optional_seconds_of
from sealwright.storage.json_columns import json_text

BATCH: Final = sa.select(*batches.columns)
# The order in which `chunk_of` reads a chunk, and `chunk_row` writes it.
CHUNK_COLUMNS: Final = ", ".join(column.name for column in batch_chunks.columns)
_read_options: Final = msgspec.json.Decoder(BatchOptions).decode
_read_run: Final = msgspec.json.Decoder(tuple[IndexRun, ...]).decode
_read_faults: Final = msgspec.json.Decoder(tuple[RowFault, ...]).decode
_NOTHING: Final = "[]"


def batch_row(batch: Batch) -> dict[str, object]:
    """Give a batch as a row; what its chunks sum up to is not in it."""
    return {
        "batch_id": batch.batch_id,
        "kind": batch.kind.value,
        "status": batch.status.value,
        "issuer_did": batch.issuer_did,
        "schema_id": batch.schema_id,
        "credential_type": batch.credential_type,
        "name": batch.name,
        "options": json_text(batch.options),
        "starter_kind": batch.starter.kind.value,
        "starter_id": batch.starter.id,
        "starter_auth": batch.starter.auth,
        "total": batch.total,
        "created_at": batch.created_at,
        "at": batch.at,
        "started_at": batch.started_at,
        "finished_at": batch.finished_at,
        "paused_by": None if batch.paused_by is None else batch.paused_by.value,
        "merkle_root": batch.merkle_root,
        "transaction_hash": batch.transaction_hash,
        "version": batch.version,
    }


def batch_of(row: Row[Any], sums: tuple[int, int, int]) -> Batch:
    """Read a batch from a row of `BATCH`, with what its chunks sum up to: issued, failed, delivered."""
    issued, failed, delivered = sums
    return Batch(
        batch_id=row.batch_id,
        kind=BatchKind(row.kind),
        status=BatchStatus(row.status),
        issuer_did=row.issuer_did,
        schema_id=row.schema_id,
        credential_type=row.credential_type,
        name=row.name,
        options=_read_options(row.options),
        starter=Starter(ActorKind(row.starter_kind), row.starter_id, row.starter_auth),
        total=row.total,
        created_at=row.created_at,
        at=row.at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        paused_by=None if row.paused_by is None else PausedBy(row.paused_by),
        merkle_root=row.merkle_root,
        transaction_hash=row.transaction_hash,
        version=row.version,
        issued=issued,
        failed=failed,
        delivered=delivered,
    )


def chunk_row(chunk: Chunk) -> tuple[object, ...]:
    """Give a chunk as drivers take it, in the order of `CHUNK_COLUMNS`."""
    return (
        chunk.batch_id,
        chunk.number,
        chunk.first_row,
        chunk.row_count,
        chunk.state.value,
        chunk.fence,
        optional_seconds_of(chunk.lease_until),
        chunk.issued,
        chunk.failed,
        chunk.delivered,
        chunk.method_id,
        chunk.root,
        optional_seconds_of(chunk.finished_at),
        run_text(chunk.run),
        faults_text(chunk.faults),
    )


def chunk_of(row: tuple[Any, ...]) -> Chunk:
    """Read a chunk from a driver's row of `CHUNK_COLUMNS`."""
    batch_id, number, first_row, row_count, state, fence, lease, issued, failed, delivered = row[:10]
    method_id, root, finished, run, faults = row[10:]
    return Chunk(
        batch_id=batch_id,
        number=number,
        first_row=first_row,
        row_count=row_count,
        state=ChunkState(state),
        fence=fence,
        lease_until=optional_moment_of(lease),
        issued=issued,
        failed=failed,
        delivered=delivered,
        faults=() if faults == _NOTHING else _read_faults(faults),
        run=() if run == _NOTHING else _read_run(run),
        method_id=method_id,
        root=root,
        finished_at=optional_moment_of(finished),
    )


def run_text(run: tuple[IndexRun, ...]) -> str:
    """Give a run of status indexes as the text of its column."""
    return json_text(run) if run else _NOTHING


def faults_text(faults: tuple[RowFault, ...]) -> str:
    """Give faults as the text of their column."""
    return json_text(faults) if faults else _NOTHING


def read_run(text: str) -> tuple[IndexRun, ...]:
    """Read a run of status indexes."""
    return _read_run(text)
