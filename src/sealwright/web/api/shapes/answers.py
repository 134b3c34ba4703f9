"""What we answer with, as JSON Schema."""

from __future__ import annotations

from typing import Final

from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    OBJECT,
    REASON_CODES,
    STATUSES,
    TIMESTAMP,
    URL,
    Node,
    answer,
    listed,
    nullable,
    page_of,
)

STRING: Final[Node] = {"type": "string"}
INTEGER: Final[Node] = {"type": "integer"}
_CREDENTIAL: Final[Node] = {"type": "object", "description": "The signed document, byte for byte as stored."}
_STORED: Final[Node] = {
    "type": ["object", "string", "null"],
    "description": "The signed document, or the compact text of a token, as stored; null once it is erased.",
}
_REASON: Final[Node] = {"type": "string", "enum": list(REASON_CODES)}
_STATUS: Final[Node] = {"type": "string", "enum": list(STATUSES)}

FAULT_PLACE: Final = answer("FaultPlace", {"pointer": STRING, "code": STRING, "detail": STRING})
FAULT: Final = answer("Fault", {"code": STRING, "detail": STRING, "errors": listed(FAULT_PLACE)})
PROBLEM: Final = answer(
    "Problem",
    {
        "type": URL,
        "title": STRING,
        "status": INTEGER,
        "code": STRING,
        "detail": STRING,
        "instance": STRING,
        "requestId": STRING,
        "retryable": BOOLEAN,
        "errors": listed(FAULT_PLACE),
    },
)

ISSUED: Final = answer(
    "Issued",
    {
        "credential": _CREDENTIAL,
        "credentialId": STRING,
        "statusListIndex": nullable(INTEGER),
        "statusListCredential": nullable(URL),
        "transactionHash": nullable(STRING),
        "grantId": nullable(STRING),
        "offer": {**nullable(OBJECT), "description": "A MadeOffer with its secrets, where `delivery` asked for it."},
    },
)
PREVIEW: Final = answer("IssuePreview", {"dryRun": {"const": True}, "credential": OBJECT})

CREDENTIAL_RECORD: Final = answer(
    "CredentialRecord",
    {
        "credentialId": STRING,
        "credential": _STORED,
        "status": _STATUS,
        "schemaId": nullable(STRING),
        "issuerDid": STRING,
        "holderDid": STRING,
        "proofType": STRING,
        "revocable": BOOLEAN,
        "suspendable": BOOLEAN,
        "statusListIndex": nullable(INTEGER),
        "statusListCredential": nullable(URL),
        "issuedAt": TIMESTAMP,
        "expiresAt": nullable(TIMESTAMP),
        "revokedAt": nullable(TIMESTAMP),
        "reasonCode": nullable(_REASON),
        "grantId": nullable(STRING),
        "batchId": nullable(STRING),
        "transactionHash": nullable(STRING),
        "documentSha256": STRING,
    },
)
CREDENTIAL_PAGE: Final = page_of("CredentialPage", CREDENTIAL_RECORD)

_STATUS_MEMBERS: Final[Node] = {
    "credentialId": STRING,
    "status": _STATUS,
    "revoked": BOOLEAN,
    "suspended": BOOLEAN,
    "statusListId": nullable(STRING),
    "statusListIndex": nullable(INTEGER),
    "statusListCredential": nullable(URL),
    "revokedAt": nullable(TIMESTAMP),
    "reasonCode": nullable(_REASON),
    "checkedAt": TIMESTAMP,
}
STATUS: Final = answer("Status", _STATUS_MEMBERS)
STATUS_CHANGE: Final = answer(
    "StatusChange",
    {**_STATUS_MEMBERS, "effects": nullable({**OBJECT, "description": "Effects on a grant; null without one."})},
)
BATCH_REVOKED: Final = answer(
    "BatchRevoked",
    {
        "results": listed(
            answer(
                "BatchRevokedRow",
                {
                    "credentialId": STRING,
                    "status": {"type": "string", "enum": ["revoked", "failed"]},
                    "error": {"anyOf": [FAULT, {"type": "null"}]},
                },
            )
        ),
        "revoked": INTEGER,
        "failed": INTEGER,
    },
)

CHECK: Final = answer(
    "Check",
    {
        "name": STRING,
        "outcome": {"type": "string", "enum": ["passed", "failed", "unchecked", "not_applicable"]},
        "code": nullable(STRING),
        "detail": nullable(STRING),
    },
)
_REPORT_MEMBERS: Final[Node] = {
    "verified": BOOLEAN,
    "checks": listed(CHECK),
    "credentialId": nullable(STRING),
    "issuerDid": nullable(STRING),
    "holderDid": nullable(STRING),
    "types": listed(STRING),
    "checkedAt": TIMESTAMP,
}
REPORT: Final = answer("Report", _REPORT_MEMBERS)
PRESENTATION_REPORT: Final = answer("PresentationReport", {**_REPORT_MEMBERS, "credentials": listed(REPORT)})
_PROBLEM_DETAIL: Final = answer("ProblemDetail", {"type": URL, "title": STRING, "code": STRING, "detail": STRING})
VC_API_REPORT: Final = answer("VcApiReport", {**_REPORT_MEMBERS, "problemDetails": listed(_PROBLEM_DETAIL)})
VC_API_PRESENTATION_REPORT: Final = answer(
    "VcApiPresentationReport",
    {**_REPORT_MEMBERS, "credentialResults": listed(REPORT), "problemDetails": listed(_PROBLEM_DETAIL)},
)

