"""Series of workflows, the claims on their later instances, and absences, as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.errors import VersionConflict
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series, SeriesState
from sealwright.domain.workflow_plans import WorkflowPlan
from sealwright.domain.workflows import AbsencePeriod, SeriesClaim
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.credential_types import refer_to_types
from sealwright.storage.driver_text import DriverText
from sealwright.storage.json_columns import json_text
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_tables import absence_periods, series_claims, workflow_series

_PLAN: Final = msgspec.json.Decoder(WorkflowPlan)

_SERIES: Final = sa.select(*workflow_series.columns)
_BY_ID: Final = _SERIES.where(workflow_series.c.series_id == sa.bindparam("series_id"))
_BY_IDS: Final = _SERIES.where(workflow_series.c.series_id.in_(sa.bindparam("series_ids", expanding=True)))
_LOCK_MANY: Final = DriverText.of("SELECT 1 FROM workflow_series WHERE series_id = ANY(%s) ORDER BY series_id")
_CLAIM: Final = sa.select(*series_claims.columns).order_by(
    series_claims.c.claimed_at, series_claims.c.user_id, series_claims.c.step_order
)
_CLAIMS: Final = _CLAIM.where(series_claims.c.series_id == sa.bindparam("series_id"))
_CLAIMS_OF: Final = _CLAIM.where(series_claims.c.user_id == sa.bindparam("user_id"))
_ADD_CLAIM: Final = DriverText.of(
    "INSERT INTO series_claims (series_id, step_order, user_id, claimed_at) VALUES (%s, %s, %s, %s) "
    "ON CONFLICT (series_id, step_order, user_id) DO NOTHING"
)
_DROP_CLAIM: Final = DriverText.of(
    "DELETE FROM series_claims WHERE series_id = %s AND step_order = %s AND user_id = %s"
)
_ABSENCE: Final = sa.select(*absence_periods.columns).order_by(
    absence_periods.c.absent_from, absence_periods.c.absence_id
)
_ABSENCES_OF: Final = _ABSENCE.where(absence_periods.c.user_id == sa.bindparam("user_id"))
_ABSENCES_IN: Final = _ABSENCE.where(absence_periods.c.series_id == sa.bindparam("series_id"))
_DELETE_ABSENCE: Final = sa.delete(absence_periods).where(
    absence_periods.c.absence_id == sa.bindparam("of_absence"), absence_periods.c.user_id == sa.bindparam("of_user")
)
_ADD_ABSENCE: Final = RowWriter(absence_periods)


class StoredSeries:
    """Series in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, series_id: str) -> Series | None:
        """Find a series."""
        return _optional(self._transaction.row(_BY_ID, {"series_id": series_id}))

    def get_many(self, series_ids: Collection[str]) -> Mapping[str, Series]:
        """Find series by their ids; unknown ones are left out."""
        if not series_ids:
            return {}
        rows = self._transaction.rows(_BY_IDS, {"series_ids": sorted(set(series_ids))})
        return {row.series_id: _series(row) for row in rows}

    def get_for_update(self, series_id: str) -> Series | None:
        """Find a series and lock its row until the unit of work ends."""
        return _optional(self._transaction.row(self._transaction.locking(_BY_ID), {"series_id": series_id}))

    def lock_many(self, series_ids: Collection[str]) -> None:
        """Lock several, in order of their ids."""
        if series_ids:
            _LOCK_MANY.rows(self._transaction, sorted(series_ids), lock=True)

    def add(self, series: Series) -> None:
        """Add a series.

        Raises:
            UnknownCredentialType: Its plan needs a type that there is not (any more).
        """
        refer_to_types(self._transaction, types_of(series.plan))
        self._transaction.change(sa.insert(workflow_series), series_values(series))

    def update(self, series: Series) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The series has moved on, or is unknown.
            UnknownCredentialType: It goes on, and its plan needs a type that there is not (any more).
        """
        if series.state is SeriesState.OPEN:
            refer_to_types(self._transaction, types_of(series.plan))
        statement = (
            sa.update(workflow_series)
            .where(workflow_series.c.series_id == series.series_id, workflow_series.c.version == series.version - 1)
            .values(series_values(series))
        )
        if self._transaction.change(statement) != 1:
            raise VersionConflict("This series was changed in the meantime.")

    def claims(self, series_id: str) -> tuple[SeriesClaim, ...]:
        """List the claims on a series, earliest first."""
        return tuple(_claim(row) for row in self._transaction.rows(_CLAIMS, {"series_id": series_id}))

    def claims_of(self, user_id: str) -> tuple[SeriesClaim, ...]:
        """List somebody's claims on series, earliest first."""
        return tuple(_claim(row) for row in self._transaction.rows(_CLAIMS_OF, {"user_id": user_id}))

    def add_claims(self, claims: Iterable[SeriesClaim]) -> None:
        """Add claims; those that exist already stay as they are."""
        rows = sorted((one.series_id, one.step_order, one.user_id, seconds_of(one.claimed_at)) for one in claims)
        _ADD_CLAIM.many(self._transaction, rows)

    def delete_claims(self, series_id: str, user_id: str, orders: Collection[int] | None) -> tuple[SeriesClaim, ...]:
        """Take somebody's claims away, all of them for None; gives what there was, by step."""
        statement = sa.delete(series_claims).where(
            series_claims.c.series_id == series_id, series_claims.c.user_id == user_id
        )
        if orders is not None:
            statement = statement.where(series_claims.c.step_order.in_(sorted(orders)))
        rows = self._transaction.rows(statement.returning(*series_claims.columns))
        return tuple(sorted((_claim(row) for row in rows), key=lambda claim: claim.step_order))

    def drop_claims(self, claims: Collection[SeriesClaim]) -> None:
        """Take these claims away, of any series, with few statements."""
        _DROP_CLAIM.many(self._transaction, sorted((one.series_id, one.step_order, one.user_id) for one in claims))

    def absences_of(self, user_id: str) -> tuple[AbsencePeriod, ...]:
        """List somebody's absences, by beginning."""
        return tuple(_absence(row) for row in self._transaction.rows(_ABSENCES_OF, {"user_id": user_id}))

    def absences_in(self, series_id: str) -> tuple[AbsencePeriod, ...]:
        """List the absences from a series, by beginning."""
        return tuple(_absence(row) for row in self._transaction.rows(_ABSENCES_IN, {"series_id": series_id}))

    def put_absence(self, absence: AbsencePeriod) -> None:
        """Add an absence, or replace the same person's one of this id."""
        self.delete_absence(absence.user_id, absence.absence_id)
        row = (
            absence.absence_id,
            absence.user_id,
            absence.series_id,
            absence.step_order,
            seconds_of(absence.absent_from),
            seconds_of(absence.absent_until),
        )
        _ADD_ABSENCE.write(self._transaction, [row])

    def delete_absence(self, user_id: str, absence_id: str) -> bool:
        """Delete somebody's absence; False if they have none of this id."""
        return self._transaction.change(_DELETE_ABSENCE, {"of_absence": absence_id, "of_user": user_id}) == 1


