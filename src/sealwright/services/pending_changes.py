"""Changes and deletions of a workflow that wait for votes, for those who may read them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sealwright.domain.people import AccountRole
from sealwright.domain.votes import ProposalKind, ProposalStatus
from sealwright.services.proposal_views import proposal_views

if TYPE_CHECKING:
    from sealwright.domain.people import Caller
    from sealwright.domain.workflows import Workflow
    from sealwright.services.ports import UnitOfWork
    from sealwright.services.workflow_values import ProposalView


def changes_under_vote(uow: UnitOfWork, caller: Caller, workflow: Workflow) -> tuple[ProposalView, ...]:
    """What is proposed of an instance and not decided: all for voters and admins, their own for everybody else."""
    newest = (
        uow.proposals.of_workflow(workflow.workflow_id, kind) for kind in (ProposalKind.EDIT, ProposalKind.DELETION)
    )
    reads_all = caller.is_admin or caller.has_role(AccountRole.VOTER)
    readable = [
        one
        for one in newest
        if one is not None and one.status is ProposalStatus.PENDING and (reads_all or one.author_id == caller.user_id)
    ]
    return proposal_views(uow, caller, readable)
