"""Analytics: what was asked, decided, granted and lost, by credential type and period, as plain values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.errors import InvalidFilter, OutOfScope
from sealwright.domain.figures import Rate, SurvivalPoint, median, quantile, rate, survival
from sealwright.domain.people import Caller
from sealwright.domain.reports import Period, PeriodFigures
from sealwright.services.desk_ports import DecisionFigures
from sealwright.services.holders import require_reviewer
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

DEFAULT_SPAN: Final = timedelta(days=90)
PERIODS_AT_MOST: Final = 400
EARLY_LOSS_DAYS: Final = 90
REASONS_AT_MOST: Final = 10
SURVIVAL_DAYS: Final = (0, 7, 14, 30, 60, 90, 180, 270, 365)
# Upper bounds of the distribution of times to decision, in hours; what took longer has a class of its own.
TIME_BOUNDS_HOURS: Final = (1, 4, 24, 48, 72, 168, 336)
_A_LIFETIME_DAYS: Final = 36_500
# Expiries are counted for each of so many weeks ahead.
WEEKS_AHEAD: Final = 12
WAITS_KEPT_FOR: Final = timedelta(minutes=5)
# From fewer decisions nobody should conclude how long the next one takes.
CASES_LEAST: Final = 10


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when; the end is not part of it."""

    since: datetime
    until: datetime
    days_per_period: int = 7


@dataclass(frozen=True, slots=True)
class PeriodCounts:
    """What one period had of one credential type."""

    credential_type: str
    start: datetime
    requested: int
    approved: int
    rejected: int
    granted: int
    revoked: int


@dataclass(frozen=True, slots=True)
class TypeFigures:
    """One credential type over a whole span. Rates are None from fewer than ten cases.

    Args:
        times: Decisions by time taken: one number for each of `TIME_BOUNDS_HOURS`, and one for longer.
        within_target: Of the decisions; None also where the type has no target.
        steps_completed: Workflow steps handed in whose role needs the type, whatever else it needs.
        early_losses: Grants revoked within 90 days, of those made in the span.
        expiring: Grants that end in each of the coming weeks.
        pending, oldest_at: As of now.
    """

    credential_type: str
    label: str
    requested: int
    approved: int
    rejected: int
    granted: int
    revoked: int
    approval_rate: Rate | None
    median_seconds: int | None
    p90_seconds: int | None
    target_seconds: int | None
    within_target: Rate | None
    times: tuple[int, ...]
    revocation_rate: Rate | None
    early_losses: Rate | None
    survival: tuple[SurvivalPoint, ...]
    reasons: tuple[tuple[str, int], ...]
    expiring: tuple[int, ...]
    holders: int
    steps_completed: int
    pending: int
    oldest_at: datetime | None


@dataclass(frozen=True, slots=True)
class Overview:
    """Everything that the analytics page shows; `as_of` is when it was counted."""

    span: Span
    as_of: datetime
    types: tuple[TypeFigures, ...]
    periods: tuple[PeriodCounts, ...]


@dataclass(frozen=True, slots=True)
class TypeMetrics:
    """One row of the metrics answer. `steps_completed` counts workflow steps whose role needs the type."""

    credential_type: str
    requested: int
    approved: int
    rejected: int
    approval_rate: float | None
    median_decision_seconds: int | None
    p90_decision_seconds: int | None
    revoked: int
    revocation_rate: float | None
    steps_completed: int


