"""How our Typer groups are made: plain help, no completion scripts, no dressed-up traces."""

from __future__ import annotations

import typer


def group(summary: str) -> typer.Typer:
    """Make an empty group of commands."""
    app = _plain(summary)
    # With a callback a group stays a group even when it has one command only.
    app.callback()(_nothing)
    return app


def alone() -> typer.Typer:
    """Make an application for one command."""
    return _plain(None)


def _nothing() -> None:
    return None


def _plain(summary: str | None) -> typer.Typer:
    return typer.Typer(
        help=summary,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        epilog="Every command also takes --json and --quiet.",
    )
