"""Answers that are in order, for the API document. A test holds each against its shape."""

from __future__ import annotations

from typing import Final

_ID: Final = "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11"
_LIST: Final = "https://credentials.example/status/slt_kq3c7xm2vbn5tz4wpd6ahf2yqe/revocation"
_AT: Final = "2026-11-21T02:30:00Z"
_ISSUER: Final = "did:adi:issuer001"
_HOLDER: Final = "did:adi:holder001"
_SCHEMA_ID: Final = "did:adi:schema:university-degree-v1"
_SHA: Final = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

CREDENTIAL: Final = {
    "@context": [
        "https://www.w3.org/2018/credentials/v1",
        "https://credentials.example/contexts/university-degree/1.0",
        "https://w3id.org/security/suites/ed25519-2020/v1",
    ],
    "id": _ID,
    "type": ["VerifiableCredential", "UniversityDegreeCredential"],
    "issuer": {"id": _ISSUER, "name": "MIT"},
    "issuanceDate": _AT,
    "credentialSubject": {"id": _HOLDER, "degree": {"type": "BachelorDegree", "university": "MIT"}},
    "proof": {
        "type": "Ed25519Signature2020",
        "created": _AT,
        "verificationMethod": f"{_ISSUER}#key-1",
        "proofPurpose": "assertionMethod",
        "proofValue": "z3FXQjecWufY46yg5abdVZsXqLhxhueuSoZgNSARiKBk9czhSePTFehP8c3PGfb6a22gkfUKWZoUgVQ5Hs",
    },
}
ISSUED: Final = {
    "credential": CREDENTIAL,
    "credentialId": _ID,
    "statusListIndex": 73120,
    "statusListCredential": _LIST,
    "transactionHash": None,
    "grantId": None,
    "offer": None,
}
PREVIEW: Final = {
    "dryRun": True,
    "credential": {name: member for name, member in CREDENTIAL.items() if name != "proof"},
}
CREDENTIAL_RECORD: Final = {
    "credentialId": _ID,
    "credential": CREDENTIAL,
    "status": "valid",
    "schemaId": _SCHEMA_ID,
    "issuerDid": _ISSUER,
    "holderDid": _HOLDER,
    "proofType": "Ed25519Signature2020",
    "revocable": True,
    "suspendable": False,
    "statusListIndex": 73120,
    "statusListCredential": _LIST,
    "issuedAt": _AT,
    "expiresAt": None,
    "revokedAt": None,
    "reasonCode": None,
    "grantId": None,
    "batchId": None,
    "transactionHash": None,
    "documentSha256": _SHA,
}


def _page(item: object) -> dict[str, object]:
    return {"data": [item], "hasMore": False, "nextCursor": None}


CREDENTIAL_PAGE: Final = _page(CREDENTIAL_RECORD)
STATUS: Final = {
    "credentialId": _ID,
    "status": "valid",
    "revoked": False,
    "suspended": False,
    "statusListId": "slt_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "statusListIndex": 73120,
    "statusListCredential": _LIST,
    "revokedAt": None,
    "reasonCode": None,
    "checkedAt": _AT,
}
STATUS_CHANGE: Final = {
    **STATUS,
    "status": "revoked",
    "revoked": True,
    "revokedAt": _AT,
    "reasonCode": "issued_in_error",
    "effects": None,
}
BATCH_REVOKED: Final = {
    "results": [
        {"credentialId": _ID, "status": "revoked", "error": None},
        {
            "credentialId": "urn:uuid:019a3f00-7d5c-7a53-9c39-000000000000",
            "status": "failed",
            "error": {"code": "CREDENTIAL_NOT_FOUND", "detail": "No such credential.", "errors": []},
        },
    ],
    "revoked": 1,
    "failed": 1,
}


def _check(name: str, outcome: str = "passed", code: str | None = None) -> dict[str, object]:
    return {"name": name, "outcome": outcome, "code": code, "detail": f"The check {name} is {outcome}."}


REPORT: Final = {
    "verified": False,
    "checks": [
        *(_check(name) for name in ("structure", "proof", "issuer", "expiration")),
        _check("revocation", "failed", "REVOKED"),
        _check("suspension", "not_applicable"),
        _check("schema"),
        *(_check(name, "not_applicable") for name in ("holder", "trustedIssuer", "delegation")),
    ],
    "credentialId": _ID,
    "issuerDid": _ISSUER,
    "holderDid": _HOLDER,
    "types": ["VerifiableCredential", "UniversityDegreeCredential"],
    "checkedAt": _AT,
}
_PRESENTED: Final = {
    "verified": True,
    "checks": [_check(name) for name in ("structure", "proof", "holder", "challenge", "domain", "credentials")],
    "credentialId": None,
    "issuerDid": None,
    "holderDid": _HOLDER,
    "types": ["VerifiablePresentation"],
    "checkedAt": _AT,
}
PRESENTATION_REPORT: Final = {**_PRESENTED, "credentials": []}
VC_API_REPORT: Final = {
    **REPORT,
    "verified": True,
    "checks": [_check(name) for name in ("structure", "proof", "issuer")],
    "problemDetails": [],
}
VC_API_PRESENTATION_REPORT: Final = {**_PRESENTED, "credentialResults": [], "problemDetails": []}

