"""Pages of the request queue: a list is one or more runs, each read from the index that has its order.

The total of each run is known before it is read, so a page knows which runs it touches, and from which end.
A run is walked along its index, beginning in the period where the page lies; or, where few rows are left to
look at, these are gathered and sorted; or, where only a look at every row would tell, it is found in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.requests import RequestFilter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.desk_tables import requests
from sealwright.storage.number_sets import listed, numbers_condition
from sealwright.storage.people_search import Matches, PeopleSearch
from sealwright.storage.request_counters import BY_NAME, BY_REQUESTED, BY_SORTED
from sealwright.storage.request_runs import Run, jump, runs_of
from sealwright.storage.request_totals import Periods, RequestTotals
from sealwright.storage.request_wish import PENDING, Condition, Wish
from sealwright.storage.transaction import Transaction

if TYPE_CHECKING:
    from sealwright.storage.request_columns import Found

# So many rows are gathered and sorted rather than walked for.
_FEW_ROWS: Final = 20_000
# The requests of so many people are gathered rather than walked for.
_FEW_NAMED: Final = 2000
# So many rows are skipped before it is worth asking where a name begins.
_FEW_SKIPPED: Final = 2000
_IDS: Final = sa.select(requests.c.request_no, requests.c.request_id).where(
    requests.c.request_no.in_(sa.bindparam("numbers", expanding=True))
)
_KEYS: Final = sa.select(
    requests.c.request_id,
    requests.c.request_no,
    requests.c.state,
    requests.c.requested_at,
    requests.c.sorted_at,
    requests.c.name_key,
).where(requests.c.request_id == sa.bindparam("request_id"))
_ONLY_WALK: Final = (
    "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true), "
    "set_config('enable_bitmapscan', 'off', true), set_config('plan_cache_mode', 'force_custom_plan', true)"
)
_ANY_WAY: Final = (
    "SELECT set_config('enable_seqscan', 'on', true), set_config('enable_sort', 'on', true), "
    "set_config('enable_bitmapscan', 'on', true), set_config('plan_cache_mode', 'force_custom_plan', true)"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of a list before a page of it is read.

    Args:
        totals: By state.
        further: The condition of the search.
        rows: By state, how many rows there are to look at for these totals, by the counters; None if unknown.
        periods: By measure.
        counts_tell: Nothing but counters made the totals, so they also tell where a page lies.
        gathers: Few rows fulfil the conditions, and an index other than the order's finds them.
        found: What was found in memory; None if nothing was looked for there.
    """

    wish: Wish
    totals: Mapping[str, int]
    further: list[Condition]
    rows: Mapping[str, int]
    periods: Mapping[str, Periods]
    counts_tell: bool
    gathers: bool
    found: Found | None = None

    def total_of(self, run: Run) -> int:
        """Give how many requests a run has."""
        return sum(self.totals.get(state, 0) for state in run.states)

    def rows_of(self, run: Run) -> int:
        """Give how many rows there are to look at for a run."""
        return sum(self.rows.get(state, 0) for state in run.states)


