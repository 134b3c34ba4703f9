"""What the review desk answers with, as JSON Schema."""

from __future__ import annotations

from typing import Final

from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.grants import GrantStatus
from sealwright.domain.requests import Issuance, RequestState
from sealwright.web.api.shapes.answers import FAULT, INTEGER, STRING
from sealwright.web.api.shapes.parts import BOOLEAN, OBJECT, TIMESTAMP, Node, answer, listed, nullable
from sealwright.web.api.shapes.people_answers import WALLET

UNIX: Final[Node] = {"type": "integer", "description": "Unix seconds."}
_POLICY: Final[Node] = {"type": "string", "enum": [one.value for one in RevocationPolicy]}
_STATE: Final[Node] = {"type": "string", "enum": [one.value for one in RequestState]}
_GRANT_STATUS: Final[Node] = {"type": "string", "enum": [one.value for one in GrantStatus]}
_ISSUANCE: Final[Node] = {"type": "string", "enum": [one.value for one in Issuance]}
_TEXTS: Final[Node] = {"type": "object", "additionalProperties": STRING}

_STEP: Final = answer("TouchedStep", {"workflow_id": STRING, "step_id": STRING, "title": STRING, "status": STRING})
EFFECTS: Final = answer(
    "Effects",
    {
        "changed": BOOLEAN,
        "summary": STRING,
        "policy": nullable(_POLICY),
        "request": {
            "anyOf": [answer("RequestMove", {"from": nullable(_STATE), "to": nullable(_STATE)}), {"type": "null"}]
        },
        "grants_created": listed(STRING),
        "grants_revoked": listed(STRING),
        "credentials_issued": INTEGER,
        "credentials_revoked": listed(STRING),
        "workflow_roles_opened": INTEGER,
        "workflow_roles_closed": INTEGER,
        "steps_kept": listed(_STEP),
        "steps_released": listed(_STEP),
        "series_claims_released": listed(answer("ReleasedSeriesClaim", {"series_id": STRING, "step_order": INTEGER})),
    },
)

_REQUEST_MEMBERS: Final[Node] = {
    "id": STRING,
    "user_id": STRING,
    "credential_type": STRING,
    "status": _STATE,
    "requested_at": TIMESTAMP,
    "resolved_at": nullable(TIMESTAMP),
    "resolved_by": nullable(STRING),
    "created_at": TIMESTAMP,
    "updated_at": TIMESTAMP,
    "requester_name": STRING,
    "requester_first_name": nullable(STRING),
    "requester_last_name": nullable(STRING),
    "requester_email": STRING,
    "version": INTEGER,
    "needs_info": BOOLEAN,
    "assignee_user_id": nullable(STRING),
    "message": nullable({**STRING, "description": "The last message to the requester."}),
    "note": nullable({**STRING, "description": "The last internal note; for reviewers only."}),
    "evidence": listed(answer("Evidence", {"attachment_id": STRING, "name": STRING})),
    "claims": nullable(OBJECT),
    "answers": _TEXTS,
    "requester_note": nullable(STRING),
    "endorsed_by": nullable({**STRING, "description": "The first of two reviewers, where the type asks for two."}),
    "grant_id": nullable(STRING),
    "grant_status": nullable(_GRANT_STATUS),
    "issuance": nullable(_ISSUANCE),
    "issuance_error": nullable(STRING),
    "credential_id": nullable(STRING),
    "is_yours": BOOLEAN,
    "past_target": BOOLEAN,
    "has_duplicate": BOOLEAN,
    "undo_until": nullable({**TIMESTAMP, "description": "Until when the caller may take the last decision back."}),
    "earlier_rejections": INTEGER,
}
# For reviewers only; in answers to the requester these are not there.
REVIEWERS_ONLY: Final = ("note", "endorsed_by", "assignee_user_id", "has_duplicate", "past_target", "undo_until")
HISTORY_ENTRY: Final = answer(
    "HistoryEntry",
    {
        "from": nullable(_STATE),
        "to": _STATE,
        "actor": nullable(STRING),
        "note": nullable(STRING),
        "message": nullable(STRING),
        "at": TIMESTAMP,
        "cause": STRING,
        "checklist": listed(STRING),
    },
    optional=("note", "checklist"),
)
REQUEST: Final = answer("CredentialRequest", _REQUEST_MEMBERS, optional=REVIEWERS_ONLY)
REQUEST_DETAIL: Final = answer(
    "CredentialRequestDetail", {**_REQUEST_MEMBERS, "history": listed(HISTORY_ENTRY)}, optional=REVIEWERS_ONLY
)
DECIDED: Final = answer(
    "DecidedRequest",
    {
        **_REQUEST_MEMBERS,
        "effects": EFFECTS,
        "offer": {**nullable(OBJECT), "description": "A MadeOffer with its secrets, where `delivery` asked for it."},
    },
    optional=REVIEWERS_ONLY,
)
DECISION_PREVIEW: Final = answer(
    "DecisionPreview", {"dry_run": {"const": True}, "request": REQUEST, "effects": EFFECTS}
)
DECIDED_MANY: Final = answer(
    "DecidedRequests",
    {
        "results": listed(
            answer(
                "DecidedRow",
                {
                    "request_id": STRING,
                    "status": nullable(_STATE),
                    "effects": {"anyOf": [EFFECTS, {"type": "null"}]},
                    "error": {"anyOf": [FAULT, {"type": "null"}]},
                },
            )
        ),
        "decided": INTEGER,
        "failed": INTEGER,
    },
)

