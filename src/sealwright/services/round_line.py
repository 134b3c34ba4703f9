"""A line: whoever comes while a round is under way is served in the next one, all together, by one thread."""

from __future__ import annotations

import queue
import threading
import time
from abc import ABC, abstractmethod
from typing import Final, Generic, Protocol, TypeVar

from sealwright.domain.errors import StoreUnavailable

ROUND_AT_MOST: Final = 64
_STOP_SECONDS: Final = 10


class Waiting(Protocol):
    """Somebody on a line."""

    error: Exception | None

    def settle(self) -> None:
        """Answer whoever waits, with `error` where that is set."""


Item = TypeVar("Item", bound=Waiting)


class RoundLine(ABC, Generic[Item]):
    """The thread that walks a line. Start it before use; closing serves what has arrived."""

    def __init__(self, name: str) -> None:
        self._arrivals: queue.SimpleQueue[Item | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._walk, name=name, daemon=True)
        self._is_open = False

    def start(self) -> None:
        """Begin to take whoever comes."""
        self._is_open = True
        self._thread.start()

    def close(self) -> None:
        """Refuse whoever comes from now on, serve those who wait, stop."""
        if self._is_open:
            self._is_open = False
            self._arrivals.put(None)
            self._thread.join(timeout=_STOP_SECONDS)

    @property
    def is_open(self) -> bool:
        """Tell whether the thread walks and takes whoever comes."""
        return self._is_open

    @property
    def depth(self) -> int:
        """How many wait for a round."""
        return self._arrivals.qsize()

    def _join(self, item: Item) -> None:
        """Put somebody on the line, or send them away where it is closed."""
        if self._is_open:
            self._arrivals.put(item)
        else:
            item.error = StoreUnavailable("The office is stopping.")
            item.settle()

    @abstractmethod
    def _walk(self) -> None:
        """Serve rounds until `_take` says that nobody comes any more."""

    def _take(self, *, wait: bool = True, gather: float = 0) -> tuple[list[Item], bool]:
        """Everybody who has arrived, at most a round; True behind the last one.

        Args:
            wait: Until there is somebody.
            gather: Seconds to let others come behind the first one.
        """
        found: list[Item] = []
        try:
            item = self._arrivals.get() if wait else self._arrivals.get_nowait()
            if gather:
                time.sleep(gather)
            while item is not None:
                found.append(item)
                if len(found) >= ROUND_AT_MOST:
                    return found, False
                item = self._arrivals.get_nowait()
        except queue.Empty:
            return found, False
        return found, True
