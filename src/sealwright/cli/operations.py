"""Commands that run the office: halt, resume, keys, openapi, version."""

from __future__ import annotations

import typer

from sealwright.cli.output import of


def version(ctx: typer.Context) -> None:
    """Print the version."""
    from sealwright import __version__

    of(ctx).emit({"version": __version__}, plain=__version__)
