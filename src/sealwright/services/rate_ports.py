"""Counting calls, as a protocol: what the gate needs from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class RateHit:
    """The outcome of one call against a bucket."""

    allowed: bool
    limit: int
    remaining: int
    reset_seconds: int


class RateLimiter(Protocol):
    """Counts calls per bucket and minute, across processes and restarts."""

    def hit_many(self, hits: Sequence[tuple[str, int]], now: datetime) -> tuple[RateHit, ...]:
        """Count a call for each (bucket, limit per minute), in order. Blocking; a limit of 0 passes uncounted."""
