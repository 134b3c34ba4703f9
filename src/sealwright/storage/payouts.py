"""Payout obligations, as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.errors import VersionConflict
from sealwright.domain.payouts import EXPORTABLE, Payout, PayoutStatus
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.workflow_ports import PayoutFilter
from sealwright.storage.bulk_changes import updating
from sealwright.storage.column_types import optional_seconds_of
from sealwright.storage.transaction import Transaction
from sealwright.storage.workflow_tables import payouts

_PAYOUT: Final = sa.select(*payouts.columns)
_BY_ID: Final = _PAYOUT.where(payouts.c.payout_id == sa.bindparam("payout_id"))
_BY_STEP: Final = _PAYOUT.where(payouts.c.step_id == sa.bindparam("step_id"))
_OF_STEPS: Final = _PAYOUT.where(payouts.c.step_id.in_(sa.bindparam("step_ids", expanding=True))).order_by(
    payouts.c.created_at, payouts.c.payout_id
)
# The oldest first, as exports lock them too, so that neither waits for the other.
_OF_WORKFLOW: Final = _PAYOUT.where(payouts.c.workflow_id == sa.bindparam("workflow_id")).order_by(
    payouts.c.created_at, payouts.c.payout_id
)
_NEWEST_FIRST: Final = _PAYOUT.order_by(payouts.c.created_at.desc(), payouts.c.payout_id.desc())
_TO_EXPORT: Final = (
    _PAYOUT.where(payouts.c.status.in_(sa.bindparam("statuses", expanding=True)))
    .order_by(payouts.c.created_at, payouts.c.payout_id)
    .limit(sa.bindparam("how_many"))
)
# The rest is as it was made.
_MOVE: Final = updating(
    payouts,
    ("status", "reference", "reason", "requested_at", "settled_at", "version"),
    ("payout_id", "version"),
)


class StoredPayouts:
    """Obligations in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, payout_id: str) -> Payout | None:
        """Find an obligation."""
        return _optional(self._transaction.row(_BY_ID, {"payout_id": payout_id}))

    def get_for_update(self, payout_id: str) -> Payout | None:
        """Find an obligation and lock its row until the unit of work ends."""
        return _optional(self._transaction.row(self._transaction.locking(_BY_ID), {"payout_id": payout_id}))

    def by_step(self, step_id: str) -> Payout | None:
        """Find the obligation for a step."""
        return _optional(self._transaction.row(_BY_STEP, {"step_id": step_id}))

    def of_steps(self, step_ids: Sequence[str]) -> tuple[Payout, ...]:
        """List the obligations for some steps, oldest first."""
        rows = self._transaction.rows(_OF_STEPS, {"step_ids": sorted(set(step_ids))}) if step_ids else ()
        return tuple(_payout(row) for row in rows)

    def of_workflow(self, workflow_id: str) -> tuple[Payout, ...]:
        """List the obligations of an instance, oldest first, locked in a unit of work that writes."""
        rows = self._transaction.rows(self._transaction.locking(_OF_WORKFLOW), {"workflow_id": workflow_id})
        return tuple(_payout(row) for row in rows)

    def add(self, payout: Payout) -> None:
        """Add an obligation; a second one for a step is refused by a unique index."""
        self._transaction.change(sa.insert(payouts), _values(payout))

    def update(self, payout: Payout) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The obligation has moved on, or is unknown.
        """
        self.update_many((payout,))

    def update_many(self, changed: Collection[Payout]) -> None:
        """Replace several rows with few statements. Raises as for one."""
        if _MOVE.write(self._transaction, [_moved(payout) for payout in changed]) != len(changed):
            raise VersionConflict("This payout was changed in the meantime.")

    def list(self, wanted: PayoutFilter, *, page: int, count: int) -> NumberedPage[Payout]:
        """Give a page of obligations, newest first, with an exact total."""
        conditions = []
        if wanted.status is not None:
            conditions.append(payouts.c.status == wanted.status.value)
        if wanted.payee_user_id is not None:
            conditions.append(payouts.c.payee_user_id == wanted.payee_user_id)
        if wanted.workflow_id is not None:
            conditions.append(payouts.c.workflow_id == wanted.workflow_id)
        rows = self._transaction.rows(_NEWEST_FIRST.where(*conditions).limit(count).offset((page - 1) * count))
        total = self._transaction.row(sa.select(sa.func.count()).select_from(payouts).where(*conditions))
        return NumberedPage(tuple(_payout(row) for row in rows), page, count, 0 if total is None else int(total[0]))

    def to_export(self, limit: int, status: PayoutStatus | None = None) -> tuple[Payout, ...]:
        """List owed and failed obligations, or those of one of these states, oldest first, locked."""
        statuses = [one.value for one in EXPORTABLE if status in (None, one)]
        rows = self._transaction.rows(self._transaction.locking(_TO_EXPORT), {"statuses": statuses, "how_many": limit})
        return tuple(_payout(row) for row in rows)


def _moved(payout: Payout) -> tuple[object, ...]:
    return (
        payout.status.value,
        payout.reference,
        payout.reason,
        optional_seconds_of(payout.requested_at),
        optional_seconds_of(payout.settled_at),
        payout.version,
        payout.payout_id,
        payout.version - 1,
    )


def _values(payout: Payout) -> dict[str, object]:
    return {
        "payout_id": payout.payout_id,
        "workflow_id": payout.workflow_id,
        "step_id": payout.step_id,
        "payee_user_id": payout.payee_user_id,
        "amount": payout.amount,
        "status": payout.status.value,
        "reference": payout.reference,
        "reason": payout.reason,
        "created_at": payout.created_at,
        "requested_at": payout.requested_at,
        "settled_at": payout.settled_at,
        "version": payout.version,
    }


def _payout(row: Row[Any]) -> Payout:
    return Payout(
        payout_id=row.payout_id,
        workflow_id=row.workflow_id,
        step_id=row.step_id,
        payee_user_id=row.payee_user_id,
        amount=row.amount,
        created_at=row.created_at,
        status=PayoutStatus(row.status),
        reference=row.reference,
        reason=row.reason,
        requested_at=row.requested_at,
        settled_at=row.settled_at,
        version=row.version,
    )


def _optional(row: Row[Any] | None) -> Payout | None:
    return None if row is None else _payout(row)