class RequestLists:
    """Finds pages of the queue."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._totals = RequestTotals(transaction)

    def page(self, wanted: RequestFilter, *, page: int, count: int) -> tuple[tuple[str, ...], int]:
        """Give the ids of a page, and the list's total."""
        wish = Wish.of(wanted)
        if wish.is_empty:
            return (), 0
        runs = runs_of(wanted, wish)
        plan = self._plan(wish, runs)
        found: list[str] = []
        skip = (page - 1) * count
        for run in runs:
            there_are = plan.total_of(run)
            if skip < there_are and len(found) < count:
                found += self._part(plan, run, skip, min(count - len(found), there_are - skip))
            skip = max(0, skip - there_are)
        return tuple(found), sum(plan.totals.values())

    def prepare(self) -> bool:
        """Read into memory what broad searches are answered from, where there are enough requests to need it."""
        everything = self._totals.periods(Wish.of(RequestFilter()), BY_SORTED)
        if sum(sum(by_period.values()) for by_period in everything.values()) <= _FEW_ROWS:
            return False
        from sealwright.storage.request_columns import RequestColumns

        PeopleSearch(self._transaction).prepare()
        RequestColumns.of(self._transaction).prepare(self._transaction)
        return True

    def _plan(self, wish: Wish, runs: tuple[Run, ...]) -> Plan:
        matches = PeopleSearch(self._transaction).find(wish.needle) if wish.needle else None
        if matches is not None and not matches.people:
            return Plan(wish, {}, [], {}, {}, counts_tell=False, gathers=True)
        if self._has_memory and self._may_look_in_memory(wish):
            return self._plan_in_memory(wish, runs, matches)
        measures = {BY_SORTED if run.measure == BY_NAME else run.measure for run in runs}
        periods = {measure: self._totals.periods(wish, measure) for measure in measures}
        rows = {state: sum(by_period.values()) for state, by_period in next(iter(periods.values())).items()}
        is_few = sum(rows.values()) <= _FEW_ROWS or self._totals.has_few_of_age(wish, _FEW_ROWS)
        if not is_few and self._may_look_in_memory(wish):
            return self._plan_in_memory(wish, runs, matches)
        further: list[Condition] = []
        if matches is not None:
            further = [numbers_condition(self._transaction, requests.c.person_no, matches)]
        gathers = wish.has_owner or is_few or (matches is not None and matches.people <= _FEW_NAMED)
        totals: Mapping[str, int] = rows
        if wish.has_owner or wish.needle or wish.has_age:
            totals = self._totals.counted(wish, further)
        counts_tell = not (wish.needle or wish.has_age or wish.has_owner)
        return Plan(wish, totals, further, rows, periods, counts_tell=counts_tell, gathers=gathers)

    def _may_look_in_memory(self, wish: Wish) -> bool:
        # Memory does not know who owns a request, nor what this unit of work has done. Counters know the rest.
        asks_for_it = bool(wish.needle) or wish.has_age
        return asks_for_it and not wish.has_owner and not self._transaction.writes

    @property
    def _has_memory(self) -> bool:
        # While they are read ahead, lists that need no memory do not wait for it.
        return any(
            columns.is_ready for columns in self._transaction.database.memory.get("request_columns", {}).values()
        )

    def _plan_in_memory(self, wish: Wish, runs: tuple[Run, ...], matches: Matches | None) -> Plan:
        # Imported where it is needed: a small office never loads the library beneath.
        from sealwright.storage.request_columns import RequestColumns

        by_requested = runs[0].measure == BY_REQUESTED
        columns = RequestColumns.of(self._transaction)
        found = columns.find(self._transaction, wish, matches, by_requested=by_requested)
        totals = found.totals()
        # Memory has no names: for lists in their order it says what to gather, or whom to walk for.
        further: list[Condition] = []
        is_few = sum(totals.values()) <= _FEW_ROWS
        if runs[0].measure == BY_NAME and is_few:
            further = [listed(self._transaction, requests.c.request_no, found.numbers())]
        elif runs[0].measure == BY_NAME and matches is not None:
            further = [numbers_condition(self._transaction, requests.c.person_no, matches)]
        return Plan(wish, totals, further, {}, {}, counts_tell=False, gathers=is_few, found=found)

    def _ids_of(self, numbers: list[int]) -> list[str]:
        ids = {row.request_no: row.request_id for row in self._transaction.rows(_IDS, {"numbers": numbers})}
        # Memory may be ahead of what this unit of work sees.
        return [ids[number] for number in numbers if number in ids]

    def _part(self, plan: Plan, run: Run, skip: int, count: int) -> list[str]:
        """Give some ids of a run, from the nearer end, or from the period where they lie."""
        if plan.found is not None and run.measure != BY_NAME:
            return self._ids_of(plan.found.part(run.states, skip, count, descending=run.descending))
        conditions = [*plan.wish.conditions(run.states), *plan.further]
        if self._is_gathered(plan, run):
            return self._gather(run, conditions, skip, count)
        periods = self._periods(plan, run, skip)
        if periods is not None:
            skip, bound = jump(periods, run, skip)
            if bound is not None:
                conditions.append(bound)
            return self._walk(run, conditions, skip, count)
        behind = plan.total_of(run) - skip - count
        if behind >= skip:
            return self._walk(run, conditions, skip, count)
        mirrored = Run(run.states, run.column, run.index, run.measure, not run.descending)
        return list(reversed(self._walk(mirrored, conditions, behind, count)))

    def _periods(self, plan: Plan, run: Run, skip: int) -> Periods | None:
        """Give the counters that a run can be jumped into by, where they tell, and where it is worth it."""
        if run.measure == BY_NAME:
            may_jump = plan.counts_tell and plan.wish.has_every_mark and skip > _FEW_SKIPPED
            return self._totals.names(plan.wish) if may_jump else None
        return plan.periods.get(run.measure) if plan.counts_tell else None

    @staticmethod
    def _is_gathered(plan: Plan, run: Run) -> bool:
        return plan.gathers or (plan.found is None and plan.rows_of(run) <= _FEW_ROWS)

    def _gather(self, run: Run, conditions: list[Condition], skip: int, count: int) -> list[str]:
        """Read a run by whatever index finds its few rows."""
        self._steer(_ANY_WAY)
        # An expression, so that no index promises the order.
        by = run.column + sa.literal_column("''" if run.measure == BY_NAME else "0")
        return self._read(sa.select(requests.c.request_id).where(*conditions), run, by, skip, count)

    def _walk(self, run: Run, conditions: list[Condition], skip: int, count: int) -> list[str]:
        self._steer(_ONLY_WALK)
        statement = sa.select(requests.c.request_id).with_hint(requests, f"INDEXED BY {run.index}", "sqlite")
        if run.column is requests.c.sorted_at:
            phase = 0 if run.states == (PENDING,) else 1
            conditions = [requests.c.phase == sa.literal_column(str(phase)), *conditions]
        return self._read(statement.where(*conditions), run, run.column, skip, count)

    def _read(
        self, statement: sa.Select[tuple[str]], run: Run, by: sa.ColumnElement[Any], skip: int, count: int
    ) -> list[str]:
        order = (by.desc(), requests.c.request_id.desc()) if run.descending else (by, requests.c.request_id)
        rows = self._transaction.rows(statement.order_by(*order).limit(count).offset(skip))
        return [row[0] for row in rows]

    def _steer(self, settings: str) -> None:
        if not self._transaction.is_sqlite:
            self._transaction.driver_rows(settings, ())

    def neighbors(self, wanted: RequestFilter, request_id: str) -> tuple[str | None, str | None]:
        """Give the requests before and after one in a filtered list; one that left it since is where it would be."""
        wish = Wish.of(wanted)
        row = self._transaction.row(_KEYS, {"request_id": request_id})
        if row is None or wish.is_empty:
            return None, None
        runs = runs_of(wanted, wish)
        plan = self._plan(wish, runs)
        at = next((place for place, run in enumerate(runs) if row.state in run.states), 0)
        before = self._beside(plan, runs[at], row, backward=True)
        after = self._beside(plan, runs[at], row, backward=False)
        earlier = [run for run in runs[:at] if plan.total_of(run)]
        later = [run for run in runs[at + 1 :] if plan.total_of(run)]
        if before is None and earlier:
            before = self._part(plan, earlier[-1], plan.total_of(earlier[-1]) - 1, 1)[0]
        if after is None and later:
            after = self._part(plan, later[0], 0, 1)[0]
        return before, after

    def _beside(self, plan: Plan, run: Run, row: Row[Any], *, backward: bool) -> str | None:
        """Give the one before or after a request in its run."""
        key = row._mapping[run.column.name]
        if run.column is requests.c.sorted_at and run.states == (PENDING,):
            key = row.requested_at
        if plan.found is not None and run.measure != BY_NAME:
            moment = seconds_of(key)
            found = plan.found.beside(run.states, moment, row.request_no, after=run.descending is backward)
            return None if found is None else next(iter(self._ids_of([found])), None)
        way = Run(run.states, run.column, run.index, run.measure, run.descending is not backward)
        mine = sa.tuple_(run.column, requests.c.request_id)
        there = sa.tuple_(sa.literal(key, run.column.type), sa.literal(row.request_id, requests.c.request_id.type))
        beyond = mine < there if way.descending else mine > there
        conditions = [*plan.wish.conditions(run.states), *plan.further, beyond]
        is_gathered = self._is_gathered(plan, run)
        ids = self._gather(way, conditions, 0, 1) if is_gathered else self._walk(way, conditions, 0, 1)
        return ids[0] if ids else None
