"""Answers of admission, catalog and register of people that are in order. A test holds each against its shape."""

from __future__ import annotations

from typing import Any, Final

_AT: Final = "2026-11-21T02:30:00Z"
_LATER: Final = "2026-11-21T09:12:45Z"
_USER: Final = "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe"
_HOLDER: Final = "did:adi:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
_ISSUER: Final = "did:adi:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_WALLET: Final = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"


ISSUER: Final[dict[str, Any]] = {
    "user_id": _USER,
    "organization": "Department of Public Works",
    "email": "ana@dpw.example",
    "nickname": "DPW",
    "status": "approved",
    "allowed_credentials": ["dpw_certified"],
    "wanted_credentials": ["dpw_certified"],
    "justification": None,
    "issuer_did": None,
    "note": None,
    "created_at": _AT,
    "updated_at": _LATER,
    "version": 2,
}
PENDING_ISSUER: Final = {
    **ISSUER,
    "status": "pending",
    "nickname": None,
    "allowed_credentials": [],
    "updated_at": _AT,
    "version": 1,
}
ENDED_ISSUER: Final = {**ISSUER, "status": "ended", "note": "I am moving.", "version": 3}


def own_role(role: str, status: str = "pending") -> dict[str, Any]:
    """How a person stands with an account role."""
    return {"user_id": _USER, "role": role, "status": status, "created_at": _AT}


def role_request(role: str) -> dict[str, Any]:
    """A request for an account role, as admins see it."""
    return {
        "user_id": _USER,
        "display_name": "Ana Muñoz",
        "email": "ana@example.org",
        "role": role,
        "status": "pending",
        "note": "I repair streets.",
        "decision_note": None,
        "created_at": _AT,
        "version": 1,
    }


CREDENTIAL_TYPE: Final[dict[str, Any]] = {
    "value": "dpw_certified",
    "label": "Department of Public Works certification",
    "labels": {"es": "Certificación del Departamento de Obras Públicas"},
    "visibility": "public",
    "description": None,
    "criteria": "Training is finished, and its certificate was shown.",
    "checklist": ["The certificate was seen"],
    "questions": [],
    "badge_attachment_id": None,
    "validity_days": None,
    "renewal_reminder_days": 30,
    "target_hours": 48,
    "revocation_policy": "keep_current_release_future",
    "schema_id": "did:adi:schema:dpw-certified-v1",
    "issuer_did": _ISSUER,
    "proof_type": "Ed25519Signature2020",
    "suspendable": True,
    "two_person": False,
    "approval_note_required": False,
    "created_at": _AT,
    "updated_at": _AT,
    "active": True,
    "version": 1,
}
TYPE_USAGE: Final = {"used": True, "requests": 12, "grants": 9, "scopes": 2, "workflow_roles": 0}
PERSON: Final[dict[str, Any]] = {
    "user_id": _USER,
    "display_name": "Ana Muñoz",
    "first_name": "Ana",
    "last_name": "Muñoz",
    "emails": [{"email": "ana@example.org", "verified": True}],
    "roles": [{"role": "improver", "status": "approved"}],
    "wallets": [{"address": _WALLET, "verified": True}],
    "dids": [_HOLDER],
    "holder_did": _HOLDER,
    "locale": "en",
    "active": True,
    "created_at": _AT,
}
MAIL: Final[dict[str, Any]] = {
    "id": "mal_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "user_id": _USER,
    "to": "ana@example.org",
    "kind": "approved",
    "locale": "en",
    "subject": "Your request was approved",
    "created_at": _AT,
    "sent_at": _LATER,
    "attempts": 1,
}
INVITATION: Final = {"email": "ana@example.org", "link": "https://credentials.example/login/invitation/4f6a…"}
