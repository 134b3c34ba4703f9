"""Opening a database: addresses, settings on every connection, pools that heal, and versions that we refuse.

Each database has two pools, one for units of work that write and one for those that read. On SQLite
the writing pool is a single connection: threads of one process wait for it in the pool, not in the
database, and so do not use up each other's busy wait.
"""

from __future__ import annotations

import contextlib
import os
import select
import sqlite3
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.pool import QueuePool

from sealwright.storage.errors import DATABASE_ERRORS, StoreRefused, refusal_for
from sealwright.storage.turns import Turns
from sealwright.storage.watch import SocketWatch

# A caller hears within ten seconds (promises, section 5), whoever it is that we wait for.
DATABASE_WAIT_SECONDS: Final = 10
STATEMENT_SECONDS: Final = 9
BUSY_WAIT_SECONDS: Final = 5
CONNECT_SECONDS: Final = 5
# With a connection each for epochs and rates, four processes stay well below a server's usual 100.
READERS: Final = 8
POSTGRES_WRITERS: Final = 8
OLDEST_POSTGRES: Final = 150_000
OLDEST_SQLITE: Final = (3, 37, 0)  # the first with STRICT tables
Waker = Callable[[str, datetime | None, str], None]
_SQLITE_PREFIX: Final = "sqlite:///"
_POSTGRES_PREFIX: Final = "postgresql://"


@dataclass(frozen=True, slots=True, eq=False)
class Database:
    """An open database: a pool for reading, a pool for writing, and how to get a connection of one's own.

    Args:
        path: The file, on SQLite.
        watch: Shuts down connections that say nothing, on PostgreSQL.
        connect: Opens a driver connection outside the pools, in autocommit, on PostgreSQL.
        options: What psycopg opens such a connection with, on PostgreSQL.
        memory: What this process may remember of rows that never change, by kind.
        wakers: Who is told of background work that a commit has caused, on SQLite.
        closers: What else closes with the database, such as connections outside the pools.
        turns: Who writes next, on SQLite.
    """

    readers: Engine
    writers: Engine
    path: Path | None
    watch: SocketWatch | None
    connect: Callable[[], psycopg.Connection[Any]] | None = field(repr=False)
    options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    memory: dict[str, dict[Any, Any]] = field(default_factory=dict, repr=False)
    wakers: list[Waker] = field(default_factory=list, repr=False)
    closers: list[Callable[[], None]] = field(default_factory=list, repr=False)
    turns: Turns | None = field(default=None, repr=False)

    @property
    def is_sqlite(self) -> bool:
        """Tell which of the two databases this is."""
        return self.path is not None

    def on_wake(self, waker: Waker) -> None:
        """Have somebody told of background work as soon as the commit that causes it has happened, on SQLite.

        They are called in the thread that committed: they must be quick, and must not raise.

        Args:
            waker: Takes the task's name, the moment before which it is not wanted (None: now), and its lane.
        """
        self.wakers.append(waker)

    def wake(self, task: str, at: datetime | None, lane: str) -> None:
        """Tell everybody who asked to be told."""
        for waker in self.wakers:
            waker(task, at, lane)

    def postgres(self) -> psycopg.Connection[Any]:
        """Open a driver connection outside the pools, in autocommit.

        Raises:
            psycopg.Error: The server does not answer.
        """
        if self.connect is None:
            raise TypeError("not a PostgreSQL database")
        return self.connect()

    def on_close(self, closer: Callable[[], None]) -> None:
        """Have something close with the database; it must not raise."""
        self.closers.append(closer)

    def close(self) -> None:
        """Close every connection; the database may be opened again."""
        for closer in self.closers:
            closer()
        self.readers.dispose()
        self.writers.dispose()
        if self.watch is not None:
            self.watch.stop()


def open_database(url: str) -> Database:
    """Open the database that a URL names, and look whether it is one that we can work with.

    Args:
        url: ``sqlite:///relative/path``, ``sqlite:////absolute/path``, or a libpq ``postgresql://…`` URI.

    Raises:
        StoreRefused: Another scheme, no file name, a server older than PostgreSQL 15, or one that is not in UTF-8.
        StoreUnavailable: The database does not answer.
    """
    if url.startswith(_SQLITE_PREFIX):
        database = _open_sqlite(url.removeprefix(_SQLITE_PREFIX))
    elif url.startswith(_POSTGRES_PREFIX):
        database = _open_postgres(url)
    else:
        raise StoreRefused("The database URL must begin with sqlite:/// or postgresql://.")
    try:
        with database.readers.connect() as connection:
            _check_server(connection, is_sqlite=database.is_sqlite)
    except DATABASE_ERRORS as error:
        database.close()
        raise refusal_for(error) from None
    except StoreRefused:
        database.close()
        raise
    return database


def _check_server(connection: Connection, *, is_sqlite: bool) -> None:
    if is_sqlite:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        if mode != "wal":
            raise StoreRefused("The file system under the SQLite file cannot share memory, which its WAL mode needs.")
        return
    driver = _postgres_of(connection.connection.driver_connection)
    if driver.info.server_version < OLDEST_POSTGRES:
        raise StoreRefused(
            f"PostgreSQL {driver.info.server_version // 10_000} is too old; 15 is the oldest that works."
        )
    if driver.info.parameter_status("server_encoding") != "UTF8":
        raise StoreRefused("The PostgreSQL database must have the encoding UTF8.")


