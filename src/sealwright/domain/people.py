"""People, their account roles, and who is acting in a call."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType

from sealwright.domain.errors import AccountInactive, RoleRequired

UserId = NewType("UserId", str)


class AccountRole(StrEnum):
    """What an account may do in the office."""

    ADMIN = "admin"
    ISSUER = "issuer"
    IMPROVER = "improver"
    PROPOSER = "proposer"
    VOTER = "voter"


class Theme(StrEnum):
    """The colors a person chose; without a choice the system decides."""

    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class EmailAddress:
    """A further e-mail address of a person, beside the one they sign in with."""

    email: str
    verified: bool


@dataclass(frozen=True, slots=True)
class Wallet:
    """A wallet address, in its mixed-case checksum form; `verified` once a signature proved it."""

    address: str
    verified: bool
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. `roles` are the approved ones; `version` grows with each change.

    Args:
        email: The address to sign in with; unique in the office, whatever its case.
        scopes: The issuer scope in force: empty without the issuer role; admins need none.
        wallets: Verified addresses belong to one person each.
        dids: DIDs that the person proved to control, canonical; custodial ones too. One person each.
        holder_did: Which of `dids` new credentials name; None: a custodial one is made at need.
        time_zone: An IANA name for the pages; None shows UTC.
        shortcuts: False where the person switched single-key shortcuts off.
        erased: Personal data are gone; the row stays for what it once did.
    """

    user_id: UserId
    email: str
    verified: bool
    display_name: str
    roles: frozenset[AccountRole]
    created_at: datetime
    active: bool = True
    scopes: tuple[str, ...] = ()
    wallets: tuple[Wallet, ...] = ()
    holder_did: str | None = None
    version: int = 1
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    theme: Theme | None = None
    time_zone: str | None = None
    shortcuts: bool = True
    other_emails: tuple[EmailAddress, ...] = ()
    dids: tuple[str, ...] = ()
    erased: bool = False

    @property
    def is_improver(self) -> bool:
        """Tell whether this is an approved improver with an open account."""
        return self.active and AccountRole.IMPROVER in self.roles

    @property
    def may_work(self) -> bool:
        """Tell whether they may hold workflow steps: approved improvers, and admins, who may claim as well."""
        return self.active and not self.roles.isdisjoint({AccountRole.IMPROVER, AccountRole.ADMIN})


class ActorKind(StrEnum):
    """Who an audit row names."""

    USER = "user"
    API_KEY = "api_key"
    AGENT = "agent"
    OPERATOR = "operator"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts and how that was established; taken from the session, key or terminal, never from a body.

    Args:
        kind: The kind of actor.
        id: Their id: a user id, an API key id, an agent's DID, the operator's login, or a part of the system.
        auth: How they were recognized: ``token``, ``api_key``, ``session``, ``terminal``, ``clock``, ``link``.
    """

    kind: ActorKind
    id: str
    auth: str


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller with everything that authorization reads, as of one registry epoch.

    Args:
        actor: For the audit trail.
        epoch: The registry epoch at which this was true; acts check it again at the moment of effect.
        credential_digest: SHA-256 of the bearer secret, to look the caller up again; None for the operator.
        person: The person behind a personal token; None for API keys and the operator.
        issuer_dids: DIDs an API key is bound to (canonical ids).
        schemas: Schema ids an API key is bound to; None means all that are open to its DIDs.
        issue_per_minute: An API key's own issuing limit; None means the setting.
        request_id: Of the call that they came with, for the audit trail.
        session_id: The session of a person who came with a cookie; `credential_digest` is then its digest.
        signed_in_at: When that session last saw a full sign-in (keys, roles and mass acts ask for a fresh one).
        api_key_id: The API key that was shown, whoever it stands for: a program of an issuer, or an agent.
        acting: The DID that an agent acts for under a delegation, in one act; set by the desk that judged its chain,
            and only along with a guard that judges it again at the moment of effect.
    """

    actor: Actor
    epoch: int
    credential_digest: bytes | None = field(default=None, repr=False)
    person: Person | None = None
    issuer_dids: frozenset[str] = frozenset()
    schemas: frozenset[str] | None = None
    issue_per_minute: int | None = None
    request_id: str | None = None
    session_id: str | None = None
    signed_in_at: datetime | None = None
    api_key_id: str | None = None
    acting: str | None = None

    @property
    def is_key(self) -> bool:
        """Tell whether an API key was shown, be it an issuer's or an agent's."""
        return self.actor.kind in (ActorKind.API_KEY, ActorKind.AGENT)

    @property
    def user_id(self) -> str:
        """Who acts, as records name them: the person's id, else the actor's."""
        return self.person.user_id if self.person is not None else self.actor.id

    def has_role(self, role: AccountRole) -> bool:
        """Tell whether an account-role check passes; an admin passes every one but the voter's."""
        if self.is_admin and role is not AccountRole.VOTER:
            return True
        return self.person is not None and self.person.active and role in self.person.roles

    def covers(self, credential_type: str) -> bool:
        """Tell whether the caller may review this credential type now: an admin, or an issuer within their scope."""
        if self.is_admin:
            return True
        person = self.person
        return (
            person is not None
            and person.active
            and AccountRole.ISSUER in person.roles
            and credential_type in person.scopes
        )

    @property
    def is_admin(self) -> bool:
        """Tell whether every account-role check passes."""
        if self.actor.kind is ActorKind.OPERATOR:
            return True
        return self.person is not None and self.person.active and AccountRole.ADMIN in self.person.roles

    @property
    def bucket(self) -> str:
        """Name the caller for rate limits and idempotency scopes."""
        return f"{self.actor.kind}:{self.actor.id}"

    def require_person(self) -> Person | None:
        """Refuse callers that are neither an active person nor the operator.

        Raises:
            RoleRequired: An API key called a route for people.
            AccountInactive: The person is deactivated.
        """
        if self.actor.kind is ActorKind.OPERATOR:
            return None
        if self.person is None:
            raise RoleRequired("This act is for a signed-in person, not for an API key.")
        if not self.person.active:
            raise AccountInactive("This account is deactivated.")
        return self.person

    def require_admin(self) -> None:
        """Refuse everybody but an admin or the operator.

        Raises:
            RoleRequired: The caller is no admin.
        """
        if not self.is_admin:
            raise RoleRequired("This act needs the admin role.")


OPERATOR_AUTH = "terminal"


def operator(login: str, *, epoch: int = 0) -> Caller:
    """Make the caller that stands for whoever sits at the server's terminal."""
    return Caller(Actor(ActorKind.OPERATOR, login, OPERATOR_AUTH), epoch)


def system_actor(part: str) -> Actor:
    """Make the actor for what the clock or a sweep does by itself."""
    return Actor(ActorKind.SYSTEM, part, "clock")
