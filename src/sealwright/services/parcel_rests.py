"""Whom the dispatcher leaves alone for a moment, so that one that does not answer never keeps others waiting."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

_FIRST: Final = timedelta(seconds=5)
_LONGEST: Final = timedelta(seconds=60)
# Longer than a minute only if it asked for that itself; whoever mends an endpoint does not wait for hours.
_LONGEST_ASKED: Final = timedelta(minutes=15)
_FORGET_AFTER: Final = timedelta(minutes=30)
_MOST: Final = 1000
_NONE: Final = timedelta()


@dataclass(slots=True)
class _Rest:
    failures: int
    until: datetime
    # The one subject that failed at a place so far; None once it was more than one, and for subjects themselves.
    by: str | None = None


@dataclass(slots=True)
class Rests:
    """Subjects and places that failed, and subjects that a worker of this process is busy with.

    `lock` is held by whoever takes a parcel, from asking what to avoid until it is entered.
    """

    lock: threading.Lock = field(default_factory=threading.Lock)
    _busy: set[str] = field(default_factory=set)
    _rests: dict[str, _Rest] = field(default_factory=dict)
    _inner: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, subject: str) -> None:
        """A worker is busy with it."""
        with self._inner:
            self._busy.add(subject)

    def leave(self, subject: str) -> None:
        """No worker is any more."""
        with self._inner:
            self._busy.discard(subject)

    def avoided(self, now: datetime) -> frozenset[str]:
        """Subjects that nobody should begin with now."""
        with self._inner:
            self._forget(now)
            return frozenset(self._busy | {key for key, rest in self._rests.items() if rest.until > now})

    def until(self, key: str, now: datetime) -> datetime | None:
        """When it may be asked again that failed a moment ago; None if it may now."""
        with self._inner:
            rest = self._rests.get(key)
            return rest.until if rest is not None and rest.until > now else None

    def failed(self, key: str, now: datetime, *, asked: timedelta = _NONE) -> None:
        """It rests: longer with each failure in a row, at most a minute.

        Args:
            asked: How long it wants to be left alone itself; counts up to a quarter of an hour.
        """
        with self._inner:
            self._rest(key, now, min(asked, _LONGEST_ASKED))

    def failed_at(self, place: str, subject: str, now: datetime) -> None:
        """A place did not answer; it rests once it did not answer more than one of its subjects in a row.

        One of many that share a place would keep the others waiting otherwise, again and again.
        """
        with self._inner:
            before = self._rests.get(place)
            if before is None or before.by == subject:
                self._rests[place] = _Rest(0, now, by=subject)
            else:
                self._rest(place, now, _NONE)

    def answered(self, key: str) -> None:
        """It is well."""
        with self._inner:
            self._rests.pop(key, None)

    def _rest(self, key: str, now: datetime, at_least: timedelta) -> None:
        before = self._rests.get(key)
        failures = 1 if before is None else before.failures + 1
        pause = min(_FIRST * 2.0 ** min(failures - 1, 8), _LONGEST)
        self._rests[key] = _Rest(failures, now + max(pause, at_least))

    def _forget(self, now: datetime) -> None:
        for key in [key for key, rest in self._rests.items() if rest.until < now - _FORGET_AFTER]:
            del self._rests[key]
        # The oldest come first; beyond so many it is cheaper to ask some in vain than to remember all.
        for key in list(self._rests)[: max(0, len(self._rests) - _MOST)]:
            del self._rests[key]
