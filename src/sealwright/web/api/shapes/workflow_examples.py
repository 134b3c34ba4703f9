"""Answers of the routes of workflows that are in order. A test holds each against its shape."""

from __future__ import annotations

from typing import Any, Final

_AT: Final = "2026-11-21T02:30:00Z"
_LATER: Final = "2026-11-21T09:12:45Z"
_WORK_BEGAN: Final = "2026-12-01T09:05:00Z"
_WORK_ENDED: Final = "2026-12-01T11:40:00Z"
_STARTS: Final = "2026-12-01T09:00:00Z"
_USER: Final = "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_PROPOSER: Final = "usr_ab2c7xm2vbn5tz4wpd6ahf2yqe"
_WORKFLOW: Final = "wfl_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_SERIES: Final = "ser_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_ASSESSOR: Final = "rol_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_VERIFIER: Final = "rol_zz3c7xm2vbn5tz4wpd6ahf2yqe"
_STEP: Final = "stp_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_SECOND: Final = "stp_zz3c7xm2vbn5tz4wpd6ahf2yqe"
_GRANT: Final = "grt_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_PAYOUT: Final = "pay_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_PHOTO: Final = "att_kq3c7xm2vbn5tz4wpd6ahf2yqe"

WORK_ITEM: Final[dict[str, Any]] = {
    "item_id": "item-1",
    "title": "Photo",
    "description": None,
    "optional": False,
    "requires_written_response": False,
    "requires_dropdown": False,
    "dropdown_options": [],
    "requires_photo": True,
    "photo_required_count": 1,
    "photo_allow_any_count": False,
    "camera_capture_only": False,
}
STEP: Final[dict[str, Any]] = {
    "id": _STEP,
    "workflow_id": _WORKFLOW,
    "step_order": 1,
    "title": "Assess damage",
    "description": "Photograph the damage.",
    "bounty": 5000,
    "role_id": _ASSESSOR,
    "role_client_id": "assessor",
    "status": "available",
    "assigned_improver_id": _USER,
    "started_at": None,
    "completed_at": None,
    "work_items": [WORK_ITEM],
    "allow_step_not_possible": False,
    "submission": None,
}
STARTED: Final = {**STEP, "status": "in_progress", "started_at": _WORK_BEGAN}
COMPLETED: Final = {
    **STARTED,
    "status": "completed",
    "completed_at": _WORK_ENDED,
    "submission": {
        "step_not_possible": False,
        "step_not_possible_details": None,
        "items": [
            {"item_id": "item-1", "written_response": None, "dropdown_value": None, "photo_ids": [_PHOTO]},
        ],
    },
}
_FREE: Final = {**STEP, "status": "locked", "assigned_improver_id": None}
RELEASED: Final = {**STEP, "assigned_improver_id": None}
_VERIFY: Final[dict[str, Any]] = {
    **_FREE,
    "id": _SECOND,
    "step_order": 2,
    "title": "Verify repair quality",
    "description": None,
    "bounty": 3000,
    "role_id": _VERIFIER,
    "role_client_id": "verifier",
    "work_items": [],
}
_OPEN_VOTES: Final[dict[str, Any]] = {
    "approve": 1,
    "deny": 0,
    "votes_cast": 1,
    "total_voters": 5,
    "quorum_threshold": 3,
    "quorum_reached": False,
    "quorum_reached_at": None,
    "finalize_at": None,
    "finalized_at": None,
    "decision": None,
    "my_decision": "approve",
}
_CLOSED_VOTES: Final[dict[str, Any]] = {
    **_OPEN_VOTES,
    "approve": 3,
    "votes_cast": 3,
    "quorum_reached": True,
    "quorum_reached_at": _LATER,
    "finalized_at": _LATER,
    "decision": "approve",
    "my_decision": None,
}
_NEW_VOTES: Final = {**_OPEN_VOTES, "approve": 0, "votes_cast": 0, "my_decision": None}
PROPOSED: Final[dict[str, Any]] = {
    "id": _WORKFLOW,
    "series_id": _SERIES,
    "title": "Street Repair Project",
    "description": "Repair potholes on Main Street",
    "status": "pending",
    "recurrence": "one_time",
    "time_zone": "UTC",
    "start_at": _STARTS,
    "next_start_at": None,
    "instance": 1,
    "proposer_id": _PROPOSER,
    "roles": [
        {
            "id": _ASSESSOR,
            "workflow_id": _WORKFLOW,
            "client_id": "assessor",
            "title": "Damage Assessor",
            "required_credentials": ["dpw_certified"],
        },
        {
            "id": _VERIFIER,
            "workflow_id": _WORKFLOW,
            "client_id": "verifier",
            "title": "Quality Verifier",
            "required_credentials": ["sfluv_verifier"],
        },
    ],
    "steps": [_FREE, _VERIFY],
    "votes": _NEW_VOTES,
    "created_at": _AT,
    "updated_at": _AT,
    "version": 1,
}
VOTED: Final = {**PROPOSED, "votes": _OPEN_VOTES}
WORKFLOW: Final[dict[str, Any]] = {
    **PROPOSED,
    "status": "approved",
    "votes": _CLOSED_VOTES,
    "updated_at": _LATER,
    "version": 2,
}
FORCED: Final = {**WORKFLOW, "votes": {**_NEW_VOTES, "finalized_at": _LATER, "decision": "approve"}}
FAILED: Final = {**WORKFLOW, "status": "failed", "version": 3}
FEED: Final[dict[str, Any]] = {
    "active_credentials": ["dpw_certified"],
    "workflows": [{**WORKFLOW, "assigned_steps": [], "claimable_steps": [_FREE]}],
    "total": 1,
    "page": 0,
    "count": 20,
    "would_open": [{"credential_type": "sfluv_verifier", "workflows": 4}],
}
CLAIMED: Final[dict[str, Any]] = {
    "workflow_id": _WORKFLOW,
    "role_id": _ASSESSOR,
    "steps": [STEP],
    "satisfied_by": [_GRANT],
    "series_claim": None,
    "override": False,
}
PAYOUT: Final[dict[str, Any]] = {
    "id": _PAYOUT,
    "step_id": _STEP,
    "workflow_id": _WORKFLOW,
    "payee_user_id": _USER,
    "amount": 5000,
    "status": "owed",
    "reference": None,
    "reason": None,
    "created_at": _WORK_ENDED,
    "requested_at": None,
    "settled_at": None,
}
SETTLED: Final = {
    **PAYOUT,
    "status": "settled",
    "reference": "Transfer 2026-117",
    "settled_at": "2026-12-02T08:00:00Z",
}
PAYOUT_FAILED: Final = {**PAYOUT, "status": "failed", "reason": "The account was closed."}
VOID: Final = {**PAYOUT, "status": "void", "reason": "Recorded twice."}
DETAIL: Final[dict[str, Any]] = {
    **WORKFLOW,
    "status": "in_progress",
    "steps": [COMPLETED, {**_VERIFY, "status": "available"}],
    "updated_at": _WORK_ENDED,
    "version": 5,
    "failed_reason": None,
    "claims": [
        {
            "id": "clm_kq3c7xm2vbn5tz4wpd6ahf2yqe",
            "role_id": _ASSESSOR,
            "user_id": _USER,
            "claimed_at": _LATER,
            "satisfied_by": [_GRANT],
            "override": False,
            "by_series": False,
            "ended_at": None,
            "end_cause": None,
            "reason": None,
        }
    ],
    "payouts": [PAYOUT],
}
DONE: Final = {name: value for name, value in DETAIL.items() if name not in {"failed_reason", "claims", "payouts"}}
UNCLAIMED: Final = {"series_id": _SERIES, "step_order": 1, "released_count": 2, "skipped_count": 1}
CLAIM_REVOKED: Final = {"series_id": _SERIES, "released_count": 2, "skipped_count": 1}
CLAIMANT: Final = {
    "user_id": _USER,
    "display_name": "Ana Muñoz",
    "step_orders": [1],
    "claimed_at": _LATER,
    "qualifies": True,
}
ABSENCE: Final = {
    "id": "abs_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "series_id": _SERIES,
    "step_order": 1,
    "absent_from": "2027-01-01T00:00:00Z",
    "absent_until": "2027-02-01T00:00:00Z",
}
OWN_SERIES: Final = {
    "series_id": _SERIES,
    "title": "Street Repair Project",
    "step_orders": [1],
    "absence_periods": [ABSENCE],
}
DELETION: Final[dict[str, Any]] = {
    "id": "prp_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "kind": "deletion",
    "workflow_id": _WORKFLOW,
    "series_id": _SERIES,
    "workflow_title": "Street Repair Project",
    "target_type": "series",
    "status": "pending",
    "reason": "The street was rebuilt.",
    "proposed_by": _PROPOSER,
    "changes": None,
    "votes": _NEW_VOTES,
    "created_at": _AT,
    "expires_at": "2026-12-05T02:30:00Z",
}
EDIT: Final[dict[str, Any]] = {
    **DELETION,
    "id": "prp_zz3c7xm2vbn5tz4wpd6ahf2yqe",
    "kind": "edit",
    "reason": "The season changed.",
    "changes": {
        "title": "Street Repair Project, winter",
        "description": "Repair potholes on Main Street",
        "recurrence": None,
        "start_at": None,
        "recurrence_end_at": None,
        "roles": [
            {"client_id": "assessor", "title": "Damage Assessor", "required_credentials": ["dpw_certified"]},
        ],
        "steps": [
            {
                "title": "Assess damage",
                "description": "Photograph the damage.",
                "bounty": 5000,
                "role_client_id": "assessor",
                "allow_step_not_possible": False,
                "work_items": [WORK_ITEM],
            }
        ],
    },
}
VOTED_DELETION: Final = {**DELETION, "votes": _OPEN_VOTES}
VOTED_EDIT: Final = {**EDIT, "votes": _OPEN_VOTES}
FORCED_DELETION: Final = {**DELETION, "status": "approved", "votes": FORCED["votes"]}
FORCED_EDIT: Final = {**EDIT, "status": "approved", "votes": FORCED["votes"]}
QUALIFIED: Final = {"qualified": 12}
ACCESS: Final = {
    "allowed": True,
    "missing": [],
    "satisfiedBy": [_GRANT],
    "decidedAt": _LATER,
    "code": None,
}
