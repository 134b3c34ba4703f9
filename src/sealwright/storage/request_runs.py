"""Lists of the queue cut into runs: parts that one index has in their order, and where in it a page lies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.requests import RequestFilter, RequestSort
from sealwright.storage.desk_tables import requests
from sealwright.storage.request_counters import BY_NAME, BY_REQUESTED, BY_SORTED, PERIOD_SECONDS
from sealwright.storage.request_totals import Periods
from sealwright.storage.request_wish import EVERY_STATE, PENDING, Condition, Wish
from sealwright.storage.search_layout import name_start

_DECIDED: Final = tuple(state for state in EVERY_STATE if state != PENDING)


@dataclass(frozen=True, slots=True)
class Run:
    """A part of a list that one index has in its order.

    Args:
        states: The states that it shows.
        column: What it is ordered by, before the request's id.
        index: The index that has this order.
        measure: The counters by that column's period, or its first letters.
        descending: Whether both columns run backward.
    """

    states: tuple[str, ...]
    column: sa.Column[Any]
    index: str
    measure: str
    descending: bool


def runs_of(wanted: RequestFilter, wish: Wish) -> tuple[Run, ...]:
    """Cut a list into runs, first one first."""
    if wanted.sort is RequestSort.REQUESTED_AT:
        return (Run(wish.states, requests.c.requested_at, "ix_requests_asked", BY_REQUESTED, wanted.descending),)
    if wanted.sort is RequestSort.REQUESTER_NAME:
        return (Run(wish.states, requests.c.name_key, "ix_requests_name", BY_NAME, wanted.descending),)
    if wanted.sort is RequestSort.STATUS:
        runs = [_moments((state,), descending=state != PENDING) for state in wish.states]
        return tuple(reversed(runs)) if wanted.descending else tuple(runs)
    decided = tuple(state for state in _DECIDED if state in wish.states)
    parts = [((PENDING,) if PENDING in wish.states else (), wanted.descending), (decided, not wanted.descending)]
    runs = [_moments(states, descending=descending) for states, descending in parts if states]
    return tuple(reversed(runs)) if wanted.descending else tuple(runs)


def _moments(states: tuple[str, ...], *, descending: bool) -> Run:
    return Run(states, requests.c.sorted_at, "ix_requests_queue", BY_SORTED, descending)


def jump(periods: Periods, run: Run, skip: int) -> tuple[int, Condition | None]:
    """Give the bound from which a run is read for a page, and how many rows are left to skip behind it."""
    numbers: dict[int, int] = {}
    for state in run.states:
        for period, number in periods.get(state, {}).items():
            numbers[period] = numbers.get(period, 0) + number
    skipped = here = None
    for here in sorted(numbers, reverse=run.descending):
        if skip < numbers[here]:
            break
        skip -= numbers[here]
        skipped = here
    if skipped is None or here is None:
        return skip, None
    if run.measure == BY_NAME:
        start: Any = name_start(skipped if run.descending else here)
        return skip, run.column < start if run.descending else run.column >= start
    seconds = sa.type_coerce(run.column, sa.BigInteger)
    start = (skipped if run.descending else here) * PERIOD_SECONDS
    return skip, seconds < start if run.descending else seconds >= start
