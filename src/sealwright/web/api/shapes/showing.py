"""Bodies of the routes by which a part of a credential is shown, and by which holders present."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sealwright.services.presentation_making import CREDENTIALS_MOST, DEFAULT_LIFE, LONGEST_LIFE
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.credentials import CREDENTIAL_ID
from sealwright.web.api.shapes.parts import (
    DID,
    MOST_POINTERS,
    NONCE,
    OBJECT,
    POINTER,
    PROOF_TYPE,
    Node,
    answer,
    closed,
    listed,
    text,
)
from sealwright.web.shape import Body, Shape

_ID: Final = "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11"

REVEAL: Final = listed(
    POINTER,
    most=MOST_POINTERS,
    description="What is shown beside what always is: JSON pointers into the credential, of an SD-JWT into its claims.",
)
FRAME: Final[Node] = {**OBJECT, "description": "A JSON-LD frame in place of `reveal`, for `BbsBlsSignature2020`."}
_DOCUMENT: Final[Node] = {
    "type": ["object", "string"],
    "description": "The credential as it was issued: an object, or an SD-JWT as text.",
}


def _one_of(body: Body, first: str, second: str) -> Iterable[Fault]:
    if first in body and second in body:
        yield Fault(f"/{second}", "CONFLICTING_FIELDS", f"stands beside {first}, and only one of them is taken")


def _derive_conflicts(body: Body) -> Iterable[Fault]:
    yield from _one_of(body, "credential", "credentialId")
    yield from _one_of(body, "reveal", "frame")
    if "reveal" not in body and "frame" not in body:
        yield Fault("/reveal", "MISSING_FIELD", "is required, or frame")


DERIVE: Final = Shape(
    "Derive",
    closed(
        {
            "credential": _DOCUMENT,
            "credentialId": {**CREDENTIAL_ID, "description": "One that is kept here, in place of `credential`."},
            "reveal": REVEAL,
            "frame": FRAME,
            "nonce": NONCE,
        },
        anyOf=[{"required": ["credential"]}, {"required": ["credentialId"]}],
        missing="credential",
    ),
    opaque=("credential", "frame"),
    check=_derive_conflicts,
    example={"credentialId": _ID, "reveal": ["/credentialSubject/degree/name"]},
)


def _create_conflicts(body: Body) -> Iterable[Fault]:
    yield from _one_of(body, "credentials", "credentialIds")
    given: list[Any] = body["credentials"] if "credentials" in body else body.get("credentialIds") or []
    if "reveal" in body and len(body["reveal"]) != len(given):
        yield Fault("/reveal", "CONFLICTING_FIELDS", "has one list for each credential")
    if len(given) > 1:
        for number, one in enumerate(given):
            if "credentials" in body and isinstance(one, str) and "~" in one:
                place = f"/credentials/{number}"
                yield Fault(place, "CONFLICTING_FIELDS", "is an SD-JWT, and is presented by itself")


CREATE: Final = Shape(
    "CreatePresentation",
    closed(
        {
            "holderDid": {**DID, "description": "The caller's own DID, with a key that is kept here."},
            "credentials": listed(_DOCUMENT, least=1, most=CREDENTIALS_MOST),
            "credentialIds": listed(CREDENTIAL_ID, least=1, most=CREDENTIALS_MOST),
            "reveal": listed(
                REVEAL,
                most=CREDENTIALS_MOST,
                description="For each credential what is shown of it; an empty list for one that is shown whole.",
            ),
            "challenge": text(1024, "The verifier's nonce."),
            "domain": text(1024, "The verifier."),
            "proofType": {**PROOF_TYPE, "description": "Of the presentation; what suits the key when left out."},
            "expiresInSeconds": {
                "type": "integer",
                "minimum": 1,
                "maximum": int(LONGEST_LIFE.total_seconds()),
                "default": int(DEFAULT_LIFE.total_seconds()),
                "description": "How long it may be taken.",
            },
        },
        required=("holderDid", "challenge", "domain"),
        anyOf=[{"required": ["credentials"]}, {"required": ["credentialIds"]}],
        missing="credentials",
    ),
    opaque=("credentials",),
    check=_create_conflicts,
    example={
        "holderDid": "did:adi:holder001",
        "credentialIds": [_ID],
        "reveal": [["/credentialSubject/degree/name"]],
        "challenge": "n-0S6_WzA2Mj",
        "domain": "verifier.example",
    },
)

DERIVED: Final = answer("Derived", {"credential": {**_DOCUMENT, "description": "What the verifier is going to see."}})
PRESENTATION: Final = answer(
    "Presentation",
    {"presentation": {**_DOCUMENT, "description": "The signed presentation; an SD-JWT with its key binding as text."}},
)
DERIVED_EXAMPLE: Final[Node] = {
    "credential": {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiableCredential", "UniversityDegreeCredential"],
        "issuer": {"id": "did:adi:issuer001", "name": "MIT"},
        "credentialSubject": {"id": "did:adi:holder001", "degree": {"name": "Bachelor of Science"}},
        "proof": {
            "type": "DataIntegrityProof",
            "cryptosuite": "bbs-2023",
            "proofPurpose": "assertionMethod",
            "proofValue": "u2V0D…",
        },
    }
}
PRESENTATION_EXAMPLE: Final[Node] = {
    "presentation": {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "urn:uuid:019a3f00-8a11-7c20-8d0e-5c2f6b8f0f3f",
        "type": ["VerifiablePresentation"],
        "holder": "did:adi:holder001",
        "verifiableCredential": [DERIVED_EXAMPLE["credential"]],
        "proof": {
            "type": "DataIntegrityProof",
            "cryptosuite": "eddsa-rdfc-2022",
            "created": "2026-03-01T12:00:00Z",
            "expires": "2026-03-01T12:05:00Z",
            "verificationMethod": "did:adi:holder001#key-1",
            "proofPurpose": "authentication",
            "challenge": "n-0S6_WzA2Mj",
            "domain": "verifier.example",
            "proofValue": "z3Fs…",
        },
    }
}
