"""What the desks of workflows take and give."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sealwright.domain.payouts import Payout
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.votes import Proposal, Tally, Vote, VoteDecision
from sealwright.domain.workflow_plans import WorkflowPlan
from sealwright.domain.workflows import StepClaim, Workflow, WorkflowStep


@dataclass(frozen=True, slots=True)
class NewWorkflow:
    """A workflow as it is proposed; `start_at` None means now."""

    plan: WorkflowPlan
    recurrence: Recurrence = Recurrence.ONE_TIME
    start_at: datetime | None = None
    recurrence_end_at: datetime | None = None
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class VotesView:
    """How a proposal stands: counted now while it is pending, and as it was counted once it is closed."""

    proposal: Proposal
    tally: Tally
    my_decision: VoteDecision | None = None
    votes: tuple[Vote, ...] = ()


@dataclass(frozen=True, slots=True)
class WorkflowView:
    """An instance as somebody may see it.

    Args:
        votes: By which its series came about.
        names: Display names of the people who stand in it, by user id.
        payouts: Its obligations, for those who may see them.
        claims: Who took what, ever; for the proposer and admins.
    """

    workflow: Workflow
    votes: VotesView | None = None
    names: Mapping[str, str] = field(default_factory=dict)
    payouts: tuple[Payout, ...] = ()
    claims: tuple[StepClaim, ...] = ()


@dataclass(frozen=True, slots=True)
class ProposalView:
    """An edit or deletion proposal with its votes and the instance it was made on.

    Args:
        names: Display names of its author and of those who decided, by user id.
    """

    votes: VotesView
    workflow: Workflow
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """One workflow of a feed: what the person holds of it, and what they may claim."""

    view: WorkflowView
    assigned_steps: tuple[WorkflowStep, ...]
    claimable_steps: tuple[WorkflowStep, ...]


@dataclass(frozen=True, slots=True)
class FeedView:
    """One page of a feed, the first one being 1.

    Args:
        active_credentials: The types of which the person holds an active grant, sorted.
        would_open: Public credential types that would open more, with the number of workflows.
    """

    active_credentials: tuple[str, ...]
    entries: tuple[FeedEntry, ...]
    total: int
    page: int
    count: int
    would_open: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClaimMade:
    """What a claim took."""

    workflow: Workflow
    claim: StepClaim
    steps: tuple[WorkflowStep, ...]
    series_orders: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class AccessQuestion:
    """May this person do this? Either types or a step is asked about.

    Args:
        user_id, did: Exactly one of them.
        credential_types: Types that must all be held.
        workflow_id, step_id: A step; the workflow may be left out.
    """

    user_id: str | None = None
    did: str | None = None
    credential_types: tuple[str, ...] = ()
    workflow_id: str | None = None
    step_id: str | None = None


@dataclass(frozen=True, slots=True)
class AccessAnswer:
    """The answer, explained.

    Args:
        satisfied_by: Grant ids, in the order of their types.
        code: The wire code that a claim would be refused with; None where it is allowed.
    """

    allowed: bool
    missing: tuple[str, ...]
    satisfied_by: tuple[str, ...]
    decided_at: datetime
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Released:
    """What unclaiming gave back: steps released, and steps that stay because they are begun or done."""

    series_id: str
    released_count: int
    skipped_count: int
    step_order: int | None = None


@dataclass(frozen=True, slots=True)
class Claimant:
    """Somebody who wants a series' steps in every instance."""

    user_id: str
    display_name: str
    step_orders: tuple[int, ...]
    claimed_at: datetime
    qualifies: bool
