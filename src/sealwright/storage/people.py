"""People with their roles and personal tokens, as rows."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.access import PersonalToken
from sealwright.domain.errors import EmailInUse, UserExists, VersionConflict
from sealwright.domain.people import AccountRole, Person, UserId
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.office import lock_registry
from sealwright.storage.tables import people, personal_tokens
from sealwright.storage.transaction import Transaction

_PERSON: Final = sa.select(
    people.c.user_id,
    people.c.email,
    people.c.verified,
    people.c.display_name,
    people.c.roles,
    people.c.created_at,
    people.c.active,
    people.c.scopes,
    people.c.wallets,
    people.c.holder_did,
    people.c.version,
)
_TOKEN: Final = sa.select(
    personal_tokens.c.token_id,
    personal_tokens.c.user_id,
    personal_tokens.c.name,
    personal_tokens.c.digest,
    personal_tokens.c.created_at,
    personal_tokens.c.expires_at,
    personal_tokens.c.revoked_at,
)
_BY_ID: Final = _PERSON.where(people.c.user_id == sa.bindparam("user_id"))
_BY_EMAIL: Final = _PERSON.where(people.c.email_key == sa.bindparam("email_key"))
_TOKEN_BY_ID: Final = _TOKEN.where(personal_tokens.c.token_id == sa.bindparam("token_id"))
_TOKEN_BY_DIGEST: Final = _TOKEN.where(personal_tokens.c.digest == sa.bindparam("digest"))
_TOKENS_OF: Final = _TOKEN.where(personal_tokens.c.user_id == sa.bindparam("user_id")).order_by(
    personal_tokens.c.created_at.desc(), personal_tokens.c.token_id.desc()
)
_REVOKE: Final = (
    sa.update(personal_tokens)
    .where(personal_tokens.c.token_id == sa.bindparam("id"), personal_tokens.c.revoked_at.is_(None))
    .values(revoked_at=sa.bindparam("at"))
)
_UPDATE: Final = sa.update(people).where(
    people.c.user_id == sa.bindparam("id"), people.c.version == sa.bindparam("expected")
)
_COUNT_ADMINS: Final = (
    sa.select(sa.func.count()).where(sa.text("is_admin = TRUE AND active = TRUE")).select_from(people)
)


def email_key(email: str) -> str:
    """Give the form under which an e-mail address is unique: compatibility forms and case folded away."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email.strip()).casefold())


class StoredPeople:
    """People in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, user_id: str) -> Person | None:
        """Find a person by id."""
        return _optional_person(self._transaction.row(_BY_ID, {"user_id": user_id}))

    def by_email(self, email: str) -> Person | None:
        """Find a person by e-mail address, whatever its case."""
        return _optional_person(self._transaction.row(_BY_EMAIL, {"email_key": email_key(email)}))

    def add(self, person: Person) -> None:
        """Add a person.

        Raises:
            EmailInUse, UserExists: The address or the id is taken.
        """
        self._transaction.raise_epoch()
        try:
            self._transaction.change(sa.insert(people), {"user_id": person.user_id, **_values(person)})
        except AlreadyTaken as error:
            raise _taken(error) from None

    def update(self, person: Person) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The person has moved on, or is unknown.
            EmailInUse: Another person has the address.
        """
        self._transaction.raise_epoch()
        statement = _UPDATE.values(_values(person))
        try:
            changed = self._transaction.change(statement, {"id": person.user_id, "expected": person.version - 1})
        except AlreadyTaken as error:
            raise _taken(error) from None
        if changed != 1:
            raise VersionConflict("This person was changed in the meantime.")

    def list(self, *, role: str | None = None, search: str | None = None) -> tuple[Person, ...]:
        """List people, newest first; `search` is looked for in name, address and id, whatever its case."""
        statement = _PERSON.order_by(people.c.created_at.desc(), people.c.user_id.desc())
        if search:
            statement = statement.where(people.c.search_text.contains(search.casefold(), autoescape=True))
        found = [_person(row) for row in self._transaction.rows(statement)]
        return tuple(person for person in found if role is None or role in person.roles)

    def count_active_admins(self) -> int:
        """Count active admins; in a writing unit of work nobody can change the answer before it ends."""
        if self._transaction.writes:
            lock_registry(self._transaction)
        row = self._transaction.row(_COUNT_ADMINS)
        return int(row[0]) if row is not None else 0

    def token_by_digest(self, digest: bytes) -> PersonalToken | None:
        """Find a token by the digest of its secret."""
        return _optional_token(self._transaction.row(_TOKEN_BY_DIGEST, {"digest": digest}))

    def token(self, token_id: str) -> PersonalToken | None:
        """Find a token by id."""
        return _optional_token(self._transaction.row(_TOKEN_BY_ID, {"token_id": token_id}))

    def tokens_of(self, user_id: str) -> tuple[PersonalToken, ...]:
        """List a person's tokens, newest first."""
        return tuple(_token(row) for row in self._transaction.rows(_TOKENS_OF, {"user_id": user_id}))

    def add_token(self, token: PersonalToken) -> None:
        """Add a token of a known person."""
        self._transaction.raise_epoch()
        self._transaction.change(
            sa.insert(personal_tokens),
            {
                "token_id": token.token_id,
                "user_id": token.user_id,
                "name": token.name,
                "digest": token.digest,
                "created_at": token.created_at,
                "expires_at": token.expires_at,
                "revoked_at": token.revoked_at,
            },
        )

    def revoke_token(self, token_id: str, at: datetime) -> bool:
        """Revoke a token; False if it was revoked already or is unknown."""
        self._transaction.raise_epoch()
        return self._transaction.change(_REVOKE, {"id": token_id, "at": at}) == 1


def _values(person: Person) -> dict[str, object]:
    return {
        "email": person.email,
        "email_key": email_key(person.email),
        "verified": person.verified,
        "display_name": person.display_name,
        "search_text": f"{person.display_name} {person.email} {person.user_id}".casefold(),
        "roles": msgspec.json.encode(sorted(person.roles)).decode(),
        "is_admin": AccountRole.ADMIN in person.roles,
        "created_at": person.created_at,
        "active": person.active,
        "scopes": msgspec.json.encode(person.scopes).decode(),
        "wallets": msgspec.json.encode(person.wallets).decode(),
        "holder_did": person.holder_did,
        "version": person.version,
    }


def _taken(error: AlreadyTaken) -> Exception:
    if error.concerns("uq_people_email_key", "people.email_key"):
        return EmailInUse("Another person has this e-mail address.")
    if error.concerns("people_pkey", "pk_people", "people.user_id"):
        return UserExists("This person id is taken.")
    return error


def _person(row: Row[Any]) -> Person:
    return Person(
        user_id=UserId(row.user_id),
        email=row.email,
        verified=row.verified,
        display_name=row.display_name,
        roles=msgspec.json.decode(row.roles, type=frozenset[AccountRole]),
        created_at=row.created_at,
        active=row.active,
        scopes=msgspec.json.decode(row.scopes, type=tuple[str, ...]),
        wallets=msgspec.json.decode(row.wallets, type=tuple[str, ...]),
        holder_did=row.holder_did,
        version=row.version,
    )


def _optional_person(row: Row[Any] | None) -> Person | None:
    return None if row is None else _person(row)


def _token(row: Row[Any]) -> PersonalToken:
    return PersonalToken(
        token_id=row.token_id,
        user_id=UserId(row.user_id),
        name=row.name,
        digest=row.digest,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )


def _optional_token(row: Row[Any] | None) -> PersonalToken | None:
    return None if row is None else _token(row)
