"""The preview of a plan follows the rules that gate real workflows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan
from sealwright.services.plan_preview import preview_plan

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLAN = WorkflowPlan(
    "Street Repair Project",
    roles=(
        PlannedRole("assessor", "Damage assessor", ("dpw_certified",)),
        PlannedRole("verifier", "Quality verifier", ("dpw_certified", "sfluv_verifier")),
    ),
    steps=(PlannedStep("Assess", "assessor"), PlannedStep("Verify", "verifier"), PlannedStep("Again", "assessor")),
)


@pytest.mark.parametrize(
    ("held", "visible", "claimable", "missing"),
    [
        ((), False, [False, False], [("dpw_certified",), ("dpw_certified", "sfluv_verifier")]),
        (("dpw_certified",), True, [True, False], [(), ("sfluv_verifier",)]),
        (("dpw_certified", "sfluv_verifier"), True, [True, True], [(), ()]),
        (("sfluv_verifier",), False, [False, False], [("dpw_certified",), ("dpw_certified",)]),
    ],
    ids=["nothing", "one", "both", "the other"],
)
def test_preview_says_what_opens_and_what_is_missing(
    held: tuple[str, ...], visible: bool, claimable: list[bool], missing: list[tuple[str, ...]]
) -> None:
    shown = preview_plan(PLAN, held, NOW)
    assert shown.is_visible is visible
    assert [role.is_claimable for role in shown.roles] == claimable
    assert [role.missing for role in shown.roles] == missing
    assert [role.step_orders for role in shown.roles] == [(1, 3), (2,)]


def test_roles_without_needs_are_open_to_everybody() -> None:
    plan = WorkflowPlan("Sweep", roles=(PlannedRole("any", "Anybody"),), steps=(PlannedStep("Sweep", "any"),))
    assert preview_plan(plan, (), NOW).is_visible
