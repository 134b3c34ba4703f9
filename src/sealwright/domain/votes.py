"""Proposals and votes: who is counted, when a proposal closes, and how (contract, section 1.11)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sealwright.domain.recurrence import Recurrence
from sealwright.domain.workflow_plans import WorkflowPlan


class ProposalKind(StrEnum):
    """What is proposed."""

    WORKFLOW = "workflow"
    EDIT = "edit"
    DELETION = "deletion"


class ProposalStatus(StrEnum):
    """The state of a proposal; all but pending are final."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    EXPIRED = "expired"


class TargetType(StrEnum):
    """What a deletion takes away: one instance, or the series with all that follows."""

    WORKFLOW = "workflow"
    SERIES = "series"


class VoteDecision(StrEnum):
    """One voter's opinion."""

    APPROVE = "approve"
    DENY = "deny"


class Outcome(StrEnum):
    """How a proposal came to its end."""

    MAJORITY = "majority"
    COUNTDOWN = "countdown"
    NO_QUORUM = "no_quorum"
    FORCED = "forced"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class SeriesEdit:
    """What an edit proposal puts in place of the present; None leaves a member as it is."""

    plan: WorkflowPlan
    recurrence: Recurrence | None = None
    start_at: datetime | None = None
    recurrence_end_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """Something that is voted on.

    Args:
        expires_at: When it ends without a quorum.
        quorum_reached_at, finalize_at: Set once, when enough votes were cast; the countdown then runs on.
        counted: The votes as they counted when it was closed; kept, for who may vote changes later.
        forced_by, forced_reason: The admin who approved it without the voters, and why.
        version: Raised by each move, not by votes.
    """

    proposal_id: str
    kind: ProposalKind
    workflow_id: str
    series_id: str
    author_id: str
    created_at: datetime
    expires_at: datetime
    target_type: TargetType = TargetType.WORKFLOW
    reason: str | None = None
    edit: SeriesEdit | None = None
    status: ProposalStatus = ProposalStatus.PENDING
    quorum_reached_at: datetime | None = None
    finalize_at: datetime | None = None
    finalized_at: datetime | None = None
    outcome: Outcome | None = None
    counted: Tally | None = None
    forced_by: str | None = None
    forced_reason: str | None = None
    version: int = 1

    @property
    def due_at(self) -> datetime | None:
        """When the clock closes it; None once it is closed."""
        if self.status is not ProposalStatus.PENDING:
            return None
        return self.finalize_at if self.finalize_at is not None else self.expires_at


@dataclass(frozen=True, slots=True)
class Vote:
    """One voter's present opinion on a proposal."""

    proposal_id: str
    voter_id: str
    decision: VoteDecision
    cast_at: datetime
    comment: str | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """The votes that count, of `total_voters` who may cast one now."""

    approve: int
    deny: int
    total_voters: int

    @property
    def votes_cast(self) -> int:
        """How many count."""
        return self.approve + self.deny

    @property
    def quorum_threshold(self) -> int:
        """How many votes make a quorum: half of the voters, rounded up."""
        return (self.total_voters + 1) // 2

    @property
    def has_quorum(self) -> bool:
        """Tell whether enough have voted; without voters never."""
        return self.total_voters > 0 and self.votes_cast >= self.quorum_threshold

    @property
    def majority(self) -> VoteDecision | None:
        """The opinion of more than half of all voters, which decides at once."""
        needed = self.total_voters // 2 + 1
        if self.approve >= needed:
            return VoteDecision.APPROVE
        return VoteDecision.DENY if self.deny >= needed else None


def tally(votes: Collection[Vote], voters: Collection[str]) -> Tally:
    """Count the votes of those who may vote now; those of others do not count.

    Args:
        voters: Active accounts with the voter role, without the proposal's author.
    """
    entitled = frozenset(voters)
    counted = [vote.decision for vote in votes if vote.voter_id in entitled]
    return Tally(counted.count(VoteDecision.APPROVE), counted.count(VoteDecision.DENY), len(entitled))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a count means now: the proposal goes on (None), perhaps with a countdown, or it closes."""

    status: ProposalStatus | None = None
    outcome: Outcome | None = None
    starts_countdown: bool = False


def judge(proposal: Proposal, count: Tally, now: datetime) -> Verdict:
    """Tell what becomes of a pending proposal.

    A majority of all voters decides at once. A quorum starts the countdown, once; at its end more approvals than
    denials approve, everything else rejects, a tie too. Without a quorum it expires when its life is over.
    """
    if count.majority is not None:
        won = count.majority is VoteDecision.APPROVE
        return Verdict(ProposalStatus.APPROVED if won else ProposalStatus.REJECTED, Outcome.MAJORITY)
    if proposal.finalize_at is not None:
        if now < proposal.finalize_at:
            return Verdict()
        won = count.approve > count.deny
        return Verdict(ProposalStatus.APPROVED if won else ProposalStatus.REJECTED, Outcome.COUNTDOWN)
    if now >= proposal.expires_at:
        return Verdict(ProposalStatus.EXPIRED, Outcome.NO_QUORUM)
    return Verdict(starts_countdown=count.has_quorum)


def countdown_from(now: datetime, countdown: timedelta) -> datetime:
    """When a proposal whose quorum was reached now is counted."""
    return now + countdown
