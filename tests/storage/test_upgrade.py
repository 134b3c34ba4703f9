"""From the issuing core to the review desk: what was there stays, and an earlier program goes on working."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.engine import Connection

from sealwright.domain.people import AccountRole, Wallet
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage import migrations
from sealwright.storage.column_types import seconds_of
from sealwright.storage.engines import Database, open_database
from sealwright.storage.migrations import migrate, migration_state, newest_version
from sealwright.storage.people_index import PeopleIndex
from sealwright.storage.unit_of_work import make_unit_of_work_factory
from tests.storage.builders import NOW, credential_type, entry_of_history, person, request

PEOPLE = 450
_ADD = sa.text(
    "INSERT INTO people (user_id, email, email_key, verified, display_name, search_text, roles, is_admin, created_at,"
    " active, scopes, wallets, holder_did, version) VALUES (:user_id, :email, :email_key, TRUE, :display_name, '',"
    " :roles, FALSE, :at, TRUE, '[]', :wallets, NULL, :version)"
)


def _old_person(user_id: str, **changes: Any) -> dict[str, Any]:
    """A row as the program of the issuing core writes it."""
    email = f"{user_id}@example.org"
    usual = {
        "user_id": user_id,
        "email": email,
        "email_key": email,
        "display_name": f"Núria {user_id}",
        "roles": json.dumps(["improver"]),
        "at": seconds_of(NOW),
        "wallets": json.dumps([f"0x{user_id}"]),
        "version": 1,
    }
    return {**usual, **changes}


@pytest.fixture
def old(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A database of the issuing core, with people in it."""
    opened = open_database(database_url)
    newest = migrations._upgrade

    def only_first(connection: Connection) -> None:
        newest(connection, "0001")

    with monkeypatch.context() as patched:
        patched.setattr(migrations, "_upgrade", only_first)
        patched.setattr(migrations, "_catch_up", lambda _: None)
        migrate(opened)
    with opened.writers.begin() as connection:
        connection.execute(_ADD, [_old_person(f"usr_{n:03}") for n in range(PEOPLE)])
        connection.execute(_ADD, _old_person("usr_zz", wallets=json.dumps(["0xUSR_007"])))
    yield opened
    opened.close()


def _units(database: Database) -> UnitOfWorkFactory:
    return make_unit_of_work_factory(database)


def _total(database: Database, text: str) -> int:
    with _units(database)(write=False) as uow:
        return uow.people.search(text, role="improver", page=1, count=1).total


def test_people_are_indexed_and_keep_what_they_had(old: Database) -> None:
    assert migration_state(old) == ("0001", newest_version())
    migrate(old)
    assert migration_state(old) == (newest_version(), newest_version())
    assert _total(old, "nuria") == PEOPLE + 1
    with _units(old)(write=False) as uow:
        known = uow.people.get("usr_007")
        assert known is not None
        assert known.wallets == (Wallet("0xusr_007", verified=True),)
        assert (known.dids, known.other_emails, known.shortcuts, known.erased) == ((), (), True, False)
        owner = uow.people.by_wallet("0xusr_007")
        assert owner is not None
        assert owner.user_id == "usr_007"


def test_a_fill_that_was_killed_goes_on(old: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    original = PeopleIndex.catch_up
    calls = []

    def dies(index: PeopleIndex) -> int:
        calls.append(1)
        if len(calls) > 1:
            raise KeyboardInterrupt
        return original(index)

    with monkeypatch.context() as patched:
        patched.setattr(PeopleIndex, "catch_up", dies)
        with pytest.raises(KeyboardInterrupt):
            migrate(old)
    assert migration_state(old) == (newest_version(), newest_version())
    assert 0 < _total(old, "nuria") < PEOPLE
    migrate(old)
    assert _total(old, "nuria") == PEOPLE + 1


def test_what_an_earlier_program_writes_is_caught_up(old: Database) -> None:
    migrate(old)
    with old.writers.begin() as connection:
        connection.execute(_ADD, _old_person("usr_late", display_name="Late Comer"))
        change = (
            "UPDATE people SET display_name = 'Other', wallets = '[\"0xnew\"]', version = 2 WHERE user_id = 'usr_001'"
        )
        connection.execute(sa.text(change))
    with _units(old)() as uow:
        changed = uow.people.get("usr_001")
        assert changed is not None
        assert changed.wallets == (Wallet("0xnew", verified=True),)
        uow.types.add(credential_type())
        uow.requests.add(request("req_one", "usr_late"), entry_of_history())
        uow.commit()
    assert _total(old, "late comer") == 1
    assert _total(old, "other") == 1
    with _units(old)() as uow:
        late = uow.people.get("usr_late")
        assert late is not None
        uow.people.add(person("usr_new", roles=frozenset({AccountRole.IMPROVER})))
        uow.commit()
    assert _total(old, "lovelace") == 1
