"""Moves of instances: what each one changes, refuses and puts on record, and what holds after any of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwright.domain.errors import StateConflict
from sealwright.domain.series import instance_of
from sealwright.domain.work_errors import RoleAlreadyHeld, StepAlreadyClaimed, StepNotAvailable
from sealwright.domain.workflows import OPEN, StepStatus, Submission, Workflow, WorkflowStatus, WorkflowStep
from sealwright.domain.working import (
    Moved,
    approve,
    claim_role,
    close,
    complete_step,
    open_first_step,
    pay_step,
    release_steps,
    start_step,
)
from tests.support.office import START
from tests.support.work import STREET_REPAIR, open_instance, plan_of, role_named, series_of, step_at, with_status

LATER: Final = START + timedelta(days=3)
ABA: Final = plan_of({"a": ["t1"], "b": []}, "aba")
AAB: Final = plan_of({"a": ["t1"], "b": []}, "aab")


def _claimed(workflow: Workflow, role: str, user_id: str, claim_id: str = "clm_1") -> Workflow:
    return claim_role(workflow, role_named(workflow, role), user_id, claim_id, START).workflow


def _done(workflow: Workflow, order: int, **submitted: object) -> Moved:
    """Start a step and hand it in."""
    started = start_step(workflow, step_at(workflow, order), START).workflow
    return complete_step(started, step_at(started, order), Submission(**submitted), START)  # type: ignore[arg-type]


def _kinds(moved: Moved) -> list[str]:
    return [event.kind for event in moved.events]


def _released(workflow: Workflow, user_id: str, which: Callable[[WorkflowStep], bool] = lambda _: True) -> Moved:
    return release_steps(workflow, user_id, which, START, cause="grant_lost")


# -- opening and closing --------------------------------------------------------------------------------


def test_approval_opens_the_first_step_once_its_time_has_come() -> None:
    for start_at, status in ((START, StepStatus.AVAILABLE), (LATER, StepStatus.LOCKED)):
        pending = instance_of(series_of(ABA, start_at=start_at), 0, start_at, START)
        moved = approve(pending, START)
        assert (moved.workflow.status, moved.workflow.listed_at) == (WorkflowStatus.APPROVED, START)
        assert [step.status for step in moved.workflow.steps] == [status, StepStatus.LOCKED, StepStatus.LOCKED]
        assert moved.workflow.version == pending.version + 1
        assert _kinds(moved) == ["workflow.approved", *(["step.available"] if start_at == START else [])]
        with pytest.raises(StateConflict):
            approve(moved.workflow, START)


def test_the_clock_opens_a_first_step_once_and_nothing_else() -> None:
    workflow = open_instance(ABA, start_at=LATER)
    assert open_first_step(workflow, START).workflow is workflow
    opened = open_first_step(workflow, LATER)
    assert _kinds(opened) == ["step.available"]
    assert [step.status for step in opened.workflow.steps] == [StepStatus.AVAILABLE, *[StepStatus.LOCKED] * 2]
    assert open_first_step(opened.workflow, LATER).workflow is opened.workflow
    for status in set(WorkflowStatus) - OPEN:
        closed = with_status(workflow, status)
        assert open_first_step(closed, LATER).workflow is closed


@pytest.mark.parametrize("to", ["rejected", "expired", "skipped", "failed", "deleted"])
@pytest.mark.parametrize("status", WorkflowStatus)
def test_only_the_contracts_ways_close_an_instance(status: WorkflowStatus, to: str) -> None:
    goal = WorkflowStatus(to)
    ways = {
        "rejected": {WorkflowStatus.PENDING},
        "expired": {WorkflowStatus.PENDING},
        "skipped": {WorkflowStatus.APPROVED, WorkflowStatus.IN_PROGRESS},
        "failed": {WorkflowStatus.APPROVED, WorkflowStatus.IN_PROGRESS},
        "deleted": set(WorkflowStatus) - {WorkflowStatus.PAID_OUT, WorkflowStatus.DELETED},
    }
    workflow = with_status(open_instance(ABA), status)
    if status not in ways[to]:
        with pytest.raises(StateConflict):
            close(workflow, goal, START)
        return
    moved = close(workflow, goal, START)
    assert (moved.workflow.status, moved.workflow.closed_at) == (goal, START)
    assert _kinds(moved) == [f"workflow.{to}"]


def test_closing_gives_back_what_is_unfinished_and_leaves_done_work() -> None:
    workflow = _claimed(_claimed(open_instance(ABA), "a", "u1"), "b", "u2", "clm_2")
    workflow = _done(workflow, 1).workflow
    workflow = start_step(workflow, step_at(workflow, 2), START).workflow
    moved = close(workflow, WorkflowStatus.FAILED, LATER)
    assert [(step.assigned_to, step.claim_id) for step in moved.workflow.steps] == [
        ("u1", "clm_1"),
        (None, None),
        (None, None),
    ]
    assert step_at(moved.workflow, 1) == step_at(workflow, 1)
    assert [role.held_by for role in moved.workflow.roles] == [None, None]
    assert [(step.assigned_to, step.step_order) for step in moved.released] == [("u2", 2), ("u1", 3)]
    assert moved.workflow.held_by("u1") == moved.workflow.held_by("u2") == ()


# -- claiming -------------------------------------------------------------------------------------------


def test_a_claim_takes_every_step_of_the_role_and_no_other() -> None:
    workflow = _claimed(open_instance(ABA), "a", "u1")
    assert [step.assigned_to for step in workflow.steps] == ["u1", None, "u1"]
    assert {step.claim_id for step in workflow.held_by("u1")} == {"clm_1"}
    assert role_named(workflow, "a").held_by == "u1"
    with pytest.raises(StepAlreadyClaimed):
        _claimed(workflow, "a", "u2")
    with pytest.raises(RoleAlreadyHeld):
        _claimed(workflow, "b", "u1")
    assert role_named(_claimed(workflow, "b", "u2"), "b").held_by == "u2"


@pytest.mark.parametrize("status", sorted(set(WorkflowStatus) - OPEN))
def test_closed_and_pending_instances_cannot_be_claimed(status: WorkflowStatus) -> None:
    with pytest.raises(StepNotAvailable):
        _claimed(with_status(open_instance(ABA), status), "a", "u1")


def test_whoever_has_done_a_step_takes_no_other_role_even_after_losing_theirs() -> None:
    workflow = _done(_claimed(open_instance(ABA), "a", "u1"), 1).workflow
    workflow = _released(workflow, "u1").workflow
    assert role_named(workflow, "a").held_by is None
    with pytest.raises(RoleAlreadyHeld):
        _claimed(workflow, "b", "u1")
    # Their own role they may take again, and only what is left of it.
    again = _claimed(workflow, "a", "u1", "clm_2")
    assert [step.claim_id for step in again.steps] == ["clm_1", None, "clm_2"]


def test_a_role_whose_steps_are_all_done_has_nothing_to_take() -> None:
    workflow = _done(_done(_claimed(open_instance(AAB), "a", "u1"), 1).workflow, 2).workflow
    assert role_named(workflow, "a").held_by == "u1"
    with pytest.raises(StepAlreadyClaimed):
        _claimed(workflow, "a", "u2")
    with pytest.raises(RoleAlreadyHeld):
        _claimed(workflow, "b", "u1")


def test_two_people_may_do_one_role_after_a_partial_release() -> None:
    workflow = _claimed(open_instance(AAB), "a", "u1")
    workflow = start_step(workflow, step_at(workflow, 1), START).workflow
    moved = _released(workflow, "u1", lambda step: step.status is not StepStatus.IN_PROGRESS)
    assert [step.step_order for step in moved.released] == [2]
    workflow = _claimed(moved.workflow, "a", "u2", "clm_2")
    assert [step.assigned_to for step in workflow.steps] == ["u1", "u2", None]
    workflow = complete_step(workflow, step_at(workflow, 1), Submission(), START).workflow
    assert step_at(workflow, 2).status is StepStatus.AVAILABLE
    assert _done(workflow, 2).workflow.steps[1].assigned_to == "u2"


def test_the_holder_takes_what_somebody_else_gives_back_of_the_role() -> None:
    """Else a step given back in a role that has a new holder would be nobody's for ever."""
    workflow = _claimed(open_instance(AAB), "a", "u1")
    workflow = start_step(workflow, step_at(workflow, 1), START).workflow
    workflow = _released(workflow, "u1", lambda step: step.step_order == 2).workflow
    workflow = _claimed(workflow, "a", "u2", "clm_2")
    workflow = _released(workflow, "u1").workflow
    assert [step.assigned_to for step in workflow.steps] == [None, "u2", None]
    with pytest.raises(StepAlreadyClaimed):
        _claimed(workflow, "a", "u3", "clm_3")
    workflow = _claimed(workflow, "a", "u2", "clm_3")
    assert [(step.assigned_to, step.claim_id) for step in workflow.steps[:2]] == [("u2", "clm_3"), ("u2", "clm_3")]
    with pytest.raises(StepAlreadyClaimed):
        _claimed(workflow, "a", "u2", "clm_4")


