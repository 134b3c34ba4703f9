"""Processes that help: so many as are wanted and allowed, ended with their parent, and not begun again and again."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

import pytest

from sealwright.adapters import worker_children
from sealwright.adapters.worker_children import WorkerChildren, cores

# Ends when its parent's end of the pipe closes, as our own helpers do.
FAITHFUL = (sys.executable, "-c", "import sys; sys.stdin.read()")
DEAF = (sys.executable, "-c", "import time; time.sleep(60)")
FAILING = (sys.executable, "-c", "raise SystemExit(3)")
QUITTING = (sys.executable, "-c", "pass")


@pytest.fixture
def made() -> Iterator[list[WorkerChildren]]:
    children: list[WorkerChildren] = []
    yield children
    for one in children:
        one.stop()


def _ended(children: WorkerChildren) -> None:
    for child in children._children:
        child.wait(30)


def test_as_many_as_are_wanted_and_allowed(made: list[WorkerChildren]) -> None:
    children = WorkerChildren(most=2, command=FAITHFUL)
    made.append(children)
    assert children.ensure(1) == 1
    assert children.ensure(5) == 2
    assert children.ensure(0) == 2, "those that are there end by themselves"
    processes = list(children._children)
    children.stop()
    assert [process.returncode for process in processes] == [0, 0]
    assert children.ensure(2) == 0, "none after the end"


def test_one_that_does_not_hear_is_killed(made: list[WorkerChildren], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_children, "STOP_SECONDS", 0.2)
    children = WorkerChildren(most=1, command=DEAF)
    made.append(children)
    assert children.ensure(1) == 1
    (process,) = children._children
    children.stop()
    assert process.returncode != 0


def test_those_that_fail_are_not_begun_again_at_once(made: list[WorkerChildren]) -> None:
    children = WorkerChildren(most=1, command=FAILING)
    made.append(children)
    assert children.ensure(1) == 1
    _ended(children)
    assert children.ensure(1) == 0
    assert children.ensure(1) == 0
    pause = children._pause
    children._not_before = 0.0
    assert children.ensure(1) == 1
    _ended(children)
    assert children.ensure(1) == 0
    assert children._pause == pause * 2


def test_those_that_had_nothing_to_do_may_come_again(made: list[WorkerChildren]) -> None:
    children = WorkerChildren(most=1, command=QUITTING)
    made.append(children)
    for _ in range(2):
        assert children.ensure(1) == 1
        _ended(children)


def test_a_program_that_is_not_there_is_no_failure_of_ours(made: list[WorkerChildren]) -> None:
    children = WorkerChildren(most=1, command=("/nonexistent/program",))
    made.append(children)
    assert children.ensure(1) == 0


def test_settings_come_by_the_environment(made: list[WorkerChildren], capfd: pytest.CaptureFixture[str]) -> None:
    tell = "import os, sys; print(os.environ['SEALWRIGHT_PUBLIC_URL'], file=sys.stderr)"
    environment = {"SEALWRIGHT_PUBLIC_URL": "https://credentials.example"}
    children = WorkerChildren(most=1, environment=environment, command=(sys.executable, "-c", tell))
    made.append(children)
    children.ensure(1)
    _ended(children)
    assert capfd.readouterr().err == "https://credentials.example\n"


def test_a_terminals_signals_do_not_reach_them(made: list[WorkerChildren]) -> None:
    children = WorkerChildren(most=1, command=FAITHFUL)
    made.append(children)
    children.ensure(1)
    [child] = children._children
    assert os.getpgid(child.pid) == child.pid != os.getpgrp()


def test_there_is_a_core_at_least() -> None:
    assert cores() >= 1
