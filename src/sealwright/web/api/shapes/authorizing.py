"""Shapes of questions whether agents may act, of their record, and of what people approve."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealwright.domain.delegations import AMOUNT_MOST, ApprovalState
from sealwright.services.approving import NOTE_MOST, REASON_MOST
from sealwright.vc.delegation.narrowing import ACTION_MOST
from sealwright.vc.delegation.terms import DelegationCode
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.agents import AS_ISSUED, AS_REQUESTED
from sealwright.web.api.shapes.credentials import issue_conflicts
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    DID,
    OBJECT,
    TIMESTAMP,
    Node,
    answer,
    closed,
    listed,
    nullable,
    page_of,
    text,
)
from sealwright.web.shape import Body, Shape

_STRING: Final[Node] = {"type": "string"}
_ACTION: Final[Node] = {
    **text(ACTION_MOST, "One action, such as `purchase:groceries`; without spaces and without `*`."),
    "pattern": "^[^\\s*]+$",
}
_DELEGATION: Final = text(2048, "A delegation, by the id of its credential or its own.")
_ACT: Final[Node] = {
    "amount": {
        "type": "number",
        "minimum": 0,
        "maximum": AMOUNT_MOST,
        "description": "What it spends; at most six decimals.",
    },
    "currency": {"type": "string", "pattern": "^[A-Z]{3}$", "description": "ISO 4217; the delegation's where unsaid."},
    "merchant": text(200),
    "schemaId": text(2048, "The credential schema that it is about."),
    "region": text(64),
    "resource": text(2048),
}
_CONTEXT: Final = closed(
    {**_ACT, "approved": {**BOOLEAN, "description": "A person approved it; counts only from whom may say so."}},
    description="What the act is about. What a limit asks for and the context leaves unsaid is refused.",
)
AUTHORIZE: Final = Shape(
    "Authorize",
    closed(
        {
            "agentDid": DID,
            "action": _ACTION,
            "context": _CONTEXT,
            "credentialId": _DELEGATION,
            "record": {**BOOLEAN, "default": False, "description": "Count the act, where it is allowed."},
            "approvalId": text(64, "What a person approved; good once, for exactly this act."),
        },
        required=("agentDid", "action"),
    ),
    example={
        "agentDid": "did:adi:agent:7f3a",
        "action": "purchase:groceries",
        "context": {"amount": 42.5, "merchant": "grocery-store-001"},
        "record": True,
    },
)


def _conflicts(body: Body) -> Iterable[Fault]:
    """What does not go together of a credential that is to be approved."""
    for fault in issue_conflicts(body.get("credential", {})):
        yield Fault(f"/credential{fault.pointer}", fault.code, fault.detail)


ASK_APPROVAL: Final = Shape(
    "AskApproval",
    closed(
        {
            "agentDid": DID,
            "action": _ACTION,
            "context": closed(_ACT),
            "credential": AS_ISSUED,
            "request": AS_REQUESTED,
            "credentialId": _DELEGATION,
            "note": text(NOTE_MOST, "The agent's own words, shown to the person as such."),
        },
        required=("agentDid", "action"),
    ),
    check=_conflicts,
    example={
        "agentDid": "did:adi:agent:7f3a",
        "action": "purchase:groceries",
        "context": {"amount": 180, "merchant": "grocery-store-001"},
        "note": "The weekly order is larger than usual: guests on Saturday.",
    },
)
DECLINE: Final = Shape(
    "DeclineApproval",
    closed({"reason": text(REASON_MOST, "Shown to the agent.")}),
    optional=True,
    example={"reason": "Too expensive; ask again below 100."},
)

REASON: Final = answer(
    "AuthorizeReason",
    {
        "code": {"type": "string", "enum": [code.value for code in DelegationCode]},
        "hop": {"type": ["integer", "null"], "description": "The place in the chain, 0 for the root."},
        "detail": _STRING,
    },
)
VERDICT: Final = answer(
    "Verdict",
    {
        "allowed": BOOLEAN,
        "agentDid": _STRING,
        "action": _STRING,
        "decidedAt": TIMESTAMP,
        "chain": listed(_STRING, description="Credential ids of the delegations that decided, the root first."),
        "reasons": listed(REASON),
        "remaining": {
            "type": ["object", "null"],
            "description": "What is left of each budget: the smallest over the chain. Null for whom it is no business.",
        },
        "callId": _STRING,
    },
)
CALL: Final = answer(
    "DelegationCall",
    {
        "callId": _STRING,
        "at": TIMESTAMP,
        "agentDid": _STRING,
        "delegationId": nullable(_STRING),
        "action": _STRING,
        "context": OBJECT,
        "allowed": BOOLEAN,
        "code": nullable(_STRING),
        "detail": nullable(_STRING),
        "recorded": BOOLEAN,
        "askedBy": _STRING,
        "via": {"type": "string", "enum": ["api", "tools", "token", "page", "terminal"]},
        "approvalId": nullable(_STRING),
    },
)
CALL_PAGE: Final = page_of("DelegationCallPage", CALL)
APPROVAL: Final = answer(
    "Approval",
    {
        "approvalId": _STRING,
        "delegationId": _STRING,
        "agentDid": _STRING,
        "delegatorDid": _STRING,
        "action": _STRING,
        "context": OBJECT,
        "credential": nullable({**OBJECT, "description": "What would be signed, until it is or can be no more."}),
        "request": nullable({**OBJECT, "description": "What would be filed, until it is or can be no more."}),
        "note": nullable(_STRING),
        "status": {"type": "string", "enum": [state.value for state in ApprovalState]},
        "createdAt": TIMESTAMP,
        "expiresAt": TIMESTAMP,
        "decidedAt": nullable(TIMESTAMP),
        "decidedBy": nullable(_STRING),
        "reason": nullable(_STRING),
    },
)
APPROVAL_PAGE: Final = page_of("ApprovalPage", APPROVAL)

_AT: Final = "2026-11-21T02:30:00Z"
_CREDENTIAL: Final = "urn:uuid:019a9f3c-55d0-7c1e-9d0e-6f6f2f3f8a10"
_DELEGATION_ID: Final = "dlg_4n5w6r7t2v3x4z5a6b7c2d3e4f"
VERDICT_EXAMPLE: Final = {
    "allowed": True,
    "agentDid": "did:adi:agent:7f3a",
    "action": "purchase:groceries",
    "decidedAt": _AT,
    "chain": [_CREDENTIAL],
    "reasons": [],
    "remaining": {"maxSpendPerDay": 57.5, "maxCallsPerDay": 19},
    "callId": "cal_2k3n4w5r6t7v2x3z4a5b6c7d2e",
}
CALL_EXAMPLE: Final = {
    "callId": "cal_2k3n4w5r6t7v2x3z4a5b6c7d2e",
    "at": _AT,
    "agentDid": "did:adi:agent:7f3a",
    "delegationId": _DELEGATION_ID,
    "action": "purchase:groceries",
    "context": {"amount": 42.5, "merchant": "grocery-store-001"},
    "allowed": True,
    "code": None,
    "detail": None,
    "recorded": True,
    "askedBy": "key_5jx2k7q4nd6v3w2tz7c4b5m6ya",
    "via": "api",
    "approvalId": None,
}
CALL_PAGE_EXAMPLE: Final = {"data": [CALL_EXAMPLE], "hasMore": False, "nextCursor": None}
APPROVAL_EXAMPLE: Final = {
    "approvalId": "apv_7t2v3x4z5a6b7c2d3e4f5g6h7j",
    "delegationId": _DELEGATION_ID,
    "agentDid": "did:adi:agent:7f3a",
    "delegatorDid": "did:adi:human001",
    "action": "purchase:groceries",
    "context": {"amount": 180, "merchant": "grocery-store-001"},
    "credential": None,
    "request": None,
    "note": "The weekly order is larger than usual: guests on Saturday.",
    "status": "waiting",
    "createdAt": _AT,
    "expiresAt": "2026-11-22T02:30:00Z",
    "decidedAt": None,
    "decidedBy": None,
    "reason": None,
}
APPROVED_EXAMPLE: Final = {
    **APPROVAL_EXAMPLE,
    "status": "approved",
    "decidedAt": "2026-11-21T02:41:00Z",
    "decidedBy": "usr_5jx2k7q4nd6v3w2tz7c4b5m6ya",
}
DECLINED_EXAMPLE: Final = {**APPROVED_EXAMPLE, "status": "declined", "reason": "Too expensive; ask again below 100."}
APPROVAL_PAGE_EXAMPLE: Final = {"data": [APPROVAL_EXAMPLE], "hasMore": False, "nextCursor": None}
