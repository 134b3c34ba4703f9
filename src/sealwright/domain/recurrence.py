"""When the instances of a series begin: calendar-correct in the series' own time zone."""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sealwright.domain.work_errors import InvalidSchedule

_DAYS: Final = {"daily": 1, "weekly": 7}
MAX_ZONE_LENGTH: Final = 64
# Wall clocks and the beginnings that follow must stay within what a date can say.
FIRST_YEAR: Final = 1900
LAST_YEAR: Final = 9000


class Recurrence(StrEnum):
    """How often a workflow is done."""

    ONE_TIME = "one_time"
    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"


@dataclass(frozen=True, slots=True)
class Schedule:
    """The beginnings of a series, counted from an anchor, the first one being number 0.

    Days, weeks and months are those of the wall clock of `time_zone`: nine o'clock stays nine o'clock when summer
    time begins. A month without the anchor's day takes its last day; the month after has the anchor's day again.

    Args:
        anchor_at: The first beginning; aware.
        until: No instance begins after it; None: without end.
        time_zone: An IANA name.

    Raises:
        InvalidSchedule: The zone is unknown, the end lies before the anchor, or the anchor in no usual year.
    """

    recurrence: Recurrence
    anchor_at: datetime
    until: datetime | None = None
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        zone_named(self.time_zone)
        if not FIRST_YEAR <= self.anchor_at.year <= LAST_YEAR:
            raise InvalidSchedule("The first instance begins in a year that is too far away.")
        if self.until is not None and self.until < self.anchor_at:
            raise InvalidSchedule("The recurrence ends before the first instance begins.")

    def beginning(self, number: int) -> datetime | None:
        """When instance `number` would begin, whatever `until` says; None beyond the first of a one-time workflow."""
        if number == 0:
            return self.anchor_at
        if self.recurrence is Recurrence.ONE_TIME:
            return None
        zone = zone_named(self.time_zone)
        wall = self.anchor_at.astimezone(zone).replace(tzinfo=None)
        if self.recurrence is Recurrence.MONTHLY:
            moved = _months_later(wall, number)
        else:
            moved = wall + timedelta(days=_DAYS[self.recurrence.value] * number)
        return moved.replace(tzinfo=zone).astimezone(UTC)

    def after(self, moment: datetime) -> datetime | None:
        """The first beginning later than a moment, whatever `until` says."""
        number = self._number_before(moment)
        begins = self.beginning(number)
        while begins is not None and begins <= moment:
            number += 1
            begins = self.beginning(number)
        return begins

    def next_instance(self, last: datetime, now: datetime) -> datetime | None:
        """When the instance that follows one begins; None where the series has ended.

        Beginnings that were missed altogether are left out: it is the latest one up to `now` if that is later than
        `last`, else the first one after `last`.
        """
        follows = self.after(last)
        while follows is not None and follows <= now:
            later = self.after(follows)
            if later is None or later > now:
                break
            # Far behind: jump near the present instead of walking there.
            follows = max(later, self._latest(now))
        if follows is None or (self.until is not None and follows > self.until):
            return None
        return follows

    def _latest(self, now: datetime) -> datetime:
        number = self._number_before(now)
        latest = self.anchor_at
        begins = self.beginning(number)
        while begins is not None and begins <= now:
            latest = begins
            number += 1
            begins = self.beginning(number)
        return latest

    def _number_before(self, moment: datetime) -> int:
        """A number whose instance begins at or before a moment, and not long before; 0 at least."""
        if self.recurrence is Recurrence.ONE_TIME or moment <= self.anchor_at:
            return 0
        days = (moment - self.anchor_at).days
        length = 31 if self.recurrence is Recurrence.MONTHLY else _DAYS[self.recurrence.value]
        # Two less, because months are shorter than 31 days on one side only and zones move by hours.
        return max(0, days // length - 2)


def zone_named(name: str) -> ZoneInfo:
    """Find a time zone by its IANA name. Raises InvalidSchedule."""
    try:
        if not 0 < len(name) <= MAX_ZONE_LENGTH:
            raise ValueError(name)
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise InvalidSchedule("The time zone is not an IANA name that is known here.") from error


def _months_later(wall: datetime, months: int) -> datetime:
    index = wall.month - 1 + months
    year, month = wall.year + index // 12, index % 12 + 1
    return wall.replace(year=year, month=month, day=min(wall.day, calendar.monthrange(year, month)[1]))
