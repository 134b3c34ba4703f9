"""Shapes of agents, of what they may do, and of what they do for their delegators."""

from __future__ import annotations

from typing import Any, Final

from sealwright.vc.delegation.terms import DelegationCode
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.credentials import HOLDER_DID, SCHEMA_ID, WHAT_IS_ISSUED, issue_conflicts
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    DID,
    OBJECT,
    PROOF_TYPE,
    TIMESTAMP,
    Node,
    answer,
    closed,
    listed,
    nullable,
    page_of,
    text,
)
from sealwright.web.api.shapes.review import ANSWERS, TYPE_NAME
from sealwright.web.shape import Shape

_STRING: Final[Node] = {"type": "string"}
_INTEGER: Final[Node] = {"type": "integer"}
_NAME: Final = text(200)
_DESCRIPTION: Final = text(2000, "What it does, for whoever meets it.")
_MODEL: Final = closed(
    {"provider": text(200), "modelName": text(200), "modelVersion": text(200)}, required=("provider", "modelName")
)
_CAPABILITIES: Final = {
    **listed(text(100), most=64, description="What it can do, in its operator's words."),
    "uniqueItems": True,
}
_VERSION: Final = {**text(64, "Of the agent itself, not of its model."), "pattern": "^[0-9A-Za-z.+_-]+$"}
_SERVICES: Final = listed(
    closed(
        {
            "id": {"type": "string", "pattern": "^#[A-Za-z0-9._-]{1,64}$", "description": "A fragment."},
            "type": text(200, "`A2A`, `A2A-GRPC` and `A2A-REST` stand in the agent's card."),
            "serviceEndpoint": {**text(2048), "pattern": "^https?://[^\\s]+$"},
        },
        required=("id", "type", "serviceEndpoint"),
    ),
    most=16,
)

CREATE_AGENT: Final = Shape(
    "CreateAgent",
    closed(
        {
            "name": _NAME,
            "operator": {**DID, "description": "Who answers for it: a DID of the caller that is no agent."},
            "description": _DESCRIPTION,
            "model": _MODEL,
            "capabilities": _CAPABILITIES,
            "version": {**_VERSION, "default": "1.0"},
            "services": _SERVICES,
            "proofTypes": {**listed(PROOF_TYPE, least=1, most=16), "default": ["Ed25519Signature2020"]},
            "method": {
                "type": "string",
                "enum": ["adi", "key", "jwk", "web"],
                "default": "adi",
                "x-fault": "UNSUPPORTED_DID_METHOD",
            },
            "path": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$", "description": "For did:web."},
        },
        required=("name", "operator"),
    ),
    example={
        "name": "Shopping agent",
        "operator": "did:adi:human001",
        "description": "Buys groceries once a week.",
        "model": {"provider": "Example AI", "modelName": "basket-1"},
        "capabilities": ["purchase:groceries"],
    },
)
UPDATE_AGENT: Final = Shape(
    "UpdateAgent",
    closed(
        {
            "name": _NAME,
            "description": _DESCRIPTION,
            "model": _MODEL,
            "capabilities": _CAPABILITIES,
            "version": _VERSION,
            "services": _SERVICES,
        },
        minProperties=1,
    ),
    example={"version": "1.1", "capabilities": ["purchase:groceries", "purchase:flowers"]},
)

_FOOTING: Final[Node] = {
    "onBehalfOf": {**DID, "description": "A delegator of the chain; the one at its root when left out."},
    "credentialId": text(2048, "A delegation, by the id of its credential or its own; else any that allows it."),
    "approvalId": text(64, "What a person approved; good once, for exactly this act."),
}
_ISSUED: Final[Node] = {"schemaId": SCHEMA_ID, "holderDid": HOLDER_DID, **WHAT_IS_ISSUED}
_NEEDED: Final = ("schemaId", "holderDid", "claims")
_REQUESTED: Final[Node] = {
    "credentialType": TYPE_NAME,
    "allowUnlisted": {**BOOLEAN, "default": False, "description": "Needed for a type that is not listed."},
    "claims": OBJECT,
    "answers": ANSWERS,
    "note": text(2000, "What the reviewers should know."),
}
AS_ISSUED: Final = closed(
    {**_ISSUED, "onBehalfOf": _FOOTING["onBehalfOf"]},
    required=_NEEDED,
    description="For `credential:issue`, which needs it: what would be signed, said as it will be to issue it.",
)
AS_REQUESTED: Final = closed(
    {**_REQUESTED, "onBehalfOf": _FOOTING["onBehalfOf"]},
    required=("credentialType",),
    description="For `credential:request`, which needs it: what would be filed, said as it will be to file it.",
)

