"""Requests for presentations, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.errors import VersionConflict
from sealwright.domain.presenting import PresentationRequest, PresentationState
from sealwright.storage.delivery_tables import presentations
from sealwright.storage.shapes import Shape, json_of, named
from sealwright.storage.transaction import Transaction

_SHAPE: Final = Shape(
    PresentationRequest,
    {
        "claims": json_of(tuple[str, ...]),
        "state": named(PresentationState),
        "report": json_of(dict[str, Any]),
        "query": json_of(dict[str, Any]),
    },
)
_REQUEST: Final = sa.select(*presentations.columns)
_BY_ID: Final = _REQUEST.where(presentations.c.presentation_id == sa.bindparam("key"))
_OVER: Final = (
    sa.select(presentations.c.presentation_id)
    .where(presentations.c.expires_at <= sa.bindparam("before", type_=presentations.c.expires_at.type))
    .order_by(presentations.c.expires_at, presentations.c.presentation_id)
    .limit(sa.bindparam("how_many"))
)


class StoredPresentationRows:
    """Requests for presentations in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, request: PresentationRequest) -> None:
        """Add a request."""
        self._transaction.change(sa.insert(presentations), _SHAPE.values(request))

    def get(self, presentation_id: str) -> PresentationRequest | None:
        """Find a request."""
        return _SHAPE.optional(self._transaction.row(_BY_ID, {"key": presentation_id}))

    def get_for_update(self, presentation_id: str) -> PresentationRequest | None:
        """Find a request and lock its row until the unit of work ends."""
        return _SHAPE.optional(self._transaction.row(self._transaction.locking(_BY_ID), {"key": presentation_id}))

    def by_digest(self, digest: bytes) -> PresentationRequest | None:
        """Find a request by the digest of the secret in its address."""
        return _SHAPE.optional(self._transaction.row(_REQUEST.where(presentations.c.digest == digest)))

    def update(self, request: PresentationRequest) -> None:
        """Replace a request that was not answered; one that was stays as it is, whoever read it before.

        Raises:
            VersionConflict: It was answered, or is gone.
        """
        statement = sa.update(presentations).where(
            presentations.c.presentation_id == request.presentation_id,
            presentations.c.state != PresentationState.ANSWERED.value,
        )
        if self._transaction.change(statement.values(_SHAPE.values(request))) != 1:
            raise VersionConflict("This request was answered, or is not kept any more.")

    def forget(self, before: datetime, limit: int) -> int:
        """Drop requests whose time is over, with what was shown; gives how many."""
        gone = [row.presentation_id for row in self._transaction.rows(_OVER, {"before": before, "how_many": limit})]
        if not gone:
            return 0
        return self._transaction.change(sa.delete(presentations).where(presentations.c.presentation_id.in_(gone)))
