"""Workflows and proposals as proposers, voters and admins see them: with the votes, and with names."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.submissions import without_submissions
from sealwright.domain.votes import Proposal, Tally, Vote, tally
from sealwright.domain.workflows import Workflow
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_values import ProposalView, VotesView, WorkflowView


def voters_now(uow: UnitOfWork) -> frozenset[str]:
    """Who may vote: active accounts with the voter role."""
    return frozenset(person.user_id for person in uow.people.with_role(AccountRole.VOTER.value))


def count_votes(proposal: Proposal, votes: Collection[Vote], voters: Collection[str]) -> Tally:
    """The votes that count: as they were counted at the end, or now, without the author's."""
    if proposal.counted is not None:
        return proposal.counted
    return tally(votes, frozenset(voters) - {proposal.author_id})


def votes_views(
    uow: UnitOfWork, caller: Caller, proposals: Iterable[Proposal], *, with_votes: bool = True
) -> dict[str, VotesView]:
    """How proposals stand, by proposal id.

    Args:
        with_votes: With each vote and its comment, for those who decide and those whose proposal it is.
    """
    shown = tuple(proposals)
    if not shown:
        return {}
    # Closed ones were counted for good.
    voters = voters_now(uow) if any(one.counted is None for one in shown) else frozenset[str]()
    cast = uow.proposals.votes_of_many([proposal.proposal_id for proposal in shown])
    return {
        proposal.proposal_id: _votes_view(
            caller, proposal, cast.get(proposal.proposal_id, ()), voters, with_votes=with_votes
        )
        for proposal in shown
    }


def founding_votes(
    uow: UnitOfWork, caller: Caller, series_ids: Iterable[str], *, with_votes: bool = False
) -> dict[str, VotesView]:
    """How series came about, by series id; without single votes, as everybody may see it, unless asked for."""
    founding = uow.proposals.founding(sorted(set(series_ids)))
    views = votes_views(uow, caller, founding.values(), with_votes=with_votes)
    return {series_id: views[proposal.proposal_id] for series_id, proposal in founding.items()}


def workflow_views(
    uow: UnitOfWork, caller: Caller, found: Sequence[Workflow], *, with_holders: bool
) -> tuple[WorkflowView, ...]:
    """Instances in the order given, with the votes by which they came about.

    Args:
        with_holders: Name those who hold steps, too, and show what was handed in; else only proposer and voters.
    """
    votes = founding_votes(uow, caller, [workflow.series_id for workflow in found], with_votes=True)
    named = [_named(workflow, votes.get(workflow.series_id), with_holders=with_holders) for workflow in found]
    names = names_of(uow, {user_id for ids in named for user_id in ids})
    return tuple(
        WorkflowView(
            workflow=workflow if with_holders else without_submissions(workflow),
            votes=votes.get(workflow.series_id),
            names={user_id: names[user_id] for user_id in ids if user_id in names},
        )
        for workflow, ids in zip(found, named, strict=True)
    )


def workflow_page(
    uow: UnitOfWork, caller: Caller, found: NumberedPage[Workflow], *, with_holders: bool
) -> NumberedPage[WorkflowView]:
    """A page of instances as views."""
    views = workflow_views(uow, caller, found.items, with_holders=with_holders)
    return NumberedPage(views, found.page, found.count, found.total)


def proposal_views(uow: UnitOfWork, caller: Caller, found: Sequence[Proposal]) -> tuple[ProposalView, ...]:
    """Edit and deletion proposals in the order given."""
    votes = votes_views(uow, caller, found)
    workflows = uow.workflows.get_many(sorted({proposal.workflow_id for proposal in found})) if found else {}
    named = {proposal_id: _deciding(view) for proposal_id, view in votes.items()}
    names = names_of(uow, {user_id for ids in named.values() for user_id in ids})
    return tuple(
        ProposalView(
            votes=votes[proposal.proposal_id],
            workflow=workflows[proposal.workflow_id],
            names={user_id: names[user_id] for user_id in named[proposal.proposal_id] if user_id in names},
        )
        for proposal in found
        if proposal.workflow_id in workflows
    )


def proposal_page(uow: UnitOfWork, caller: Caller, found: NumberedPage[Proposal]) -> NumberedPage[ProposalView]:
    """A page of proposals as views."""
    return NumberedPage(proposal_views(uow, caller, found.items), found.page, found.count, found.total)


def names_of(uow: UnitOfWork, user_ids: Collection[str]) -> Mapping[str, str]:
    """Display names by user id; erased people have none."""
    people = uow.people.get_many(sorted(user_ids)) if user_ids else {}
    return {user_id: person.display_name for user_id, person in people.items() if not person.erased}


def _votes_view(
    caller: Caller, proposal: Proposal, cast: tuple[Vote, ...], voters: Collection[str], *, with_votes: bool
) -> VotesView:
    return VotesView(
        proposal=proposal,
        tally=count_votes(proposal, cast, voters),
        my_decision=next((vote.decision for vote in cast if vote.voter_id == caller.user_id), None),
        votes=cast if with_votes else (),
    )


def _named(workflow: Workflow, votes: VotesView | None, *, with_holders: bool) -> set[str]:
    ids = {workflow.proposer_id} | (_deciding(votes) if votes is not None else set())
    if with_holders:
        ids |= {step.assigned_to for step in workflow.steps if step.assigned_to is not None}
    return ids


def _deciding(votes: VotesView) -> set[str]:
    proposal = votes.proposal
    forced = {proposal.forced_by} if proposal.forced_by is not None else set()
    return {proposal.author_id} | forced | {vote.voter_id for vote in votes.votes}