SCHEMA: Final = answer(
    "Schema",
    {
        "schemaId": STRING,
        "name": STRING,
        "version": STRING,
        "type": listed(STRING),
        "description": nullable(STRING),
        "author": nullable(STRING),
        "schema": OBJECT,
        "contextUrl": URL,
        "sha256": STRING,
        "restricted": BOOLEAN,
        "allowedIssuers": listed(STRING),
        "revocationRequired": BOOLEAN,
        "active": BOOLEAN,
        "credentialType": nullable(STRING),
        "createdAt": TIMESTAMP,
    },
)
SCHEMA_PAGE: Final = page_of("SchemaPage", SCHEMA)
VALIDATION: Final = answer("Validation", {"valid": BOOLEAN, "errors": listed(FAULT_PLACE)})

_DID_MEMBERS: Final[Node] = {
    "did": STRING,
    "method": STRING,
    "kind": STRING,
    "name": nullable(STRING),
    "status": {"type": "string", "enum": ["active", "deactivated"]},
    "controller": nullable(STRING),
    "operator": nullable(STRING),
    "ownerUserId": nullable({**STRING, "description": "For the owner and admins; null for all others."}),
    "aliases": listed(STRING),
    "document": OBJECT,
    "version": INTEGER,
    "keys": listed(
        answer(
            "DidKey",
            {
                "id": STRING,
                "type": STRING,
                "proofTypes": listed(STRING),
                "purposes": listed(STRING),
                "status": {"type": "string", "enum": ["active", "retired", "compromised"]},
                "custody": {"type": "string", "enum": ["server", "external"]},
                "createdAt": TIMESTAMP,
            },
        )
    ),
    "createdAt": TIMESTAMP,
    "updatedAt": TIMESTAMP,
    "deactivatedAt": nullable(TIMESTAMP),
    "transactionHash": nullable(STRING),
}
DID_RECORD: Final = answer("Did", _DID_MEMBERS)
DID_ENDED: Final = answer("DidDeactivated", {**_DID_MEMBERS, "activeCredentials": INTEGER})
DID_PAGE: Final = page_of("DidPage", DID_RECORD)
DID_HISTORY: Final = answer(
    "DidHistory",
    {
        "did": STRING,
        "versions": listed(answer("DidVersion", {"version": INTEGER, "at": TIMESTAMP, "document": OBJECT})),
    },
)
RESOLUTION: Final = answer(
    "DidResolution",
    {
        "@context": {"type": ["string", "array"]},
        "didDocument": nullable(OBJECT),
        "didDocumentMetadata": OBJECT,
        "didResolutionMetadata": OBJECT,
        "didDereferencingMetadata": OBJECT,
    },
    optional=("didResolutionMetadata", "didDereferencingMetadata"),
)

_KEY_MEMBERS: Final[Node] = {
    "apiKeyId": STRING,
    "name": STRING,
    "prefix": STRING,
    "issuerDids": listed(STRING),
    "schemas": nullable(listed(STRING)),
    "issuePerMinute": nullable(INTEGER),
    "status": {"type": "string", "enum": ["active", "expired", "revoked"]},
    "createdAt": TIMESTAMP,
    "expiresAt": nullable(TIMESTAMP),
    "lastUsedAt": nullable(TIMESTAMP),
}
API_KEY: Final = answer("ApiKey", _KEY_MEMBERS)
NEW_API_KEY: Final = answer(
    "NewApiKey", {**_KEY_MEMBERS, "apiKey": {**STRING, "description": "The secret; shown this once."}}
)
API_KEY_PAGE: Final = page_of("ApiKeyPage", API_KEY)

EVENT: Final = answer("Event", {"id": STRING, "type": STRING, "timestamp": TIMESTAMP, "data": OBJECT})
EVENT_PAGE: Final = page_of("EventPage", EVENT)
AUDIT_RECORD: Final = answer(
    "AuditRecord",
    {
        "sequence": INTEGER,
        "at": TIMESTAMP,
        "actor": answer("Actor", {"type": STRING, "id": STRING, "auth": STRING}),
        "action": STRING,
        "object": answer("AuditObject", {"type": STRING, "id": STRING}),
        "before": nullable(OBJECT),
        "after": nullable(OBJECT),
        "data": OBJECT,
        "requestId": nullable(STRING),
        "prevHash": STRING,
        "hash": STRING,
    },
)
AUDIT_PAGE: Final = page_of("AuditPage", AUDIT_RECORD)
AUDIT_VERDICT: Final = answer(
    "AuditVerdict",
    {"verified": nullable(BOOLEAN), "records": INTEGER, "firstBad": nullable(INTEGER), "detail": nullable(STRING)},
)

OFFICE_STATUS: Final = answer(
    "OfficeStatus",
    {
        "halted": BOOLEAN,
        "sealed": BOOLEAN,
        "since": nullable(TIMESTAMP),
        "reason": nullable(STRING),
        "queue_depth": INTEGER,
    },
)
HEALTH: Final = answer("Health", {"status": STRING})
READINESS: Final = answer(
    "Readiness",
    {
        "status": {"type": "string", "enum": ["ok", "unavailable"]},
        "checks": {"type": "object", "additionalProperties": BOOLEAN},
    },
)
