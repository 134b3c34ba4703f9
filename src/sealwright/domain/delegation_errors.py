"""What the rules of delegation can refuse: the branch of `domain.errors` that grows on delegations and their use.

DomainError
├── NotFound
│   ├── DelegationNotFound  ApprovalNotFound
├── Conflict
│   ├── ApprovalClosed          decided, spent or over
└── Unprocessable
    ├── ChainMalformed          empty, over 8 hops, a loop
    └── DelegationRefused       by what was asked, or by the state of an ancestor
        ├── DelegationInvalid  ScopeWidened  ConstraintLoosened  ExpiryExceeded  DepthExceeded
        ├── DelegationIsRevoked  DelegationIsSuspended  DelegationHasExpired
        ├── DelegationLoop  RootInvalid
        ├── ActionNotCovered  ConstraintExceeded  ApprovalRequired
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sealwright.domain.errors import Conflict, NotFound, Unprocessable
from sealwright.vc.errors import Fault


class DelegationNotFound(NotFound):
    """No such delegation, or it is hidden from this caller."""


class ApprovalNotFound(NotFound):
    """No such question of an agent, or it is hidden from this caller."""


class ApprovalClosed(Conflict):
    """The question was decided or spent, or its time is over."""


class ChainMalformed(Unprocessable):
    """A chain of no hops, of more than eight, or one that names a delegation twice."""


class DelegationRefused(Unprocessable):
    """A delegation that may not be made, or an act that is not delegated."""


class DelegationInvalid(DelegationRefused):
    """Delegator, delegate, parent, scope or limits do not make a delegation."""


class ScopeWidened(DelegationRefused):
    """It would allow what its parent does not."""


class ConstraintLoosened(DelegationRefused):
    """A limit of its parent is left out or loosened."""


class ExpiryExceeded(DelegationRefused):
    """It would outlive its parent."""


class DepthExceeded(DelegationRefused):
    """Its parent allows no further hop, or not as many below it."""


class DelegationIsRevoked(DelegationRefused):
    """It, or one above it, is revoked."""


class DelegationIsSuspended(DelegationRefused):
    """It, or one above it, is suspended."""


class DelegationHasExpired(DelegationRefused):
    """It, or one above it, has expired."""


class DelegationLoop(DelegationRefused):
    """The delegate stands further up in the chain."""


class RootInvalid(DelegationRefused):
    """A chain begins with an active human or organization that still may act."""


class ActionNotCovered(DelegationRefused):
    """No delegation of the agent allows this action."""


class ConstraintExceeded(DelegationRefused):
    """A limit of a delegation forbids the act as it was asked for."""


class ApprovalRequired(DelegationRefused):
    """A person has to approve the act first."""


REFUSALS: Final[Mapping[str, type[DelegationRefused]]] = {
    "DELEGATION_INVALID": DelegationInvalid,
    "DELEGATION_SCOPE_WIDENED": ScopeWidened,
    "DELEGATION_CONSTRAINT_LOOSENED": ConstraintLoosened,
    "DELEGATION_EXPIRY_EXCEEDED": ExpiryExceeded,
    "DELEGATION_DEPTH_EXCEEDED": DepthExceeded,
    "DELEGATION_REVOKED": DelegationIsRevoked,
    "DELEGATION_SUSPENDED": DelegationIsSuspended,
    "DELEGATION_EXPIRED": DelegationHasExpired,
    "DELEGATION_LOOP": DelegationLoop,
    "DELEGATION_ROOT_INVALID": RootInvalid,
    "DELEGATION_ACTION_NOT_COVERED": ActionNotCovered,
    "DELEGATION_CONSTRAINT_EXCEEDED": ConstraintExceeded,
    "DELEGATION_APPROVAL_REQUIRED": ApprovalRequired,
}


def refusal_of(faults: tuple[Fault, ...]) -> DelegationRefused:
    """The refusal for faults by delegation codes, the first one's code being the whole's."""
    first = faults[0]
    return REFUSALS[first.code](first.detail, faults=faults)
