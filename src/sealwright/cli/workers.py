"""Several server processes on one port: started, watched, started again when one dies, stopped together."""

from __future__ import annotations

import logging
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from types import FrameType

STOP_SECONDS: Final = 9.5
_LOOK_EVERY_SECONDS: Final = 0.1
_PAUSE_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)

# What a worker runs: its number, what tells that it is ready, and the lifeline to its parent.
Work = Callable[[int, Callable[[], None], int], int]


@dataclass(slots=True)
class Crew:
    """The worker processes of one `serve`."""

    work: Work
    size: int
    listeners: list[socket.socket]
    pids: dict[int, int] = field(default_factory=dict)
    is_stopping: bool = False
    _ready: int = 0
    _ready_pipe: tuple[int, int] = (-1, -1)
    _lifeline: tuple[int, int] = (-1, -1)

    def run(self, announce: Callable[[], None]) -> int:
        """Start all, tell when all are ready, keep them alive until a signal, and give the exit code."""
        self._ready_pipe, self._lifeline = os.pipe(), os.pipe()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        for index in range(self.size):
            self._start(index)
        code = self._await_ready()
        if code is not None:
            self._end()
            return code
        if not self.is_stopping:
            announce()
        while not self.is_stopping:
            self._restart_dead()
            time.sleep(_LOOK_EVERY_SECONDS)
        return self._end()

    def _stop(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the signal handler's form
        self.is_stopping = True

    def _start(self, index: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid:
            self.pids[pid] = index
            return
        code = 1
        try:
            for number in (signal.SIGTERM, signal.SIGINT):
                signal.signal(number, signal.SIG_DFL)
            os.close(self._ready_pipe[0])
            os.close(self._lifeline[1])
            for other, listener in enumerate(self.listeners):
                if other != index:
                    listener.close()
            code = self.work(index, lambda: _tell(self._ready_pipe[1]), self._lifeline[0])
        except SystemExit as ending:
            code = ending.code if isinstance(ending.code, int) else 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            # The parent's own exit handlers must not run here.
            os._exit(code)

    def _await_ready(self) -> int | None:
        """Wait until every worker accepts; the exit code of the first that ended before."""
        waiting = self.size
        while waiting and not self.is_stopping:
            readable, _, _ = select.select([self._ready_pipe[0]], [], [], _LOOK_EVERY_SECONDS)
            if readable:
                waiting -= len(os.read(self._ready_pipe[0], 64))
            ended = self._reap()
            if ended and not self.is_stopping:
                return ended[0][1] or 1
        return None

    def _reap(self) -> list[tuple[int, int]]:
        """Workers that have ended: their number and exit code."""
        ended = []
        for pid in list(self.pids):
            done, status = os.waitpid(pid, os.WNOHANG)
            if done:
                ended.append((self.pids.pop(pid), os.waitstatus_to_exitcode(status)))
        return ended

    def _restart_dead(self) -> None:
        for index, code in self._reap():
            _log.error("worker ended", extra={"worker": index, "status": code})
            # A worker that cannot start must not make the machine busy with trying.
            time.sleep(_PAUSE_SECONDS)
            if not self.is_stopping:
                self._start(index)

    def _end(self) -> int:
        """Stop all: politely, and after the grace by force."""
        self._signal_all(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        codes = [code for _, code in self._reap()]
        while self.pids and time.monotonic() < deadline:
            time.sleep(_LOOK_EVERY_SECONDS / 2)
            codes += [code for _, code in self._reap()]
        forced = bool(self.pids)
        self._signal_all(signal.SIGKILL)
        for pid in list(self.pids):
            os.waitpid(pid, 0)
        # Asked to stop before it could listen to it, a worker dies of the signal: that is a stop as well.
        return 1 if forced or any(code not in (0, -signal.SIGTERM) for code in codes) else 0

    def _signal_all(self, number: signal.Signals) -> None:
        for pid in self.pids:
            os.kill(pid, number)


def _tell(pipe: int) -> None:
    os.write(pipe, b"r")
