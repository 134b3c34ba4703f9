"""Turns at a database that takes one writer: first come, first served, and a gap for other processes.

Without them a thread that writes without pause takes the lock again before those who wait have woken up. A revocation
would then wait until nothing is asked any more of what it is to end.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from sealwright.domain.errors import StoreUnavailable

# Other processes try again every millisecond: the gap lets one of them in.
GAP_SECONDS: Final = 0.0015
STRETCH_SECONDS: Final = 0.05


class Turns:
    """Lets the threads of one process in one by one, in the order in which they came.

    Args:
        wait_seconds: How long one waits for its turn.
        now: A clock that only goes forward, in seconds.
    """

    def __init__(
        self,
        wait_seconds: float,
        *,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._wait_seconds = wait_seconds
        self._now = now
        self._sleep = sleep
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: deque[threading.Lock] = deque()
        self._ended = self._since = now()

    def take(self) -> None:
        """Wait for one's turn.

        Raises:
            StoreUnavailable: It did not come in time.
        """
        with self._lock:
            if not self._is_taken:
                self._is_taken = True
                place = None
            else:
                place = threading.Lock()
                place.acquire()
                self._waiting.append(place)
        if place is not None and not place.acquire(timeout=self._wait_seconds):
            with self._lock:
                # It may have come just now.
                if place in self._waiting:
                    self._waiting.remove(place)
                    raise StoreUnavailable("The database was busy for too long; try again later.")
        self._leave_gap()

    def give(self) -> None:
        """End one's turn: the next in line has it then, before whoever comes now."""
        self._ended = self._now()
        with self._lock:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._is_taken = False

    def _leave_gap(self) -> None:
        """Stand back for a moment where this process has had the database to itself for long."""
        now = self._now()
        if now - self._ended >= GAP_SECONDS:
            self._since = now
        elif now - self._since >= STRETCH_SECONDS:
            self._sleep(GAP_SECONDS)
            self._since = self._now()
