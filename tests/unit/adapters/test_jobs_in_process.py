"""Background work in threads: nobody holds up others, and an end is an end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sealwright.adapters.jobs_in_process import InProcessRunner
from sealwright.services.tasks import Tasks

HOUR = timedelta(hours=1)
PATIENCE = 20


class Stage:
    """Counts who runs at the same time, and lets tests wait for things."""

    def __init__(self) -> None:
        self.news = threading.Condition()
        self.runs: list[str] = []
        self.together: dict[str, int] = {}
        self.most: dict[str, int] = {}

    def enter(self, name: str) -> None:
        with self.news:
            self.runs.append(name)
            self.together[name] = self.together.get(name, 0) + 1
            self.most[name] = max(self.most.get(name, 0), self.together[name])
            self.news.notify_all()

    def leave(self, name: str) -> None:
        with self.news:
            self.together[name] -= 1
            self.news.notify_all()

    def until(self, holds: Callable[[], bool]) -> None:
        with self.news:
            assert self.news.wait_for(holds, PATIENCE), self.runs


class Still:
    """A clock that stands, and a store that nobody needs."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, tzinfo=UTC)

    @contextmanager
    def __call__(self, *, write: bool = True) -> Iterator[Any]:
        yield object()


@pytest.fixture
def stage() -> Stage:
    return Stage()


@contextmanager
def running(
    tasks: Tasks, *, concurrency: int = 2, on_alive: Callable[[], None] | None = None
) -> Iterator[InProcessRunner]:
    still = Still()
    runner = InProcessRunner(tasks, units=still, clock=still, concurrency=concurrency, on_alive=on_alive)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()
        assert not any(thread.is_alive() for thread in runner._threads)


def test_what_waits_for_strangers_holds_up_nothing_that_is_short(stage: Stage) -> None:
    tasks, gate = Tasks(), threading.Event()

    def hang() -> bool:
        stage.enter("slow")
        gate.wait(PATIENCE)
        stage.leave("slow")
        return False

    tasks.add("slow", hang, timedelta(milliseconds=5), lanes=2)
    tasks.add("short", lambda: stage.enter("short"), timedelta(milliseconds=5))
    with running(tasks):
        # Both places of tasks with lanes are taken, and still the other is done, again and again.
        stage.until(lambda: stage.together.get("slow") == 2 and stage.runs.count("short") >= 5)
        gate.set()
    assert stage.most["slow"] == 2


def test_a_task_without_lanes_runs_alone_and_again_when_it_is_woken_meanwhile(stage: Stage) -> None:
    tasks, gate = Tasks(), threading.Event()

    def work() -> bool:
        stage.enter("alone")
        gate.wait(PATIENCE)
        stage.leave("alone")
        return False

    tasks.add("alone", work, HOUR)
    with running(tasks) as runner:
        stage.until(lambda: stage.runs == ["alone"])
        runner.wake("alone")
        runner.wake("alone")
        gate.set()
        stage.until(lambda: len(stage.runs) >= 2 and stage.together["alone"] == 0)
    assert stage.most["alone"] == 1


def test_what_has_more_goes_on_and_lets_others_in_between(stage: Stage) -> None:
    tasks, left = Tasks(), iter(range(200))

    def work() -> bool:
        stage.enter("much")
        stage.leave("much")
        return next(left, None) is not None

    tasks.add("much", work, HOUR, lanes=2)
    tasks.add("other", lambda: stage.enter("other"), HOUR, lanes=2)
    # One place for both: the other place is for what is short.
    with running(tasks, concurrency=1):
        stage.until(lambda: stage.runs.count("much") >= 201 and "other" in stage.runs)
    assert stage.runs.index("other") < 200
    assert stage.most["much"] == 1


def test_one_that_breaks_ends_no_other(stage: Stage) -> None:
    tasks = Tasks()
    tasks.add("broken", lambda: 1 / 0, timedelta(milliseconds=5))
    tasks.add("sound", lambda: stage.enter("sound"), timedelta(milliseconds=5))
    alive = threading.Event()
    with running(tasks, on_alive=alive.set):
        stage.until(lambda: stage.runs.count("sound") >= 5)
        assert alive.wait(PATIENCE)


def test_a_runner_that_never_began_ends_too() -> None:
    still = Still()
    runner = InProcessRunner(Tasks(), units=still, clock=still, concurrency=1)
    runner.wake("nothing")
    begun = time.monotonic()
    runner.stop()
    assert time.monotonic() - begun < 1.0
    # What was told to end before it began ends as soon as it begins.
    runner.start()
    runner.stop()
    assert not any(thread.is_alive() for thread in runner._threads)
