"""Admission: requests for account roles, and issuer profiles (contract, sections 1.7 and 1.14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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
