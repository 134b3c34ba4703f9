"""DIDs: names and keys are unique for ever, versions stay, lists page by cursor."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from sealwright.domain.dids import DIDKind, DIDState, DIDVersion, MethodState
from sealwright.domain.errors import DIDExists, InvalidPagination, KeyInUse, VersionConflict
from sealwright.domain.people import UserId
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.engines import Database
from sealwright.storage.tables import dids
from sealwright.storage.transaction import open_transaction
from tests.storage.builders import ISSUER, NOW, did_record, method


def test_a_did_comes_back_whole_by_id_and_alias(units: UnitOfWorkFactory) -> None:
    record = did_record(aliases=("did:adi:uni", "did:web:example.org"), controller="did:adi:c", operator="did:adi:o")
    with units() as uow:
        uow.dids.add(record)
        uow.commit()
    with units(write=False) as uow:
        assert uow.dids.get(ISSUER) == record
        assert uow.dids.get("did:adi:uni") == record
        assert uow.dids.get("did:adi:other") is None


def test_methods_of_an_earlier_release_list_keys_of_their_own(database: Database, units: UnitOfWorkFactory) -> None:
    again = replace(method(name="key-1-bls2020"), shares_key_of=f"{ISSUER}#key-1")
    record = did_record(methods=(method(), again))
    with units() as uow:
        uow.dids.add(record)
        uow.commit()
    with units(write=False) as uow:
        assert uow.dids.get(ISSUER) == record
    # As it was written before a method could name another one: the member is simply not there.
    earlier = _written(database)
    for one in earlier:
        del one["shares_key_of"]
    with open_transaction(database, write=True) as transaction:
        transaction.change(sa.update(dids).values(methods=json.dumps(earlier)), {})
        transaction.commit()
    with units(write=False) as uow:
        read = uow.dids.get(ISSUER)
    assert read is not None
    assert read.methods == (method(), replace(again, shares_key_of=None))
    assert [one.key_id for one in read.methods] == [one.id for one in read.methods]


def _written(database: Database) -> list[dict[str, Any]]:
    """The methods of the one DID as they stand in its row."""
    with open_transaction(database, write=False) as transaction:
        ((text,),) = transaction.rows(sa.select(dids.c.methods), {})
    return list(json.loads(text))


def test_states_tell_of_those_that_are_kept_under_whatever_name(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.dids.add(did_record(aliases=("did:adi:uni",)))
        ended = did_record("did:adi:ended", methods=(), state=DIDState.DEACTIVATED)
        uow.dids.add(ended)
        uow.commit()
    with units(write=False) as uow:
        asked = {"did:adi:uni", ISSUER, "did:adi:ended", "did:adi:nobody", "\x00", "'"}
        assert uow.dids.states(asked) == {
            "did:adi:uni": (ISSUER, True),
            ISSUER: (ISSUER, True),
            "did:adi:ended": ("did:adi:ended", False),
        }
        assert uow.dids.states(set()) == {}


@pytest.mark.parametrize(
    ("did", "aliases"),
    [
        pytest.param(ISSUER, (), id="the id is an id"),
        pytest.param("did:adi:alias", (), id="the id is an alias"),
        pytest.param("did:adi:new", (ISSUER,), id="an alias is an id"),
        pytest.param("did:adi:new", ("did:adi:alias",), id="an alias is an alias"),
    ],
)
def test_add_refuses_names_that_are_taken(units: UnitOfWorkFactory, did: str, aliases: tuple[str, ...]) -> None:
    with units() as uow:
        uow.dids.add(did_record(aliases=("did:adi:alias",)))
        uow.commit()
    with units() as uow, pytest.raises(DIDExists):
        uow.dids.add(did_record(did, aliases=aliases, methods=(method(did, "fresh"),)))


def test_add_refuses_a_key_that_another_did_once_held(units: UnitOfWorkFactory) -> None:
    old = method()
    with units() as uow:
        uow.dids.add(did_record())
        uow.dids.update(did_record(methods=(method(name="key-2"),), version=2))
        uow.commit()
    with units() as uow, pytest.raises(KeyInUse):
        uow.dids.add(did_record("did:adi:thief", methods=(old,)))


def test_update_keeps_every_version_readable(units: UnitOfWorkFactory) -> None:
    later = NOW + timedelta(hours=1)
    rotated = did_record(
        methods=(method(state=MethodState.RETIRED, retired_at=later), method(name="key-2")),
        aliases=("did:adi:new-alias",),
        document=b"second",
        version=2,
        updated_at=later,
    )
    ended = did_record(state=DIDState.DEACTIVATED, deactivated_at=later, version=3, document=b"third", updated_at=later)
    with units() as uow:
        uow.dids.add(did_record())
        uow.dids.update(rotated)
        uow.commit()
    with units() as uow:
        assert uow.dids.get("did:adi:new-alias") == rotated
        uow.dids.update(ended)
        uow.commit()
    with units(write=False) as uow:
        assert uow.dids.get(ISSUER) == ended
        assert uow.dids.versions(ISSUER) == (
            DIDVersion(ISSUER, 1, did_record().document, NOW),
            DIDVersion(ISSUER, 2, b"second", later),
            DIDVersion(ISSUER, 3, b"third", later),
        )
        assert uow.dids.versions("did:adi:unknown") == ()


def test_update_refuses_a_version_that_does_not_follow(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.dids.add(did_record())
        uow.commit()
    for version in (1, 3):
        with units() as uow, pytest.raises(VersionConflict):
            uow.dids.update(did_record(version=version))


def test_update_refuses_the_key_of_another_did(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.dids.add(did_record())
        uow.dids.add(did_record("did:adi:two"))
        uow.commit()
    with units() as uow, pytest.raises(KeyInUse):
        uow.dids.update(did_record("did:adi:two", methods=(method(ISSUER),), version=2))


def test_list_pages_newest_first_through_equal_dates(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number in range(5):
            uow.dids.add(did_record(f"did:adi:{number}", created_at=NOW + timedelta(seconds=number // 2)))
        uow.dids.add(did_record("did:adi:foreign", owner_user_id=None))
        uow.commit()
    seen: list[str] = []
    cursor = None
    with units(write=False) as uow:
        while True:
            page = uow.dids.list(owner="usr_ada", limit=2, cursor=cursor)
            seen += [record.did for record in page.items]
            cursor = page.next_cursor
            if cursor is None:
                break
        assert seen == ["did:adi:4", "did:adi:3", "did:adi:2", "did:adi:1", "did:adi:0"]
        assert len(uow.dids.list(owner=None, limit=100, cursor=None).items) == 6


def test_list_of_agents_leaves_out_all_others(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for number in range(6):
            kind = DIDKind.AGENT if number % 2 else DIDKind.ORGANIZATION
            owner = UserId("usr_ada") if number < 4 else None
            uow.dids.add(
                did_record(
                    f"did:adi:{number}", created_at=NOW + timedelta(seconds=number), kind=kind, owner_user_id=owner
                )
            )
        uow.commit()
    with units(write=False) as uow:
        first = uow.dids.list(owner=None, limit=2, cursor=None, only_agents=True)
        rest = uow.dids.list(owner=None, limit=2, cursor=first.next_cursor, only_agents=True)
        assert [record.did for record in (*first.items, *rest.items)] == ["did:adi:5", "did:adi:3", "did:adi:1"]
        owned = uow.dids.list(owner="usr_ada", limit=9, cursor=None, only_agents=True)
        assert [record.did for record in owned.items] == ["did:adi:3", "did:adi:1"]


def test_list_refuses_a_cursor_of_another_list(units: UnitOfWorkFactory) -> None:
    with units(write=False) as uow:
        for cursor in ("", "AAAA", "é", "x" * 5000):
            with pytest.raises(InvalidPagination):
                uow.dids.list(owner=None, limit=2, cursor=cursor)
