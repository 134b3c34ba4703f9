"""Bodies of the credential routes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.delivery import DELIVERY
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    DID,
    MANDATORY_POINTERS,
    NONCE,
    OBJECT,
    PROOF_TYPE,
    REASON_CODES,
    TIMESTAMP,
    Node,
    closed,
    listed,
    text,
)
from sealwright.web.shape import Body, Shape

MAX_BATCH: Final = 1000
MAX_CHECKED_LISTS: Final = 16

CREDENTIAL_ID: Final = text(2048, "`urn:uuid:…`, the bare UUID, or the document's own id.")
REASON: Final = text(2000, "For the office's records; never public.")
REASON_CODE: Final[Node] = {
    "type": "string",
    "enum": list(REASON_CODES),
    "default": "unspecified",
    "description": "What the public may know of the reason.",
}

_ISSUE_EXAMPLE: Final = {
    "schemaId": "did:adi:schema:university-degree-v1",
    "issuerDid": "did:adi:issuer001",
    "holderDid": "did:adi:holder001",
    "claims": {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}},
    "expirationDate": "2030-12-31T23:59:59Z",
}


SCHEMA_ID: Final = text(2048, "Id of a registered credential schema.")
HOLDER_DID: Final[Node] = {**DID, "description": "Whom the credential is about."}
WHAT_IS_ISSUED: Final[Node] = {
    "claims": {**OBJECT, "description": "Statements about the holder, as the credential schema asks."},
    "expirationDate": TIMESTAMP,
    "proofType": {**PROOF_TYPE, "default": "Ed25519Signature2020"},
    "mandatoryPointers": MANDATORY_POINTERS,
    "revocable": {**BOOLEAN, "default": True},
    "suspendable": {**BOOLEAN, "default": False},
}


def issue_conflicts(body: Body) -> Iterable[Fault]:
    """Members of an order to issue that do not go together."""
    if "holderDid" in body and "subjectDid" in body and body["holderDid"] != body["subjectDid"]:
        yield Fault("/subjectDid", "CONFLICTING_FIELDS", "names another DID than holderDid")
    if body.get("suspendable") and body.get("revocable") is False:
        yield Fault("/suspendable", "CONFLICTING_FIELDS", "needs a revocable credential")


ISSUE: Final = Shape(
    "Issue",
    closed(
        {
            "schemaId": SCHEMA_ID,
            "issuerDid": {**DID, "description": "The issuer: a DID of this caller."},
            "holderDid": HOLDER_DID,
            "subjectDid": {**DID, "description": "Alias of `holderDid`."},
            **WHAT_IS_ISSUED,
            "delivery": DELIVERY,
            "anchor": {**BOOLEAN, "default": False, "description": "Write its digest into the transparency log, too."},
            "dryRun": {**BOOLEAN, "default": False, "description": "Check everything, keep nothing."},
        },
        required=("schemaId", "issuerDid", "claims"),
        anyOf=[{"required": ["holderDid"]}, {"required": ["subjectDid"]}],
        missing="holderDid",
    ),
    check=issue_conflicts,
    example=_ISSUE_EXAMPLE,
)

_CHANGE: Final[Node] = {
    "reason": REASON,
    "reasonCode": REASON_CODE,
    "dryRun": {**BOOLEAN, "default": False, "description": "Tell what would happen, and change nothing."},
}
STATUS_CHANGE: Final = Shape(
    "StatusChangeRequest",
    closed({"credentialId": CREDENTIAL_ID, **_CHANGE}, required=("credentialId", "reason")),
    example={
        "credentialId": "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11",
        "reason": "The degree was withdrawn.",
        "reasonCode": "issued_in_error",
    },
)
STATUS_CHANGE_BY_PATH: Final = Shape(
    "StatusChangeReason",
    closed(_CHANGE, required=("reason",)),
    example={"reason": "The degree was withdrawn.", "reasonCode": "issued_in_error"},
)
_TRUSTED: Final = listed(DID, most=1000, description="Issuers that are accepted; any issuer when left out.")
_DOCUMENT: Final[Node] = {
    "type": ["object", "string"],
    "description": "The document as an object, or a compact JWT or SD-JWT as text.",
}
VERIFY: Final = Shape(
    "Verify",
    closed(
        {
            "credential": _DOCUMENT,
            "options": closed(
                {
                    "trustedIssuers": _TRUSTED,
                    "expectedHolder": DID,
                    "statusListCredentials": listed(
                        OBJECT, most=MAX_CHECKED_LISTS, description="Status lists to use instead of fetching them."
                    ),
                    "challenge": text(1024),
                    "domain": text(1024),
                    "nonce": NONCE,
                }
            ),
        },
        required=("credential",),
    ),
    opaque=("credential",),
    example={"credential": {"@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiableCredential"]}},
)
VERIFY_PRESENTATION: Final = Shape(
    "VerifyPresentation",
    closed(
        {
            "presentation": _DOCUMENT,
            "options": closed({"challenge": text(1024), "domain": text(1024), "trustedIssuers": _TRUSTED}),
        },
        required=("presentation",),
    ),
    opaque=("presentation",),
    example={
        "presentation": {"@context": ["https://www.w3.org/2018/credentials/v1"], "type": ["VerifiablePresentation"]},
        "options": {"challenge": "3e1f…", "domain": "verifier.example"},
    },
)
