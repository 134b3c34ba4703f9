"""Hours in which an act is allowed, as texts such as ``Mon-Fri 08:00-18:00 America/Los_Angeles``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sealwright.vc.errors import MalformedDocument

DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
TEXT_MOST: Final = 100

_DAY: Final = "(" + "|".join(DAYS) + ")"
_WINDOW: Final = re.compile(
    rf"{_DAY}(?:-{_DAY})? (\d\d):(\d\d)-(\d\d):(\d\d) ([A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){{0,2}})", re.ASCII
)
# Names that a system keeps beside those of the database: its own setting, and copies with other rules.
_NO_ZONES: Final = ("localtime", "posix", "right")
_DAY_MINUTES: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """One stretch of the clock on some days of the week, in one zone.

    Args:
        days: 0 is Monday.
        start: Minutes after midnight by the zone's clock; the first that lies inside.
        end: Minutes after midnight, the first that lies outside again; 1,440 is the end of the day.
        zone: Name in the IANA time zone database.
    """

    days: frozenset[int]
    start: int
    end: int
    zone: str

    def contains(self, moment: datetime) -> bool:
        """Whether an aware moment lies inside, by the clock on the zone's walls."""
        local = moment.astimezone(ZoneInfo(self.zone))
        return local.weekday() in self.days and self.start <= local.hour * 60 + local.minute < self.end

    def lies_inside(self, other: Window) -> bool:
        """Whether each moment of it is one of the other's, which is told of windows in one zone only."""
        is_within = other.start <= self.start and self.end <= other.end
        return self.zone == other.zone and self.days <= other.days and is_within


# Every act under a delegation asks for the same few windows; a text is 100 characters at most.
@lru_cache(maxsize=256)
def _read(text: str) -> Window | None:
    match = _WINDOW.fullmatch(text)
    if match is None:
        return None
    first, last, *numbers, zone = match.groups()
    start_hour, start_minute, end_hour, end_minute = map(int, numbers)
    start, end = start_hour * 60 + start_minute, end_hour * 60 + end_minute
    if start_minute > 59 or end_minute > 59 or not start < end <= _DAY_MINUTES:
        return None
    if zone.startswith(_NO_ZONES):
        return None
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    begin = DAYS.index(first)
    # A range may run over the end of the week: Fri-Mon are four days.
    count = (DAYS.index(last) - begin) % 7 + 1 if last else 1
    return Window(frozenset((begin + step) % 7 for step in range(count)), start, end, zone)


def read_window(text: str) -> Window:
    """Read one window.

    Args:
        text: Days ``Mon`` … ``Sun``, one or a range, which may run over the end of the week; from and until by a clock
            of 24 hours, until after from, ``24:00`` allowed; an IANA zone. One space between the three.

    Raises:
        MalformedDocument: It is no such text, or the zone is not known here.
    """
    window = _read(text) if len(text) <= TEXT_MOST else None
    if window is None:
        raise MalformedDocument("The text is no window of time such as Mon-Fri 08:00-18:00 Europe/Vienna.")
    return window
