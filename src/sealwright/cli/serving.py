"""Serving HTTP: the address is bound first, then one process serves it, or several do."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from sealwright.cli import desk
from sealwright.cli.loading import loading
from sealwright.cli.misuse import Misused
from sealwright.cli.output import Output, of, write_json, write_line
from sealwright.cli.whereabouts import leave_word, word_ends

if TYPE_CHECKING:
    import socket

    from litestar.types import ASGIApp

    from sealwright.services.office import Office
    from sealwright.settings import Settings


def serve(
    ctx: typer.Context,
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="0 picks a free one.")] = None,
    workers: Annotated[int | None, typer.Option("--workers", help="Server processes.")] = None,
    no_worker: Annotated[bool, typer.Option("--no-worker", help="No background work in this server.")] = False,
) -> int:
    """Serve HTTP until SIGTERM or Ctrl-C. Logs go to stderr; the first line of stdout tells when it is ready."""
    from sealwright.settings import BindAddress

    with loading():
        from sealwright.web import server

    settings = _settings(host, port, workers)
    elsewhere = host is not None or port is not None
    listener = _listen(settings)
    settings = settings.with_bind(BindAddress(settings.bind.host, server.bound_port(listener)))
    set_up_log(settings)
    first_run = _FirstRun()
    if settings.workers > 1:
        # Whatever stops an office from opening is told here, once, and not by every process again and again.
        with desk.open_office(settings) as at:
            first_run.look(at.office)

    def ready() -> None:
        leave_word(settings)
        _announce(of(ctx), settings, first_run.link)
        if elsewhere and not of(ctx).json:
            _tell_of_other_addresses(settings)

    with word_ends(settings.home):
        return server.serve(
            listener,
            lambda number: _make_app(settings, first_run, chores=not no_worker and number == 0),
            public_url=settings.public_url,
            workers=settings.workers if hasattr(os, "fork") else 1,
            on_ready=ready,
        )


class _FirstRun:
    """Whether the office is yet to be set up, and the link that does it; looked up once for all processes."""

    def __init__(self) -> None:
        self.link: str | None = None
        self._has_looked = False

    def look(self, office: Office) -> None:
        if not self._has_looked:
            self._has_looked = True
            self.link = None if office.setup.is_over() else office.setup.open_link()


def _settings(host: str | None, port: int | None, workers: int | None) -> Settings:
    """Options are settings that win over all others, and are judged like them before anything is made."""
    overrides = {}
    if host is not None or port is not None:
        bind = desk.peek_settings().bind
        chosen = host if host is not None else bind.host
        shown = f"[{chosen}]" if ":" in chosen else chosen
        overrides["SEALWRIGHT_BIND"] = f"{shown}:{port if port is not None else bind.port}"
    if workers is not None:
        overrides["SEALWRIGHT_WORKERS"] = str(workers)
    return desk.read_settings(overrides)


def _listen(settings: Settings) -> socket.socket:
    from sealwright.web.server import bind

    try:
        return bind(settings.bind.host, settings.bind.port)
    except OSError as error:
        raise Misused(f"{settings.bind} cannot be listened on: {error.strerror or 'no such host'}") from error


def _make_app(settings: Settings, first_run: _FirstRun, *, chores: bool) -> ASGIApp:
    """Open the office of one process and build the application over it; both end together."""
    with loading():
        from sealwright import bootstrap
        from sealwright.web.app import build_app

    office = bootstrap.build(settings)
    first_run.look(office)
    return build_app(office, on_startup=[lambda: office.start_background(chores)], on_shutdown=[office.close])


def set_up_log(settings: Settings) -> None:
    """Send what the process has to say to stderr, as the settings wish."""
    from sealwright.adapters.logging import configure_logging
    from sealwright.settings import LogFormat

    configure_logging(level=settings.log_level.value, as_json=settings.log_format is LogFormat.JSON)


def _tell_of_other_addresses(settings: Settings) -> None:
    """Options hold for this server alone: what is issued at the terminal would lead to an address where nobody is."""
    others = desk.peek_settings().public_url
    if others != settings.public_url:
        write_line(sys.stdout, f"Other commands write addresses that begin with {others} into what they sign;")
        write_line(
            sys.stdout, f"to have them agree, set SEALWRIGHT_BIND={settings.bind} for all in place of the option."
        )


def _announce(output: Output, settings: Settings, setup_link: str | None) -> None:
    bind = settings.bind
    loopback = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(bind.host)  # noqa: S104 - where anybody can reach it
    url = f"http://{loopback}:{bind.port}" if loopback else f"http://{bind}"
    if output.json:
        write_json(sys.stdout, {"ready": True, "url": url, "pid": os.getpid()})
    else:
        write_line(sys.stdout, f"Sealwright is ready at {url} (public URL {settings.public_url})")
        write_line(sys.stdout, f"Data folder: {settings.home}")
    if setup_link is not None:
        output.say(f"This office is yet to be set up. Within an hour, open {setup_link}")
        output.say("A later link: sealwright setup-link")
