"""Exact totals of the queue by state: from kept counters where they can tell, counted on an index where not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from sealwright.storage.desk_tables import request_counters as counters
from sealwright.storage.desk_tables import requests
from sealwright.storage.request_counters import BY_NAME, EVERY_TYPE
from sealwright.storage.request_wish import PENDING, Condition, Wish
from sealwright.storage.transaction import Transaction

Periods = Mapping[str, Mapping[int, int]]


class RequestTotals:
    """Counts lists of the queue."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def periods(self, wish: Wish, measure: str) -> Periods:
        """Give how many requests there are by state and period, whatever the age, owner or search."""
        conditions: list[Condition] = [counters.c.measure == measure, counters.c.state.in_(wish.states)]
        if wish.types is not None:
            conditions.append(counters.c.credential_type.in_(wish.types))
        if not wish.has_every_mark:
            conditions.append(counters.c.marks.in_(wish.marks))
        statement = (
            sa.select(counters.c.state, counters.c.period, sa.func.sum(counters.c.requests).label("there_are"))
            .where(*conditions)
            .group_by(counters.c.state, counters.c.period)
        )
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for row in self._transaction.rows(statement):
            if row.there_are:
                found[row.state][row.period] = int(row.there_are)
        return found

    def names(self, wish: Wish) -> Periods:
        """Give how many requests there are by state and first letters of the name, whatever else is wished for."""
        types = (EVERY_TYPE,) if wish.types is None else wish.types
        statement = (
            sa.select(counters.c.state, counters.c.period, sa.func.sum(counters.c.requests).label("there_are"))
            .where(
                counters.c.measure == BY_NAME,
                counters.c.credential_type.in_(types),
                counters.c.state.in_(wish.states),
            )
            .group_by(counters.c.state, counters.c.period)
        )
        found: dict[str, dict[int, int]] = defaultdict(dict)
        for row in self._transaction.rows(statement):
            found[row.state][row.period] = int(row.there_are)
        return found

    def has_few_of_age(self, wish: Wish, most: int) -> bool:
        """Tell whether at most so many were asked for within the bounds of age, whatever else is wished for."""
        if not wish.has_age:
            return False
        within: sa.Select[Any] = (
            sa.select(sa.literal_column("1", sa.Integer))
            .select_from(requests)
            .where(*wish.age_conditions())
            .limit(most + 1)
        )
        row = self._transaction.row(sa.select(sa.func.count()).select_from(within.subquery()))
        return row is not None and int(row[0]) <= most

    def counted(self, wish: Wish, further: list[Condition]) -> Mapping[str, int]:
        """Count the rows that fulfil a wish and further conditions, on indexes alone."""
        found: dict[str, int] = {}
        decided = tuple(state for state in wish.states if state != PENDING)
        for states in ((PENDING,) if PENDING in wish.states else (), decided):
            if states:
                statement = (
                    sa.select(requests.c.state, sa.func.count().label("there_are"))
                    .where(*wish.conditions(states), *further)
                    .group_by(requests.c.state)
                )
                found |= {row.state: int(row.there_are) for row in self._transaction.rows(statement)}
        return found
