"""Whether delegations are effective, derived whenever it is asked: no second state is kept that could be wrong.

A delegation is effective while it and every one above it is active, nobody in its chain was deactivated, no key that
signed a hop was compromised, and the person behind its root, if there is one, still has an active account.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.delegations import Delegation, DelegationStatus
from sealwright.domain.dids import DIDKind, MethodState
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
    owner = view.person(record.owner_user_id)
    return owner is not None and owner.active


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
    delegator, delegate = view.did(one.delegator_did), view.did(one.delegate_did)
    if hop == 0 and root_may(one.delegator_did, view) is False:
        detail = f"{one.delegator_did} is no active human or organization that may still act."
        falls.append(Fall(DelegationCode.ROOT_INVALID, hop, detail))
    elif delegator is not None and not delegator.is_active:
        falls.append(Fall(DelegationCode.INVALID, hop, f"{one.delegator_did} is deactivated."))
    if delegate is not None and not delegate.is_active:
        falls.append(Fall(DelegationCode.INVALID, hop, f"{one.delegate_did} is deactivated."))
    methods = delegator.methods if delegator is not None else ()
    signed_by = next((method for method in methods if method.id == one.verification_method), None)
    if signed_by is not None and signed_by.state is MethodState.COMPROMISED:
        falls.append(Fall(DelegationCode.PROOF_INVALID, hop, "The key that signed it was compromised since."))
    return falls
