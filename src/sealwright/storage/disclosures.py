"""Links to parts of credentials, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from sealwright.domain.disclosures import DisclosureLink
from sealwright.storage.delivery_tables import disclosure_links
from sealwright.storage.shapes import Shape
from sealwright.storage.transaction import Transaction

_SHAPE: Final = Shape(DisclosureLink, {})
_LINK: Final = sa.select(*disclosure_links.columns)
_NOW: Final = sa.bindparam("now", type_=disclosure_links.c.expires_at.type)
_IS_OPEN: Final = disclosure_links.c.expires_at > _NOW
_OF_CREDENTIAL: Final = _LINK.where(
    disclosure_links.c.uid == sa.bindparam("uid", type_=disclosure_links.c.uid.type), _IS_OPEN
).order_by(disclosure_links.c.created_at, disclosure_links.c.disclosure_id)
_OF_PERSON: Final = _LINK.where(disclosure_links.c.user_id == sa.bindparam("user_id"), _IS_OPEN).order_by(
    disclosure_links.c.disclosure_id
)
_OVER: Final = (
    sa.select(disclosure_links.c.disclosure_id)
    .where(disclosure_links.c.expires_at <= sa.bindparam("before", type_=disclosure_links.c.expires_at.type))
    .order_by(disclosure_links.c.expires_at, disclosure_links.c.disclosure_id)
    .limit(sa.bindparam("how_many"))
)


class StoredDisclosureRows:
    """Links to parts of credentials in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, link: DisclosureLink) -> None:
        """Add a link."""
        self._transaction.change(sa.insert(disclosure_links), _SHAPE.values(link))

    def get(self, disclosure_id: str) -> DisclosureLink | None:
        """Find a link."""
        found = _LINK.where(disclosure_links.c.disclosure_id == disclosure_id)
        return _SHAPE.optional(self._transaction.row(found))

    def by_digest(self, digest: bytes) -> DisclosureLink | None:
        """Find a link by the digest of its token."""
        return _SHAPE.optional(self._transaction.row(_LINK.where(disclosure_links.c.digest == digest)))

    def of_credential(self, uid: UUID, now: datetime) -> tuple[DisclosureLink, ...]:
        """Open links of a credential, oldest first."""
        rows = self._transaction.rows(_OF_CREDENTIAL, {"uid": uid, "now": now})
        return tuple(_SHAPE.read(row) for row in rows)

    def of_person(self, user_id: str, now: datetime) -> tuple[DisclosureLink, ...]:
        """Open links that somebody made, by id."""
        rows = self._transaction.rows(_OF_PERSON, {"user_id": user_id, "now": now})
        return tuple(_SHAPE.read(row) for row in rows)

    def count_opening(self, disclosure_id: str, now: datetime) -> None:
        """Count one opening; by the database, so that two at once are two."""
        statement = sa.update(disclosure_links).where(disclosure_links.c.disclosure_id == disclosure_id)
        self._transaction.change(statement.values(opened=disclosure_links.c.opened + 1, opened_at=now))

    def drop(self, disclosure_id: str) -> bool:
        """Drop a link with what it shows."""
        statement = sa.delete(disclosure_links).where(disclosure_links.c.disclosure_id == disclosure_id)
        return self._transaction.change(statement) == 1

    def forget(self, before: datetime, limit: int) -> int:
        """Drop links whose time is over, with what they show; gives how many."""
        gone = [row.disclosure_id for row in self._transaction.rows(_OVER, {"before": before, "how_many": limit})]
        if not gone:
            return 0
        return self._transaction.change(sa.delete(disclosure_links).where(disclosure_links.c.disclosure_id.in_(gone)))
