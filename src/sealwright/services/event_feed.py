"""The newest events, read once for everybody who listens in this process."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sealwright.domain.errors import DomainError, RateLimitExceeded, StoreUnavailable
from sealwright.services.events import AUDIT_ONLY, Event, EventDesk
from sealwright.services.ports import UnitOfWorkFactory

LISTENERS_AT_MOST: Final = 100
LISTENERS_OF_ONE: Final = 10
POLL_SECONDS: Final = 0.5
_READ_AT_ONCE: Final = 500
# Listeners that are further behind read for themselves.
_REMEMBERED: Final = 2_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, eq=False)
class Listener:
    """Somebody who listens; `wake` is called from the reader's thread whenever there may be something new."""

    bucket: str
    wake: Callable[[], None]


class EventFeed:
    """Follows the end of the trail with one thread, while anybody listens; without listeners nothing is read.

    A listener takes what it wants when it wants it, by position: one that is slow holds up nobody, costs no memory,
    and misses nothing.
    """

    def __init__(self, units: UnitOfWorkFactory, desk: EventDesk) -> None:
        self._units = units
        self._desk = desk
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._by_bucket: Counter[str] = Counter()
        self._thread: threading.Thread | None = None
        # Every event behind `_base` up to `_head` is in `_recent`.
        self._recent: deque[Event] = deque()
        self._base = 0
        self._head = 0
        self.is_ending = False

    def end(self) -> None:
        """Let every stream of this process end soon; takes no lock, for it is called from a signal's handler."""
        self.is_ending = True

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def join(self, bucket: str, wake: Callable[[], None]) -> Listener:
        """Begin to listen; `leave` must follow.

        Raises:
            RateLimitExceeded: This caller has too many streams.
            StoreUnavailable: There are too many streams in all, or the process is ending.
        """
        listener = Listener(bucket, wake)
        with self._lock:
            if self._by_bucket[bucket] >= LISTENERS_OF_ONE:
                raise RateLimitExceeded(f"More than {LISTENERS_OF_ONE} streams at once.", retry_after_seconds=60)
            if self.is_ending or len(self._listeners) >= LISTENERS_AT_MOST:
                raise StoreUnavailable("There is no room for a further stream now.")
            self._listeners.add(listener)
            self._by_bucket[bucket] += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._follow, name="event-feed", daemon=True)
                self._thread.start()
        return listener

    def leave(self, listener: Listener) -> None:
        """Stop listening; once is enough."""
        with self._lock:
            if listener in self._listeners:
                self._listeners.remove(listener)
                self._by_bucket[listener.bucket] -= 1
                if not self._by_bucket[listener.bucket]:
                    del self._by_bucket[listener.bucket]

    def begin(self, last_event_id: str | None) -> int | None:
        """The position after which a stream begins: behind an event, no further back than is kept; else the end.

        None for an id that is no event's. May block.
        """
        with self._units(write=False) as uow:
            head = uow.audit.head().sequence
            if last_event_id is None:
                return head
            position = self._desk.position_of(last_event_id)
            if position is None:
                return None
            return min(max(position, self._desk.oldest_kept(uow)), head)

    def since(self, position: int, limit: int) -> tuple[tuple[Event, ...], int]:
        """Events behind a position, oldest first, and the position that was looked at last. May block."""
        with self._lock:
            if position >= self._base and self._head:
                found = tuple(event for event in self._recent if event.sequence > position)[:limit]
                end = found[-1].sequence if len(found) == limit else max(position, self._head)
                return found, end
        return self._read(position, limit)

    def _read(self, position: int, limit: int) -> tuple[tuple[Event, ...], int]:
        with self._units(write=False) as uow:
            rows = uow.audit.read(position, limit)
        events = tuple(self._desk.event(row) for row in rows if row.action not in AUDIT_ONLY)
        return events, rows[-1].sequence if rows else position

    # -- the reader's thread --------------------------------------------------------------------------

    def _follow(self) -> None:
        while self._is_wanted():
            try:
                grew = self._look()
            except DomainError as error:
                grew = False
                _log.warning("events not read", extra={"kind": type(error).__name__})
            except Exception:  # noqa: BLE001 - listeners wait for the next reading, whatever broke
                grew = False
                _log.exception("events not read")
            if grew:
                for listener in self._present():
                    listener.wake()
            time.sleep(POLL_SECONDS)

    def _is_wanted(self) -> bool:
        with self._lock:
            if self._listeners and not self.is_ending:
                return True
            self._thread = None
            self._recent.clear()
            self._base = self._head = 0
            return False

    def _present(self) -> tuple[Listener, ...]:
        with self._lock:
            return tuple(self._listeners)

    def _look(self) -> bool:
        with self._units(write=False) as uow:
            head = uow.audit.head().sequence
        if not self._head:
            with self._lock:
                self._base = self._head = head
            return True
        grew = head > self._head
        while self._head < head:
            events, end = self._read(self._head, _READ_AT_ONCE)
            with self._lock:
                self._recent.extend(events)
                while len(self._recent) > _REMEMBERED:
                    self._base = self._recent.popleft().sequence
                self._head = end
        return grew
