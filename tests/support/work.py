"""Workflow plans and instances for tests: the documentation's Street Repair Project, and small ones made to order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Final

from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series, instance_of
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan
from sealwright.domain.workflows import Workflow, WorkflowRole, WorkflowStatus, WorkflowStep
from sealwright.domain.working import approve
from tests.support.desk import DPW, VERIFIER
from tests.support.office import START

STREET_REPAIR: Final = WorkflowPlan(
    title="Street Repair Project",
    description="Repair potholes on Main St",
    roles=(PlannedRole("repair_worker", "Repair Worker", (DPW,)), PlannedRole("verifier", "Verifier", (VERIFIER,))),
    steps=(
        PlannedStep("Assess damage", "repair_worker", bounty=50),
        PlannedStep("Repair pothole", "repair_worker", bounty=200),
        PlannedStep("Verify repair quality", "verifier", bounty=75),
    ),
)


def plan_of(needs: Mapping[str, Iterable[str]], order: Iterable[str], *, bounty: int = 0) -> WorkflowPlan:
    """A plan by its roles' needs and the order in which their steps come: ``{"a": ["t1"]}, "aab"``."""
    return WorkflowPlan(
        title="Made to order",
        roles=tuple(PlannedRole(name, name.upper(), tuple(sorted(types))) for name, types in needs.items()),
        steps=tuple(
            PlannedStep(f"Step {place}", name, bounty=bounty, allow_step_not_possible=True)
            for place, name in enumerate(order, 1)
        ),
    )


def series_of(plan: WorkflowPlan, recurrence: Recurrence = Recurrence.ONE_TIME, start_at: datetime = START) -> Series:
    """A series that nobody has stored."""
    return Series("ser_1", "usr_proposer", plan, Schedule(recurrence, start_at), START)


def open_instance(plan: WorkflowPlan, *, start_at: datetime = START, now: datetime = START) -> Workflow:
    """An approved instance, all of whose steps are free."""
    return approve(instance_of(series_of(plan, start_at=start_at), 0, start_at, now), now).workflow


def role_named(workflow: Workflow, client_id: str) -> WorkflowRole:
    """A role by the proposer's name for it."""
    return next(role for role in workflow.roles if role.client_id == client_id)


def step_at(workflow: Workflow, order: int) -> WorkflowStep:
    """A step by its place, from 1."""
    return workflow.steps[order - 1]


def with_status(workflow: Workflow, status: WorkflowStatus) -> Workflow:
    """The same instance in another state, by hand."""
    return replace(workflow, status=status)
