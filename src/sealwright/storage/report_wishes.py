"""Who wants a report by mail, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.reports import ReportEvery, ReportWish
from sealwright.storage.access_tables import report_wishes
from sealwright.storage.json_columns import json_text, read_text_list
from sealwright.storage.transaction import Transaction

_AT: Final = report_wishes.c.sent_until.type
_WISH: Final = sa.select(*report_wishes.columns)
_OF_PERSON: Final = _WISH.where(report_wishes.c.user_id == sa.bindparam("user_id"))
_DUE: Final = (
    _WISH.where(
        report_wishes.c.every == sa.bindparam("every"),
        report_wishes.c.sent_until < sa.bindparam("until", type_=_AT),
        report_wishes.c.user_id > sa.bindparam("after"),
    )
    .order_by(report_wishes.c.user_id)
    .limit(sa.bindparam("how_many"))
)
_PUT: Final = sa.text(
    "INSERT INTO report_wishes (user_id, every, credential_types, sent_until) "
    "VALUES (:user_id, :every, :credential_types, :sent_until) "
    "ON CONFLICT (user_id) DO UPDATE SET every = excluded.every, credential_types = excluded.credential_types, "
    "sent_until = excluded.sent_until"
).bindparams(sa.bindparam("sent_until", type_=_AT))
# Whoever changes a row first has it: a second server waits here, and then finds nothing to change.
_CLAIM: Final = (
    sa.update(report_wishes)
    .where(
        report_wishes.c.user_id == sa.bindparam("whose"),
        report_wishes.c.every == sa.bindparam("as_seen"),
        report_wishes.c.sent_until < sa.bindparam("until", type_=_AT),
    )
    .values(sent_until=sa.bindparam("until", type_=_AT))
)
_ASK: Final = sa.text(
    "INSERT INTO report_wishes (user_id, every, asked_at) VALUES (:user_id, 'never', :now) "
    "ON CONFLICT (user_id) DO UPDATE SET asked_at = excluded.asked_at "
    "WHERE report_wishes.asked_at IS NULL OR report_wishes.asked_at <= :before OR report_wishes.asked_at > :now"
).bindparams(sa.bindparam("now", type_=_AT), sa.bindparam("before", type_=_AT))


class StoredReportWishes:
    """Wishes in the database, one row a person."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def of_person(self, user_id: str) -> ReportWish | None:
        """Find a person's wish."""
        row = self._transaction.row(self._transaction.locking(_OF_PERSON), {"user_id": user_id})
        return None if row is None else _wish(row)

    def put(self, wish: ReportWish) -> None:
        """Keep a person's wish; when they last asked for a report at once stays as it is."""
        chosen = wish.credential_types
        values = {
            "user_id": wish.user_id,
            "every": wish.every.value,
            "credential_types": json_text(list(chosen)) if chosen is not None else None,
            "sent_until": wish.sent_until,
        }
        self._transaction.change(_PUT, values)

    def due(self, ends: Mapping[ReportEvery, datetime], *, after: str, limit: int) -> tuple[ReportWish, ...]:
        """List wishes whose last told period ends before the given one, by person, behind one person."""
        found: list[ReportWish] = []
        for every, until in ends.items():
            values = {"every": every.value, "until": until, "after": after, "how_many": limit}
            found += [_wish(row) for row in self._transaction.rows(_DUE, values)]
        return tuple(sorted(found, key=lambda one: one.user_id)[:limit])

    def claim(self, wish: ReportWish, until: datetime) -> bool:
        """Mark a period as done; False if another worker did, or the person changed how often they want to be told."""
        values = {"whose": wish.user_id, "as_seen": wish.every.value, "until": until}
        return self._transaction.change(_CLAIM, values) == 1

    def ask(self, user_id: str, now: datetime, before: datetime) -> bool:
        """Note that a report is asked for at once; False if one was since `before`."""
        return self._transaction.change(_ASK, {"user_id": user_id, "now": now, "before": before}) == 1


def _wish(row: Row[Any]) -> ReportWish:
    chosen = row.credential_types
    return ReportWish(
        user_id=row.user_id,
        every=ReportEvery(row.every),
        credential_types=tuple(read_text_list(chosen)) if chosen is not None else None,
        sent_until=row.sent_until,
        asked_at=row.asked_at,
    )
