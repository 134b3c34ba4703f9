"""Running the application: one process, or several that share one listening socket.

SIGTERM and SIGINT end everything within ten seconds: no new connections, what is in flight is finished, exit 0.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn

from sealwright.web.logs import log_crash
from sealwright.web.protocol import protocol_for

if TYPE_CHECKING:
    from litestar.types import ASGIApp

GRACE_SECONDS: Final = 6
# When threads hang in what cannot be interrupted, the process still ends in time.
LAST_SECONDS: Final = 9.0
KEEP_ALIVE_SECONDS: Final = 20
BACKLOG: Final = 1024
RESTART_PAUSE_SECONDS: Final = 1.0
_POLL_SECONDS: Final = 0.1

MakeApp = Callable[[int], "ASGIApp"]
Ready = Callable[[], None]


def bind(host: str, port: int) -> socket.socket:
    """Bind the listening socket; port 0 takes a free one, see `bound_port`.

    Raises:
        OSError: The address cannot be used.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(BACKLOG)
        listener.set_inheritable(True)
    except OSError:
        listener.close()
        raise
    return listener


def bound_port(listener: socket.socket) -> int:
    """The port that a socket is bound to."""
    return int(listener.getsockname()[1])


def serve(listener: socket.socket, make_app: MakeApp, *, public_url: str, workers: int, on_ready: Ready) -> int:
    """Serve until a signal ends it; gives the exit code.

    Args:
        make_app: Builds the application of one process; gets the worker's number, from 0. With several workers it
            runs in each child, so the caller must not hold threads or database connections when it calls.
        on_ready: Called once, when every process takes calls.
    """
    if workers == 1:
        _stay_on_one_core(0)
        return _run(listener, make_app(0), public_url, on_ready)
    return _Supervisor(listener, make_app, public_url, workers).run(on_ready)


def _run(listener: socket.socket, app: ASGIApp, public_url: str, on_ready: Ready) -> int:
    config = uvicorn.Config(
        app,
        http=protocol_for(public_url),
        loop="uvloop",
        ws="none",
        lifespan="on",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    try:
        # Streams have no end of their own: they are told when the process begins to end.
        _Server(config, on_ready, getattr(app, "begin_to_end", _nothing)).run(sockets=[listener])
    except SystemExit as ended:
        # The server leaves like this when the application could not start.
        return int(ended.code or 0) if isinstance(ended.code, int) else 1
    return 0


def _nothing() -> None:
    """What an application that has no streams is told."""


def _stay_on_one_core(number: int) -> None:
    """Keep all threads of a process on one core, each process on its own.

    Threads of one process take turns under the interpreter's lock anyway; handing it from core to core cost a tenth
    of the throughput, in cold caches. Where the system cannot do it, nothing is lost but speed.
    """
    with contextlib.suppress(AttributeError, OSError):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[number % len(cores)]})


