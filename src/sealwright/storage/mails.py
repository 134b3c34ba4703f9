"""The outbox of letters, as rows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.notices import Mail
from sealwright.services.desk_ports import NumberedPage
from sealwright.storage.access_tables import mails
from sealwright.storage.transaction import Transaction

_MAIL: Final = sa.select(*mails.columns)
_AT: Final = mails.c.created_at.type
_LONGEST_PAUSE: Final = timedelta(hours=6)
_FIRST_PAUSE: Final = timedelta(minutes=1)
_UNSENT: Final = (
    _MAIL.where(sa.text("sent_at IS NULL"), mails.c.next_try_at <= sa.bindparam("now", type_=_AT))
    .order_by(mails.c.next_try_at, mails.c.mail_id)
    .limit(sa.bindparam("how_many"))
)
_SENT: Final = (
    sa.update(mails)
    .where(mails.c.mail_id == sa.bindparam("id"), mails.c.sent_at.is_(None))
    .values(sent_at=sa.bindparam("at", type_=_AT))
)
_ATTEMPTS: Final = sa.select(mails.c.attempts).where(mails.c.mail_id == sa.bindparam("mail_id"))
_FAILED: Final = (
    sa.update(mails)
    .where(mails.c.mail_id == sa.bindparam("id"), mails.c.sent_at.is_(None))
    .values(attempts=sa.bindparam("new_attempts"), next_try_at=sa.bindparam("next_at", type_=_AT))
)
_COUNT: Final = sa.select(sa.func.count()).select_from(mails)


def pause_after(attempts: int) -> timedelta:
    """Give the pause after so many failed tries: a minute, then twice as long each time, six hours at most."""
    return min(_FIRST_PAUSE * (1 << min(attempts - 1, 10)), _LONGEST_PAUSE)


class StoredMails:
    """The outbox in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add_mail(self, mail: Mail) -> None:
        """Put a letter into the outbox."""
        self._transaction.change(
            sa.insert(mails),
            {
                "mail_id": mail.mail_id,
                "user_id": mail.user_id,
                "to": mail.to,
                "kind": mail.kind,
                "locale": mail.locale,
                "subject": mail.subject,
                "text": mail.text,
                "html": mail.html,
                "created_at": mail.created_at,
                "sent_at": mail.sent_at,
                "attempts": mail.attempts,
                "next_try_at": mail.created_at,
            },
        )

    def unsent(self, now: datetime, limit: int) -> tuple[Mail, ...]:
        """List letters that wait and are due for a try, locked against other workers."""
        statement = self._transaction.locking(_UNSENT, skip=True)
        return tuple(_mail(row) for row in self._transaction.rows(statement, {"now": now, "how_many": limit}))

    def sent(self, mail_id: str, at: datetime) -> None:
        """Record that a letter has left."""
        self._transaction.change(_SENT, {"id": mail_id, "at": at})

    def failed(self, mail_id: str, at: datetime) -> None:
        """Record a try that failed; the next one comes after a pause that grows."""
        row = self._transaction.row(_ATTEMPTS, {"mail_id": mail_id})
        if row is not None:
            attempts = int(row[0]) + 1
            values = {"id": mail_id, "new_attempts": attempts, "next_at": at + pause_after(attempts)}
            self._transaction.change(_FAILED, values)

    def mails(self, *, page: int, count: int) -> NumberedPage[Mail]:
        """List the outbox, newest first."""
        row = self._transaction.row(_COUNT)
        statement = _MAIL.order_by(mails.c.created_at.desc(), mails.c.mail_id.desc())
        found = self._transaction.rows(statement.limit(count).offset((page - 1) * count))
        return NumberedPage(tuple(_mail(row) for row in found), page, count, 0 if row is None else int(row[0]))


def _mail(row: Row[Any]) -> Mail:
    return Mail(
        mail_id=row.mail_id,
        user_id=row.user_id,
        to=row.to,
        kind=row.kind,
        locale=row.locale,
        subject=row.subject,
        text=row.text,
        html=row.html,
        created_at=row.created_at,
        sent_at=row.sent_at,
        attempts=row.attempts,
    )
