"""Answers of the review desk that are in order. A test holds each against its shape."""

from __future__ import annotations

from typing import Any, Final

_AT: Final = "2026-11-21T02:30:00Z"
_LATER: Final = "2026-11-21T09:12:45Z"
_AT_UNIX: Final = 1_795_228_200
_USER: Final = "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_REVIEWER: Final = "usr_ab2c7xm2vbn5tz4wpd6ahf2yqe"
_REQUEST: Final = "req_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_GRANT: Final = "grt_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_CREDENTIAL: Final = "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11"
_HOLDER: Final = "did:adi:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_ISSUER: Final = "did:adi:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_WALLET: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

EFFECTS: Final[dict[str, Any]] = {
    "changed": True,
    "summary": "Grants dpw_certified and issues a credential.",
    "policy": None,
    "request": {"from": "pending", "to": "approved"},
    "grants_created": [_GRANT],
    "grants_revoked": [],
    "credentials_issued": 1,
    "credentials_revoked": [],
    "workflow_roles_opened": 0,
    "workflow_roles_closed": 0,
    "steps_kept": [],
    "steps_released": [],
    "series_claims_released": [],
}
LOSS: Final[dict[str, Any]] = {
    **EFFECTS,
    "summary": "Revokes dpw_certified.",
    "policy": "keep_current_release_future",
    "request": None,
    "grants_created": [],
    "grants_revoked": [_GRANT],
    "credentials_issued": 0,
    "credentials_revoked": [_CREDENTIAL],
}

REQUEST: Final[dict[str, Any]] = {
    "id": _REQUEST,
    "user_id": _USER,
    "credential_type": "dpw_certified",
    "status": "pending",
    "requested_at": _AT,
    "resolved_at": None,
    "resolved_by": None,
    "created_at": _AT,
    "updated_at": _AT,
    "requester_name": "Ana Muñoz",
    "requester_first_name": "Ana",
    "requester_last_name": "Muñoz",
    "requester_email": "ana@example.org",
    "version": 1,
    "needs_info": False,
    "assignee_user_id": None,
    "message": None,
    "note": None,
    "evidence": [],
    "claims": None,
    "answers": {},
    "requester_note": "I finished the training in October.",
    "endorsed_by": None,
    "grant_id": None,
    "grant_status": None,
    "issuance": None,
    "issuance_error": None,
    "credential_id": None,
    "is_yours": False,
    "past_target": False,
    "has_duplicate": False,
    "undo_until": None,
    "earlier_rejections": 0,
}
APPROVED: Final[dict[str, Any]] = {
    **REQUEST,
    "status": "approved",
    "resolved_at": _LATER,
    "resolved_by": _REVIEWER,
    "updated_at": _LATER,
    "version": 2,
    "note": "Certificate checked.",
    "grant_id": _GRANT,
    "grant_status": "active",
    "issuance": "issued",
    "credential_id": _CREDENTIAL,
}
_HISTORY: Final[list[dict[str, Any]]] = [
    {
        "from": None,
        "to": "pending",
        "actor": _USER,
        "note": None,
        "message": None,
        "at": _AT,
        "cause": "requested",
        "checklist": [],
    },
]
REQUEST_DETAIL: Final = {**REQUEST, "history": _HISTORY}
_REVIEWERS_ONLY: Final = ("note", "endorsed_by", "assignee_user_id", "has_duplicate", "past_target", "undo_until")
OWN_REQUEST: Final = {name: value for name, value in REQUEST.items() if name not in _REVIEWERS_ONLY}
OWN_REQUEST_DETAIL: Final = {
    **OWN_REQUEST,
    "history": [
        {name: value for name, value in entry.items() if name not in {"note", "checklist"}} for entry in _HISTORY
    ],
}
WITHDRAWN: Final = {**OWN_REQUEST, "status": "withdrawn", "version": 2, "updated_at": _LATER}
NEEDS_INFO: Final = {**REQUEST, "needs_info": True, "message": "Please add your certificate of training."}
DECIDED: Final = {**APPROVED, "effects": EFFECTS, "offer": None}
UNDONE: Final = {
    **REQUEST,
    "updated_at": _LATER,
    "version": 3,
    "effects": {
        **LOSS,
        "summary": "Takes the approval back.",
        "request": {"from": "approved", "to": "pending"},
        "credentials_revoked": [],
    },
    "offer": None,
}
DECISION_PREVIEW: Final = {"dry_run": True, "request": REQUEST, "effects": {**EFFECTS, "grants_created": []}}
DECIDED_MANY: Final = {
    "results": [
        {"request_id": _REQUEST, "status": "approved", "effects": EFFECTS, "error": None},
        {
            "request_id": "req_zz3c7xm2vbn5tz4wpd6ahf2yqe",
            "status": None,
            "effects": None,
            "error": {"code": "OUT_OF_SCOPE", "detail": "This lies outside your issuer scope.", "errors": []},
        },
    ],
    "decided": 1,
    "failed": 1,
}

