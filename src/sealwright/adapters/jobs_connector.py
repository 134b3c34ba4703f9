"""A connection to procrastinate's queue that tells when it failed.

A worker of procrastinate outlives its own heartbeat and its own ear: when a connection of either breaks, it goes on
without, deaf, or dead in the eyes of others. So every failure is told, and whoever runs the worker begins it anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, LiteralString

import procrastinate
import psycopg
from procrastinate.connector import Notify
from procrastinate.exceptions import ConnectorException, NoResult
from psycopg import sql

# Fetch and finish jobs, and tell that the worker lives; one more connection hears what is new.
_MOST: Final = 2
_WAIT_SECONDS: Final = 4.0
_LISTEN_SECONDS: Final = 10.0


class AttentiveConnector(procrastinate.PsycopgConnector):
    """Sets `failed` at the first failure.

    Args:
        options: What psycopg opens a connection with, `conninfo` among it.
    """

    def __init__(self, options: Mapping[str, Any]) -> None:
        rest = {name: value for name, value in options.items() if name != "conninfo"}
        super().__init__(conninfo=options["conninfo"], kwargs=rest, min_size=1, max_size=_MOST, timeout=_WAIT_SECONDS)
        self._options = dict(options)
        self.failed = asyncio.Event()

    @contextmanager
    def _watched(self) -> Iterator[None]:
        try:
            yield
        except NoResult:
            raise
        except (ConnectorException, psycopg.Error):
            self.failed.set()
            raise

    async def execute_query_async(self, query: LiteralString, **arguments: Any) -> None:
        """As the parent."""
        with self._watched():
            await super().execute_query_async(query, **arguments)

    async def execute_query_one_async(self, query: LiteralString, **arguments: Any) -> dict[str, Any]:
        """As the parent."""
        with self._watched():
            row: dict[str, Any] = await super().execute_query_one_async(query, **arguments)
            return row

    async def execute_query_all_async(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        """As the parent."""
        with self._watched():
            rows: list[dict[str, Any]] = await super().execute_query_all_async(query, **arguments)
            return rows

    async def listen_notify(self, on_notification: Notify, channels: Iterable[str]) -> None:
        """Hear of new jobs until the connection fails; a silent one is asked now and then."""
        with self._watched():
            async with await psycopg.AsyncConnection.connect(**self._options, autocommit=True) as connection:
                for channel in channels:
                    await connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(channel)))
                while True:
                    async for told in connection.notifies(timeout=_LISTEN_SECONDS):
                        await on_notification(channel=told.channel, payload=told.payload)
                    await connection.execute("SELECT 1")
