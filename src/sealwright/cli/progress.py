"""Progress on stderr: a bar where somebody watches, else a line for each twentieth part."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sealwright.cli.output import Output

_WIDTH: Final = 24
_STEP_PERCENT: Final = 5
# A bar that is drawn faster than this cannot be read.
_REDRAWN_EVERY: Final = 0.2
_CLEAR: Final = "\r\x1b[2K"


@dataclass(frozen=True, slots=True)
class Stand:
    """How far something is.

    Args:
        total: None while nobody knows.
        share: Of the whole, 0 to 1, where that is known without a total.
    """

    done: int
    failed: int
    total: int | None = None
    share: float | None = None

    @property
    def part(self) -> float | None:
        """Of the whole, 0 to 1; None while nobody knows."""
        if self.total:
            return min(1.0, self.done / self.total)
        return self.share


class Progress:
    """Tells how one kind of work goes on.

    Args:
        label: What is done: ``Issuing``.
        began_with: Rows that were done before, which tell nothing about the pace.
    """

    def __init__(self, output: Output, label: str, *, began_with: int = 0) -> None:
        self._is_silent = output.json or output.quiet
        self._is_bar = not self._is_silent and bool(getattr(sys.stderr, "isatty", bool)())
        self._label = label
        self._began_with = began_with
        self._began_at = time.monotonic()
        self._drawn_at = 0.0
        self._told_percent = -1

    def tell(self, stand: Stand) -> None:
        """Show where it stands now."""
        if self._is_silent:
            return
        now = time.monotonic()
        if self._is_bar:
            if now - self._drawn_at >= _REDRAWN_EVERY:
                self._drawn_at = now
                self._write(_CLEAR + self._bar(stand) + self._words(stand, now))
            return
        step = int((stand.part or 0.0) * 100) // _STEP_PERCENT * _STEP_PERCENT
        if stand.part is not None and step > self._told_percent:
            self._told_percent = step
            self._write(self._words(stand, now) + "\n")

    def end(self, stand: Stand) -> None:
        """Show where it stands at last, and leave it on the screen."""
        if self._is_silent:
            return
        words = self._words(stand, time.monotonic())
        if self._is_bar:
            self._write(_CLEAR + self._bar(stand) + words + "\n")
        elif self._told_percent < int((stand.part or 0.0) * 100):
            self._write(words + "\n")

    def _bar(self, stand: Stand) -> str:
        if stand.part is None:
            return ""
        filled = int(stand.part * _WIDTH)
        return f"[{'#' * filled}{'.' * (_WIDTH - filled)}] "

    def _words(self, stand: Stand, now: float) -> str:
        percent = f"{stand.part:4.0%} " if stand.part is not None else ""
        count = f"{stand.done:,} of {stand.total:,}" if stand.total else f"{stand.done:,}"
        seconds = now - self._began_at
        rate = (stand.done - self._began_with) / seconds if seconds > 0 else 0.0
        words = f"{self._label} {percent}{count} rows · {rate:,.0f}/s · {stand.failed:,} failed"
        left = _seconds_left(stand, seconds, rate)
        return words if left is None else f"{words} · {spelled_seconds(left)} left"

    @staticmethod
    def _write(text: str) -> None:
        try:
            sys.stderr.write(text)
        except UnicodeEncodeError:
            sys.stderr.write(text.encode("ascii", "replace").decode("ascii"))
        sys.stderr.flush()


def _seconds_left(stand: Stand, seconds: float, rate: float) -> float | None:
    if stand.part is None or stand.part >= 1.0:
        return None
    if stand.total:
        return (stand.total - stand.done) / rate if rate > 0 else None
    return seconds * (1 - stand.part) / stand.part if stand.part > 0 else None


def spelled_seconds(seconds: float) -> str:
    """A time to wait, as people say it: ``40 s``, ``3 min``, ``2 h 5 min``."""
    whole = max(1, round(seconds))
    if whole < 90:
        return f"{whole} s"
    minutes = round(whole / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
