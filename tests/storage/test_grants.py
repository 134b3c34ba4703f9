"""Grants on both databases: one in force, states by the clock, and the lists that chores read."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.errors import GrantInForce, UnknownCredentialType, VersionConflict
from sealwright.domain.grants import GrantStatus
from sealwright.domain.requests import Issuance
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, credential_type, grant

LATER = NOW + timedelta(days=400)


@pytest.fixture(autouse=True)
def _catalog(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.types.add(credential_type("degree"))
        uow.types.add(credential_type("license"))
        uow.commit()


def test_a_grant_comes_back_whole(units: UnitOfWorkFactory) -> None:
    given = grant(credential_id="urn:uuid:1", supersedes="grt_zero", issuer_did="did:adi:i", holder_did="did:adi:h")
    with units() as uow:
        uow.grants.add(given)
        assert uow.grants.get_for_update("grt_one") == given
        uow.commit()
    with units(write=False) as uow:
        assert uow.grants.get("grt_one") == given
        assert uow.grants.by_credential("urn:uuid:1") == given
        assert uow.grants.by_credential("urn:uuid:2") is None
        assert uow.grants.in_force("usr_ada", "degree", NOW) == given
        assert uow.grants.in_force("usr_ada", "degree", LATER) is None
        assert uow.grants.active_types("usr_ada", NOW) == {"degree"}
        assert uow.grants.active_types("usr_ada", LATER) == frozenset()


def test_grants_are_found_by_their_ids(units: UnitOfWorkFactory) -> None:
    one, two = grant(), grant("grt_two", credential_type="license")
    with units() as uow:
        uow.grants.add(one)
        uow.grants.add(two)
        uow.commit()
    with units(write=False) as uow:
        assert uow.grants.get_many([]) == {}
        assert uow.grants.get_many(["grt_two", "grt_one", "grt_none"]) == {"grt_one": one, "grt_two": two}


@pytest.mark.parametrize("status", [GrantStatus.ACTIVE, GrantStatus.SUSPENDED])
def test_a_second_grant_in_force_is_refused_with_the_first_ones_id(
    units: UnitOfWorkFactory, status: GrantStatus
) -> None:
    with units() as uow:
        uow.grants.add(grant(status=status))
        with pytest.raises(GrantInForce) as refused:
            uow.grants.add(grant("grt_two"))
        assert refused.value.extra == {"grant_id": "grt_one"}
        uow.grants.add(grant("grt_three", "usr_bob"))
        uow.grants.add(grant("grt_four", credential_type="license"))
        uow.commit()


def test_a_grant_whose_end_has_passed_gives_way(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.grants.add(grant())
        uow.grants.add(grant("grt_two", issued_at=LATER, expires_at=None))
        uow.commit()
    with units(write=False) as uow:
        old = uow.grants.get("grt_one")
        assert old == grant(status=GrantStatus.EXPIRED, version=2)
        newest_first = uow.grants.of_person("usr_ada", status=None, now=LATER)
        assert [one.grant_id for one in newest_first] == ["grt_two", "grt_one"]
        assert uow.grants.of_person("usr_ada", status=GrantStatus.EXPIRED, now=LATER) == (old,)
        latest = uow.grants.latest("usr_ada", "degree")
        assert latest is not None
        assert latest.grant_id == "grt_two"


def test_a_grant_needs_its_type(units: UnitOfWorkFactory) -> None:
    with units() as uow, pytest.raises(UnknownCredentialType):
        uow.grants.add(grant(credential_type="nothing"))


def test_update_replaces_the_version_before(units: UnitOfWorkFactory) -> None:
    revoked = grant(status=GrantStatus.REVOKED, revoked_at=NOW, revoked_by="usr_x", reason="Gone.", version=2)
    with units() as uow:
        uow.grants.add(grant())
        uow.grants.update(revoked)
        with pytest.raises(VersionConflict):
            uow.grants.update(revoked)
        uow.grants.add(grant("grt_two"))
        uow.commit()
    with units() as uow, pytest.raises(GrantInForce):
        uow.grants.update(replace(grant(), version=3))
    with units(write=False) as uow:
        assert uow.grants.get("grt_one") == revoked


def test_unsigned_are_those_that_are_due_and_in_force(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.grants.add(grant("grt_held", "usr_1"))
        uow.grants.add(grant("grt_now", "usr_2", sign_after=None))
        uow.grants.add(grant("grt_failed", "usr_3", sign_after=NOW - timedelta(1), issuance=Issuance.FAILED))
        uow.grants.add(grant("grt_issued", "usr_4", sign_after=None, issuance=Issuance.ISSUED))
        uow.grants.add(grant("grt_revoked", "usr_5", sign_after=None, status=GrantStatus.REVOKED))
        uow.commit()
    with units(write=False) as uow:
        assert [one.grant_id for one in uow.grants.unsigned(NOW, 10)] == ["grt_failed", "grt_now"]
        later = uow.grants.unsigned(NOW + timedelta(seconds=30), 10)
        assert [one.grant_id for one in later] == ["grt_failed", "grt_now", "grt_held"]
        assert len(uow.grants.unsigned(LATER, 1)) == 1


def test_ended_and_expiring_are_lists_by_end(units: UnitOfWorkFactory) -> None:
    ends = {"grt_a": 1, "grt_b": 2, "grt_c": 3}
    with units() as uow:
        for name, days in ends.items():
            uow.grants.add(grant(name, f"usr_{name}", expires_at=NOW + timedelta(days=days)))
        uow.grants.add(grant("grt_never", expires_at=None))
        uow.grants.add(grant("grt_gone", "usr_x", expires_at=NOW + timedelta(1), status=GrantStatus.EXPIRED))
        uow.commit()
    with units(write=False) as uow:
        assert [one.grant_id for one in uow.grants.ended(NOW + timedelta(days=2), 10)] == ["grt_a", "grt_b"]
        expiring = uow.grants.expiring(NOW + timedelta(days=1), NOW + timedelta(days=3), 10)
        assert [one.grant_id for one in expiring] == ["grt_b", "grt_c"]


def test_active_grants_are_named_by_type_as_of_the_moment(units: UnitOfWorkFactory) -> None:
    suspended = grant("grt_two", credential_type="license", status=GrantStatus.SUSPENDED, expires_at=None)
    with units() as uow:
        uow.grants.add(grant())
        uow.grants.add(suspended)
        uow.grants.add(grant("grt_eve", "usr_eve", credential_type="license", expires_at=None))
        uow.commit()
    with units(write=False) as uow:
        assert uow.grants.active("usr_ada", NOW) == {"degree": "grt_one"}
        assert uow.grants.active("usr_ada", LATER) == {}
        assert uow.grants.active("usr_eve", LATER) == {"license": "grt_eve"}
    with units() as uow:
        uow.grants.update(replace(suspended, status=GrantStatus.ACTIVE, version=2))
        assert uow.grants.active("usr_ada", NOW) == {"degree": "grt_one", "license": "grt_two"}


def test_what_is_locked_is_in_force_by_its_row_whatever_its_end(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.grants.add(grant("grt_b", expires_at=NOW + timedelta(days=1)))
        uow.grants.add(grant("grt_a", credential_type="license", status=GrantStatus.SUSPENDED))
        uow.grants.add(grant("grt_c", "usr_eve"))
        uow.commit()
    with units() as uow:
        both = ["degree", "license", "ghost"]
        assert [one.grant_id for one in uow.grants.lock_held("usr_ada", both)] == ["grt_a", "grt_b"]
        assert [one.grant_id for one in uow.grants.lock_held("usr_ada", ["degree"])] == ["grt_b"]
        assert uow.grants.lock_held("usr_ada", []) == ()
        ended = uow.grants.get("grt_b")
        assert ended is not None
        uow.grants.update(replace(ended, status=GrantStatus.EXPIRED, version=2))
        assert uow.grants.lock_held("usr_ada", ["degree"]) == ()