def types_of(plan: WorkflowPlan) -> frozenset[str]:
    """Give the credential types that a plan's roles need."""
    return frozenset(kind for role in plan.roles for kind in role.required_credentials)


def series_values(series: Series) -> dict[str, object]:
    """Give a series as a row."""
    return {
        "series_id": series.series_id,
        "proposer_id": series.proposer_id,
        "plan": json_text(series.plan),
        "recurrence": series.schedule.recurrence.value,
        "anchor_at": series.schedule.anchor_at,
        "until": series.schedule.until,
        "time_zone": series.schedule.time_zone,
        "state": series.state.value,
        "latest_no": series.latest_no,
        "created_at": series.created_at,
        "version": series.version,
    }


def _series(row: Row[Any]) -> Series:
    return Series(
        series_id=row.series_id,
        proposer_id=row.proposer_id,
        plan=_PLAN.decode(row.plan),
        schedule=Schedule(Recurrence(row.recurrence), row.anchor_at, row.until, row.time_zone),
        created_at=row.created_at,
        state=SeriesState(row.state),
        latest_no=row.latest_no,
        version=row.version,
    )


def _optional(row: Row[Any] | None) -> Series | None:
    return None if row is None else _series(row)


def _claim(row: Row[Any]) -> SeriesClaim:
    return SeriesClaim(row.series_id, row.step_order, row.user_id, row.claimed_at)


def _absence(row: Row[Any]) -> AbsencePeriod:
    return AbsencePeriod(
        absence_id=row.absence_id,
        user_id=row.user_id,
        series_id=row.series_id,
        step_order=row.step_order,
        absent_from=row.absent_from,
        absent_until=row.absent_until,
    )