def test_who_holds_a_step_in_progress_takes_the_rest_anew_under_one_claim() -> None:
    workflow = _claimed(open_instance(AAB), "a", "u1")
    workflow = start_step(workflow, step_at(workflow, 1), START).workflow
    workflow = _released(workflow, "u1", lambda step: step.step_order == 2).workflow
    again = _claimed(workflow, "a", "u1", "clm_2")
    assert [step.claim_id for step in again.steps] == ["clm_2", "clm_2", None]
    assert step_at(again, 1).status is StepStatus.IN_PROGRESS


# -- working --------------------------------------------------------------------------------------------


def test_starting_opens_what_was_not_recorded_yet_and_the_records_follow_each_other() -> None:
    workflow = _claimed(open_instance(ABA, start_at=LATER), "a", "u1")
    with pytest.raises(StepNotAvailable):
        start_step(workflow, step_at(workflow, 1), START)
    moved = start_step(workflow, step_at(workflow, 1), LATER)
    assert _kinds(moved) == ["step.available", "workflow.started", "step.started"]
    available, _, started = moved.events
    assert (available.after or {})["status"] == (started.before or {})["status"] == "available"
    assert (moved.workflow.status, moved.workflow.version) == (WorkflowStatus.IN_PROGRESS, workflow.version + 1)
    with pytest.raises(StepNotAvailable):
        start_step(moved.workflow, step_at(moved.workflow, 1), LATER)
    with pytest.raises(StepNotAvailable):
        start_step(moved.workflow, step_at(moved.workflow, 2), LATER)


