"""Drafts of batches and the files that their rows are read from, as rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.batch_drafts import BatchDraft, FileShape, Reading
from sealwright.domain.batches import BatchStatus
from sealwright.storage.batch_draft_tables import batch_drafts, batch_files
from sealwright.storage.bulk_tables import batches
from sealwright.storage.json_columns import json_text
from sealwright.storage.transaction import Transaction

_AT: Final = batch_drafts.c.updated_at.type
_ONE: Final = sa.select(*batch_drafts.columns).where(batch_drafts.c.batch_id == sa.bindparam("batch_id"))
_PUT: Final = sa.text(
    "INSERT INTO batch_drafts (batch_id, reading, lease_until, updated_at, file_name, state) "
    "VALUES (:batch_id, :reading, :lease_until, :updated_at, :file_name, :state) "
    "ON CONFLICT (batch_id) DO UPDATE SET reading = excluded.reading, lease_until = excluded.lease_until, "
    "updated_at = excluded.updated_at, file_name = excluded.file_name, state = excluded.state"
).bindparams(sa.bindparam("updated_at", type_=_AT), sa.bindparam("lease_until", type_=_AT))
_WAITING: Final = (
    sa.select(batch_drafts.c.batch_id)
    .where(
        sa.or_(
            batch_drafts.c.reading == Reading.WAITING.value,
            sa.and_(
                batch_drafts.c.reading == Reading.RUNNING.value,
                batch_drafts.c.lease_until <= sa.bindparam("now", type_=_AT),
            ),
        )
    )
    .order_by(batch_drafts.c.updated_at, batch_drafts.c.batch_id)
    .limit(sa.bindparam("how_many"))
)
_OLD: Final = (
    sa.select(batch_drafts.c.batch_id)
    .outerjoin(batches, batches.c.batch_id == batch_drafts.c.batch_id)
    .where(
        sa.or_(
            batch_drafts.c.updated_at < sa.bindparam("before", type_=_AT),
            # Started or canceled by another road than the pages'.
            sa.func.coalesce(batches.c.status, "") != BatchStatus.DRAFT.value,
        )
    )
    .order_by(batch_drafts.c.updated_at, batch_drafts.c.batch_id)
    .limit(sa.bindparam("how_many"))
)
# The least number first: parts may begin behind any.
_NEXT: Final = (
    sa.select(batch_files.c.part, batch_files.c.content)
    .where(batch_files.c.batch_id == sa.bindparam("batch_id"), batch_files.c.part >= sa.bindparam("first"))
    .order_by(batch_files.c.part)
    .limit(1)
)


class _State(msgspec.Struct, frozen=True):
    """What stands in the column of the same name."""

    size: int
    shape: FileShape
    encoding: str | None
    separator: str | None
    dates: dict[str, str]
    read_bytes: int
    skipped: int
    fault_code: str | None
    fault: str | None
    settled: tuple[str, ...]
    fence: int


_read_state: Final = msgspec.json.Decoder(_State).decode


class StoredDraftRows:
    """Drafts in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, batch_id: str) -> BatchDraft | None:
        """Find a draft."""
        row = self._transaction.row(_ONE, {"batch_id": batch_id})
        return None if row is None else _draft(row)

    def put(self, draft: BatchDraft) -> None:
        """Add it, or replace it."""
        state = _State(
            draft.size, draft.shape, draft.encoding, draft.separator, dict(draft.dates), draft.read_bytes,
            draft.skipped, draft.fault_code, draft.fault, draft.settled, draft.fence,
        )  # fmt: skip
        self._transaction.change(
            _PUT,
            {
                "batch_id": draft.batch_id,
                "reading": draft.reading.value,
                "lease_until": draft.lease_until,
                "updated_at": draft.updated_at,
                "file_name": draft.file_name,
                "state": json_text(state),
            },
        )

    def waiting(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Batches whose file waits for a reader, or lost the one it had; oldest first."""
        rows = self._transaction.rows(_WAITING, {"now": now, "how_many": limit})
        return tuple(row.batch_id for row in rows)

    def add_part(self, batch_id: str, number: int, content: bytes) -> None:
        """Keep one more part of the file."""
        self._transaction.change(sa.insert(batch_files), {"batch_id": batch_id, "part": number, "content": content})

    def parts(self, batch_id: str, first: int = 0) -> Iterator[bytes]:
        """The parts in order, each read when it is asked for."""
        while (row := self._transaction.row(_NEXT, {"batch_id": batch_id, "first": first})) is not None:
            yield bytes(row.content)
            first = row.part + 1

    def clear_file(self, batch_id: str) -> None:
        """Drop every part."""
        self._transaction.change(sa.delete(batch_files).where(batch_files.c.batch_id == batch_id))

    def drop(self, batch_id: str) -> None:
        """Drop the draft with its file."""
        self.clear_file(batch_id)
        self._transaction.change(sa.delete(batch_drafts).where(batch_drafts.c.batch_id == batch_id))

    def drop_before(self, before: datetime, limit: int) -> int:
        """Drop drafts that nobody touched since, and those whose batch is none any more."""
        rows = self._transaction.rows(_OLD, {"before": before, "how_many": limit})
        for row in rows:
            self.drop(row.batch_id)
        return len(rows)


def _draft(row: Row[Any]) -> BatchDraft:
    state = _read_state(row.state)
    return BatchDraft(
        batch_id=row.batch_id,
        updated_at=row.updated_at,
        file_name=row.file_name,
        size=state.size,
        shape=state.shape,
        encoding=state.encoding,
        separator=state.separator,
        dates=state.dates,
        reading=Reading(row.reading),
        read_bytes=state.read_bytes,
        skipped=state.skipped,
        fault_code=state.fault_code,
        fault=state.fault,
        settled=state.settled,
        lease_until=row.lease_until,
        fence=state.fence,
    )
