"""What a workflow's plan becomes in the editor and on pages, and what a changed sheet asks of a series."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealwright.domain.recurrence import Recurrence
from sealwright.domain.votes import SeriesEdit
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan
from sealwright.web.panel.workflow_sheet_plan import plan_of, sheet_of, start_of, until_of

if TYPE_CHECKING:
    from sealwright.domain.series import Series
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


def sheet_of_series(series: Series) -> Sheet:
    """Everything of a series but its start, which is chosen anew."""
    return sheet_of(series.plan, series.schedule)


def edit_of(sheet: Sheet, series: Series) -> SeriesEdit:
    """What a sheet that was judged to be right changes of a series; what stays is left out."""
    recurrence = Recurrence(sheet.recurrence)
    kept_until = sheet_of_series(series).until_day == sheet.until_day
    return SeriesEdit(
        plan=plan_of(sheet),
        recurrence=recurrence if recurrence is not series.schedule.recurrence else None,
        start_at=start_of(sheet),
        recurrence_end_at=None if kept_until else until_of(sheet),
    )
