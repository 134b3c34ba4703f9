"""API keys and personal tokens: bearer secrets that are shown once and kept as digests."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sealwright.domain.people import UserId


class BearerKind(StrEnum):
    """The prefix of a bearer secret; leak scanners look for it."""

    PERSONAL_TOKEN = "swp"  # noqa: S105 - a public prefix, not a secret
    API_KEY = "swk"


@dataclass(frozen=True, slots=True, repr=False)
class BearerSecret:
    """A secret in clear, on its way to whoever asked for it. Its repr shows nothing."""

    text: str

    def __repr__(self) -> str:
        return "BearerSecret(…)"

    @property
    def digest(self) -> bytes:
        """The 32 bytes that are kept."""
        return digest_of(self.text)

    @property
    def prefix(self) -> str:
        """The first characters, enough to recognize a key in a list."""
        return self.text[:12]


def new_bearer(kind: BearerKind) -> BearerSecret:
    """Make a secret of 256 random bits with its kind's prefix."""
    return BearerSecret(f"{kind.value}_{secrets.token_urlsafe(32)}")


def digest_of(text: str) -> bytes:
    """SHA-256 of a bearer secret: enough, because the secret itself has 256 random bits."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key of an issuer's program: bound to issuer DIDs, and perhaps to schemas."""

    api_key_id: str
    name: str
    prefix: str
    digest: bytes
    owner_user_id: UserId | None
    issuer_dids: tuple[str, ...]
    schemas: tuple[str, ...] | None
    issue_per_minute: int | None
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None

    def status_at(self, now: datetime) -> str:
        """Name the state: ``active``, ``expired`` or ``revoked``."""
        if self.revoked_at is not None and self.revoked_at <= now:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= now else "active"


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """A token that acts as its person everywhere."""

    token_id: str
    user_id: UserId
    name: str
    digest: bytes
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def is_active(self, now: datetime) -> bool:
        """Tell whether the token still opens anything."""
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > now)
