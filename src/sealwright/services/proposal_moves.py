"""Proposals from their opening to their end: who is told, how votes are judged, and what an approval carries out.

Whoever calls it has entered a writing unit of work, under the registry epoch: the voters who are counted are those of
that epoch. A proposal's series and instance are locked before it, as everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.recurrence import Schedule
from sealwright.domain.series import Series, SeriesState
from sealwright.domain.votes import (
    Outcome,
    Proposal,
    ProposalKind,
    ProposalStatus,
    SeriesEdit,
    Tally,
    TargetType,
    countdown_from,
    judge,
)
from sealwright.domain.work_errors import ProposalNotFound
from sealwright.domain.workflows import Workflow, WorkflowStatus
from sealwright.domain.working import Event
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.proposal_views import count_votes, voters_now
from sealwright.services.workflow_moves import Held, WorkflowMoves

# More instances than any series has: one a day for a hundred years.
_ALL: Final = 40_000
_AT_A_TIME: Final = 500
# Nothing is taken away from these any more.
_OUT_OF_REACH: Final = frozenset({WorkflowStatus.PAID_OUT, WorkflowStatus.DELETED})
# Of these a deleted series leaves the work that was done.
_STAYS: Final = _OUT_OF_REACH | {WorkflowStatus.COMPLETED}


@dataclass(frozen=True, slots=True)
class Ballot:
    """A proposal with the series and the instance that it is about, all locked."""

    held: Held
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class _Ending:
    """How a proposal ends."""

    status: ProposalStatus
    outcome: Outcome
    count: Tally


class ProposalMoves:
    """Opens, judges and closes proposals; desks decide who may ask for it."""

    def __init__(self, moves: WorkflowMoves, notices: NoticeDesk, clock: Clock, *, countdown: timedelta) -> None:
        self._moves = moves
        self._notices = notices
        self._clock = clock
        self._countdown = countdown

    def open(self, uow: UnitOfWork, caller: Caller, proposal: Proposal, title: str) -> None:
        """Put a proposal before the voters. Raises ProposalPendingExists."""
        uow.proposals.add(proposal)
        status = {"status": proposal.status.value}
        self.record(uow, caller, "proposal.created", proposal, after=status)
        told = sorted(voters_now(uow) - {proposal.author_id})
        self._notices.tell(uow, NoticeKind.VOTE_OPEN, told, _words(proposal, title))

    @staticmethod
    def lock(uow: UnitOfWork, proposal_id: str) -> Ballot:
        """Lock a proposal behind its series and instance, whatever their states. Raises ProposalNotFound."""
        seen = uow.proposals.get(proposal_id)
        series = uow.series.get_for_update(seen.series_id) if seen is not None else None
        workflow = uow.workflows.get_for_update(seen.workflow_id) if seen is not None else None
        proposal = uow.proposals.get_for_update(proposal_id)
        if series is None or workflow is None or proposal is None:
            raise ProposalNotFound("No such proposal.")
        return Ballot(Held(series, workflow), proposal)

    def is_over(self, proposal: Proposal) -> bool:
        """Tell whether no vote is taken any more: it is closed, or its time has come, recorded or not."""
        due_at = proposal.due_at
        return due_at is None or due_at <= self._clock.now()

    def settle(self, uow: UnitOfWork, caller: Caller, ballot: Ballot) -> bool:
        """Judge a pending proposal by the votes and voters of now; gives whether it is closed."""
        proposal = ballot.proposal
        if proposal.status is not ProposalStatus.PENDING:
            return True
        count = self._count(uow, proposal)
        if _is_moot(ballot):
            self._close(uow, caller, ballot, _Ending(ProposalStatus.EXPIRED, Outcome.WITHDRAWN, count))
            return True
        verdict = judge(proposal, count, self._clock.now())
        if verdict.status is not None and verdict.outcome is not None:
            self._close(uow, caller, ballot, _Ending(verdict.status, verdict.outcome, count))
            return True
        if verdict.starts_countdown:
            reached = self._with_quorum(uow, caller, proposal, count)
            finalize_at = countdown_from(self._clock.now(), self._countdown)
            uow.proposals.update(replace(reached, finalize_at=finalize_at, version=proposal.version + 1))
        return False

    def force(self, uow: UnitOfWork, caller: Caller, ballot: Ballot, reason: str) -> None:
        """Approve a pending proposal without the voters."""
        proposal = replace(ballot.proposal, forced_by=caller.user_id, forced_reason=reason)
        own = proposal.author_id == caller.user_id
        self.record(uow, caller, "proposal.force_approved", proposal, data={"ownProposal": own})
        ending = _Ending(ProposalStatus.APPROVED, Outcome.FORCED, self._count(uow, proposal))
        self._close(uow, caller, replace(ballot, proposal=proposal), ending)

    def take_back(self, uow: UnitOfWork, caller: Caller, held: Held, *, follow: bool) -> None:
        """Delete one instance, and the proposals that have nothing left to change. Raises StateConflict."""
        if held.workflow.status is WorkflowStatus.PENDING:
            held = replace(held, series=end_series(uow, held.series))
        self._moves.close(uow, caller, held, WorkflowStatus.DELETED, follow=follow)
        self._close_moot(uow, caller, held.series.series_id)

    def record(
        self,
        uow: UnitOfWork,
        caller: Caller,
        kind: str,
        proposal: Proposal,
        *,
        before: Mapping[str, object] | None = None,
        after: Mapping[str, object] | None = None,
        data: Mapping[str, object] | None = None,
    ) -> None:
        """Put something that befell a proposal on record."""
        named = {
            "kind": proposal.kind.value,
            "workflowId": proposal.workflow_id,
            "seriesId": proposal.series_id,
            "targetType": proposal.target_type.value,
            **(data or {}),
        }
        event = Event(kind, "proposal", proposal.proposal_id, before=before, after=after, data=named)
        self._moves.record(uow, caller, [event])

    # -- parts -------------------------------------------------------------------------------------

    @staticmethod
    def _count(uow: UnitOfWork, proposal: Proposal) -> Tally:
        return count_votes(proposal, uow.proposals.votes(proposal.proposal_id), voters_now(uow))

    def _with_quorum(self, uow: UnitOfWork, caller: Caller, proposal: Proposal, count: Tally) -> Proposal:
        """A proposal whose quorum was reached now; put on record, and not kept yet."""
        self.record(uow, caller, "proposal.quorum_reached", proposal, data=_figures(count))
        return replace(proposal, quorum_reached_at=self._clock.now())

    def _close(self, uow: UnitOfWork, caller: Caller, ballot: Ballot, ending: _Ending) -> None:
        proposal = ballot.proposal
        if ending.outcome is Outcome.MAJORITY and proposal.quorum_reached_at is None:
            proposal = self._with_quorum(uow, caller, proposal, ending.count)
        closed = self._put_closed(uow, caller, proposal, ending)
        self._carry_out(uow, caller, ballot.held, closed)
        self._tell_closed(uow, caller, closed, ballot.held.workflow)

    def _tell_closed(self, uow: UnitOfWork, caller: Caller, closed: Proposal, workflow: Workflow) -> None:
        told = [closed.author_id]
        if closed.kind is ProposalKind.DELETION and closed.status is ProposalStatus.APPROVED:
            told.append(workflow.proposer_id)
        outcome = closed.outcome.value if closed.outcome is not None else ""
        words = _words(closed, workflow.title) | {"state": closed.status.value, "outcome": outcome}
        # Nobody is told of what they did themselves.
        recipients = [user_id for user_id in told if user_id != caller.user_id]
        self._notices.tell(uow, NoticeKind.VOTE_CLOSED, recipients, words)

    def _put_closed(self, uow: UnitOfWork, caller: Caller, proposal: Proposal, ending: _Ending) -> Proposal:
        closed = replace(
            proposal,
            status=ending.status,
            outcome=ending.outcome,
            counted=ending.count,
            finalized_at=self._clock.now(),
            version=proposal.version + 1,
        )
        uow.proposals.update(closed)
        before, after = {"status": proposal.status.value}, {"status": closed.status.value}
        data = {"outcome": ending.outcome.value, **_figures(ending.count)}
        self.record(uow, caller, "proposal.closed", closed, before=before, after=after, data=data)
        return closed

    def _carry_out(self, uow: UnitOfWork, caller: Caller, held: Held, closed: Proposal) -> None:
        is_approved = closed.status is ProposalStatus.APPROVED
        if closed.kind is ProposalKind.WORKFLOW:
            self._begin_or_end(uow, caller, held, closed.status)
        elif is_approved and closed.kind is ProposalKind.EDIT and closed.edit is not None:
            uow.series.update(_edited(held.series, closed.edit, _newest(uow, held.series)))
        elif is_approved and closed.target_type is TargetType.WORKFLOW:
            self.take_back(uow, caller, held, follow=True)
        elif is_approved:
            self._delete_all(uow, caller, held.series)

    def _begin_or_end(self, uow: UnitOfWork, caller: Caller, held: Held, status: ProposalStatus) -> None:
        if held.workflow.status is not WorkflowStatus.PENDING:
            return
        if status is ProposalStatus.APPROVED:
            self._moves.approve(uow, caller, held.workflow)
            return
        rejected = status is ProposalStatus.REJECTED
        self._moves.close(uow, caller, held, WorkflowStatus.REJECTED if rejected else WorkflowStatus.EXPIRED)
        end_series(uow, held.series)

    def _delete_all(self, uow: UnitOfWork, caller: Caller, series: Series) -> None:
        ended = end_series(uow, series)
        self._end_claims(uow, caller, ended)
        ids = [one.workflow_id for one in uow.workflows.of_series(series.series_id, limit=_ALL)]
        for workflow in uow.workflows.get_many_for_update(sorted(ids)).values():
            if workflow.status not in _STAYS:
                self._moves.close(uow, caller, Held(ended, workflow), WorkflowStatus.DELETED, follow=False)
        self._close_moot(uow, caller, series.series_id)

    def _end_claims(self, uow: UnitOfWork, caller: Caller, series: Series) -> None:
        for user_id in sorted({claim.user_id for claim in uow.series.claims(series.series_id)}):
            gone = uow.series.delete_claims(series.series_id, user_id, None)
            data = {"userId": user_id, "stepOrders": sorted(claim.step_order for claim in gone), "cause": "closed"}
            self._moves.record(uow, caller, [Event("series.released", "series", series.series_id, data=data)])

    def _close_moot(self, uow: UnitOfWork, caller: Caller, series_id: str) -> None:
        """Close what waits for votes on a locked series and could change nothing any more."""
        for proposal in _pending_of(uow, series_id):
            ballot = self.lock(uow, proposal.proposal_id)
            if _is_moot(ballot):
                count = self._count(uow, ballot.proposal)
                ending = _Ending(ProposalStatus.EXPIRED, Outcome.WITHDRAWN, count)
                closed = self._put_closed(uow, caller, ballot.proposal, ending)
                self._tell_closed(uow, caller, closed, ballot.held.workflow)


def end_series(uow: UnitOfWork, series: Series) -> Series:
    """Let no further instance of a locked series follow; gives it as it is kept."""
    if series.state is SeriesState.ENDED:
        return series
    ended = replace(series, state=SeriesState.ENDED, version=series.version + 1)
    uow.series.update(ended)
    return ended


def _is_moot(ballot: Ballot) -> bool:
    """Tell whether an approval could change nothing any more: something else came first."""
    held, proposal = ballot.held, ballot.proposal
    if proposal.kind is ProposalKind.WORKFLOW:
        return held.workflow.status is not WorkflowStatus.PENDING
    if proposal.kind is ProposalKind.EDIT:
        return held.series.state is SeriesState.ENDED
    return proposal.target_type is TargetType.WORKFLOW and held.workflow.status in _OUT_OF_REACH


def _newest(uow: UnitOfWork, series: Series) -> Workflow:
    return uow.workflows.of_series(series.series_id, limit=1)[0]


def _edited(series: Series, edit: SeriesEdit, newest: Workflow) -> Series:
    """A series as an edit leaves it: present instances stay as they are, later ones follow the new plan."""
    old = series.schedule
    recurrence = edit.recurrence or old.recurrence
    # The old anchor remembers the day of the month that a short month has hidden.
    anchor_at = old.anchor_at if recurrence is old.recurrence else newest.start_at
    anchor_at = edit.start_at if edit.start_at is not None else anchor_at
    until = edit.recurrence_end_at if edit.recurrence_end_at is not None else old.until
    changed = replace(series, plan=edit.plan, version=series.version + 1)
    if until is not None and until < anchor_at:
        # The end has passed while it was voted on: nothing follows.
        return replace(changed, state=SeriesState.ENDED)
    return replace(changed, schedule=Schedule(recurrence, anchor_at, until, old.time_zone))


def _pending_of(uow: UnitOfWork, series_id: str) -> list[Proposal]:
    found: list[Proposal] = []
    after = ""
    while ids := uow.proposals.pending(after=after, limit=_AT_A_TIME):
        after = ids[-1]
        known = uow.proposals.get_many(ids)
        found += [known[one] for one in ids if one in known and known[one].series_id == series_id]
    return found


def _figures(count: Tally) -> dict[str, object]:
    return {"approve": count.approve, "deny": count.deny, "totalVoters": count.total_voters}


def _words(proposal: Proposal, title: str) -> dict[str, str]:
    return {
        "workflow_id": proposal.workflow_id,
        "proposal_id": proposal.proposal_id,
        "kind": proposal.kind.value,
        "target_type": proposal.target_type.value,
        "title": title,
    }
