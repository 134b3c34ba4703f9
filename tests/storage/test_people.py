"""People and tokens come back as they were stored, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sealwright.domain.errors import AddressInUse, EmailInUse, StoreUnavailable, UserExists, VersionConflict
from sealwright.domain.people import AccountRole, EmailAddress, Theme, Wallet
from sealwright.services.ports import UnitOfWorkFactory
from sealwright.storage.search_layout import PAGE_PEOPLE
from tests.storage.builders import HOLDER, NOW, person, token


def test_a_person_comes_back_whole(units: UnitOfWorkFactory) -> None:
    ada = person(roles=frozenset({AccountRole.ADMIN, AccountRole.VOTER}))
    with units() as uow:
        uow.people.add(ada)
        uow.commit()
    with units(write=False) as uow:
        assert uow.people.get("usr_ada") == ada
        assert uow.people.get("usr_nobody") is None


@pytest.mark.parametrize("spelling", ["ada@example.org", "ADA@Example.ORG", " ada@example.org ", "ａda@example.org"])
def test_a_person_is_found_by_any_spelling_of_the_address(units: UnitOfWorkFactory, spelling: str) -> None:
    with units() as uow:
        uow.people.add(person(email="Ada@Example.org"))
        uow.commit()
    with units(write=False) as uow:
        found = uow.people.by_email(spelling)
        assert found is not None
        assert found.email == "Ada@Example.org"


def test_add_refuses_an_address_that_differs_by_case_only(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person("usr_ada", email="straße@example.org"))
        uow.commit()
    with units() as uow, pytest.raises(EmailInUse):
        uow.people.add(person("usr_eve", email="STRASSE@example.org"))


def test_add_refuses_a_taken_id(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person())
        uow.commit()
    with units() as uow, pytest.raises(UserExists):
        uow.people.add(person(email="other@example.org"))


def test_update_replaces_the_version_before(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person())
        uow.commit()
    changed = person(display_name="Ada K.", active=False, version=2, roles=frozenset(), holder_did=None)
    with units() as uow:
        uow.people.update(changed)
        uow.commit()
    with units(write=False) as uow:
        assert uow.people.get("usr_ada") == changed


def test_update_refuses_a_stale_view(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person())
        uow.people.update(person(version=2))
        uow.commit()
    with units() as uow, pytest.raises(VersionConflict):
        uow.people.update(person(display_name="late", version=2))


def test_update_refuses_somebody_elses_address(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person("usr_ada"))
        uow.people.add(person("usr_bob"))
        uow.commit()
    with units() as uow, pytest.raises(EmailInUse):
        uow.people.update(person("usr_bob", email="USR_ADA@example.org", version=2))


def test_list_is_newest_first_and_filters_by_role_and_text(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person("usr_a", display_name="100% Ånna"))
        uow.people.add(person("usr_b", created_at=NOW + timedelta(seconds=1), roles=frozenset({AccountRole.ADMIN})))
        uow.commit()
    with units(write=False) as uow:
        assert [one.user_id for one in uow.people.list()] == ["usr_b", "usr_a"]
        assert [one.user_id for one in uow.people.list(role="admin")] == ["usr_b"]
        assert [one.user_id for one in uow.people.list(search="ÅNNA")] == ["usr_a"]
        assert [one.user_id for one in uow.people.list(search="100%")] == ["usr_a"]
        assert uow.people.list(search="1_0") == ()


def test_count_active_admins_leaves_out_others(units: UnitOfWorkFactory) -> None:
    admin = frozenset({AccountRole.ADMIN})
    with units() as uow:
        uow.people.add(person("usr_a", roles=admin))
        uow.people.add(person("usr_b", roles=admin, active=False))
        uow.people.add(person("usr_c"))
        assert uow.people.count_active_admins() == 1
        uow.commit()
    with units(write=False) as uow:
        assert uow.people.count_active_admins() == 1


def test_tokens_are_found_by_id_digest_and_person(units: UnitOfWorkFactory) -> None:
    first, second = token("tok_a"), token("tok_b", expires_at=None, created_at=NOW + timedelta(seconds=1))
    with units() as uow:
        uow.people.add(person())
        uow.people.add_token(first)
        uow.people.add_token(second)
        uow.commit()
    with units(write=False) as uow:
        assert uow.people.token("tok_a") == first
        assert uow.people.token_by_digest(second.digest) == second
        assert uow.people.tokens_of("usr_ada") == (second, first)
        assert uow.people.token_by_digest(b"?" * 32) is None


def test_a_token_is_revoked_once(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person())
        uow.people.add_token(token())
        assert uow.people.revoke_token("tok_one", NOW) is True
        assert uow.people.revoke_token("tok_one", NOW + timedelta(hours=1)) is False
        assert uow.people.revoke_token("tok_unknown", NOW) is False
        assert uow.people.token("tok_one") == replace(token(), revoked_at=NOW)


def test_a_token_needs_its_person(units: UnitOfWorkFactory) -> None:
    with units() as uow, pytest.raises(StoreUnavailable):
        uow.people.add_token(token(user_id="usr_nobody"))


def test_everything_of_a_profile_comes_back(units: UnitOfWorkFactory) -> None:
    ada = person(
        first_name="Ada",
        last_name="Lovelace",
        locale="es",
        theme=Theme.DARK,
        time_zone="Europe/Madrid",
        shortcuts=False,
        other_emails=(EmailAddress("ada@second.example", verified=True),),
        wallets=(Wallet("0xAB", verified=True, label="hot"), Wallet("0xCD", verified=False)),
        dids=("did:key:z1", "did:adi:x"),
        erased=True,
    )
    with units() as uow:
        uow.people.add(ada)
        uow.commit()
    with units(write=False) as uow:
        assert uow.people.get("usr_ada") == ada
        assert uow.people.by_wallet("0xab") == ada
        assert uow.people.by_wallet("0xcd") is None
        assert uow.people.by_did("did:key:z1") == ada
        assert uow.people.by_did("did:key:z2") is None
        assert uow.people.by_email("ada@second.example") is None


@pytest.mark.parametrize(
    ("taken", "refusal"),
    [
        ({"email": "Second@example.org"}, EmailInUse),
        ({"other_emails": (EmailAddress("USR_ADA@example.org", verified=False),)}, EmailInUse),
        ({"wallets": (Wallet("0xAB", verified=True),)}, AddressInUse),
        ({"dids": ("did:key:z1",)}, AddressInUse),
    ],
    ids=["a further address as the first", "the first as a further one", "a proved wallet", "a DID"],
)
def test_what_belongs_to_one_person_is_refused_to_others(
    units: UnitOfWorkFactory, taken: dict[str, Any], refusal: type[Exception]
) -> None:
    first = person(
        other_emails=(EmailAddress("second@example.org", verified=False),),
        wallets=(Wallet("0xab", verified=True),),
        dids=("did:key:z1",),
    )
    with units() as uow:
        uow.people.add(first)
        uow.people.add(person("usr_bob", wallets=()))
        uow.commit()
    with units() as uow, pytest.raises(refusal):
        uow.people.add(person("usr_eve", **{"wallets": (), **taken}))
    with units() as uow, pytest.raises(refusal):
        uow.people.update(person("usr_bob", **{"wallets": (), **taken}, version=2))


def test_what_is_given_up_is_free_again(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person(wallets=(Wallet("0xab", verified=True),), dids=("did:key:z1",)))
        uow.people.update(person(email="new@example.org", wallets=(), version=2))
        again = person("usr_bob", email="usr_ada@example.org", dids=("did:key:z1",))
        uow.people.add(replace(again, wallets=(Wallet("0xAB", verified=True),)))
        uow.commit()
    with units(write=False) as uow:
        found = uow.people.by_did("did:key:z1")
        assert found is not None
        assert found.user_id == "usr_bob"


def test_people_are_searched_by_folded_parts_and_listed_by_name(units: UnitOfWorkFactory) -> None:
    names = {"usr_1": "Zoë Muñoz", "usr_2": "ana MUÑOZ", "usr_3": "陳大文", "usr_4": "Łukasz"}
    with units() as uow:
        for user_id, name in names.items():
            improver = frozenset({AccountRole.IMPROVER}) if user_id != "usr_1" else frozenset()
            uow.people.add(person(user_id, display_name=name, roles=improver, wallets=(), active=user_id != "usr_4"))
        uow.commit()

    def found(text: str, role: str | None = None, page: int = 1) -> tuple[list[str], int]:
        with units(write=False) as uow:
            answer = uow.people.search(text, role=role, page=page, count=2)
        return [one.user_id for one in answer.items], answer.total

    assert found("munoz") == (["usr_2", "usr_1"], 2)
    assert found("MUÑOZ", "improver") == (["usr_2"], 1)
    assert found("大") == (["usr_3"], 1)
    assert found("lukasz") == (["usr_4"], 1)
    assert found("") == (["usr_2", "usr_4"], 4)
    assert found("  ", page=2) == (["usr_1", "usr_3"], 4)
    assert found("", "improver") == (["usr_2", "usr_4"], 3)
    assert found("usr_3") == (["usr_3"], 1)
    assert found(HOLDER[:-1])[1] == 4
    with units(write=False) as uow:
        assert [one.user_id for one in uow.people.with_role("improver")] == ["usr_2", "usr_3"]
        assert set(uow.people.get_many(["usr_1", "usr_3", "usr_none", "usr_1"])) == {"usr_1", "usr_3"}


def test_a_search_sees_its_own_unit_of_work_and_no_rolled_back_one(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person())
        uow.commit()
    with units() as uow:
        uow.people.update(person(display_name="Grace", version=2))
        assert uow.people.search("grace", role=None, page=1, count=5).total == 1
    with units(write=False) as uow:
        assert uow.people.search("grace", role=None, page=1, count=5).total == 0
        assert uow.people.search("lovelace", role=None, page=1, count=5).total == 1


def test_more_people_than_a_page_holds_are_found(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        for n in range(PAGE_PEOPLE + 5):
            uow.people.add(person(f"usr_{n:04}", display_name=f"Name {n}", wallets=(), holder_did=None))
        uow.commit()
    with units(write=False) as uow:
        assert uow.people.search("name", role=None, page=1, count=1).total == PAGE_PEOPLE + 5
        last = uow.people.search(f"name {PAGE_PEOPLE + 4}", role=None, page=1, count=5)
        assert [one.user_id for one in last.items] == [f"usr_{PAGE_PEOPLE + 4:04}"]
