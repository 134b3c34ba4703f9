"""The report by mail: how often a person wants figures, which whole week or month is told, and when it leaves.

Weeks begin on Monday, months on their first day, all in UTC. A period is told from 06:00 of the day after its end.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sealwright.domain.figures import Rate

# What such letters are called in the outbox.
REPORT_MAIL: Final = "analytics_report"
# The hour, UTC, from which the report of a period that has just ended may leave; reminders leave then too.
REPORT_HOUR: Final = 6
_WAIT: Final = timedelta(hours=REPORT_HOUR)
_WEEK: Final = timedelta(days=7)


class ReportEvery(StrEnum):
    """How often a report comes."""

    WEEK = "week"
    MONTH = "month"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Period:
    """A whole week or month; the end is not part of it."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class PeriodFigures:
    """What a report tells of one credential type. Rate and median are None from fewer than ten decisions.

    Args:
        median_seconds: How long half of the decisions took at most.
        pending: As of now, whatever the period.
    """

    credential_type: str
    label: str
    requested: int
    approved: int
    rejected: int
    revoked: int
    approval_rate: Rate | None
    median_seconds: int | None
    pending: int


@dataclass(frozen=True, slots=True)
class Report:
    """What one letter tells.

    Args:
        figures: One entry a credential type, in the order of the catalog.
        before: The same types in the period before.
        chosen: The types that were asked for; None means all of the scope.
    """

    every: ReportEvery
    period: Period
    figures: tuple[PeriodFigures, ...]
    before: tuple[PeriodFigures, ...]
    chosen: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class ReportWish:
    """What a person wants to be told by mail.

    Args:
        credential_types: Ascending, each once; None means whatever lies in their issuer scope when it is sent.
        sent_until: The end of the last period that is done with, told or passed over; None before the first wish.
        asked_at: When they last had a report sent at once.
    """

    user_id: str
    every: ReportEvery = ReportEvery.NEVER
    credential_types: tuple[str, ...] | None = None
    sent_until: datetime | None = None
    asked_at: datetime | None = None

    def changed(self, every: ReportEvery, credential_types: tuple[str, ...] | None, now: datetime) -> ReportWish:
        """The same person's new wish: what has ended before somebody wished to be told of it is not told.

        Who only chooses other types keeps their place, so that nothing is left out or told twice.
        """
        sent_until = self.sent_until
        if every is not self.every and every is not ReportEvery.NEVER:
            sent_until = last_period(every, now).until
        chosen = tuple(sorted(set(credential_types))) if credential_types is not None else None
        return replace(self, every=every, credential_types=chosen, sent_until=sent_until)


def last_period(every: ReportEvery, now: datetime) -> Period:
    """The newest whole period that may be told: one whose end is six hours past.

    Raises:
        ValueError: `every` is never.
    """
    until = _start(every, now - _WAIT)
    return Period(_start(every, until - timedelta(seconds=1)), until)


def last_whole_period(every: ReportEvery, now: datetime) -> Period:
    """The newest period that has ended, for whoever asks at once."""
    return last_period(every, now + _WAIT)


def period_before(every: ReportEvery, period: Period) -> Period:
    """The one that a period is compared with."""
    return Period(_start(every, period.since - timedelta(seconds=1)), period.since)


def next_report_at(every: ReportEvery, now: datetime) -> datetime | None:
    """When the next report leaves; None for never."""
    if every is ReportEvery.NEVER:
        return None
    start = last_period(every, now).until
    following = start + _WEEK if every is ReportEvery.WEEK else _start(every, start + timedelta(days=32))
    return following + _WAIT


def _start(every: ReportEvery, moment: datetime) -> datetime:
    """The start of the week or month that a moment lies in."""
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if every is ReportEvery.WEEK:
        return day - timedelta(days=day.weekday())
    if every is ReportEvery.MONTH:
        return day.replace(day=1)
    raise ValueError("never has no periods")
