"""Processes of ours that carry out chunks of batches beside this one, so that a batch uses every core of the machine.

A child reads the same settings as its parent: from the environment and the data folder, never from its command line.
It ends by itself when nothing is left to be done, or when its parent's end of the pipe closes, however the parent ends.
"""

from __future__ import annotations

import contextlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from typing import Final

COMMAND: Final = (sys.executable, "-m", "sealwright", "worker", "--batches")
STOP_SECONDS: Final = 8.0
# A child that fails is followed by the next one after a pause, which doubles with each that fails after it.
_FIRST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 600.0
_MOST: Final = 63

_log = logging.getLogger(__name__)


def cores() -> int:
    """How many cores this process may use, also where its own threads keep to one of them."""
    found: list[int] = []

    def look() -> None:
        with contextlib.suppress(AttributeError, OSError):
            spread_over_cores()
            found.append(len(os.sched_getaffinity(0)))

    # Of the thread that asks, and of no other, on Linux.
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    return found[0] if found else os.cpu_count() or 1


def spread_over_cores() -> None:
    """Let the thread that calls, and those that it starts, use every core that the system lets us have."""
    with contextlib.suppress(AttributeError, OSError):
        os.sched_setaffinity(0, range(os.cpu_count() or 1))


class WorkerChildren:
    """Starts children while there is much to do, takes note of those that ended, and ends all at the end.

    Args:
        most: How many at a time; None: one for each core but the one that this process uses.
        environment: Settings that differ from those of this process's own environment.
        command: What a child runs.
    """

    def __init__(
        self,
        *,
        most: int | None = None,
        environment: Mapping[str, str] | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        self._most = most
        self._environment = dict(environment or {})
        self._command = tuple(command)
        self._children: list[subprocess.Popen[bytes]] = []
        self._pause = _FIRST_PAUSE
        self._not_before = float("-inf")
        self._is_over = False
        self._lock = threading.Lock()

    def ensure(self, wanted: int) -> int:
        """Have so many children, as far as that is allowed; gives how many live."""
        with self._lock:
            self._reap()
            if self._is_over or time.monotonic() < self._not_before:
                return len(self._children)
            if self._most is None:
                self._most = min(cores() - 1, _MOST)
            while len(self._children) < min(wanted, self._most):
                if not self._start():
                    break
            return len(self._children)

    def stop(self) -> None:
        """Tell all to end, and wait for them; chunks of one that has to be killed are free after their lease."""
        with self._lock:
            self._is_over = True
            children, self._children = self._children, []
        for child in children:
            _hang_up(child)
        ends_at = time.monotonic() + STOP_SECONDS
        for child in children:
            try:
                child.wait(max(0.0, ends_at - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()

    def _start(self) -> bool:
        try:
            child = subprocess.Popen(  # noqa: S603 - our own program
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                env={**os.environ, **self._environment},
                # Ctrl-C at a terminal is their parent's to hear: it ends them in order, by the pipe.
                process_group=0,
            )
        except OSError as error:
            self._failed()
            _log.warning("no worker process", extra={"kind": type(error).__name__})
            return False
        self._children.append(child)
        return True

    def _reap(self) -> None:
        """Take note of those that ended."""
        living = []
        for child in self._children:
            code = child.poll()
            if code is None:
                living.append(child)
                continue
            _hang_up(child)
            if code == 0:
                self._pause = _FIRST_PAUSE
            else:
                self._failed()
                _log.warning("a worker process failed", extra={"status": code, "pid": child.pid})
        self._children = living

    def _failed(self) -> None:
        self._not_before = time.monotonic() + self._pause
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)


def _hang_up(child: subprocess.Popen[bytes]) -> None:
    """Close our end of the pipe, which tells a child to end."""
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
