"""The kept totals of requests, and the feed's index: compared with the rows, and set right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from sealwright.domain.audit import AuditEntry
from sealwright.storage.audit import StoredAuditLog
from sealwright.storage.engines import Database
from sealwright.storage.feed_recount import feed_drift, hold_feed, mend_feed
from sealwright.storage.request_counters import drift_of, drifted
from sealwright.storage.transaction import open_transaction

_LOCK: Final = "LOCK TABLE request_counters IN EXCLUSIVE MODE"
_SET: Final = sa.text(
    "INSERT INTO request_counters (measure, credential_type, state, marks, period, requests) "
    "VALUES (:measure, :credential_type, :state, :marks, :period, :requests) "
    "ON CONFLICT (measure, credential_type, state, marks, period) DO UPDATE SET requests = excluded.requests"
)
_KEY: Final = ("measure", "credential_type", "state", "marks", "period")


class RequestCounts:
    """What `verify-store`, `doctor` and `recount` do with the counters of requests and the feed's index."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def drift(self) -> int:
        """How many counters say something else than the requests. Raises StoreUnavailable."""
        with open_transaction(self._database, write=False) as transaction:
            return drift_of(transaction)

    def feed_drift(self) -> int:
        """How many rows of the feed's index say something else than the workflows. Raises StoreUnavailable."""
        with open_transaction(self._database, write=False) as transaction:
            return len(feed_drift(transaction))

    def recount(self, entry: Callable[[int], AuditEntry]) -> int:
        """Set right the counters and entries that differ, while others work; gives how many did.

        Args:
            entry: Makes the row that goes into the trail with the change; not asked where none differs.

        Raises:
            StoreUnavailable, AuditUnavailable: Nothing was set right.
        """
        with open_transaction(self._database, write=True) as transaction:
            if not transaction.is_sqlite:
                # Whoever has counted a move is waited for, and whoever will is counted after us: each move is seen
                # here together with its count, or neither is. SQLite lets one write at a time anyway.
                transaction.driver_rows(_LOCK, ())
            right = drifted(transaction)
            if right:
                rows = [{**dict(zip(_KEY, key, strict=True)), "requests": right[key]} for key in sorted(right)]
                transaction.change(_SET, rows)
            hold_feed(transaction)
            mended = len(right) + mend_feed(transaction)
            if mended:
                trail = StoredAuditLog(transaction)
                trail.append(entry(mended))
                trail.seal()
            transaction.commit()
        return mended
