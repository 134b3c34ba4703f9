"""worker, as a process of its own; and processes that help with batches."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sealwright.adapters.worker_children import COMMAND
from tests.support import server as support
from tests.support.migrated import Templates
from tests.support.office import environment
from tests.support.postgres import PostgresServer

from .conftest import Terminal


def _start(*options: str, **settings: str) -> subprocess.Popen[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEALWRIGHT_")}
    return subprocess.Popen(
        [sys.executable, "-m", "sealwright", "worker", *options],
        env=kept | {"PYTHONPATH": str(support.SOURCES), **settings},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def started() -> Iterator[list[subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()


def test_worker_does_background_work_until_it_is_told_to_end(
    founded: dict[str, Any], home: Path, terminal: Terminal, started: list[subprocess.Popen[str]]
) -> None:
    assert "seen" not in _workers(terminal)["detail"]
    worker = _start("--concurrency", "1", "--json", SEALWRIGHT_HOME=str(home))
    started.append(worker)
    assert worker.stdout is not None
    assert json.loads(worker.stdout.readline()) == {"ready": True, "pid": worker.pid}
    deadline = time.monotonic() + support.START_SECONDS
    while "seen" not in _workers(terminal)["detail"]:
        assert time.monotonic() < deadline
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(support.STOP_SECONDS) == 0
    assert worker.stdout.read() == ""


def _workers(terminal: Terminal) -> dict[str, Any]:
    (found,) = [check for check in terminal("doctor").answer["checks"] if check["name"] == "workers"]
    assert isinstance(found, dict)
    return found


def test_worker_on_postgresql_and_a_helper_whose_parent_goes(
    request: pytest.FixtureRequest, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    server: PostgresServer = request.getfixturevalue("postgres_server")
    templates: Templates = request.getfixturevalue("_templates")
    url = templates.take(server)
    settings = environment(url, tmp_path / "home")
    worker = _start("--json", **settings)
    helper = _start(*COMMAND[COMMAND.index("worker") + 1 :], **settings)
    started += [worker, helper]
    assert worker.stdout is not None
    assert helper.stdout is not None
    assert helper.stdin is not None
    assert json.loads(worker.stdout.readline())["ready"] is True
    assert "ready" in helper.stdout.readline()
    helper.stdin.close()
    assert helper.wait(support.STOP_SECONDS) == 0
    worker.send_signal(signal.SIGINT)
    assert worker.wait(support.STOP_SECONDS) == 0
    templates.give_back(server, url)


@pytest.mark.parametrize("count", ["0", "65", "x"])
def test_concurrency_is_judged(count: str, terminal: Terminal, home: Path) -> None:
    said = terminal("worker", "--concurrency", count)
    assert said.code == 2
    assert not list(home.glob("*")) if home.exists() else True
