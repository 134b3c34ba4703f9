"""What the routes of workflows answer with, as JSON Schema."""

from __future__ import annotations

from typing import Final

from sealwright.domain.payouts import PayoutStatus
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.votes import ProposalKind, ProposalStatus, TargetType, VoteDecision
from sealwright.domain.workflows import StepStatus, WorkflowStatus
from sealwright.web.api.shapes.answers import INTEGER, STRING
from sealwright.web.api.shapes.parts import BOOLEAN, TIMESTAMP, Node, answer, listed, nullable

_STATUS: Final[Node] = {"type": "string", "enum": [one.value for one in WorkflowStatus]}
_RECURRENCE: Final[Node] = {"type": "string", "enum": [one.value for one in Recurrence]}
_TYPES: Final = listed(STRING, description="Credential types.")

_OPTION: Final = answer(
    "WorkItemOption",
    {
        "value": STRING,
        "label": STRING,
        "requires_written_response": BOOLEAN,
        "requires_photo_attachment": BOOLEAN,
    },
)
WORK_ITEM: Final = answer(
    "WorkItem",
    {
        "item_id": STRING,
        "title": STRING,
        "description": nullable(STRING),
        "optional": BOOLEAN,
        "requires_written_response": BOOLEAN,
        "requires_dropdown": BOOLEAN,
        "dropdown_options": listed(_OPTION),
        "requires_photo": BOOLEAN,
        "photo_required_count": INTEGER,
        "photo_allow_any_count": BOOLEAN,
        "camera_capture_only": BOOLEAN,
    },
)
_RESPONSE: Final = answer(
    "ItemResponse",
    {
        "item_id": STRING,
        "written_response": nullable(STRING),
        "dropdown_value": nullable(STRING),
        "photo_ids": listed(STRING),
    },
)
SUBMISSION: Final = answer(
    "Submission",
    {
        "step_not_possible": BOOLEAN,
        "step_not_possible_details": nullable(STRING),
        "items": listed(_RESPONSE),
    },
)
STEP: Final = answer(
    "Step",
    {
        "id": STRING,
        "workflow_id": STRING,
        "step_order": INTEGER,
        "title": STRING,
        "description": nullable(STRING),
        "bounty": INTEGER,
        "role_id": STRING,
        "role_client_id": STRING,
        "status": {"type": "string", "enum": [one.value for one in StepStatus]},
        "assigned_improver_id": nullable(STRING),
        "started_at": nullable(TIMESTAMP),
        "completed_at": nullable(TIMESTAMP),
        "work_items": listed(WORK_ITEM),
        "allow_step_not_possible": BOOLEAN,
        "submission": {"anyOf": [SUBMISSION, {"type": "null"}]},
    },
)
ROLE: Final = answer(
    "WorkflowRole",
    {
        "id": STRING,
        "workflow_id": STRING,
        "client_id": STRING,
        "title": STRING,
        "required_credentials": _TYPES,
    },
)
_DECISION: Final[Node] = {"type": "string", "enum": [one.value for one in VoteDecision]}
VOTES: Final = answer(
    "Votes",
    {
        "approve": INTEGER,
        "deny": INTEGER,
        "votes_cast": INTEGER,
        "total_voters": INTEGER,
        "quorum_threshold": INTEGER,
        "quorum_reached": BOOLEAN,
        "quorum_reached_at": nullable(TIMESTAMP),
        "finalize_at": nullable(TIMESTAMP),
        "finalized_at": nullable(TIMESTAMP),
        "decision": nullable(_DECISION),
        "my_decision": nullable(_DECISION),
    },
)
_WORKFLOW_MEMBERS: Final[Node] = {
    "id": STRING,
    "series_id": STRING,
    "title": STRING,
    "description": nullable(STRING),
    "status": _STATUS,
    "recurrence": _RECURRENCE,
    "time_zone": STRING,
    "start_at": TIMESTAMP,
    "next_start_at": nullable(TIMESTAMP),
    "instance": {**INTEGER, "description": "Its number in the series, from 1."},
    "proposer_id": STRING,
    "roles": listed(ROLE),
    "steps": listed(STEP),
    "votes": {"anyOf": [VOTES, {"type": "null"}]},
    "created_at": TIMESTAMP,
    "updated_at": TIMESTAMP,
    "version": INTEGER,
}
WORKFLOW: Final = answer("Workflow", _WORKFLOW_MEMBERS)
PAYOUT: Final = answer(
    "Payout",
    {
        "id": STRING,
        "step_id": STRING,
        "workflow_id": STRING,
        "payee_user_id": STRING,
        "amount": INTEGER,
        "status": {"type": "string", "enum": [one.value for one in PayoutStatus]},
        "reference": nullable(STRING),
        "reason": nullable(STRING),
        "created_at": TIMESTAMP,
        "requested_at": nullable(TIMESTAMP),
        "settled_at": nullable(TIMESTAMP),
    },
)
_CLAIM: Final = answer(
    "StepClaim",
    {
        "id": STRING,
        "role_id": STRING,
        "user_id": STRING,
        "claimed_at": TIMESTAMP,
        "satisfied_by": listed(STRING, description="The grants that met the role's needs."),
        "override": BOOLEAN,
        "by_series": BOOLEAN,
        "ended_at": nullable(TIMESTAMP),
        "end_cause": nullable(STRING),
        "reason": nullable({**STRING, "description": "Why an admin took it without the credentials."}),
    },
)
WORKFLOW_DETAIL: Final = answer(
    "WorkflowDetail",
    {
        **_WORKFLOW_MEMBERS,
        "failed_reason": nullable({**STRING, "description": "Why an admin gave it up."}),
        "claims": listed(_CLAIM),
        "payouts": listed(PAYOUT),
    },
)
FEED: Final = answer(
    "Feed",
    {
        "active_credentials": _TYPES,
        "workflows": listed(
            answer(
                "FeedWorkflow",
                {**_WORKFLOW_MEMBERS, "assigned_steps": listed(STEP), "claimable_steps": listed(STEP)},
            )
        ),
        "total": INTEGER,
        "page": INTEGER,
        "count": INTEGER,
        "would_open": listed(
            answer("WouldOpen", {"credential_type": STRING, "workflows": INTEGER}),
            description="Public credential types that would open more, with the number of workflows.",
        ),
    },
)
CLAIMED: Final = answer(
    "ClaimedSteps",
    {
        "workflow_id": STRING,
        "role_id": STRING,
        "steps": listed(STEP),
        "satisfied_by": listed(STRING, description="The grants that count."),
        "series_claim": {
            "anyOf": [
                answer("SeriesClaim", {"series_id": STRING, "step_order": listed(INTEGER)}),
                {"type": "null"},
            ]
        },
        "override": BOOLEAN,
    },
)
UNCLAIMED: Final = answer(
    "UnclaimedSeries",
    {"series_id": STRING, "step_order": INTEGER, "released_count": INTEGER, "skipped_count": INTEGER},
)
CLAIM_REVOKED: Final = answer(
    "RevokedSeriesClaim", {"series_id": STRING, "released_count": INTEGER, "skipped_count": INTEGER}
)
CLAIMANT: Final = answer(
    "Claimant",
    {
        "user_id": STRING,
        "display_name": STRING,
        "step_orders": listed(INTEGER),
        "claimed_at": TIMESTAMP,
        "qualifies": {**BOOLEAN, "description": "Whether their grants meet the needs now."},
    },
)
ABSENCE: Final = answer(
    "AbsencePeriod",
    {
        "id": STRING,
        "series_id": STRING,
        "step_order": INTEGER,
        "absent_from": TIMESTAMP,
        "absent_until": TIMESTAMP,
    },
)
OWN_SERIES: Final = answer(
    "OwnSeries",
    {
        "series_id": STRING,
        "title": STRING,
        "step_orders": listed(INTEGER, description="Steps that are claimed in every instance."),
        "absence_periods": listed(ABSENCE),
    },
)
_PLANNED_STEP: Final = answer(
    "PlannedStep",
    {
        "title": STRING,
        "description": nullable(STRING),
        "bounty": INTEGER,
        "role_client_id": STRING,
        "allow_step_not_possible": BOOLEAN,
        "work_items": listed(WORK_ITEM),
    },
)
_CHANGES: Final = answer(
    "ProposedChanges",
    {
        "title": STRING,
        "description": nullable(STRING),
        "recurrence": nullable(_RECURRENCE),
        "start_at": nullable(TIMESTAMP),
        "recurrence_end_at": nullable(TIMESTAMP),
        "roles": listed(answer("PlannedRole", {"client_id": STRING, "title": STRING, "required_credentials": _TYPES})),
        "steps": listed(_PLANNED_STEP),
    },
)
PROPOSAL: Final = answer(
    "Proposal",
    {
        "id": STRING,
        "kind": {"type": "string", "enum": [one.value for one in ProposalKind]},
        "workflow_id": STRING,
        "series_id": STRING,
        "workflow_title": STRING,
        "target_type": {"type": "string", "enum": [one.value for one in TargetType]},
        "status": {"type": "string", "enum": [one.value for one in ProposalStatus]},
        "reason": nullable(STRING),
        "proposed_by": STRING,
        "changes": {"anyOf": [_CHANGES, {"type": "null"}]},
        "votes": VOTES,
        "created_at": TIMESTAMP,
        "expires_at": TIMESTAMP,
    },
)
QUALIFIED: Final = answer("Qualified", {"qualified": INTEGER})
ACCESS: Final = answer(
    "AccessAnswer",
    {
        "allowed": BOOLEAN,
        "missing": listed(STRING, description="Credential types of which no active grant is held."),
        "satisfiedBy": listed(STRING, description="The grants that count, by the order of their types."),
        "decidedAt": TIMESTAMP,
        "code": nullable({**STRING, "description": "What a claim would be refused with; null where it is allowed."}),
    },
)
