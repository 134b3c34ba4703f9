"""Exit codes, and what a command refuses by itself; kept light, because every command imports it."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
FAILURE: Final = 1
USAGE: Final = 2
NOT_ALLOWED: Final = 3
NOT_FOUND: Final = 4
CONFLICT: Final = 5
VALIDATION: Final = 6
RATE_LIMITED: Final = 7
PARTLY: Final = 8
# Interrupted by the keyboard: 128 and the signal's number, as shells have it.
INTERRUPTED: Final = 130
# `verify`, `audit verify` and `verify-store` answer with these instead.
SOUND: Final = 0
FAULTY: Final = 1
OPEN: Final = 2


class Misused(Exception):
    """Options or files that this command cannot work with."""


class UnreadableFile(Misused):
    """A file that was named and cannot be read or written."""
