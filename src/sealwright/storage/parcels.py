"""Messages that leave for strangers' machines, as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa

from sealwright.domain.parcels import Parcel, ParcelKind, ParcelState
from sealwright.domain.webhooks import WebhookStatus
from sealwright.services.ports import Page
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.cursors import dated_cursor, dated_key
from sealwright.storage.delivery_tables import parcels, webhooks
from sealwright.storage.driver_text import DriverText
from sealwright.storage.shapes import Shape, named
from sealwright.storage.transaction import Transaction

_LIST: Final = "p"
_SHAPE: Final = Shape(Parcel, {"kind": named(ParcelKind), "state": named(ParcelState)})
_ADD: Final = DriverText.of(
    f"INSERT INTO parcels ({', '.join(_SHAPE.names)}) "  # noqa: S608 - names of our own tables
    f"VALUES ({', '.join(['%s'] * len(_SHAPE.names))}) "
    "ON CONFLICT (subject, reference) WHERE kind = 'webhook' DO NOTHING"
)
_PARCEL: Final = sa.select(*parcels.columns)
_MOMENT: Final = parcels.c.due_at.type
# As text, so that both databases see the condition of the index in it.
_IS_WAITING: Final = sa.text("state = 'waiting'")
_DUE: Final = (
    _PARCEL.where(_IS_WAITING, parcels.c.due_at <= sa.bindparam("now", type_=_MOMENT))
    .order_by(parcels.c.due_at, parcels.c.parcel_id)
    .limit(sa.bindparam("how_many"))
)
_FINISHED: Final = (
    sa.select(parcels.c.parcel_id)
    .where(sa.text("finished_at IS NOT NULL"), parcels.c.finished_at <= sa.bindparam("before", type_=_MOMENT))
    .order_by(parcels.c.finished_at, parcels.c.parcel_id)
    .limit(sa.bindparam("how_many"))
)
_STRAYED: Final = (
    sa.select(parcels.c.parcel_id)
    .where(
        _IS_WAITING,
        parcels.c.kind == ParcelKind.WEBHOOK.value,
        ~sa.exists().where(
            webhooks.c.webhook_id == parcels.c.subject, webhooks.c.status != WebhookStatus.DELETED.value
        ),
    )
    .order_by(parcels.c.parcel_id)
    .limit(sa.bindparam("how_many"))
)
_NEWEST_FIRST: Final = (parcels.c.created_at.desc(), parcels.c.parcel_id.desc())


class StoredParcels:
    """Parcels in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add_many(self, items: Sequence[Parcel]) -> None:
        """Add parcels; those of a webhook whose (subject, reference) is there already stay as they are."""
        # In one order for everybody: two readers of the trail must not wait for each other.
        ordered = sorted(items, key=lambda one: (one.subject, one.reference, one.parcel_id))
        _ADD.many(self._transaction, [_SHAPE.driver_values(one) for one in ordered])

    def get(self, parcel_id: str) -> Parcel | None:
        """Find a parcel."""
        return _SHAPE.optional(self._transaction.row(_PARCEL.where(parcels.c.parcel_id == parcel_id)))

    def take(self, now: datetime, until: datetime, limit: int, *, avoiding: Collection[str] = ()) -> tuple[Parcel, ...]:
        """Take parcels that are due, those due longest first: their tries are counted, and they are due at `until`.

        What another unit of work has taken and not committed is left out.

        Args:
            avoiding: Subjects whose parcels stay where they are.
        """
        wanted = _DUE.where(parcels.c.subject.not_in(sorted(avoiding))) if avoiding else _DUE
        rows = self._transaction.rows(self._transaction.locking(wanted, skip=True), {"now": now, "how_many": limit})
        found = [_SHAPE.read(row) for row in rows]
        if found:
            statement = sa.update(parcels).where(parcels.c.parcel_id.in_([one.parcel_id for one in found]))
            self._transaction.change(statement.values(attempts=parcels.c.attempts + 1, due_at=until))
        return tuple(replace(one, attempts=one.attempts + 1, due_at=until) for one in found)

    def finish(self, parcel: Parcel) -> bool:
        """Store the outcome of a try; False if its row is not waiting any more, or another try has begun."""
        statement = (
            sa.update(parcels)
            .where(parcels.c.parcel_id == parcel.parcel_id, _IS_WAITING, parcels.c.attempts == parcel.attempts)
            .values(
                state=parcel.state.value,
                due_at=parcel.due_at,
                last_status=parcel.last_status,
                last_error=parcel.last_error,
                finished_at=parcel.finished_at,
            )
        )
        return self._transaction.change(statement) == 1

    def revive(self, parcel_id: str, now: datetime, give_up_at: datetime) -> bool:
        """Send a finished parcel again, from its first try; False if it is waiting, or unknown."""
        statement = (
            sa.update(parcels)
            .where(parcels.c.parcel_id == parcel_id, parcels.c.state != ParcelState.WAITING.value)
            .values(state=ParcelState.WAITING.value, due_at=now, give_up_at=give_up_at, attempts=0, finished_at=None)
        )
        return self._transaction.change(statement) == 1

    def cancel_of(self, kind: ParcelKind, subject: str, at: datetime) -> int:
        """Give up everything that waits for a subject; gives how many."""
        statement = sa.update(parcels).where(_IS_WAITING, parcels.c.kind == kind.value, parcels.c.subject == subject)
        return self._transaction.change(statement.values(state=ParcelState.CANCELED.value, finished_at=at))

    def list(self, kind: ParcelKind, subject: str, *, limit: int, cursor: str | None) -> Page[Parcel]:
        """List the parcels of a subject, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        statement = _PARCEL.where(parcels.c.kind == kind.value, parcels.c.subject == subject)
        if cursor is not None:
            seconds, parcel_id = dated_key(_LIST, cursor)
            statement = statement.where(
                sa.tuple_(parcels.c.created_at, parcels.c.parcel_id)
                < sa.tuple_(sa.literal(moment_of(seconds), _MOMENT), sa.literal(parcel_id, parcels.c.parcel_id.type))
            )
        rows = self._transaction.rows(statement.order_by(*_NEWEST_FIRST).limit(limit + 1))
        items = tuple(_SHAPE.read(row) for row in rows[:limit])
        more = len(rows) > limit and items
        return Page(items, dated_cursor(_LIST, seconds_of(items[-1].created_at), items[-1].parcel_id) if more else None)

    def count_waiting(self) -> int:
        """Count what is on its way."""
        row = self._transaction.row(sa.select(sa.func.count()).select_from(parcels).where(_IS_WAITING))
        return 0 if row is None else int(row[0])

    def is_due(self, now: datetime) -> bool:
        """Tell whether a parcel waits that may be tried at that moment."""
        return self._transaction.row(_DUE, {"now": now, "how_many": 1}) is not None

    def strayed(self, limit: int) -> tuple[str, ...]:
        """List ids of parcels that wait for a webhook endpoint which is deleted, or was never there."""
        return tuple(row.parcel_id for row in self._transaction.rows(_STRAYED, {"how_many": limit}))

    def forget(self, before: datetime, limit: int) -> int:
        """Drop finished parcels from before that moment; gives how many."""
        gone = [row.parcel_id for row in self._transaction.rows(_FINISHED, {"before": before, "how_many": limit})]
        if not gone:
            return 0
        return self._transaction.change(sa.delete(parcels).where(parcels.c.parcel_id.in_(gone)))