def test_completing_opens_the_next_step_and_the_last_one_completes_the_instance() -> None:
    workflow = _claimed(_claimed(open_instance(ABA), "a", "u1"), "b", "u2", "clm_2")
    with pytest.raises(StepNotAvailable):
        complete_step(workflow, step_at(workflow, 1), Submission(), START)
    first = _done(workflow, 1)
    assert _kinds(first) == ["step.completed", "step.available"]
    second = _done(first.workflow, 2)
    last = _done(second.workflow, 3)
    assert _kinds(last) == ["step.completed", "workflow.completed"]
    assert (last.workflow.status, last.workflow.closed_at) == (WorkflowStatus.COMPLETED, START)
    assert last.released == ()
    assert all(step.is_done for step in last.workflow.steps)


def test_a_step_that_is_not_possible_completes_the_instance_and_frees_the_rest() -> None:
    workflow = _claimed(_claimed(open_instance(ABA), "a", "u1"), "b", "u2", "clm_2")
    moved = _done(workflow, 1, step_not_possible=True, step_not_possible_details="flooded")
    assert moved.workflow.status is WorkflowStatus.COMPLETED
    assert [(step.assigned_to, step.step_order) for step in moved.released] == [("u2", 2), ("u1", 3)]
    assert [step.assigned_to for step in moved.workflow.steps] == ["u1", None, None]
    assert moved.events[0].data["stepNotPossible"] is True
    assert moved.workflow.held_by("u1") == ()


def test_release_takes_what_it_is_told_and_never_what_is_done() -> None:
    workflow = _claimed(open_instance(ABA), "a", "u1")
    workflow = _done(workflow, 1).workflow
    assert _released(workflow, "u2").workflow is workflow
    assert _released(workflow, "u1", lambda _: False).workflow is workflow
    moved = _released(workflow, "u1")
    assert [step.step_order for step in moved.released] == [3]
    assert step_at(moved.workflow, 1) == step_at(workflow, 1)
    assert _kinds(moved) == ["step.released"]
    assert dict(moved.events[0].data)["userId"] == "u1"


def test_a_released_step_in_progress_is_available_again() -> None:
    workflow = _claimed(open_instance(ABA), "a", "u1")
    workflow = start_step(workflow, step_at(workflow, 1), START).workflow
    workflow = _released(workflow, "u1").workflow
    assert (step_at(workflow, 1).status, step_at(workflow, 1).started_at) == (StepStatus.AVAILABLE, None)
    assert workflow.status is WorkflowStatus.IN_PROGRESS
    workflow = _claimed(workflow, "a", "u2", "clm_2")
    assert start_step(workflow, step_at(workflow, 1), START).workflow.steps[0].status is StepStatus.IN_PROGRESS


