"""Calls counted per bucket and minute, shared by every process and kept over restarts.

A bucket's minute begins with its first call, so that exactly `limit` calls pass from then on until
it ends, and the end is what a refused caller is told. Calls that are refused count too.

Counting is in the way of every call, so it is never flushed: on PostgreSQL an unlogged table, on SQLite
a file of its own beside the database, written with ``synchronous = OFF``. A power cut may lose the
counters of one minute or spoil that file, which is then made anew; it cannot touch the database.
Buckets hold addresses, so they are kept as digests, and only as long as their minute needs.

While the store of the counters does not answer, or its disk is full, each process counts for itself:
reading and verifying go on as long as they can, and nobody passes uncounted.
"""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg

from sealwright.domain.errors import StoreUnavailable
from sealwright.services.rate_ports import RateHit, RateLimiter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.engines import Database
from sealwright.storage.own_connection import OwnConnection
from sealwright.storage.watch import SocketWatch

WINDOW_SECONDS: Final = 60
_DIGEST_BYTES: Final = 16
_SWEEP_EVERY_SECONDS: Final = 60
# A call that is only counted must not wait as long as one that is carried out.
_WAIT_SECONDS: Final = 2
_COLLISION_SECONDS: Final = 0.01
_TRY_AGAIN_SECONDS: Final = 2
_MOST_OWN_WINDOWS: Final = 10_000

_UPSERT: Final = """
INSERT INTO rate_windows AS w (bucket, started_at, hits) {rows}
ON CONFLICT (bucket) DO UPDATE SET
  hits = CASE WHEN {over} THEN excluded.hits ELSE w.hits + excluded.hits END,
  started_at = CASE WHEN {over} THEN excluded.started_at ELSE w.started_at END
RETURNING bucket, started_at, hits
"""
# Over when its minute has passed; also when it begins in the future, because the clock was set back.
_OVER: Final = f"(w.started_at <= excluded.started_at - {WINDOW_SECONDS} OR w.started_at > excluded.started_at)"
_UPSERT_SQLITE: Final = _UPSERT.format(rows="VALUES (?, ?, ?)", over=_OVER)
_UPSERT_POSTGRES: Final = _UPSERT.format(
    rows="SELECT bucket, %b::int8, hits FROM unnest(%b::bytea[], %b::int8[]) AS new (bucket, hits)", over=_OVER
)
_SWEEP_SQLITE: Final = "DELETE FROM rate_windows WHERE started_at <= ?"
_SWEEP_POSTGRES: Final = "DELETE FROM rate_windows WHERE started_at <= %b"

# By bucket digest: when its window began, and the calls counted in it, the new ones included.
Windows = Mapping[bytes, tuple[int, int]]


class WindowStore(Protocol):
    """Where the windows are kept."""

    def add(self, calls: Sequence[tuple[bytes, int]], now: int) -> Windows:
        """Count calls by bucket digest and give the windows as they are then."""

    def sweep(self, ended: int) -> None:
        """Forget windows that began at or before that second."""


class StoredRateLimiter:
    """Counts calls in the database or beside it, and in this process while that cannot be done."""

    def __init__(self, windows: WindowStore) -> None:
        self._windows = windows
        self._own = _OwnWindows()
        self._shared_again_at = 0.0
        self._swept_at = 0

    def hit_many(self, hits: Sequence[tuple[str, int]], now: datetime) -> tuple[RateHit, ...]:
        """Count a call for each (bucket, limit per minute), in order; a limit of 0 passes uncounted."""
        seconds = seconds_of(now)
        digests = [_digest(bucket) if limit > 0 else b"" for bucket, limit in hits]
        calls = Counter(digest for digest in digests if digest)
        if not calls:
            return tuple(RateHit(allowed=True, limit=0, remaining=0, reset_seconds=0) for _ in hits)
        # In order of bucket: two processes that count the same buckets must not wait for each other.
        windows = self._add(sorted(calls.items()), seconds)
        return _judge(hits, digests, calls, windows, seconds)

    def _add(self, calls: Sequence[tuple[bytes, int]], now: int) -> Windows:
        if time.monotonic() >= self._shared_again_at:
            try:
                windows = self._windows.add(calls, now)
                if abs(now - self._swept_at) >= _SWEEP_EVERY_SECONDS:
                    self._swept_at = now
                    self._windows.sweep(now - 2 * WINDOW_SECONDS)
            except StoreUnavailable:
                # Not asked again at every call: each try may cost its callers seconds.
                self._shared_again_at = time.monotonic() + _TRY_AGAIN_SECONDS
            else:
                return windows
        return self._own.add(calls, now)


