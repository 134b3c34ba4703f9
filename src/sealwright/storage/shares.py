"""Public pages of credentials, as rows."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from sealwright.domain.sharing import Share
from sealwright.storage.delivery_tables import shares
from sealwright.storage.shapes import Shape, json_of
from sealwright.storage.transaction import Transaction

_SHAPE: Final = Shape(Share, {"shown": json_of(tuple[str, ...])})
_SHARE: Final = sa.select(*shares.columns)


class StoredShares:
    """Public pages in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, uid: UUID) -> Share | None:
        """Find the public page of a credential."""
        return _SHAPE.optional(self._transaction.row(_SHARE.where(shares.c.uid == uid)))

    def by_digest(self, digest: bytes) -> Share | None:
        """Find a public page by the digest of its short code."""
        return _SHAPE.optional(self._transaction.row(_SHARE.where(shares.c.digest == digest)))

    def put(self, share: Share) -> None:
        """Add the page of a credential, or replace it; when it was first made stays."""
        insert = (sqlite if self._transaction.is_sqlite else postgresql).insert(shares).values(_SHAPE.values(share))
        changed = {
            one.name: insert.excluded[one.name] for one in shares.columns if one.name not in ("uid", "created_at")
        }
        self._transaction.change(insert.on_conflict_do_update(index_elements=["uid"], set_=changed))