GRANT: Final[dict[str, Any]] = {
    "id": _GRANT,
    "user_id": _USER,
    "credential_type": "dpw_certified",
    "issued_by": _REVIEWER,
    "issued_at": _AT_UNIX,
    "revoked_at": None,
    "revoked_by": None,
    "status": "active",
    "issuance": "issued",
    "issuance_error": None,
    "expires_at": None,
    "reason": None,
    "request_id": None,
    "supersedes": None,
    "credential_id": _CREDENTIAL,
    "issuer_did": _ISSUER,
    "holder_did": _HOLDER,
    "issued_at_utc": _AT,
    "expires_at_utc": None,
    "revoked_at_utc": None,
}
GRANTED: Final = {**GRANT, "effects": {**EFFECTS, "request": None}}
_STILL: Final[dict[str, Any]] = {**EFFECTS, "request": None, "grants_created": [], "credentials_issued": 0}
SUSPENDED_GRANT: Final = {
    **GRANT,
    "status": "suspended",
    "reason": "The certificate is being looked at again.",
    "effects": {**_STILL, "summary": "Suspends dpw_certified until it is reinstated."},
}
REINSTATED_GRANT: Final = {
    **GRANT,
    "reason": "The certificate is in order.",
    "effects": {**_STILL, "summary": "Reinstates dpw_certified."},
}
SIGNED_GRANT: Final = {
    **GRANT,
    "effects": {**_STILL, "summary": "Issues the credential of dpw_certified.", "credentials_issued": 1},
}
REVOKED_GRANT: Final = {
    **GRANT,
    "status": "revoked",
    "revoked_at": _AT_UNIX,
    "revoked_by": _REVIEWER,
    "revoked_at_utc": _AT,
    "reason": "The certificate was withdrawn.",
    "effects": LOSS,
}
GRANT_PREVIEW: Final = {
    "dry_run": True,
    "grant": {
        **GRANT,
        "id": None,
        "issuance": "pending",
        "credential_id": None,
        "issuer_did": None,
        "holder_did": None,
    },
    "effects": {**EFFECTS, "request": None, "grants_created": []},
}

SCOPE: Final[dict[str, Any]] = {
    "user_id": _REVIEWER,
    "is_issuer": True,
    "allowed_credentials": ["dpw_certified"],
    "organization": "Department of Public Works",
    "nickname": "DPW",
}
FOUND_PERSON: Final = {"user_id": _USER, "display_name": "Ana Muñoz", "email": "ana@example.org"}
ADDRESS_OWNER: Final = {"user_id": _USER, "address": _WALLET, "display_name": "Ana Muñoz", "verified": True}
HOLDER: Final = {
    "user_id": _USER,
    "display_name": "Ana Muñoz",
    "first_name": "Ana",
    "last_name": "Muñoz",
    "email": "ana@example.org",
    "verified": True,
    "wallets": [{"address": _WALLET, "verified": True}],
    "dids": [_HOLDER],
    "holder_did": _HOLDER,
    "is_improver": True,
    "active": True,
    "is_yours": False,
    "grants": [GRANT],
    "requests": [
        {
            "id": _REQUEST,
            "credential_type": "dpw_certified",
            "status": "approved",
            "requested_at": _AT,
            "resolved_at": _LATER,
            "version": 2,
        }
    ],
    "dependent_work": [
        {
            "grant_id": GRANT["id"],
            "credential_type": "dpw_certified",
            "total": 1,
            "steps": [
                {
                    "workflow_id": "wfl_kq3c7xm2vbn5tz4wpd6ahf2yqe",
                    "workflow_title": "Street Repair Project",
                    "step_id": "stp_kq3c7xm2vbn5tz4wpd6ahf2yqe",
                    "title": "Assess damage",
                    "status": "in_progress",
                }
            ],
        }
    ],
}
SAVED_VIEW: Final = {
    "id": "vew_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "name": "Mine, oldest first",
    "query": "status=pending&assignee=me",
    "pinned": True,
    "is_default": False,
}
EACH: Final = {
    "results": [{"request_id": _REQUEST, "status": "pending", "error": None}],
    "done": 1,
    "failed": 0,
}
COUNTS: Final = {"dpw_certified": {"pending": 4, "approved": 30, "rejected": 6, "withdrawn": 0}}
