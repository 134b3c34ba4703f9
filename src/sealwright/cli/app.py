"""How our Typer groups are made: plain help, no completion scripts, no dressed-up traces."""

from __future__ import annotations

import typer


def group(summary: str | None = None) -> typer.Typer:
    """Make an empty group of commands."""
    return typer.Typer(
        help=summary,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        epilog="Every command also takes --json and --quiet.",
    )
