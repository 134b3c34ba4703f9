"""The review desk's values in the words of the wire."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sealwright.domain.catalog import CredentialType
from sealwright.domain.effects import Effects, TouchedStep
from sealwright.domain.enrollment import IssuerProfile, RoleRequest
from sealwright.domain.grants import Grant
from sealwright.domain.people import AccountRole, Person
from sealwright.domain.requests import CredentialRequest, HistoryEntry
from sealwright.services.enrollment import Standing
from sealwright.services.review_values import RequestView
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.rendering import moment


def unix(at: datetime | None) -> int | None:
    """A moment in Unix seconds, or null."""
    return None if at is None else int(at.timestamp())


def effects(found: Effects, *, dry_run: bool = False) -> dict[str, Any]:
    """What an act on rights does or did; a dry run names no grants to come, since their ids are not known before."""
    moved = found.request_from is not None or found.request_to is not None
    return {
        "changed": found.changed,
        "summary": found.summary,
        "policy": found.policy.value if found.policy else None,
        "request": {
            "from": found.request_from.value if found.request_from else None,
            "to": found.request_to.value if found.request_to else None,
        }
        if moved
        else None,
        "grants_created": [] if dry_run else list(found.grants_created),
        "grants_revoked": list(found.grants_revoked),
        "credentials_issued": found.credentials_issued,
        "credentials_revoked": list(found.credentials_revoked),
        "workflow_roles_opened": found.workflow_roles_opened,
        "workflow_roles_closed": found.workflow_roles_closed,
        "steps_kept": [_step(step) for step in found.steps_kept],
        "steps_released": [_step(step) for step in found.steps_released],
        "series_claims_released": [
            {"series_id": claim.series_id, "step_order": claim.step_order} for claim in found.series_claims_released
        ],
    }


def _step(step: TouchedStep) -> dict[str, str]:
    return {"workflow_id": step.workflow_id, "step_id": step.step_id, "title": step.title, "status": step.status}


def grant(record: Grant, now: datetime, *, in_scope: bool) -> dict[str, Any]:
    """A grant as of now.

    Args:
        in_scope: False outside the issuer scope, where neither reason nor request is told.
    """
    members = {
        "id": record.grant_id,
        "user_id": record.user_id,
        "credential_type": record.credential_type,
        "issued_by": record.issued_by,
        "issued_at": unix(record.issued_at),
        "revoked_at": unix(record.revoked_at),
        "revoked_by": record.revoked_by,
        "status": record.status_at(now).value,
        "issuance": record.issuance.value,
        "issuance_error": record.issuance_error,
        "expires_at": unix(record.expires_at),
        "reason": record.reason,
        "request_id": record.request_id,
        "supersedes": record.supersedes,
        "credential_id": record.credential_id,
        "issuer_did": record.issuer_did,
        "holder_did": record.holder_did,
        "issued_at_utc": format_timestamp(record.issued_at),
        "expires_at_utc": moment(record.expires_at),
        "revoked_at_utc": moment(record.revoked_at),
    }
    if not in_scope:
        del members["reason"], members["request_id"]
    return members


def request(view: RequestView, now: datetime, *, for_reviewer: bool) -> dict[str, Any]:
    """A request with its requester and what became of its grant; the requester reads nothing internal."""
    asked, person, grant = view.request, view.requester, view.grant
    members: dict[str, Any] = {
        "id": asked.request_id,
        "user_id": asked.user_id,
        "credential_type": asked.credential_type,
        "status": asked.state.value,
        "requested_at": format_timestamp(asked.requested_at),
        "resolved_at": moment(asked.resolved_at),
        "resolved_by": asked.resolved_by,
        "created_at": format_timestamp(asked.created_at),
        "updated_at": format_timestamp(asked.updated_at),
        "requester_name": person.display_name,
        "requester_first_name": person.first_name,
        "requester_last_name": person.last_name,
        "requester_email": person.email,
        "version": asked.version,
        "needs_info": asked.needs_info,
        "message": asked.message,
        "evidence": [{"attachment_id": one.attachment_id, "name": one.name} for one in asked.evidence],
        "claims": asked.claims,
        "answers": dict(asked.answers),
        "requester_note": asked.requester_note,
        "grant_id": asked.grant_id,
        "grant_status": grant.status_at(now).value if grant else None,
        "issuance": grant.issuance.value if grant else None,
        "issuance_error": grant.issuance_error if grant else None,
        "credential_id": grant.credential_id if grant else None,
        "is_yours": view.is_yours,
        "earlier_rejections": asked.earlier_rejections,
    }
    if for_reviewer:
        members |= {
            "note": asked.note,
            "endorsed_by": asked.endorsed_by,
            "assignee_user_id": asked.assignee_user_id,
            "past_target": view.past_target,
            "has_duplicate": view.has_duplicate,
            "undo_until": moment(view.undo_until),
        }
    return members


def history(entries: Iterable[HistoryEntry], *, for_reviewer: bool) -> list[dict[str, Any]]:
    """What befell a request, oldest first; the requester reads no internal notes."""
    rendered = []
    for entry in entries:
        members: dict[str, Any] = {
            "from": entry.from_state.value if entry.from_state else None,
            "to": entry.to_state.value,
            "actor": entry.actor,
            "note": entry.note,
            "message": entry.message,
            "at": format_timestamp(entry.at),
            "cause": entry.cause,
            "checklist": list(entry.checklist),
        }
        if not for_reviewer:
            del members["note"], members["checklist"]
        rendered.append(members)
    return rendered


def issuer(profile: IssuerProfile) -> dict[str, Any]:
    """An issuer profile."""
    return {
        "user_id": profile.user_id,
        "organization": profile.organization,
        "email": profile.email,
        "nickname": profile.nickname,
        "status": profile.state.value,
        "allowed_credentials": list(profile.allowed_credentials),
        "wanted_credentials": list(profile.wanted_credentials),
        "justification": profile.justification,
        "issuer_did": profile.issuer_did,
        "note": profile.note,
        "created_at": format_timestamp(profile.created_at),
        "updated_at": format_timestamp(profile.updated_at),
        "version": profile.version,
    }


def own_role(request: RoleRequest) -> dict[str, Any]:
    """One's own request for an account role."""
    return {
        "user_id": request.user_id,
        "role": request.role.value,
        "status": request.state.value,
        "created_at": format_timestamp(request.created_at),
    }


