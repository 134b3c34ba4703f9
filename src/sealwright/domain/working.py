"""Moves of workflow instances: pure functions from one state to the next, with what is to be put on record.

Whoever calls them has locked the instance; who may call them is asked before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sealwright.domain.errors import StateConflict
from sealwright.domain.work_errors import RoleAlreadyHeld, StepAlreadyClaimed, StepNotAvailable
from sealwright.domain.workflows import (
    OPEN,
    StepStatus,
    Submission,
    Workflow,
    WorkflowRole,
    WorkflowStatus,
    WorkflowStep,
)

# How an instance ends before its work is done, as the trail calls it.
_CLOSING: Final = {
    WorkflowStatus.REJECTED: "workflow.rejected",
    WorkflowStatus.EXPIRED: "workflow.expired",
    WorkflowStatus.SKIPPED: "workflow.skipped",
    WorkflowStatus.FAILED: "workflow.failed",
    WorkflowStatus.DELETED: "workflow.deleted",
}


@dataclass(frozen=True, slots=True)
class Event:
    """One move for the audit trail: a kind of the contract's section 7, what it befell, ids and states only."""

    kind: str
    object_type: str
    object_id: str
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Moved:
    """An instance after a move, and what is to be recorded; no events: nothing changed."""

    workflow: Workflow
    events: tuple[Event, ...] = ()
    released: tuple[WorkflowStep, ...] = ()


def approve(workflow: Workflow, now: datetime) -> Moved:
    """Let a pending instance be seen and claimed. Raises StateConflict."""
    _require(workflow, {WorkflowStatus.PENDING})
    approved = replace(workflow, status=WorkflowStatus.APPROVED, listed_at=now)
    opened = open_first_step(_touched(approved, now), now)
    return Moved(
        replace(opened.workflow, version=workflow.version + 1),
        (_workflow_event("workflow.approved", workflow, approved), *opened.events),
    )


def close(workflow: Workflow, to: WorkflowStatus, now: datetime) -> Moved:
    """Reject, expire, skip, fail or delete an instance; unfinished steps go back to nobody. Raises StateConflict."""
    allowed = {
        WorkflowStatus.REJECTED: {WorkflowStatus.PENDING},
        WorkflowStatus.EXPIRED: {WorkflowStatus.PENDING},
        WorkflowStatus.SKIPPED: set(OPEN),
        WorkflowStatus.FAILED: set(OPEN),
        WorkflowStatus.DELETED: set(WorkflowStatus) - {WorkflowStatus.PAID_OUT, WorkflowStatus.DELETED},
    }
    _require(workflow, allowed[to])
    steps = tuple(step if step.is_done else _put_back(step) for step in workflow.steps)
    roles = tuple(replace(role, held_by=None) for role in workflow.roles)
    closed = replace(_touched(workflow, now), status=to, closed_at=now, steps=steps, roles=roles)
    return Moved(
        closed,
        (_workflow_event(_CLOSING[to], workflow, closed),),
        tuple(step for step in workflow.steps if step.assigned_to is not None and not step.is_done),
    )


def open_first_step(workflow: Workflow, now: datetime) -> Moved:
    """Record that the first step is available, once the start time has come."""
    first = workflow.steps[0]
    if first.status is workflow.status_of(first, now):
        return Moved(workflow)
    opened = replace(first, status=StepStatus.AVAILABLE)
    return Moved(_with_step(_touched(workflow, now), opened), (_step_event("step.available", workflow, first, opened),))


def claim_role(workflow: Workflow, role: WorkflowRole, user_id: str, claim_id: str, now: datetime) -> Moved:
    """Give somebody a role: every step of it that nobody has and that is not done.

    What they have of it already and is not done comes under the new claim.

    Raises:
        StepAlreadyClaimed: Somebody else holds the role, or there is nothing to take.
        RoleAlreadyHeld: They have, or had, to do with another role of this instance.
        StepNotAvailable: The instance is not open.
    """
    if not workflow.is_open:
        raise StepNotAvailable("This workflow is not open.")
    if not workflow.can_take(role, user_id):
        raise StepAlreadyClaimed("This workflow role is taken.")
    if workflow.binds_elsewhere(user_id, role):
        raise RoleAlreadyHeld("One person takes one workflow role of an instance.")
    steps = tuple(
        replace(step, assigned_to=user_id, claim_id=claim_id)
        if step.role_id == role.role_id and step.assigned_to in (None, user_id) and not step.is_done
        else step
        for step in workflow.steps
    )
    roles = tuple(
        replace(other, held_by=user_id) if other.role_id == role.role_id else other for other in workflow.roles
    )
    return Moved(replace(_touched(workflow, now), steps=steps, roles=roles))


def start_step(workflow: Workflow, step: WorkflowStep, now: datetime) -> Moved:
    """Begin a step. Raises StepNotAvailable."""
    if not workflow.is_open or workflow.status_of(step, now) is not StepStatus.AVAILABLE:
        raise StepNotAvailable("This step cannot be started now.")
    opened = open_first_step(workflow, now) if step.step_order == 1 else Moved(workflow)
    started = replace(step, status=StepStatus.IN_PROGRESS, started_at=now)
    after = _with_step(_touched(opened.workflow, now), started)
    events = [*opened.events]
    if workflow.status is WorkflowStatus.APPROVED:
        after = replace(after, status=WorkflowStatus.IN_PROGRESS)
        events.append(_workflow_event("workflow.started", workflow, after))
    as_opened = replace(step, status=workflow.status_of(step, now))
    events.append(_step_event("step.started", workflow, as_opened, started))
    return Moved(replace(after, version=workflow.version + 1), tuple(events))


