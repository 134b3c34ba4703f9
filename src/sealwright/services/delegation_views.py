"""Delegations as the desk shows them, and what is asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.delegations import Delegation, DelegationStatus
from sealwright.domain.errors import DomainError
from sealwright.services.delegation_standing import Standing, falls_of
from sealwright.services.issuing_line import Issued
from sealwright.services.registry import RegistryView
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault, VcError

_MEMBERS: Final = {"/delegator": "/delegatorDid", "/delegate": "/delegateDid"}
_CLAIMS: Final = "/claims"


@dataclass(frozen=True, slots=True)
class DelegationWish:
    """A delegation to make, as people and the API ask for it.

    Args:
        parent: Credential id or delegation id of the one that it rests on.
        proof_type: The suite; None takes the first that the delegator has a key for.
    """

    delegator_did: str
    delegate_did: str
    scope: tuple[str, ...]
    expiration: datetime
    constraints: Mapping[str, JSONValue] | None = None
    max_depth: int = 0
    parent: str | None = None
    proof_type: str | None = None


@dataclass(frozen=True, slots=True)
class NarrowingWish:
    """What of a delegation is to become stricter; None leaves it as it is.

    Args:
        constraints: Each takes the place of the one of its name; the others stay.
    """

    scope: tuple[str, ...] | None = None
    constraints: Mapping[str, JSONValue] | None = None
    max_depth: int | None = None
    expiration: datetime | None = None


@dataclass(frozen=True, slots=True)
class SeenDelegation(Standing):
    """A delegation as it is shown.

    Args:
        children: What rests on it right below, where a tree was asked for; None where not.
        is_cut: The tree holds more than was read.
    """

    children: tuple[SeenDelegation, ...] | None = None
    is_cut: bool = False


@dataclass(frozen=True, slots=True)
class MadeDelegation:
    """A delegation that was made, as it was when it was made, and the credential that it is.

    Args:
        invalidated: How many fell with the one that it took the place of.
    """

    seen: SeenDelegation
    issued: Issued
    invalidated: int = 0


@dataclass(frozen=True, slots=True)
class MovedDelegation:
    """A delegation after its state was changed.

    Args:
        invalidated: How many that rest on it are not effective any more; 0 where nothing ended.
    """

    seen: SeenDelegation
    invalidated: int


def seen_of(chain: Sequence[Delegation], view: RegistryView, now: datetime) -> SeenDelegation:
    """Look at the last delegation of a chain that is not empty."""
    return SeenDelegation(tuple(chain), chain[-1].status_at(now), falls_of(chain, view, now))


def as_made(chain: Sequence[Delegation], old: Delegation | None) -> SeenDelegation:
    """The last delegation of a chain as it was in the moment in which it was made, whatever became of it.

    Args:
        old: What it took the place of. Its acts were carried over, and none was counted for it since.
    """
    calls, last = (0, None) if old is None else (old.calls, old.last_used_at)
    made = replace(chain[-1], credential_status=CredentialStatus.VALID, calls=calls, last_used_at=last)
    return SeenDelegation((*chain[:-1], made), DelegationStatus.ACTIVE, ())


def spelled(error: Exception) -> Exception:
    """A refusal with its pointers into what was asked for, in the place of the claims that were made of it."""
    if isinstance(error, DomainError) and error.faults:
        return type(error)(error.detail, faults=[_placed(one) for one in error.faults], extra=error.extra)
    if isinstance(error, VcError) and error.faults:
        return type(error)(error.detail, faults=[_placed(one) for one in error.faults])
    return error


def _placed(fault: Fault) -> Fault:
    pointer = fault.pointer.removeprefix(_CLAIMS)
    return replace(fault, pointer=_MEMBERS.get(pointer, pointer))
