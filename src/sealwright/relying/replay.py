"""Remembering what was used: a token and a proof are good for one call."""

from __future__ import annotations

import heapq
import threading
from datetime import datetime
from typing import Final, Protocol

MOST_REMEMBERED: Final = 100_000


class MemoryFull(Exception):
    """Nothing more can be remembered now, so that nothing more can be taken."""


class ReplayMemory(Protocol):
    """Remembers what was used. Servers of several processes give one that all share: `shared_memory.DatabaseMemory`."""

    def spend(self, name: str, *, until: datetime, now: datetime) -> bool:
        """Remember a name; tell whether it was new. Of two calls at the same time, one is told True.

        Args:
            until: When it may be forgotten.

        Raises:
            MemoryFull: It cannot be remembered.
        """
        ...


class LocalMemory:
    """Remembers within one process; what is over is forgotten, and a full memory takes nothing in.

    Dropping what is not over yet would let a token be used twice by whoever fills the memory first.

    Args:
        most: How many names are kept at a time; a token takes two, for six minutes at most.
    """

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._ends: list[tuple[datetime, str]] = []
        self._names: set[str] = set()
        self._lock = threading.Lock()

    def spend(self, name: str, *, until: datetime, now: datetime) -> bool:
        """As `ReplayMemory.spend`."""
        with self._lock:
            while self._ends and self._ends[0][0] <= now:
                self._names.discard(heapq.heappop(self._ends)[1])
            if name in self._names:
                return False
            if len(self._names) >= self._most:
                raise MemoryFull
            self._names.add(name)
            heapq.heappush(self._ends, (until, name))
            return True