ISSUE_AS_AGENT: Final = Shape(
    "IssueAsAgent",
    closed(
        {**_ISSUED, **_FOOTING},
        required=_NEEDED,
    ),
    check=issue_conflicts,
    example={
        "schemaId": "did:adi:schema:university-degree-v1",
        "holderDid": "did:adi:holder001",
        "claims": {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025}},
    },
)
REQUEST_AS_AGENT: Final = Shape(
    "RequestAsAgent",
    closed(
        {**_REQUESTED, **_FOOTING},
        required=("credentialType",),
    ),
    example={"credentialType": "dpw_certified", "note": "The training was finished in October."},
)

_MEMBERS: Final[Node] = {
    "did": _STRING,
    "name": nullable(_STRING),
    "operator": nullable({**_STRING, "description": "Who answers for it."}),
    "status": {"type": "string", "enum": ["active", "decommissioned"]},
    "description": nullable(_STRING),
    "model": nullable(OBJECT),
    "capabilities": listed(_STRING),
    "version": _STRING,
    "services": listed(OBJECT, description="Where its operator says that it is found."),
    "cardUrl": nullable({**_STRING, "description": "Its card, while it acts."}),
    "createdAt": TIMESTAMP,
    "updatedAt": TIMESTAMP,
    "deactivatedAt": nullable(TIMESTAMP),
}
AGENT: Final = answer("Agent", _MEMBERS)
AGENT_PAGE: Final = page_of("AgentPage", AGENT)
DECOMMISSIONED: Final = answer(
    "DecommissionedAgent",
    {
        **_MEMBERS,
        "invalidated": {**_INTEGER, "description": "Delegations to it, and below those, that ended with it."},
        "activeCredentials": {**_INTEGER, "description": "Credentials in force that it has issued."},
    },
)
_REASON: Final = answer(
    "AuthorityReason",
    {
        "code": {"type": "string", "enum": [code.value for code in DelegationCode]},
        "hop": nullable(_INTEGER),
        "detail": _STRING,
    },
)
AUTHORITY: Final = answer(
    "Authority",
    {
        "agentDid": _STRING,
        "asOf": TIMESTAMP,
        "delegations": listed(
            answer(
                "HeldDelegation",
                {
                    "delegationId": _STRING,
                    "credentialId": _STRING,
                    "onBehalfOf": {**_STRING, "description": "The delegator at the root of the chain."},
                    "delegatorDid": {**_STRING, "description": "Who delegated to the agent itself."},
                    "chain": listed(_STRING, description="Credential ids, the root first."),
                    "scope": listed(_STRING),
                    "constraints": OBJECT,
                    "maxDepth": _INTEGER,
                    "approvalRequired": {**BOOLEAN, "description": "A person approves every act first."},
                    "expiresAt": {**TIMESTAMP, "description": "Of the whole chain."},
                    "effective": BOOLEAN,
                    "reasons": listed(_REASON, description="Why it gives no authority now."),
                    "remaining": {**nullable(OBJECT), "description": "What is left of each budget, over all hops."},
                },
            )
        ),
    },
)
ISSUED_AS_AGENT: Final[Node] = {
    **answers.ISSUED,
    "title": "IssuedAsAgent",
    "properties": {**answers.ISSUED["properties"], "onBehalfOf": _STRING},
    "required": [*answers.ISSUED["required"], "onBehalfOf"],
}
REQUESTED_AS_AGENT: Final = answer(
    "RequestedAsAgent",
    {
        "requestId": _STRING,
        "credentialType": _STRING,
        "status": {"type": "string", "enum": ["pending"]},
        "requestedAt": TIMESTAMP,
        "onBehalfOf": _STRING,
        "callId": {**_STRING, "description": "The record of the question whether it may."},
    },
)
CARD: Final[Node] = {
    "title": "AgentCard",
    "type": "object",
    "description": (
        "As the Agent2Agent protocol 1.0 describes agents; who answers for it stands in the extension. "
        "`signatures` is absent where no key of the agent is kept here."
    ),
}

