"""The clock of tasks: what is due when, with one read for all; time is given to it here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from sealwright.domain.errors import StoreUnavailable
from sealwright.services import task_clock
from sealwright.services.task_clock import TaskClock
from sealwright.services.tasks import Look, Tasks

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


class Steady:
    """The machine's steady clock, moved by the test."""

    def __init__(self) -> None:
        self.at = 1_000.0

    def monotonic(self) -> float:
        return self.at


class Office:
    """The office's clock, and units of work that count how often one was opened."""

    def __init__(self) -> None:
        self.opened = 0
        self.is_away = False

    def now(self) -> datetime:
        return NOW

    @contextmanager
    def __call__(self, *, write: bool = True) -> Iterator[Any]:
        assert not write, "looking writes nothing"
        if self.is_away:
            raise StoreUnavailable("away")
        self.opened += 1
        yield object()


@pytest.fixture
def steady(monkeypatch: pytest.MonkeyPatch) -> Steady:
    made = Steady()
    monkeypatch.setattr(task_clock, "time", made)
    return made


def ticked(clock: TaskClock) -> list[str]:
    begun: list[str] = []
    clock.tick(begun.append)
    return begun


def test_every_task_is_due_at_once_and_then_once_a_period(steady: Steady) -> None:
    tasks, office = Tasks(), Office()
    tasks.add("often", lambda: None, timedelta(seconds=1))
    tasks.add("seldom", lambda: None, timedelta(seconds=10))
    clock = TaskClock(tasks, office, office)
    assert ticked(clock) == ["often", "seldom"]
    assert ticked(clock) == []
    steady.at += 1
    assert ticked(clock) == ["often"]
    steady.at += 60
    # However long nobody looked, it is done once.
    assert ticked(clock) == ["often", "seldom"]
    assert office.opened == 0


def _looks_in(due: set[str], name: str) -> Look:
    def look(_uow: object, now: datetime) -> bool:
        return name in due and now == NOW

    return look


def test_one_read_tells_for_all_whether_something_is_due(steady: Steady) -> None:
    tasks, office, due = Tasks(), Office(), {"letters"}
    for name in ("letters", "grants", "offers"):
        tasks.add(name, lambda: None, timedelta(seconds=1), look=_looks_in(due, name))
    clock = TaskClock(tasks, office, office)
    assert ticked(clock) == ["letters"]
    due |= {"grants"}
    steady.at += 1
    assert ticked(clock) == ["letters", "grants"]
    assert office.opened == 2


def test_a_wake_is_a_turn_without_looking(steady: Steady) -> None:
    tasks, office = Tasks(), Office()
    tasks.add("letters", lambda: None, timedelta(seconds=10), look=lambda _uow, _now: False)
    clock = TaskClock(tasks, office, office)
    assert ticked(clock) == []
    clock.wake("letters")
    clock.wake("letters")
    assert ticked(clock) == ["letters"]
    assert ticked(clock) == []
    clock.wake("letters", 3.0)
    clock.wake("letters", 3.1)
    clock.wake("nobody knows this")
    steady.at += 2
    assert ticked(clock) == []
    steady.at += 2
    assert ticked(clock) == ["letters"]
    assert ticked(clock) == []


def test_a_wake_for_later_is_kept_when_another_comes_before_it(steady: Steady) -> None:
    tasks, office = Tasks(), Office()
    tasks.add("grants", lambda: None, timedelta(hours=1))
    clock = TaskClock(tasks, office, office)
    ticked(clock)
    clock.wake("grants", 10.0)
    clock.wake("grants")
    assert ticked(clock) == ["grants"]
    steady.at += 11
    assert ticked(clock) == ["grants"]


def test_a_database_that_is_away_is_asked_again_soon(steady: Steady) -> None:
    tasks, office = Tasks(), Office()
    tasks.add("letters", lambda: None, timedelta(hours=1), look=lambda _uow, _now: True)
    clock = TaskClock(tasks, office, office)
    office.is_away = True
    assert ticked(clock) == []
    office.is_away = False
    assert ticked(clock) == []
    steady.at += 1
    assert ticked(clock) == ["letters"]


def test_who_cannot_be_looked_for_is_done_at_every_turn(steady: Steady) -> None:
    tasks, office = Tasks(), Office()
    tasks.add("broken", lambda: None, timedelta(seconds=1), look=lambda _uow, _now: bool(1 / 0))
    assert ticked(TaskClock(tasks, office, office)) == ["broken"]


def test_a_wait_ends_with_a_wake_and_with_the_end() -> None:
    tasks, office = Tasks(), Office()
    tasks.add("seldom", lambda: None, timedelta(hours=1))
    clock, stopping, begun = TaskClock(tasks, office, office), threading.Event(), list[str]()

    def keep() -> None:
        while not stopping.is_set():
            clock.tick(begun.append)
            if len(begun) == 1:
                clock.wake("seldom")
            clock.wait(stopping)

    thread = threading.Thread(target=keep)
    thread.start()
    stopping.set()
    clock.rouse()
    thread.join(10)
    assert not thread.is_alive()
