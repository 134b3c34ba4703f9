"""Sessions and everything that people sign in with, as rows. None of it raises the registry epoch."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.errors import KeyInUse
from sealwright.domain.people import UserId
from sealwright.domain.sign_in import (
    BROWSERS_KNOWN,
    COMMON_LIFE,
    Challenge,
    ChallengePurpose,
    LinkPurpose,
    OneTimeLink,
    Passkey,
    Session,
    SignInMethod,
)
from sealwright.storage.access_tables import (
    challenges,
    one_time_links,
    passkeys,
    passwords,
    recovery_codes,
    sessions,
)
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.json_columns import json_text, read_roles, read_texts
from sealwright.storage.sign_in_failures import StoredFailures
from sealwright.storage.transaction import Transaction

_AT: Final = sessions.c.created_at.type
_KEPT_AFTER_END: Final = timedelta(days=1)
_LINKS_KEPT: Final = timedelta(days=30)

_SESSION: Final = sa.select(*sessions.columns)
_SESSION_BY_DIGEST: Final = _SESSION.where(sessions.c.digest == sa.bindparam("digest"))
_SESSIONS_OF: Final = _SESSION.where(
    sessions.c.user_id == sa.bindparam("user_id"), sessions.c.ended_at.is_(None)
).order_by(sessions.c.created_at.desc(), sessions.c.session_id.desc())
_BROWSERS_OF: Final = sa.select(sessions.c.label).where(sessions.c.user_id == sa.bindparam("user_id")).distinct()
_LATER: Final = sessions.alias("later")
# Where a later session of the same person in the same kind of browser is kept, it remembers the browser.
_IS_FOLLOWED: Final = sa.exists().where(
    _LATER.c.user_id == sessions.c.user_id,
    _LATER.c.label == sessions.c.label,
    sa.tuple_(_LATER.c.created_at, _LATER.c.session_id) > sa.tuple_(sessions.c.created_at, sessions.c.session_id),
)
_TOUCH: Final = (
    sa.update(sessions)
    .where(
        sessions.c.session_id == sa.bindparam("id"),
        sessions.c.ended_at.is_(None),
        sessions.c.last_seen_at < sa.bindparam("at", type_=_AT),
    )
    .values(last_seen_at=sa.bindparam("at", type_=_AT))
)
_END: Final = (
    sa.update(sessions)
    .where(sessions.c.session_id == sa.bindparam("id"), sessions.c.ended_at.is_(None))
    .values(ended_at=sa.bindparam("at", type_=_AT))
)
_PASSWORD: Final = sa.select(passwords.c.encoded).where(passwords.c.user_id == sa.bindparam("user_id"))
_PUT_PASSWORD: Final = sa.text(
    "INSERT INTO passwords (user_id, encoded, changed_at) VALUES (:user_id, :encoded, :at) "
    "ON CONFLICT (user_id) DO UPDATE SET encoded = excluded.encoded, changed_at = excluded.changed_at"
).bindparams(sa.bindparam("at", type_=_AT))
_DROP_PASSWORD: Final = sa.delete(passwords).where(passwords.c.user_id == sa.bindparam("of_user"))
_PASSKEY: Final = sa.select(*passkeys.columns)
_PASSKEYS_OF: Final = _PASSKEY.where(passkeys.c.user_id == sa.bindparam("user_id")).order_by(
    passkeys.c.created_at, passkeys.c.passkey_id
)
_PASSKEY_BY_ID: Final = _PASSKEY.where(passkeys.c.credential_id == sa.bindparam("credential_id"))
_USED_PASSKEY: Final = (
    sa.update(passkeys)
    .where(passkeys.c.passkey_id == sa.bindparam("id"))
    .values(sign_count=sa.bindparam("new_count"), last_used_at=sa.bindparam("at", type_=_AT))
)
_DROP_PASSKEY: Final = sa.delete(passkeys).where(
    passkeys.c.user_id == sa.bindparam("of_user"), passkeys.c.passkey_id == sa.bindparam("id")
)
_CODES: Final = (
    sa.select(sa.func.count()).select_from(recovery_codes).where(recovery_codes.c.user_id == sa.bindparam("user_id"))
)
_DROP_CODES: Final = sa.delete(recovery_codes).where(recovery_codes.c.user_id == sa.bindparam("of_user"))
_USE_CODE: Final = sa.delete(recovery_codes).where(
    recovery_codes.c.user_id == sa.bindparam("of_user"), recovery_codes.c.digest == sa.bindparam("of_digest")
)
_LINK: Final = sa.select(*one_time_links.columns).where(one_time_links.c.digest == sa.bindparam("digest"))
_USE_LINK: Final = (
    sa.update(one_time_links)
    .where(
        one_time_links.c.link_id == sa.bindparam("id"),
        one_time_links.c.used_at.is_(None),
        one_time_links.c.expires_at > sa.bindparam("at", type_=_AT),
    )
    .values(used_at=sa.bindparam("at", type_=_AT))
)
_TAKE_CHALLENGE: Final = (
    sa.delete(challenges)
    .where(challenges.c.digest == sa.bindparam("of_digest"), challenges.c.purpose == sa.bindparam("of_purpose"))
    .returning(*challenges.columns)
)


class StoredSignIns(StoredFailures):
    """Sessions, passwords, passkeys, codes, links and challenges in the database."""

    def __init__(self, transaction: Transaction) -> None:
        super().__init__(transaction)
        self._transaction = transaction

    # -- sessions -----------------------------------------------------------------------------------

    def session(self, digest: bytes) -> Session | None:
        """Find a session by its digest, ended or not."""
        row = self._transaction.row(_SESSION_BY_DIGEST, {"digest": digest})
        return None if row is None else _session(row)

    def add_session(self, session: Session) -> None:
        """Add a session."""
        self._transaction.change(
            sa.insert(sessions),
            {
                "session_id": session.session_id,
                "user_id": session.user_id,
                "digest": session.digest,
                "method": session.method.value,
                "label": session.label,
                "created_at": session.created_at,
                "last_seen_at": session.last_seen_at,
                "authenticated_at": session.authenticated_at,
                "roles": json_text(sorted(session.roles)),
                "ended_at": session.ended_at,
            },
        )

    def touch_session(self, session_id: str, at: datetime) -> None:
        """Record that a session was seen; never backward, and not once it has ended."""
        self._transaction.change(_TOUCH, {"id": session_id, "at": at})

    def end_session(self, session_id: str, at: datetime) -> bool:
        """End a session; False if it had ended already, or is unknown."""
        return self._transaction.change(_END, {"id": session_id, "at": at}) == 1

    def end_sessions_of(self, user_id: str, at: datetime, *, but: str | None = None) -> int:
        """End a person's sessions, all or all but one; gives how many."""
        statement = sa.update(sessions).where(sessions.c.user_id == user_id, sessions.c.ended_at.is_(None))
        if but is not None:
            statement = statement.where(sessions.c.session_id != but)
        return self._transaction.change(statement.values(ended_at=at))

    def sessions_of(self, user_id: str) -> tuple[Session, ...]:
        """List a person's sessions that have not ended, newest first."""
        return tuple(_session(row) for row in self._transaction.rows(_SESSIONS_OF, {"user_id": user_id}))

    def browsers_of(self, user_id: str) -> frozenset[str]:
        """Give the labels of a person's sessions, ended ones too as long as they are kept."""
        return frozenset(str(row.label) for row in self._transaction.rows(_BROWSERS_OF, {"user_id": user_id}))

    # -- passwords, passkeys, codes -----------------------------------------------------------------

    def password(self, user_id: str) -> str | None:
        """Give the hash of a person's password, in its usual text form."""
        row = self._transaction.row(_PASSWORD, {"user_id": user_id})
        return None if row is None else str(row[0])

    def put_password(self, user_id: str, encoded: str | None, at: datetime) -> None:
        """Store a hash, or take the password away."""
        if encoded is None:
            self._transaction.change(_DROP_PASSWORD, {"of_user": user_id})
        else:
            self._transaction.change(_PUT_PASSWORD, {"user_id": user_id, "encoded": encoded, "at": at})

    def passkeys_of(self, user_id: str) -> tuple[Passkey, ...]:
        """List a person's passkeys, oldest first."""
        return tuple(_passkey(row) for row in self._transaction.rows(_PASSKEYS_OF, {"user_id": user_id}))

    def passkey(self, credential_id: bytes) -> Passkey | None:
        """Find a passkey by the id that its authenticator gave it."""
        row = self._transaction.row(_PASSKEY_BY_ID, {"credential_id": credential_id})
        return None if row is None else _passkey(row)

    def add_passkey(self, passkey: Passkey) -> None:
        """Add a passkey.

        Raises:
            KeyInUse: The authenticator's credential id is known already.
        """
        values = {
            "passkey_id": passkey.passkey_id,
            "user_id": passkey.user_id,
            "credential_id": passkey.credential_id,
            "public_key": passkey.public_key,
            "sign_count": passkey.sign_count,
            "name": passkey.name,
            "created_at": passkey.created_at,
            "transports": json_text(passkey.transports),
            "last_used_at": passkey.last_used_at,
        }
        try:
            self._transaction.change(sa.insert(passkeys), values)
        except AlreadyTaken:
            raise KeyInUse("This passkey is registered already.") from None

    def used_passkey(self, passkey_id: str, sign_count: int, at: datetime) -> None:
        """Record a use of a passkey."""
        self._transaction.change(_USED_PASSKEY, {"id": passkey_id, "new_count": sign_count, "at": at})

    def delete_passkey(self, user_id: str, passkey_id: str) -> bool:
        """Delete a person's passkey; False if they have no such."""
        return self._transaction.change(_DROP_PASSKEY, {"of_user": user_id, "id": passkey_id}) == 1

    def recovery_codes(self, user_id: str) -> int:
        """Count the codes that are left."""
        row = self._transaction.row(_CODES, {"user_id": user_id})
        return 0 if row is None else int(row[0])

    def replace_recovery_codes(self, user_id: str, digests: Sequence[bytes], at: datetime) -> None:
        """Replace all codes of a person."""
        self._transaction.change(_DROP_CODES, {"of_user": user_id})
        rows = [{"user_id": user_id, "digest": digest, "made_at": at} for digest in digests]
        if rows:
            self._transaction.change(sa.insert(recovery_codes), rows)

    def use_recovery_code(self, user_id: str, digest: bytes, at: datetime) -> bool:  # noqa: ARG002 - spent codes go
        """Spend a code; False if it is unknown or spent. One winner under any race: the row is deleted."""
        return self._transaction.change(_USE_CODE, {"of_user": user_id, "of_digest": digest}) == 1

    # -- links and challenges -----------------------------------------------------------------------

    def add_link(self, link: OneTimeLink) -> None:
        """Add a link."""
        self._transaction.change(
            sa.insert(one_time_links),
            {
                "link_id": link.link_id,
                "digest": link.digest,
                "purpose": link.purpose.value,
                "user_id": link.user_id,
                "email": link.email,
                "created_at": link.created_at,
                "expires_at": link.expires_at,
                "used_at": link.used_at,
            },
        )

    def link(self, digest: bytes) -> OneTimeLink | None:
        """Find a link by its token's digest, spent or not."""
        row = self._transaction.row(_LINK, {"digest": digest})
        return None if row is None else _link(row)

    def use_link(self, link_id: str, at: datetime) -> bool:
        """Spend a link; False if somebody else did, or its time is over."""
        return self._transaction.change(_USE_LINK, {"id": link_id, "at": at}) == 1

    def void_links(self, *, purpose: str, user_id: str | None, at: datetime) -> int:
        """Spend every open link of a person (or of nobody) for a purpose; gives how many."""
        whose = one_time_links.c.user_id.is_(None) if user_id is None else one_time_links.c.user_id == user_id
        statement = sa.update(one_time_links).where(
            whose, one_time_links.c.purpose == purpose, one_time_links.c.used_at.is_(None)
        )
        return self._transaction.change(statement.values(used_at=at))

    def add_challenge(self, challenge: Challenge) -> None:
        """Add a challenge."""
        self._transaction.change(
            sa.insert(challenges),
            {
                "digest": challenge.digest,
                "purpose": challenge.purpose.value,
                "user_id": challenge.user_id,
                "payload": challenge.payload,
                "created_at": challenge.created_at,
                "expires_at": challenge.expires_at,
            },
        )

    def take_challenge(self, digest: bytes, purpose: ChallengePurpose, now: datetime) -> Challenge | None:
        """Give a challenge once: it is deleted; None if it is unknown, taken or too old."""
        rows = self._transaction.rows(_TAKE_CHALLENGE, {"of_digest": digest, "of_purpose": purpose.value})
        return _challenge(rows[0]) if rows and rows[0].expires_at > now else None

    def forget(self, now: datetime) -> int:
        """Drop what can matter to nobody any more; links stay known as spent for a month.

        Of a person's sessions that are over, the last one in each kind of browser is kept for a while.
        """
        over = sa.or_(
            sessions.c.created_at < now - COMMON_LIFE - _KEPT_AFTER_END, sessions.c.ended_at < now - _KEPT_AFTER_END
        )
        is_forgotten = sessions.c.last_seen_at < now - BROWSERS_KNOWN
        return (
            self._transaction.change(sa.delete(challenges).where(challenges.c.expires_at <= now))
            + self._transaction.change(sa.delete(one_time_links).where(one_time_links.c.expires_at < now - _LINKS_KEPT))
            + self._transaction.change(sa.delete(sessions).where(over, sa.or_(_IS_FOLLOWED, is_forgotten)))
            + self.forget_failures(now)
        )


