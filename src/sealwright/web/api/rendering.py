"""From our own values to the words of the wire; translation happens here and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from sealwright.domain.access import ApiKey
from sealwright.domain.audit import AuditRecord
from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.dids import DIDRecord, DIDVersion
from sealwright.domain.formats import CredentialFormat
from sealwright.domain.schemas import SchemaRecord
from sealwright.services.events import Event
from sealwright.services.issuing_line import Issued
from sealwright.services.ports import Halt
from sealwright.services.status_lists import status_list_url
from sealwright.services.stored_credentials import is_compact
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.vc.verification.report import VerificationReport
from sealwright.web.reply import raw_or_null


def moment(at: datetime | None) -> str | None:
    """A moment as text, or null."""
    return None if at is None else format_timestamp(at)


def _credential(record: CredentialRecord) -> msgspec.Raw | None:
    """The credential as it was stored: an object, or compact text as a string."""
    content = record.document
    if content is not None and is_compact(content):
        return msgspec.Raw(b'"' + content + b'"')
    return raw_or_null(content)


def issued(result: Issued, public_url: str, offer: dict[str, Any] | None = None) -> dict[str, Any]:
    """An issued credential, with the offer of it; its document goes out as the bytes that were stored."""
    record = result.record
    return {
        "credential": _credential(record),
        "credentialId": record.credential_id,
        "statusListIndex": record.place.index if record.place else None,
        "statusListCredential": status_list_url(public_url, record),
        "transactionHash": record.transaction_hash,
        "grantId": record.grant_id,
        "offer": offer,
    }


def credential_record(record: CredentialRecord, public_url: str, now: datetime) -> dict[str, Any]:
    """A stored credential with what is known of it."""
    return {
        "credentialId": record.credential_id,
        "credential": _credential(record),
        "status": record.status_at(now).value,
        "schemaId": record.schema_id,
        "issuerDid": record.issuer_did,
        "holderDid": record.holder_did,
        "proofType": record.proof_type,
        "revocable": record.revocable,
        "suspendable": record.suspendable,
        "statusListIndex": record.place.index if record.place else None,
        "statusListCredential": status_list_url(public_url, record),
        "issuedAt": format_timestamp(record.issued_at),
        "expiresAt": moment(record.expires_at),
        "revokedAt": moment(record.revoked_at),
        "reasonCode": record.reason_code.value if record.reason_code else None,
        "grantId": record.grant_id,
        "batchId": record.batch_id,
        "transactionHash": record.transaction_hash,
        "documentSha256": record.document_sha256,
    }


def credential_form(record: CredentialRecord, form: CredentialFormat) -> dict[str, Any]:
    """A credential in a form that was asked for; its document goes out as the bytes that were stored."""
    return {"credentialId": record.credential_id, "form": form.value, "credential": _credential(record)}


def credential_status(record: CredentialRecord, public_url: str, now: datetime) -> dict[str, Any]:
    """A credential's public state; free-text reasons never leave the office."""
    return {
        "credentialId": record.credential_id,
        "status": record.status_at(now).value,
        "revoked": record.status is CredentialStatus.REVOKED,
        "suspended": record.status is CredentialStatus.SUSPENDED,
        "statusListId": record.place.list_id if record.place else None,
        "statusListIndex": record.place.index if record.place else None,
        "statusListCredential": status_list_url(public_url, record),
        "revokedAt": moment(record.revoked_at),
        "reasonCode": record.reason_code.value if record.reason_code else None,
        "checkedAt": format_timestamp(now),
    }


def schema(record: SchemaRecord) -> dict[str, Any]:
    """A registered credential schema."""
    return {
        "schemaId": record.schema_id,
        "name": record.name,
        "version": record.version,
        "type": list(record.type),
        "description": record.description,
        "author": record.author,
        "schema": msgspec.Raw(record.content),
        "contextUrl": record.context_url,
        "sha256": record.sha256,
        "restricted": record.restricted,
        "allowedIssuers": list(record.allowed_issuers),
        "revocationRequired": record.revocation_required,
        "active": record.active,
        "credentialType": record.credential_type,
        "createdAt": format_timestamp(record.created_at),
    }


def did(record: DIDRecord, *, shows_owner: bool) -> dict[str, Any]:
    """A DID kept here.

    Args:
        shows_owner: True for its owner and admins; for all others the person behind it stays unnamed.
    """
    return {
        "did": record.did,
        "method": record.method,
        "kind": record.kind.value,
        "name": record.name,
        "status": record.state.value,
        "controller": record.controller,
        "operator": record.operator,
        "ownerUserId": record.owner_user_id if shows_owner else None,
        "aliases": list(record.aliases),
        "document": msgspec.Raw(record.document),
        "version": record.version,
        "keys": [
            {
                "id": method.id,
                "type": method.type,
                "proofTypes": list(method.proof_types),
                "purposes": list(method.purposes),
                "status": method.state.value,
                "custody": method.custody.value,
                "createdAt": format_timestamp(method.created_at),
            }
            for method in record.methods
        ],
        "createdAt": format_timestamp(record.created_at),
        "updatedAt": format_timestamp(record.updated_at),
        "deactivatedAt": moment(record.deactivated_at),
        "transactionHash": None,
    }


def did_version(version: DIDVersion) -> dict[str, Any]:
    """One version of a DID document."""
    return {
        "version": version.version,
        "at": format_timestamp(version.at),
        "document": msgspec.Raw(version.document),
    }


def api_key(key: ApiKey, now: datetime) -> dict[str, Any]:
    """An API key without its secret."""
    return {
        "apiKeyId": key.api_key_id,
        "name": key.name,
        "prefix": key.prefix,
        "issuerDids": list(key.issuer_dids),
        "schemas": list(key.schemas) if key.schemas is not None else None,
        "issuePerMinute": key.issue_per_minute,
        "status": key.status_at(now),
        "createdAt": format_timestamp(key.created_at),
        "expiresAt": moment(key.expires_at),
        "lastUsedAt": moment(key.last_used_at),
    }


def audit_record(record: AuditRecord) -> msgspec.Raw:
    """An audit row: the exact body that was hashed, with the two hashes behind it."""
    tail = f',"prevHash":"{record.prev_hash}","hash":"{record.hash}"}}'.encode("ascii")
    return msgspec.Raw(record.body[:-1] + tail)


def event(happened: Event) -> dict[str, Any]:
    """An event, as lists and streams show it."""
    return {
        "id": happened.event_id,
        "type": happened.kind,
        "timestamp": format_timestamp(happened.at),
        "data": happened.data,
    }


def office_status(halts: Sequence[Halt], *, is_sealed: bool, queue_depth: int) -> dict[str, Any]:
    """Whether the office issues; of several halts the oldest is told."""
    first = min(halts, key=lambda halt: halt.since, default=None)
    return {
        "halted": first is not None,
        "sealed": is_sealed,
        "since": moment(first.since) if first else None,
        "reason": first.reason if first else None,
        "queue_depth": queue_depth,
    }


def report(found: VerificationReport) -> dict[str, Any]:
    """A verification with every check, in order."""
    return {
        "verified": bool(found),
        "checks": [
            {"name": check.name, "outcome": check.outcome.value, "code": check.code, "detail": check.detail}
            for check in found.checks
        ],
        "credentialId": found.credential_id,
        "issuerDid": found.issuer_did,
        "holderDid": found.holder_did,
        "types": list(found.types),
        "checkedAt": format_timestamp(found.checked_at),
    }
