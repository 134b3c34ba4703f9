"""What somebody has to do with workflows, for the copy of their own data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from sealwright.domain.payouts import Payout
from sealwright.domain.votes import Vote
from sealwright.domain.workflows import AbsencePeriod, Submission, Workflow, WorkflowStep
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_ports import Draft, PayoutFilter, WorkflowFilter
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.encoding.timestamps import format_timestamp

# Most pages that one copy walks through, a hundred on each.
_PAGES_MOST: Final = 1_000
_COUNT: Final = 100

Members = dict[str, JSONValue]


def own_work(uow: UnitOfWork, user_id: str, now: datetime) -> Members:
    """Proposals, drafts, votes, steps with what was handed in, series claims, absences and payouts, as JSON members."""
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
        "drafts": [_draft(one) for one in uow.drafts.of_person(user_id)],
        "votes": [_vote(one) for one in uow.proposals.votes_by(user_id)],
        "steps": [_step(flow, step, now) for flow in _worked_on(uow, user_id) for step in _own(flow, user_id)],
        "series_claims": [
            {"series_id": one.series_id, "step_order": one.step_order, "claimed_at": format_timestamp(one.claimed_at)}
            for one in uow.series.claims_of(user_id)
        ],
        "absence_periods": [_absence(one) for one in uow.series.absences_of(user_id)],
        "payouts": [_payout(one) for one in _payouts(uow, user_id)],
    }


def _proposed(uow: UnitOfWork, user_id: str) -> Iterator[Workflow]:
    for page in range(1, _PAGES_MOST + 1):
        found = uow.workflows.list(WorkflowFilter(proposer_id=user_id), page=page, count=_COUNT).items
        yield from found
        if len(found) < _COUNT:
            return


def _payouts(uow: UnitOfWork, user_id: str) -> Iterator[Payout]:
    for page in range(1, _PAGES_MOST + 1):
        found = uow.payouts.list(PayoutFilter(payee_user_id=user_id), page=page, count=_COUNT).items
        yield from found
        if len(found) < _COUNT:
            return


def _worked_on(uow: UnitOfWork, user_id: str) -> Iterator[Workflow]:
    """The instances in which somebody has a step, or has done one; each once."""
    held = uow.claims.workflows_held(user_id)
    yield from _read(uow, held)
    for page in range(1, _PAGES_MOST + 1):
        found = uow.claims.workflows_done(user_id, page=page, count=_COUNT).items
        yield from _read(uow, (one for one in found if one not in held))
        if len(found) < _COUNT:
            return


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
