"""Conditions over person numbers: short lists by name, long ones as one byte for each number."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa

from sealwright.storage.people_search import Matches
from sealwright.storage.transaction import Transaction

# Up to here an index is asked for each number; beyond, each row is asked for its byte.
MOST_LISTED: Final = 1000


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
    """Give the condition that the byte of a column's number is 1; numbers behind the last byte have none."""
    blob = sa.literal(marks, sa.LargeBinary)
    if transaction.is_sqlite:
        return sa.func.substr(blob, column + 1, 1) == sa.literal(b"\x01", sa.LargeBinary)
    # A number that was given out after the search has no byte; `get_byte` would refuse it.
    place = sa.func.least(column, len(marks) - 1)
    return sa.and_(column < len(marks), sa.func.get_byte(blob, sa.cast(place, sa.Integer)) == 1)