_DID: Final = "did:adi:agent:7f3a"
_AT: Final = "2026-11-22T14:00:00Z"
_URN: Final = "urn:uuid:0198c1b0-7a3c-7d11-8b5e-0c2f8a9d4e10"
AGENT_EXAMPLE: Final[dict[str, Any]] = {
    "did": _DID,
    "name": "Shopping agent",
    "operator": "did:adi:human001",
    "status": "active",
    "description": "Buys groceries once a week.",
    "model": {"provider": "Example AI", "modelName": "basket-1"},
    "capabilities": ["purchase:groceries"],
    "version": "1.0",
    "services": [],
    "cardUrl": f"https://cred.example/agents/{_DID}/.well-known/agent-card.json",
    "createdAt": _AT,
    "updatedAt": _AT,
    "deactivatedAt": None,
}
PAGE_EXAMPLE: Final = {"data": [AGENT_EXAMPLE], "hasMore": False, "nextCursor": None}
DECOMMISSIONED_EXAMPLE: Final = {
    **AGENT_EXAMPLE,
    "status": "decommissioned",
    "cardUrl": None,
    "deactivatedAt": _AT,
    "invalidated": 3,
    "activeCredentials": 0,
}
AUTHORITY_EXAMPLE: Final = {
    "agentDid": _DID,
    "asOf": _AT,
    "delegations": [
        {
            "delegationId": "dlg_4k2rj7m3x5p6q2a4s7d3f5g6hj",
            "credentialId": _URN,
            "onBehalfOf": "did:adi:human001",
            "delegatorDid": "did:adi:human001",
            "chain": [_URN],
            "scope": ["purchase:groceries"],
            "constraints": {"maxSpendPerTransaction": 60, "maxSpendPerDay": 100, "currency": "USD"},
            "maxDepth": 0,
            "approvalRequired": False,
            "expiresAt": "2027-06-30T23:59:59Z",
            "effective": True,
            "reasons": [],
            "remaining": {"maxSpendPerDay": 58},
        }
    ],
}
ISSUED_EXAMPLE: Final = {**examples.ISSUED, "onBehalfOf": "did:adi:issuer001"}
REQUESTED_EXAMPLE: Final = {
    "requestId": "req_4k2rj7m3x5p6q2a4s7d3f5g6hj",
    "credentialType": "dpw_certified",
    "status": "pending",
    "requestedAt": _AT,
    "onBehalfOf": "did:adi:human001",
    "callId": "cal_4k2rj7m3x5p6q2a4s7d3f5g6hj",
}
CARD_EXAMPLE: Final[dict[str, Any]] = {
    "name": "Shopping agent",
    "description": "Buys groceries once a week.",
    "version": "1.0",
    "provider": {"organization": "Alice", "url": "https://cred.example"},
    "supportedInterfaces": [
        {"url": "https://shopper.example/a2a", "protocolBinding": "JSONRPC", "protocolVersion": "1.0"}
    ],
    "capabilities": {
        "streaming": False,
        "pushNotifications": False,
        "extensions": [
            {
                "uri": "urn:sealwright:delegated-agent:1",
                "description": "Acts under delegation credentials that a human or an organization began.",
                "params": {
                    "did": _DID,
                    "didDocument": f"https://cred.example/1.0/identifiers/{_DID}",
                    "verifyChain": "https://cred.example/api/v1/delegations/verify-chain",
                    "authorize": "https://cred.example/api/v1/delegations/authorize",
                    "operator": "did:adi:human001",
                    "model": {"provider": "Example AI", "modelName": "basket-1"},
                },
            }
        ],
    },
    "defaultInputModes": ["application/json", "text/plain"],
    "defaultOutputModes": ["application/json", "text/plain"],
    "skills": [
        {
            "id": "purchase:groceries",
            "name": "purchase:groceries",
            "description": "purchase:groceries",
            "tags": ["purchase", "groceries"],
        }
    ],
    "signatures": [
        {
            "protected": "eyJhbGciOiJFZERTQSIsImtpZCI6ImRpZDphZGk6YWdlbnQ6N2YzYSNrZXktMSIsInR5cCI6IkpPU0UifQ",
            "signature": "QFdkNLNszlGj3z3u0YQGt_T9LixY3qtdQpZmsTdDHDe3fXV9y9-B3m2-XgCpzuhiLt8E0tV6HXoZKHv4GtHgKQ",
        }
    ],
}