def complete_step(workflow: Workflow, step: WorkflowStep, submission: Submission, now: datetime) -> Moved:
    """Hand a step's work in; the next step opens, or the instance is completed.

    A step that is not possible completes the instance: what was not done yet goes back to nobody.

    Raises:
        StepNotAvailable: It is not in progress.
    """
    if not workflow.is_open or step.status is not StepStatus.IN_PROGRESS:
        raise StepNotAvailable("Only a step in progress can be completed.")
    done = replace(step, status=StepStatus.COMPLETED, completed_at=now, submission=submission)
    after = _with_step(_touched(workflow, now), done)
    events = [_step_event("step.completed", workflow, step, done, stepNotPossible=submission.step_not_possible)]
    following = next((one for one in workflow.steps if one.step_order == step.step_order + 1), None)
    if following is None or submission.step_not_possible:
        left = tuple(one for one in after.steps if one.assigned_to is not None and not one.is_done)
        steps = tuple(one if one.is_done else _put_back(one) for one in after.steps)
        after = replace(after, steps=steps, status=WorkflowStatus.COMPLETED, closed_at=now)
        events.append(_workflow_event("workflow.completed", workflow, after))
        return Moved(after, tuple(events), left)
    if following.status is StepStatus.LOCKED:
        opened = replace(following, status=StepStatus.AVAILABLE)
        after = _with_step(after, opened)
        events.append(_step_event("step.available", workflow, following, opened))
    return Moved(after, tuple(events))


def release_steps(
    workflow: Workflow, user_id: str, which: Callable[[WorkflowStep], bool], now: datetime, *, cause: str
) -> Moved:
    """Take unfinished steps from somebody; those in progress become available again.

    Whoever loses a step of a role no longer holds the role, so that others can claim what is free of it; steps that
    stay with them stay theirs to finish.
    """
    taken = tuple(step for step in workflow.held_by(user_id) if which(step))
    if not taken:
        return Moved(workflow)
    ids = {step.step_id for step in taken}
    given_up = {step.role_id for step in taken}
    back = {step.step_id: _put_back(step) for step in taken}
    after = replace(
        _touched(workflow, now),
        steps=tuple(back[step.step_id] if step.step_id in ids else step for step in workflow.steps),
        roles=tuple(
            replace(role, held_by=None) if role.role_id in given_up and role.held_by == user_id else role
            for role in workflow.roles
        ),
    )
    events = tuple(
        _step_event("step.released", workflow, step, back[step.step_id], userId=user_id, cause=cause) for step in taken
    )
    return Moved(after, events, taken)


def pay_step(workflow: Workflow, step_id: str, now: datetime, *, all_settled: bool) -> Moved:
    """Record that a completed step was paid, and the instance when nothing more is owed for it."""
    steps = tuple(
        replace(step, status=StepStatus.PAID_OUT)
        if step.step_id == step_id and step.status is StepStatus.COMPLETED
        else step
        for step in workflow.steps
    )
    after = replace(_touched(workflow, now), steps=steps)
    if not all_settled or workflow.status is not WorkflowStatus.COMPLETED:
        return Moved(after)
    paid = replace(after, status=WorkflowStatus.PAID_OUT)
    return Moved(paid, (_workflow_event("workflow.paid_out", workflow, paid),))


def _put_back(step: WorkflowStep) -> WorkflowStep:
    """A step as nobody's: in progress becomes available, locked and available stay so."""
    status = StepStatus.AVAILABLE if step.status is StepStatus.IN_PROGRESS else step.status
    return replace(step, status=status, assigned_to=None, claim_id=None, started_at=None)


def _touched(workflow: Workflow, now: datetime) -> Workflow:
    return replace(workflow, updated_at=now, version=workflow.version + 1)


def _with_step(workflow: Workflow, step: WorkflowStep) -> Workflow:
    steps = tuple(step if one.step_id == step.step_id else one for one in workflow.steps)
    return replace(workflow, steps=steps)


def _require(workflow: Workflow, allowed: set[WorkflowStatus]) -> None:
    if workflow.status not in allowed:
        raise StateConflict(f"This workflow is {workflow.status.value}.")


def _workflow_event(kind: str, before: Workflow, after: Workflow, **data: object) -> Event:
    return Event(
        kind,
        "workflow",
        before.workflow_id,
        before={"status": before.status.value},
        after={"status": after.status.value},
        data={"seriesId": before.series_id, "instance": before.instance_no, **data},
    )


def _step_event(kind: str, workflow: Workflow, before: WorkflowStep, after: WorkflowStep, **data: object) -> Event:
    return Event(
        kind,
        "step",
        before.step_id,
        before={"status": before.status.value, "assignedTo": before.assigned_to},
        after={"status": after.status.value, "assignedTo": after.assigned_to},
        data={"workflowId": workflow.workflow_id, "stepOrder": before.step_order, **data},
    )
