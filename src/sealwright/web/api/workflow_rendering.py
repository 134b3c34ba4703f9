"""Workflows, votes and payouts in the words of the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sealwright.domain.payouts import Payout
from sealwright.domain.votes import ProposalStatus, SeriesEdit, VoteDecision
from sealwright.domain.workflow_plans import PlannedStep, WorkItem
from sealwright.domain.workflows import AbsencePeriod, StepClaim, Submission, Workflow, WorkflowRole, WorkflowStep
from sealwright.services.series_desk import OwnSeries
from sealwright.services.workflow_values import (
    AccessAnswer,
    Claimant,
    ClaimMade,
    FeedView,
    ProposalView,
    VotesView,
    WorkflowView,
)
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.rendering import moment

# An expired proposal was decided by nobody.
_DECIDED: Final = {ProposalStatus.APPROVED: VoteDecision.APPROVE, ProposalStatus.REJECTED: VoteDecision.DENY}


def workflow(view: WorkflowView, now: datetime) -> dict[str, Any]:
    """An instance as of now."""
    one = view.workflow
    return {
        "id": one.workflow_id,
        "series_id": one.series_id,
        "title": one.title,
        "description": one.description,
        "status": one.status.value,
        "recurrence": one.recurrence.value,
        "time_zone": one.time_zone,
        "start_at": format_timestamp(one.start_at),
        "next_start_at": moment(one.next_start_at),
        "instance": one.instance_no + 1,
        "proposer_id": one.proposer_id,
        "roles": [_role(one, role) for role in one.roles],
        "steps": [step(one, each, now) for each in one.steps],
        "votes": votes(view.votes) if view.votes is not None else None,
        "created_at": format_timestamp(one.created_at),
        "updated_at": format_timestamp(one.updated_at),
        "version": one.version,
    }


def workflow_detail(view: WorkflowView, now: datetime) -> dict[str, Any]:
    """An instance with who took what, and what is owed for it."""
    return {
        **workflow(view, now),
        "failed_reason": view.workflow.failed_reason,
        "claims": [_claim(claim) for claim in view.claims],
        "payouts": [payout(one) for one in view.payouts],
    }


def _role(one: Workflow, role: WorkflowRole) -> dict[str, Any]:
    return {
        "id": role.role_id,
        "workflow_id": one.workflow_id,
        "client_id": role.client_id,
        "title": role.title,
        "required_credentials": list(role.required_credentials),
    }


def step(one: Workflow, each: WorkflowStep, now: datetime) -> dict[str, Any]:
    """A step as of now; the first one is available once the start time has come, recorded or not."""
    return {
        "id": each.step_id,
        "workflow_id": one.workflow_id,
        "step_order": each.step_order,
        "title": each.title,
        "description": each.description,
        "bounty": each.bounty,
        "role_id": each.role_id,
        "role_client_id": one.role(each.role_id).client_id,
        "status": one.status_of(each, now).value,
        "assigned_improver_id": each.assigned_to,
        "started_at": moment(each.started_at),
        "completed_at": moment(each.completed_at),
        "work_items": [_work_item(item) for item in each.work_items],
        "allow_step_not_possible": each.allow_step_not_possible,
        "submission": _submission(each.submission) if each.submission is not None else None,
    }


def _work_item(item: WorkItem) -> dict[str, Any]:
    return {
        "item_id": item.item_id,
        "title": item.title,
        "description": item.description,
        "optional": item.optional,
        "requires_written_response": item.requires_written_response,
        "requires_dropdown": item.requires_dropdown,
        "dropdown_options": [
            {
                "value": choice.value,
                "label": choice.label,
                "requires_written_response": choice.requires_written_response,
                "requires_photo_attachment": choice.requires_photo_attachment,
            }
            for choice in item.dropdown_options
        ],
        "requires_photo": item.requires_photo,
        "photo_required_count": item.photo_required_count,
        "photo_allow_any_count": item.photo_allow_any_count,
        "camera_capture_only": item.camera_capture_only,
    }


def _submission(submission: Submission) -> dict[str, Any]:
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


def votes(view: VotesView) -> dict[str, Any]:
    """How a proposal stands."""
    proposal, tally = view.proposal, view.tally
    decided = _DECIDED.get(proposal.status)
    return {
        "approve": tally.approve,
        "deny": tally.deny,
        "votes_cast": tally.votes_cast,
        "total_voters": tally.total_voters,
        "quorum_threshold": tally.quorum_threshold,
        "quorum_reached": proposal.quorum_reached_at is not None,
        "quorum_reached_at": moment(proposal.quorum_reached_at),
        "finalize_at": moment(proposal.finalize_at),
        "finalized_at": moment(proposal.finalized_at),
        "decision": decided.value if decided is not None else None,
        "my_decision": view.my_decision.value if view.my_decision is not None else None,
    }


def proposal(view: ProposalView) -> dict[str, Any]:
    """An edit or deletion proposal."""
    one = view.votes.proposal
    return {
        "id": one.proposal_id,
        "kind": one.kind.value,
        "workflow_id": one.workflow_id,
        "series_id": one.series_id,
        "workflow_title": view.workflow.title,
        "target_type": one.target_type.value,
        "status": one.status.value,
        "reason": one.reason,
        "proposed_by": one.author_id,
        "changes": _changes(one.edit) if one.edit is not None else None,
        "votes": votes(view.votes),
        "created_at": format_timestamp(one.created_at),
        "expires_at": format_timestamp(one.expires_at),
    }


def _changes(edit: SeriesEdit) -> dict[str, Any]:
    return {
        "title": edit.plan.title,
        "description": edit.plan.description,
        "recurrence": edit.recurrence.value if edit.recurrence is not None else None,
        "start_at": moment(edit.start_at),
        "recurrence_end_at": moment(edit.recurrence_end_at),
        "roles": [
            {
                "client_id": role.client_id,
                "title": role.title,
                "required_credentials": list(role.required_credentials),
            }
            for role in edit.plan.roles
        ],
        "steps": [_planned_step(each) for each in edit.plan.steps],
    }


def _planned_step(each: PlannedStep) -> dict[str, Any]:
    return {
        "title": each.title,
        "description": each.description,
        "bounty": each.bounty,
        "role_client_id": each.role_client_id,
        "allow_step_not_possible": each.allow_step_not_possible,
        "work_items": [_work_item(item) for item in each.work_items],
    }


def feed(view: FeedView, now: datetime) -> dict[str, Any]:
    """One page of a feed; outside the first page is 0."""
    return {
        "active_credentials": list(view.active_credentials),
        "workflows": [
            {
                **workflow(entry.view, now),
                "assigned_steps": [step(entry.view.workflow, one, now) for one in entry.assigned_steps],
                "claimable_steps": [step(entry.view.workflow, one, now) for one in entry.claimable_steps],
            }
            for entry in view.entries
        ],
        "total": view.total,
        "page": view.page - 1,
        "count": view.count,
        "would_open": [{"credential_type": kind, "workflows": count} for kind, count in _most_first(view.would_open)],
    }


def _most_first(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))


def claimed(made: ClaimMade, now: datetime) -> dict[str, Any]:
    """What a claim took."""
    one = made.workflow
    series = {"series_id": one.series_id, "step_order": list(made.series_orders)} if made.series_orders else None
    return {
        "workflow_id": one.workflow_id,
        "role_id": made.claim.role_id,
        "steps": [step(one, each, now) for each in made.steps],
        "satisfied_by": _grants(made.claim),
        "series_claim": series,
        "override": made.claim.override,
    }


def _claim(claim: StepClaim) -> dict[str, Any]:
    return {
        "id": claim.claim_id,
        "role_id": claim.role_id,
        "user_id": claim.user_id,
        "claimed_at": format_timestamp(claim.claimed_at),
        "satisfied_by": _grants(claim),
        "override": claim.override,
        "by_series": claim.by_series,
        "ended_at": moment(claim.ended_at),
        "end_cause": claim.end_cause,
        "reason": claim.reason,
    }


def _grants(claim: StepClaim) -> list[str]:
    return [claim.satisfied_by[kind] for kind in sorted(claim.satisfied_by)]


def payout(one: Payout) -> dict[str, Any]:
    """An obligation."""
    return {
        "id": one.payout_id,
        "step_id": one.step_id,
        "workflow_id": one.workflow_id,
        "payee_user_id": one.payee_user_id,
        "amount": one.amount,
        "status": one.status.value,
        "reference": one.reference,
        "reason": one.reason,
        "created_at": format_timestamp(one.created_at),
        "requested_at": moment(one.requested_at),
        "settled_at": moment(one.settled_at),
    }


def absence(one: AbsencePeriod) -> dict[str, Any]:
    """An absence period of the caller's own."""
    return {
        "id": one.absence_id,
        "series_id": one.series_id,
        "step_order": one.step_order,
        "absent_from": format_timestamp(one.absent_from),
        "absent_until": format_timestamp(one.absent_until),
    }


def own_series(one: OwnSeries) -> dict[str, Any]:
    """A series that the caller has to do with beyond one instance."""
    return {
        "series_id": one.series.series_id,
        "title": one.series.plan.title,
        "step_orders": list(one.claimed),
        "absence_periods": [absence(each) for each in one.absences],
    }


def claimant(one: Claimant) -> dict[str, Any]:
    """Somebody with a claim on a series."""
    return {
        "user_id": one.user_id,
        "display_name": one.display_name,
        "step_orders": list(one.step_orders),
        "claimed_at": format_timestamp(one.claimed_at),
        "qualifies": one.qualifies,
    }


def access(answer: AccessAnswer) -> dict[str, Any]:
    """The answer to a question of access; `/api/v1` writes names in camelCase."""
    return {
        "allowed": answer.allowed,
        "missing": list(answer.missing),
        "satisfiedBy": list(answer.satisfied_by),
        "decidedAt": format_timestamp(answer.decided_at),
        "code": answer.code,
    }
