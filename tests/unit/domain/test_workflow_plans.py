"""Plans of workflows: what does not fit together is named at its place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sealwright.domain.errors import MalformedBody
from sealwright.domain.plan_limits import require_limits
from sealwright.domain.work_errors import UnknownWorkflowRole
from sealwright.domain.workflow_plans import (
    MAX_BOUNTY,
    MAX_ITEMS,
    MAX_OPTIONS,
    MAX_REQUIRED,
    TEXT_MAX,
    TITLE_MAX,
    Choice,
    PlannedRole,
    PlannedStep,
    WorkflowPlan,
    WorkItem,
)
from tests.support.work import STREET_REPAIR, plan_of

ROLE = PlannedRole("a", "A")
STEP = PlannedStep("Do it", "a")
ITEM = WorkItem("item-1", "Photo", requires_photo=True)


def faults_of(plan: WorkflowPlan) -> list[tuple[str, str]]:
    with pytest.raises(MalformedBody) as refused:
        require_limits(plan)
    return [(fault.pointer, fault.code) for fault in refused.value.faults]


def with_item(item: WorkItem) -> WorkflowPlan:
    return WorkflowPlan("Title", (ROLE,), (replace(STEP, work_items=(item,)),))


def test_the_documentations_project_is_a_plan() -> None:
    require_limits(STREET_REPAIR)
    assert STREET_REPAIR.orders_of("repair_worker") == (1, 2)
    assert STREET_REPAIR.role("verifier").title == "Verifier"


def test_every_step_names_a_role_of_the_plan() -> None:
    with pytest.raises(UnknownWorkflowRole) as refused:
        WorkflowPlan("Title", (ROLE,), (STEP, PlannedStep("Other", "b"), PlannedStep("Third", "")))
    assert [fault.pointer for fault in refused.value.faults] == ["/steps/1/role_client_id", "/steps/2/role_client_id"]


def test_what_does_not_fit_together_is_named() -> None:
    items = (ITEM, replace(ITEM, title="Again"))
    for roles, steps, pointer in (
        ((), (), "/roles"),
        ((ROLE,), (), "/steps"),
        ((ROLE, ROLE), (STEP,), "/roles/1/client_id"),
        ((ROLE, PlannedRole("b", "B")), (STEP,), "/roles/1"),
        ((ROLE,), (replace(STEP, work_items=items),), "/steps/0/work_items/1/item_id"),
    ):
        with pytest.raises(MalformedBody) as refused:
            WorkflowPlan("Title", roles, steps)
        assert pointer in [fault.pointer for fault in refused.value.faults]


def test_lengths_and_numbers_have_limits_and_every_fault_is_told() -> None:
    plan = plan_of({"a": ["t"]}, "a")
    for changed, pointer in (
        (replace(plan, title=" "), "/title"),
        (replace(plan, title="x" * (TITLE_MAX + 1)), "/title"),
        (replace(plan, description="x" * (TEXT_MAX + 1)), "/description"),
        (replace(plan, roles=(replace(plan.roles[0], title=""),)), "/roles/0/title"),
        (replace(plan, steps=(replace(plan.steps[0], title=""),)), "/steps/0/title"),
        (with_item(replace(ITEM, title="")), "/steps/0/work_items/0/title"),
        (with_item(replace(ITEM, item_id="x" * 65)), "/steps/0/work_items/0/item_id"),
    ):
        assert faults_of(changed) == [(pointer, "INVALID_VALUE")]
    assert faults_of(replace(plan, title="", description="x" * (TEXT_MAX + 1))) == [
        ("/title", "INVALID_VALUE"),
        ("/description", "INVALID_VALUE"),
    ]


@pytest.mark.parametrize("bounty", [-1, MAX_BOUNTY + 1])
def test_bounties_are_whole_numbers_from_zero(bounty: int) -> None:
    plan = WorkflowPlan("Title", (ROLE,), (replace(STEP, bounty=bounty),))
    assert faults_of(plan) == [("/steps/0/bounty", "NUMBER_OUT_OF_RANGE")]


def test_a_plan_is_not_longer_than_people_read() -> None:
    needy = replace(ROLE, required_credentials=tuple(f"t{n}" for n in range(MAX_REQUIRED + 1)))
    many = WorkflowPlan(
        "Title",
        (needy, *(PlannedRole(f"r{n}", "R") for n in range(20))),
        (*(PlannedStep("S", f"r{n}") for n in range(20)), *(replace(STEP, work_items=()) for _ in range(31))),
    )
    assert [pointer for pointer, _ in faults_of(many)] == ["/roles", "/steps", "/roles/0/required_credentials"]
    items = tuple(replace(ITEM, item_id=f"i{n}") for n in range(MAX_ITEMS + 1))
    crowded = WorkflowPlan("Title", (ROLE,), (replace(STEP, work_items=items),))
    assert faults_of(crowded) == [("/steps/0/work_items", "INVALID_VALUE")]


def test_titles_and_labels_hide_nothing() -> None:
    plan = WorkflowPlan("Rep\u202eair", (ROLE,), (replace(STEP, title="a\x07b"),), description="nul\0")
    assert faults_of(plan) == [
        ("/title", "INVALID_CHARACTER"),
        ("/description", "INVALID_CHARACTER"),
        ("/steps/0/title", "INVALID_CHARACTER"),
    ]


def test_choices_are_offered_once_each_and_photos_are_few() -> None:
    options = (Choice("yes", "Yes"), Choice("yes", "Again"), Choice("", "Empty"))
    at = "/steps/0/work_items/0"
    chosen = replace(ITEM, requires_dropdown=True, dropdown_options=options, photo_required_count=0)
    assert faults_of(with_item(chosen)) == [
        (f"{at}/photo_required_count", "NUMBER_OUT_OF_RANGE"),
        (f"{at}/dropdown_options/1/value", "INVALID_VALUE"),
        (f"{at}/dropdown_options/2/value", "INVALID_VALUE"),
    ]
    assert faults_of(with_item(replace(ITEM, requires_dropdown=True))) == [(f"{at}/dropdown_options", "MISSING_FIELD")]
    crowd = tuple(Choice(str(n), "L") for n in range(MAX_OPTIONS + 1))
    assert faults_of(with_item(replace(ITEM, dropdown_options=crowd))) == [(f"{at}/dropdown_options", "INVALID_VALUE")]
