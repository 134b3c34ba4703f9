"""People and tokens come back as they were stored, on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import EmailInUse, StoreUnavailable, UserExists, VersionConflict
from sealwright.domain.people import AccountRole
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, person, token


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
