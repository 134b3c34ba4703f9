"""Proposers and voters in a furnished office, and their acts in one line."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Final

import pytest

from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.series import Series
from sealwright.domain.votes import Proposal, ProposalKind, SeriesEdit, TargetType, VoteDecision
from sealwright.domain.workflow_plans import WorkflowPlan
from sealwright.domain.workflows import Workflow
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_values import NewWorkflow, ProposalView, VotesView, WorkflowView
from tests.support.desk import act, join
from tests.support.office import the_operator
from tests.support.work import STREET_REPAIR

PROPOSER, VOTER = AccountRole.PROPOSER, AccountRole.VOTER
APPROVE, DENY = VoteDecision.APPROVE, VoteDecision.DENY
REASON: Final = "because it is so"


def proposer(office: Office, name: str = "pia", *more: AccountRole) -> Caller:
    """An approved proposer."""
    return join(office, name, PROPOSER, *more)


def voters(office: Office, count: int, first: int = 1) -> list[Caller]:
    """So many approved voters."""
    return [join(office, f"voter{number}", VOTER) for number in range(first, first + count)]


def leave(office: Office, *people: Caller) -> None:
    """Deactivate accounts."""
    for person in people:
        act(office, the_operator(office), partial(_deactivate, office, person.user_id))


def _deactivate(office: Office, user_id: str, uow: UnitOfWork, me: Caller) -> None:
    office.people.deactivate(uow, me, user_id)


def put_forward(office: Office, caller: Caller, plan: WorkflowPlan = STREET_REPAIR, **more: Any) -> Workflow:
    """Propose a workflow."""
    wish = NewWorkflow(plan, **more)
    return act(office, caller, lambda uow, me: office.proposing.propose(uow, me, wish), registry=False).workflow


def vote(
    office: Office, caller: Caller, workflow: Workflow, decision: VoteDecision, comment: str | None = None
) -> VotesView:
    """Vote on a workflow; gives how it stands then."""
    view = act(
        office,
        caller,
        lambda uow, me: office.voting.vote(uow, me, workflow.workflow_id, decision, comment),
        registry=False,
    )
    assert view.votes is not None
    return view.votes


def vote_on(office: Office, caller: Caller, proposal: ProposalView, decision: VoteDecision) -> VotesView:
    """Vote on a change or deletion."""
    proposal_id = proposal.votes.proposal.proposal_id
    view = act(office, caller, lambda uow, me: office.voting.vote_on(uow, me, proposal_id, decision), registry=False)
    return view.votes


def force(office: Office, caller: Caller, workflow: Workflow, reason: str = REASON) -> WorkflowView:
    """Approve a workflow without the voters."""
    return act(
        office, caller, lambda uow, me: office.voting.force(uow, me, workflow.workflow_id, reason), registry=False
    )


def force_change(
    office: Office, caller: Caller, proposal: ProposalView, kind: ProposalKind | None = None, reason: str = REASON
) -> ProposalView:
    """Approve a change or deletion without the voters."""
    proposal_id = proposal.votes.proposal.proposal_id
    return act(
        office, caller, lambda uow, me: office.voting.force_proposal(uow, me, proposal_id, reason, kind), registry=False
    )


def edit(
    office: Office,
    caller: Caller,
    workflow: Workflow,
    plan: WorkflowPlan | None = None,
    *,
    reason: str = REASON,
    **more: Any,
) -> ProposalView:
    """Propose a change of a series; by default of its title."""
    wish = SeriesEdit(plan or replace(STREET_REPAIR, title="Street Repair, winter"), **more)
    return act(
        office,
        caller,
        lambda uow, me: office.proposing.propose_edit(uow, me, workflow.workflow_id, wish, reason),
        registry=False,
    )


def deletion(
    office: Office,
    caller: Caller,
    workflow: Workflow,
    target: TargetType = TargetType.WORKFLOW,
    *,
    reason: str = REASON,
) -> ProposalView:
    """Propose a deletion."""
    return act(
        office,
        caller,
        lambda uow, me: office.proposing.propose_deletion(uow, me, workflow.workflow_id, target, reason),
        registry=False,
    )


def withdraw(office: Office, caller: Caller, workflow: Workflow) -> None:
    """Take one's own workflow back."""
    act(office, caller, lambda uow, me: office.proposing.withdraw(uow, me, workflow.workflow_id), registry=False)


def fail(office: Office, admin: Caller, workflow: Workflow) -> Workflow:
    """End an open workflow as admin."""
    return act(
        office,
        admin,
        lambda uow, me: office.workflow_admin.fail(uow, me, workflow.workflow_id, "flooded"),
        registry=False,
    ).workflow


def faults_of(refused: pytest.ExceptionInfo[Any]) -> list[str]:
    """The places that a refusal names."""
    return [fault.pointer for fault in refused.value.faults]


def opened(office: Office, caller: Caller, admin: Caller, plan: WorkflowPlan = STREET_REPAIR, **more: Any) -> Workflow:
    """A workflow that was proposed and forced through."""
    return force(office, admin, put_forward(office, caller, plan, **more)).workflow


def weekly(office: Office, caller: Caller, admin: Caller, start_at: datetime | None = None) -> Workflow:
    """A weekly series that stands open."""
    return opened(office, caller, admin, recurrence=Recurrence.WEEKLY, start_at=start_at)


def stored(office: Office, workflow: Workflow) -> Workflow:
    """An instance as it lies in the store."""
    with office.units(write=False) as uow:
        found = uow.workflows.get(workflow.workflow_id)
    assert found is not None
    return found


def founding(office: Office, workflow: Workflow) -> Proposal:
    """The proposal by which a series came about, as it lies in the store."""
    with office.units(write=False) as uow:
        return uow.proposals.founding([workflow.series_id])[workflow.series_id]


def stored_proposal(office: Office, view: ProposalView) -> Proposal:
    """A proposal as it lies in the store."""
    with office.units(write=False) as uow:
        found = uow.proposals.get(view.votes.proposal.proposal_id)
    assert found is not None
    return found


def stored_series(office: Office, workflow: Workflow) -> Series:
    """A series as it lies in the store."""
    with office.units(write=False) as uow:
        found = uow.series.get(workflow.series_id)
    assert found is not None
    return found


def instances(office: Office, workflow: Workflow) -> list[Workflow]:
    """The instances of a series, newest first."""
    with office.units(write=False) as uow:
        return list(uow.workflows.of_series(workflow.series_id, limit=100))


def told(office: Office, caller: Caller, kind: NoticeKind) -> list[dict[str, str]]:
    """What somebody was told of a kind, newest first."""
    inbox = office.notices.inbox(caller, page=1, count=100)
    return [dict(notice.data) for notice in inbox.items if notice.kind is kind]
