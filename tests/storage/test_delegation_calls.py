"""Calls, approvals and agents as rows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.delegations import ApprovalState
from sealwright.domain.errors import InvalidPagination, StateConflict
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.delegation_builders import AGENT, HUMAN, approval, call, profile

MINUTE = timedelta(minutes=1)


def test_calls_are_listed_newest_first_for_each_delegation(units: UnitOfWorkFactory) -> None:
    refused = call(4, at=NOW + MINUTE, allowed=False, code="DELEGATION_CONSTRAINT_EXCEEDED", detail="d", recorded=False)
    calls = (call(1), call(2), call(3, delegation_id="dlg_2", at=NOW - MINUTE), refused, call(5, delegation_id=None))
    with units() as uow:
        uow.delegations.add_calls(calls)
        uow.delegations.add_calls([])
        uow.commit()
    with units(write=False) as uow:
        page = uow.delegations.calls(["dlg_1", "dlg_2", "dlg_9"], limit=3, cursor=None)
        assert page.items == (refused, calls[1], calls[0])
        page = uow.delegations.calls(["dlg_1", "dlg_2", "dlg_9"], limit=3, cursor=page.next_cursor)
        assert (page.items, page.next_cursor) == ((calls[2],), None)
        many = [f"dlg_{number}" for number in range(450)]
        assert len(uow.delegations.calls(many, limit=10, cursor=None).items) == 4
        assert uow.delegations.calls([], limit=3, cursor=None).items == ()
        with pytest.raises(InvalidPagination):
            uow.delegations.calls(["dlg_1"], limit=3, cursor="x")


def test_an_approval_comes_back_as_it_was_left(units: UnitOfWorkFactory) -> None:
    one = approval()
    with units() as uow:
        uow.delegations.add_approval(one)
        uow.commit()
    decided = replace(
        one, state=ApprovalState.DECLINED, decided_at=NOW, decided_by="usr_ada", reason="Too dear.", note=None
    )
    with units() as uow:
        assert uow.delegations.approval("apv_1", for_update=True) == one
        uow.delegations.update_approval(decided)
        with pytest.raises(StateConflict):
            uow.delegations.update_approval(approval(2))
        uow.commit()
    with units(write=False) as uow:
        assert uow.delegations.approval("apv_1") == decided
        assert uow.delegations.approval("apv_2") is None
        assert uow.delegations.approval("apv\x00") is None


def test_questions_out_of_time_that_say_to_be_open_are_found(units: UnitOfWorkFactory) -> None:
    states = (ApprovalState.WAITING, ApprovalState.APPROVED, ApprovalState.SPENT, ApprovalState.EXPIRED)
    with units() as uow:
        for number, state in enumerate(states):
            uow.delegations.add_approval(approval(number, state=state, expires_at=NOW))
        uow.delegations.add_approval(approval(9, expires_at=NOW + MINUTE))
        uow.commit()
    with units() as uow:
        assert [one.approval_id for one in uow.delegations.overdue_approvals(NOW, 9)] == ["apv_0", "apv_1"]
        assert len(uow.delegations.overdue_approvals(NOW, 1)) == 1
        assert uow.delegations.overdue_approvals(NOW - MINUTE, 9) == ()


def test_approvals_are_listed_for_both_sides(units: UnitOfWorkFactory) -> None:
    over = approval(2, created_at=NOW - MINUTE, expires_at=NOW)
    spent = approval(3, created_at=NOW + MINUTE, state=ApprovalState.SPENT)
    other = approval(4, agent_did="did:adi:robot", delegator_did="did:adi:other", created_at=NOW + 2 * MINUTE)
    with units() as uow:
        for one in (approval(1), over, spent, other):
            uow.delegations.add_approval(one)
        uow.commit()
    with units(write=False) as uow:

        def listed(delegators: list[str] | None, agents: list[str] | None, *, waiting: bool = False) -> list[str]:
            found: list[str] = []
            cursor: str | None = None
            while True:
                page = uow.delegations.approvals(
                    delegators=delegators,
                    agents=agents,
                    limit=2,
                    cursor=cursor,
                    waiting_at=NOW if waiting else None,
                )
                found += [one.approval_id for one in page.items]
                cursor = page.next_cursor
                if cursor is None:
                    return found

        assert listed(None, None) == ["apv_4", "apv_3", "apv_1", "apv_2"]
        assert listed(None, None, waiting=True) == ["apv_4", "apv_1"]
        assert listed([HUMAN], None) == ["apv_3", "apv_1", "apv_2"]
        assert listed([HUMAN], ["did:adi:robot"], waiting=True) == ["apv_4", "apv_1"]
        assert listed([], [AGENT]) == ["apv_3", "apv_1", "apv_2"]
        assert listed([], None) == []
        assert [uow.delegations.count_waiting(AGENT, at) for at in (NOW - MINUTE, NOW, NOW + timedelta(days=1))] == [
            2,
            1,
            0,
        ]


def test_old_calls_and_approvals_are_forgotten(units: UnitOfWorkFactory) -> None:
    with units() as uow:
        uow.delegations.add_calls([call(n, at=NOW + n * MINUTE) for n in range(4)])
        for n in range(3):
            uow.delegations.add_approval(approval(n, created_at=NOW + n * MINUTE))
        uow.commit()
    with units() as uow:
        asked = {"uses_before": NOW, "calls_before": NOW + 3 * MINUTE, "approvals_before": NOW + 2 * MINUTE}
        assert uow.delegations.forget(**asked, limit=2) == 4
        assert uow.delegations.forget(**asked, limit=2) == 1
        uow.commit()
    with units(write=False) as uow:
        assert [one.call_id for one in uow.delegations.calls(["dlg_1"], limit=9, cursor=None).items] == ["cal_3"]
        left = uow.delegations.approvals(delegators=None, agents=None, limit=9, cursor=None)
        assert [one.approval_id for one in left.items] == ["apv_2"]


def test_profiles_are_written_over(units: UnitOfWorkFactory) -> None:
    bare = profile("did:adi:robot", description=None, model=None, capabilities=())
    with units() as uow:
        uow.delegations.put_profile(profile())
        uow.delegations.put_profile(bare)
        uow.delegations.put_profile(profile(version="2.0.0", updated_at=NOW + MINUTE))
        uow.commit()
    with units(write=False) as uow:
        found = uow.delegations.profiles([AGENT, "did:adi:robot", "did:adi:nobody"])
        assert found == {AGENT: profile(version="2.0.0", updated_at=NOW + MINUTE), "did:adi:robot": bare}
        assert uow.delegations.profiles([]) == {}
