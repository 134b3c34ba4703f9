"""The terminal door: parse, call, print. Nothing heavy is imported before a command is known."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the process was started with, and end with its exit code."""
    from sealwright.cli.door import run

    sys.exit(run(sys.argv[1:]))
