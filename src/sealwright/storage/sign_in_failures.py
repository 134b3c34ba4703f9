"""Failed sign-ins per account and address, as rows that survive restarts."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Final

import sqlalchemy as sa

from sealwright.storage.access_tables import sign_in_failures as failures
from sealwright.storage.transaction import Transaction

_AT: Final = failures.c.at.type
_KEPT: Final = timedelta(days=1)
_COUNT: Final = sa.text(
    "INSERT INTO sign_in_failures (bucket, at, failures) VALUES (:bucket, :at, 1) "
    "ON CONFLICT (bucket, at) DO UPDATE SET failures = sign_in_failures.failures + 1"
).bindparams(sa.bindparam("at", type_=_AT))
_SINCE: Final = sa.select(
    sa.func.coalesce(sa.func.sum(failures.c.failures), 0).label("how_many"), sa.func.min(failures.c.at).label("first")
).where(failures.c.bucket == sa.bindparam("bucket"), failures.c.at >= sa.bindparam("since", type_=_AT))
_CLEAR: Final = sa.delete(failures).where(failures.c.bucket == sa.bindparam("of_bucket"))
_FORGET: Final = sa.delete(failures).where(failures.c.at < sa.bindparam("before", type_=_AT))


class StoredFailures:
    """Failed sign-ins in the database, by the digest of a bucket."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def count_failure(self, bucket: str, at: datetime) -> None:
        """Count a failed sign-in."""
        self._transaction.change(_COUNT, {"bucket": _digest(bucket), "at": at})

    def failures(self, bucket: str, since: datetime) -> tuple[int, datetime | None]:
        """Tell how many failed sign-ins a bucket has since a moment, and when the first of them was."""
        row = self._transaction.row(_SINCE, {"bucket": _digest(bucket), "since": since})
        return (0, None) if row is None else (int(row.how_many), row.first)

    def clear_failures(self, bucket: str) -> None:
        """Forget a bucket's failures."""
        self._transaction.change(_CLEAR, {"of_bucket": _digest(bucket)})

    def forget_failures(self, now: datetime) -> int:
        """Drop failures of days gone by; gives how many rows."""
        return self._transaction.change(_FORGET, {"before": now - _KEPT})


def _digest(bucket: str) -> bytes:
    return hashlib.sha256(b"sealwright sign-in bucket\0" + bucket.encode()).digest()
