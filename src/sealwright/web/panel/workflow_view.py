"""A workflow as pages show it: its steps in order, each with its role, its state and what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sealwright.domain.workflows import DONE, Workflow, WorkflowRole, WorkflowStep

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.domain.workflow_plans import WorkflowPlan, WorkItem


@dataclass(frozen=True, slots=True)
class Need:
    """A credential type that a workflow role asks for.

    Args:
        is_held: Whether the viewer holds it; None where nobody asks.
    """

    value: str
    label: str
    is_held: bool | None = None


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step of a list.

    Args:
        badge: Of its state; None for a step that is only planned.
        role: The title of its workflow role; empty where the list stands under its role already.
        who: Whose it is, where the viewer may know.
        step: What it was made of; None for a step that is only planned.
    """

    order: int
    title: str
    description: str | None
    bounty: int
    role: str
    needs: tuple[Need, ...]
    items: tuple[WorkItem, ...]
    badge: str | None = None
    who: str | None = None
    is_yours: bool = False
    is_done: bool = False
    step: WorkflowStep | None = None


Labels = Callable[[str], str]


def needs_of(required: Iterable[str], labels: Labels, held: Collection[str] | None = None) -> tuple[Need, ...]:
    """What a role asks for, by name; with `held`, whether the viewer has it."""
    return tuple(Need(value, labels(value), None if held is None else value in held) for value in required)


def step_lines(
    workflow: Workflow,
    now: datetime,
    labels: Labels,
    *,
    held: Collection[str] | None = None,
    viewer: str | None = None,
    names: Mapping[str, str] | None = None,
) -> tuple[StepLine, ...]:
    """An instance's steps.

    Args:
        labels: What a credential type is called, by its value.
        held: The types that the viewer holds; None does not say.
        viewer: The viewer's user id; their own steps are marked.
        names: Display names by user id, of whom the viewer may know.
    """
    return tuple(
        _line(
            workflow,
            step,
            now,
            needs=needs_of(workflow.role(step.role_id).required_credentials, labels, held),
            is_yours=viewer is not None and step.assigned_to == viewer,
            who=(names or {}).get(step.assigned_to or ""),
        )
        for step in workflow.steps
    )


def _line(
    workflow: Workflow, step: WorkflowStep, now: datetime, *, needs: tuple[Need, ...], is_yours: bool, who: str | None
) -> StepLine:
    status = workflow.status_of(step, now)
    return StepLine(
        order=step.step_order,
        title=step.title,
        description=step.description,
        bounty=step.bounty,
        role=workflow.role(step.role_id).title,
        needs=needs,
        items=step.work_items,
        badge=f"step_{status.value}",
        who=who,
        is_yours=is_yours,
        is_done=status in DONE,
        step=step,
    )


def planned_lines(plan: WorkflowPlan, labels: Labels, *, held: Collection[str] | None = None) -> tuple[StepLine, ...]:
    """The steps of a plan, which have no state yet."""
    lines = []
    for order, step in enumerate(plan.steps, 1):
        role = plan.role(step.role_client_id)
        needs = needs_of(role.required_credentials, labels, held)
        lines.append(StepLine(order, step.title, step.description, step.bounty, role.title, needs, step.work_items))
    return tuple(lines)


def bounty_of(steps: Iterable[WorkflowStep]) -> int:
    """What is paid for steps together, in whole units."""
    return sum(step.bounty for step in steps)


def steps_to_take(workflow: Workflow, role: WorkflowRole) -> tuple[WorkflowStep, ...]:
    """What a claim of a role takes: its steps that nobody has and that are not done."""
    return tuple(step for step in workflow.steps_of(role.role_id) if step.assigned_to is None and not step.is_done)
