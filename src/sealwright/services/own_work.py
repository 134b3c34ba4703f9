"""What somebody has to do with workflows, for the copy of their own data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final, TypeVar

from sealwright.domain.payouts import Payout
from sealwright.domain.votes import Proposal, ProposalKind, Vote
from sealwright.domain.workflows import AbsencePeriod, StepClaim, Submission, Workflow, WorkflowStep
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_ports import Draft, PayoutFilter, WorkflowFilter
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.encoding.timestamps import format_timestamp

# Most pages that one copy walks through, a hundred on each.
_PAGES_MOST: Final = 1_000
_COUNT: Final = 100

Members = dict[str, JSONValue]
T = TypeVar("T")


def own_work(uow: UnitOfWork, user_id: str, now: datetime) -> Members:
    """All that somebody proposed, drafted, voted, claimed, handed in and is owed, and when they are absent, as JSON."""
    return {
        "workflows": [
            {
                "id": one.workflow_id,
                "title": one.title,
                "status": one.status.value,
                "created_at": format_timestamp(one.created_at),
            }
            for one in _proposed(uow, user_id)
        ],
        "proposals": [_proposal(one) for one in _made(uow, user_id)],
        "drafts": [_draft(one) for one in uow.drafts.of_person(user_id)],
        "votes": [_vote(one) for one in uow.proposals.votes_by(user_id)],
        "steps": [_step(flow, step, now) for flow in _worked_on(uow, user_id) for step in _own(flow, user_id)],
        "step_claims": [_claim(one) for one in _claimed(uow, user_id)],
        "series_claims": [
            {"series_id": one.series_id, "step_order": one.step_order, "claimed_at": format_timestamp(one.claimed_at)}
            for one in uow.series.claims_of(user_id)
        ],
        "absence_periods": [_absence(one) for one in uow.series.absences_of(user_id)],
        "payouts": [_payout(one) for one in _payouts(uow, user_id)],
    }


def _proposed(uow: UnitOfWork, user_id: str) -> Iterator[Workflow]:
    wanted = WorkflowFilter(proposer_id=user_id)
    return _all(lambda page: uow.workflows.list(wanted, page=page, count=_COUNT).items)


def _made(uow: UnitOfWork, user_id: str) -> Iterator[Proposal]:
    listed = partial(uow.proposals.list, status=None, kinds=tuple(ProposalKind), author_id=user_id, count=_COUNT)
    return _all(lambda page: listed(page=page).items)


def _claimed(uow: UnitOfWork, user_id: str) -> Iterator[StepClaim]:
    return _all(lambda page: uow.claims.of_person(user_id, page=page, count=_COUNT))


def _payouts(uow: UnitOfWork, user_id: str) -> Iterator[Payout]:
    wanted = PayoutFilter(payee_user_id=user_id)
    return _all(lambda page: uow.payouts.list(wanted, page=page, count=_COUNT).items)


def _all(read: Callable[[int], Sequence[T]]) -> Iterator[T]:
    return chain.from_iterable(_pages(read))


def _pages(read: Callable[[int], Sequence[T]]) -> Iterator[Sequence[T]]:
    """The pages of a list, to the last one."""
    for page in range(1, _PAGES_MOST + 1):
        found = read(page)
        yield found
        if len(found) < _COUNT:
            return


def _worked_on(uow: UnitOfWork, user_id: str) -> Iterator[Workflow]:
    """The instances in which somebody has a step, or has done one; each once."""
    held = uow.claims.workflows_held(user_id)
    yield from _read(uow, held)
    for ids in _pages(lambda page: uow.claims.workflows_done(user_id, page=page, count=_COUNT).items):
        yield from _read(uow, (one for one in ids if one not in held))


def _read(uow: UnitOfWork, workflow_ids: Iterable[str]) -> Iterator[Workflow]:
    ids = tuple(workflow_ids)
    found = uow.workflows.get_many(ids)
    return (found[one] for one in ids if one in found)


def _own(workflow: Workflow, user_id: str) -> Iterator[WorkflowStep]:
    return (step for step in workflow.steps if step.assigned_to == user_id)


def _step(workflow: Workflow, step: WorkflowStep, now: datetime) -> Members:
    return {
        "id": step.step_id,
        "workflow_id": workflow.workflow_id,
        "workflow_title": workflow.title,
        "title": step.title,
        "status": workflow.status_of(step, now).value,
        "started_at": _at(step.started_at),
        "completed_at": _at(step.completed_at),
        "submission": _submission(step.submission) if step.submission is not None else None,
    }


def _submission(submission: Submission) -> Members:
    return {
        "step_not_possible": submission.step_not_possible,
        "step_not_possible_details": submission.step_not_possible_details,
        "items": [
            {
                "item_id": item.item_id,
                "written_response": item.written_response,
                "dropdown_value": item.dropdown_value,
                "photo_ids": list(item.photo_ids),
            }
            for item in submission.items
        ],
    }


def _draft(draft: Draft) -> Members:
    return {
        "id": draft.draft_id,
        "title": draft.title,
        "body": parse_json(draft.body.encode()),
        "updated_at": format_timestamp(draft.updated_at),
    }


def _proposal(proposal: Proposal) -> Members:
    return {
        "id": proposal.proposal_id,
        "kind": proposal.kind.value,
        "workflow_id": proposal.workflow_id,
        "reason": proposal.reason,
        "status": proposal.status.value,
        "created_at": format_timestamp(proposal.created_at),
    }


def _claim(claim: StepClaim) -> Members:
    return {
        "id": claim.claim_id,
        "workflow_id": claim.workflow_id,
        "claimed_at": format_timestamp(claim.claimed_at),
        "ended_at": _at(claim.ended_at),
        "end_cause": claim.end_cause,
        "override": claim.override,
        "reason": claim.reason,
    }


def _vote(vote: Vote) -> Members:
    return {
        "proposal_id": vote.proposal_id,
        "decision": vote.decision.value,
        "comment": vote.comment,
        "cast_at": format_timestamp(vote.cast_at),
    }


def _absence(absence: AbsencePeriod) -> Members:
    return {
        "id": absence.absence_id,
        "series_id": absence.series_id,
        "step_order": absence.step_order,
        "absent_from": format_timestamp(absence.absent_from),
        "absent_until": format_timestamp(absence.absent_until),
    }


def _payout(payout: Payout) -> Members:
    return {
        "id": payout.payout_id,
        "workflow_id": payout.workflow_id,
        "step_id": payout.step_id,
        "amount": payout.amount,
        "status": payout.status.value,
        "reference": payout.reference,
        "reason": payout.reason,
        "created_at": format_timestamp(payout.created_at),
        "requested_at": _at(payout.requested_at),
        "settled_at": _at(payout.settled_at),
    }


def _at(moment: datetime | None) -> str | None:
    return format_timestamp(moment) if moment is not None else None
