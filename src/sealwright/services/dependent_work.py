"""The open steps that rest on somebody's grants: what reviewers see before they take a grant away."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.grants import Grant
from sealwright.domain.losses import depends_on
from sealwright.domain.workflows import Workflow, WorkflowStep
from sealwright.services.ports import UnitOfWork

# Of each grant so many steps are named; all are counted.
STEPS_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class DependentStep:
    """An unfinished step that its assignee has by a grant."""

    workflow_id: str
    workflow_title: str
    step_id: str
    title: str
    status: str


@dataclass(frozen=True, slots=True)
class DependentWork:
    """What rests on one grant: the first steps, earliest instance first, and how many there are in all."""

    grant_id: str
    credential_type: str
    total: int
    steps: tuple[DependentStep, ...]


def work_resting_on(uow: UnitOfWork, user_id: str, grants: Iterable[Grant], now: datetime) -> tuple[DependentWork, ...]:
    """What rests on each of somebody's grants that are in force; those on which nothing rests are left out."""
    in_force = [grant for grant in grants if grant.is_in_force(now)]
    if not in_force:
        return ()
    flows = uow.workflows.get_many(uow.claims.workflows_held(user_id)).values()
    found = ((grant, steps_resting_on(uow, flows, grant)) for grant in in_force)
    return tuple(_work(grant, steps, now) for grant, steps in found if steps)


def steps_resting_on(
    uow: UnitOfWork, workflows: Iterable[Workflow], grant: Grant
) -> Sequence[tuple[Workflow, WorkflowStep]]:
    """The unfinished steps that somebody has by a grant, earliest instance first; overrides never needed it."""
    pairs = [
        (workflow, step)
        for workflow in sorted(workflows, key=lambda one: (one.start_at, one.workflow_id))
        for step in workflow.held_by(grant.user_id)
        if depends_on(workflow, step, grant.credential_type)
    ]
    claims = uow.claims.get_many({step.claim_id for _, step in pairs if step.claim_id is not None})
    overridden = {claim_id for claim_id, claim in claims.items() if claim.override}
    return [(workflow, step) for workflow, step in pairs if step.claim_id not in overridden]


def _work(grant: Grant, pairs: Sequence[tuple[Workflow, WorkflowStep]], now: datetime) -> DependentWork:
    named = tuple(
        DependentStep(flow.workflow_id, flow.title, step.step_id, step.title, flow.status_of(step, now).value)
        for flow, step in pairs[:STEPS_NAMED]
    )
    return DependentWork(grant.grant_id, grant.credential_type, len(pairs), named)
