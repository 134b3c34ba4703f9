"""Claims of workflow roles, and who has to do with which instance."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.work_errors import StepAlreadyClaimed
from sealwright.domain.workflows import Submission, Workflow, WorkflowStatus
from sealwright.domain.working import claim_role, close, complete_step, release_steps, start_step
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW
from tests.storage.workflow_builders import add_types, claim, listed

ADA = "usr_ada"


@pytest.fixture(autouse=True)
def _types(units: UnitOfWorkFactory) -> None:
    add_types(units)


def _put(units: UnitOfWorkFactory, first: Workflow, *then: Workflow) -> Workflow:
    """Keep an instance, and the states that it went through."""
    with units() as uow:
        uow.workflows.add(first)
        for before, after in zip((first, *then), then, strict=False):
            uow.workflows.update(before, after)
        uow.commit()
    return (first, *then)[-1]


def _claimed(one: Workflow, place: int = 0, user_id: str = ADA) -> Workflow:
    return claim_role(one, one.roles[place], user_id, "clm_one", NOW).workflow


def _done(one: Workflow, place: int = 0, *, minutes: int = 0) -> tuple[Workflow, Workflow]:
    at = NOW + timedelta(minutes=minutes)
    started = start_step(one, one.steps[place], at).workflow
    return started, complete_step(started, started.steps[place], Submission(), at).workflow


def test_a_role_is_claimed_once_until_the_claim_ends(units: UnitOfWorkFactory) -> None:
    one = _put(units, listed((), ()))
    first = claim(one, override=True, by_series=True, reason="Nobody else is here")
    second = claim(one, 0, "usr_bob", claimed_at=NOW + timedelta(minutes=1))
    other = claim(one, 1, "usr_bob", satisfied_by={})
    with units() as uow:
        uow.claims.add(first)
        uow.claims.add(other)
        with pytest.raises(StepAlreadyClaimed):
            uow.claims.add(second)
        uow.claims.end({first.claim_id}, NOW, "unclaimed")
        uow.claims.add(second)
        # What has ended stays as it ended.
        uow.claims.end({first.claim_id, second.claim_id}, NOW + timedelta(days=1), "closed")
        uow.commit()
    ended = replace(first, ended_at=NOW, end_cause="unclaimed")
    with units(write=False) as uow:
        assert uow.claims.get_many({first.claim_id, other.claim_id, "clm_none"}) == {
            first.claim_id: ended,
            other.claim_id: other,
        }
        kept = uow.claims.of_workflow(one.workflow_id)
        assert [found.claim_id for found in uow.claims.of_person("usr_bob", page=1, count=1)] == [second.claim_id]
        assert uow.claims.of_person("usr_bob", page=2, count=1) == (other,)
        assert uow.claims.of_person("usr_nobody", page=1, count=9) == ()
        assert [found.user_id for found in kept if found.role_id == first.role_id] == [ADA, "usr_bob"]
        assert [found.end_cause for found in kept if found.role_id == first.role_id] == ["unclaimed", "closed"]


def test_dependent_instances_are_open_with_unfinished_steps_of_roles_that_ask(units: UnitOfWorkFactory) -> None:
    asks = listed(("degree", "nurse"), ("degree",))
    asks = _put(units, asks, _claimed(asks))
    other = listed(("degree",), ("nurse",))
    _put(units, other, _claimed(other, 1))
    finished = _claimed(listed(("degree",), ()))
    _put(units, replace(finished, version=1), *[replace(one, version=n) for n, one in enumerate(_done(finished), 2)])
    closed = listed(("degree",))
    _put(units, closed, _claimed(closed), close(_claimed(closed), WorkflowStatus.FAILED, NOW).workflow)
    with units(write=False) as uow:
        assert uow.claims.dependent(ADA, "degree") == (asks.workflow_id,)
        assert uow.claims.dependent(ADA, "nurse") == tuple(sorted((asks.workflow_id, other.workflow_id)))
        assert uow.claims.dependent(ADA, "welder") == ()
        assert uow.claims.dependent("usr_bob", "degree") == ()


def test_what_somebody_holds_touches_and_has_done(units: UnitOfWorkFactory) -> None:
    early, late = listed(()), listed((), at=NOW + timedelta(minutes=1))
    _put(units, early, _claimed(early))
    _put(units, late, _claimed(late))
    half = listed((), (), at=NOW + timedelta(minutes=2))
    taken = _claimed(half)
    _put(units, half, taken, *_done(taken, minutes=5))
    whole = listed((), at=NOW + timedelta(minutes=3))
    taken = _claimed(whole)
    _put(units, whole, taken, *_done(taken, minutes=4))
    deleted = listed(())
    taken = _claimed(deleted)
    done = _done(taken)
    _put(units, deleted, taken, *done, close(done[1], WorkflowStatus.DELETED, NOW).workflow)
    back = listed(())
    _put(units, back, _claimed(back), release_steps(_claimed(back), ADA, lambda _: True, NOW, cause="absent").workflow)
    with units(write=False) as uow:
        assert uow.claims.workflows_held(ADA) == (late.workflow_id, early.workflow_id)
        expected = sorted((early.workflow_id, late.workflow_id, half.workflow_id))
        assert uow.claims.workflows_touched(ADA) == tuple(expected)
        found = uow.claims.workflows_done(ADA, page=1, count=1)
        assert (found.items, found.total) == ((half.workflow_id,), 2)
        assert uow.claims.workflows_done(ADA, page=2, count=1).items == (whole.workflow_id,)
        assert uow.claims.workflows_done("usr_bob", page=1, count=5).total == 0
