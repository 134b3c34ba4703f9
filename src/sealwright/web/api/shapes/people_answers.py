"""What admission, the catalog and the register of people answer with, as JSON Schema."""

from __future__ import annotations

from typing import Final

from sealwright.domain.catalog import RevocationPolicy, Visibility
from sealwright.domain.enrollment import IssuerState, RoleState
from sealwright.web.api.shapes.answers import INTEGER, STRING
from sealwright.web.api.shapes.parts import BOOLEAN, TIMESTAMP, answer, listed, nullable

ISSUER: Final = answer(
    "Issuer",
    {
        "user_id": STRING,
        "organization": STRING,
        "email": STRING,
        "nickname": nullable(STRING),
        "status": {"type": "string", "enum": [one.value for one in IssuerState]},
        "allowed_credentials": listed(STRING),
        "wanted_credentials": listed(STRING),
        "justification": nullable(STRING),
        "issuer_did": nullable(STRING),
        "note": nullable(STRING),
        "created_at": TIMESTAMP,
        "updated_at": TIMESTAMP,
        "version": INTEGER,
    },
)
ROLE_REQUEST: Final = answer(
    "RoleRequest",
    {
        "user_id": STRING,
        "display_name": STRING,
        "email": STRING,
        "role": STRING,
        "status": {"type": "string", "enum": [one.value for one in RoleState]},
        "note": nullable(STRING),
        "decision_note": nullable(STRING),
        "created_at": TIMESTAMP,
        "version": INTEGER,
    },
)
OWN_ROLE: Final = answer("OwnRole", {"user_id": STRING, "role": STRING, "status": STRING, "created_at": TIMESTAMP})
CREDENTIAL_TYPE: Final = answer(
    "CredentialType",
    {
        "value": STRING,
        "label": STRING,
        "labels": {"type": "object", "additionalProperties": STRING},
        "visibility": {"type": "string", "enum": [one.value for one in Visibility]},
        "description": nullable(STRING),
        "criteria": nullable(STRING),
        "checklist": listed(STRING),
        "questions": listed(STRING),
        "badge_attachment_id": nullable(STRING),
        "validity_days": nullable(INTEGER),
        "renewal_reminder_days": nullable(INTEGER),
        "target_hours": nullable(INTEGER),
        "revocation_policy": {"type": "string", "enum": [one.value for one in RevocationPolicy]},
        "schema_id": STRING,
        "issuer_did": STRING,
        "proof_type": STRING,
        "suspendable": BOOLEAN,
        "two_person": BOOLEAN,
        "approval_note_required": BOOLEAN,
        "created_at": TIMESTAMP,
        "updated_at": TIMESTAMP,
        "active": BOOLEAN,
        "version": INTEGER,
    },
)
TYPE_USAGE: Final = answer(
    "TypeUsage",
    {"used": BOOLEAN, "requests": INTEGER, "grants": INTEGER, "scopes": INTEGER, "workflow_roles": INTEGER},
)
WALLET: Final = answer("PersonWallet", {"address": STRING, "verified": BOOLEAN})
PERSON: Final = answer(
    "Person",
    {
        "user_id": STRING,
        "display_name": STRING,
        "first_name": nullable(STRING),
        "last_name": nullable(STRING),
        "emails": listed(answer("PersonEmail", {"email": STRING, "verified": BOOLEAN})),
        "roles": listed(answer("PersonRole", {"role": STRING, "status": STRING})),
        "wallets": listed(WALLET),
        "dids": listed(STRING),
        "holder_did": nullable(STRING),
        "locale": nullable(STRING),
        "active": BOOLEAN,
        "created_at": TIMESTAMP,
    },
)
MAIL: Final = answer(
    "Letter",
    {
        "id": STRING,
        "user_id": nullable(STRING),
        "to": STRING,
        "kind": STRING,
        "locale": STRING,
        "subject": STRING,
        "created_at": TIMESTAMP,
        "sent_at": nullable(TIMESTAMP),
        "attempts": INTEGER,
    },
)
INVITATION: Final = answer("Invitation", {"email": STRING, "link": STRING})
