"""The tables as they lie in the database: read and written by SQL, past the program, as a stranger would.

Each call opens a connection of its own. Values come in the same form from both databases: uids as text, bytes as
bytes, truth as bool.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg

_SQLITE: Final = "sqlite:///"


@dataclass(frozen=True, slots=True)
class Rows:
    """A database by its URL."""

    url: str

    @property
    def is_sqlite(self) -> bool:
        """Tell which of the two databases it is."""
        return self.url.startswith(_SQLITE)

    @property
    def path(self) -> Path:
        """The file, on SQLite."""
        return Path(self.url.removeprefix(_SQLITE))

    def read(self, statement: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Rows of one query; ``?`` stands for a value."""
        if self.is_sqlite:
            with contextlib.closing(sqlite3.connect(self.path, timeout=30)) as file:
                return [tuple(row) for row in file.execute(statement, tuple(values))]
        with psycopg.connect(self.url, autocommit=True) as server:
            # The text is written by the tests themselves.
            found = server.execute(statement.replace("?", "%s").encode(), tuple(values))
            return [tuple(map(_plain, row)) for row in found.fetchall()]

    def run(self, *statements: str) -> None:
        """Carry out statements, each by itself."""
        if self.is_sqlite:
            with contextlib.closing(sqlite3.connect(self.path, timeout=30, isolation_level=None)) as file:
                for statement in statements:
                    file.execute(statement)
            return
        with psycopg.connect(self.url, autocommit=True) as server:
            for statement in statements:
                server.execute(statement.encode())

    def value(self, statement: str, values: Sequence[object] = ()) -> Any:
        """The first value of the first row."""
        return self.read(statement, values)[0][0]


def uid_text(value: object) -> str:
    """A uid from either database as text."""
    return str(UUID(bytes=value)) if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    return bytes(value) if isinstance(value, memoryview) else value
