"""What one delegation says: the terms of a hop, however they are kept; and what can be wrong with delegations."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sealwright.vc.encoding.strict_json import JSONValue


class DelegationCode(StrEnum):
    """Why a delegation, a hop of a chain, or an act under it is refused."""

    INVALID = "DELEGATION_INVALID"
    SCOPE_WIDENED = "DELEGATION_SCOPE_WIDENED"
    CONSTRAINT_LOOSENED = "DELEGATION_CONSTRAINT_LOOSENED"
    EXPIRY_EXCEEDED = "DELEGATION_EXPIRY_EXCEEDED"
    DEPTH_EXCEEDED = "DELEGATION_DEPTH_EXCEEDED"
    REVOKED = "DELEGATION_REVOKED"
    SUSPENDED = "DELEGATION_SUSPENDED"
    EXPIRED = "DELEGATION_EXPIRED"
    LOOP = "DELEGATION_LOOP"
    ROOT_INVALID = "DELEGATION_ROOT_INVALID"
    ACTION_NOT_COVERED = "DELEGATION_ACTION_NOT_COVERED"
    CONSTRAINT_EXCEEDED = "DELEGATION_CONSTRAINT_EXCEEDED"
    APPROVAL_REQUIRED = "DELEGATION_APPROVAL_REQUIRED"
    PROOF_INVALID = "DELEGATION_PROOF_INVALID"
    NOT_FOUND = "DELEGATION_NOT_FOUND"


@dataclass(frozen=True, slots=True)
class DelegationTerms:
    """The terms of one hop.

    Args:
        max_depth: Further hops allowed below it, 0 to 7.
        expires: Its end; None where a document names none, which no rule accepts.
        parent: The credential id of the delegation that it rests on; None for a root.
        credential_id: Its own; None while it is not issued.
        valid_from: Its beginning, where it names one.
    """

    delegator: str
    delegate: str
    scope: tuple[str, ...]
    constraints: Mapping[str, JSONValue]
    max_depth: int
    expires: datetime | None
    parent: str | None = None
    credential_id: str | None = None
    valid_from: datetime | None = None