def _session(row: Row[Any]) -> Session:
    return Session(
        session_id=row.session_id,
        user_id=UserId(row.user_id),
        digest=bytes(row.digest),
        method=SignInMethod(row.method),
        label=row.label,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        authenticated_at=row.authenticated_at,
        roles=read_roles(row.roles),
        ended_at=row.ended_at,
    )


def _passkey(row: Row[Any]) -> Passkey:
    return Passkey(
        passkey_id=row.passkey_id,
        user_id=row.user_id,
        credential_id=bytes(row.credential_id),
        public_key=bytes(row.public_key),
        sign_count=row.sign_count,
        name=row.name,
        created_at=row.created_at,
        transports=read_texts(row.transports),
        last_used_at=row.last_used_at,
    )


def _link(row: Row[Any]) -> OneTimeLink:
    return OneTimeLink(
        link_id=row.link_id,
        digest=bytes(row.digest),
        purpose=LinkPurpose(row.purpose),
        user_id=row.user_id,
        email=row.email,
        created_at=row.created_at,
        expires_at=row.expires_at,
        used_at=row.used_at,
    )


def _challenge(row: Row[Any]) -> Challenge:
    return Challenge(
        digest=bytes(row.digest),
        purpose=ChallengePurpose(row.purpose),
        user_id=row.user_id,
        payload=bytes(row.payload),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
