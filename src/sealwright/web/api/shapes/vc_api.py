"""Bodies of the VC-API routes; what they do not name is ignored, as that standard demands."""

from __future__ import annotations

from typing import Any, Final

from sealwright.web.api.shapes.credentials import CREDENTIAL_ID
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    MANDATORY_POINTERS,
    MOST_POINTERS,
    OBJECT,
    POINTER,
    PROOF_TYPE,
    PROOF_TYPES,
    TIMESTAMP,
    Node,
    closed,
    listed,
    text,
)
from sealwright.web.shape import Shape

_DOCUMENT: Final[Node] = {"type": ["object", "string"]}
_CHECKS: Final = listed({"type": "string"}, most=32, description="`proof` alone asks for structure, proof and issuer.")


def _open(properties: Node, required: tuple[str, ...] = (), **more: Any) -> Node:
    node = closed(properties, required, **more)
    del node["additionalProperties"]
    return node


_PURPOSE: Final[Node] = {"type": "string", "enum": ["revocation", "suspension"]}

ISSUE: Final = Shape(
    "VcApiIssue",
    _open(
        {
            "credential": {**OBJECT, "description": "Unsigned, Data Model 1.1 or 2.0."},
            "options": _open(
                {
                    "proofType": PROOF_TYPE,
                    "type": {**PROOF_TYPE, "enum": [*PROOF_TYPES, "DataIntegrityProof"]},
                    "cryptosuite": PROOF_TYPE,
                    "created": TIMESTAMP,
                    "mandatoryPointers": MANDATORY_POINTERS,
                    "credentialId": CREDENTIAL_ID,
                    "credentialStatus": {
                        "anyOf": [
                            BOOLEAN,
                            _open({"statusPurpose": _PURPOSE}),
                            {"type": "array", "maxItems": 2, "items": _open({"statusPurpose": _PURPOSE})},
                        ]
                    },
                }
            ),
        },
        required=("credential",),
    ),
    opaque=("credential",),
    example={
        "credential": {
            "@context": ["https://www.w3.org/ns/credentials/v2"],
            "type": ["VerifiableCredential"],
            "issuer": "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK",
            "credentialSubject": {"id": "did:adi:holder001"},
        }
    },
)
DERIVE: Final = Shape(
    "VcApiDerive",
    _open(
        {
            "verifiableCredential": _DOCUMENT,
            "options": _open(
                {
                    "selectivePointers": listed(POINTER, most=MOST_POINTERS),
                    "frame": OBJECT,
                    "nonce": text(1024, "In base64."),
                },
                anyOf=[{"required": ["selectivePointers"]}, {"required": ["frame"]}],
                missing="selectivePointers",
            ),
        },
        required=("verifiableCredential", "options"),
    ),
    opaque=("verifiableCredential",),
    example={
        "verifiableCredential": {"@context": ["https://www.w3.org/ns/credentials/v2"]},
        "options": {"selectivePointers": ["/credentialSubject/degree/name"]},
    },
)
VERIFY: Final = Shape(
    "VcApiVerify",
    _open(
        {"verifiableCredential": _DOCUMENT, "options": _open({"checks": _CHECKS})}, required=("verifiableCredential",)
    ),
    opaque=("verifiableCredential",),
    example={
        "verifiableCredential": {"@context": ["https://www.w3.org/ns/credentials/v2"]},
        "options": {"checks": ["proof"]},
    },
)
VERIFY_PRESENTATION: Final = Shape(
    "VcApiVerifyPresentation",
    _open(
        {
            "verifiablePresentation": _DOCUMENT,
            "presentation": {**OBJECT, "description": "A presentation without a proof."},
            "options": _open({"challenge": {"type": "string"}, "domain": {"type": "string"}, "checks": _CHECKS}),
        },
        anyOf=[{"required": ["verifiablePresentation"]}, {"required": ["presentation"]}],
        missing="verifiablePresentation",
    ),
    opaque=("verifiablePresentation", "presentation"),
    example={
        "verifiablePresentation": {"@context": ["https://www.w3.org/ns/credentials/v2"]},
        "options": {"challenge": "3e1f…", "domain": "verifier.example"},
    },
)
STATUS: Final = Shape(
    "VcApiStatus",
    _open(
        {
            "credentialId": text(2048),
            "credentialStatus": _open(
                {"type": {"type": "string"}, "statusPurpose": _PURPOSE}, required=("statusPurpose",)
            ),
            "status": {**BOOLEAN, "default": True},
        },
        required=("credentialId", "credentialStatus"),
    ),
    example={
        "credentialId": "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11",
        "credentialStatus": {"type": "BitstringStatusListEntry", "statusPurpose": "revocation"},
        "status": True,
    },
)