class AnalyticsDesk:
    """Reads for reviewers, within their issuer scope; admins see every type."""

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._waits: tuple[datetime, Mapping[str, int]] | None = None

    def overview(
        self,
        caller: Caller,
        since: datetime | None = None,
        until: datetime | None = None,
        types: Sequence[str] | None = None,
        *,
        days_per_period: int = 7,
    ) -> Overview:
        """Count everything for a span, by default the last 90 days.

        Args:
            types: Credential types to count; None counts all that the caller may see.

        Raises:
            RoleRequired: Not a reviewer.
            OutOfScope: A type outside the issuer scope, or unknown.
            InvalidFilter: A span that is empty or has too many periods; for admins an unknown type.
        """
        require_reviewer(caller)
        now = self._clock.now()
        span = _span(now, since, until, days_per_period)
        with self._units(write=False) as uow:
            wanted = _wanted(uow, caller, types)
            values = frozenset(wanted)
            rows = uow.figures.decisions(values, span.since, span.until, days_per_period=days_per_period)
            counted = _Counted.of(uow, values, span, now)
            figures = tuple(
                _figures(known, [row for row in rows if row.credential_type == value], counted, now)
                for value, known in wanted.items()
            )
        return Overview(span, now, figures, tuple(_counts(row) for row in rows))

    def metrics(
        self,
        caller: Caller,
        since: datetime | None = None,
        until: datetime | None = None,
        credential_type: str | None = None,
    ) -> tuple[TypeMetrics, ...]:
        """The figures of `GET /issuers/metrics`; members and refusals as `overview`."""
        wanted = [credential_type] if credential_type is not None else None
        # One period for the whole span: the rows are summed anyway.
        found = self.overview(caller, since, until, wanted, days_per_period=_A_LIFETIME_DAYS)
        return tuple(
            TypeMetrics(
                credential_type=one.credential_type,
                requested=one.requested,
                approved=one.approved,
                rejected=one.rejected,
                approval_rate=one.approval_rate.share if one.approval_rate is not None else None,
                median_decision_seconds=one.median_seconds,
                p90_decision_seconds=one.p90_seconds,
                revoked=one.revoked,
                revocation_rate=one.revocation_rate.share if one.revocation_rate is not None else None,
                steps_completed=one.steps_completed,
            )
            for one in found.types
        )

    def reported(
        self, caller: Caller, period: Period, types: Collection[str] | None = None, *, language: str
    ) -> tuple[PeriodFigures, ...]:
        """The figures of a report by mail, one entry a credential type.

        Args:
            language: Of the labels.
            types: Those outside of the issuer scope, or gone, are left out; None counts all of the scope.

        Raises:
            RoleRequired: Not a reviewer.
        """
        require_reviewer(caller)
        with self._units(write=False) as uow:
            known = {value: one for value, one in _wanted(uow, caller, None).items() if types is None or value in types}
            values = frozenset(known)
            found = uow.figures.decisions(values, period.since, period.until, days_per_period=_A_LIFETIME_DAYS)
            rows = {row.credential_type: row for row in found}
            waits = uow.figures.waits(values, self._clock.now())
        return tuple(
            _reported(one, rows.get(value), waits.get(value, (0, None))[0], language) for value, one in known.items()
        )

    def usual_waits(self, types: Collection[str]) -> Mapping[str, int]:
        """How many seconds a decision usually takes, by type: the median of 90 days, from ten decisions on.

        Anybody may know it. It is counted at most every few minutes, because the front page asks for it.
        """
        now = self._clock.now()
        if self._waits is None or not self._waits[0] <= now < self._waits[0] + WAITS_KEPT_FOR:
            with self._units(write=False) as uow:
                rows = uow.figures.decisions(None, now - DEFAULT_SPAN, now, days_per_period=_A_LIFETIME_DAYS)
            taken: dict[str, list[int]] = {}
            for row in rows:
                taken.setdefault(row.credential_type, []).extend(row.decided_seconds)
            usual = {value: median(sorted(seconds)) for value, seconds in taken.items() if len(seconds) >= CASES_LEAST}
            self._waits = (now, {value: seconds for value, seconds in usual.items() if seconds is not None})
        return {value: seconds for value, seconds in self._waits[1].items() if value in types}


@dataclass(frozen=True, slots=True)
class _Counted:
    """What is counted for all types at once."""

    waits: Mapping[str, tuple[int, datetime | None]]
    reasons: Mapping[str, Mapping[str, int]]
    lives: Mapping[str, tuple[tuple[int, bool], ...]]
    expiries: Mapping[str, tuple[datetime, ...]]
    holders: Mapping[str, int]
    steps: Mapping[str, int]

    @classmethod
    def of(cls, uow: UnitOfWork, values: Collection[str], span: Span, now: datetime) -> _Counted:
        ahead = now + timedelta(weeks=WEEKS_AHEAD)
        return cls(
            waits=uow.figures.waits(values, now),
            reasons=uow.figures.rejection_notes(values, span.since, span.until),
            lives=uow.figures.lifetimes(values, span.since, span.until),
            expiries=uow.figures.expiries(values, now, ahead),
            holders={value: uow.figures.holders(value, now) for value in values},
            steps=uow.figures.steps_completed(values, span.since, span.until),
        )


