"""Admission: requests for account roles, and issuer profiles (contract, sections 1.7 and 1.14)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from sealwright.domain.errors import StateConflict
from sealwright.domain.people import AccountRole


class RoleState(StrEnum):
    """Where a person stands with an account role."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class RoleRequest:
    """One person and one account role (issuers have a profile instead).

    Args:
        note: What the person wrote.
        decision_note: What the admin wrote; told to the person.
    """

    user_id: str
    role: AccountRole
    state: RoleState
    created_at: datetime
    updated_at: datetime
    version: int = 1
    note: str | None = None
    decision_note: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


class IssuerState(StrEnum):
    """Where an issuer profile stands."""

    PENDING = "pending"
    APPROVED = "approved"
    SUSPENDED = "suspended"
    REJECTED = "rejected"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class IssuerProfile:
    """A person's standing as issuer: the record that the role and the scope in force follow from.

    Args:
        email: The verified address that they asked with.
        allowed_credentials: The issuer scope; in force only while approved, kept while suspended.
        wanted_credentials: What they asked for.
    """

    user_id: str
    organization: str
    email: str
    state: IssuerState
    created_at: datetime
    updated_at: datetime
    allowed_credentials: tuple[str, ...] = ()
    wanted_credentials: tuple[str, ...] = ()
    nickname: str | None = None
    justification: str | None = None
    issuer_did: str | None = None
    note: str | None = None
    decided_by: str | None = None
    version: int = 1


# Admins decide; asking again (rejected or ended to pending) is the person's own move and stands apart.
_ROLE_MOVES: Final[Mapping[RoleState, frozenset[RoleState]]] = {
    RoleState.PENDING: frozenset({RoleState.APPROVED, RoleState.REJECTED}),
    RoleState.APPROVED: frozenset({RoleState.REJECTED, RoleState.PENDING, RoleState.ENDED}),
    RoleState.REJECTED: frozenset({RoleState.APPROVED, RoleState.PENDING}),
    RoleState.ENDED: frozenset({RoleState.APPROVED}),
}
_ISSUER_MOVES: Final[Mapping[IssuerState, frozenset[IssuerState]]] = {
    IssuerState.PENDING: frozenset({IssuerState.APPROVED, IssuerState.REJECTED}),
    IssuerState.REJECTED: frozenset({IssuerState.APPROVED}),
    IssuerState.ENDED: frozenset({IssuerState.APPROVED}),
    IssuerState.SUSPENDED: frozenset({IssuerState.APPROVED}),
    IssuerState.APPROVED: frozenset(
        {IssuerState.REJECTED, IssuerState.PENDING, IssuerState.SUSPENDED, IssuerState.ENDED}
    ),
}


def require_role_move(before: RoleState, after: RoleState) -> None:
    """Refuse a decision on an account role that there is no move for; staying is none.

    Raises:
        StateConflict: No such move.
    """
    if after is not before and after not in _ROLE_MOVES[before]:
        raise StateConflict(f"An account role does not go from {before} to {after}.")


def require_issuer_move(before: IssuerState, after: IssuerState) -> None:
    """Refuse a decision on an issuer profile that there is no move for (contract, section 1.7); staying is none.

    Raises:
        StateConflict: No such move.
    """
    if after is not before and after not in _ISSUER_MOVES[before]:
        raise StateConflict(f"An issuer profile does not go from {before} to {after}.")
