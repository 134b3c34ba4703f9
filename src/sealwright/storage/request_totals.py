"""Exact totals of the queue by state: from kept counters where they can tell, counted on an index where not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import sqlalchemy as sa

from sealwright.storage.desk_tables import request_counters as counters
from sealwright.storage.desk_tables import requests
from sealwright.storage.number_sets import listed, marked
from sealwright.storage.people_search import Matches
from sealwright.storage.request_counters import BY_NAME, BY_REQUESTED, PERIOD_SECONDS
from sealwright.storage.request_lanes import EVERY_TYPE, RequestLanes, SearchedTotals
from sealwright.storage.request_wish import PENDING, Condition, Wish
from sealwright.storage.transaction import Transaction

# Up to here a searched list is found person by person; beyond, by walking the list.
FEW: Final = 2000
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

    def searched(self, wish: Wish, matches: Matches) -> SearchedTotals:
        """Give how many requests those who match have, whatever the marks, age or owner."""
        return RequestLanes(self._transaction).totals(matches, wish.types, wish.states)

    def by_age(self, wish: Wish) -> Mapping[str, int]:
        """Give the totals within bounds of age: whole periods from the counters, their ends from the index."""
        periods = self.periods(wish, BY_REQUESTED)
        totals = dict.fromkeys(wish.states, 0)
        ends: set[int] = set()
        for state, numbers in periods.items():
            for period, number in numbers.items():
                inside = _part_of_period(wish, period)
                if inside is None:
                    ends.add(period)
                elif inside:
                    totals[state] += number
        for period in ends:
            first, last = period * PERIOD_SECONDS, (period + 1) * PERIOD_SECONDS
            part = replace(
                wish,
                after=first if wish.after is None else max(first, wish.after),
                before=last if wish.before is None else min(last, wish.before),
            )
            for state, number in self.counted(part, []).items():
                totals[state] += number
        return totals

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

    def search_condition(self, matches: Matches, found: SearchedTotals) -> Condition:
        """Give the condition that a request's person matches."""
        if found.requests <= FEW:
            return listed(self._transaction, requests.c.person_no, found.numbers())
        return marked(self._transaction, requests.c.person_no, matches.as_bytes())


def _part_of_period(wish: Wish, period: int) -> bool | None:
    """Tell whether a period lies within the bounds of age; None for a part of it."""
    first, last = period * PERIOD_SECONDS, (period + 1) * PERIOD_SECONDS
    if (wish.after is not None and last <= wish.after) or (wish.before is not None and first >= wish.before):
        return False
    if (wish.after is None or first >= wish.after) and (wish.before is None or last <= wish.before):
        return True
    return None