def _span(now: datetime, since: datetime | None, until: datetime | None, days_per_period: int) -> Span:
    # One second beyond now, so that what happened this very second is counted.
    end = until if until is not None else now + timedelta(seconds=1)
    start = since if since is not None else end - DEFAULT_SPAN
    if start >= end:
        raise InvalidFilter("The span is empty: it ends before it begins.")
    if days_per_period < 1 or (end - start) / timedelta(days=days_per_period) > PERIODS_AT_MOST:
        raise InvalidFilter(f"A span has at most {PERIODS_AT_MOST} periods, of one day or more each.")
    return Span(start, end, days_per_period)


def _wanted(uow: UnitOfWork, caller: Caller, types: Sequence[str] | None) -> dict[str, CredentialType]:
    known = {one.value: one for one in uow.types.all() if caller.covers(one.value)}
    if types is None:
        return known
    for value in types:
        if value not in known:
            if caller.is_admin:
                raise InvalidFilter("There is no such credential type.")
            raise OutOfScope("This lies outside your issuer scope.")
    return {value: known[value] for value in dict.fromkeys(types)}


def _counts(row: DecisionFigures) -> PeriodCounts:
    return PeriodCounts(
        row.credential_type, row.period_start, row.requested, row.approved, row.rejected, row.granted, row.revoked
    )


def _reported(known: CredentialType, row: DecisionFigures | None, pending: int, language: str) -> PeriodFigures:
    seconds = sorted(row.decided_seconds) if row is not None else []
    approved, rejected = (row.approved, row.rejected) if row is not None else (0, 0)
    return PeriodFigures(
        credential_type=known.value,
        label=known.label_in(language),
        requested=row.requested if row is not None else 0,
        approved=approved,
        rejected=rejected,
        revoked=row.revoked if row is not None else 0,
        approval_rate=rate(approved, approved + rejected),
        median_seconds=median(seconds) if len(seconds) >= CASES_LEAST else None,
        pending=pending,
    )


def _figures(known: CredentialType, rows: Sequence[DecisionFigures], counted: _Counted, now: datetime) -> TypeFigures:
    value = known.value
    approved, rejected = sum(row.approved for row in rows), sum(row.rejected for row in rows)
    granted, revoked = sum(row.granted for row in rows), sum(row.revoked for row in rows)
    seconds = sorted(taken for row in rows for taken in row.decided_seconds)
    target = known.target_hours * 3_600 if known.target_hours is not None else None
    lives = counted.lives.get(value, ())
    pending, oldest = counted.waits.get(value, (0, None))
    return TypeFigures(
        credential_type=value,
        label=known.label,
        requested=sum(row.requested for row in rows),
        approved=approved,
        rejected=rejected,
        granted=granted,
        revoked=revoked,
        approval_rate=rate(approved, approved + rejected),
        median_seconds=median(seconds),
        p90_seconds=quantile(seconds, 0.9),
        target_seconds=target,
        within_target=rate(sum(taken <= target for taken in seconds), len(seconds)) if target is not None else None,
        times=_classes(seconds),
        revocation_rate=rate(sum(ended for _, ended in lives), len(lives)),
        early_losses=_early(lives),
        survival=survival(lives, SURVIVAL_DAYS),
        reasons=tuple(list(counted.reasons.get(value, {}).items())[:REASONS_AT_MOST]),
        expiring=_weeks(counted.expiries.get(value, ()), now),
        holders=counted.holders.get(value, 0),
        steps_completed=counted.steps.get(value, 0),
        pending=pending,
        oldest_at=oldest,
    )


def _classes(ascending: Sequence[int]) -> tuple[int, ...]:
    counts = [0] * (len(TIME_BOUNDS_HOURS) + 1)
    for seconds in ascending:
        place = next((i for i, hours in enumerate(TIME_BOUNDS_HOURS) if seconds <= hours * 3_600), -1)
        counts[place] += 1
    return tuple(counts)


def _early(lives: Sequence[tuple[int, bool]]) -> Rate | None:
    """Losses within 90 days, among grants that were followed so long or lost before."""
    limit = EARLY_LOSS_DAYS * 86_400
    lost = sum(ended and seconds <= limit for seconds, ended in lives)
    followed = sum((ended and seconds <= limit) or seconds > limit for seconds, ended in lives)
    return rate(lost, followed)


def _weeks(ends: Sequence[datetime], now: datetime) -> tuple[int, ...]:
    counts = [0] * WEEKS_AHEAD
    for end in ends:
        week = int((end - now) / timedelta(weeks=1))
        if 0 <= week < WEEKS_AHEAD:
            counts[week] += 1
    return tuple(counts)
