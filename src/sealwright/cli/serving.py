"""Serving HTTP: the address is bound first, then one process serves it, or several do."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk
from sealwright.cli.errors import Misused
from sealwright.cli.output import Output, of, write_json, write_line

if TYPE_CHECKING:
    from sealwright.settings import Settings

_BACKLOG = 2048


def serve(
    ctx: typer.Context,
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="0 picks a free one.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Server processes.")] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="No housekeeping in this server.")] = False,
) -> int:
    """Serve HTTP until SIGTERM or Ctrl-C. Logs go to stderr; the first line of stdout tells when it is ready."""
    from sealwright.settings import BindAddress

    settings = _with_options(desk.read_settings(), host, port, workers)
    size = settings.workers if hasattr(os, "fork") else 1
    listeners = _listen(settings.bind, size)
    address = listeners[0].getsockname()
    settings = settings.with_bind(BindAddress(settings.bind.host, address[1]))

    def announce() -> None:
        _announce(of(ctx), settings)

    if size == 1:
        from sealwright.cli.server import run_server

        return run_server(settings, listeners[0], chores=not no_worker, announce=announce)
    return _serve_with_crew(settings, listeners, chores=not no_worker, announce=announce, output=of(ctx))


def _with_options(settings: Settings, host: str | None, port: int | None, workers: int | None) -> Settings:
    overrides = {}
    if host is not None or port is not None:
        chosen = host if host is not None else settings.bind.host
        shown = f"[{chosen}]" if ":" in chosen else chosen
        overrides["SEALWRIGHT_BIND"] = f"{shown}:{port if port is not None else settings.bind.port}"
    if workers is not None:
        overrides["SEALWRIGHT_WORKERS"] = str(workers)
    return desk.read_settings(overrides) if overrides else settings


def _listen(bind: object, size: int) -> list[socket.socket]:
    """Bind the address once for each process.

    With several, each has a queue of its own and the kernel spreads connections over them; one shared
    queue would be emptied by whichever process wakes first.
    """
    from sealwright.settings import BindAddress

    if not isinstance(bind, BindAddress):
        raise TypeError("not an address")
    try:
        family = socket.getaddrinfo(bind.host, bind.port, type=socket.SOCK_STREAM)[0][0]
        first = socket.create_server((bind.host, bind.port), family=family, backlog=_BACKLOG)
        if size == 1 or not hasattr(socket, "SO_REUSEPORT"):
            return [first] * size
        port = first.getsockname()[1]
        # The first, exclusive one has proved that nobody else listens here.
        first.close()
        return [
            socket.create_server((bind.host, port), family=family, backlog=_BACKLOG, reuse_port=True)
            for _ in range(size)
        ]
    except OSError as error:
        raise Misused(f"{bind} cannot be listened on: {error.strerror or 'no such host'}") from error


def _announce(output: Output, settings: Settings) -> None:
    bind = settings.bind
    loopback = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bind.host)  # noqa: S104 - where anybody can reach it
    url = f"http://{loopback}:{bind.port}" if loopback else f"http://{bind}"
    if output.json:
        write_json(sys.stdout, {"ready": True, "url": url, "pid": os.getpid()})
    else:
        write_line(sys.stdout, f"Sealwright is ready at {url} (public URL {settings.public_url})")


def _serve_with_crew(
    settings: Settings, listeners: list[socket.socket], *, chores: bool, announce: Callable[[], None], output: Output
) -> int:
    from sealwright.cli.errors import report
    from sealwright.cli.workers import Crew

    def work(index: int, ready: Callable[[], None], lifeline: int) -> int:
        from sealwright.cli.server import run_server

        try:
            # One process does the chores of all; when it dies, so does its thread, and its successor goes on.
            return run_server(
                settings, listeners[index], chores=chores and index == 0, announce=ready, lifeline=lifeline
            )
        except Exception as error:  # noqa: BLE001 - a worker's last handler
            return report(error, output, "sealwright serve")

    from sealwright.adapters.logging import configure_logging
    from sealwright.settings import LogFormat

    configure_logging(level=settings.log_level.value, as_json=settings.log_format is LogFormat.JSON)
    return Crew(work, len(listeners), listeners).run(announce)
