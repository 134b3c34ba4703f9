"""Shapes of capability tokens, and of delegations that agents present."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealwright.domain.delegations import AMOUNT_MOST
from sealwright.protocols.capability.token import LENGTH_MOST, LONGEST_LIFE
from sealwright.services.capability_tokens import USUAL_LIFE
from sealwright.services.presentation_making import DEFAULT_LIFE
from sealwright.services.presentation_making import LONGEST_LIFE as LONGEST_PRESENTATION
from sealwright.vc.delegation.narrowing import ACTION_MOST
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    OBJECT,
    PROOF_TYPE,
    TIMESTAMP,
    Node,
    answer,
    closed,
    listed,
    nullable,
    text,
)
from sealwright.web.shape import Body, Shape

_STRING: Final[Node] = {"type": "string"}
_AUDIENCE: Final = text(512, "The server's address: `https://host[:port][/path]`, without a slash at the end.")
_ACTION: Final[Node] = {**text(ACTION_MOST, "Such as `purchase:groceries`."), "pattern": "^[^\\s*]+$"}
_CONTEXT: Final = closed(
    {
        "amount": {"type": "number", "minimum": 0, "maximum": AMOUNT_MOST},
        "currency": {"type": "string", "pattern": "^[A-Z]{3}$"},
        "merchant": text(200),
        "schemaId": text(2048),
        "region": text(64),
        "resource": text(2048),
    },
    description="What the act is about: to the letter what the server will reckon.",
)
_DELEGATION: Final = text(2048, "A delegation to the agent, by the id of its credential or its own.")


def _seconds(most: float, usual: float) -> Node:
    return {"type": "integer", "minimum": 1, "maximum": int(most), "default": int(usual)}


MAKE_TOKEN: Final = Shape(
    "MakeCapabilityToken",
    closed(
        {
            "audience": _AUDIENCE,
            "action": _ACTION,
            "context": _CONTEXT,
            "jkt": {
                "type": "string",
                "pattern": "^[A-Za-z0-9_-]{43}$",
                "description": "SHA-256 thumbprint (RFC 7638) of the key that the agent signs DPoP proofs with.",
            },
            "credentialId": {**_DELEGATION, "description": "The delegation to act under; the newest that allows it."},
            "approvalId": text(64, "What a person approved; used up when the server has the act counted."),
            "expiresInSeconds": _seconds(LONGEST_LIFE.total_seconds(), USUAL_LIFE.total_seconds()),
        },
        required=("audience", "action", "jkt"),
    ),
    example={
        "audience": "https://shop.example",
        "action": "purchase:groceries",
        "context": {"amount": 42.5, "currency": "USD", "merchant": "https://shop.example"},
        "jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I",
    },
)


def _proof_faults(body: Body) -> Iterable[Fault]:
    named = [name for name in ("proof", "method", "url") if name in body]
    if named and len(named) < 3:
        missing = next(name for name in ("proof", "method", "url") if name not in body)
        yield Fault(f"/{missing}", "MISSING_FIELD", "proof, method and url go together")
    if body.get("singleUse") and not named:
        yield Fault("/proof", "MISSING_FIELD", "is required to take a token for the only time")


VERIFY_TOKEN: Final = Shape(
    "VerifyCapabilityToken",
    closed(
        {
            "token": text(LENGTH_MOST, "As it came in the Authorization header, behind `DPoP`."),
            "audience": _AUDIENCE,
            "action": _ACTION,
            "context": _CONTEXT,
            "proof": text(16_384, "As it came in the DPoP header; with `method` and `url`."),
            "method": {"type": "string", "pattern": "^[A-Z]{1,16}$", "description": "Of the call that it came with."},
            "url": text(2048, "Of the call that it came with, as its caller wrote it."),
            "singleUse": {**BOOLEAN, "default": False, "description": "Take token and proof for the only time."},
        },
        required=("token",),
    ),
    check=_proof_faults,
    example={"token": "eyJ…", "audience": "https://shop.example", "action": "purchase:groceries"},
)
PRESENT: Final = Shape(
    "PresentDelegation",
    closed(
        {
            "challenge": text(1024, "The verifier's nonce."),
            "domain": text(1024, "The verifier."),
            "credentialId": {**_DELEGATION, "description": "What is presented; the newest in force when left out."},
            "chain": {**BOOLEAN, "default": False, "description": "Show the delegations above it too."},
            "proofType": {**PROOF_TYPE, "description": "Of the presentation; what suits the key when left out."},
            "expiresInSeconds": _seconds(LONGEST_PRESENTATION.total_seconds(), DEFAULT_LIFE.total_seconds()),
        },
        required=("challenge", "domain"),
    ),
    example={"challenge": "n-0S6_WzA2Mj", "domain": "shop.example", "chain": True},
)

TOKEN: Final = answer(
    "CapabilityToken",
    {
        "token": _STRING,
        "tokenType": {"type": "string", "const": "DPoP"},
        "tokenId": {**_STRING, "description": "Its `jti`."},
        "agentDid": _STRING,
        "audience": _STRING,
        "action": _STRING,
        "context": OBJECT,
        "expiresAt": TIMESTAMP,
        "delegationId": _STRING,
        "chain": listed(_STRING, description="Credential ids of the delegations in it, the root first."),
        "callId": {**_STRING, "description": "The record of the answer that the act is allowed."},
    },
)
_HOP: Final = answer(
    "TokenHop",
    {
        "index": {"type": "integer"},
        "credentialId": nullable(_STRING),
        "delegator": nullable(_STRING),
        "delegate": nullable(_STRING),
        "valid": BOOLEAN,
        "codes": listed(_STRING),
    },
)
TOKEN_REPORT: Final = answer(
    "CapabilityTokenReport",
    {
        "valid": BOOLEAN,
        "code": nullable(_STRING),
        "detail": nullable(_STRING),
        "possession": {**BOOLEAN, "description": "Whether a proof was given and holds."},
        "tokenId": nullable(_STRING),
        "agentDid": nullable(_STRING),
        "principalDid": nullable(_STRING),
        "audience": nullable(_STRING),
        "action": nullable(_STRING),
        "context": {"type": ["object", "null"]},
        "approvalId": nullable(_STRING),
        "expiresAt": nullable(TIMESTAMP),
        "hops": listed(_HOP),
    },
)
PRESENTED: Final = answer(
    "PresentedDelegation",
    {
        "presentation": {**OBJECT, "description": "The signed presentation."},
        "credentialIds": listed(_STRING, description="What is in it, the root first."),
    },
)

_AGENT: Final = "did:adi:agent:7f3a"
_CREDENTIAL: Final = "urn:uuid:019a9f3c-55d0-7c1e-9d0e-6f6f2f3f8a10"
_SAID: Final = {
    "tokenId": "k7CZ1v0rVwS3o2dGm1bq5A",
    "agentDid": _AGENT,
    "audience": "https://shop.example",
    "action": "purchase:groceries",
    "context": {"amount": 42.5, "currency": "USD", "merchant": "https://shop.example"},
    "expiresAt": "2026-11-21T02:32:00Z",
}
TOKEN_EXAMPLE: Final = {
    "token": "eyJ…",
    "tokenType": "DPoP",
    **_SAID,
    "delegationId": "dlg_4n5w6r7t2v3x4z5a6b7c2d3e4f",
    "chain": [_CREDENTIAL],
    "callId": "cal_2k3n4w5r6t7v2x3z4a5b6c7d2e",
}
TOKEN_REPORT_EXAMPLE: Final = {
    "valid": True,
    "code": None,
    "detail": None,
    "possession": False,
    **_SAID,
    "principalDid": "did:adi:human001",
    "approvalId": None,
    "hops": [
        {
            "index": 0,
            "credentialId": _CREDENTIAL,
            "delegator": "did:adi:human001",
            "delegate": _AGENT,
            "valid": True,
            "codes": [],
        }
    ],
}
PRESENTED_EXAMPLE: Final = {
    "presentation": {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "type": ["VerifiablePresentation"],
        "holder": _AGENT,
    },
    "credentialIds": [_CREDENTIAL],
}
