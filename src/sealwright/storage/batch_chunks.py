"""Chunks of batches and their rows: who has one, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sealwright.domain.batches import Chunk, ChunkRows, IndexRun
from sealwright.services.batch_ports import ChunkOutcome
from sealwright.storage.batch_values import CHUNK_COLUMNS, chunk_of, chunk_row, faults_text, run_text
from sealwright.storage.bulk_tables import batch_chunks
from sealwright.storage.column_types import optional_seconds_of, seconds_of
from sealwright.storage.driver_text import DriverText, selecting
from sealwright.storage.transaction import Transaction

_ONE: Final = "WHERE batch_id = %s AND number = %s"
# Of its last taker alone: a worker whose lease was over, and whose chunk somebody else has since taken, is too late.
_HELD: Final = f"{_ONE} AND state = 'running' AND fence = %s"
_ADD: Final = DriverText.of(
    f"INSERT INTO batch_chunks ({CHUNK_COLUMNS}) VALUES ({', '.join(['%s'] * len(batch_chunks.columns))})"  # noqa: S608
)
_ADD_ROWS: Final = DriverText.of("INSERT INTO batch_rows (batch_id, number, holders, content) VALUES (%s, %s, %s, %s)")
_CHANGE: Final = DriverText.of(
    f"UPDATE batch_chunks SET row_count = %s, failed = %s, faults = %s {_ONE} AND state = 'ready' AND fence = 0"  # noqa: S608
)
_CHANGE_ROWS: Final = DriverText.of(f"UPDATE batch_rows SET holders = %s, content = %s {_ONE}")  # noqa: S608
_SET_ROWS: Final = DriverText.of(f"UPDATE batch_rows SET content = %s {_ONE}")  # noqa: S608
_DROP_ROWS: Final = DriverText.of(f"DELETE FROM batch_rows {_ONE}")  # noqa: S608
_CLEAR: Final = DriverText.of("DELETE FROM batch_chunks WHERE batch_id = %s")
_CLEAR_ROWS: Final = DriverText.of("DELETE FROM batch_rows WHERE batch_id = %s")
_CHUNK: Final = selecting(batch_chunks, _ONE)
_CHUNKS: Final = selecting(batch_chunks, "WHERE batch_id = %s ORDER BY number")
_OUTLINE: Final = DriverText.of(
    f"SELECT {CHUNK_COLUMNS.removesuffix('faults')} '[]' FROM batch_chunks WHERE batch_id = %s ORDER BY number"  # noqa: S608
)
_ROWS: Final = DriverText.of(f"SELECT content, holders FROM batch_rows {_ONE}")  # noqa: S608
_HOLDERS: Final = DriverText.of(
    "SELECT number, holders FROM batch_rows WHERE batch_id = %s AND number > %s ORDER BY number LIMIT 64"
)


def _taking(condition: str) -> DriverText:
    """Build the statement that takes the first chunk of a batch that this holds for."""
    text = (
        "UPDATE batch_chunks SET state = 'running', fence = fence + 1, lease_until = %s WHERE batch_id = %s AND number "  # noqa: S608
        f"= (SELECT number FROM batch_chunks WHERE batch_id = %s AND {condition} ORDER BY number LIMIT 1{{lock}}) "
        f"RETURNING {CHUNK_COLUMNS}"
    )
    skipping = text.format(lock=" FOR UPDATE SKIP LOCKED")
    return DriverText(skipping, DriverText.of(text.format(lock="")).sqlite)


_TAKE_READY: Final = _taking("state = 'ready'")
_TAKE_LEFT: Final = _taking("state = 'running' AND lease_until <= %s")
_RESERVE: Final = DriverText.of(f"UPDATE batch_chunks SET run = %s, method_id = %s {_HELD}")  # noqa: S608
_RENEW: Final = DriverText.of(f"UPDATE batch_chunks SET lease_until = %s {_HELD}")  # noqa: S608
_FINISH: Final = DriverText.of(
    "UPDATE batch_chunks SET state = 'done', lease_until = NULL, issued = %s, failed = %s, faults = %s, root = %s, "  # noqa: S608
    f"finished_at = %s {_HELD}"
)
_GIVE_BACK: Final = DriverText.of(f"UPDATE batch_chunks SET state = 'ready', lease_until = NULL {_HELD}")  # noqa: S608
_CANCEL: Final = DriverText.of(
    # What was found when rows were read stays: who was named by an earlier row is not tried again.
    "UPDATE batch_chunks SET state = 'canceled', lease_until = NULL, failed = row_count, "
    "finished_at = %s WHERE batch_id = %s AND (state = 'ready' OR (state = 'running' AND lease_until <= %s)) "
    "RETURNING row_count"
)
_LATELY: Final = DriverText.of(
    "SELECT COALESCE(SUM(issued + failed), 0) FROM batch_chunks WHERE batch_id = %s AND state = 'done' "
    "AND finished_at > %s"
)
_DELIVERED: Final = DriverText.of(f"UPDATE batch_chunks SET delivered = %s {_ONE}")  # noqa: S608


class StoredChunks:
    """Chunks in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def clear_rows(self, batch_id: str) -> None:
        """Drop every chunk of a draft with its rows."""
        _CLEAR.many(self._transaction, [(batch_id,)])
        _CLEAR_ROWS.many(self._transaction, [(batch_id,)])

    def add_chunk(self, chunk: Chunk, rows: ChunkRows) -> None:
        """Add a chunk with its rows."""
        _ADD.many(self._transaction, [chunk_row(chunk)])
        _ADD_ROWS.many(self._transaction, [(chunk.batch_id, chunk.number, rows.holders, rows.content)])

    def replace_chunk(self, chunk: Chunk, rows: ChunkRows) -> None:
        """Change rows and faults of a chunk that nobody has taken; one that was taken stays as it is."""
        place = (chunk.batch_id, chunk.number)
        changed = _CHANGE.many(self._transaction, [(chunk.row_count, chunk.failed, faults_text(chunk.faults), *place)])
        if changed:
            _CHANGE_ROWS.many(self._transaction, [(rows.holders, rows.content, *place)])

    def chunk(self, batch_id: str, number: int) -> Chunk | None:
        """Find a chunk."""
        found = _CHUNK.rows(self._transaction, batch_id, number)
        return chunk_of(found[0]) if found else None

    def chunks(self, batch_id: str) -> tuple[Chunk, ...]:
        """All in order."""
        return tuple(chunk_of(row) for row in _CHUNKS.rows(self._transaction, batch_id))

    def finished_since(self, batch_id: str, since: datetime) -> int:
        """How many rows were carried out after that moment."""
        return int(_LATELY.rows(self._transaction, batch_id, seconds_of(since))[0][0])

    def outline(self, batch_id: str) -> tuple[Chunk, ...]:
        """All in order, without their faults."""
        return tuple(chunk_of(row) for row in _OUTLINE.rows(self._transaction, batch_id))

    def rows(self, batch_id: str, number: int) -> ChunkRows | None:
        """As they are kept; None where nothing is kept any more."""
        text = _ROWS.sqlite if self._transaction.is_sqlite else _ROWS.postgres
        found = self._transaction.blob_rows(text, (batch_id, number))
        return ChunkRows(bytes(found[0][0]), bytes(found[0][1])) if found else None

    def holders(self, batch_id: str) -> Iterator[tuple[int, bytes]]:
        """The holders' marks of each chunk: (its number, 8 bytes a row)."""
        text = _HOLDERS.sqlite if self._transaction.is_sqlite else _HOLDERS.postgres
        last = -1
        while found := self._transaction.blob_rows(text, (batch_id, last)):
            for number, marks in found:
                yield number, bytes(marks)
            last = found[-1][0]

    def take(self, batch_id: str, now: datetime, lease_until: datetime) -> Chunk | None:
        """The next chunk that is ready, or whose lease is over, with its fence raised; passes those others lock.

        A chunk that a worker left behind comes after those that are ready: one that ends its workers must not keep
        the others waiting.
        """
        until = seconds_of(lease_until)
        found = _TAKE_READY.rows(self._transaction, until, batch_id, batch_id)
        if not found:
            found = _TAKE_LEFT.rows(self._transaction, until, batch_id, batch_id, seconds_of(now))
        return chunk_of(found[0]) if found else None

    def reserve(self, chunk: Chunk, run: Sequence[IndexRun], method_id: str | None) -> bool:
        """Write down a taken chunk's indexes and key; False if its fence is not the last any more."""
        return _RESERVE.many(self._transaction, [(run_text(tuple(run)), method_id, *_held(chunk))]) == 1

    def renew(self, chunk: Chunk, lease_until: datetime) -> bool:
        """False if its fence is not the last any more."""
        return _RENEW.many(self._transaction, [(seconds_of(lease_until), *_held(chunk))]) == 1

    def finish(self, chunk: Chunk, outcome: ChunkOutcome) -> bool:
        """Record a taken chunk as done, its row locked; False, and nothing written, if its fence is not the last."""
        values = (outcome.issued, outcome.failed, faults_text(outcome.faults), outcome.root or None)
        row = (*values, optional_seconds_of(outcome.at), *_held(chunk))
        if _FINISH.many(self._transaction, [row]) != 1:
            return False
        place = (chunk.batch_id, chunk.number)
        if outcome.failed_rows:
            _CHANGE_ROWS.many(self._transaction, [(b"", outcome.failed_rows, *place)])
        else:
            _DROP_ROWS.many(self._transaction, [place])
        return True

    def give_back(self, chunk: Chunk) -> None:
        """Make a taken chunk ready again, if its fence is still the last."""
        _GIVE_BACK.many(self._transaction, [_held(chunk)])

    def cancel_ready(self, batch_id: str, at: datetime) -> int:
        """Mark every chunk that nobody holds as canceled, all of its rows failed; gives how many rows.

        Why they failed is said by the chunk's state, not row by row.
        """
        moment = seconds_of(at)
        return sum(row[0] for row in _CANCEL.rows(self._transaction, moment, batch_id, moment))

    def mark_delivered(self, batch_id: str, number: int, count: int) -> None:
        """Say that the delivery of so many rows of a chunk was begun by now."""
        _DELIVERED.many(self._transaction, [(count, batch_id, number)])

    def set_rows(self, batch_id: str, number: int, content: bytes) -> None:
        """Change kept rows of whatever state."""
        _SET_ROWS.many(self._transaction, [(content, batch_id, number)])


def _held(chunk: Chunk) -> tuple[str, int, int]:
    return (chunk.batch_id, chunk.number, chunk.fence)
