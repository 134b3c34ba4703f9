"""How votes stand, in words: the count, what is still needed, when it ends, and how it came to its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sealwright.domain.people import AccountRole
from sealwright.domain.votes import Outcome, ProposalStatus, VoteDecision
from sealwright.locales import N_

if TYPE_CHECKING:
    from datetime import datetime

    from sealwright.services.workflow_values import VotesView
    from sealwright.web.panel.page_call import PageCall

OUTCOME_WORDS: Final = {
    Outcome.MAJORITY: N_("More than half of all voters were of one opinion."),
    Outcome.COUNTDOWN: N_("The votes were counted when the countdown was over; a tie rejects."),
    Outcome.NO_QUORUM: N_("Too few voted in time."),
    Outcome.FORCED: N_("An admin approved it without the voters."),
    Outcome.WITHDRAWN: N_("The proposer took it back."),
}
DECISION_WORDS: Final = {VoteDecision.APPROVE: N_("For"), VoteDecision.DENY: N_("Against")}
OWN: Final = N_("You proposed this, so you do not vote.")


@dataclass(frozen=True, slots=True)
class CastVote:
    """One vote as it is shown."""

    name: str
    word: str
    is_for: bool
    at: datetime
    comment: str | None


@dataclass(frozen=True, slots=True)
class Votes:
    """The votes of a proposal.

    Args:
        quorum: Such as "3 of 5 needed".
        result: How it came to its end; empty while it is pending.
        mine: What the viewer voted; empty if they did not.
        cannot_vote: Why the viewer does not vote; empty where they may.
    """

    badge: str
    approve: int
    deny: int
    cast: int
    total: int
    quorum: str
    is_pending: bool
    finalize_at: datetime | None
    expires_at: datetime
    closed_at: datetime | None
    result: str
    forced_reason: str | None
    forced_by: str | None
    mine: str
    mine_value: str
    cannot_vote: str
    each: tuple[CastVote, ...]


def votes_of(page: PageCall, view: VotesView, names: Mapping[str, str]) -> Votes:
    """How a proposal stands for the viewer."""
    proposal, count = view.proposal, view.tally
    is_pending = proposal.status is ProposalStatus.PENDING
    nameless = page._("Somebody")
    return Votes(
        badge=f"workflow_{proposal.status.value}",
        approve=count.approve,
        deny=count.deny,
        cast=count.votes_cast,
        total=count.total_voters,
        quorum=page._("%(cast)s of %(needed)s needed", cast=count.votes_cast, needed=count.quorum_threshold),
        is_pending=is_pending,
        finalize_at=proposal.finalize_at if is_pending else None,
        expires_at=proposal.expires_at,
        closed_at=proposal.finalized_at,
        result=page._(OUTCOME_WORDS[proposal.outcome]) if proposal.outcome is not None else "",
        forced_reason=proposal.forced_reason,
        forced_by=names.get(proposal.forced_by or ""),
        mine=page._(DECISION_WORDS[view.my_decision]) if view.my_decision is not None else "",
        mine_value=view.my_decision.value if view.my_decision is not None else "",
        cannot_vote=_refusal(page, view) if is_pending else "",
        each=tuple(
            CastVote(
                names.get(vote.voter_id, nameless),
                page._(DECISION_WORDS[vote.decision]),
                vote.decision is VoteDecision.APPROVE,
                vote.cast_at,
                vote.comment,
            )
            for vote in sorted(view.votes, key=lambda vote: (vote.cast_at, vote.voter_id))
        ),
    )


def _refusal(page: PageCall, view: VotesView) -> str:
    if view.proposal.author_id == page.person.user_id:
        return page._(OWN)
    if not page.caller.has_role(AccountRole.VOTER):
        return page._("Voting needs the account role Voter.")
    return ""
