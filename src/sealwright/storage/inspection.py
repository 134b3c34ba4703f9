"""What `/readyz` and `doctor` ask a database: does it answer, are its tables ours, and would it keep its word."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage.engines import Database
from sealwright.storage.errors import StoreRefused
from sealwright.storage.feed_recount import feed_drift
from sealwright.storage.migrations import newest_version
from sealwright.storage.request_counters import drift_of
from sealwright.storage.transaction import open_transaction

_WANTED_ON_POSTGRES: Final[Mapping[str, object]] = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_WANTED_ON_SQLITE: Final[Mapping[str, object]] = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def check_database(database: Database) -> dict[str, bool]:
    """Look at a database, without raising.

    Returns:
        ``answers``, ``migrated``, and ``durable``: a commit that was acknowledged survives a power cut.
        What cannot be looked at is False.
    """
    if not answers(database):
        return {"answers": False, "migrated": False, "durable": False}
    found = settings(database)
    return {"answers": True, "migrated": is_migrated(database), "durable": bool(found) and all(found.values())}


def answers(database: Database) -> bool:
    """Tell whether the database answers."""
    try:
        with open_transaction(database, write=False) as transaction:
            return transaction.driver_rows("SELECT 1", ()) == [(1,)]
    except StoreUnavailable:
        return False


def is_migrated(database: Database) -> bool:
    """Tell whether the tables are those that this program knows."""
    try:
        with open_transaction(database, write=False) as transaction:
            return transaction.driver_rows("SELECT version_num FROM alembic_version", ()) == [(newest_version(),)]
    except (StoreRefused, StoreUnavailable):
        return False


def settings(database: Database) -> dict[str, bool]:
    """Tell of each setting that durability and integrity hang on whether it is as it must be; empty if unknown."""
    ask, wanted = ("PRAGMA", _WANTED_ON_SQLITE) if database.is_sqlite else ("SHOW", _WANTED_ON_POSTGRES)
    try:
        with open_transaction(database, write=False) as transaction:
            return {name: transaction.driver_rows(f"{ask} {name}", ()) == [(value,)] for name, value in wanted.items()}
    except StoreUnavailable:
        return {}


def is_intact(database: Database) -> bool:
    """Run the database's own integrity check; it reads everything, so it may take long on SQLite.

    PostgreSQL has none that an ordinary role may run: there this only tells whether it answers.
    """
    if not database.is_sqlite:
        return answers(database)
    try:
        with open_transaction(database, write=False) as transaction:
            whole = transaction.driver_rows("PRAGMA integrity_check", ()) == [("ok",)]
            return whole and transaction.driver_rows("PRAGMA foreign_key_check", ()) == []
    except StoreUnavailable:
        return False


def count_drift(database: Database) -> int:
    """Count requests and open workflows again: gives how many counters and entries say something else than the rows.

    Raises:
        StoreUnavailable: The database does not answer.
    """
    with open_transaction(database, write=False) as transaction:
        return drift_of(transaction) + len(feed_drift(transaction))
