"""Which workflows and proposals a voter, proposer or admin may read on pages: the desk of their role answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from sealwright.domain.errors import DomainError
from sealwright.domain.people import AccountRole
from sealwright.domain.work_errors import ProposalNotFound, WorkflowNotFound
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.web.panel.refusal_words import refusal_words

if TYPE_CHECKING:
    from sealwright.domain.people import Caller
    from sealwright.domain.votes import ProposalStatus
    from sealwright.domain.workflows import WorkflowStatus
    from sealwright.services.desk_ports import NumberedPage
    from sealwright.services.ports import UnitOfWork
    from sealwright.services.workflow_values import ProposalView, WorkflowView
    from sealwright.web.panel.page_call import PageCall

T = TypeVar("T")


def is_voter(page: PageCall) -> bool:
    """Tell whether the viewer votes."""
    return page.caller.has_role(AccountRole.VOTER)


def workflow_seen(page: PageCall, workflow_id: str) -> WorkflowView:
    """One workflow, with as much of it as the viewer may know.

    Raises:
        WorkflowNotFound: Missing, deleted, or hidden from the viewer.
    """
    office, caller = page.office, page.caller
    if caller.is_admin:
        return office.workflow_admin.one(caller, workflow_id)
    if caller.has_role(AccountRole.PROPOSER):
        try:
            return office.proposing.own_one(caller, workflow_id)
        except WorkflowNotFound:
            if not is_voter(page):
                raise
    return office.voting.one(caller, workflow_id)


def workflows_seen(
    page: PageCall, status: WorkflowStatus | None, number: int, count: int
) -> NumberedPage[WorkflowView]:
    """One page of the workflows in a state: all for voters and admins, their own for proposers."""
    office, caller = page.office, page.caller
    if caller.is_admin:
        return office.workflow_admin.list(caller, WorkflowFilter(status=status), number, count)
    if is_voter(page):
        return office.voting.list(caller, status, number, count)
    return office.proposing.own(caller, status, number, count)


def proposal_seen(page: PageCall, proposal_id: str) -> ProposalView:
    """One change or deletion.

    Raises:
        ProposalNotFound: Missing, or hidden from the viewer.
    """
    office, caller = page.office, page.caller
    if caller.is_admin:
        return office.workflow_admin.proposal(caller, proposal_id)
    if is_voter(page):
        try:
            return office.voting.proposal(caller, proposal_id)
        except ProposalNotFound:
            pass
    return office.proposing.own_proposal(caller, proposal_id)


def proposals_seen(
    page: PageCall, status: ProposalStatus | None, number: int, count: int
) -> NumberedPage[ProposalView]:
    """One page of changes and deletions in a state."""
    office, caller = page.office, page.caller
    if caller.is_admin:
        return office.workflow_admin.proposals(caller, status, number, count)
    if is_voter(page):
        return office.voting.proposals(caller, status, number, count)
    return office.proposing.own_proposals(caller, status, number, count)


def foreseen(page: PageCall, act: Callable[[UnitOfWork, Caller], T]) -> tuple[T | None, str]:
    """What an act would do, by doing it in a transaction that is given up; or why it cannot be done now."""
    try:
        with page.office.units() as uow:
            return act(uow, page.caller), ""
    except DomainError as error:
        return None, refusal_words(page.texts, error)