def _postgres_of(connection: object) -> psycopg.Connection[Any]:
    if not isinstance(connection, psycopg.Connection):
        raise TypeError("not a PostgreSQL connection")
    return connection


def _open_sqlite(name: str) -> Database:
    if not name or name.startswith(":memory:") or "?" in name:
        raise StoreRefused("The database URL must name an SQLite file, without options.")
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        raise StoreRefused(f"SQLite {sqlite3.sqlite_version} is too old; 3.37 is the oldest that works.")
    path = Path(name)
    _create_private(path)
    writers = _sqlite_engine(path, size=1, query_only=False)
    event.listen(writers, "begin", _begin_immediate)
    readers = _sqlite_engine(path, size=READERS, query_only=True)
    event.listen(readers, "begin", _begin_reading)
    return Database(readers, writers, path, watch=None, connect=None, turns=Turns(DATABASE_WAIT_SECONDS))


def _create_private(path: Path) -> None:
    """Make the file readable for its owner alone; SQLite gives its log files the same mode."""
    with contextlib.suppress(FileExistsError, OSError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def sqlite_connection(path: Path, *, busy_seconds: float = BUSY_WAIT_SECONDS) -> sqlite3.Connection:
    """Open a connection in autocommit with the settings that every connection of ours has."""
    connection = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False, cached_statements=512
    )
    try:
        # The log mode is kept in the file: only the first connection ever changes it.
        connection.execute("PRAGMA journal_mode = WAL")
        # An acknowledged credential survives a power cut: every commit is flushed.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA journal_size_limit = 67108864")
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def _sqlite_engine(path: Path, *, size: int, query_only: bool) -> Engine:
    def create() -> sqlite3.Connection:
        connection = sqlite_connection(path)
        if query_only:
            connection.execute("PRAGMA query_only = ON")
        else:
            # Writers wait in `_begin_immediate`; once they have the lock, nothing else is busy.
            connection.execute("PRAGMA busy_timeout = 0")
        return connection

    return sa.create_engine(
        "sqlite+pysqlite://",
        creator=create,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=DATABASE_WAIT_SECONDS,
        hide_parameters=True,
    )


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _begin_immediate(connection: Connection) -> None:
    """Take the write lock at the start: a transaction that reads first and writes later fails at once when beaten.

    SQLite's own wait sleeps up to 100 ms between tries and loses against a process that writes
    without pause; short, even sleeps give both their turns.
    """
    driver = connection.connection.driver_connection
    if not isinstance(driver, sqlite3.Connection):
        raise TypeError("not an SQLite connection")
    deadline = time.monotonic() + BUSY_WAIT_SECONDS
    while True:
        try:
            driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.001)
        else:
            return


def _open_postgres(url: str) -> Database:
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        raise StoreRefused("The database URL is not a valid postgresql:// URI.") from None
    settings = (
        f"-c statement_timeout={STATEMENT_SECONDS}s -c lock_timeout={STATEMENT_SECONDS}s"
        # A client that froze inside a transaction must not keep its locks for ever.
        " -c idle_in_transaction_session_timeout=30s"
        # Durable whatever the server's default is: an acknowledged credential survives a power cut.
        " -c synchronous_commit=on -c timezone=UTC -c client_min_messages=warning"
        # Compiling a statement takes longer than any of ours runs.
        " -c jit=off"
    )
    options: dict[str, Any] = {
        "options": f"{given.get('options') or ''} {settings}".strip(),
        "client_encoding": "utf8",
        "application_name": given.get("application_name") or "sealwright",
        "connect_timeout": CONNECT_SECONDS,
        "tcp_user_timeout": DATABASE_WAIT_SECONDS * 1000,
        "keepalives_idle": 5,
        "keepalives_interval": 2,
        "keepalives_count": 3,
    }

    def connect() -> psycopg.Connection[Any]:
        return psycopg.connect(url, autocommit=True, **options)

    writers = _postgres_engine(lambda: psycopg.connect(url, **options), POSTGRES_WRITERS)
    readers = _postgres_engine(lambda: _reading(psycopg.connect(url, **options)), READERS)
    watch = SocketWatch(DATABASE_WAIT_SECONDS - 0.5)
    return Database(readers, writers, None, watch=watch, connect=connect, options={"conninfo": url, **options})


def _reading(connection: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """One snapshot for the whole unit of work, as on SQLite, and no writing by mistake."""
    connection.read_only = True
    connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    return connection


def _postgres_engine(create: Callable[[], psycopg.Connection[Any]], size: int) -> Engine:
    engine = sa.create_engine(
        "postgresql+psycopg://",
        creator=create,
        poolclass=QueuePool,
        pool_size=size,
        max_overflow=0,
        pool_timeout=DATABASE_WAIT_SECONDS,
        pool_use_lifo=True,
        use_native_hstore=False,
        hide_parameters=True,
    )
    event.listen(engine, "checkout", _refuse_dead)
    return engine


def _refuse_dead(connection: object, record: object, proxy: object) -> None:  # noqa: ARG001 - the pool's signature
    """Replace a connection that died while it lay in the pool, without the round trip of a ping.

    An idle connection has nothing to read. If it has, the server said good-bye or hung up.
    """
    driver = _postgres_of(connection)
    if driver.closed or _has_news(driver.fileno()):
        raise sa.exc.DisconnectionError


def _has_news(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN | select.POLLHUP | select.POLLERR)
    return bool(poll.poll(0))
