"""What `/readyz` and `doctor` ask a database: does it answer, are its tables ours, and would it keep its word."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy.engine import Connection

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage.engines import Database
from sealwright.storage.errors import DATABASE_ERRORS, StoreRefused
from sealwright.storage.migrations import migration_state

_WANTED_ON_POSTGRES: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_WANTED_ON_SQLITE: Final = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}


def check_database(database: Database) -> dict[str, bool]:
    """Look at a database, without raising.

    Returns:
        ``answers``, ``migrated``, and ``durable``: a commit that was acknowledged survives a power cut.
        What cannot be looked at is False.
    """
    if not answers(database):
        return {"answers": False, "migrated": False, "durable": False}
    return {"answers": True, "migrated": is_migrated(database), "durable": all(settings(database).values())}


def answers(database: Database) -> bool:
    """Tell whether the database answers."""
    try:
        with database.readers.connect() as connection:
            return bool(connection.exec_driver_sql("SELECT 1").scalar_one() == 1)
    except DATABASE_ERRORS:
        return False


def is_migrated(database: Database) -> bool:
    """Tell whether the tables are those that this program knows."""
    try:
        current, head = migration_state(database)
    except (StoreRefused, StoreUnavailable):
        return False
    return current == head


def settings(database: Database) -> dict[str, bool]:
    """Tell of each setting that durability and integrity hang on whether it is as it must be; empty if unknown."""
    try:
        with database.writers.connect() as connection:
            if database.is_sqlite:
                found = {name: _pragma(connection, name) for name in _WANTED_ON_SQLITE}
                return {name: found[name] == wanted for name, wanted in _WANTED_ON_SQLITE.items()}
            return {name: _show(connection, name) == wanted for name, wanted in _WANTED_ON_POSTGRES.items()}
    except DATABASE_ERRORS:
        return {}


def is_intact(database: Database) -> bool:
    """Run the database's own integrity check; it reads everything, so it may take long on SQLite.

    PostgreSQL has none that an ordinary role may run: there this only tells whether it answers.
    """
    if not database.is_sqlite:
        return answers(database)
    try:
        with database.readers.connect() as connection:
            whole = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
            return whole and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is None
    except DATABASE_ERRORS:
        return False


def _pragma(connection: Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


def _show(connection: Connection, name: str) -> Any:
    return connection.exec_driver_sql(f"SHOW {name}").scalar_one()
