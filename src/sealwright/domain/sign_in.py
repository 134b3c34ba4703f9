"""Signing in: sessions, passkeys, one-time links, recovery codes, challenges."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sealwright.domain.people import AccountRole, Person

# promises.md, section 5: idle and absolute life of a session.
STRICT_IDLE: Final = timedelta(minutes=30)
STRICT_LIFE: Final = timedelta(hours=12)
COMMON_IDLE: Final = timedelta(hours=12)
COMMON_LIFE: Final = timedelta(days=7)
FRESH_FOR: Final = timedelta(minutes=10)
# So long the office knows a browser again in which somebody once signed in; of each kind the last session is kept.
BROWSERS_KNOWN: Final = timedelta(days=90)


STRICT_ROLES: Final = frozenset({AccountRole.ADMIN, AccountRole.ISSUER})


def is_strict(person: Person) -> bool:
    """Tell whether a person's sessions are short: those of admins and issuers are."""
    return bool(person.roles & STRICT_ROLES)


class SignInMethod(StrEnum):
    """How somebody proved who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    PASSKEY = "passkey"
    EMAIL_LINK = "email_link"
    RECOVERY_CODE = "recovery_code"
    OIDC = "oidc"
    SETUP = "setup"


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in browser. The cookie's 256-bit value is kept as a digest only.

    Args:
        digest: SHA-256 of the cookie's value.
        label: What the browser calls itself, shortened; for the person's own list.
        authenticated_at: The last full sign-in; keys, roles and mass acts want a fresh one.
        roles: The account roles at sign-in: losing one, or becoming admin or issuer, ends the session.
    """

    session_id: str
    user_id: str
    digest: bytes
    method: SignInMethod
    label: str
    created_at: datetime
    last_seen_at: datetime
    authenticated_at: datetime
    ended_at: datetime | None = None
    roles: frozenset[AccountRole] = frozenset()

    def is_open(self, now: datetime, *, strict: bool) -> bool:
        """Tell whether the session still counts, by its idle and absolute life."""
        idle, life = (STRICT_IDLE, STRICT_LIFE) if strict else (COMMON_IDLE, COMMON_LIFE)
        return self.ended_at is None and now < self.last_seen_at + idle and now < self.created_at + life

    def speaks_for(self, person: Person, now: datetime) -> bool:
        """Tell whether the session still opens this person's account.

        A deactivated account, a role that was lost and a rise to admin or issuer end it: whoever holds an old cookie
        must not rise with its owner, so a change of rank takes a new sign-in and thereby a new id.
        """
        return (
            self.user_id == person.user_id
            and person.active
            and not person.erased
            and self.roles <= person.roles
            and self.roles & STRICT_ROLES == person.roles & STRICT_ROLES
            and self.is_open(now, strict=is_strict(person))
        )

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the last full sign-in is recent enough for keys, roles and mass acts."""
        return now < self.authenticated_at + FRESH_FOR


@dataclass(frozen=True, slots=True)
class Passkey:
    """A WebAuthn credential of a person.

    Args:
        credential_id: As the authenticator names it.
        public_key: COSE key bytes.
        transports: Hints for the browser.
    """

    passkey_id: str
    user_id: str
    credential_id: bytes
    public_key: bytes
    sign_count: int
    name: str
    created_at: datetime
    transports: tuple[str, ...] = ()
    last_used_at: datetime | None = None


class LinkPurpose(StrEnum):
    """What a one-time link is for; a link for one thing opens nothing else."""

    SIGN_IN = "sign_in"
    VERIFY_EMAIL = "verify_email"
    SETUP = "setup"
    INVITATION = "invitation"


@dataclass(frozen=True, slots=True)
class OneTimeLink:
    """A link that works once; its token is kept as a digest only."""

    link_id: str
    digest: bytes
    purpose: LinkPurpose
    user_id: str | None
    email: str | None
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None = None

    def is_open(self, now: datetime) -> bool:
        """Tell whether it still works."""
        return self.used_at is None and now < self.expires_at


class ChallengePurpose(StrEnum):
    """What a challenge asks to prove."""

    PASSKEY_REGISTER = "passkey_register"
    PASSKEY_SIGN_IN = "passkey_sign_in"
    WALLET = "wallet"
    DID = "did"
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class Challenge:
    """A value of ours that somebody has to sign or bring back, once.

    Args:
        digest: SHA-256 of the challenge text or nonce; how it is found again.
        payload: What it was made for: the whole message, or JSON that the adapter needs.
    """

    digest: bytes
    purpose: ChallengePurpose
    user_id: str | None
    payload: bytes
    created_at: datetime
    expires_at: datetime
