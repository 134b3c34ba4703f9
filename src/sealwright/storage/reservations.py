"""Reservations, as rows: what was written down before anything was signed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.credentials import IdempotencyScope, Reservation, ReservationState, StatusPlace
from sealwright.domain.errors import StateConflict
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import seconds_of
from sealwright.storage.driver_text import DriverText
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.tables import reservations
from sealwright.storage.transaction import Transaction

_RESERVATION: Final = sa.select(*reservations.columns)
_BY_UID: Final = _RESERVATION.where(reservations.c.uid == sa.bindparam("uid", type_=reservations.c.uid.type))
_STALE: Final = (
    _RESERVATION.where(
        # As text, so that both databases see the condition of the index in it.
        sa.text("state = 'reserved'"),
        reservations.c.reserved_at < sa.bindparam("before", type_=reservations.c.reserved_at.type),
    )
    .order_by(reservations.c.reserved_at, reservations.c.uid)
    .limit(sa.bindparam("how_many"))
)
_INDEXES: Final = DriverText.of("SELECT list_index FROM reservations WHERE list_id = %s")
_WRITER: Final = RowWriter(reservations)
_SETTLE_POSTGRES: Final = (
    "UPDATE reservations SET state = %b WHERE uid = ANY(%b::uuid[]) AND state = 'reserved' RETURNING uid"
)


class StoredReservations:
    """Reservations in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add_many(self, items: Sequence[Reservation]) -> None:
        """Write reservations down.

        Raises:
            StateConflict: A chosen credential id is taken by another credential or reservation.
        """
        if not items:
            return
        uid = self._transaction.uid
        try:
            _WRITER.write(self._transaction, [_values(one, uid(one.uid)) for one in items])
        except AlreadyTaken as error:
            if error.concerns("uq_reservations_external_id", "reservations.external_id"):
                raise StateConflict("This credential id is taken.") from None
            raise

    def settle_many(self, uids: Sequence[UUID], to: ReservationState) -> frozenset[UUID]:
        """Move `reserved` rows to `to`; gives the uids that were moved."""
        if not uids:
            return frozenset()
        if not self._transaction.is_sqlite:
            moved = self._transaction.driver_rows(_SETTLE_POSTGRES, (to.value, list(uids)))
            return frozenset(row[0] for row in moved)
        places = ", ".join("?" * len(uids))
        statement = f"UPDATE reservations SET state = ? WHERE uid IN ({places}) AND state = 'reserved' RETURNING uid"  # noqa: S608
        rows = self._transaction.driver_rows(statement, (to.value, *(uid.bytes for uid in uids)))
        return frozenset(UUID(bytes=row[0]) for row in rows)

    def state(self, uid: UUID) -> ReservationState | None:
        """Tell how far a reservation is; None if there is none."""
        row = self._transaction.row(_BY_UID, {"uid": uid})
        return None if row is None else ReservationState(row.state)

    def get(self, uid: UUID) -> Reservation | None:
        """Find a reservation."""
        row = self._transaction.row(_BY_UID, {"uid": uid})
        return None if row is None else _reservation(row)

    def stale(self, before: datetime, limit: int) -> tuple[Reservation, ...]:
        """List rows still `reserved` since before that moment, oldest first."""
        rows = self._transaction.rows(_STALE, {"before": before, "how_many": limit})
        return tuple(_reservation(row) for row in rows)

    def indexes(self, list_id: str) -> Sequence[int]:
        """Every index of a status list that was ever written down here."""
        return [row[0] for row in _INDEXES.rows(self._transaction, list_id)]


def _values(one: Reservation, uid: UUID | bytes) -> tuple[object, ...]:
    place, scope = one.place, one.idempotency
    return (
        uid,
        one.external_id,
        one.issuer_did,
        None if place is None else place.list_id,
        None if place is None else place.index,
        one.order_digest,
        one.key_id,
        one.proof_type,
        seconds_of(one.reserved_at),
        ReservationState.RESERVED.value,
        None if scope is None else scope.principal,
        None if scope is None else scope.route,
        None if scope is None else scope.key,
        None if scope is None else scope.body_digest,
    )


def _reservation(row: Row[Any]) -> Reservation:
    scope = None
    if row.idempotency_key is not None:
        scope = IdempotencyScope(
            row.idempotency_principal, row.idempotency_route, row.idempotency_key, row.idempotency_digest
        )
    return Reservation(
        uid=row.uid,
        external_id=row.external_id,
        issuer_did=row.issuer_did,
        place=None if row.list_id is None else StatusPlace(row.list_id, row.list_index),
        order_digest=row.order_digest,
        key_id=row.key_id,
        proof_type=row.proof_type,
        reserved_at=row.reserved_at,
        idempotency=scope,
    )
