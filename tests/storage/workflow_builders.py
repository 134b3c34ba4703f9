"""Values of workflows for the storage tests: usual ones, with what a test cares about passed by name."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sealwright.domain.ids import new_id
from sealwright.domain.payouts import Payout
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series, instance_of
from sealwright.domain.votes import Proposal, ProposalKind
from sealwright.domain.workflow_plans import Choice, PlannedRole, PlannedStep, WorkflowPlan, WorkItem
from sealwright.domain.workflows import StepClaim, Workflow
from sealwright.domain.working import approve
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, credential_type

TYPES = ("degree", "forklift", "nurse", "welder")
ITEM = WorkItem(
    "photo",
    "A photo",
    description="Of the door",
    optional=True,
    requires_dropdown=True,
    dropdown_options=(Choice("y", "Yes", requires_photo_attachment=True), Choice("n", "No")),
    requires_photo=True,
    photo_required_count=2,
)


def plan(*needs: Iterable[str], steps: int = 1, title: str = "Count the trees") -> WorkflowPlan:
    """A plan with a role for each set of needs, each with so many steps, the roles taking turns."""
    roles = tuple(PlannedRole(f"r{n}", f"Role {n}", tuple(sorted(one))) for n, one in enumerate(needs))
    one_each = tuple(
        PlannedStep(
            f"Step {turn} of {role.client_id}",
            role.client_id,
            description="What to do",
            bounty=7,
            allow_step_not_possible=True,
            work_items=(ITEM,),
        )
        for turn in range(steps)
        for role in roles
    )
    return WorkflowPlan(title, roles, one_each, description="In the park")


def series(series_id: str | None = None, *needs: Iterable[str], steps: int = 1, **changes: Any) -> Series:
    """A weekly series that began now."""
    usual = Series(
        series_id or new_id("ser"),
        "usr_proposer",
        plan(*(needs or ((),)), steps=steps),
        Schedule(Recurrence.WEEKLY, NOW, NOW + timedelta(days=365), "Europe/Madrid"),
        NOW,
    )
    return replace(usual, **changes)


def workflow(
    *needs: Iterable[str], steps: int = 1, at: datetime = NOW, start_at: datetime = NOW, **changes: Any
) -> Workflow:
    """A pending instance of a series of its own, with a role for each set of needs."""
    made = instance_of(series(None, *needs, steps=steps), 0, start_at, at)
    return replace(made, **changes)


def listed(*needs: Iterable[str], at: datetime = NOW, **changes: Any) -> Workflow:
    """The same, approved at a moment."""
    made = approve(workflow(*needs, at=at, **changes), at).workflow
    return replace(made, version=1)


def claim(of: Workflow, place: int = 0, user_id: str = "usr_ada", **changes: Any) -> StepClaim:
    """Somebody's claim of a role."""
    usual = StepClaim(
        new_id("clm"), of.workflow_id, of.roles[place].role_id, user_id, NOW, satisfied_by={"degree": "grt_one"}
    )
    return replace(usual, **changes)


def proposal(of: Workflow, proposal_id: str = "prp_one", **changes: Any) -> Proposal:
    """A pending proposal of a workflow."""
    usual = Proposal(
        proposal_id,
        ProposalKind.WORKFLOW,
        of.workflow_id,
        of.series_id,
        of.proposer_id,
        NOW,
        NOW + timedelta(days=7),
        reason="Because",
    )
    return replace(usual, **changes)


def payout(of: Workflow, place: int = 0, **changes: Any) -> Payout:
    """What is owed for a step."""
    return replace(Payout(new_id("pay"), of.workflow_id, of.steps[place].step_id, "usr_ada", 7, NOW), **changes)


def add_types(units: UnitOfWorkFactory, *values: str) -> None:
    """Put credential types into the catalog."""
    with units() as uow:
        for value in values or TYPES:
            uow.types.add(credential_type(value))
        uow.commit()
