"""The office itself, as rows: registry epoch, halts, small settings."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.errors import StoreUnavailable
from sealwright.services.ports import Halt
from sealwright.storage.tables import halts, office_settings
from sealwright.storage.transaction import Transaction

_EPOCH: Final = "SELECT epoch FROM registry WHERE id = 1"
_SETTING: Final = sa.select(office_settings.c.value).where(office_settings.c.name == sa.bindparam("name"))
_PUT: Final = sa.text(
    "INSERT INTO office_settings (name, value) VALUES (:name, :value) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value"
)
_PUT_ONCE: Final = sa.text(
    "INSERT INTO office_settings (name, value) VALUES (:name, :value) ON CONFLICT (name) DO NOTHING"
)
_HALTS: Final = sa.select(
    halts.c.halt_id, halts.c.reason, halts.c.since, halts.c.issuer_did, halts.c.schema_id
).order_by(halts.c.since, halts.c.halt_id)


def lock_registry(transaction: Transaction) -> None:
    """Keep every other registry change out until the unit of work ends; SQLite does so from the start."""
    if not transaction.is_sqlite:
        transaction.driver_rows(f"{_EPOCH} FOR UPDATE", ())


class StoredOffice:
    """The office in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def epoch(self, *, shared_lock: bool = False) -> int:
        """Read the registry epoch; with the lock, no registry change commits before this unit of work ends."""
        locking = shared_lock and self._transaction.writes and not self._transaction.is_sqlite
        rows = self._transaction.driver_rows(f"{_EPOCH} FOR SHARE" if locking else _EPOCH, ())
        if not rows:
            raise StoreUnavailable("The database has no registry; it was not migrated.")
        return int(rows[0][0])

    def raise_epoch(self) -> None:
        """Raise the registry epoch, once per unit of work, and keep other registry changes out."""
        self._transaction.raise_epoch()

    def get(self, name: str) -> str | None:
        """Read a small setting."""
        row = self._transaction.row(_SETTING, {"name": name})
        return None if row is None else str(row.value)

    def put(self, name: str, value: str) -> None:
        """Write a small setting."""
        self._transaction.change(_PUT, {"name": name, "value": value})

    def put_once(self, name: str, value: str) -> str:
        """Write a small setting unless it is there; gives what stands there, whoever came first."""
        self._transaction.change(_PUT_ONCE, {"name": name, "value": value})
        return self.get(name) or value

    def halts(self) -> tuple[Halt, ...]:
        """List what is stopped, oldest first."""
        return tuple(_halt(row) for row in self._transaction.rows(_HALTS))

    def add_halt(self, halt: Halt) -> None:
        """Stop something: once committed, no reservation that it covers commits any more."""
        self._transaction.raise_epoch()
        self._transaction.change(
            sa.insert(halts),
            {
                "halt_id": halt.halt_id,
                "reason": halt.reason,
                "since": halt.since,
                "issuer_did": halt.issuer_did,
                "schema_id": halt.schema_id,
            },
        )

    def clear_halts(self) -> int:
        """Lift every stop; gives how many there were."""
        self._transaction.raise_epoch()
        return self._transaction.change(sa.delete(halts))


def _halt(row: Row[Any]) -> Halt:
    return Halt(
        halt_id=row.halt_id,
        reason=row.reason,
        since=row.since,
        issuer_did=row.issuer_did,
        schema_id=row.schema_id,
    )
