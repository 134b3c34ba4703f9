"""Hot statements as prepared text for both drivers, written once in PostgreSQL's form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.transaction import Transaction

_LOCK = " FOR UPDATE"


@dataclass(frozen=True, slots=True)
class DriverText:
    """A statement for both drivers.

    Written with `%s` for parameters, `= ANY(%s)` and `<> ALL(%s)` for lists; what SQLite cannot say otherwise must
    not stand in it.
    """

    postgres: str
    sqlite: str

    @classmethod
    def of(cls, text: str) -> DriverText:
        """Make the two forms."""
        listed = "(SELECT value FROM json_each(%s))"
        sqlite = text.replace("= ANY(%s)", f"IN {listed}").replace("<> ALL(%s)", f"NOT IN {listed}")
        return cls(text, sqlite.replace("%s", "?"))

    def rows(self, transaction: Transaction, *parameters: object, lock: bool = False) -> list[tuple[Any, ...]]:
        """Run it and give its rows.

        Args:
            parameters: Lists for lists.
            lock: Lock the rows that it finds until the end, in a unit of work that writes.
        """
        if transaction.is_sqlite:
            return transaction.driver_rows(self.sqlite, [_in_sqlite(one) for one in parameters])
        locks = lock and transaction.writes
        return transaction.driver_rows(self.postgres + _LOCK if locks else self.postgres, parameters)

    def many(self, transaction: Transaction, rows: Sequence[Sequence[object]]) -> int:
        """Run it once for each row of parameters; gives how many rows of the table it changed."""
        if not rows:
            return 0
        return transaction.driver_many(self.sqlite if transaction.is_sqlite else self.postgres, rows)


def selecting(table: sa.Table, rest: str) -> DriverText:
    """Give the statement that reads whole rows, in the order of the table's columns."""
    names = ", ".join(column.name for column in table.columns)
    return DriverText.of(f"SELECT {names} FROM {table.name} {rest}")  # noqa: S608 - names of our own tables


def is_index(error: AlreadyTaken, index: sa.Index) -> bool:
    """Tell whether a unique index refused; SQLite names its columns instead."""
    table = "" if index.table is None else index.table.name
    return error.concerns(str(index.name), ", ".join(f"{table}.{column.name}" for column in index.columns))


def _in_sqlite(value: object) -> object:
    return msgspec.json.encode(value).decode() if isinstance(value, list | tuple) else value
