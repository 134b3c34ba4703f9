"""Whether delegations are effective, derived whenever it is asked: no second state is kept that could be wrong.

A delegation is effective while it and every one above it is active, nobody in its chain was deactivated, no key that
signed a hop was compromised, and whoever answers for a party of it, as its owner or as an agent's operator, still may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.delegations import Delegation, DelegationStatus
from sealwright.domain.dids import DIDKind, DIDRecord, MethodState
from sealwright.services.registry import RegistryView
from sealwright.vc.delegation.terms import DelegationCode, DelegationTerms

ROOT_KINDS: Final = frozenset({DIDKind.HUMAN, DIDKind.ORGANIZATION})

STATUS_FALLS: Final = {
    DelegationStatus.REVOKED: (DelegationCode.REVOKED, "is revoked"),
    DelegationStatus.SUSPENDED: (DelegationCode.SUSPENDED, "is suspended"),
    DelegationStatus.EXPIRED: (DelegationCode.EXPIRED, "has expired"),
}


@dataclass(frozen=True, slots=True)
class Fall:
    """One reason why a chain gives no authority now.

    Args:
        hop: Its index in the chain, 0 for the root.
    """

    code: DelegationCode
    hop: int
    detail: str


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a delegation stands as of one moment.

    Args:
        chain: All hops as stored, the root first, this one last.
        falls: What keeps it from being effective; empty while it is.
    """

    chain: tuple[Delegation, ...]
    status: DelegationStatus
    falls: tuple[Fall, ...]

    @property
    def delegation(self) -> Delegation:
        """The delegation itself."""
        return self.chain[-1]

    @property
    def is_effective(self) -> bool:
        """Tell whether it gives authority now."""
        return not self.falls


def falls_of(chain: Sequence[Delegation], view: RegistryView, now: datetime) -> tuple[Fall, ...]:
    """Everything that keeps a chain, the root first, from being effective now; empty while it is effective."""
    falls: list[Fall] = []
    for hop, one in enumerate(chain):
        told = STATUS_FALLS.get(one.status_at(now))
        if told is not None:
            falls.append(Fall(told[0], hop, f"Delegation {one.delegation_id} {told[1]}."))
        falls.extend(_falls_of_parties(one, hop, view))
    return tuple(falls)


def is_effective(chain: Sequence[Delegation], view: RegistryView, now: datetime) -> bool:
    """Tell whether the last delegation of a chain, the root first, gives authority now; an empty chain gives none."""
    return bool(chain) and not falls_of(chain, view, now)


def root_may(did: str, view: RegistryView) -> bool | None:
    """Tell whether a DID kept here may begin chains: an active human or organization; None where it is not kept."""
    record = view.did(did)
    if record is None:
        return None
    if record.did != did or not record.is_active or record.kind not in ROOT_KINDS:
        return False
    if record.owner_user_id is None:
        return True
    return not _is_ownerless(record, view)


def fault_of_party(did: str, view: RegistryView) -> str | None:
    """Why a party of a chain speaks for nobody any more: a sentence; None while it does, or where it is not kept here.

    Whoever answers for an agent is its operator. Once nobody does, what it holds and hands on gives no authority.
    """
    record = view.did(did)
    if record is None:
        return None
    if not record.is_active:
        return f"{did} is deactivated."
    operator = view.did(record.operator) if record.kind is DIDKind.AGENT and record.operator is not None else None
    is_left = operator is not None and (not operator.is_active or _is_ownerless(operator, view))
    # Not what became of whom: that is told to strangers too.
    return f"Nobody answers for {did} any more." if is_left or _is_ownerless(record, view) else None


def _is_ownerless(record: DIDRecord, view: RegistryView) -> bool:
    """Tell whether a DID belongs to a person whose account is closed; what belongs to nobody is the office's."""
    if record.owner_user_id is None:
        return False
    owner = view.person(record.owner_user_id)
    return owner is None or not owner.active


def terms_of(chain: Sequence[Delegation]) -> tuple[DelegationTerms, ...]:
    """The terms of a stored chain, the root first, as the rules of narrowing and judging read them."""
    above: str | None = None
    terms = []
    for one in chain:
        terms.append(
            DelegationTerms(
                delegator=one.delegator_did,
                delegate=one.delegate_did,
                scope=one.scope,
                constraints=one.constraints,
                max_depth=one.max_depth,
                expires=one.expires_at,
                parent=above,
                credential_id=one.credential_id,
                valid_from=one.created_at,
            )
        )
        above = one.credential_id
    return tuple(terms)


def _falls_of_parties(one: Delegation, hop: int, view: RegistryView) -> list[Fall]:
    falls = []
    delegator = view.did(one.delegator_did)
    if hop == 0 and root_may(one.delegator_did, view) is False:
        detail = f"{one.delegator_did} is no active human or organization that may still act."
        falls.append(Fall(DelegationCode.ROOT_INVALID, hop, detail))
    elif (why := fault_of_party(one.delegator_did, view)) is not None:
        falls.append(Fall(DelegationCode.INVALID, hop, why))
    if (why := fault_of_party(one.delegate_did, view)) is not None:
        falls.append(Fall(DelegationCode.INVALID, hop, why))
    methods = delegator.methods if delegator is not None else ()
    signed_by = next((method for method in methods if method.id == one.verification_method), None)
    if signed_by is not None and signed_by.state is MethodState.COMPROMISED:
        falls.append(Fall(DelegationCode.PROOF_INVALID, hop, "The key that signed it was compromised since."))
    return falls
