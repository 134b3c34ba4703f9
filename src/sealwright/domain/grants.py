"""Grants: our record that a person holds a credential type (contract, section 1.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from sealwright.domain.requests import Issuance
from sealwright.vc.encoding.strict_json import JSONValue

# When a grant is signed that cannot be.
NEVER: Final = datetime(9999, 12, 31, tzinfo=UTC)


class GrantStatus(StrEnum):
    """A grant's state. ``expired`` follows from the clock at once and is recorded by it soon after."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Grant:
    """One person's holding of one credential type; append-only, a re-grant is a new one.

    Args:
        issued_by: The user id (or the API key or operator) that made it.
        request_id: The request whose approval made it; None for a direct grant.
        supersedes: The earlier grant of the type that this one follows.
        issuance_error: A wire code, when `issuance` is ``failed``.
        credential_id: Its primary credential, once signed.
        holder_did: Whom that credential names; fixed when it is signed.
        claims: What the credential is to say; dropped when the person is erased.
        sign_after: Signing waits for this moment (the pages' undo window, a pause after a try); None: at once.
        version: Raised by each move.
    """

    grant_id: str
    user_id: str
    credential_type: str
    issued_by: str
    issued_at: datetime
    status: GrantStatus = GrantStatus.ACTIVE
    issuance: Issuance = Issuance.PENDING
    issuance_error: str | None = None
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    revoked_by: str | None = None
    reason: str | None = None
    request_id: str | None = None
    supersedes: str | None = None
    credential_id: str | None = None
    issuer_did: str | None = None
    holder_did: str | None = None
    note: str | None = None
    claims: Mapping[str, JSONValue] | None = None
    sign_after: datetime | None = None
    version: int = 1

    @property
    def is_given_up(self) -> bool:
        """Tell whether nobody tries to sign it any more, unless a reviewer asks."""
        return self.sign_after == NEVER

    def status_at(self, now: datetime) -> GrantStatus:
        """The state as of a moment: an end that has passed counts, recorded or not."""
        in_force = self.status in (GrantStatus.ACTIVE, GrantStatus.SUSPENDED)
        if in_force and self.expires_at is not None and self.expires_at <= now:
            return GrantStatus.EXPIRED
        return self.status

    def is_in_force(self, now: datetime) -> bool:
        """Tell whether it stands in the way of another grant of its type: active or suspended."""
        return self.status_at(now) in (GrantStatus.ACTIVE, GrantStatus.SUSPENDED)

    def satisfies(self, now: datetime) -> bool:
        """Tell whether it opens workflow roles: only an active one does."""
        return self.status_at(now) is GrantStatus.ACTIVE
