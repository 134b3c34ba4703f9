"""Delegations for the storage tests, with their credentials beside them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.delegations import AgentProfile, Approval, ApprovalState, Delegation, DelegationCall, Use
from sealwright.services.ports import UnitOfWorkFactory
from tests.storage.builders import NOW, credential, ordered_uid

HUMAN = "did:adi:human-one"
AGENT = "did:adi:agent-one"
END = NOW + timedelta(days=30)


def delegation(number: int = 1, above: Delegation | None = None, **changes: Any) -> Delegation:
    """An active delegation; below another one, whose delegate is the delegator then."""
    usual: dict[str, Any] = {
        "delegation_id": f"dlg_{number}",
        "uid": ordered_uid(number),
        "lineage": () if above is None else (*above.lineage, above.delegation_id),
        "delegator_did": HUMAN if above is None else above.delegate_did,
        "delegate_did": AGENT if above is None else f"{AGENT}-{number}",
        "scope": ("purchase:groceries", "credential:*"),
        "constraints": {"maxSpendPerDay": 100.5, "authorizedMerchants": ["did:adi:shop"], "requireApproval": False},
        "max_depth": 3,
        "created_at": NOW,
        "expires_at": END,
        "made_by": "usr_ada",
        "verification_method": f"{HUMAN}#key-1",
    }
    return Delegation(**{**usual, **changes})


def credential_of(one: Delegation) -> CredentialRecord:
    """The credential that it rests on."""
    return credential(
        one.uid,
        issuer_did=one.delegator_did,
        holder_did=one.delegate_did,
        verification_method=one.verification_method,
        expires_at=one.expires_at,
        revocable=True,
        suspendable=one.suspendable,
        status=one.credential_status,
    )


def store(units: UnitOfWorkFactory, *those: Delegation) -> None:
    """Write delegations down with their credentials."""
    with units() as uow:
        uow.credentials.add_many([credential_of(one) for one in those])
        for one in those:
            uow.delegations.add(one)
        uow.commit()


def line(length: int) -> tuple[Delegation, ...]:
    """A chain, the root first."""
    found: list[Delegation] = []
    for number in range(1, length + 1):
        found.append(delegation(number, found[-1] if found else None))
    return tuple(found)


def use(number: int = 1, delegation_id: str = "dlg_1", **changes: Any) -> Use:
    """An act of ten units."""
    usual: dict[str, Any] = {"call_id": f"cal_{number}", "at": NOW, "micros": 10_000_000}
    return Use(delegation_id, **{**usual, **changes})


def call(number: int = 1, **changes: Any) -> DelegationCall:
    """An allowed call that was counted."""
    usual: dict[str, Any] = {
        "call_id": f"cal_{number}",
        "at": NOW,
        "agent_did": AGENT,
        "delegation_id": "dlg_1",
        "action": "purchase:groceries",
        "context": {"amount": 10, "merchant": "did:adi:shop"},
        "allowed": True,
        "code": None,
        "detail": None,
        "recorded": True,
        "asked_by": "key_one",
        "via": "api",
    }
    return DelegationCall(**{**usual, **changes})


def approval(number: int = 1, **changes: Any) -> Approval:
    """A question that waits."""
    usual: dict[str, Any] = {
        "approval_id": f"apv_{number}",
        "delegation_id": "dlg_1",
        "agent_did": AGENT,
        "delegator_did": HUMAN,
        "action": "purchase:groceries",
        "context": {"amount": 99.5},
        "note": "Bread for the week.",
        "state": ApprovalState.WAITING,
        "created_at": NOW,
        "expires_at": NOW + timedelta(days=1),
    }
    return Approval(**{**usual, **changes})


def profile(did: str = AGENT, **changes: Any) -> AgentProfile:
    """A profile with every member set."""
    usual: dict[str, Any] = {
        "description": "Buys groceries.",
        "model": {"provider": "example", "modelName": "m"},
        "capabilities": ("shopping",),
        "version": "1.0.0",
        "updated_at": NOW,
    }
    return AgentProfile(did, **{**usual, **changes})


def ids(those: Sequence[Delegation]) -> list[str]:
    """Their ids, in order."""
    return [one.delegation_id for one in those]


def uids(those: Sequence[Delegation]) -> list[UUID]:
    """Their credentials' uids, in order."""
    return [one.uid for one in those]
