"""Workflows as pages show them: steps in order, whose they are, and what their roles ask for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan
from sealwright.domain.working import claim_role, start_step
from sealwright.web.panel.workflow_view import bounty_of, needs_of, planned_lines, step_lines, steps_to_take
from tests.support.office import START
from tests.support.work import STREET_REPAIR, open_instance, role_named, step_at

LATER = START + timedelta(days=3)


def label(value: str) -> str:
    return value.upper()


def test_steps_stand_in_order_with_their_roles_and_needs() -> None:
    workflow = open_instance(STREET_REPAIR)
    lines = step_lines(workflow, START, label, held={"dpw_certified"})
    assert [line.order for line in lines] == [1, 2, 3]
    assert [line.role for line in lines] == ["Repair Worker", "Repair Worker", "Verifier"]
    assert [line.badge for line in lines] == ["step_available", "step_locked", "step_locked"]
    assert [(need.label, need.is_held) for line in lines for need in line.needs] == [
        ("DPW_CERTIFIED", True), ("DPW_CERTIFIED", True), ("SFLUV_VERIFIER", False),
    ]  # fmt: skip


def test_first_step_is_ready_as_soon_as_its_time_has_come() -> None:
    workflow = open_instance(STREET_REPAIR, start_at=LATER)
    assert step_lines(workflow, START, label)[0].badge == "step_locked"
    assert step_lines(workflow, LATER, label)[0].badge == "step_available"


def test_names_stand_where_the_viewer_may_know_them() -> None:
    workflow = open_instance(STREET_REPAIR)
    worker = role_named(workflow, "repair_worker")
    claimed = claim_role(workflow, worker, "usr_ana", "clm_1", START).workflow
    own = step_lines(claimed, START, label, viewer="usr_ana", names={"usr_ana": "Ana"})
    assert [line.is_yours for line in own] == [True, True, False]
    foreign = step_lines(claimed, START, label, viewer="usr_bob")
    assert [(line.is_yours, line.who) for line in foreign] == [(False, None)] * 3
    assert [line.who for line in step_lines(claimed, START, label, names={"usr_ana": "Ana"})] == ["Ana", "Ana", None]


def test_claim_takes_what_nobody_has() -> None:
    workflow = open_instance(STREET_REPAIR)
    worker = role_named(workflow, "repair_worker")
    steps = steps_to_take(workflow, worker)
    assert ([step.step_order for step in steps], bounty_of(steps)) == ([1, 2], 250)
    claimed = claim_role(workflow, worker, "usr_ana", "clm_1", START).workflow
    begun = start_step(claimed, step_at(claimed, 1), START).workflow
    assert steps_to_take(begun, role_named(begun, "repair_worker")) == ()


def test_plan_has_no_state_yet() -> None:
    plan = WorkflowPlan("Sweep", (PlannedRole("all", "Anybody"),), (PlannedStep("Sweep", "all", bounty=3),))
    [line] = planned_lines(plan, label)
    assert (line.badge, line.step, line.needs, line.bounty) == (None, None, (), 3)
    assert needs_of(["b", "a"], label, None)[0].is_held is None
    assert replace(line, role="").role == ""
