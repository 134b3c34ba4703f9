"""Remembering what was used for all processes of a server: in one table of a database that they share.

Only this module of the library needs SQLAlchemy; a server of one process does without both.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
import os
import sqlite3
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import Pool, QueuePool

from sealwright.relying.replay import MemoryFull

TABLE: Final = "sealwright_used_names"
MOST_SHARED: Final = 1_000_000
KEPT_LONGER: Final = timedelta(minutes=5)
"""How far the clocks of the processes may be apart: what is over by one of them may not be over by another."""
BATCH: Final = 512
"""Rows that are removed at a time."""
_ROUND: Final = 128  # Names that a process takes between two removals: it removes more than it adds.
_SHARE: Final = 64
_WAIT_SECONDS: Final = 5
_CONNECTIONS: Final = 8
_MAKING: Final = 0x5EA1_0101  # An advisory lock of our own on PostgreSQL.

_METADATA: Final = sa.MetaData()
_USED: Final = sa.Table(
    TABLE,
    _METADATA,
    sa.Column("name", sa.LargeBinary(32), primary_key=True, comment="SHA-256 of what was used"),
    sa.Column("until", sa.BigInteger, nullable=False, index=True, comment="whole seconds since 1970"),
    sqlite_with_rowid=False,
)


class DatabaseMemory:
    """A `ReplayMemory` that all processes with the same database share, and that outlives them.

    The table is made where it is missing. Whatever keeps a name from being remembered (no answer within five seconds,
    a full table) refuses it, so nothing is taken twice while a database is away. Safe for many threads, and for
    processes that fork.

    Args:
        database: ``sqlite:///path`` for processes of one machine (a local disk, a folder that is there), or
            ``postgresql://…``; or an engine of PostgreSQL, which stays its owner's to close and whose own settings say
            how long it waits.
        most: How many names the table may hold; a token takes two, for eleven minutes at most. It is counted now and
            again, so that each process may go beyond by a sixty-fourth.

    Raises:
        ValueError: No such address, or a database that processes cannot share.
    """

    def __init__(self, database: str | Engine, *, most: int = MOST_SHARED) -> None:
        self._is_ours = isinstance(database, str)
        self._engine = _open(database) if isinstance(database, str) else _taken(database)
        # What is one statement needs no transaction around it, which would be two more journeys to a server.
        is_server = self._engine.dialect.name == "postgresql"
        self._single = self._engine.execution_options(isolation_level="AUTOCOMMIT") if is_server else self._engine
        self._most = most
        self._insert = _insertion(self._engine.dialect.name)
        self._of_parents: list[Pool] = []
        self._start()

    def _start(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.Lock()
        self._is_ready = False
        # Names that may be taken before expired ones are removed, and before all are counted, again.
        self._to_removal = self._to_count = 0

    def spend(self, name: str, *, until: datetime, now: datetime) -> bool:
        """As `ReplayMemory.spend`; a name is remembered for `KEPT_LONGER` beyond its end.

        Raises:
            MemoryFull: The table is full, or the database did not answer. In the second case nobody knows whether the
                name was remembered.
            ValueError: A moment without a zone.
        """
        if until.tzinfo is None or now.tzinfo is None:
            raise ValueError("Moments are aware.")
        if os.getpid() != self._pid:
            # A connection that parent and child both speak through would mix up their answers. Nor may the child close
            # it, which would tidy up a file that the parent still writes to.
            self._of_parents.append(self._engine.pool)
            self._engine.dispose(close=False)
            self._start()
        row = {
            "name": hashlib.sha256(name.encode()).digest(),
            "until": math.ceil(until.timestamp()),
            "over": _over(now),
        }
        try:
            return self._spent(row)
        except SQLAlchemyError as error:
            raise MemoryFull from error

    def close(self) -> None:
        """Close its connections; names stay, and it opens new ones when it is asked again."""
        if self._is_ours:
            self._engine.dispose()

    def _spent(self, row: dict[str, Any]) -> bool:
        self._make_table()
        with self._lock:
            is_removing, is_counting = self._to_removal <= 0, self._to_count <= 0
            self._to_removal = _ROUND if is_removing else self._to_removal - 1
            self._to_count -= 1
        if is_removing:
            self._remove(row["over"])
        found = self._inserted(row, is_counting=is_counting)
        if found is None and self._remove(row["over"]):
            found = self._inserted(row, is_counting=True)
        if found is None:
            raise MemoryFull
        return found

    def _make_table(self) -> None:
        if self._is_ready:
            return
        with self._engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                # Two that make the same table at once would trip over each other's names.
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MAKING)))
            _METADATA.create_all(connection)
        self._is_ready = True

    def _inserted(self, row: dict[str, Any], *, is_counting: bool) -> bool | None:
        """Whether the name was new; None where there is no room for it, and then it is not there."""
        with (self._engine if is_counting else self._single).connect() as connection:
            is_new = connection.execute(self._insert, row).first() is not None
            if is_new and is_counting and not self._has_room(connection):
                connection.rollback()
                return None
            connection.commit()
        return is_new

    def _has_room(self, connection: Connection) -> bool:
        left = self._most - connection.execute(_COUNT).scalar_one()
        with self._lock:
            self._to_count = min(max(left, 0), self._most // _SHARE)
        return left >= 0

    def _remove(self, over: int) -> int:
        """Remove some of what is over; tells how many."""
        with self._engine.begin() as connection:
            return connection.execute(_REMOVAL, {"over": over}).rowcount


def _over(now: datetime) -> int:
    """The last end that lies so far back that it is past by everybody's clock; whole seconds since 1970."""
    return math.floor((now - KEPT_LONGER).timestamp())


