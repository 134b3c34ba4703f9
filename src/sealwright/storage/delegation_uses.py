"""Ledgers of delegations: counted acts with the sums before each, so that any stretch of time is two look-ups.

Whatever is summed up is exact and has no largest value: a sum is kept as two columns.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from sealwright.domain.delegations import LedgerRow, Use, Used
from sealwright.domain.errors import StateConflict
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.delegation_tables import delegation_uses
from sealwright.storage.driver_text import DriverText
from sealwright.storage.transaction import Transaction

_LOW_BITS: Final = 62
_LOW: Final = (1 << _LOW_BITS) - 1
_HEADS: Final = DriverText.of(
    "SELECT delegation_id, calls, spent_high, spent_low, last_used_at FROM delegations WHERE delegation_id = ANY(%s)"
)
_FIRST_AFTER: Final = (
    "SELECT no, spent_high, spent_low FROM delegation_uses WHERE delegation_id = {id} AND at > {at} "
    "ORDER BY at, no LIMIT 1"
)
_WINDOWS_SQLITE: Final = (
    "SELECT w.id, w.moment, d.calls, d.spent_high, d.spent_low, u.no, u.spent_high, u.spent_low "
    "FROM (SELECT value ->> 0 AS id, value ->> 1 AS moment FROM json_each(?)) w "
    "JOIN delegations d ON d.delegation_id = w.id JOIN delegation_uses u ON u.delegation_id = w.id AND (u.at, u.no) = "
    "(SELECT at, no FROM delegation_uses WHERE delegation_id = w.id AND at > w.moment ORDER BY at, no LIMIT 1)"
)
_WINDOWS_POSTGRES: Final = (
    "SELECT w.id, w.moment, d.calls, d.spent_high, d.spent_low, u.no, u.spent_high, u.spent_low "  # noqa: S608 - our own text
    "FROM unnest(%s::text[], %s::int8[]) AS w (id, moment) JOIN delegations d ON d.delegation_id = w.id "
    f"JOIN LATERAL ({_FIRST_AFTER.format(id='d.delegation_id', at='w.moment')}) u ON TRUE"
)
_COUNT: Final = RowWriter(delegation_uses)
_MOVE_HEAD: Final = DriverText(
    "UPDATE delegations d SET calls = n.calls, spent_high = n.high, spent_low = n.low, last_used_at = n.at "
    "FROM unnest(%s::text[], %s::int8[], %s::int8[], %s::int8[], %s::int8[]) AS n (id, calls, high, low, at) "
    "WHERE d.delegation_id = n.id",
    "UPDATE delegations SET calls = ?, spent_high = ?, spent_low = ?, last_used_at = ? WHERE delegation_id = ?",
)
_LEDGER: Final = DriverText.of(
    "SELECT delegation_id, at, no, call_id, micros, spent_high, spent_low FROM delegation_uses "
    "WHERE delegation_id = %s AND (at, no) > (%s, %s) ORDER BY at, no LIMIT %s"
)
_CARRY_ROWS: Final = DriverText.of(
    "INSERT INTO delegation_uses (delegation_id, at, no, call_id, micros, spent_high, spent_low) "
    "SELECT %s, at, no, call_id, micros, spent_high, spent_low FROM delegation_uses "
    "WHERE delegation_id = %s AND at > %s"
)
_CARRY_HEAD: Final = DriverText.of(
    "UPDATE delegations SET (calls, spent_high, spent_low, last_used_at) = "
    "(SELECT calls, spent_high, spent_low, last_used_at FROM delegations WHERE delegation_id = %s) "
    "WHERE delegation_id = %s"
)
_FORGET: Final = DriverText.of(
    "DELETE FROM delegation_uses WHERE (delegation_id, at, no) IN "
    "(SELECT delegation_id, at, no FROM delegation_uses WHERE at < %s ORDER BY at LIMIT %s) RETURNING 1"
)
Window = tuple[str, datetime]


class Ledgers:
    """The ledgers in the database. Heads are locked by who counts; nobody else writes them."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def used(self, windows: Collection[Window]) -> Mapping[Window, Used]:
        """What was counted after given moments; nothing for delegations that are not there."""
        asked = [(delegation_id, seconds_of(moment)) for delegation_id, moment in windows]
        found: dict[tuple[str, int], Used] = {}
        for delegation_id, seconds, head, first in self._openings(asked):
            spent = _sum(head[1], head[2]) - _sum(first[1], first[2])
            found[(delegation_id, seconds)] = Used(spent, head[0] - first[0])
        return {window: found.get(key, Used()) for window, key in zip(windows, asked, strict=True)}

    def count(self, uses: Sequence[Use]) -> None:
        """Add acts to ledgers whose heads are locked, each at the moment of the one before it or later.

        Raises:
            StateConflict: A delegation is not there.
        """
        heads = {row[0]: row[1:] for row in self._heads({use.delegation_id for use in uses})}
        rows: list[tuple[object, ...]] = []
        for use in uses:
            if use.delegation_id not in heads:
                raise StateConflict("A delegation is not stored here.")
            calls, high, low, last = heads[use.delegation_id]
            # A clock that went back must not let an act fall out of a window before those that came earlier.
            at = max(seconds_of(use.at), last if last is not None else 0)
            rows.append((use.delegation_id, at, calls, use.call_id, use.micros, high, low))
            spent = _sum(high, low) + use.micros
            heads[use.delegation_id] = (calls + 1, spent >> _LOW_BITS, spent & _LOW, at)
        if rows:
            _COUNT.write(self._transaction, rows)
            self._move(heads)

    def sums(self, delegation_ids: Collection[str]) -> Mapping[str, Used]:
        """What was ever counted."""
        return {row[0]: Used(_sum(row[2], row[3]), row[1]) for row in self._heads(delegation_ids)}

    def ledger(self, delegation_id: str, behind: LedgerRow | None, limit: int) -> tuple[LedgerRow, ...]:
        """Rows of one ledger, oldest first."""
        key = (0, -1) if behind is None else (seconds_of(behind.at), behind.no)
        rows = _LEDGER.rows(self._transaction, delegation_id, *key, limit)
        return tuple(LedgerRow(row[0], moment_of(row[1]), row[2], row[3], row[4], _sum(row[5], row[6])) for row in rows)

    def carry(self, old_id: str, new_id: str, since: datetime) -> None:
        """Begin an empty ledger with the sums of another one, whose head is locked, and its rows after a moment."""
        _CARRY_ROWS.rows(self._transaction, new_id, old_id, seconds_of(since))
        _CARRY_HEAD.rows(self._transaction, old_id, new_id)

    def forget(self, before: datetime, limit: int) -> int:
        """Drop rows from before a moment; the sums go on as if they were there."""
        return len(_FORGET.rows(self._transaction, seconds_of(before), limit))

    def _move(self, heads: Mapping[str, tuple[Any, ...]]) -> None:
        if self._transaction.is_sqlite:
            _MOVE_HEAD.many(self._transaction, [(*head, delegation_id) for delegation_id, head in heads.items()])
            return
        columns = zip(*((delegation_id, *head) for delegation_id, head in sorted(heads.items())), strict=True)
        _MOVE_HEAD.rows(self._transaction, *(list(column) for column in columns))

    def _heads(self, delegation_ids: Collection[str]) -> list[tuple[Any, ...]]:
        return _HEADS.rows(self._transaction, sorted(delegation_ids))

    def _openings(
        self, asked: Sequence[tuple[str, int]]
    ) -> list[tuple[str, int, tuple[int, int, int], tuple[int, int, int]]]:
        """For each window that saw an act: its head, and the sums before its first act."""
        if not asked:
            return []
        if self._transaction.is_sqlite:
            rows = self._transaction.driver_rows(_WINDOWS_SQLITE, (msgspec.json.encode(asked).decode(),))
        else:
            ids, moments = [one[0] for one in asked], [one[1] for one in asked]
            rows = self._transaction.driver_rows(_WINDOWS_POSTGRES, (ids, moments))
        return [(row[0], row[1], row[2:5], row[5:8]) for row in rows]


def _sum(high: int, low: int) -> int:
    return (high << _LOW_BITS) + low
