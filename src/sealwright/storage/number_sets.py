"""Conditions over person numbers: short lists by name, long ones as one byte for each number."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from sealwright.storage.people_search import Matches
from sealwright.storage.transaction import Transaction

# Up to here an index is asked for each number; beyond, each row is asked for its byte.
MOST_LISTED: Final = 1000
_NEWCOMERS: Final = bytes(100_000)


def numbers_condition(
    transaction: Transaction, column: sa.ColumnElement[Any], matches: Matches
) -> sa.ColumnElement[bool]:
    """Give the condition that a column holds the number of somebody who matches."""
    if matches.people <= MOST_LISTED:
        return listed(transaction, column, matches.numbers())
    return marked(transaction, column, matches.as_bytes())


def listed(transaction: Transaction, column: sa.ColumnElement[Any], numbers: list[int]) -> sa.ColumnElement[bool]:
    """Give the condition that a column holds one of a few numbers."""
    if transaction.is_sqlite:
        values = sa.text("SELECT value FROM json_each(:listed_numbers)").bindparams(
            listed_numbers=msgspec.json.encode(numbers).decode()
        )
        return column.in_(values.columns(sa.column("value", sa.Integer)))
    return column == sa.any_(sa.literal(numbers, sa.ARRAY(sa.BigInteger)))


def marked(transaction: Transaction, column: sa.ColumnElement[Any], marks: bytes) -> sa.ColumnElement[bool]:
    """Give the condition that the byte of a column's number is 1."""
    # People who came after the search have no byte; `get_byte` would refuse their numbers.
    blob = sa.literal(marks + _NEWCOMERS, sa.LargeBinary)
    if transaction.is_sqlite:
        return sa.func.substr(blob, column + 1, 1) == sa.literal(b"\x01", sa.LargeBinary)
    return sa.func.get_byte(blob, sa.cast(column, sa.Integer)) == sa.literal_column("1")
