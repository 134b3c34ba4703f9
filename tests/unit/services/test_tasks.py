"""Tasks by name: what a run gives, what is counted of it, and who is told."""

from __future__ import annotations

from datetime import timedelta

from sealwright.domain.errors import StoreUnavailable
from sealwright.services.tasks import Tasks

EVERY = timedelta(seconds=1)


class Counted:
    """Remembers what it is told of runs."""

    def __init__(self) -> None:
        self.runs: list[tuple[str, str]] = []

    def observe_task(self, name: str, outcome: str, seconds: float) -> None:
        assert seconds >= 0
        self.runs.append((name, outcome))


def _refuse() -> None:
    raise StoreUnavailable("away")


def _break() -> None:
    raise ZeroDivisionError


def test_a_run_tells_whether_there_may_be_more_and_never_raises() -> None:
    counted = Counted()
    tasks = Tasks(counted)
    tasks.add("some", lambda: 3, EVERY)
    tasks.add("none", lambda: 0, EVERY)
    tasks.add("silent", lambda: None, EVERY)
    tasks.add("away", _refuse, EVERY)
    tasks.add("broken", _break, EVERY)
    names = [task.name for task in tasks]
    assert [tasks.run(name) for name in [*names, "unknown"]] == [True, False, False, False, False, False]
    outcomes = ["done", "idle", "idle", "refused", "failed"]
    assert counted.runs == list(zip(names, outcomes, strict=True))


def test_who_follows_is_told_of_work_done_and_cannot_break_it() -> None:
    tasks, told, left = Tasks(), list[str](), [1, 0]
    tasks.add("work", lambda: left.pop(0), EVERY)
    tasks.follow("work", _break)
    tasks.follow("work", lambda: told.append("done"))
    assert [tasks.run("work"), tasks.run("work")] == [True, False]
    assert told == ["done"]


def test_some_of_them_are_those_that_are_named() -> None:
    tasks = Tasks()
    tasks.add("one", lambda: None, EVERY)
    tasks.add("two", lambda: True, EVERY)
    some = tasks.only(["two", "unknown"])
    assert [task.name for task in some] == ["two"]
    assert some.run("two") is True
