"""Workflow instances, their roles and steps, and who holds them (contract, sections 1.9 and 1.10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from sealwright.domain.recurrence import Recurrence
from sealwright.domain.workflow_plans import WorkItem


class WorkflowStatus(StrEnum):
    """The state of one instance."""

    PENDING = "pending"
    APPROVED = "approved"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    PAID_OUT = "paid_out"
    REJECTED = "rejected"
    EXPIRED = "expired"
    SKIPPED = "skipped"
    FAILED = "failed"
    DELETED = "deleted"


# Work can be seen, claimed and done in these.
OPEN: Final = frozenset({WorkflowStatus.APPROVED, WorkflowStatus.IN_PROGRESS})


class StepStatus(StrEnum):
    """The state of a step; the first one's ``available`` follows from the clock at once, recorded soon after."""

    LOCKED = "locked"
    AVAILABLE = "available"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    PAID_OUT = "paid_out"


# Nobody takes these away again: the work is done.
DONE: Final = frozenset({StepStatus.COMPLETED, StepStatus.PAID_OUT})


@dataclass(frozen=True, slots=True)
class ItemResponse:
    """What somebody handed in for a work item; photos are ids of attachments of their own."""

    item_id: str
    written_response: str | None = None
    dropdown_value: str | None = None
    photo_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Submission:
    """What was handed in with a step."""

    items: tuple[ItemResponse, ...] = ()
    step_not_possible: bool = False
    step_not_possible_details: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowRole:
    """A role inside one instance.

    Args:
        required_credentials: Credential types, each once, sorted.
        held_by: Who may take up its steps; one person a role, and one role a person. Kept when all are completed.
    """

    role_id: str
    client_id: str
    title: str
    required_credentials: tuple[str, ...] = ()
    held_by: str | None = None


@dataclass(frozen=True, slots=True)
class WorkflowStep:
    """A step of one instance; `step_order` counts from 1, `claim_id` names the claim it is assigned by."""

    step_id: str
    step_order: int
    role_id: str
    title: str
    description: str | None = None
    bounty: int = 0
    allow_step_not_possible: bool = False
    work_items: tuple[WorkItem, ...] = ()
    status: StepStatus = StepStatus.LOCKED
    assigned_to: str | None = None
    claim_id: str | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None
    submission: Submission | None = None

    @property
    def is_done(self) -> bool:
        """Tell whether its work was handed in."""
        return self.status in DONE


@dataclass(frozen=True, slots=True)
class Workflow:
    """One instance with its roles and steps (in order); `version` grows with each change of any of them.

    Args:
        instance_no: 0 for the first one of its series.
        next_start_at: When the series' next interval begins, with which an untouched instance is skipped.
        listed_at: When it was approved, by which the feed is sorted; None before.
        closed_at: When it left the states in which work is done.
        failed_reason: Why an admin ended it.
    """

    workflow_id: str
    series_id: str
    proposer_id: str
    title: str
    start_at: datetime
    created_at: datetime
    updated_at: datetime
    roles: tuple[WorkflowRole, ...]
    steps: tuple[WorkflowStep, ...]
    description: str | None = None
    status: WorkflowStatus = WorkflowStatus.PENDING
    recurrence: Recurrence = Recurrence.ONE_TIME
    time_zone: str = "UTC"
    instance_no: int = 0
    next_start_at: datetime | None = None
    listed_at: datetime | None = None
    closed_at: datetime | None = None
    failed_reason: str | None = None
    version: int = 1

    @property
    def is_open(self) -> bool:
        """Tell whether its steps can be claimed and done."""
        return self.status in OPEN

    def role(self, role_id: str) -> WorkflowRole:
        """Find a role by its id."""
        return next(role for role in self.roles if role.role_id == role_id)

    def step(self, step_id: str) -> WorkflowStep | None:
        """Find a step by its id."""
        return next((step for step in self.steps if step.step_id == step_id), None)

    def steps_of(self, role_id: str) -> tuple[WorkflowStep, ...]:
        """A role's steps, in order."""
        return tuple(step for step in self.steps if step.role_id == role_id)

    def status_of(self, step: WorkflowStep, now: datetime) -> StepStatus:
        """A step's state as of a moment: the first one opens when the start time has come, recorded or not."""
        waits = step.status is StepStatus.LOCKED and step.step_order == 1 and self.is_open
        return StepStatus.AVAILABLE if waits and self.start_at <= now else step.status

    def held_by(self, user_id: str) -> tuple[WorkflowStep, ...]:
        """The steps that somebody has yet to finish, in order; none once the instance is closed."""
        if not self.is_open:
            return ()
        return tuple(step for step in self.steps if step.assigned_to == user_id and not step.is_done)

    def has_hand_in(self, user_id: str) -> bool:
        """Tell whether somebody holds a role here, or holds or has done a step."""
        return any(role.held_by == user_id for role in self.roles) or any(
            step.assigned_to == user_id for step in self.steps
        )

    def is_free(self, role: WorkflowRole) -> bool:
        """Tell whether a role can be claimed by somebody: nobody holds it, and there is a step to take."""
        return (
            self.is_open
            and role.held_by is None
            and any(step.assigned_to is None and not step.is_done for step in self.steps_of(role.role_id))
        )

    def can_take(self, role: WorkflowRole, user_id: str) -> bool:
        """Tell whether there is a step to take for somebody: a role is free, or they hold it and not all of it.

        A holder misses steps that somebody with a part of the role has given back since.
        """
        mine = replace(role, held_by=None) if role.held_by == user_id else role
        return self.is_free(mine)

    def free_roles(self) -> Iterator[WorkflowRole]:
        """The roles that can be claimed, in order."""
        return (role for role in self.roles if self.is_free(role))

    def binds_elsewhere(self, user_id: str, role: WorkflowRole) -> bool:
        """Tell whether somebody has, or had, to do with another role here: nobody takes two."""
        return any(
            (other.held_by == user_id or any(step.assigned_to == user_id for step in self.steps_of(other.role_id)))
            for other in self.roles
            if other.role_id != role.role_id
        )


@dataclass(frozen=True, slots=True)
class StepClaim:
    """Somebody's taking of a role in one instance; kept for ever.

    Args:
        satisfied_by: The grants that met the role's needs, by credential type.
        override: An admin took it without them.
        by_series: Assigned by a series claim, and not by hand.
        end_cause: ``unclaimed``, ``released_by_admin``, ``grant_lost``, ``absent``, ``closed``, ``renewed``.
        reason: Why an admin took it without the credentials.
    """

    claim_id: str
    workflow_id: str
    role_id: str
    user_id: str
    claimed_at: datetime
    satisfied_by: Mapping[str, str] = field(default_factory=dict)
    override: bool = False
    by_series: bool = False
    ended_at: datetime | None = None
    end_cause: str | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SeriesClaim:
    """Somebody's wish to do a step in every later instance; the earliest one that may have it gets it."""

    series_id: str
    step_order: int
    user_id: str
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class AbsencePeriod:
    """A span in which somebody takes no instance of a series' step: from `absent_from` until before `absent_until`."""

    absence_id: str
    user_id: str
    series_id: str
    step_order: int
    absent_from: datetime
    absent_until: datetime

    def covers(self, workflow: Workflow, orders: frozenset[int]) -> bool:
        """Tell whether an instance begins within it and has one of these steps."""
        return (
            self.series_id == workflow.series_id
            and self.step_order in orders
            and self.absent_from <= workflow.start_at < self.absent_until
        )
