"""Workflow instances with their roles and steps between values and rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec

from sealwright.domain.folding import fold
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.workflow_plans import WorkItem
from sealwright.domain.workflows import (
    StepStatus,
    Submission,
    Workflow,
    WorkflowRole,
    WorkflowStatus,
    WorkflowStep,
)
from sealwright.storage.column_types import moment_of, optional_moment_of, optional_seconds_of, seconds_of
from sealwright.storage.feed_sets import combination_of, free_sets, needs_text, set_id_of
from sealwright.storage.json_columns import json_text

# What moves of an instance, a role and a step can change; the rest is as it was made.
MOVING: Final = (
    "status",
    "next_start_at",
    "opens_at",
    "listed_at",
    "closed_at",
    "failed_reason",
    "combination",
    "updated_at",
    "version",
)
MOVING_OF_STEP: Final = (
    "status",
    "assigned_to",
    "open_for",
    "claim_id",
    "started_at",
    "completed_at",
    "submission",
)
_NEEDS: Final = msgspec.json.Decoder(tuple[str, ...])
_ITEMS: Final = msgspec.json.Decoder(tuple[WorkItem, ...])
_SUBMISSION: Final = msgspec.json.Decoder(Submission)


def moving_values(workflow: Workflow) -> tuple[object, ...]:
    """Give what moves of an instance, in the order of `MOVING`."""
    first = workflow.steps[0]
    waits = workflow.is_open and first.status is StepStatus.LOCKED
    return (
        workflow.status.value,
        optional_seconds_of(workflow.next_start_at),
        seconds_of(workflow.start_at) if waits else None,
        optional_seconds_of(workflow.listed_at),
        optional_seconds_of(workflow.closed_at),
        workflow.failed_reason,
        combination_of(free_sets(workflow)),
        seconds_of(workflow.updated_at),
        workflow.version,
    )


def moving_values_of_step(workflow: Workflow, step: WorkflowStep) -> tuple[object, ...]:
    """Give what moves of a step, in the order of `MOVING_OF_STEP`."""
    return (
        step.status.value,
        step.assigned_to,
        step.assigned_to if workflow.is_open else None,
        step.claim_id,
        optional_seconds_of(step.started_at),
        optional_seconds_of(step.completed_at),
        None if step.submission is None else json_text(step.submission),
    )


def workflow_values(workflow: Workflow) -> tuple[object, ...]:
    """Give an instance as a row."""
    moving = dict(zip(MOVING, moving_values(workflow), strict=True))
    return (
        workflow.workflow_id,
        workflow.series_id,
        workflow.instance_no,
        workflow.proposer_id,
        workflow.title,
        fold(workflow.title),
        workflow.description,
        moving["status"],
        workflow.recurrence.value,
        workflow.time_zone,
        seconds_of(workflow.start_at),
        moving["next_start_at"],
        moving["opens_at"],
        moving["listed_at"],
        moving["closed_at"],
        moving["failed_reason"],
        moving["combination"],
        seconds_of(workflow.created_at),
        moving["updated_at"],
        moving["version"],
    )


def role_values(workflow: Workflow, position: int, role: WorkflowRole) -> tuple[object, ...]:
    """Give a role as a row."""
    return (
        role.role_id,
        workflow.workflow_id,
        position,
        role.client_id,
        role.title,
        needs_text(role.required_credentials),
        set_id_of(role.required_credentials),
        role.held_by,
    )


def step_values(workflow: Workflow, step: WorkflowStep) -> tuple[object, ...]:
    """Give a step as a row."""
    status, assigned_to, open_for, claim_id, started_at, completed_at, submission = moving_values_of_step(
        workflow, step
    )
    return (
        step.step_id,
        workflow.workflow_id,
        step.step_order,
        step.role_id,
        step.title,
        step.description,
        step.bounty,
        step.allow_step_not_possible,
        json_text(step.work_items),
        status,
        assigned_to,
        open_for,
        claim_id,
        started_at,
        completed_at,
        submission,
    )


def workflows_of(
    rows: Iterable[Sequence[Any]], roles: Iterable[Sequence[Any]], steps: Iterable[Sequence[Any]]
) -> Mapping[str, Workflow]:
    """Read instances from whole rows of the three tables; roles and steps come in their order."""
    its_roles: dict[str, list[WorkflowRole]] = defaultdict(list)
    for row in roles:
        its_roles[row[1]].append(_role(row))
    its_steps: dict[str, list[WorkflowStep]] = defaultdict(list)
    for row in steps:
        its_steps[row[1]].append(_step(row))
    return {row[0]: _workflow(row, tuple(its_roles[row[0]]), tuple(its_steps[row[0]])) for row in rows}


def _workflow(row: Sequence[Any], roles: tuple[WorkflowRole, ...], steps: tuple[WorkflowStep, ...]) -> Workflow:
    return Workflow(
        workflow_id=row[0],
        series_id=row[1],
        instance_no=row[2],
        proposer_id=row[3],
        title=row[4],
        description=row[6],
        status=WorkflowStatus(row[7]),
        recurrence=Recurrence(row[8]),
        time_zone=row[9],
        start_at=moment_of(row[10]),
        next_start_at=optional_moment_of(row[11]),
        listed_at=optional_moment_of(row[13]),
        closed_at=optional_moment_of(row[14]),
        failed_reason=row[15],
        created_at=moment_of(row[17]),
        updated_at=moment_of(row[18]),
        version=row[19],
        roles=roles,
        steps=steps,
    )


def _role(row: Sequence[Any]) -> WorkflowRole:
    return WorkflowRole(
        role_id=row[0], client_id=row[3], title=row[4], required_credentials=_NEEDS.decode(row[5]), held_by=row[7]
    )


def _step(row: Sequence[Any]) -> WorkflowStep:
    return WorkflowStep(
        step_id=row[0],
        step_order=row[2],
        role_id=row[3],
        title=row[4],
        description=row[5],
        bounty=row[6],
        allow_step_not_possible=bool(row[7]),
        work_items=_ITEMS.decode(row[8]) if row[8] != "[]" else (),
        status=StepStatus(row[9]),
        assigned_to=row[10],
        claim_id=row[12],
        started_at=optional_moment_of(row[13]),
        completed_at=optional_moment_of(row[14]),
        submission=None if row[15] is None else _SUBMISSION.decode(row[15]),
    )
