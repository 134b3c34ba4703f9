"""Inboxes and what people chose to be told, as rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.notices import Notice, NoticeKind, NoticeMode
from sealwright.services.desk_ports import NumberedPage
from sealwright.storage.access_tables import notice_modes, notices
from sealwright.storage.driver_text import DriverText
from sealwright.storage.json_columns import json_text, read_text_map
from sealwright.storage.mails import StoredMails
from sealwright.storage.transaction import Transaction

_NOTICE: Final = sa.select(*notices.columns)
_AT: Final = notices.c.created_at.type
# As text, so that both databases see the condition of the index in it.
_UNREAD: Final = sa.text("read_at IS NULL")
_MAILABLE: Final = sa.text("mail_due_at IS NOT NULL AND mailed = FALSE")
_COUNT_UNREAD: Final = (
    sa.select(sa.func.count()).select_from(notices).where(notices.c.user_id == sa.bindparam("user_id"), _UNREAD)
)
_DUE: Final = (
    _NOTICE.where(_MAILABLE, notices.c.mail_due_at <= sa.bindparam("now", type_=_AT))
    .order_by(notices.c.mail_due_at, notices.c.notice_id)
    .limit(sa.bindparam("how_many"))
)
_MODES: Final = sa.select(notice_modes.c.kind, notice_modes.c.mode).where(
    notice_modes.c.user_id == sa.bindparam("user_id")
)
_MODES_OF_MANY: Final = DriverText.of("SELECT user_id, mode FROM notice_modes WHERE user_id = ANY(%s) AND kind = %s")
_PUT_MODE: Final = sa.text(
    "INSERT INTO notice_modes (user_id, kind, mode) VALUES (:user_id, :kind, :mode) "
    "ON CONFLICT (user_id, kind) DO UPDATE SET mode = excluded.mode WHERE notice_modes.mode <> excluded.mode"
)


class StoredNotices(StoredMails):
    """Notices and mail in the database."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._transaction = transaction

    def add_many(self, items: Iterable[Notice]) -> None:
        """Put notices into their inboxes."""
        rows = [_values(notice) for notice in items]
        if rows:
            self._transaction.change(sa.insert(notices), rows)

    def list(self, user_id: str, *, page: int, count: int, unread: bool = False) -> NumberedPage[Notice]:
        """List a person's notices, newest first."""
        conditions: list[Any] = [notices.c.user_id == user_id, *([_UNREAD] if unread else [])]
        row = self._transaction.row(sa.select(sa.func.count()).select_from(notices).where(*conditions))
        statement = (
            _NOTICE.where(*conditions)
            .order_by(notices.c.created_at.desc(), notices.c.notice_id.desc())
            .limit(count)
            .offset((page - 1) * count)
        )
        items = tuple(_notice(row) for row in self._transaction.rows(statement))
        return NumberedPage(items, page, count, 0 if row is None else int(row[0]))

    def unread(self, user_id: str) -> int:
        """Count a person's unread notices."""
        row = self._transaction.row(_COUNT_UNREAD, {"user_id": user_id})
        return 0 if row is None else int(row[0])

    def mark_read(self, user_id: str, notice_ids: Sequence[str] | None, at: datetime) -> int:
        """Mark a person's notices read, some or all; gives how many were unread."""
        statement = sa.update(notices).where(notices.c.user_id == user_id, _UNREAD)
        if notice_ids is not None:
            statement = statement.where(notices.c.notice_id.in_(list(notice_ids)))
        return self._transaction.change(statement.values(read_at=at))

    def withdraw(self, *, about: str, kinds: Collection[NoticeKind]) -> int:
        """Take back notices about a request or grant whose mail has not been made; gives how many.

        Of those that never become a mail, only the unread ones.
        """
        told = sa.or_(
            sa.and_(sa.text("request_id IS NOT NULL"), notices.c.request_id == about),
            sa.and_(sa.text("grant_id IS NOT NULL"), notices.c.grant_id == about),
        )
        statement = sa.delete(notices).where(
            told,
            notices.c.kind.in_(sorted(kind.value for kind in kinds)),
            notices.c.mailed == sa.false(),
            sa.or_(notices.c.mail_due_at.is_not(None), notices.c.read_at.is_(None)),
        )
        return self._transaction.change(statement)

    def due(self, now: datetime, limit: int) -> tuple[Notice, ...]:
        """List notices whose mail is due and was not made yet, locked against other workers."""
        rows = self._transaction.rows(self._transaction.locking(_DUE, skip=True), {"now": now, "how_many": limit})
        return tuple(_notice(row) for row in rows)

    def mailed(self, notice_ids: Sequence[str]) -> None:
        """Record that the mails of these notices were made."""
        if notice_ids:
            statement = sa.update(notices).where(notices.c.notice_id.in_(list(notice_ids)))
            self._transaction.change(statement.values(mailed=True))

    def modes(self, user_id: str) -> Mapping[NoticeKind, NoticeMode]:
        """Tell what a person chose; kinds that they chose nothing for are left out."""
        rows = self._transaction.rows(_MODES, {"user_id": user_id})
        return {NoticeKind(row.kind): NoticeMode(row.mode) for row in rows}

    def modes_of_many(self, user_ids: Collection[str], kind: NoticeKind) -> Mapping[str, NoticeMode]:
        """Tell what each chose for one kind; those who chose nothing are left out."""
        if not user_ids:
            return {}
        rows = _MODES_OF_MANY.rows(self._transaction, sorted(user_ids), kind.value)
        return {user_id: NoticeMode(mode) for user_id, mode in rows}

    def put_mode(self, user_id: str, kind: NoticeKind, mode: NoticeMode) -> bool:
        """Record a choice; False where it was chosen already. Of two at the same time only the first changes it."""
        values = {"user_id": user_id, "kind": kind.value, "mode": mode.value}
        return self._transaction.change(_PUT_MODE, values) > 0


def _values(notice: Notice) -> dict[str, object]:
    return {
        "notice_id": notice.notice_id,
        "user_id": notice.user_id,
        "kind": notice.kind.value,
        "created_at": notice.created_at,
        "data": json_text(dict(notice.data)),
        "request_id": notice.data.get("request_id"),
        "grant_id": notice.data.get("grant_id"),
        "read_at": notice.read_at,
        "mail_due_at": notice.mail_due_at,
        "mailed": False,
    }


def _notice(row: Row[Any]) -> Notice:
    return Notice(
        notice_id=row.notice_id,
        user_id=row.user_id,
        kind=NoticeKind(row.kind),
        created_at=row.created_at,
        data=read_text_map(row.data),
        read_at=row.read_at,
        mail_due_at=row.mail_due_at,
    )
