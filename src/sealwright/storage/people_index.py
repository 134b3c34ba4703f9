"""By what people are found: unique keys, roles, numbers, and the pages of folded texts that searches read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

import sqlalchemy as sa

from sealwright.domain.errors import AddressInUse, EmailInUse
from sealwright.domain.folding import fold
from sealwright.domain.people import Person
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.mail_keys import email_key
from sealwright.storage.person_rows import PERSON, person_of, values_of
from sealwright.storage.renaming import rename_requester
from sealwright.storage.search_layout import PAGE_PEOPLE, PARTS_END, PERSON_END, TEXT_START, read_page
from sealwright.storage.tables import people, person_keys, person_roles, search_pages
from sealwright.storage.transaction import Transaction

_CATCH_UP: Final = 200

EMAIL: Final = "email"
WALLET: Final = "wallet"
DID: Final = "did"

_LAST_NO: Final = sa.select(sa.func.max(people.c.person_no))
_NO_OF: Final = sa.select(people.c.person_no).where(people.c.user_id == sa.bindparam("user_id"))
_PAGE: Final = sa.select(search_pages.c.texts).where(search_pages.c.page_no == sa.bindparam("page_no"))
_PUT_PAGE: Final = sa.text(
    "INSERT INTO search_pages (page_no, tag, texts) VALUES (:page_no, :tag, :texts) "
    "ON CONFLICT (page_no) DO UPDATE SET tag = excluded.tag, texts = excluded.texts"
)
_KEYS_OF: Final = sa.select(person_keys.c.kind, person_keys.c.key).where(
    person_keys.c.user_id == sa.bindparam("user_id")
)
_DROP_KEY: Final = sa.delete(person_keys).where(
    person_keys.c.kind == sa.bindparam("of_kind"), person_keys.c.key == sa.bindparam("of_key")
)
_DROP_ROLES: Final = sa.delete(person_roles).where(person_roles.c.user_id == sa.bindparam("of_user"))
_UNINDEXED: Final = (
    PERSON.where(sa.text("(indexed_version IS NULL OR indexed_version <> version)"))
    .order_by(people.c.user_id)
    .limit(_CATCH_UP)
)


class PeopleIndex:
    """Keeps what people are found by. Used under the registry's lock, so two writers never meet on a page."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def next_number(self) -> int:
        """Give the number of the next person; numbers are dense, so that sets of people are bytes."""
        row = self._transaction.row(_LAST_NO)
        return 0 if row is None or row[0] is None else int(row[0]) + 1

    def number_of(self, user_id: str) -> int | None:
        """Give a person's number; None if they are unknown or not indexed yet."""
        row = self._transaction.row(_NO_OF, {"user_id": user_id})
        return None if row is None else row[0]

    def put(self, person: Person, person_no: int) -> None:
        """Index a person anew.

        Raises:
            EmailInUse, AddressInUse: A key belongs to another person.
        """
        self._put_keys(person)
        self._transaction.change(_DROP_ROLES, {"of_user": person.user_id})
        roles = [{"role": role.value, "user_id": person.user_id, "person_no": person_no} for role in person.roles]
        if roles:
            self._transaction.change(sa.insert(person_roles), roles)
        self._put_texts(person, person_no)

    def rename(self, person: Person, person_no: int) -> None:
        """Let the lists that are sorted by name follow a new one."""
        rename_requester(self._transaction, person_no, fold(person.display_name))

    def has_unindexed(self) -> bool:
        """Tell whether an earlier program left somebody behind."""
        return self._transaction.row(_UNINDEXED.limit(1)) is not None

    def catch_up(self) -> int:
        """Index some of those that an earlier program added or changed; gives how many there were.

        Of keys that several of them claim, the first one keeps them.
        """
        found = [(person_of(row), row.person_no) for row in self._transaction.rows(_UNINDEXED)]
        for person, number in found:
            person_no = self.next_number() if number is None else number
            values = {**values_of(person), "person_no": person_no}
            self._transaction.change(sa.update(people).where(people.c.user_id == person.user_id).values(values))
            try:
                with self._transaction.savepoint():
                    self._put_keys(person)
            except (EmailInUse, AddressInUse):
                pass
            self._transaction.change(_DROP_ROLES, {"of_user": person.user_id})
            roles = [{"role": role.value, "user_id": person.user_id, "person_no": person_no} for role in person.roles]
            if roles:
                self._transaction.change(sa.insert(person_roles), roles)
            self._put_texts(person, person_no)
            self.rename(person, person_no)
        return len(found)

    def catch_up_all(self) -> None:
        """Index everybody who is not."""
        while self.catch_up():
            pass

    def _put_keys(self, person: Person) -> None:
        before = {(row.kind, row.key) for row in self._transaction.rows(_KEYS_OF, {"user_id": person.user_id})}
        after = keys_of(person)
        for kind, key in sorted(before - after):
            self._transaction.change(_DROP_KEY, {"of_kind": kind, "of_key": key})
        for kind, key in sorted(after - before):
            try:
                self._transaction.change(sa.insert(person_keys), {"kind": kind, "key": key, "user_id": person.user_id})
            except AlreadyTaken:
                raise _taken(kind) from None

    def _put_texts(self, person: Person, person_no: int) -> None:
        page_no, place = divmod(person_no, PAGE_PEOPLE)
        row = self._transaction.row(_PAGE, {"page_no": page_no})
        names, ids = read_page(b"" if row is None else row.texts)
        new_names, new_ids = texts_of(person)
        texts = PARTS_END.join((_with(names, place, new_names), _with(ids, place, new_ids)))
        self._transaction.change(_PUT_PAGE, {"page_no": page_no, "tag": tag_of(texts), "texts": texts})


def keys_of(person: Person) -> set[tuple[str, str]]:
    """Give the keys that belong to a person alone."""
    emails = [person.email, *(one.email for one in person.other_emails)]
    return {
        *((EMAIL, email_key(email)) for email in emails if email),
        *((WALLET, wallet_key(wallet.address)) for wallet in person.wallets if wallet.verified),
        *((DID, did) for did in person.dids),
    }


def wallet_key(address: str) -> str:
    """Give the form under which a wallet address is unique, whatever its case."""
    return address.casefold()


def texts_of(person: Person) -> tuple[bytes, bytes]:
    """Give what a person is found by: names and addresses (any part of them), and ids (their beginnings)."""
    emails = [person.email, *(one.email for one in person.other_emails)]
    full = " ".join(one for one in (person.first_name, person.last_name) if one)
    ids = [
        person.user_id,
        *person.dids,
        *((person.holder_did,) if person.holder_did else ()),
        *(wallet.address for wallet in person.wallets),
    ]
    return _joined([person.display_name, full, *emails]), _joined(ids)


def tag_of(texts: bytes) -> bytes:
    """Give the tag by which a page is known; equal tags mean equal pages, whoever wrote them."""
    return hashlib.blake2b(texts, digest_size=16).digest()


def _joined(texts: Iterable[str]) -> bytes:
    folded = dict.fromkeys(fold(text) for text in texts)
    return b"".join(TEXT_START + one.encode() for one in folded if one)


def _with(part: bytes, place: int, text: bytes) -> bytes:
    lines = part.split(PERSON_END)
    lines += [b""] * (place + 1 - len(lines))
    lines[place] = text
    return PERSON_END.join(lines)


def _taken(kind: str) -> Exception:
    if kind == EMAIL:
        return EmailInUse("Another person has this e-mail address.")
    return AddressInUse("This address or DID belongs to another person.")
