"""A series: the plan its instances are made from, and when they begin. A one-time workflow is a series of one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sealwright.domain.ids import new_id
from sealwright.domain.recurrence import Schedule
from sealwright.domain.workflow_plans import WorkflowPlan
from sealwright.domain.workflows import Workflow, WorkflowRole, WorkflowStatus, WorkflowStep


class SeriesState(StrEnum):
    """Whether instances follow."""

    OPEN = "open"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Series:
    """What later instances are made from; its row is locked by whoever claims, releases or makes an instance.

    Args:
        latest_no: The number of the newest instance.
    """

    series_id: str
    proposer_id: str
    plan: WorkflowPlan
    schedule: Schedule
    created_at: datetime
    state: SeriesState = SeriesState.OPEN
    latest_no: int = 0
    version: int = 1


def instance_of(series: Series, number: int, start_at: datetime, now: datetime) -> Workflow:
    """Make an instance of a series, pending and unassigned, with fresh ids."""
    plan = series.plan
    roles = {
        role.client_id: WorkflowRole(new_id("rol"), role.client_id, role.title, role.required_credentials)
        for role in plan.roles
    }
    steps = tuple(
        WorkflowStep(
            step_id=new_id("stp"),
            step_order=order,
            role_id=roles[step.role_client_id].role_id,
            title=step.title,
            description=step.description,
            bounty=step.bounty,
            allow_step_not_possible=step.allow_step_not_possible,
            work_items=step.work_items,
        )
        for order, step in enumerate(plan.steps, 1)
    )
    return Workflow(
        workflow_id=new_id("wfl"),
        series_id=series.series_id,
        proposer_id=series.proposer_id,
        title=plan.title,
        description=plan.description,
        status=WorkflowStatus.PENDING,
        recurrence=series.schedule.recurrence,
        time_zone=series.schedule.time_zone,
        instance_no=number,
        start_at=start_at,
        next_start_at=series.schedule.after(start_at),
        created_at=now,
        updated_at=now,
        roles=tuple(roles.values()),
        steps=steps,
    )
