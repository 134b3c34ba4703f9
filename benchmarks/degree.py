"""The document of the in-memory benches: the degree credential of the documentation, the same for both sides."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any, Final

from sealwright.vc.dids.document import DIDDocument, parse_did_document
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.errors import DIDNotFound
from sealwright.vc.keys.ed25519 import Secret32, public_from_private
from sealwright.vc.keys.multikey import encode_multikey

SUITE: Final = "Ed25519Signature2020"
SEED: Final = bytes(range(32))
ISSUER: Final = "did:adi:issuer001"
METHOD: Final = f"{ISSUER}#key-1"
CREATED: Final = datetime(2026, 1, 1, tzinfo=UTC)
NOW: Final = datetime(2026, 6, 1, tzinfo=UTC)
CONTEXT_URL: Final = "https://office.example/contexts/university-degree-v1"
STATUS_LIST: Final = "https://office.example/status/7b/revocation"
_TERMS: Final = f"{CONTEXT_URL}#"

CONTEXT: Final[dict[str, Any]] = {
    "@context": {
        "@version": 1.1,
        "@protected": True,
        "UniversityDegreeCredential": f"{_TERMS}UniversityDegreeCredential",
        "degree": {
            "@id": f"{_TERMS}degree",
            "@context": {
                "@protected": True,
                "type": f"{_TERMS}degree-type",
                "university": f"{_TERMS}university",
                "graduationYear": f"{_TERMS}graduationYear",
                "gpa": f"{_TERMS}gpa",
            },
        },
    }
}
CONTEXT_BYTES: Final = json.dumps(CONTEXT).encode()

UNSIGNED: Final[dict[str, Any]] = {
    "@context": [
        "https://www.w3.org/2018/credentials/v1",
        CONTEXT_URL,
        "https://w3id.org/vc/status-list/2021/v1",
        "https://w3id.org/security/suites/ed25519-2020/v1",
    ],
    "id": "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
    "type": ["VerifiableCredential", "UniversityDegreeCredential"],
    "issuer": {"id": ISSUER},
    "issuanceDate": "2026-01-01T00:00:00Z",
    "expirationDate": "2036-12-31T23:59:59Z",
    "credentialSubject": {
        "id": "did:adi:holder001",
        "degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8},
    },
    "credentialStatus": {
        "id": f"{STATUS_LIST}#73120",
        "type": "StatusList2021Entry",
        "statusPurpose": "revocation",
        "statusListIndex": "73120",
        "statusListCredential": STATUS_LIST,
    },
}

DID_DOCUMENT: Final[dict[str, Any]] = {
    "@context": ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/suites/ed25519-2020/v1"],
    "id": ISSUER,
    "verificationMethod": [
        {
            "id": METHOD,
            "type": "Ed25519VerificationKey2020",
            "controller": ISSUER,
            "publicKeyMultibase": encode_multikey("Ed25519", public_from_private(Secret32(SEED))),
        }
    ],
    "assertionMethod": [METHOD],
}
# What the peer's loader is handed: nothing is fetched by either side.
DOCUMENTS: Final = {CONTEXT_URL: CONTEXT, ISSUER: DID_DOCUMENT}


class OneDID:
    """A resolver that holds the issuer's document in memory, read once."""

    def __init__(self) -> None:
        document: DIDDocument = parse_did_document(DID_DOCUMENT)
        self._resolved = ResolvedDID(document)

    def resolve(self, did: str) -> ResolvedDID:
        """The issuer's document.

        Raises:
            DIDNotFound: Another DID.
        """
        if did != ISSUER:
            raise DIDNotFound(f"Only {ISSUER} is known here.")
        return self._resolved
