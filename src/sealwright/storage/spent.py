"""What may be used once, as rows."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import sqlalchemy as sa

from sealwright.storage.column_types import seconds_of
from sealwright.storage.delivery_tables import spent_once
from sealwright.storage.transaction import Transaction

_SPEND: Final = sa.text(
    "INSERT INTO spent_once (kind, digest, expires_at) VALUES (:kind, :digest, :expires_at) "
    "ON CONFLICT (kind, digest) DO NOTHING"
)
_OVER: Final = (
    sa.select(spent_once.c.kind, spent_once.c.digest)
    .where(spent_once.c.expires_at <= sa.bindparam("before", type_=spent_once.c.expires_at.type))
    .order_by(spent_once.c.expires_at)
    .limit(sa.bindparam("how_many"))
)
_FORGET: Final = sa.delete(spent_once).where(
    spent_once.c.kind == sa.bindparam("of_kind"), spent_once.c.digest == sa.bindparam("of_digest")
)


class StoredSpent:
    """Used nonces, proof ids and message ids in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def spend(self, kind: str, digest: bytes, expires_at: datetime) -> bool:
        """Mark as used; False if it was used before.

        One that another unit of work has marked and not committed is waited for.
        """
        values = {"kind": kind, "digest": digest, "expires_at": seconds_of(expires_at)}
        return self._transaction.change(_SPEND, values) == 1

    def forget(self, before: datetime, limit: int) -> int:
        """Drop rows whose time is over; gives how many."""
        rows = self._transaction.rows(_OVER, {"before": before, "how_many": limit})
        if rows:
            self._transaction.change(_FORGET, [{"of_kind": row.kind, "of_digest": row.digest} for row in rows])
        return len(rows)
