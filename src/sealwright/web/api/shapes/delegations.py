"""Shapes of delegations, of making, ending and narrowing them, and of verified chains."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from sealwright.domain.delegations import DEPTH_MOST, DelegationStatus
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.examples import CREDENTIAL
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
from sealwright.web.shape import Body, Shape

CHAIN_ITEMS_MOST: Final = 100

_STRING: Final[Node] = {"type": "string"}
_SCOPE: Final = listed(
    {**text(255), "pattern": "^\\S+$"},
    least=1,
    most=100,
    description="Actions that are allowed; an entry ending in `:*` covers all below it, `*` covers all.",
)
_CONSTRAINTS: Final[Node] = {
    **OBJECT,
    "description": "Limits that every act must keep, as in the claims of `did:adi:schema:agent-delegation-v2`.",
}
_DEPTH: Final[Node] = {
    "type": "integer",
    "minimum": 0,
    "maximum": DEPTH_MOST,
    "description": "Further hops that are allowed below it.",
}
_PARENT: Final = text(2048, "The delegation that it rests on, by the id of its credential or its own.")

CREATE_DELEGATION: Final = Shape(
    "CreateDelegation",
    closed(
        {
            "delegatorDid": DID,
            "delegateDid": DID,
            "scope": _SCOPE,
            "constraints": _CONSTRAINTS,
            "maxDepth": {**_DEPTH, "default": 0},
            "expirationDate": TIMESTAMP,
            "parent": _PARENT,
            "proofType": {**PROOF_TYPE, "description": "The suite; else the first that the delegator has a key for."},
        },
        required=("delegatorDid", "delegateDid", "scope", "expirationDate"),
    ),
    example={
        "delegatorDid": "did:adi:human001",
        "delegateDid": "did:adi:agent:7f3a",
        "scope": ["purchase:groceries"],
        "constraints": {"maxSpendPerTransaction": 60, "maxSpendPerDay": 100, "currency": "USD"},
        "expirationDate": "2027-06-30T23:59:59Z",
    },
)


def _narrows_something(body: Body) -> Iterable[Fault]:
    if not body.keys() & {"scope", "constraints", "maxDepth", "expirationDate"}:
        yield Fault("", "MISSING_FIELD", "names nothing that is to become stricter")


NARROW_DELEGATION: Final = Shape(
    "NarrowDelegation",
    closed(
        {
            "reason": text(2000),
            "scope": _SCOPE,
            "constraints": {**_CONSTRAINTS, "description": "Limits that become stricter or are added; others stay."},
            "maxDepth": _DEPTH,
            "expirationDate": TIMESTAMP,
        },
        required=("reason",),
    ),
    check=_narrows_something,
    example={"reason": "Less is enough.", "constraints": {"maxSpendPerDay": 50}},
)
VERIFY_CHAIN: Final = Shape(
    "VerifyChain",
    closed(
        {
            "agentDid": DID,
            "delegationChain": listed(
                {
                    "type": ["string", "object"],
                    "minLength": 1,
                    "description": "A credential's id, `{credentialId}`, or a delegation credential.",
                },
                most=CHAIN_ITEMS_MOST,
                description="The root first; 1 to 8.",
            ),
            "action": {**text(255, "Judge this action by every hop too."), "pattern": "^[^\\s*]+$"},
            "context": {**OBJECT, "description": "What the act is about, as for authorize; only with `action`."},
        },
        required=("agentDid", "delegationChain"),
    ),
    opaque=("delegationChain",),
    example={
        "agentDid": "did:adi:agent:7f3a",
        "delegationChain": ["urn:uuid:0198c1b0-7a3c-7d11-8b5e-0c2f8a9d4e10"],
        "action": "purchase:groceries",
    },
)

_MEMBERS: Final[Node] = {
    "delegationId": _STRING,
    "credentialId": _STRING,
    "parent": nullable({**_STRING, "description": "Credential id of the delegation that it rests on."}),
    "rootId": {**_STRING, "description": "The delegation at the top, itself for a root."},
    "delegatorDid": _STRING,
    "delegateDid": _STRING,
    "scope": listed(_STRING),
    "constraints": OBJECT,
    "maxDepth": {"type": "integer"},
    "depth": {"type": "integer", "description": "Hops above it; 0 for a root."},
    "status": {"type": "string", "enum": [state.value for state in DelegationStatus]},
    "effective": {**BOOLEAN, "description": "It and all above it are in force."},
    "expiresAt": TIMESTAMP,
    "createdAt": TIMESTAMP,
    "calls": {"type": "integer", "description": "Acts that were counted against it."},
    "lastUsedAt": nullable(TIMESTAMP),
    "supersedes": nullable({**_STRING, "description": "The delegation that it took the place of."}),
}
_TREE: Final[Node] = {
    "children": listed(OBJECT, description="With `tree`: Delegations right below, each with its own `children`."),
    "hasMoreChildren": {**BOOLEAN, "description": "With `tree`: not all that rests on it is shown."},
}
DELEGATION: Final = answer("Delegation", {**_MEMBERS, **_TREE}, optional=tuple(_TREE))
DELEGATION_PAGE: Final = page_of("DelegationPage", DELEGATION)
MOVED: Final = answer(
    "MovedDelegation",
    {**_MEMBERS, "invalidated": {"type": "integer", "description": "How many that rest on it stopped being in force."}},
)
MADE: Final = answer("MadeDelegation", {**_MEMBERS, "credential": {"type": "object"}})
NARROWED: Final = answer(
    "NarrowedDelegation",
    {
        **_MEMBERS,
        "credential": {"type": "object"},
        "invalidated": {"type": "integer", "description": "How many fell with the one that it took the place of."},
    },
)
CHAIN_REPORT: Final = answer(
    "ChainReport",
    {
        "valid": BOOLEAN,
        "hopCount": {"type": "integer"},
        "hops": listed(
            answer(
                "HopReport",
                {
                    "index": {"type": "integer"},
                    "credentialId": nullable(_STRING),
                    "delegator": nullable(_STRING),
                    "delegate": nullable(_STRING),
                    "valid": BOOLEAN,
                    "codes": listed(_STRING),
                    "detail": nullable(_STRING),
                },
            )
        ),
        "errors": listed(_STRING, description="The codes of all hops, each once."),
    },
)

_URN: Final = "urn:uuid:0198c1b0-7a3c-7d11-8b5e-0c2f8a9d4e10"
DELEGATION_EXAMPLE: Final[dict[str, Any]] = {
    "delegationId": "dlg_4k2rj7m3x5p6q2a4s7d3f5g6hj",
    "credentialId": _URN,
    "parent": None,
    "rootId": "dlg_4k2rj7m3x5p6q2a4s7d3f5g6hj",
    "delegatorDid": "did:adi:human001",
    "delegateDid": "did:adi:agent:7f3a",
    "scope": ["purchase:groceries"],
    "constraints": {"maxSpendPerTransaction": 60, "maxSpendPerDay": 100, "currency": "USD"},
    "maxDepth": 0,
    "depth": 0,
    "status": "active",
    "effective": True,
    "expiresAt": "2027-06-30T23:59:59Z",
    "createdAt": "2026-11-22T14:00:00Z",
    "calls": 0,
    "lastUsedAt": None,
    "supersedes": None,
}
PAGE_EXAMPLE: Final = {"data": [DELEGATION_EXAMPLE], "hasMore": False, "nextCursor": None}
MADE_EXAMPLE: Final = {**DELEGATION_EXAMPLE, "credential": CREDENTIAL}
NARROWED_EXAMPLE: Final = {
    **MADE_EXAMPLE,
    "constraints": {"maxSpendPerTransaction": 60, "maxSpendPerDay": 50, "currency": "USD"},
    "supersedes": "dlg_7h3f2d6s4a2q5w7e3r6t4y2u5j",
    "invalidated": 2,
}


def moved_example(status: str, invalidated: int) -> dict[str, Any]:
    """A delegation after its state was changed."""
    is_active = status == "active"
    return {**DELEGATION_EXAMPLE, "status": status, "effective": is_active, "invalidated": invalidated}


CHAIN_REPORT_EXAMPLE: Final = {
    "valid": False,
    "hopCount": 1,
    "hops": [
        {
            "index": 0,
            "credentialId": _URN,
            "delegator": "did:adi:human001",
            "delegate": "did:adi:agent:7f3a",
            "valid": False,
            "codes": ["DELEGATION_REVOKED"],
            "detail": "The status list says revoked.",
        }
    ],
    "errors": ["DELEGATION_REVOKED"],
}