def _judge(
    hits: Iterable[tuple[str, int]], digests: Iterable[bytes], calls: Mapping[bytes, int], windows: Windows, now: int
) -> tuple[RateHit, ...]:
    counted = {digest: windows[digest][1] - count for digest, count in calls.items()}
    answers = []
    for (_, limit), digest in zip(hits, digests, strict=True):
        if not digest:
            answers.append(RateHit(allowed=True, limit=0, remaining=0, reset_seconds=0))
            continue
        counted[digest] += 1
        answers.append(
            RateHit(
                allowed=counted[digest] <= limit,
                limit=limit,
                remaining=max(0, limit - counted[digest]),
                reset_seconds=max(1, windows[digest][0] + WINDOW_SECONDS - now),
            )
        )
    return tuple(answers)


def _digest(bucket: str) -> bytes:
    return hashlib.blake2b(bucket.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()


class _OwnWindows:
    """Windows of this process alone."""

    def __init__(self) -> None:
        self._windows: dict[bytes, tuple[int, int]] = {}
        self._lock = threading.Lock()

    def add(self, calls: Sequence[tuple[bytes, int]], now: int) -> Windows:
        with self._lock:
            if len(self._windows) > _MOST_OWN_WINDOWS:
                self.sweep(now - WINDOW_SECONDS)
            for digest, hits in calls:
                started_at, before = self._windows.get(digest, (now, 0))
                if started_at <= now - WINDOW_SECONDS or started_at > now:
                    started_at, before = now, 0
                self._windows[digest] = (started_at, before + hits)
            return {digest: self._windows[digest] for digest, _ in calls}

    def sweep(self, ended: int) -> None:
        self._windows = {digest: one for digest, one in self._windows.items() if one[0] > ended}


class _PostgresWindows:
    def __init__(self, connection: OwnConnection[psycopg.Connection[Any]]) -> None:
        self._connection = connection

    def add(self, calls: Sequence[tuple[bytes, int]], now: int) -> Windows:
        parameters = (now, [digest for digest, _ in calls], [count for _, count in calls])
        rows = self._connection.run(
            lambda driver: driver.execute(_UPSERT_POSTGRES, parameters, prepare=True).fetchall()
        )
        return {row[0]: (row[1], row[2]) for row in rows}

    def sweep(self, ended: int) -> None:
        self._connection.run(lambda driver: driver.execute(_SWEEP_POSTGRES, (ended,)))


class _SqliteWindows:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection = OwnConnection(self._open, None, wait_seconds=_WAIT_SECONDS)

    def add(self, calls: Sequence[tuple[bytes, int]], now: int) -> Windows:
        def count(driver: sqlite3.Connection) -> Windows:
            windows = {}
            driver.execute("BEGIN IMMEDIATE")
            try:
                for digest, hits in calls:
                    row = driver.execute(_UPSERT_SQLITE, (digest, now, hits)).fetchone()
                    windows[row[0]] = (row[1], row[2])
                driver.execute("COMMIT")
            except sqlite3.Error:
                if driver.in_transaction:
                    driver.execute("ROLLBACK")
                raise
            return windows

        return self._connection.run(count)

    def sweep(self, ended: int) -> None:
        self._connection.run(lambda driver: driver.execute(_SWEEP_SQLITE, (ended,)))

    def close(self) -> None:
        self._connection.close()

    def _open(self) -> sqlite3.Connection:
        gives_up_at = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                return self._open_once()
            except sqlite3.OperationalError:
                # SQLite does not wait for its turn to change the journal mode: processes that start together collide.
                if time.monotonic() >= gives_up_at:
                    raise
                time.sleep(_COLLISION_SECONDS)

    def _open_once(self) -> sqlite3.Connection:
        try:
            return _open_windows(self._path)
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError:
            # Spoiled by a power cut: counters of one minute are not worth a closed office.
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
            return _open_windows(self._path)


def _open_windows(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=_WAIT_SECONDS, isolation_level=None, check_same_thread=False)
    try:
        path.chmod(0o600)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS rate_windows "
            "(bucket BLOB PRIMARY KEY, started_at INTEGER NOT NULL, hits INTEGER NOT NULL) STRICT, WITHOUT ROWID"
        )
    except (sqlite3.Error, OSError):
        connection.close()
        raise
    return connection


def _connect_unflushed(database: Database) -> psycopg.Connection[Any]:
    driver = database.postgres()
    driver.execute("SET synchronous_commit = off")
    return driver


def make_rate_limiter(database: Database) -> RateLimiter:
    """Make the limiter that every process on this database shares; on SQLite it keeps ``<file>.rates``."""
    if database.path is not None:
        windows = _SqliteWindows(database.path.with_name(f"{database.path.name}.rates"))
        database.on_close(windows.close)
        return StoredRateLimiter(windows)
    watch = SocketWatch(_WAIT_SECONDS)
    connection = OwnConnection(lambda: _connect_unflushed(database), watch, wait_seconds=_WAIT_SECONDS)
    database.on_close(connection.close)
    database.on_close(watch.stop)
    return StoredRateLimiter(_PostgresWindows(connection))
