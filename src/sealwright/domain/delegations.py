"""Delegations: what one DID lets another do in its name, within which limits, and what was done with that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Final
from uuid import UUID

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.ids import credential_urn
from sealwright.vc.encoding.strict_json import JSONValue

HOPS_MOST: Final = 8
"""Longer chains never verify."""
DEPTH_MOST: Final = 7
MICROS: Final = 1_000_000
"""Amounts are counted in millionths of the unit that the parties use, so that no sum is rounded."""
AMOUNT_MOST: Final = 10**12
APPROVAL_LIFE: Final = timedelta(days=1)
SIGNED, FILED = "credential", "request"
"""Under which names an approval's context holds what would be signed, or filed. No context from outside has them."""


class DelegationStatus(StrEnum):
    """What a delegation itself is; whether it is effective depends on its ancestors too."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


_STATUS: Final = {
    CredentialStatus.VALID: DelegationStatus.ACTIVE,
    CredentialStatus.SUSPENDED: DelegationStatus.SUSPENDED,
    CredentialStatus.REVOKED: DelegationStatus.REVOKED,
    CredentialStatus.EXPIRED: DelegationStatus.EXPIRED,
}


@dataclass(frozen=True, slots=True)
class Delegation:
    """One hop of authority, with the state of its credential as of when it was read.

    Args:
        uid: Its credential, whose status is this one's status: there is no second truth.
        lineage: Ids of the delegations above it, the root first; empty for a root.
        credential_status: As its credential's row says; the clock is not in it.
        verification_method: What signed it; a method that was compromised since ends it.
        made_by: Who made it, as audit rows name them.
        supersedes: The delegation that this one took the place of, in one act.
        calls: How many acts were counted against it.
    """

    delegation_id: str
    uid: UUID
    lineage: tuple[str, ...]
    delegator_did: str
    delegate_did: str
    scope: tuple[str, ...]
    constraints: Mapping[str, JSONValue]
    max_depth: int
    created_at: datetime
    expires_at: datetime
    made_by: str
    verification_method: str
    credential_status: CredentialStatus = CredentialStatus.VALID
    suspendable: bool = True
    supersedes: str | None = None
    calls: int = 0
    last_used_at: datetime | None = None

    @property
    def credential_id(self) -> str:
        """The public id of its credential."""
        return credential_urn(self.uid)

    @property
    def depth(self) -> int:
        """Hops above it: 0 for a root."""
        return len(self.lineage)

    @property
    def parent_id(self) -> str | None:
        """The delegation that it rests on."""
        return self.lineage[-1] if self.lineage else None

    @property
    def root_id(self) -> str:
        """The delegation at the top of its chain, itself for a root."""
        return self.lineage[0] if self.lineage else self.delegation_id

    def status_at(self, now: datetime) -> DelegationStatus:
        """Its own status; what is revoked stays so after its end."""
        if self.credential_status is not CredentialStatus.REVOKED and now >= self.expires_at:
            return DelegationStatus.EXPIRED
        return _STATUS[self.credential_status]


@dataclass(frozen=True, slots=True)
class DelegationFilter:
    """Which delegations a list shows.

    Args:
        parties: Only those that concern one of these DIDs: as delegator or delegate of it or of an ancestor. None: all.
    """

    delegator_did: str | None = None
    delegate_did: str | None = None
    status: DelegationStatus | None = None
    parties: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """One counted act against one delegation: a row of its ledger. Acts are counted against every hop of a chain."""

    delegation_id: str
    call_id: str
    at: datetime
    micros: int


@dataclass(frozen=True, slots=True)
class Used:
    """What a stretch of time has seen: millionths spent, and acts."""

    micros: int = 0
    calls: int = 0

    @property
    def amount(self) -> Decimal:
        """What was spent, exactly."""
        return Decimal(self.micros) / MICROS


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A counted act as the ledger keeps it, with what had been counted before it.

    Args:
        no: Acts before it.
        spent_before: Millionths before it.
    """

    delegation_id: str
    at: datetime
    no: int
    call_id: str
    micros: int
    spent_before: int


@dataclass(frozen=True, slots=True)
class DelegationCall:
    """One question whether an agent may act, and its answer.

    Args:
        delegation_id: The delegation that decided; None where the agent has none.
        context: What was asked about, as it was given.
        code: Why it was refused; None where it was allowed.
        recorded: Whether it was counted against the budgets.
        asked_by: Who asked, as audit rows name them.
        via: Where the question came from: ``api``, ``tools``, ``token``, ``page``, ``terminal``.
    """

    call_id: str
    at: datetime
    agent_did: str
    delegation_id: str | None
    action: str
    context: Mapping[str, JSONValue]
    allowed: bool
    code: str | None
    detail: str | None
    recorded: bool
    asked_by: str
    via: str
    approval_id: str | None = None


class ApprovalState(StrEnum):
    """What became of an agent's question to a person; `spent` once the act was carried out."""

    WAITING = "waiting"
    APPROVED = "approved"
    DECLINED = "declined"
    SPENT = "spent"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Approval:
    """One act that an agent asks a person to approve: good for this act with these values, once.

    Args:
        delegation_id: The delegation that it would act under.
        delegator_did: Who has to approve: the delegator of the highest hop that demands approval.
        context: What the act is about, and what it would sign or file, until it is done or can be done no more.
        note: What the agent says about it; shown as the agent's words.
        decided_by: The user id of who decided.
    """

    approval_id: str
    delegation_id: str
    agent_did: str
    delegator_did: str
    action: str
    context: Mapping[str, JSONValue]
    note: str | None
    state: ApprovalState
    created_at: datetime
    expires_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    reason: str | None = None

    @property
    def about(self) -> Mapping[str, JSONValue]:
        """What limits are held against."""
        return {name: value for name, value in self.context.items() if name not in (SIGNED, FILED)}

    def content(self, name: str) -> Mapping[str, JSONValue] | None:
        """What would be signed (``credential``) or filed (``request``), while somebody may still need to know."""
        found = self.context.get(name)
        return found if isinstance(found, Mapping) else None

    def without_content(self) -> Approval:
        """The same question without what it would sign or file: claims are kept no longer than the question is open."""
        return replace(self, context=self.about)

    def state_at(self, now: datetime) -> ApprovalState:
        """Its state, the clock taken in."""
        is_open = self.state in (ApprovalState.WAITING, ApprovalState.APPROVED)
        return ApprovalState.EXPIRED if is_open and now >= self.expires_at else self.state


@dataclass(frozen=True, slots=True)
class AgentProfile:
    """What an agent's DID says about the agent beside its operator, who stands in the DID's record.

    Args:
        model: ``provider``, ``modelName``, ``modelVersion``, as given.
        capabilities: What it can do, in its operator's words: ``shopping``, ``credential:request`` …
        version: Of the agent itself, not of its model.
    """

    did: str
    description: str | None
    model: Mapping[str, JSONValue] | None
    capabilities: tuple[str, ...]
    version: str
    updated_at: datetime
