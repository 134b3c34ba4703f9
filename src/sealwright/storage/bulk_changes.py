"""Changing, dropping and counting many rows at once, by the fastest way that each database has.

Measured for 200 rows on PostgreSQL, client time per row: arrays through ``unnest`` 5 µs, pipelined ``executemany`` 50.
For a few rows the plain statement wins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import sqlalchemy as sa

from sealwright.storage.bulk_rows import postgres_type
from sealwright.storage.driver_text import DriverText
from sealwright.storage.transaction import Transaction

_ARRAYS_FROM: Final = 4


class RowChanger:
    """One statement for each row, and one for many, whose rows come as arrays of columns."""

    def __init__(self, each: str, many: str) -> None:
        self._each = DriverText.of(each)
        self._many = many

    def write(self, transaction: Transaction, rows: Sequence[Sequence[object]]) -> int:
        """Do it for each row of values; gives how many rows of the table were changed.

        Raises:
            AlreadyTaken: A unique value is taken.
            StoreUnavailable: The database does not answer.
        """
        if transaction.is_sqlite or len(rows) < _ARRAYS_FROM:
            return self._each.many(transaction, rows)
        columns = [list(column) for column in zip(*rows, strict=True)]
        return len(transaction.driver_rows(self._many, columns))


def updating(table: sa.Table, changed: Sequence[str], keys: Sequence[str]) -> RowChanger:
    """Set columns of the rows that have these keys; values in the order of both lists, moments as seconds."""
    new = [f"c{place}" for place in range(len(changed) + len(keys))]
    values = ", ".join(f"{name} = new.{one}" for name, one in zip(changed, new, strict=False))
    which = " AND ".join(f"old.{name} = new.{one}" for name, one in zip(keys, new[len(changed) :], strict=True))
    one_values = ", ".join(f"{name} = %s" for name in changed)
    one_which = " AND ".join(f"{name} = %s" for name in keys)
    return RowChanger(
        f"UPDATE {table.name} SET {one_values} WHERE {one_which}",  # noqa: S608 - names of our own tables
        f"UPDATE {table.name} AS old SET {values} FROM {_arrays(table, [*changed, *keys])} AS new({', '.join(new)}) "  # noqa: S608
        f"WHERE {which} RETURNING 1",
    )


def deleting(table: sa.Table, keys: Sequence[str]) -> RowChanger:
    """Delete the rows that have these keys; values in their order."""
    each = " AND ".join(f"{name} = %s" for name in keys)
    which = " AND ".join(f"old.{name} = gone.{name}" for name in keys)
    return RowChanger(
        f"DELETE FROM {table.name} WHERE {each}",  # noqa: S608 - names of our own tables
        f"DELETE FROM {table.name} AS old USING {_arrays(table, keys)} AS gone({', '.join(keys)}) "  # noqa: S608
        f"WHERE {which} RETURNING 1",
    )


def counting(table: sa.Table, key: str, further: Sequence[str], counter: str) -> RowChanger:
    """Add to the counter of the row that has this key, or begin one; values are key, further columns and change.

    Rows come sorted by key and are locked in this order.
    """
    names = [key, *further, counter]
    listed = ", ".join(names)
    count = f"ON CONFLICT ({key}) DO UPDATE SET {counter} = {table.name}.{counter} + excluded.{counter}"
    return RowChanger(
        f"INSERT INTO {table.name} ({listed}) VALUES ({', '.join(['%s'] * len(names))}) {count}",  # noqa: S608
        f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {_arrays(table, names)} AS moved({listed}) "  # noqa: S608
        f"ORDER BY {key} {count} RETURNING 1",
    )


def _arrays(table: sa.Table, names: Sequence[str]) -> str:
    return f"unnest({', '.join(f'%s::{postgres_type(table.columns[name])}[]' for name in names)})"
