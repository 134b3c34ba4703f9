"""The terminal door: parse, call, print. Nothing heavy is imported before a command is known."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command that the process was started with, and end with its exit code."""
    try:
        from sealwright.cli.door import run

        code = run(sys.argv[1:])
    except KeyboardInterrupt:
        # While modules were being read; a command that is under way tells of it by itself.
        from sealwright.cli.misuse import INTERRUPTED

        code = INTERRUPTED
    sys.exit(code)
