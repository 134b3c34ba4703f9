"""Workflows that stand open at a furnished desk, and people who may take them up."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from sealwright.domain.people import Actor, ActorKind, Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.workflow_plans import Choice, PlannedRole, PlannedStep, WorkflowPlan, WorkItem
from sealwright.domain.workflows import Workflow
from sealwright.services.workflow_values import NewWorkflow
from tests.support.office import the_operator
from tests.web.desk import DPW, SFLUV, Desk

PNG: Final = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR" + bytes(64)
STREET: Final = WorkflowPlan(
    title="Street Repair Project",
    description="Repair the potholes on Main Street.",
    roles=(
        PlannedRole("assessor", "Damage assessor", (DPW,)),
        PlannedRole("verifier", "Quality verifier", (SFLUV,)),
    ),
    steps=(
        PlannedStep(
            title="Assess damage",
            role_client_id="assessor",
            description="Photograph the damage and say how large it is.",
            bounty=5000,
            allow_step_not_possible=True,
            work_items=(
                WorkItem("photo", "Photo of the damage", requires_photo=True),
                WorkItem("size", "What did you find?", requires_written_response=True),
                WorkItem(
                    "kind",
                    "How bad is it?",
                    requires_dropdown=True,
                    dropdown_options=(
                        Choice("small", "Small"),
                        Choice("large", "Large", requires_written_response=True),
                    ),
                ),
            ),
        ),
        PlannedStep("Repair pothole", "assessor", bounty=200),
        PlannedStep("Verify repair quality", "verifier", bounty=3000),
    ),
)


def opened(
    desk: Desk,
    plan: WorkflowPlan = STREET,
    *,
    title: str | None = None,
    recurrence: Recurrence = Recurrence.ONE_TIME,
    start_at: datetime | None = None,
) -> Workflow:
    """Propose a workflow and have an admin let it in."""
    office = desk.served.office
    proposer, admin = desk.ids["proposer"], desk.ids["admin"]
    wish = NewWorkflow(replace(plan, title=title or plan.title), recurrence=recurrence, start_at=start_at)
    caller = the_operator(office)

    def as_(user_id: str) -> Caller:
        return replace(
            caller, actor=Actor(ActorKind.USER, user_id, caller.actor.auth), person=office.people.get(user_id)
        )

    view = office.acts.run(as_(proposer), lambda uow, me: office.proposing.propose(uow, me, wish))
    workflow_id = view.workflow.workflow_id
    made = office.acts.run(as_(admin), lambda uow, me: office.voting.force(uow, me, workflow_id, "Urgent."))
    return made.workflow


def qualified(desk: Desk, name: str, *types: str) -> None:
    """A new improver who holds some types."""
    desk.improver(name)
    for value in types:
        grant(desk, name, value)


def grant(desk: Desk, name: str, value: str = DPW) -> None:
    """Give somebody a type."""
    desk.done("both", "POST", "/issuers/credentials", {"user_id": desk.ids[name], "credential_type": value})


def revoke(desk: Desk, name: str, value: str = DPW) -> None:
    """Take somebody's type away."""
    body = {"user_id": desk.ids[name], "credential_type": value, "reason": "Program ended."}
    desk.done("both", "DELETE", "/issuers/credentials", body)
