"""What an instance tells about itself: who holds what, what is free, and what the clock has opened."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from sealwright.domain.workflows import OPEN, StepStatus, Workflow, WorkflowStatus
from sealwright.domain.working import claim_role, close, release_steps, start_step
from tests.support.office import START
from tests.support.work import open_instance, plan_of, role_named, step_at, with_status

PLAN: Final = plan_of({"a": ["t1"], "b": []}, "aba")
SECOND: Final = timedelta(seconds=1)


def _taken() -> Workflow:
    workflow = open_instance(PLAN)
    return claim_role(workflow, role_named(workflow, "a"), "u1", "clm_1", START).workflow


def test_the_first_step_opens_by_the_clock_recorded_or_not() -> None:
    workflow = open_instance(PLAN, start_at=START + SECOND)
    first, second, _ = workflow.steps
    assert first.status is StepStatus.LOCKED
    assert workflow.status_of(first, START) is StepStatus.LOCKED
    assert workflow.status_of(first, START + SECOND) is StepStatus.AVAILABLE
    assert workflow.status_of(second, START + SECOND) is StepStatus.LOCKED


@pytest.mark.parametrize("status", sorted(set(WorkflowStatus) - OPEN))
def test_the_clock_opens_nothing_that_is_not_open(status: WorkflowStatus) -> None:
    workflow = with_status(open_instance(PLAN, start_at=START + SECOND), status)
    assert workflow.status_of(workflow.steps[0], START + SECOND) is StepStatus.LOCKED


def test_steps_and_roles_are_found_by_id() -> None:
    workflow = open_instance(PLAN)
    first = step_at(workflow, 1)
    assert workflow.step(first.step_id) is first
    assert workflow.step("stp_nobody") is None
    assert [step.step_order for step in workflow.steps_of(first.role_id)] == [1, 3]


def test_holding_ends_with_the_work_and_with_the_instance() -> None:
    workflow = _taken()
    assert [step.step_order for step in workflow.held_by("u1")] == [1, 3]
    done = replace(workflow, steps=(replace(workflow.steps[0], status=StepStatus.COMPLETED), *workflow.steps[1:]))
    assert [step.step_order for step in done.held_by("u1")] == [3]
    assert with_status(workflow, WorkflowStatus.COMPLETED).held_by("u1") == ()
    assert workflow.held_by("u2") == ()


def test_who_has_a_hand_in_an_instance() -> None:
    workflow = _taken()
    assert workflow.has_hand_in("u1")
    assert not workflow.has_hand_in("u2")
    released = release_steps(workflow, "u1", lambda _: True, START, cause="unclaimed").workflow
    assert not released.has_hand_in("u1")
    begun = start_step(workflow, workflow.steps[0], START).workflow
    partly = release_steps(begun, "u1", lambda step: step.step_order == 3, START, cause="grant_lost").workflow
    assert partly.has_hand_in("u1")
    assert role_named(partly, "a").held_by is None


def test_a_role_is_free_while_nobody_holds_it_and_a_step_is_left() -> None:
    workflow = open_instance(PLAN)
    assert [role.client_id for role in workflow.free_roles()] == ["a", "b"]
    assert [role.client_id for role in _taken().free_roles()] == ["b"]
    closed = close(_taken(), WorkflowStatus.SKIPPED, START).workflow
    assert list(closed.free_roles()) == []
    done = tuple(
        replace(step, status=StepStatus.COMPLETED, assigned_to="u9") if step.step_order == 2 else step
        for step in workflow.steps
    )
    assert [role.client_id for role in replace(workflow, steps=done).free_roles()] == ["a"]


def test_one_persons_role_binds_them_by_holding_and_by_having_done() -> None:
    workflow = _taken()
    first, second = workflow.roles
    assert workflow.binds_elsewhere("u1", second)
    assert not workflow.binds_elsewhere("u1", first)
    assert not workflow.binds_elsewhere("u2", first)
    done = replace(
        workflow,
        roles=tuple(replace(role, held_by=None) for role in workflow.roles),
        steps=(replace(workflow.steps[0], status=StepStatus.PAID_OUT), *workflow.steps[1:]),
    )
    assert done.binds_elsewhere("u1", second)


def test_only_the_holder_can_take_more_of_a_role_that_is_held() -> None:
    workflow = _taken()
    role = role_named(workflow, "a")
    assert not workflow.can_take(role, "u1")
    lost = replace(workflow, steps=(*workflow.steps[:2], replace(workflow.steps[2], assigned_to=None, claim_id=None)))
    assert lost.can_take(role, "u1")
    assert not lost.can_take(role, "u2")
    assert not lost.is_free(role)
    assert not with_status(lost, WorkflowStatus.FAILED).can_take(role, "u1")
