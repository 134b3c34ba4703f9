"""Batches, as rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.batches import Batch, BatchFilter
from sealwright.domain.errors import VersionConflict
from sealwright.services.ports import Page
from sealwright.storage.batch_chunks import StoredChunks
from sealwright.storage.batch_credentials import StoredBatchCredentials
from sealwright.storage.batch_lists import BATCHES_LIST, all_states, pages_of_batches, states_of_batches
from sealwright.storage.batch_values import BATCH, batch_of, batch_row
from sealwright.storage.bulk_tables import READY, RUNNING, WORKED_ON, batch_chunks, batches
from sealwright.storage.column_types import seconds_of
from sealwright.storage.credential_rows import TypeSets
from sealwright.storage.cursors import dated_cursor
from sealwright.storage.kept_rows import KeptRows
from sealwright.storage.transaction import Transaction

_BY_ID: Final = BATCH.where(batches.c.batch_id == sa.bindparam("key"))
_BY_IDS: Final = BATCH.where(batches.c.batch_id.in_(sa.bindparam("keys", expanding=True)))
_SUMS: Final = (
    sa.select(
        batch_chunks.c.batch_id,
        sa.func.sum(batch_chunks.c.issued).label("issued"),
        sa.func.sum(batch_chunks.c.failed).label("failed"),
        sa.func.sum(batch_chunks.c.delivered).label("delivered"),
    )
    .where(batch_chunks.c.batch_id.in_(sa.bindparam("keys", expanding=True)))
    .group_by(batch_chunks.c.batch_id)
)
_OF_BATCH: Final = sa.select(sa.literal(1)).where(batch_chunks.c.batch_id == batches.c.batch_id).correlate(batches)
_READY: Final = _OF_BATCH.where(sa.text(READY)).exists()
_RUNNING: Final = _OF_BATCH.where(sa.text(RUNNING))
_LEFT: Final = _RUNNING.where(batch_chunks.c.lease_until <= sa.bindparam("now", type_=batch_chunks.c.lease_until.type))
_TO_WORK_ON: Final = (
    sa.select(batches.c.batch_id)
    .where(sa.text(WORKED_ON), sa.or_(_READY, _LEFT.exists(), ~_RUNNING.exists()))
    .order_by(batches.c.created_at, batches.c.batch_id)
    .limit(sa.bindparam("how_many"))
)
_IN_STATE: Final = (
    sa.select(batches.c.batch_id, batches.c.created_at)
    .where(batches.c.status == sa.bindparam("state"))
    .order_by(batches.c.created_at, batches.c.batch_id)
    .limit(sa.bindparam("how_many"))
)
# Batches that were asked to deliver are few, so they are found by their age and looked at one by one.
_TO_DELIVER: Final = (
    sa.select(batches.c.batch_id)
    .where(
        batches.c.created_at > sa.bindparam("since", type_=batches.c.created_at.type),
        batches.c.options.like('%"delivery":{%'),
        _OF_BATCH.where(batch_chunks.c.state == "done", batch_chunks.c.delivered < batch_chunks.c.issued).exists(),
    )
    .order_by(batches.c.created_at, batches.c.batch_id)
    .limit(sa.bindparam("how_many"))
)
_NO_SUMS: Final = (0, 0, 0)


class StoredBatches(StoredChunks, StoredBatchCredentials, KeptRows):
    """Batches in the database, with their chunks, rows and credentials."""

    def __init__(self, transaction: Transaction, type_sets: TypeSets) -> None:
        StoredBatchCredentials.__init__(self, transaction, type_sets)

    def add(self, batch: Batch) -> None:
        """Add a batch."""
        self._transaction.change(sa.insert(batches), {**batch_row(batch), "rows_kept": True})

    def get(self, batch_id: str) -> Batch | None:
        """Find a batch, with `issued`, `failed` and `delivered` as its chunks stand."""
        return self._one(_BY_ID, batch_id)

    def get_for_update(self, batch_id: str) -> Batch | None:
        """The same, with the batch's row locked until the unit of work ends."""
        return self._one(self._transaction.locking(_BY_ID), batch_id)

    def update(self, batch: Batch) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: Somebody else was first.
        """
        statement = sa.update(batches).where(
            batches.c.batch_id == batch.batch_id, batches.c.version == batch.version - 1
        )
        if self._transaction.change(statement.values(**batch_row(batch))) != 1:
            raise VersionConflict("The batch has changed since it was read.")

    def list(self, wanted: BatchFilter, *, limit: int, cursor: str | None) -> Page[Batch]:
        """List batches, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        found: dict[str, datetime] = {}
        for statement in pages_of_batches(wanted, limit=limit + 1, cursor=cursor):
            found.update((row.batch_id, row.created_at) for row in self._transaction.rows(statement))
        ordered = sorted(found, key=lambda one: (found[one], one), reverse=True)
        shown = ordered[:limit]
        more = len(ordered) > limit and shown
        last = dated_cursor(BATCHES_LIST, seconds_of(found[shown[-1]]), shown[-1]) if more else None
        return Page(self._many(shown), last)

    def counts(self, wanted: BatchFilter) -> Mapping[str, int]:
        """How many batches stand in each state, of those that the filter shows whatever their state."""
        everything = all_states(wanted)
        if everything is not None:
            return {row.status: row.how_many for row in self._transaction.rows(everything)}
        seen: dict[str, str] = {}
        for statement in states_of_batches(wanted):
            seen.update((row.batch_id, row.status) for row in self._transaction.rows(statement))
        return dict(Counter(seen.values()))

    def to_work_on(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Open batches, and canceled ones without an end, with a chunk nobody holds or none open; oldest first."""
        rows = self._transaction.rows(_TO_WORK_ON, {"now": now, "how_many": limit})
        return tuple(row.batch_id for row in rows)

    def in_state(self, states: Collection[str], limit: int) -> tuple[str, ...]:
        """Ids of batches in these states, oldest first."""
        found = [
            (row.created_at, row.batch_id)
            for state in sorted(states)
            for row in self._transaction.rows(_IN_STATE, {"state": str(state), "how_many": limit})
        ]
        return tuple(batch_id for _, batch_id in sorted(found)[:limit])

    def to_deliver(self, since: datetime, limit: int) -> tuple[str, ...]:
        """Batches made after that moment some of whose credentials were not offered yet as asked; oldest first."""
        rows = self._transaction.rows(_TO_DELIVER, {"since": since, "how_many": limit})
        return tuple(row.batch_id for row in rows)

    def _one(self, statement: sa.Select[Any], batch_id: str) -> Batch | None:
        if "\x00" in batch_id:
            return None
        row = self._transaction.row(statement, {"key": batch_id})
        return None if row is None else batch_of(row, self._sums([batch_id]).get(batch_id, _NO_SUMS))

    def _many(self, batch_ids: Sequence[str]) -> tuple[Batch, ...]:
        if not batch_ids:
            return ()
        rows: dict[str, Row[Any]] = {
            row.batch_id: row for row in self._transaction.rows(_BY_IDS, {"keys": list(batch_ids)})
        }
        sums = self._sums(batch_ids)
        return tuple(batch_of(rows[one], sums.get(one, _NO_SUMS)) for one in batch_ids if one in rows)

    def _sums(self, batch_ids: Sequence[str]) -> dict[str, tuple[int, int, int]]:
        """What the chunks of each batch sum up to: issued, failed, delivered."""
        rows = self._transaction.rows(_SUMS, {"keys": list(batch_ids)})
        return {row.batch_id: (int(row.issued), int(row.failed), int(row.delivered)) for row in rows}
