"""The request queue: filtered, searched and sorted pages with their exact totals, at the size of a large office."""

from __future__ import annotations

import gc
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, Final

from benchmarks.queue_data import NOW, REVIEWERS, TYPES, Size, fill
from benchmarks.report import Result
from sealwright.domain.requests import RequestFilter, RequestSort, RequestState
from sealwright.services.ports import UnitOfWork
from sealwright.storage.engines import Database, open_database
from sealwright.storage.migrations import migrate
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.support import postgres

SIZES: Final = {"SQLite": Size(people=20_000, requests=100_000), "PostgreSQL": Size(people=200_000, requests=1_000_000)}
COUNT: Final = 20
ROUNDS: Final = 20
_PENDING: Final = frozenset({RequestState.PENDING})
_REJECTED: Final = frozenset({RequestState.REJECTED})
_FIVE: Final = frozenset(list(TYPES)[:5])
_DAY: Final = timedelta(days=1)
_NAME: Final = RequestSort.REQUESTER_NAME
_ASKED: Final = RequestSort.REQUESTED_AT
# Where in its list a page lies: 0 for the first, 1 for the last.
_START, _MIDDLE, _END = 0.0, 0.5, 1.0

PAGES: Final[Mapping[str, tuple[dict[str, Any], float]]] = {
    "all": ({}, _START),
    "all, in the middle": ({}, _MIDDLE),
    "all, last page": ({}, _END),
    "pending": ({"states": _PENDING}, _START),
    "pending, 5 types": ({"states": _PENDING, "types": _FIVE}, _START),
    "5 types, in the middle": ({"types": _FIVE}, _MIDDLE),
    "a rare type": ({"types": frozenset({"rare_type"})}, _START),
    "by date asked, in the middle": ({"sort": _ASKED, "types": _FIVE, "descending": True}, _MIDDLE),
    "by name": ({"sort": _NAME}, _START),
    "by name, in the middle": ({"sort": _NAME}, _MIDDLE),
    "by state, in the middle": ({"sort": RequestSort.STATUS}, _MIDDLE),
    "one reviewer's": ({"assignee": REVIEWERS[3]}, _START),
    "unassigned, pending": ({"states": _PENDING, "unassigned": True}, _START),
    "needs information": ({"needs_info": True}, _START),
    "pending for 30 days": ({"states": _PENDING, "requested_before": NOW - 30 * _DAY}, _START),
    "asked within 90 days": ({"requested_after": NOW - 120 * _DAY, "requested_before": NOW - 30 * _DAY}, _START),
    "search munoz": ({"search": "munoz"}, _START),
    "search 大文": ({"search": "大文"}, _START),
    "search a": ({"search": "a"}, _START),
    "search an": ({"search": "an"}, _START),
    "search an, pending, 5 types": ({"search": "an", "states": _PENDING, "types": _FIVE}, _START),
    "search an, rejected, in the middle": ({"search": "an", "states": _REJECTED}, _MIDDLE),
    "search an, by name": ({"search": "an", "sort": _NAME}, _START),
    "search an, unassigned, pending": ({"search": "an", "states": _PENDING, "unassigned": True}, _START),
    "search an, unassigned, any state": ({"search": "an", "unassigned": True}, _START),
    "search an, asked 30 days ago or before": ({"search": "an", "requested_before": NOW - 30 * _DAY}, _START),
    "search gmail.com": ({"search": "gmail.com"}, _START),
    "search gmail.com, in the middle": ({"search": "gmail.com"}, _MIDDLE),
    "search an address": ({"search": "ana.perez.12"}, _START),
    "search usr_0001": ({"search": "usr_0001"}, _START),
    "search that finds nobody": ({"search": "qqqq"}, _START),
}
OTHERS: Final[Mapping[str, Callable[[UnitOfWork], object]]] = {
    "counts by type and state": lambda uow: uow.requests.counts(None),
    "people named an": lambda uow: uow.people.search("an", role=None, page=1, count=COUNT),
    "figures: waits": lambda uow: uow.figures.waits(None, NOW),
    "figures: decisions of 90 days": lambda uow: uow.figures.decisions(None, NOW - 90 * _DAY, NOW, days_per_period=7),
    "figures: decided since yesterday": lambda uow: uow.figures.decided_by(REVIEWERS[0], NOW - _DAY),
}


def run() -> Result:
    """Fill both databases and time each query; searches are forgotten between rounds, texts in memory are not."""
    figures: dict[str, dict[str, float]] = {}
    notes = [
        "A page of 20 with its exact total, from opening the unit of work to the values; medians of 20 rounds.",
        "Texts and columns are in memory, as a server reads them when it starts; that is not among the rounds.",
        "PostgreSQL with its default settings, on the same machine as the client.",
    ]
    for name, size in SIZES.items():
        with _database(name) as database:
            started = time.perf_counter()
            fill(database, size)
            seconds = time.perf_counter() - started
            notes.append(f"{name}: {size.requests:,} requests of {size.people:,} people, filled in {seconds:.0f} s.")
            for query, found in _measure(database).items():
                figures[f"{name}: {query}"] = found
    slow = sum(row["p95 ms"] >= 50 for row in figures.values())
    notes.append(f"{len(figures) - slow} of {len(figures)} queries have a p95 under 50 ms.")
    return Result(
        bench="queue",
        title="the request queue at 1,000,000 requests on PostgreSQL, 100,000 on SQLite",
        figures=figures,
        targets=("p95 under 50 ms; engine.md asks for 20 ms at 100,000",),
        notes=tuple(notes),
    )


def _measure(database: Database) -> dict[str, dict[str, float]]:
    units = make_unit_of_work_factory(database)
    found: dict[str, dict[str, float]] = {}
    for name, (members, part) in PAGES.items():
        wanted = RequestFilter(**members)
        with units(write=False) as uow:
            total = uow.requests.list(wanted, page=1, count=COUNT).total
        page = max(1, int(total * part) // COUNT)

        def turn(uow: UnitOfWork, wanted: RequestFilter = wanted, page: int = page) -> object:
            return uow.requests.list(wanted, page=page, count=COUNT)

        found[name] = {**_times(database, turn), "total": total}
    for name, act in OTHERS.items():
        found[name] = _times(database, act)
    return found


def _times(database: Database, act: Callable[[UnitOfWork], object]) -> dict[str, float]:
    units = make_unit_of_work_factory(database)
    times = []
    gc.collect()
    gc.disable()
    for _ in range(ROUNDS + 1):
        # Who matched is remembered for the pages that follow; each round is to be a new search.
        database.memory.get("searches", {}).clear()
        started = time.perf_counter()
        with units(write=False) as uow:
            act(uow)
        times.append((time.perf_counter() - started) * 1000)
    gc.enable()
    times = sorted(times[1:])
    return {"p50 ms": times[len(times) // 2], "p95 ms": times[int(len(times) * 0.95) - 1], "max ms": times[-1]}


@contextmanager
def _database(name: str) -> Iterator[Database]:
    """An empty, migrated database of a kind."""
    if name == "SQLite":
        with tempfile.TemporaryDirectory() as folder:
            database = open_database(f"sqlite:///{folder}/queue.sqlite")
            try:
                migrate(database)
                yield database
            finally:
                database.close()
        return
    server = postgres.obtain()
    try:
        with server.database() as url:
            database = open_database(url)
            try:
                migrate(database)
                yield database
            finally:
                database.close()
    finally:
        server.stop()
