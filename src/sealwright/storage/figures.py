"""Numbers for analytics, counted in the database."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.grants import GrantStatus
from sealwright.domain.people import AccountRole
from sealwright.domain.requests import RequestState
from sealwright.services.desk_ports import DecisionFigures
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.desk_tables import grants, requests
from sealwright.storage.driver_text import DriverText
from sealwright.storage.feed_sets import FeedSets
from sealwright.storage.request_counters import RequestCounters
from sealwright.storage.tables import people, person_roles
from sealwright.storage.transaction import Transaction

_DAY: Final = 86_400
# Medians and distributions need no more: of more decisions, about so many stand for all.
MOST_DURATIONS: Final = 20_000
_MOST_LIFETIMES: Final = 5000
_MOST_EXPIRIES: Final = 5000
_MOST_NOTES: Final = 50
_DECIDED: Final = (RequestState.APPROVED.value, RequestState.REJECTED.value)
_OLDEST: Final = (
    sa.select(requests.c.sorted_at)
    .where(
        requests.c.credential_type == sa.bindparam("credential_type"), requests.c.state == RequestState.PENDING.value
    )
    .order_by(requests.c.sorted_at)
    .limit(1)
)
# By sets of needs, of which there are few.
_COMPLETED: Final = DriverText.of(
    "SELECT r.set_id, count(*) FROM workflow_steps s JOIN workflow_roles r ON r.role_id = s.role_id "
    "WHERE s.completed_at IS NOT NULL AND s.completed_at >= %s AND s.completed_at < %s GROUP BY r.set_id"
)
_IN_FORCE: Final = sa.text("status IN ('active', 'suspended')")


class StoredFigures:
    """Figures counted in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def decisions(
        self, types: Collection[str] | None, since: datetime, until: datetime, *, days_per_period: int
    ) -> tuple[DecisionFigures, ...]:
        """Count what happened by type and period, from `since` up to `until`; by period, then type."""
        span = _Span(since, until, days_per_period)
        requested = self._counted(requests, requests.c.requested_at, types, span)
        decided = self._counted(requests, requests.c.resolved_at, types, span, requests.c.state)
        granted = self._counted(grants, grants.c.issued_at, types, span)
        revoked = self._counted(grants, grants.c.revoked_at, types, span)
        durations = self._durations(types, span, decided)
        keys = {key[:2] for counted in (requested, decided, granted, revoked) for key in counted}
        return tuple(
            DecisionFigures(
                credential_type=value,
                period_start=span.start_of(period),
                requested=requested.get((period, value), 0),
                approved=decided.get((period, value, RequestState.APPROVED.value), 0),
                rejected=decided.get((period, value, RequestState.REJECTED.value), 0),
                granted=granted.get((period, value), 0),
                revoked=revoked.get((period, value), 0),
                decided_seconds=durations.get((period, value), ()),
            )
            for period, value in sorted(keys)
        )

    def waits(self, types: Collection[str] | None, now: datetime) -> Mapping[str, tuple[int, datetime | None]]:
        """Give pending requests and the oldest one's moment, by type; from kept counters and one row a type."""
        waiting = RequestCounters(self._transaction).counts(types)
        found: dict[str, tuple[int, datetime | None]] = {}
        for value, by_state in sorted(waiting.items()):
            if number := by_state.get(RequestState.PENDING, 0):
                row = self._transaction.row(_OLDEST, {"credential_type": value})
                oldest = None if row is None else min(row.sorted_at, now)
                found[value] = (number, oldest)
        return found

    def rejection_notes(
        self, types: Collection[str] | None, since: datetime, until: datetime
    ) -> Mapping[str, Mapping[str, int]]:
        """Tell how often each reason was given, by type; the commonest first, not more than fifty of them."""
        statement = (
            sa.select(requests.c.credential_type, requests.c.note, sa.func.count().label("how_often"))
            .where(
                sa.text("resolved_at IS NOT NULL"),
                requests.c.resolved_at >= since,
                requests.c.resolved_at < until,
                requests.c.state == RequestState.REJECTED.value,
                requests.c.note.is_not(None),
                *_of(requests, types),
            )
            .group_by(requests.c.credential_type, requests.c.note)
            .order_by(requests.c.credential_type, sa.desc("how_often"), requests.c.note)
        )
        found: dict[str, dict[str, int]] = {}
        for row in self._transaction.rows(statement):
            notes = found.setdefault(row.credential_type, {})
            if len(notes) < _MOST_NOTES:
                notes[row.note] = int(row.how_often)
        return found

    def decided_by(self, reviewer: str, since: datetime) -> int:
        """Count what somebody decided since a moment."""
        statement = (
            sa.select(sa.func.count())
            .select_from(requests)
            .where(
                sa.text("resolved_by IS NOT NULL"),
                requests.c.resolved_by == reviewer,
                requests.c.resolved_at >= since,
                requests.c.state.in_(_DECIDED),
            )
        )
        row = self._transaction.row(statement)
        return 0 if row is None else int(row[0])

    def steps_completed(self, types: Collection[str], since: datetime, until: datetime) -> Mapping[str, int]:
        """Count the steps handed in, by type; one whose role needs several counts for each."""
        rows = _COMPLETED.rows(self._transaction, seconds_of(since), seconds_of(until))
        needs = FeedSets(self._transaction).needs({set_id for set_id, _ in rows})
        found: dict[str, int] = defaultdict(int)
        for set_id, number in rows:
            for value in needs[set_id].intersection(types):
                found[value] += int(number)
        return found

    def expiries(
        self, types: Collection[str] | None, now: datetime, until: datetime
    ) -> Mapping[str, tuple[datetime, ...]]:
        """Give when grants in force end, by type, in order; the first five thousand of all."""
        statement = (
            sa.select(grants.c.credential_type, grants.c.expires_at)
            .where(
                sa.text("expires_at IS NOT NULL"),
                _IN_FORCE,
                grants.c.expires_at > now,
                grants.c.expires_at <= until,
                *_of(grants, types),
            )
            .order_by(grants.c.expires_at)
            .limit(_MOST_EXPIRIES)
        )
        found: dict[str, list[datetime]] = defaultdict(list)
        for row in self._transaction.rows(statement):
            found[row.credential_type].append(row.expires_at)
        return {value: tuple(ends) for value, ends in found.items()}

    def lifetimes(
        self, types: Collection[str] | None, since: datetime, until: datetime
    ) -> Mapping[str, tuple[tuple[int, bool], ...]]:
        """Give, for grants made in a span, the seconds that each lived by `until` and whether it was revoked.

        Of more than five thousand, the newest.
        """
        statement = (
            sa.select(
                grants.c.credential_type,
                grants.c.issued_at,
                grants.c.revoked_at,
                grants.c.expires_at,
                grants.c.status,
            )
            .where(grants.c.issued_at >= since, grants.c.issued_at < until, *_of(grants, types))
            .order_by(grants.c.issued_at.desc())
            .limit(_MOST_LIFETIMES)
        )
        found: dict[str, list[tuple[int, bool]]] = defaultdict(list)
        for row in self._transaction.rows(statement):
            is_revoked = row.status == GrantStatus.REVOKED.value and row.revoked_at is not None
            last = row.revoked_at if is_revoked else min(until, row.expires_at or until)
            lived = int((last - row.issued_at).total_seconds())
            found[row.credential_type].append((max(0, lived), is_revoked))
        return {value: tuple(lives) for value, lives in found.items()}

    def holders(self, credential_type: str, now: datetime) -> int:
        """Count the active improvers who hold a type."""
        statement = (
            sa.select(sa.func.count(sa.distinct(grants.c.user_id)))
            .select_from(grants)
            .join(person_roles, person_roles.c.user_id == grants.c.user_id)
            .join(people, people.c.user_id == grants.c.user_id)
            .where(
                _held(grants, credential_type, now),
                person_roles.c.role == AccountRole.IMPROVER.value,
                people.c.active == sa.true(),
            )
        )
        row = self._transaction.row(statement)
        return 0 if row is None else int(row[0])

    def holders_of_all(self, credential_types: Collection[str], now: datetime) -> int:
        """Count the active improvers who hold every one of some types; without types, all active improvers."""
        statement = (
            sa.select(sa.func.count())
            .select_from(people)
            .join(person_roles, person_roles.c.user_id == people.c.user_id)
            .where(person_roles.c.role == AccountRole.IMPROVER.value, people.c.active == sa.true())
        )
        wanted = sorted(set(credential_types))
        if wanted:
            # One grant in force a person and type: nobody is counted twice, and only the first type's holders are read.
            statement = statement.join(grants, grants.c.user_id == people.c.user_id)
            statement = statement.where(_held(grants, wanted[0], now))
        for value in wanted[1:]:
            further = grants.alias()
            statement = statement.where(
                sa.exists().where(further.c.user_id == people.c.user_id, _held(further, value, now))
            )
        row = self._transaction.row(statement)
        return 0 if row is None else int(row[0])

    def _counted(
        self,
        table: sa.Table,
        moment: sa.ColumnElement[Any],
        types: Collection[str] | None,
        span: _Span,
        *further: sa.ColumnElement[Any],
    ) -> dict[tuple[Any, ...], int]:
        """Count rows by period, type and whatever else; keys are such tuples."""
        period = span.period(moment).label("period")
        statement = (
            sa.select(period, table.c.credential_type, *further, sa.func.count())
            .where(moment.is_not(None), moment >= span.since, moment < span.until, *_of(table, types))
            .group_by(period, table.c.credential_type, *further)
        )
        return {tuple(row[:-1]): int(row[-1]) for row in self._transaction.rows(statement)}

    def _durations(
        self, types: Collection[str] | None, span: _Span, decided: Mapping[tuple[Any, ...], int]
    ) -> dict[tuple[int, str], tuple[int, ...]]:
        """Give the seconds that decisions took, ascending; of very many, a sample that any part may fall into."""
        decisions = sum(number for key, number in decided.items() if key[2] in _DECIDED)
        one_of = max(1, decisions // MOST_DURATIONS)
        resolved = sa.type_coerce(requests.c.resolved_at, sa.BigInteger)
        asked = sa.type_coerce(requests.c.requested_at, sa.BigInteger)
        period = span.period(requests.c.resolved_at).label("period")
        statement = sa.select(period, requests.c.credential_type, (resolved - asked).label("took")).where(
            sa.text("resolved_at IS NOT NULL"),
            requests.c.resolved_at >= span.since,
            requests.c.resolved_at < span.until,
            requests.c.state.in_(_DECIDED),
            *_of(requests, types),
        )
        if one_of > 1:
            # Seconds of two moments, mixed: as good as drawn by lot, and the same each time.
            drawn = (resolved * sa.literal_column("7919") + asked) % sa.literal_column(str(one_of))
            statement = statement.where(drawn == sa.literal_column("0"))
        found: dict[tuple[int, str], list[int]] = defaultdict(list)
        for row in self._transaction.rows(statement):
            found[row.period, row.credential_type].append(max(0, int(row.took)))
        return {key: tuple(sorted(durations)) for key, durations in found.items()}


class _Span:
    """A span of time cut into periods of whole days from its start."""

    def __init__(self, since: datetime, until: datetime, days: int) -> None:
        self.since = since
        self.until = until
        self._days = days

    def period(self, moment: sa.ColumnElement[Any]) -> sa.ColumnElement[int]:
        """Give the number of the period that a column's moment lies in."""
        start: sa.ColumnElement[int] = sa.literal_column(str(seconds_of(self.since)), sa.BigInteger)
        length: sa.ColumnElement[int] = sa.literal_column(str(self._days * _DAY), sa.BigInteger)
        return (sa.type_coerce(moment, sa.BigInteger) - start) // length

    def start_of(self, period: int) -> datetime:
        """Give the moment that a period starts at."""
        return moment_of(seconds_of(self.since + timedelta(days=self._days * period)))


def _of(table: sa.Table, types: Collection[str] | None) -> list[sa.ColumnElement[bool]]:
    return [] if types is None else [table.c.credential_type.in_(sorted(types))]


def _held(held: sa.FromClause, credential_type: str, now: datetime) -> sa.ColumnElement[bool]:
    """Tell that a grant of a type is active as of a moment."""
    return sa.and_(
        held.c.credential_type == credential_type,
        held.c.status == GrantStatus.ACTIVE.value,
        sa.or_(held.c.expires_at.is_(None), held.c.expires_at > now),
    )
