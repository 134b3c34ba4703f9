"""Role requests and issuer profiles on both databases."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.enrollment import IssuerProfile, IssuerState, RoleRequest, RoleState
from sealwright.domain.errors import VersionConflict
from sealwright.domain.people import AccountRole
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, person

DAY = timedelta(days=1)


def asked(user_id: str, role: AccountRole = AccountRole.IMPROVER, days: int = 0, **changes: object) -> RoleRequest:
    usual = RoleRequest(user_id, role, RoleState.PENDING, NOW + days * DAY, NOW + days * DAY, note="Please.")
    return replace(usual, **changes)  # type: ignore[arg-type]


def profile(user_id: str, days: int = 0, **changes: object) -> IssuerProfile:
    usual = IssuerProfile(
        user_id,
        "Universidad de Ávila",
        f"{user_id}@avila.example",
        IssuerState.PENDING,
        NOW + days * DAY,
        NOW + days * DAY,
        allowed_credentials=("degree",),
        wanted_credentials=("degree", "license"),
        nickname="UAV",
        justification="We teach.",
        issuer_did="did:adi:uav",
        note="Known.",
        decided_by="usr_admin",
    )
    return replace(usual, **changes)  # type: ignore[arg-type]


def test_role_requests_come_back_and_move_by_version(units: UnitOfWorkFactory) -> None:
    decided = asked(
        "usr_a", state=RoleState.APPROVED, version=2, decided_by="usr_admin", decided_at=NOW, decision_note="Yes."
    )
    with units() as uow:
        epoch = uow.office.epoch()
        uow.enrollment.put_role_request(asked("usr_a"))
        uow.commit()
    with units() as uow:
        uow.enrollment.put_role_request(decided)
        for stale in (decided, asked("usr_b", version=2)):
            with pytest.raises(VersionConflict):
                uow.enrollment.put_role_request(stale)
        uow.enrollment.put_role_request(asked("usr_a", AccountRole.VOTER))
        uow.commit()
    with units() as uow, pytest.raises(VersionConflict):
        uow.enrollment.put_role_request(asked("usr_a"))
    with units(write=False) as uow:
        assert uow.office.epoch() == epoch + 2
        assert uow.enrollment.role_request("usr_a", AccountRole.IMPROVER) == decided
        assert uow.enrollment.role_request("usr_a", AccountRole.ADMIN) is None
        assert uow.enrollment.roles_of("usr_a") == (decided, asked("usr_a", AccountRole.VOTER))


def test_role_requests_are_listed_waiting_first(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person("usr_a", display_name="Núria Muñoz"))
        uow.enrollment.put_role_request(asked("usr_a", days=1))
        uow.enrollment.put_role_request(asked("usr_b", days=0))
        uow.enrollment.put_role_request(asked("usr_c", days=2, state=RoleState.REJECTED))
        uow.enrollment.put_role_request(asked("usr_d", days=3, state=RoleState.APPROVED))
        uow.enrollment.put_role_request(asked("usr_e", AccountRole.VOTER))
        uow.commit()

    def listed(**wanted: object) -> tuple[list[str], int]:
        members = {"role": AccountRole.IMPROVER, "state": None, "search": None, "page": 1, "count": 10, **wanted}
        with units(write=False) as uow:
            page = uow.enrollment.role_requests(**members)  # type: ignore[arg-type]
        return [one.user_id for one in page.items], page.total

    assert listed() == (["usr_b", "usr_a", "usr_d", "usr_c"], 4)
    assert listed(page=2, count=3) == (["usr_c"], 4)
    assert listed(role=None)[1] == 5
    assert listed(state="rejected") == (["usr_c"], 1)
    assert listed(search="munoz") == (["usr_a"], 1)
    assert listed(search="nobody") == ([], 0)


def test_profiles_come_back_and_are_searched(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.people.add(person("usr_a", display_name="Núria Muñoz"))
        uow.enrollment.put_issuer(profile("usr_a"))
        uow.enrollment.put_issuer(profile("usr_b", 1, organization="Other 100%", nickname=None, email="x@y.example"))
        suspended = profile("usr_a", state=IssuerState.SUSPENDED, version=2)
        uow.enrollment.put_issuer(suspended)
        with pytest.raises(VersionConflict):
            uow.enrollment.put_issuer(suspended)
        uow.commit()

    def listed(search: str | None = None, state: str | None = None) -> list[str]:
        with units(write=False) as uow:
            page = uow.enrollment.issuers(state=state, search=search, page=1, count=10)
        assert page.total == len(page.items)
        return [one.user_id for one in page.items]

    with units(write=False) as uow:
        assert uow.enrollment.issuer("usr_a") == suspended
        assert uow.enrollment.issuer("usr_none") is None
    assert listed() == ["usr_b", "usr_a"]
    assert listed("avila") == ["usr_a"]
    assert listed("munoz") == ["usr_a"]
    assert listed("100%") == ["usr_b"]
    assert listed("1_0") == []
    assert listed(state="suspended") == ["usr_a"]
