"""The editor's sheet of a workflow that is there, for repeating or changing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealwright.domain.recurrence import Schedule
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan
from sealwright.web.panel.workflow_sheet_plan import sheet_of

if TYPE_CHECKING:
    from sealwright.domain.workflows import Workflow
    from sealwright.web.panel.workflow_sheet import Sheet


def plan_of_workflow(workflow: Workflow) -> WorkflowPlan:
    """The plan that an instance was made from."""
    return WorkflowPlan(
        title=workflow.title,
        description=workflow.description,
        roles=tuple(PlannedRole(role.client_id, role.title, role.required_credentials) for role in workflow.roles),
        steps=tuple(
            PlannedStep(
                title=step.title,
                role_client_id=workflow.role(step.role_id).client_id,
                description=step.description,
                bounty=step.bounty,
                allow_step_not_possible=step.allow_step_not_possible,
                work_items=step.work_items,
            )
            for step in workflow.steps
        ),
    )


def sheet_of_workflow(workflow: Workflow) -> Sheet:
    """Everything of an instance but its times, which are chosen anew."""
    schedule = Schedule(workflow.recurrence, workflow.start_at, time_zone=workflow.time_zone)
    return sheet_of(plan_of_workflow(workflow), schedule)
