"""A driver connection outside the pools, for small calls that must cost little: one at a time, healing by itself."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

import psycopg

from sealwright.domain.errors import StoreUnavailable
from sealwright.storage.engines import DATABASE_WAIT_SECONDS
from sealwright.storage.errors import refusal_for
from sealwright.storage.watch import SocketWatch

T = TypeVar("T")
Driver = TypeVar("Driver", sqlite3.Connection, psycopg.Connection[Any])

_ERRORS: Final = (psycopg.Error, sqlite3.Error)


class OwnConnection(Generic[Driver]):
    """Lends one connection to one thread at a time; a broken one is replaced at the next call.

    Args:
        connect: Opens the connection, in autocommit.
        watch: Shuts down a connection that says nothing, on PostgreSQL.
        wait_seconds: How long a thread waits for its turn.
    """

    def __init__(
        self, connect: Callable[[], Driver], watch: SocketWatch | None, *, wait_seconds: float = DATABASE_WAIT_SECONDS
    ) -> None:
        self._connect: Callable[[], Driver] = connect
        self._watch = watch
        self._wait_seconds = wait_seconds
        self._lock = threading.Lock()
        self._driver: Driver | None = None

    def run(self, act: Callable[[Driver], T]) -> T:
        """Carry out one statement, again on a new connection if the old one turns out to be dead.

        Only for statements that may be carried out twice.

        Raises:
            StoreUnavailable: The database does not answer.
        """
        if not self._lock.acquire(timeout=self._wait_seconds):
            raise StoreUnavailable("The database does not answer; try again later.")
        try:
            return self._run(act)
        except StoreUnavailable:
            self._drop()
            raise
        except _ERRORS as error:
            self._drop()
            raise refusal_for(error) from None
        finally:
            self._lock.release()

    def close(self) -> None:
        """Close the connection; the next call would open another."""
        with self._lock:
            self._drop()

    def _run(self, act: Callable[[Driver], T]) -> T:
        if self._driver is not None:
            try:
                return self._watched(self._driver, act)
            except _ERRORS:
                # Dead while it lay idle, most likely: that is no reason to refuse a call.
                if not _is_broken(self._driver):
                    raise
                self._drop()
        self._driver = self._connect()
        return self._watched(self._driver, act)

    def _watched(self, driver: Driver, act: Callable[[Driver], T]) -> T:
        descriptor = _socket_of(driver)
        if self._watch is None or descriptor is None:
            return act(driver)
        self._watch.enter(descriptor)
        try:
            return act(driver)
        finally:
            if not self._watch.leave(descriptor):
                # The caller's time is used up: no second try.
                raise StoreUnavailable("The database does not answer; try again later.") from None

    def _drop(self) -> None:
        driver, self._driver = self._driver, None
        if driver is not None:
            with contextlib.suppress(*_ERRORS):
                driver.close()


def _socket_of(driver: sqlite3.Connection | psycopg.Connection[Any]) -> int | None:
    return driver.fileno() if isinstance(driver, psycopg.Connection) and not driver.closed else None


def _is_broken(driver: sqlite3.Connection | psycopg.Connection[Any]) -> bool:
    return isinstance(driver, psycopg.Connection) and bool(driver.closed)
