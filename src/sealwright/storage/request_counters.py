"""Counters of requests, kept in the transaction that moves them.

They count by period, so that totals are sums of a few rows and deep pages begin near their place.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.requests import RequestState
from sealwright.storage.column_types import seconds_of
from sealwright.storage.desk_tables import request_counters as counters
from sealwright.storage.desk_tables import requests
from sealwright.storage.search_layout import name_number
from sealwright.storage.transaction import Transaction

PERIOD_SECONDS: Final = 28 * 86_400
BY_REQUESTED: Final = "requested"
BY_SORTED: Final = "sorted"
# By the first letters of the requester's name; of each type and of all, whatever the marks.
BY_NAME: Final = "name"
# Counters of every type together; no type can have this name.
EVERY_TYPE: Final = "*"

_COUNT: Final = sa.text(
    "INSERT INTO request_counters (measure, credential_type, state, marks, period, requests) "
    "VALUES (:measure, :credential_type, :state, :marks, :period, :change) "
    "ON CONFLICT (measure, credential_type, state, marks, period) "
    "DO UPDATE SET requests = request_counters.requests + excluded.requests"
)
_PERIOD: Final = sa.literal_column(str(PERIOD_SECONDS), sa.BigInteger)
_GROUPS: Final = sa.select(
    requests.c.credential_type,
    requests.c.state,
    requests.c.marks,
    (sa.type_coerce(requests.c.requested_at, sa.BigInteger) // _PERIOD).label("requested_period"),
    (sa.type_coerce(requests.c.sorted_at, sa.BigInteger) // _PERIOD).label("sorted_period"),
    requests.c.name_key,
    sa.func.count().label("there_are"),
).group_by(sa.text("1, 2, 3, 4, 5, 6"))
# What lists look at, besides whose it is; whoever keeps a copy is told when one of these changes.
SEEN_IN_COLUMNS: Final = ("credential_type", "state", "marks", "requested_at", "sorted_at")
# What a place is read from.
PLACE: Final = sa.select(
    requests.c.request_no,
    requests.c.credential_type,
    requests.c.state,
    requests.c.marks,
    requests.c.requested_at,
    requests.c.sorted_at,
    requests.c.name_key,
    requests.c.version,
)

CounterKey = tuple[str, str, str, int, int]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request counts: everything that counters know of it."""

    credential_type: str
    state: str
    marks: int
    requested_period: int
    sorted_period: int
    name_no: int

    @classmethod
    def of(cls, row: Row[Any] | Mapping[str, Any]) -> Place:
        """Read the place of a request from its row or its values."""
        values: Any = row if isinstance(row, Mapping) else row._mapping
        return cls(
            values["credential_type"],
            values["state"],
            values["marks"],
            seconds_of(values["requested_at"]) // PERIOD_SECONDS,
            seconds_of(values["sorted_at"]) // PERIOD_SECONDS,
            name_number(values["name_key"]),
        )

    def counter_keys(self) -> Iterable[CounterKey]:
        """Give the keys of its counters."""
        yield (BY_REQUESTED, self.credential_type, self.state, self.marks, self.requested_period)
        yield (BY_SORTED, self.credential_type, self.state, self.marks, self.sorted_period)
        yield (BY_NAME, self.credential_type, self.state, 0, self.name_no)
        yield (BY_NAME, EVERY_TYPE, self.state, 0, self.name_no)


class RequestCounters:
    """Collects what moves, and writes it all at once: as late as can be, in one order for everybody.

    Counters are the hottest rows of a busy desk. Written just before the audit head, which every act waits
    for anyway, they make nobody wait longer, and two acts never hold each other's.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._moves: list[tuple[Place, int]] = []

    def move(self, before: Place | None, after: Place | None) -> None:
        """Count a request out of one place and into another."""
        if before != after:
            self._moves += [(place, change) for place, change in ((before, -1), (after, 1)) if place is not None]

    def mark(self) -> list[tuple[Place, int]]:
        """Tell what has not been written so far, for `forget`."""
        return list(self._moves)

    def forget(self, mark: list[tuple[Place, int]]) -> None:
        """Go back to what had not been written when a part that rolled back began."""
        self._moves = mark

    def write(self) -> None:
        """Write what has moved."""
        if not self._moves:
            return
        changes: dict[CounterKey, int] = defaultdict(int)
        for place, change in self._moves:
            for counter in place.counter_keys():
                changes[counter] += change
        names = ("measure", "credential_type", "state", "marks", "period")
        rows = [
            {**dict(zip(names, key, strict=True)), "change": changes[key]} for key in sorted(changes) if changes[key]
        ]
        if rows:
            self._transaction.change(_COUNT, rows)
        self._moves = []

    def counts(self, types: Collection[str] | None) -> Mapping[str, Mapping[RequestState, int]]:
        """Give how many requests there are by type and state."""
        self.write()
        statement = sa.select(
            counters.c.credential_type, counters.c.state, sa.func.sum(counters.c.requests).label("there_are")
        ).where(counters.c.measure == BY_SORTED)
        if types is not None:
            statement = statement.where(counters.c.credential_type.in_(sorted(types)))
        found: dict[str, dict[RequestState, int]] = {}
        for row in self._transaction.rows(statement.group_by(counters.c.credential_type, counters.c.state)):
            if row.there_are:
                found.setdefault(row.credential_type, {})[RequestState(row.state)] = int(row.there_are)
        return found


def drift_of(transaction: Transaction) -> int:
    """Count every request again; gives how many counters differ from the rows."""
    return len(drifted(transaction))


def drifted(transaction: Transaction) -> Mapping[CounterKey, int]:
    """Count every request again; gives what the counters that differ should say."""
    expected: dict[CounterKey, int] = defaultdict(int)
    for row in transaction.rows(_GROUPS):
        place = Place(
            row.credential_type,
            row.state,
            row.marks,
            row.requested_period,
            row.sorted_period,
            name_number(row.name_key),
        )
        for counter in place.counter_keys():
            expected[counter] += row.there_are
    kept: dict[Any, int] = {tuple(row[:-1]): row.requests for row in transaction.rows(sa.select(*counters.columns))}
    keys = {*kept, *expected}
    return {key: expected.get(key, 0) for key in keys if kept.get(key, 0) != expected.get(key, 0)}