class _Server(uvicorn.Server):
    """A server that tells when it is ready, and ends with code 0 on a signal."""

    def __init__(self, config: uvicorn.Config, on_ready: Ready, on_ending: Ready) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._on_ending = on_ending

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then say so."""
        await super().startup(sockets)
        if self.started:
            # What was built so far stays for good: the collector need not walk it again and again.
            gc.collect()
            gc.freeze()
            self._on_ready()

    def handle_exit(self, sig: int, frame: object) -> None:
        """Begin to end; what hangs is cut off before the ten seconds are over."""
        if not self.should_exit:
            cut = threading.Timer(LAST_SECONDS, os._exit, (0,))
            cut.daemon = True
            cut.start()
            self._on_ending()
        super().handle_exit(sig, frame)  # type: ignore[arg-type]  # any frame

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As the parent, but without raising the signal again at the end: a signal is how we are meant to stop."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        kept = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


@dataclass(slots=True)
class _Worker:
    """A child process: its number, its id, and when it was started."""

    number: int
    pid: int
    started_at: float
    is_ready: bool = False


class _Supervisor:
    """Forks workers, replaces those that die, and ends them all together."""

    def __init__(self, listener: socket.socket, make_app: MakeApp, public_url: str, workers: int) -> None:
        self._listener = listener
        self._make_app = make_app
        self._public_url = public_url
        self._count = workers
        self._is_stopping = False
        self._workers: dict[int, _Worker] = {}
        self._due: dict[int, float] = dict.fromkeys(range(workers), 0.0)
        self._ready_reader, self._ready_writer = os.pipe()
        # Children hold the reading end; when this process is gone, however it went, they read its end and stop.
        self._life_reader, self._life_writer = os.pipe()
        os.set_blocking(self._ready_reader, False)

    def run(self, on_ready: Ready) -> int:
        """Supervise until a signal; gives the exit code."""
        kept = {number: signal.signal(number, self._stop) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            return self._watch(on_ready)
        finally:
            self._end_all()
            for number, handler in kept.items():
                signal.signal(number, handler)

    def _stop(self, _number: int, _frame: object) -> None:
        self._is_stopping = True

    def _watch(self, on_ready: Ready) -> int:
        told = False
        while not self._is_stopping:
            now = time.monotonic()
            for number, due in list(self._due.items()):
                if due <= now:
                    del self._due[number]
                    self._start(number)
            self._note_ready()
            if not told and len(self._workers) == self._count and all(one.is_ready for one in self._workers.values()):
                told = True
                on_ready()
            code = self._reap()
            if code is not None:
                return code
            time.sleep(_POLL_SECONDS)
        return 0

    def _start(self, number: int) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            os._exit(self._be_worker(number))
        self._workers[pid] = _Worker(number, pid, time.monotonic())

    def _be_worker(self, number: int) -> int:
        """The whole life of a child; gives its exit code."""
        os.close(self._life_writer)
        os.close(self._ready_reader)
        _stay_on_one_core(number)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        threading.Thread(target=self._outlive_nobody, name="lifeline", daemon=True).start()
        try:
            return _run(self._listener, self._make_app(number), self._public_url, self._tell_ready)
        except KeyboardInterrupt:
            return 0
        except Exception as error:  # noqa: BLE001 - the child must end with a code, whatever broke
            log_crash(error, request_id="none", route="/")
            return 1
        finally:
            sys.stdout.flush()
            sys.stderr.flush()

    def _outlive_nobody(self) -> None:
        os.read(self._life_reader, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _tell_ready(self) -> None:
        os.write(self._ready_writer, os.getpid().to_bytes(8, "big"))

    def _note_ready(self) -> None:
        with contextlib.suppress(BlockingIOError):
            # Messages are shorter than what a pipe takes at once, so they arrive whole.
            while message := os.read(self._ready_reader, 8):
                worker = self._workers.get(int.from_bytes(message, "big"))
                if worker is not None:
                    worker.is_ready = True

    def _reap(self) -> int | None:
        """Take note of children that ended; an exit code when one could not even start."""
        for worker in list(self._workers.values()):
            pid, status = os.waitpid(worker.pid, os.WNOHANG)
            if pid == 0:
                continue
            del self._workers[worker.pid]
            if not worker.is_ready and not self._is_stopping:
                return max(1, os.waitstatus_to_exitcode(status))
            lived = time.monotonic() - worker.started_at
            self._due[worker.number] = time.monotonic() + (
                0.0 if lived > RESTART_PAUSE_SECONDS else RESTART_PAUSE_SECONDS
            )
        return None

    def _end_all(self) -> None:
        self._listener.close()
        deadline = time.monotonic() + LAST_SECONDS + 0.5
        for worker in self._workers.values():
            with contextlib.suppress(ProcessLookupError):
                os.kill(worker.pid, signal.SIGTERM)
        while self._workers and time.monotonic() < deadline:
            for pid in list(self._workers):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    del self._workers[pid]
            time.sleep(_POLL_SECONDS / 5)
        for pid in self._workers:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
        for end in (self._ready_reader, self._ready_writer, self._life_reader, self._life_writer):
            os.close(end)
