"""Bodies of the routes by which people ask for credentials, and reviewers decide, grant and revoke."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sealwright.domain.deciding import read_verdict
from sealwright.domain.errors import InvalidDecision
from sealwright.domain.requests import RequestState
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.delivery import DELIVERY
from sealwright.web.api.shapes.parts import BOOLEAN, OBJECT, REASON_CODES, TIMESTAMP, Node, closed, listed, text
from sealwright.web.shape import Body, Shape

MAX_DECISIONS: Final = 100

USER_ID: Final = text(255, "A person's id.")
REQUEST_ID: Final = text(255, "Id of a credential request.")
# Unknown values are told from malformed ones by nobody: both are unknown credential types.
TYPE_NAME: Final = text(200, "Value of a credential type.")
NOTE: Final = text(2000, "For the office's own records; the person is not told.")
MESSAGE: Final = text(2000, "What the person is told.")
VERSION: Final[Node] = {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}
EXPECTED_VERSION: Final[Node] = {**VERSION, "description": "The version that was read; another one answers 409."}
DRY_RUN: Final[Node] = {**BOOLEAN, "default": False, "description": "Tell the effects, and change nothing."}
EVIDENCE: Final = listed(text(64), most=20, description="Ids of uploaded attachments of the person's own.")
ANSWERS: Final[Node] = {
    "type": "object",
    "additionalProperties": text(2000),
    "maxProperties": 50,
    "description": "Answers to the type's questions, by the question's text.",
}
CLAIMS: Final[Node] = {**OBJECT, "description": "What the type's credential schema asks for."}
EXPIRES_AT: Final[Node] = {**TIMESTAMP, "description": "End of the grant; the type's own rule when left out."}
_WORD: Final = text(200, "`approved`, `rejected` or `pending`, also as verbs and `denied`; case does not matter.")
_REASON: Final = text(2000, "Why; kept with the grant.")
_REASON_CODE: Final[Node] = {
    "type": "string",
    "enum": list(REASON_CODES),
    "default": "unspecified",
    "description": "What the public may know of the reason.",
}

REQUEST_CREDENTIAL: Final = Shape(
    "RequestCredential",
    closed(
        {
            "credential_type": TYPE_NAME,
            "allow_unlisted": {**BOOLEAN, "default": False, "description": "Needed for a type that is not listed."},
            "claims": CLAIMS,
            "evidence": EVIDENCE,
            "answers": ANSWERS,
            "note": text(2000, "What the reviewers should know."),
        },
        required=("credential_type",),
    ),
    example={"credential_type": "dpw_certified", "note": "I finished the training in October."},
)
REPLY: Final = Shape(
    "ReplyToReviewer",
    closed({"message": text(2000, "What the reviewers are told."), "evidence": EVIDENCE}, required=("message",)),
    example={"message": "The certificate is attached."},
)
ASK: Final = Shape(
    "AskRequester",
    closed({"message": MESSAGE}, required=("message",)),
    example={"message": "Please add your certificate of training."},
)
_ASSIGNEE: Final[Node] = {
    "type": ["string", "null"],
    "minLength": 1,
    "maxLength": 255,
    "description": "Who takes care of it; null for nobody.",
}
ASSIGN: Final = Shape(
    "AssignRequest",
    closed({"assignee_user_id": _ASSIGNEE}, required=("assignee_user_id",)),
    example={"assignee_user_id": None},
)
REQUEST_IDS: Final[Node] = {
    **listed(REQUEST_ID, least=1, most=MAX_DECISIONS, description="The requests, each by itself."),
    "uniqueItems": True,
    "x-too-many": "BATCH_TOO_LARGE",
}
_IDS_EXAMPLE: Final = ["req_kq3c7xm2vbn5tz4wpd6ahf2yqe", "req_zz3c7xm2vbn5tz4wpd6ahf2yqe"]
ASK_MANY: Final = Shape(
    "AskRequesters",
    closed({"request_ids": REQUEST_IDS, "message": MESSAGE}, required=("request_ids", "message")),
    example={"request_ids": _IDS_EXAMPLE, "message": "Please add your certificate of training."},
)
ASSIGN_MANY: Final = Shape(
    "AssignRequests",
    closed({"request_ids": REQUEST_IDS, "assignee_user_id": _ASSIGNEE}, required=("request_ids", "assignee_user_id")),
    example={"request_ids": _IDS_EXAMPLE, "assignee_user_id": "usr_ab2c7xm2vbn5tz4wpd6ahf2yqe"},
)
UNDO: Final = Shape(
    "UndoDecision",
    closed({"expected_version": EXPECTED_VERSION}),
    optional=True,
    example={"expected_version": 2},
)


def word_of(body: Body) -> RequestState:
    """The decision that a checked body names, by either of its two names."""
    return read_verdict(body["status"] if "status" in body else body["decision"])


def note_of(body: Body) -> str | None:
    """The internal note, by either of its two names."""
    return body.get("note", body.get("reason"))


def _decision_faults(body: Body) -> Iterable[Fault]:
    meant = set()
    for name in ("status", "decision"):
        if name in body:
            try:
                meant.add(read_verdict(body[name]))
            except InvalidDecision:
                yield Fault(f"/{name}", "INVALID_DECISION", "must be approved, rejected or pending")
    if len(meant) > 1:
        yield Fault("/decision", "CONFLICTING_FIELDS", "says another thing than status")
    if "note" in body and "reason" in body and body["note"] != body["reason"]:
        yield Fault("/reason", "CONFLICTING_FIELDS", "says another thing than note")
    if RequestState.REJECTED in meant and not (note_of(body) or "").strip():
        yield Fault("/note", "MISSING_FIELD", "is needed to reject")
    if "delivery" in body and RequestState.APPROVED not in meant:
        yield Fault("/delivery", "CONFLICTING_FIELDS", "belongs to an approval")


def _bulk_faults(body: Body) -> Iterable[Fault]:
    yield from _decision_faults(body)
    for request_id, version in body.get("expected_versions", {}).items():
        # JSON Schema takes 3.0 for an integer, we do not.
        if isinstance(version, float):
            yield Fault(f"/expected_versions/{request_id}", "INVALID_TYPE", "must be an integer")
        elif request_id not in body["request_ids"]:
            yield Fault(f"/expected_versions/{request_id}", "INVALID_VALUE", "is not among the requests")


_DECISION_MEMBERS: Final[Node] = {
    "status": _WORD,
    "decision": {**_WORD, "description": "Another name for `status`."},
    "note": NOTE,
    "reason": {**NOTE, "description": "Another name for `note`."},
    "message": MESSAGE,
}
_ONE_WORD: Final[Any] = {"anyOf": [{"required": ["status"]}, {"required": ["decision"]}], "missing": "status"}
DECISION: Final = Shape(
    "Decision",
    closed(
        {
            **_DECISION_MEMBERS,
            "expected_version": EXPECTED_VERSION,
            "expires_at": EXPIRES_AT,
            "claims": CLAIMS,
            "checklist": listed(text(500), most=50, description="The items of the type's checklist that were ticked."),
            "delivery": DELIVERY,
            "dry_run": DRY_RUN,
        },
        **_ONE_WORD,
    ),
    check=_decision_faults,
    example={"status": "approved", "note": "Certificate checked.", "expected_version": 1},
)
DECISIONS: Final = Shape(
    "Decisions",
    closed(
        {
            "request_ids": REQUEST_IDS,
            **_DECISION_MEMBERS,
            "expected_versions": {
                "type": "object",
                "additionalProperties": VERSION,
                "description": "The versions that were read, by request id.",
            },
            "dry_run": DRY_RUN,
        },
        required=("request_ids",),
        **_ONE_WORD,
    ),
    check=_bulk_faults,
    example={
        "request_ids": _IDS_EXAMPLE,
        "status": "approved",
        "note": "Certificates checked.",
        "message": "Welcome!",
    },
)
GRANT: Final = Shape(
    "GrantCredential",
    closed(
        {
            "user_id": USER_ID,
            "credential_type": TYPE_NAME,
            "expires_at": EXPIRES_AT,
            "note": NOTE,
            "claims": CLAIMS,
            "dry_run": DRY_RUN,
        },
        required=("user_id", "credential_type"),
    ),
    example={"user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe", "credential_type": "dpw_certified"},
)

REVOKE_MEMBERS: Final[Node] = {
    "user_id": USER_ID,
    "credential_type": TYPE_NAME,
    "reason": _REASON,
    "reason_code": _REASON_CODE,
    "dry_run": DRY_RUN,
}
_REVOKE_EXAMPLE: Final = {
    "user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "credential_type": "dpw_certified",
    "reason": "The certificate was withdrawn.",
}
REVOKE_GRANT: Final = Shape(
    "RevokeGrant",
    closed(REVOKE_MEMBERS, required=("user_id", "credential_type", "reason")),
    example=_REVOKE_EXAMPLE,
)
REVOKE_GRANT_ANYHOW: Final = Shape(
    "RevokeGrantWithoutReason",
    closed(REVOKE_MEMBERS, required=("user_id", "credential_type")),
    example={name: value for name, value in _REVOKE_EXAMPLE.items() if name != "reason"},
)
# A DELETE may bring its members in the query instead; what is there in all is then held against REVOKE_GRANT.
REVOKE_GRANT_IN_PARTS: Final = Shape(
    "RevokeGrantInParts", closed(REVOKE_MEMBERS), optional=True, example=_REVOKE_EXAMPLE
)
CHANGE_GRANT: Final = Shape(
    "ChangeGrant",
    closed({"reason": _REASON, "dry_run": DRY_RUN}, required=("reason",)),
    example={"reason": "Under review."},
)
END_GRANT: Final = Shape(
    "EndGrant",
    closed({"reason": _REASON, "reason_code": _REASON_CODE, "dry_run": DRY_RUN}, required=("reason",)),
    example={"reason": "The certificate was withdrawn.", "reason_code": "requirements_not_met"},
)
SAVE_VIEW: Final = Shape(
    "SaveView",
    closed(
        {
            "name": text(80),
            "query": {"type": "string", "maxLength": 1000, "description": "The query string of the list."},
            "pinned": {**BOOLEAN, "default": False},
            "is_default": {**BOOLEAN, "default": False},
        },
        required=("name", "query"),
    ),
    example={"name": "Mine, oldest first", "query": "status=pending&assignee=me"},
)