def role_request(request: RoleRequest, person: Person | None) -> dict[str, Any]:
    """A request for an account role, for admins."""
    return {
        "user_id": request.user_id,
        "display_name": person.display_name if person else "",
        "email": person.email if person else "",
        "role": request.role.value,
        "status": request.state.value,
        "note": request.note,
        "decision_note": request.decision_note,
        "created_at": format_timestamp(request.created_at),
        "version": request.version,
    }


def credential_type(record: CredentialType) -> dict[str, Any]:
    """An entry of the catalog."""
    return {
        "value": record.value,
        "label": record.label,
        "labels": dict(record.labels),
        "visibility": record.visibility.value,
        "description": record.description,
        "criteria": record.criteria,
        "checklist": list(record.checklist),
        "questions": list(record.questions),
        "badge_attachment_id": record.badge_attachment_id,
        "validity_days": record.validity_days,
        "renewal_reminder_days": record.renewal_reminder_days,
        "target_hours": record.target_hours,
        "revocation_policy": record.revocation_policy.value,
        "schema_id": record.schema_id,
        "issuer_did": record.issuer_did,
        "proof_type": record.proof_type,
        "suspendable": record.suspendable,
        "two_person": record.two_person,
        "approval_note_required": record.approval_note_required,
        "created_at": format_timestamp(record.created_at),
        "updated_at": format_timestamp(record.updated_at),
        "active": record.active,
        "version": record.version,
    }


def wallets(person: Person) -> list[dict[str, Any]]:
    """A person's wallet addresses."""
    return [{"address": wallet.address, "verified": wallet.verified} for wallet in person.wallets]


def holder(person: Person) -> dict[str, Any]:
    """A person as reviewers see them."""
    return {
        "user_id": person.user_id,
        "display_name": person.display_name,
        "first_name": person.first_name,
        "last_name": person.last_name,
        "email": person.email,
        "verified": person.verified,
        "wallets": wallets(person),
        "dids": list(person.dids),
        "holder_did": person.holder_did,
        "is_improver": person.is_improver,
        "active": person.active,
    }


def brief_request(request: CredentialRequest) -> dict[str, Any]:
    """A request as one line."""
    return {
        "id": request.request_id,
        "credential_type": request.credential_type,
        "status": request.state.value,
        "requested_at": format_timestamp(request.requested_at),
        "resolved_at": moment(request.resolved_at),
        "version": request.version,
    }


def person(found: Person, standing: Standing) -> dict[str, Any]:
    """A person for themselves and for admins, with how they stand with every account role."""
    roles = [(one.role.value, one.state.value) for one in standing.roles]
    if standing.issuer is not None:
        roles.append((AccountRole.ISSUER.value, standing.issuer.state.value))
    return {
        "user_id": found.user_id,
        "display_name": found.display_name,
        "first_name": found.first_name,
        "last_name": found.last_name,
        "emails": [
            {"email": found.email, "verified": found.verified},
            *({"email": one.email, "verified": one.verified} for one in found.other_emails),
        ],
        "roles": [{"role": role, "status": state} for role, state in sorted(roles)],
        "wallets": wallets(found),
        "dids": list(found.dids),
        "holder_did": found.holder_did,
        "locale": found.locale,
        "active": found.active,
        "created_at": format_timestamp(found.created_at),
    }
