"""People between values and rows."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.folding import fold
from sealwright.domain.people import AccountRole, EmailAddress, Person, Theme, UserId, Wallet
from sealwright.storage.json_columns import json_text, read_roles, read_text_list, read_texts
from sealwright.storage.mail_keys import email_key
from sealwright.storage.tables import people

read_emails: Final = msgspec.json.Decoder(tuple[EmailAddress, ...]).decode
_WALLETS: Final = msgspec.json.Decoder(tuple[Wallet, ...])

PERSON: Final = sa.select(
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
    people.c.first_name,
    people.c.last_name,
    people.c.locale,
    people.c.theme,
    people.c.time_zone,
    people.c.shortcuts,
    people.c.other_emails,
    people.c.dids,
    people.c.erased,
    people.c.wallet_details,
    people.c.person_no,
    people.c.indexed_version,
)


def values_of(person: Person) -> dict[str, object]:
    """Give a person as a row, but for their id and number."""
    return {
        "email": person.email,
        "email_key": email_key(person.email),
        "verified": person.verified,
        "display_name": person.display_name,
        "search_text": f"{fold(person.display_name)} {fold(person.email)} {person.user_id.casefold()}",
        "roles": json_text(sorted(person.roles)),
        "is_admin": AccountRole.ADMIN in person.roles,
        "created_at": person.created_at,
        "active": person.active,
        "scopes": json_text(person.scopes),
        # The plain list is what earlier programs read.
        "wallets": json_text([wallet.address for wallet in person.wallets]),
        "wallet_details": json_text(person.wallets),
        "holder_did": person.holder_did,
        "version": person.version,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "locale": person.locale,
        "theme": None if person.theme is None else person.theme.value,
        "time_zone": person.time_zone,
        "shortcuts": person.shortcuts,
        "other_emails": json_text(person.other_emails),
        "dids": json_text(person.dids),
        "erased": person.erased,
        "name_key": fold(person.display_name),
        "indexed_version": person.version,
    }


def person_of(row: Row[Any]) -> Person:
    """Read a person from a row of `PERSON`."""
    return Person(
        user_id=UserId(row.user_id),
        email=row.email,
        verified=row.verified,
        display_name=row.display_name,
        roles=read_roles(row.roles),
        created_at=row.created_at,
        active=row.active,
        scopes=read_texts(row.scopes),
        wallets=_wallets(row),
        holder_did=row.holder_did,
        version=row.version,
        first_name=row.first_name,
        last_name=row.last_name,
        locale=row.locale,
        theme=None if row.theme is None else Theme(row.theme),
        time_zone=row.time_zone,
        shortcuts=row.shortcuts,
        other_emails=read_emails(row.other_emails),
        dids=read_texts(row.dids),
        erased=row.erased,
    )


def optional_person(row: Row[Any] | None) -> Person | None:
    """Read a person, None as None."""
    return None if row is None else person_of(row)


def _wallets(row: Row[Any]) -> tuple[Wallet, ...]:
    """Read the wallets; a row that an earlier program wrote last has only addresses, which counted as proved."""
    if row.wallet_details is not None and row.indexed_version == row.version:
        return _WALLETS.decode(row.wallet_details)
    return tuple(Wallet(address, verified=True) for address in read_text_list(row.wallets))