def test_payment_reaches_completed_steps_and_the_instance_at_the_end() -> None:
    workflow = open_instance(STREET_REPAIR)
    workflow = _claimed(_claimed(workflow, "repair_worker", "u1"), "verifier", "u2", "clm_2")
    for order in (1, 2):
        workflow = _done(workflow, order).workflow
    early = pay_step(workflow, step_at(workflow, 1).step_id, LATER, all_settled=True)
    assert (early.workflow.status, step_at(early.workflow, 1).status) == (
        WorkflowStatus.IN_PROGRESS,
        StepStatus.PAID_OUT,
    )
    workflow = _done(early.workflow, 3).workflow
    assert workflow.status is WorkflowStatus.COMPLETED
    partly = pay_step(workflow, step_at(workflow, 2).step_id, LATER, all_settled=False)
    assert (partly.workflow.status, _kinds(partly)) == (WorkflowStatus.COMPLETED, [])
    last = pay_step(partly.workflow, step_at(workflow, 3).step_id, LATER, all_settled=True)
    assert (last.workflow.status, _kinds(last)) == (WorkflowStatus.PAID_OUT, ["workflow.paid_out"])
    with pytest.raises(StateConflict):
        close(last.workflow, WorkflowStatus.DELETED, LATER)


def test_payment_of_what_is_not_done_changes_no_step() -> None:
    workflow = _claimed(open_instance(ABA), "a", "u1")
    assert pay_step(workflow, step_at(workflow, 1).step_id, LATER, all_settled=False).workflow.steps == workflow.steps


# -- whatever comes -------------------------------------------------------------------------------------

PLANS: Final = (ABA, AAB, plan_of({"a": [], "b": [], "c": []}, "abcab"), plan_of({"a": []}, "a"))
ACTS: Final = st.lists(
    st.tuples(
        st.sampled_from(["claim", "start", "complete", "release", "drop", "stop", "pay", "close"]),
        st.sampled_from(["u1", "u2", "u3"]),
        st.integers(0, 4),
    ),
    max_size=40,
)


@settings(max_examples=200, deadline=None)
@given(plan=st.sampled_from(PLANS), acts=ACTS)
def test_what_holds_after_any_moves(plan: object, acts: list[tuple[str, str, int]]) -> None:
    workflow = open_instance(plan)  # type: ignore[arg-type]
    for number, (what, who, which) in enumerate(acts):
        before = workflow
        try:
            workflow = _moved(workflow, what, who, which, f"clm_{number}").workflow
        except (StepAlreadyClaimed, RoleAlreadyHeld, StepNotAvailable, StateConflict):
            continue
        assert workflow.version - before.version == (0 if workflow is before else 1)
        _assert_sound(before, workflow)


def _moved(workflow: Workflow, what: str, who: str, which: int, claim_id: str) -> Moved:
    step = workflow.steps[which % len(workflow.steps)]
    if what == "claim":
        return claim_role(workflow, workflow.role(step.role_id), who, claim_id, START)
    if what == "start" and step.assigned_to == who:
        return start_step(workflow, step, START)
    if what in ("complete", "stop") and step.assigned_to == who:
        return complete_step(workflow, step, Submission(step_not_possible=what == "stop"), START)
    if what == "release":
        return _released(workflow, who)
    if what == "drop":
        return _released(workflow, who, lambda one: one.step_order == step.step_order)
    if what == "pay" and step.status is StepStatus.COMPLETED:
        return pay_step(workflow, step.step_id, START, all_settled=False)
    if what == "close" and which == 0:
        return close(workflow, WorkflowStatus.FAILED, START)
    return Moved(workflow)


def _assert_sound(before: Workflow, after: Workflow) -> None:
    for old, new in zip(before.steps, after.steps, strict=True):
        if old.is_done:
            assert replace(new, status=old.status) == old
    begun = [step for step in after.steps if step.status is not StepStatus.LOCKED]
    # Steps open one after another, whoever does them.
    assert [step.step_order for step in begun] == list(range(1, len(begun) + 1))
    assert all(step.is_done for step in begun[:-1])
    for role in after.roles:
        unfinished = [step for step in after.steps_of(role.role_id) if not step.is_done]
        assert (
            role.held_by is None
            or after.status not in OPEN
            or unfinished == []
            or any(step.assigned_to == role.held_by for step in unfinished)
        )
    for who in ("u1", "u2", "u3"):
        touched = {step.role_id for step in after.steps if step.assigned_to == who}
        assert len(touched | {role.role_id for role in after.roles if role.held_by == who}) <= 1
    assert all((step.assigned_to is None) is (step.claim_id is None) for step in after.steps)
