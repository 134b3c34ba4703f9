"""The voters' desk: workflows, changes and deletions that wait for votes; and the clock that closes them."""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.deciding import free_text
from sealwright.domain.errors import DomainError, OfficeClosed, RoleRequired
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.votes import Proposal, ProposalKind, ProposalStatus, Verdict, Vote, VoteDecision, judge
from sealwright.domain.work_errors import ProposalClosed, ProposalNotFound, SelfVote, WorkflowNotFound
from sealwright.domain.workflows import Workflow, WorkflowStatus
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.intake import require_text
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.proposal_moves import ProposalMoves
from sealwright.services.proposal_views import (
    count_votes,
    proposal_page,
    proposal_views,
    voters_now,
    workflow_page,
    workflow_views,
)
from sealwright.services.proposing import CHANGES
from sealwright.services.workflow_moves import CLOCK_CALLER, WorkflowMoves
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.services.workflow_values import ProposalView, WorkflowView

_AT_A_TIME: Final = 200

_log = logging.getLogger(__name__)


class VotingDesk:
    """Votes, and what becomes of them. Nobody votes on their own proposal."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        moves: WorkflowMoves,
        notices: NoticeDesk,
        clock: Clock,
        countdown: timedelta,
    ) -> None:
        self._units = units
        self._clock = clock
        self._proposals = ProposalMoves(moves, notices, clock, countdown=countdown)
        # The registry epoch at which every pending proposal was judged last; voters change with it.
        self._judged_at: int | None = None

    def list(
        self, caller: Caller, status: WorkflowStatus | None = WorkflowStatus.PENDING, page: int = 1, count: int = 20
    ) -> NumberedPage[WorkflowView]:
        """Workflows by state, newest first; deleted ones are none. Raises RoleRequired."""
        _require_voter(caller)
        if status is WorkflowStatus.DELETED:
            return NumberedPage((), page, count, 0)
        with self._units(write=False) as uow:
            found = uow.workflows.list(WorkflowFilter(status=status), page=page, count=count)
            return workflow_page(uow, caller, found, with_holders=False)

    def one(self, caller: Caller, workflow_id: str) -> WorkflowView:
        """One workflow, with the votes by which its series came about. Raises RoleRequired, WorkflowNotFound."""
        _require_voter(caller)
        with self._units(write=False) as uow:
            return _shown(uow, caller, _present(uow, workflow_id))

    def proposals(
        self, caller: Caller, status: ProposalStatus | None = ProposalStatus.PENDING, page: int = 1, count: int = 20
    ) -> NumberedPage[ProposalView]:
        """Changes and deletions by state: pending ones oldest first, all else newest first. Raises RoleRequired."""
        _require_voter(caller)
        with self._units(write=False) as uow:
            found = uow.proposals.list(status=status, kinds=CHANGES, author_id=None, page=page, count=count)
            return proposal_page(uow, caller, found)

    def proposal(self, caller: Caller, proposal_id: str) -> ProposalView:
        """One change or deletion. Raises RoleRequired, ProposalNotFound."""
        _require_voter(caller)
        with self._units(write=False) as uow:
            return proposal_views(uow, caller, [_change(uow, proposal_id)])[0]

    def vote(
        self, uow: UnitOfWork, caller: Caller, workflow_id: str, decision: VoteDecision, comment: str | None = None
    ) -> WorkflowView:
        """Vote on a workflow, or change one's vote; the one that decides closes the proposal in the same act.

        Raises:
            RoleRequired: Not an approved voter; admins are none by that.
            WorkflowNotFound: Missing or deleted.
            SelfVote: The caller proposed it.
            ProposalClosed: It was decided, or its time is over.
            MalformedBody: The comment cannot be kept.
        """
        _require_voter(caller)
        founding = _founding(uow, _present(uow, workflow_id))
        self._cast(uow, caller, founding.proposal_id, decision, comment)
        return _shown(uow, caller, _present(uow, workflow_id))

    def vote_on(
        self,
        uow: UnitOfWork,
        caller: Caller,
        proposal_id: str,
        decision: VoteDecision,
        comment: str | None = None,
        *,
        kind: ProposalKind | None = None,
    ) -> ProposalView:
        """Vote on a change or deletion; `kind` None takes either. Raises ProposalNotFound, and as `vote`."""
        _require_voter(caller)
        _change(uow, proposal_id, kind)
        self._cast(uow, caller, proposal_id, decision, comment)
        return proposal_views(uow, caller, [_change(uow, proposal_id, kind)])[0]

    def force(self, uow: UnitOfWork, caller: Caller, workflow_id: str, reason: str) -> WorkflowView:
        """Approve a pending workflow without the voters, as admin; one's own too, and the trail says so.

        Raises:
            RoleRequired: Not an admin.
            MissingMember: Without a reason.
            WorkflowNotFound: Missing or deleted.
            ProposalClosed: It was decided, or its time is over.
        """
        caller.require_admin()
        founding = _founding(uow, _present(uow, workflow_id))
        self._force(uow, caller, founding.proposal_id, reason)
        return _shown(uow, caller, _present(uow, workflow_id))

    def force_proposal(
        self, uow: UnitOfWork, caller: Caller, proposal_id: str, reason: str, kind: ProposalKind | None = None
    ) -> ProposalView:
        """Approve a change or deletion without the voters. Raises ProposalNotFound, and as `force`."""
        caller.require_admin()
        _change(uow, proposal_id, kind)
        self._force(uow, caller, proposal_id, reason)
        return proposal_views(uow, caller, [_change(uow, proposal_id, kind)])[0]

    def close_due(self) -> int:
        """Close what the clock ends, and what voters who came or went have decided; gives how many were closed.

        Each in a transaction of its own; any number of servers may do so at once.
        """
        closed = self._close_overdue()
        with self._units(write=False) as uow:
            epoch = uow.office.epoch()
        if epoch != self._judged_at:
            closed += self._judge_all()
            self._judged_at = epoch
        return closed

    # -- parts -------------------------------------------------------------------------------------

    def _cast(
        self,
        uow: UnitOfWork,
        caller: Caller,
        proposal_id: str,
        decision: VoteDecision,
        comment: str | None,
    ) -> None:
        words = free_text(comment, "/comment")
        ballot = self._proposals.lock(uow, proposal_id)
        if ballot.proposal.author_id == caller.user_id:
            raise SelfVote("You proposed this, so you do not vote.")
        self._require_open(ballot.proposal)
        own = next((vote for vote in uow.proposals.votes(proposal_id) if vote.voter_id == caller.user_id), None)
        if own is not None and (own.decision, own.comment) == (decision, words):
            return
        uow.proposals.put_vote(Vote(proposal_id, caller.user_id, decision, self._clock.now(), words))
        before = {"decision": own.decision.value} if own is not None else None
        after = {"decision": decision.value}
        self._proposals.record(uow, caller, "proposal.voted", ballot.proposal, before=before, after=after)
        self._proposals.settle(uow, caller, ballot)

    def _force(self, uow: UnitOfWork, caller: Caller, proposal_id: str, reason: str) -> None:
        why = require_text(reason, "/reason")
        ballot = self._proposals.lock(uow, proposal_id)
        self._require_open(ballot.proposal)
        self._proposals.force(uow, caller, ballot, why)

    def _require_open(self, proposal: Proposal) -> None:
        if self._proposals.is_over(proposal):
            raise ProposalClosed("This proposal is closed.")

    def _close_overdue(self) -> int:
        closed = 0
        while True:
            with self._units(write=False) as uow:
                due = uow.proposals.due(self._clock.now(), _AT_A_TIME)
            ended = sum(self._settle(proposal_id) for proposal_id in due)
            closed += ended
            if ended < _AT_A_TIME:
                return closed

    def _judge_all(self) -> int:
        closed, after = 0, ""
        while found := self._to_judge(after):
            after = found[-1][0]
            closed += sum(self._settle(proposal_id) for proposal_id, verdict in found if verdict != Verdict())
        return closed

    def _to_judge(self, after: str) -> tuple[tuple[str, Verdict], ...]:
        """Pending proposals behind an id, with what their votes mean now; read only, for most mean nothing new."""
        now = self._clock.now()
        with self._units(write=False) as uow:
            ids = uow.proposals.pending(after=after, limit=_AT_A_TIME)
            known = uow.proposals.get_many(ids) if ids else {}
            cast = uow.proposals.votes_of_many(ids) if ids else {}
            voters = voters_now(uow) if ids else frozenset[str]()
        return tuple((one, _verdict(known[one], cast.get(one, ()), voters, now)) for one in ids)

    def _settle(self, proposal_id: str) -> int:
        try:
            with self._units() as uow:
                # Nobody becomes or ceases to be a voter while the votes are counted.
                uow.office.epoch(shared_lock=True)
                ballot = self._proposals.lock(uow, proposal_id)
                if ballot.proposal.status is not ProposalStatus.PENDING:
                    return 0
                is_closed = self._proposals.settle(uow, CLOCK_CALLER, ballot)
                uow.commit()
        except OfficeClosed:
            raise
        except DomainError as error:
            # One proposal that cannot be closed must not stand in the way of all behind it.
            _log.warning("The clock left proposal %s alone: %s", proposal_id, error.detail)
            return 0
        return int(is_closed)


def _require_voter(caller: Caller) -> None:
    """Refuse everybody without the voter role, admins too. Raises RoleRequired, AccountInactive."""
    person = caller.require_person()
    if person is None or not caller.has_role(AccountRole.VOTER):
        raise RoleRequired("This act needs the voter role.")


def _present(uow: UnitOfWork, workflow_id: str) -> Workflow:
    workflow = uow.workflows.get(workflow_id)
    if workflow is None or workflow.status is WorkflowStatus.DELETED:
        raise WorkflowNotFound("No such workflow.")
    return workflow


def _founding(uow: UnitOfWork, workflow: Workflow) -> Proposal:
    founding = uow.proposals.founding([workflow.series_id]).get(workflow.series_id)
    if founding is None:
        raise WorkflowNotFound("No such workflow.")
    return founding


def _change(uow: UnitOfWork, proposal_id: str, kind: ProposalKind | None = None) -> Proposal:
    proposal = uow.proposals.get(proposal_id)
    if proposal is None or proposal.kind not in (CHANGES if kind is None else {kind}):
        raise ProposalNotFound("No such proposal.")
    return proposal


def _shown(uow: UnitOfWork, caller: Caller, workflow: Workflow) -> WorkflowView:
    return workflow_views(uow, caller, [workflow], with_holders=caller.is_admin)[0]


def _verdict(proposal: Proposal, votes: Collection[Vote], voters: Collection[str], now: datetime) -> Verdict:
    return judge(proposal, count_votes(proposal, votes, voters), now)
