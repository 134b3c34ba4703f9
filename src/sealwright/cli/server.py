"""One server process: the application over an open office, on a socket that is already bound."""

from __future__ import annotations

import gc
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import uvicorn

from sealwright import bootstrap
from sealwright.adapters.logging import configure_logging
from sealwright.cli.http_protocol import BoundedProtocol
from sealwright.settings import LogFormat
from sealwright.web.app import build_app

if TYPE_CHECKING:
    from sealwright.settings import Settings

# In flight when the stop comes; the office then still has a second for its own ends (contract: 10 s in all).
GRACE_SECONDS: Final = 8
KEEP_ALIVE_SECONDS: Final = 30
_STOP_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class _Server(uvicorn.Server):
    """uvicorn's server, telling when it is ready, and ending with exit code 0 on a signal."""

    def __init__(self, config: uvicorn.Config, announce: Callable[[], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, and tell."""
        await super().startup(sockets=sockets)
        if self.started:
            # What was made while starting lives as long as the process; collecting it again and again is waste.
            gc.collect()
            gc.freeze()
            self._announce()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to `run_server`: uvicorn would raise them again at the end and die of them."""
        yield


def run_server(
    settings: Settings,
    listener: socket.socket,
    *,
    chores: bool,
    announce: Callable[[], None],
    lifeline: int | None = None,
) -> int:
    """Serve until a signal comes, and give the exit code.

    Args:
        listener: Bound and listening.
        chores: Whether this process does the housekeeping.
        announce: Called once, when requests are accepted.
        lifeline: A pipe's end that closes when the parent dies; then this process stops too.

    Raises:
        StoreRefused, StoreUnavailable, KekRefused: Before anything is accepted.
    """
    configure_logging(level=settings.log_level.value, as_json=settings.log_format is LogFormat.JSON)
    office = bootstrap.build(settings)
    try:
        office.start_background(chores)
        app: Any = build_app(office)
        server = _Server(_config(app), announce)
        _stop_on_signals(server)
        if lifeline is not None:
            _stop_with_parent(lifeline)
        server.run(sockets=[listener])
        return 0 if server.started else 1
    finally:
        office.close()


def _config(app: Any) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=BoundedProtocol,
        loop="uvloop" if _has_uvloop() else "asyncio",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None


def _stop_on_signals(server: uvicorn.Server) -> None:
    for number in _STOP_SIGNALS:
        signal.signal(number, server.handle_exit)


def _stop_with_parent(lifeline: int) -> None:
    def watch() -> None:
        # Nothing is ever written: reading ends when the last writer, the parent, is gone.
        while os.read(lifeline, 1):
            continue
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
