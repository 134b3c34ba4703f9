"""The audit trail, as rows: only ever added, chained under the head's lock at the end of the unit of work."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.audit import AuditEntry, AuditFilter, AuditHead, AuditRecord, Checkpoint, seal
from sealwright.domain.errors import StoreUnavailable
from sealwright.services.ports import Page
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import optional_moment_of, seconds_of
from sealwright.storage.cursors import sequence_cursor, sequence_of
from sealwright.storage.errors import audit_unavailable
from sealwright.storage.tables import audit_rows, checkpoints
from sealwright.storage.transaction import Transaction

_HEAD: Final = "SELECT sequence, hash, at FROM audit_head WHERE id = 1"
_MOVE_HEAD_SQLITE: Final = "UPDATE audit_head SET sequence = ?, hash = ?, at = ? WHERE id = 1"
_MOVE_HEAD_POSTGRES: Final = "UPDATE audit_head SET sequence = %b, hash = %b, at = %b WHERE id = 1"
_WRITER: Final = RowWriter(audit_rows)
_RECORD: Final = sa.select(
    audit_rows.c.sequence,
    audit_rows.c.at,
    audit_rows.c.action,
    audit_rows.c.body,
    audit_rows.c.prev_hash,
    audit_rows.c.hash,
)
_READ: Final = (
    _RECORD.where(audit_rows.c.sequence > sa.bindparam("behind"))
    .order_by(audit_rows.c.sequence)
    .limit(sa.bindparam("how_many"))
)
_CHECKPOINT: Final = sa.select(checkpoints.c.sequence, checkpoints.c.head_hash, checkpoints.c.at, checkpoints.c.note)
_OLDEST_FIRST: Final = _CHECKPOINT.order_by(checkpoints.c.checkpoint_id)
_LAST: Final = _CHECKPOINT.order_by(checkpoints.c.checkpoint_id.desc()).limit(1)
_NEXT_CHECKPOINT: Final = sa.select(sa.func.coalesce(sa.func.max(checkpoints.c.checkpoint_id), 0) + 1)


class StoredAuditLog:
    """The trail in the database. Entries wait here until the unit of work commits."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._waiting: list[AuditEntry] = []

    def append(self, *entries: AuditEntry) -> None:
        """Put entries on record; they get their places when the unit of work commits."""
        self._waiting.extend(entries)

    def head(self) -> AuditHead:
        """Give the last sealed position."""
        return self._head(lock=False)

    def read(self, after: int, limit: int) -> tuple[AuditRecord, ...]:
        """Read rows in order, with sequence greater than `after`."""
        rows = self._transaction.rows(_READ, {"behind": after, "how_many": limit})
        return tuple(_record(row) for row in rows)

    def list(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditRecord]:
        """List rows, newest first; `actor` is an actor's id.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        before = None if cursor is None else sequence_of(cursor)
        statement = self._listing(wanted, before, limit + 1)
        found = [] if statement is None else [_record(row) for row in self._transaction.rows(statement)]
        items = tuple(found[:limit])
        return Page(items, sequence_cursor(items[-1].sequence) if len(found) > limit and items else None)

    def add_checkpoint(self, checkpoint: Checkpoint) -> None:
        """Keep a checkpoint, behind all earlier ones."""
        # Under the head's lock two of them cannot get one number.
        self._head(lock=True)
        row = self._transaction.row(_NEXT_CHECKPOINT)
        self._transaction.change(
            sa.insert(checkpoints),
            {
                "checkpoint_id": 1 if row is None else row[0],
                "sequence": checkpoint.sequence,
                "head_hash": bytes.fromhex(checkpoint.head_hash),
                "at": checkpoint.at,
                "note": checkpoint.note,
            },
        )

    def last_checkpoint(self) -> Checkpoint | None:
        """Give the newest checkpoint."""
        row = self._transaction.row(_LAST)
        return None if row is None else _checkpoint(row)

    def checkpoints(self) -> tuple[Checkpoint, ...]:
        """List every checkpoint, oldest first."""
        return tuple(_checkpoint(row) for row in self._transaction.rows(_OLDEST_FIRST))

    # -- for the unit of work -----------------------------------------------------------------------

    def mark(self) -> int:
        """Tell how many entries wait, for `forget`."""
        return len(self._waiting)

    def forget(self, mark: int) -> None:
        """Drop the entries of a part that rolled back."""
        del self._waiting[mark:]

    def seal(self) -> None:
        """Chain the waiting entries behind the head, under its lock: the last thing before the commit.

        Raises:
            AuditUnavailable: The rows could not be written.
        """
        if not self._waiting:
            return
        with audit_unavailable():
            head = self._head(lock=True)
            rows = []
            for entry in self._waiting:
                record = seal(entry, head)
                head = AuditHead(record.sequence, record.hash, record.at)
                rows.append(_values(entry, record))
            _WRITER.write(self._transaction, rows)
            moved = (head.sequence, bytes.fromhex(head.hash), seconds_of(head.at) if head.at else None)
            self._transaction.driver_rows(
                _MOVE_HEAD_SQLITE if self._transaction.is_sqlite else _MOVE_HEAD_POSTGRES, moved
            )
        self._waiting.clear()

    def _head(self, *, lock: bool) -> AuditHead:
        locking = lock and self._transaction.writes and not self._transaction.is_sqlite
        rows = self._transaction.driver_rows(f"{_HEAD} FOR UPDATE" if locking else _HEAD, ())
        if not rows:
            raise StoreUnavailable("The database has no audit head; it was not migrated.")
        sequence, digest, at = rows[0]
        return AuditHead(sequence, digest.hex(), optional_moment_of(at))

    def _listing(self, wanted: AuditFilter, before: int | None, limit: int) -> sa.Select[Any] | None:
        """Build the query for a page; several actions are a merge of short runs, one for each."""
        conditions = _conditions(wanted, before)
        if wanted.actions is None or wanted.object_id is not None:
            if wanted.actions is not None:
                conditions.append(audit_rows.c.action.in_(sorted(wanted.actions)))
            return _RECORD.where(*conditions).order_by(audit_rows.c.sequence.desc()).limit(limit)
        if not wanted.actions:
            return None
        runs = [
            sa.select(audit_rows.c.sequence)
            .where(audit_rows.c.action == action, *conditions)
            .order_by(audit_rows.c.sequence.desc())
            .limit(limit)
            .subquery()
            for action in sorted(wanted.actions)
        ]
        merged = sa.union_all(*(sa.select(run.c.sequence) for run in runs)).subquery()
        page = sa.select(merged.c.sequence).order_by(merged.c.sequence.desc()).limit(limit)
        return _RECORD.where(audit_rows.c.sequence.in_(page)).order_by(audit_rows.c.sequence.desc())


def _conditions(wanted: AuditFilter, before: int | None) -> list[sa.ColumnElement[bool]]:
    conditions: list[sa.ColumnElement[bool]] = []
    if before is not None:
        conditions.append(audit_rows.c.sequence < before)
    if wanted.actor is not None:
        conditions.append(audit_rows.c.actor_id == wanted.actor)
    if wanted.object_id is not None:
        conditions.append(audit_rows.c.object_id == wanted.object_id)
    # Rows are never dated before the one they follow, so a span of time is a span of positions.
    if wanted.since is not None:
        conditions.append(audit_rows.c.sequence >= _first_from(wanted.since))
    if wanted.until is not None:
        conditions.append(audit_rows.c.sequence < _first_from(wanted.until, exclusive=True))
    return conditions


def _first_from(moment: datetime, *, exclusive: bool = False) -> sa.ColumnElement[int]:
    """Give the first position dated at or after a moment (after it, if exclusive), or one beyond the last."""
    at = sa.literal(moment, audit_rows.c.at.type)
    first = (
        sa.select(audit_rows.c.sequence)
        .where(audit_rows.c.at > at if exclusive else audit_rows.c.at >= at)
        .order_by(audit_rows.c.at, audit_rows.c.sequence)
        .limit(1)
        .scalar_subquery()
    )
    return sa.func.coalesce(first, 2**62)


def _values(entry: AuditEntry, record: AuditRecord) -> tuple[object, ...]:
    """Give a sealed row in the order of the table's columns."""
    return (
        record.sequence,
        seconds_of(record.at),
        record.action,
        entry.actor.id,
        entry.object_id,
        record.body,
        bytes.fromhex(record.prev_hash),
        bytes.fromhex(record.hash),
    )


def _record(row: Row[Any]) -> AuditRecord:
    return AuditRecord(row.sequence, row.at, row.action, row.body, row.prev_hash.hex(), row.hash.hex())


def _checkpoint(row: Row[Any]) -> Checkpoint:
    return Checkpoint(row.sequence, row.head_hash.hex(), row.at, row.note)
