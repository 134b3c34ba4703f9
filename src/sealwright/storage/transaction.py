"""One transaction: statements in, rows or refusals out. The only module that hands statements to a driver."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import Connection, Row

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage.engines import Database
from sealwright.storage.errors import DATABASE_ERRORS, refusal_for

T = TypeVar("T")
Parameters = Mapping[str, object] | Sequence[Mapping[str, object]]


class Transaction:
    """A connection inside a transaction, which every repository of a unit of work shares.

    Args:
        writes: False for a unit of work that only reads.
    """

    def __init__(self, database: Database, connection: Connection, *, writes: bool) -> None:
        self.database = database
        self.writes = writes
        self.is_sqlite = database.is_sqlite
        self._connection = connection
        self._driver = _driver_of(connection)
        # One cursor for all hot statements; the pool's wrapper around it would cost as much as a short statement.
        self._cursor = _cursor_of(self._driver)
        self._watch = database.watch
        self._registry_raised = False
        self._has_failed = False
        self._is_over = False

    # -- statements ---------------------------------------------------------------------------------

    def rows(self, statement: sa.Executable, parameters: Parameters | None = None) -> Sequence[Row[Any]]:
        """Run a statement and give all its rows."""
        return self._guarded(lambda: self._connection.execute(statement, parameters).all())

    def row(self, statement: sa.Executable, parameters: Parameters | None = None) -> Row[Any] | None:
        """Run a statement and give its first row, if there is one."""
        return self._guarded(lambda: self._connection.execute(statement, parameters).first())

    def change(self, statement: sa.Executable, parameters: Parameters | None = None) -> int:
        """Run a statement and give the number of rows that it changed."""
        return self._guarded(lambda: self._connection.execute(statement, parameters).rowcount)

    def driver_rows(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Run prepared text in the driver's own form and give its rows; for the hot statements."""

        def run() -> list[tuple[Any, ...]]:
            cursor = self._cursor
            cursor.execute(statement, parameters)
            return cursor.fetchall() if cursor.description is not None else []

        return self._guarded(run)

    def blob_rows(self, statement: str, parameters: Sequence[object]) -> list[tuple[Any, ...]]:
        """Do the same for rows of long bytes, which PostgreSQL then sends as they are and not as digits."""
        if self.is_sqlite:
            return self.driver_rows(statement, parameters)
        return self._guarded(lambda: self._cursor.execute(statement, parameters, binary=True).fetchall())

    def driver_many(self, statement: str, rows: Sequence[Sequence[object]]) -> int:
        """Run prepared text once for each row of parameters; gives how many rows of the table were changed."""

        def run() -> int:
            cursor = self._cursor
            if len(rows) == 1:
                cursor.execute(statement, rows[0])
            else:
                cursor.executemany(statement, rows)
            changed: int = cursor.rowcount
            return changed

        return self._guarded(run)

    def copy(self, statement: str, types: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Send rows by binary COPY; PostgreSQL only."""

        def run() -> None:
            with self._cursor.copy(statement) as copy:
                copy.set_types(types)
                for row in rows:
                    copy.write_row(row)

        self._guarded(run)

    def copy_data(self, statement: str, data: bytes) -> None:
        """Send rows that are in the form of COPY already; PostgreSQL only."""

        def run() -> None:
            with self._cursor.copy(statement) as copy:
                copy.write(data)

        self._guarded(run)

    def uid(self, uid: UUID) -> UUID | bytes:
        """Give a uid as the driver takes it."""
        return uid.bytes if self.is_sqlite else uid

    def locking(self, statement: sa.Select[Any], *, shared: bool = False, skip: bool = False) -> sa.Select[Any]:
        """Let a statement lock the rows that it finds until the end; one that only reads cannot, and need not.

        Args:
            shared: Others may lock them so too.
            skip: Leave out what somebody else has locked, instead of waiting.
        """
        if self.is_sqlite or not self.writes:
            return statement
        return statement.with_for_update(read=shared, skip_locked=skip)

    # -- the registry epoch -------------------------------------------------------------------------

    def raise_epoch(self) -> None:
        """Raise the registry epoch, once per unit of work, at its first change.

        At the first change and not at the commit, because everybody locks the epoch before any
        record: whoever did it the other way round would wait for those who wait for them.
        """
        if not self._registry_raised:
            self.driver_rows("UPDATE registry SET epoch = epoch + 1 WHERE id = 1", ())
            self._registry_raised = True

    # -- parts and ends -----------------------------------------------------------------------------

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Open a part that rolls back alone if it raises."""
        raised = self._registry_raised
        nested = self._guarded(self._connection.begin_nested)
        try:
            yield
        except BaseException:
            self._registry_raised = raised
            self._has_failed = False
            if not self._is_over:
                self._guarded(nested.rollback)
            raise
        self._guarded(nested.commit)

    def commit(self) -> None:
        """Commit; afterwards nothing more can be done here."""
        self._guarded(self._connection.commit)
        self._is_over = True

    def abandon(self) -> None:
        """Let nothing more be done here: what was begun cannot be finished."""
        self._is_over = True

    def close(self) -> None:
        """Roll back what was not committed and give the connection back; a dead one is thrown away."""
        self._is_over = True
        descriptor = self._enter_watch()
        try:
            # A commit that failed may leave the driver inside a transaction that the pool believes to have ended.
            if _is_inside(self._driver):
                self._leave()
            self._connection.close()
        except DATABASE_ERRORS:
            # The server forgot the transaction together with the connection.
            self._connection.invalidate()
            self._connection.close()
        finally:
            if descriptor is not None and self._watch is not None:
                self._watch.leave(descriptor)

    def _leave(self) -> None:
        """End what was begun, without keeping anything.

        A roll-back makes PostgreSQL's driver forget every statement that it has prepared, and all of them are planned
        anew in the next unit of work. One that has only read, and has not failed, has nothing to take back.
        """
        if self.writes or self._has_failed or self.is_sqlite:
            self._driver.rollback()
        else:
            self._driver.commit()

    def _guarded(self, run: Callable[[], T]) -> T:
        """Run a driver call under the watch, and turn what the driver raises into a refusal of ours."""
        self._check_open()
        descriptor = self._enter_watch()
        try:
            return run()
        except DATABASE_ERRORS as error:
            self._settle(error)
            raise refusal_for(error) from None
        finally:
            if descriptor is not None and self._watch is not None:
                self._watch.leave(descriptor)

    def _settle(self, error: Exception) -> None:
        """Close what cannot go on.

        A full or broken SQLite file ends the transaction without saying so, and whatever came after
        would commit by itself. PostgreSQL answers the commit of a transaction in which a statement
        failed with a roll-back, and calls that a success. So after an error only the roll-back of a
        savepoint opens the way again, on both.
        """
        self._has_failed = True
        if isinstance(self._driver, sqlite3.Connection):
            self._is_over = not self._driver.in_transaction
        elif self._connection.invalidated:
            self._is_over = True
        elif self._driver.closed:
            self._is_over = True
            self._connection.invalidate(error)

    def _check_open(self) -> None:
        if self._is_over or self._has_failed:
            raise StoreUnavailable("The transaction has ended or failed; nothing was done.")

    def _enter_watch(self) -> int | None:
        # A closed socket's number may belong to another connection by now.
        if self._watch is None or not isinstance(self._driver, psycopg.Connection) or self._driver.closed:
            return None
        descriptor = self._driver.fileno()
        self._watch.enter(descriptor)
        return descriptor


@contextmanager
def open_transaction(database: Database, *, write: bool) -> Iterator[Transaction]:
    """Begin a transaction; it rolls back at the end unless it was committed.

    Raises:
        StoreUnavailable: No connection can be had, or on SQLite the write lock was not free in time.
    """
    turns = database.turns if write else None
    if turns is not None:
        turns.take()
    try:
        transaction = Transaction(database, _begun(database, write=write), writes=write)
        try:
            yield transaction
        finally:
            transaction.close()
    finally:
        if turns is not None:
            turns.give()


def _begun(database: Database, *, write: bool) -> Connection:
    engine = database.writers if write else database.readers
    connection = None
    try:
        connection = engine.connect()
        connection.begin()
    except DATABASE_ERRORS as error:
        if connection is not None:
            connection.close()
        raise refusal_for(error) from None
    return connection


def _driver_of(connection: Connection) -> sqlite3.Connection | psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    if isinstance(driver, sqlite3.Connection | psycopg.Connection):
        return driver
    raise TypeError("an unknown driver")


def _cursor_of(driver: sqlite3.Connection | psycopg.Connection[Any]) -> Any:
    """Open a cursor of the driver; the two drivers' cursors share no type."""
    return driver.cursor()


def _is_inside(driver: sqlite3.Connection | psycopg.Connection[Any]) -> bool:
    """Tell whether the driver has a transaction open."""
    if isinstance(driver, sqlite3.Connection):
        return driver.in_transaction
    return not driver.closed and driver.info.transaction_status is not psycopg.pq.TransactionStatus.IDLE
