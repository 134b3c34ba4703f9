"""The demo's workflow: the Street Repair Project of the documentation, approved."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from sealwright.domain.people import Actor, ActorKind, Caller
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan, WorkItem
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.services.workflow_values import NewWorkflow

if TYPE_CHECKING:
    from sealwright.domain.workflows import Workflow
    from sealwright.services.office import Office
    from sealwright.services.ports import UnitOfWork

_REASON: Final = "Part of the demo."
STREET_REPAIR: Final = WorkflowPlan(
    title="Street Repair Project",
    description="Repair the potholes on Main Street, and have the work checked by somebody else.",
    roles=(
        PlannedRole("assessor", "Damage assessor", ("dpw_certified",)),
        PlannedRole("verifier", "Quality verifier", ("sfluv_verifier",)),
    ),
    steps=(
        PlannedStep(
            title="Assess damage",
            role_client_id="assessor",
            description="Photograph the damage and say how large it is.",
            bounty=5000,
            allow_step_not_possible=True,
            work_items=(
                WorkItem("photo", "Photo of the damage", optional=True, requires_photo=True),
                WorkItem("size", "What did you find?", optional=True, requires_written_response=True),
            ),
        ),
        PlannedStep(
            title="Verify repair quality",
            role_client_id="verifier",
            description="Look at the repaired place and say whether it holds.",
            bounty=3000,
            work_items=(WorkItem("verdict", "Does the repair hold?", optional=True, requires_written_response=True),),
        ),
    ),
)


def seed_workflow(office: Office, uow: UnitOfWork, caller: Caller, proposer_id: str) -> Workflow:
    """Propose and approve the Street Repair Project, unless its proposer has it already; gives it."""
    known = uow.workflows.list(WorkflowFilter(proposer_id=proposer_id), page=1, count=100)
    for workflow in known.items:
        if workflow.title == STREET_REPAIR.title:
            return workflow
    proposer = replace(
        caller, actor=Actor(ActorKind.USER, proposer_id, caller.actor.auth), person=uow.people.get(proposer_id)
    )
    proposed = office.proposing.propose(uow, proposer, NewWorkflow(STREET_REPAIR))
    return office.voting.force(uow, caller, proposed.workflow.workflow_id, _REASON).workflow
