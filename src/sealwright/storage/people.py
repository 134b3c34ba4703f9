"""People with their roles and personal tokens, as rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.access import PersonalToken
from sealwright.domain.errors import EmailInUse, UserExists, VersionConflict
from sealwright.domain.folding import fold
from sealwright.domain.people import Person, UserId
from sealwright.services.desk_ports import NumberedPage
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.mail_keys import email_key
from sealwright.storage.number_sets import numbers_condition
from sealwright.storage.office import lock_registry
from sealwright.storage.people_index import DID, WALLET, PeopleIndex, wallet_key
from sealwright.storage.people_search import PeopleSearch
from sealwright.storage.person_rows import PERSON, optional_person, person_of, values_of
from sealwright.storage.tables import people, person_keys, person_roles, personal_tokens
from sealwright.storage.transaction import Transaction

_TOKEN: Final = sa.select(
    personal_tokens.c.token_id,
    personal_tokens.c.user_id,
    personal_tokens.c.name,
    personal_tokens.c.digest,
    personal_tokens.c.created_at,
    personal_tokens.c.expires_at,
    personal_tokens.c.revoked_at,
)
_BY_ID: Final = PERSON.where(people.c.user_id == sa.bindparam("user_id"))
_BY_IDS: Final = PERSON.where(people.c.user_id.in_(sa.bindparam("user_ids", expanding=True)))
_BY_EMAIL: Final = PERSON.where(people.c.email_key == sa.bindparam("email_key"))
_BY_KEY: Final = PERSON.join(person_keys, person_keys.c.user_id == people.c.user_id).where(
    person_keys.c.kind == sa.bindparam("kind"), person_keys.c.key == sa.bindparam("key")
)
_WITH_ROLE: Final = (
    PERSON.join(person_roles, person_roles.c.user_id == people.c.user_id)
    .where(person_roles.c.role == sa.bindparam("role"), people.c.active == sa.true())
    .order_by(people.c.name_key, people.c.user_id)
)
_COUNT: Final = sa.select(sa.func.count(people.c.person_no))
_MOST_IDS: Final = 500
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


class StoredPeople:
    """People in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._index = PeopleIndex(transaction)

    def get(self, user_id: str) -> Person | None:
        """Find a person by id."""
        return optional_person(self._transaction.row(_BY_ID, {"user_id": user_id}))

    def by_email(self, email: str) -> Person | None:
        """Find a person by the address they sign in with, whatever its case."""
        return optional_person(self._transaction.row(_BY_EMAIL, {"email_key": email_key(email)}))

    def by_wallet(self, address: str) -> Person | None:
        """Find whose verified wallet this is, whatever its case."""
        return optional_person(self._transaction.row(_BY_KEY, {"kind": WALLET, "key": wallet_key(address)}))

    def by_did(self, did: str) -> Person | None:
        """Find who proved to control this DID."""
        return optional_person(self._transaction.row(_BY_KEY, {"kind": DID, "key": did}))

    def get_many(self, user_ids: Sequence[str]) -> Mapping[str, Person]:
        """Find people by their ids; unknown ones are left out."""
        wanted = sorted(set(user_ids))
        found = [
            person_of(row)
            for start in range(0, len(wanted), _MOST_IDS)
            for row in self._transaction.rows(_BY_IDS, {"user_ids": wanted[start : start + _MOST_IDS]})
        ]
        return {person.user_id: person for person in found}

    def with_role(self, role: str) -> tuple[Person, ...]:
        """List active people with an approved account role, by name."""
        return tuple(person_of(row) for row in self._transaction.rows(_WITH_ROLE, {"role": role}))

    def add(self, person: Person) -> None:
        """Add a person.

        Raises:
            EmailInUse, UserExists: The address or the id is taken.
            AddressInUse: Another person has a wallet address or DID of theirs.
        """
        self._transaction.raise_epoch()
        self._index.catch_up()
        person_no = self._index.next_number()
        row = {"user_id": person.user_id, "person_no": person_no, **values_of(person)}
        try:
            self._transaction.change(sa.insert(people), row)
        except AlreadyTaken as error:
            raise _taken(error) from None
        self._index.put(person, person_no)

    def update(self, person: Person) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The person has moved on, or is unknown.
            EmailInUse: Another person has the address.
            AddressInUse: Another person has a wallet address or DID of theirs.
        """
        self._transaction.raise_epoch()
        self._index.catch_up()
        person_no = self._index.number_of(person.user_id)
        statement = _UPDATE.values(values_of(person))
        try:
            changed = self._transaction.change(statement, {"id": person.user_id, "expected": person.version - 1})
        except AlreadyTaken as error:
            raise _taken(error) from None
        if changed != 1 or person_no is None:
            raise VersionConflict("This person was changed in the meantime.")
        self._index.put(person, person_no)
        self._index.rename(person, person_no)

    def list(self, *, role: str | None = None, search: str | None = None) -> tuple[Person, ...]:
        """List people, newest first; `search` finds as `search` does."""
        statement = PERSON.order_by(people.c.created_at.desc(), people.c.user_id.desc())
        if role is not None:
            holders = sa.select(person_roles.c.user_id).where(person_roles.c.role == role)
            statement = statement.where(people.c.user_id.in_(holders))
        if search and fold(search):
            matches = PeopleSearch(self._transaction).find(search)
            statement = statement.where(numbers_condition(self._transaction, people.c.person_no, matches))
        return tuple(person_of(row) for row in self._transaction.rows(statement))

    def search(self, text: str, *, role: str | None, page: int, count: int) -> NumberedPage[Person]:
        """Find people by part of name or e-mail, or prefix of an id, by name; an empty text means everybody."""
        statement = sa.select(people.c.user_id).order_by(people.c.name_key, people.c.user_id)
        counting = _COUNT
        if role is not None:
            counting = sa.select(sa.func.count()).select_from(person_roles).where(person_roles.c.role == role)
            holders = sa.select(person_roles.c.person_no).where(person_roles.c.role == role)
            statement = statement.where(people.c.person_no.in_(holders))
        total: int | None = None
        if fold(text):
            matches = PeopleSearch(self._transaction).find(text)
            statement = statement.where(numbers_condition(self._transaction, people.c.person_no, matches))
            if role is None:
                total = matches.people
            else:
                counting = counting.where(numbers_condition(self._transaction, person_roles.c.person_no, matches))
        if total is None:
            row = self._transaction.row(counting)
            total = 0 if row is None else int(row[0])
        ids = [row[0] for row in self._transaction.rows(statement.limit(count).offset((page - 1) * count))]
        known = self.get_many(ids)
        return NumberedPage(tuple(known[user_id] for user_id in ids), page, count, total)

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


def _taken(error: AlreadyTaken) -> Exception:
    if error.concerns("uq_people_email_key", "people.email_key"):
        return EmailInUse("Another person has this e-mail address.")
    if error.concerns("people_pkey", "pk_people", "people.user_id"):
        return UserExists("This person id is taken.")
    return error


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
