"""The transparency log, as rows: entries that are only ever added, and tiles of the hashes over them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage.column_types import seconds_of
from sealwright.storage.driver_text import DriverText
from sealwright.storage.transaction import Transaction

_HEAD: Final = DriverText.of("SELECT size, root FROM log_head WHERE id = 1")
_SET_HEAD: Final = DriverText.of("UPDATE log_head SET size = %s, root = %s WHERE id = 1")
_TILE: Final = DriverText.of("SELECT hashes FROM log_tiles WHERE level = %s AND number = %s")
_SET_TILE: Final = DriverText.of(
    "INSERT INTO log_tiles (level, number, hashes) VALUES (%s, %s, %s) "
    "ON CONFLICT (level, number) DO UPDATE SET hashes = excluded.hashes"
)
_ENTRIES: Final = DriverText.of(
    "SELECT data FROM log_entries WHERE entry_index >= %s AND entry_index < %s ORDER BY entry_index"
)
_ADD_ENTRY: Final = DriverText.of("INSERT INTO log_entries (entry_index, data) VALUES (%s, %s)")
_CHECKPOINT: Final = DriverText.of("SELECT note FROM log_checkpoints ORDER BY size DESC LIMIT 1")
_ADD_CHECKPOINT: Final = DriverText.of(
    "INSERT INTO log_checkpoints (size, note, at) VALUES (%s, %s, %s) "
    "ON CONFLICT (size) DO UPDATE SET note = excluded.note, at = excluded.at"
)


class StoredLogRows:
    """The log in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def head(self, *, lock: bool = False) -> tuple[int, bytes]:
        """Size and root of the tree; under its lock nobody else appends before this unit of work ends."""
        found = _HEAD.rows(self._transaction, lock=lock)
        if not found:
            raise StoreUnavailable("The log's head is missing.")
        return found[0][0], bytes(found[0][1])

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes that a tile holds so far, 32 bytes each, at most 256."""
        found = _TILE.rows(self._transaction, level, number)
        return bytes(found[0][0]) if found else None

    def entry(self, index: int) -> bytes | None:
        """One entry; None where the log has not come so far."""
        found = self.entries(index, 1)
        return found[0] if found else None

    def entries(self, first: int, count: int) -> tuple[bytes, ...]:
        """Entries in order, as many as there are."""
        return tuple(bytes(row[0]) for row in _ENTRIES.rows(self._transaction, first, first + count))

    def append(self, entries: Sequence[bytes], tiles: Iterable[tuple[int, int, bytes]], root: bytes) -> None:
        """Add entries behind the head, and write the tiles that changed: (level, number, hashes)."""
        size, _ = self.head(lock=True)
        _ADD_ENTRY.many(self._transaction, [(size + at, data) for at, data in enumerate(entries)])
        _SET_TILE.many(self._transaction, list(tiles))
        _SET_HEAD.many(self._transaction, [(size + len(entries), root)])

    def add_checkpoint(self, size: int, note: bytes, at: datetime) -> None:
        """Keep a signed note; a tree of the same size that is signed anew replaces its note."""
        _ADD_CHECKPOINT.many(self._transaction, [(size, note, seconds_of(at))])

    def checkpoint(self) -> bytes | None:
        """The newest signed note."""
        found = _CHECKPOINT.rows(self._transaction)
        return bytes(found[0][0]) if found else None
