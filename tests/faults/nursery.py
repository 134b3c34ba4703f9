"""A nursery of servers: a process that has imported the program forks a server whenever one is wanted.

Such a server is the program as it is, in a process of its own, only without the second that its imports take; so
that many can die in one test. Before it runs, ports of it may be wrapped: see `tests.faults.planted`.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Protocol

from tests.support.quick import PRELOADED
from tests.support.site import Handle, Launch, first_line_of

CONTEXT: Final = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload([*PRELOADED, "tests.faults.batch_planted", "tests.faults.planted", "tests.pages.runner"])


class Plan(Protocol):
    """What is wrapped in a process before it runs (`tests.faults.planted`, `tests.faults.batch_planted`)."""

    def install(self) -> None:
        """Wrap it, in this process."""


class _Forked:
    """A server forked by the nursery."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], log: Path, plan: Plan | None) -> None:
        self._out = log.with_suffix(".out")
        self._out.touch()
        log.touch()
        self._process = CONTEXT.Process(
            target=_live, args=(tuple(arguments), environment, str(log), str(self._out), plan), daemon=True
        )
        self._process.start()
        self.pid = self._process.pid or 0
        # The exit code comes through a pipe that can be read once.
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        with self._lock:
            return self._process.exitcode

    def first_line(self) -> bytes | None:
        return first_line_of(self._out)


def nursery(plan: Plan | None = None) -> Launch:
    """Start servers from the nursery, all with one plan of what is wrapped in them."""

    def launch(arguments: Sequence[str], environment: dict[str, str], log: Path) -> Handle:
        return _Forked(arguments, environment, log, plan)

    return launch


def _live(arguments: tuple[str, ...], environment: dict[str, str], log: str, out: str, plan: Plan | None) -> None:
    """The whole life of a forked server."""
    os.environ.clear()
    os.environ.update(environment)
    for path, descriptor in ((os.devnull, 0), (out, 1), (log, 2)):
        opened = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    from sealwright.cli.door import run

    if plan is not None:
        plan.install()
    sys.exit(run(list(arguments)))