JSON_SCHEMA: Final = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"degree": {"type": "object"}},
    "required": ["degree"],
    "additionalProperties": False,
}
CONTEXT: Final = {
    "@context": {
        "@protected": True,
        "degree": "https://credentials.example/contexts/university-degree/1.0#degree",
    }
}
SCHEMA: Final = {
    "schemaId": _SCHEMA_ID,
    "name": "university-degree",
    "version": "1.0",
    "type": ["UniversityDegreeCredential"],
    "description": None,
    "author": None,
    "schema": JSON_SCHEMA,
    "contextUrl": "https://credentials.example/contexts/university-degree/1.0",
    "sha256": _SHA,
    "restricted": False,
    "allowedIssuers": [],
    "revocationRequired": False,
    "active": True,
    "credentialType": None,
    "createdAt": _AT,
}
SCHEMA_PAGE: Final = _page(SCHEMA)
VALIDATION: Final = {
    "valid": False,
    "errors": [{"pointer": "/claims/degree", "code": "required", "detail": "is missing"}],
}

DID_DOCUMENT: Final = {
    "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/ed25519-2020/v1"],
    "id": _ISSUER,
    "verificationMethod": [
        {
            "id": f"{_ISSUER}#key-1",
            "type": "Ed25519VerificationKey2020",
            "controller": _ISSUER,
            "publicKeyMultibase": "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
        }
    ],
    "assertionMethod": [f"{_ISSUER}#key-1"],
}
DID: Final = {
    "did": _ISSUER,
    "method": "adi",
    "kind": "organization",
    "name": "MIT",
    "status": "active",
    "controller": None,
    "operator": None,
    "ownerUserId": None,
    "aliases": [f"{_ISSUER}..."],
    "document": DID_DOCUMENT,
    "version": 1,
    "keys": [
        {
            "id": f"{_ISSUER}#key-1",
            "type": "Ed25519VerificationKey2020",
            "proofTypes": ["Ed25519Signature2020", "eddsa-rdfc-2022", "eddsa-jcs-2022"],
            "purposes": ["assertionMethod", "authentication"],
            "status": "active",
            "custody": "server",
            "createdAt": _AT,
        }
    ],
    "createdAt": _AT,
    "updatedAt": _AT,
    "deactivatedAt": None,
    "transactionHash": None,
}
DID_PAGE: Final = _page(DID)
DID_ENDED: Final = {**DID, "status": "deactivated", "deactivatedAt": _AT, "version": 2, "activeCredentials": 12}
DID_HISTORY: Final = {"did": _ISSUER, "versions": [{"version": 1, "at": _AT, "document": DID_DOCUMENT}]}
RESOLUTION: Final = {
    "@context": "https://w3id.org/did-resolution/v1",
    "didDocument": DID_DOCUMENT,
    "didDocumentMetadata": {"created": _AT, "updated": _AT, "versionId": "1"},
    "didResolutionMetadata": {"contentType": "application/did+ld+json"},
}
STATUS_LIST: Final = {
    "@context": ["https://www.w3.org/2018/credentials/v1", "https://w3id.org/vc/status-list/2021/v1"],
    "id": _LIST,
    "type": ["VerifiableCredential", "StatusList2021Credential"],
    "issuer": _ISSUER,
    "credentialSubject": {"id": f"{_LIST}#list", "type": "StatusList2021", "statusPurpose": "revocation"},
}

API_KEY: Final = {
    "apiKeyId": "key_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "name": "Registrar's system",
    "prefix": "swk_Zm9vYmFy",
    "issuerDids": [_ISSUER],
    "schemas": None,
    "issuePerMinute": None,
    "status": "active",
    "createdAt": _AT,
    "expiresAt": "2027-11-21T02:30:00Z",
    "lastUsedAt": None,
}
NEW_API_KEY: Final = {**API_KEY, "apiKey": "swk_…"}
REVOKED_API_KEY: Final = {**API_KEY, "status": "revoked"}
API_KEY_PAGE: Final = _page(API_KEY)

EVENT_PAGE: Final = _page(
    {
        "id": "evt_kq3c7xm2vbn5tz4wpd6ahf2yqe",
        "type": "credential.issued",
        "timestamp": _AT,
        "data": {"object": {"type": "credential", "id": _ID}, "after": {"status": "valid"}, "issuerDid": _ISSUER},
    }
)
AUDIT_PAGE: Final = _page(
    {
        "sequence": 1,
        "at": _AT,
        "actor": {"type": "operator", "id": "root", "auth": "terminal"},
        "action": "system.initialized",
        "object": {"type": "office", "id": "office"},
        "before": None,
        "after": None,
        "data": {},
        "requestId": None,
        "prevHash": "0" * 64,
        "hash": _SHA,
    }
)
AUDIT_VERDICT: Final = {
    "verified": True,
    "records": 1204,
    "firstBad": None,
    "detail": "Every hash and checkpoint agrees.",
}
OFFICE_STATUS: Final = {
    "halted": True,
    "sealed": False,
    "since": _AT,
    "reason": "A key may be out.",
    "queue_depth": 0,
}
HEALTH: Final = {"status": "ok"}
READINESS: Final = {
    "status": "ok",
    "checks": {"database": True, "migrations": True, "keys": True, "audit": True, "queue": True},
}