_COUNT: Final = sa.select(sa.func.count()).select_from(_USED)
# Rows that another process is removing already are passed over, and not waited for.
_REMOVAL: Final = sa.delete(_USED).where(
    _USED.c.name.in_(
        sa.select(_USED.c.name)
        .where(_USED.c.until <= sa.bindparam("over"))
        .order_by(_USED.c.until)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
        .scalar_subquery()
    )
)


def _insertion(dialect: str) -> sa.Executable:
    """Insert a name, or take it anew where it is over and still there: in one statement, so that one of many does.

    It answers with a row where it did.
    """
    statement = (postgresql.insert if dialect == "postgresql" else sqlite.insert)(_USED)
    values: dict[str, sa.ColumnElement[Any]] = {"name": sa.bindparam("name"), "until": sa.bindparam("until")}
    taken = statement.values(values).on_conflict_do_update(
        index_elements=[_USED.c.name],
        set_={"until": statement.excluded.until},
        where=_USED.c.until <= sa.bindparam("over"),
    )
    return taken.returning(_USED.c.until)


def _open(address: str) -> Engine:
    try:
        url = make_url(address)
    except ArgumentError:
        raise ValueError("A database is named as sqlite:///path or postgresql://…") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        options = {
            "connect_timeout": _WAIT_SECONDS,
            "tcp_user_timeout": _WAIT_SECONDS * 1000,
            "options": f"-c statement_timeout={_WAIT_SECONDS}s -c lock_timeout={_WAIT_SECONDS}s",
        }
        return sa.create_engine(
            url.set(drivername="postgresql+psycopg"),
            # What the address says itself comes first.
            connect_args={name: value for name, value in options.items() if name not in url.query},
            isolation_level="READ COMMITTED",
            pool_size=_CONNECTIONS,
            max_overflow=0,
            pool_timeout=_WAIT_SECONDS,
            pool_pre_ping=True,
        )
    if backend != "sqlite":
        raise ValueError("A database is named as sqlite:///path or postgresql://…")
    if not url.database or url.database == ":memory:" or url.query or url.database.startswith("file:"):
        raise ValueError("Processes share a database in a file that is named without options.")
    return _open_file(Path(url.database))


def _open_file(path: Path) -> Engine:
    # One connection: threads wait for it here, where they are served in turn, and not in the file's busy wait.
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        connect_args={"timeout": _WAIT_SECONDS, "check_same_thread": False},
        poolclass=QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=_WAIT_SECONDS,
    )

    @event.listens_for(engine, "do_connect")
    def _private(*_: Any) -> None:
        # Whoever else could write to the file could make a used token new again.
        with contextlib.suppress(OSError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    @event.listens_for(engine, "connect")
    def _by_hand(connection: Any, _: object) -> None:
        connection.isolation_level = None
        # A log in the place of a journal: one flush for each name, and it survives a power cut even so.
        _keep_log(connection)
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def _to_write(connection: Connection) -> None:
        # A transaction that only becomes one of writing later may be refused at once instead of waiting.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _keep_log(connection: sqlite3.Connection) -> None:
    """Have the file's writes logged; while another process changes that, SQLite refuses at once instead of waiting."""
    end = time.monotonic() + _WAIT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
            time.sleep(0.01)
        else:
            return


def _taken(engine: Engine) -> Engine:
    if engine.dialect.name != "postgresql":
        raise ValueError("An engine is one of a PostgreSQL database; a file is named as sqlite:///path.")
    return engine.execution_options(isolation_level="READ COMMITTED")
