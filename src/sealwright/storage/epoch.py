"""Reading the registry epoch: asked before nearly every act, so it costs as little as the database allows."""

from __future__ import annotations

import sqlite3
from functools import partial
from typing import Any, Final

import psycopg

from sealwright.domain.errors import StoreUnavailable
from sealwright.services.ports import EpochReader
from sealwright.storage.engines import Database, sqlite_connection
from sealwright.storage.own_connection import OwnConnection

_EPOCH: Final = "SELECT epoch FROM registry WHERE id = 1"


class _SqliteEpochReader:
    """One page read from memory, shared by every process on the file."""

    def __init__(self, connection: OwnConnection[sqlite3.Connection]) -> None:
        self._connection = connection

    def read(self) -> int:
        return self._connection.run(_read_sqlite)


class _PostgresEpochReader:
    """One round trip of a prepared statement."""

    def __init__(self, connection: OwnConnection[psycopg.Connection[Any]]) -> None:
        self._connection = connection

    def read(self) -> int:
        return self._connection.run(_read_postgres)


def _read_sqlite(driver: sqlite3.Connection) -> int:
    return _epoch_of(driver.execute(_EPOCH).fetchone())


def _read_postgres(driver: psycopg.Connection[Any]) -> int:
    return _epoch_of(driver.execute(_EPOCH, prepare=True).fetchone())


def _epoch_of(row: tuple[int] | None) -> int:
    if row is None:
        raise StoreUnavailable("The database has no registry; it was not migrated.")
    return row[0]


def make_epoch_reader(database: Database) -> EpochReader:
    """Make a reader on a connection of its own, opened at the first call and closed with the database."""
    if database.path is not None:
        own = OwnConnection(partial(sqlite_connection, database.path), None)
        database.on_close(own.close)
        return _SqliteEpochReader(own)
    connection = OwnConnection(database.postgres, database.watch)
    database.on_close(connection.close)
    return _PostgresEpochReader(connection)