_GRANT_MEMBERS: Final[Node] = {
    "id": STRING,
    "user_id": STRING,
    "credential_type": STRING,
    "issued_by": STRING,
    "issued_at": UNIX,
    "revoked_at": nullable(UNIX),
    "revoked_by": nullable(STRING),
    "status": _GRANT_STATUS,
    "issuance": _ISSUANCE,
    "issuance_error": nullable(STRING),
    "expires_at": nullable(UNIX),
    "reason": nullable(STRING),
    "request_id": nullable(STRING),
    "supersedes": nullable(STRING),
    "credential_id": nullable(STRING),
    "issuer_did": nullable(STRING),
    "holder_did": nullable(STRING),
    "issued_at_utc": TIMESTAMP,
    "expires_at_utc": nullable(TIMESTAMP),
    "revoked_at_utc": nullable(TIMESTAMP),
}
# Outside the issuer scope these are not there.
SCOPED_MEMBERS: Final = ("reason", "request_id")
GRANT: Final = answer("Grant", _GRANT_MEMBERS, optional=SCOPED_MEMBERS)
CHANGED_GRANT: Final = answer("ChangedGrant", {**_GRANT_MEMBERS, "effects": EFFECTS}, optional=SCOPED_MEMBERS)
_PREVIEWED: Final = answer(
    "PreviewedGrant",
    {**_GRANT_MEMBERS, "id": nullable({**STRING, "description": "Null for a grant that is not made yet."})},
    optional=SCOPED_MEMBERS,
)
GRANT_PREVIEW: Final = answer(
    "GrantPreview",
    {"dry_run": {"const": True}, "grant": {"anyOf": [_PREVIEWED, {"type": "null"}]}, "effects": EFFECTS},
)


_TYPE_STATS: Final = answer(
    "TypeStats",
    {
        "credential_type": STRING,
        "label": STRING,
        "pending": INTEGER,
        "oldest_at": nullable(TIMESTAMP),
        "median_decision_seconds": nullable(INTEGER),
    },
)
_STATS: Final = answer(
    "ScopeStats",
    {
        "pending": INTEGER,
        "oldest_at": nullable(TIMESTAMP),
        "past_target": INTEGER,
        "needs_info": INTEGER,
        "decided_today": INTEGER,
        "types": listed(_TYPE_STATS),
    },
)
SCOPE: Final = answer(
    "IssuerScope",
    {
        "user_id": STRING,
        "is_issuer": BOOLEAN,
        "allowed_credentials": listed(STRING),
        "organization": nullable(STRING),
        "nickname": nullable(STRING),
        "stats": _STATS,
    },
    optional=("stats",),
)
FOUND_PERSON: Final = answer("FoundPerson", {"user_id": STRING, "display_name": STRING, "email": STRING})
ADDRESS_OWNER: Final = answer(
    "AddressOwner", {"user_id": STRING, "address": STRING, "display_name": STRING, "verified": BOOLEAN}
)
BRIEF_REQUEST: Final = answer(
    "BriefRequest",
    {
        "id": STRING,
        "credential_type": STRING,
        "status": _STATE,
        "requested_at": TIMESTAMP,
        "resolved_at": nullable(TIMESTAMP),
        "version": INTEGER,
    },
)
_DEPENDENT_WORK: Final = answer(
    "DependentWork",
    {
        "grant_id": STRING,
        "credential_type": STRING,
        "total": {**INTEGER, "description": "Of the open steps that rest on it."},
        "steps": listed(
            answer(
                "DependentStep",
                dict.fromkeys(("workflow_id", "workflow_title", "step_id", "title", "status"), STRING),
            ),
            description="The first twenty.",
        ),
    },
)
HOLDER: Final = answer(
    "Holder",
    {
        "user_id": STRING,
        "display_name": STRING,
        "first_name": nullable(STRING),
        "last_name": nullable(STRING),
        "email": STRING,
        "verified": BOOLEAN,
        "wallets": listed(WALLET),
        "dids": listed(STRING),
        "holder_did": nullable(STRING),
        "is_improver": BOOLEAN,
        "active": BOOLEAN,
        "is_yours": BOOLEAN,
        "grants": listed(GRANT),
        "requests": listed(BRIEF_REQUEST),
        "dependent_work": listed(_DEPENDENT_WORK),
    },
)
SAVED_VIEW: Final = answer(
    "SavedView",
    {"id": STRING, "name": STRING, "query": STRING, "pinned": BOOLEAN, "is_default": BOOLEAN},
)

EACH: Final = answer(
    "EachAnswered",
    {
        "results": listed(
            answer(
                "AnsweredRow",
                {
                    "request_id": STRING,
                    "status": nullable(_STATE),
                    "error": {"anyOf": [FAULT, {"type": "null"}]},
                },
            )
        ),
        "done": INTEGER,
        "failed": INTEGER,
    },
)
COUNTS: Final[Node] = {
    "title": "RequestCounts",
    "type": "object",
    "additionalProperties": answer("StateCounts", {state.value: INTEGER for state in RequestState}),
}
