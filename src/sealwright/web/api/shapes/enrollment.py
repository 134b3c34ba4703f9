"""Bodies of the routes for account roles, issuer profiles, the catalog and people."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sealwright.domain.catalog import RESERVED_VALUES, RevocationPolicy, Visibility
from sealwright.domain.enrollment import IssuerState
from sealwright.domain.people import AccountRole
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.parts import BOOLEAN, DID, PROOF_TYPE, Node, closed, listed, text
from sealwright.web.api.shapes.review import EXPECTED_VERSION, TYPE_NAME, USER_ID
from sealwright.web.shape import Body, Shape

DECIDABLE: Final = ("approved", "rejected", "pending")
_NAME: Final = text(100)
_TYPES: Final = listed(TYPE_NAME, most=1000)
_TOLD: Final = text(2000, "Why; the person is told.")
_EMAIL: Final = text(254)

REQUEST_ROLE: Final = Shape(
    "RequestRole",
    closed({"first_name": _NAME, "last_name": _NAME, "note": text(2000, "What the admins should know.")}),
    optional=True,
    example={"first_name": "Ana", "last_name": "Muñoz", "note": "I repair streets."},
)
LEAVE_ROLE: Final = Shape("LeaveRole", closed({"note": text(2000)}), optional=True, example={"note": "I am moving."})
REQUEST_ISSUER: Final = Shape(
    "RequestIssuer",
    closed(
        {
            "organization": text(200),
            "email": {**_EMAIL, "description": "A verified address of one's own."},
            "credential_types": {**_TYPES, "description": "The credential types that are wanted."},
            "justification": text(4000),
        },
        required=("organization", "email"),
    ),
    example={
        "organization": "Department of Public Works",
        "email": "ana@dpw.example",
        "credential_types": ["dpw_certified"],
    },
)
REQUEST_SCOPE: Final = Shape(
    "RequestScope",
    closed(
        {
            "credential_types": {**_TYPES, "description": "The types that are wanted."},
            "message": text(2000, "What the admins are told."),
        },
        anyOf=[{"required": ["credential_types"]}, {"required": ["message"]}],
        missing="credential_types",
    ),
    example={"credential_types": ["sfluv_verifier"], "message": "We verify merchants, too."},
)


def _note_faults(body: Body) -> Iterable[Fault]:
    if body["status"] != "approved" and not body.get("note", "").strip():
        yield Fault("/note", "MISSING_FIELD", "is needed when not approving")


_DECIDE: Final[Node] = {
    "user_id": USER_ID,
    "status": {"type": "string", "enum": list(DECIDABLE)},
    "note": _TOLD,
    "expected_version": EXPECTED_VERSION,
}
DECIDE_ROLE: Final = Shape(
    "DecideRole",
    closed(_DECIDE, required=("user_id", "status")),
    check=_note_faults,
    example={"user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe", "status": "approved"},
)
DECIDE_ISSUER: Final = Shape(
    "DecideIssuer",
    closed(
        {
            **_DECIDE,
            "allowed_credentials": {**_TYPES, "description": "The issuer scope; what was wanted when left out."},
            "nickname": text(200),
        },
        required=("user_id", "status"),
    ),
    check=_note_faults,
    example={
        "user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe",
        "status": "approved",
        "allowed_credentials": ["dpw_certified"],
    },
)
PUT_ISSUER: Final = Shape(
    "PutIssuer",
    closed(
        {
            "user_id": USER_ID,
            "allowed_credentials": {**_TYPES, "description": "Replaces the issuer scope."},
            "make_issuer": {**BOOLEAN, "default": True, "description": "Approve somebody who is no issuer yet."},
            "status": {"type": "string", "enum": [state.value for state in IssuerState]},
            "nickname": text(200),
            "issuer_did": {**DID, "description": "Who signs what they approve; the type's issuer when left out."},
            "note": _TOLD,
            "expected_version": EXPECTED_VERSION,
        },
        required=("user_id", "allowed_credentials"),
    ),
    example={"user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe", "allowed_credentials": ["dpw_certified", "sfluv_verifier"]},
)


def _reserved_value(body: Body) -> Iterable[Fault]:
    if body["value"] in RESERVED_VALUES:
        yield Fault("/value", "INVALID_TYPE_VALUE", "is a word of its own in filters")


_DAYS: Final[Node] = {"type": "integer", "minimum": 1, "maximum": 36500}
_TYPE_MEMBERS: Final[dict[str, Any]] = {
    "label": text(120),
    "labels": {
        "type": "object",
        "additionalProperties": text(120),
        "maxProperties": 20,
        "description": "The label in further languages, by language tag.",
    },
    "visibility": {
        "type": "string",
        "enum": [one.value for one in Visibility],
        "default": "public",
        "description": "Who may ask: everybody, whoever knows of it, nobody.",
    },
    "description": text(5000),
    "criteria": text(5000, "What a person must meet."),
    "checklist": listed(text(500), most=50, description="What a reviewer ticks off."),
    "questions": listed(text(500), most=50, description="What a requester answers in words."),
    "badge_attachment_id": text(64, "An uploaded image."),
    "validity_days": {**_DAYS, "description": "A grant ends so many days after it was made; never when left out."},
    "renewal_reminder_days": {**_DAYS, "description": "The holder is told so many days before the end."},
    "target_hours": {
        "type": "integer",
        "minimum": 1,
        "maximum": 100_000,
        "description": "A decision later than this is past its target.",
    },
    "revocation_policy": {
        "type": "string",
        "enum": [one.value for one in RevocationPolicy],
        "description": "What becomes of step claims when a grant is lost; the setting when left out.",
    },
    "schema_id": text(2048, "Id of a registered credential schema; one is registered when left out."),
    "issuer_did": {**DID, "description": "Who signs; the platform's own DID when left out."},
    "proof_type": PROOF_TYPE,
    "suspendable": {**BOOLEAN, "default": False},
    "two_person": {**BOOLEAN, "default": False, "description": "Two different reviewers must approve."},
    "approval_note_required": {
        **BOOLEAN,
        "default": False,
        "description": "Approving and granting need a note as well.",
    },
}
# What a type may go without can be taken away from it again.
_CLEARABLE: Final = (
    "description",
    "criteria",
    "badge_attachment_id",
    "validity_days",
    "renewal_reminder_days",
    "target_hours",
)
CREATE_TYPE: Final = Shape(
    "CreateCredentialType",
    closed(
        {
            "value": {
                "type": "string",
                "pattern": "^[a-z0-9_]{1,64}$",
                "x-fault": "INVALID_TYPE_VALUE",
                "description": "1 to 64 of a–z, 0–9 and `_`; not `all`.",
            },
            **_TYPE_MEMBERS,
        },
        required=("value", "label"),
    ),
    check=_reserved_value,
    example={"value": "tree_steward", "label": "Tree steward", "validity_days": 365},
)
UPDATE_TYPE: Final = Shape(
    "UpdateCredentialType",
    closed(
        {
            **{
                name: {key: value for key, value in node.items() if key != "default"}
                | ({"type": [node["type"], "null"]} if name in _CLEARABLE else {})
                for name, node in _TYPE_MEMBERS.items()
            },
            "expected_version": EXPECTED_VERSION,
        },
        minProperties=1,
    ),
    example={"label": "Tree steward of the city", "expected_version": 1},
)

# Nothing that blanks, ends a line, hides, turns the direction of text, or divides an address.
_CHOSEN_ID: Final = "^[^\\x00-\\x20\\x7f-\\xa0/?#\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff]{1,255}$"
ROLES: Final = tuple(role.value for role in AccountRole)
_ROLE: Final[Node] = {"type": "string", "enum": list(ROLES)}
CREATE_USER: Final = Shape(
    "CreateUser",
    closed(
        {
            "email": _EMAIL,
            "display_name": text(200),
            "id": {
                "type": "string",
                "pattern": _CHOSEN_ID,
                "description": "Chosen by you: 1 to 255 printable characters, no space and none of `/?#`.",
            },
            "roles": {**listed(_ROLE, most=len(ROLES)), "description": "Approved at once."},
            "verified": {**BOOLEAN, "default": False, "description": "Whether the e-mail address counts as verified."},
        },
        required=("email", "display_name"),
    ),
    example={"email": "ana@example.org", "display_name": "Ana Muñoz", "roles": ["improver"], "verified": True},
)
SET_ROLE: Final = Shape(
    "SetRole",
    closed(
        {"user_id": USER_ID, "role": _ROLE, "value": {**BOOLEAN, "description": "Whether they have it."}},
        required=("user_id", "role", "value"),
    ),
    example={"user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe", "role": "proposer", "value": True},
)
INVITE: Final = Shape(
    "Invite",
    closed(
        {
            "email": _EMAIL,
            "locale": {"type": "string", "enum": ["en", "es"], "description": "The letter's language."},
            "display_name": text(200, "Of the account that is made at once."),
            "roles": {
                **listed(_ROLE, most=len(ROLES)),
                "description": "Approved at once, so the account is made now; the link verifies its address.",
            },
            "allowed_credentials": {**_TYPES, "description": "The issuer scope; only with the role `issuer`."},
        },
        required=("email",),
    ),
    example={
        "email": "ana@example.org",
        "locale": "es",
        "roles": ["issuer"],
        "allowed_credentials": ["dpw_certified"],
    },
)
SEND_TEST: Final = Shape(
    "SendTestLetter",
    closed({"to": {**_EMAIL, "description": "Where to; to the caller when left out."}}),
    optional=True,
    example={"to": "ana@example.org"},
)
