"""What the desks of requests and grants take and give: values without rules of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sealwright.domain.catalog import CredentialType
from sealwright.domain.deciding import Decision
from sealwright.domain.effects import Effects
from sealwright.domain.grants import Grant
from sealwright.domain.people import Person
from sealwright.domain.requests import CredentialRequest, HistoryEntry
from sealwright.services.offer_values import MadeOffer
from sealwright.vc.encoding.strict_json import JSONValue

__all__ = [
    "AskedItem",
    "Decided",
    "DecidedItem",
    "Decision",
    "Granted",
    "NewGrant",
    "NewRequest",
    "RequestDetail",
    "RequestView",
    "ScopeStats",
    "ScopeView",
    "TypeStats",
]


@dataclass(frozen=True, slots=True)
class NewRequest:
    """A person's wish for a credential type, well-formed and not yet checked against anything.

    Args:
        allow_unlisted: The person knows of the type though it is not shown to everybody.
        claims: What the type's credential schema asks for; None leaves them to the reviewer.
        evidence: Ids of the person's own attachments.
        answers: To the type's questions, by the question's text.
    """

    credential_type: str
    allow_unlisted: bool = False
    claims: Mapping[str, JSONValue] | None = None
    evidence: tuple[str, ...] = ()
    answers: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class RequestView:
    """A request as lists and answers show it.

    Args:
        grant: The grant that its last approval made, whatever became of it; its `credential_id` is the credential's.
        is_yours: The caller asked for it, and may not decide it.
        past_target: It waits longer than its type promises.
        has_duplicate: The same person has asked for the same type before.
        undo_until: Until when `ReviewDesk.undo` takes the last decision back, for its reviewer; None: no more.
    """

    request: CredentialRequest
    requester: Person
    grant: Grant | None = None
    is_yours: bool = False
    past_target: bool = False
    has_duplicate: bool = False
    undo_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """A request with everything that a decision rests on.

    Args:
        type: None where the catalog has it no more.
        grants: The person's grants, past and present; those of types outside the caller's scope without reasons.
        earlier: The person's other requests inside the caller's scope, newest first.
        people: Whom history, assignee and resolver name, by id; ids of keys and operators are not in it.
    """

    view: RequestView
    type: CredentialType | None
    history: tuple[HistoryEntry, ...]
    grants: tuple[Grant, ...]
    earlier: tuple[CredentialRequest, ...]
    people: Mapping[str, Person] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decided:
    """A decision's outcome; in a dry run `view` shows the request as it stands. `offer` comes with its secrets."""

    view: RequestView
    effects: Effects
    dry_run: bool = False
    offer: MadeOffer | None = None


@dataclass(frozen=True, slots=True)
class DecidedItem:
    """What became of one request of a bulk act: `decided`, or `error`."""

    request_id: str
    decided: Decided | None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class AskedItem:
    """What became of one request of a bulk question: `view`, or `error`."""

    request_id: str
    view: RequestView | None
    error: Exception | None = None


@dataclass(frozen=True, slots=True)
class TypeStats:
    """One credential type of a scope: how many wait, since when, and how long decisions took (90 days, median)."""

    credential_type: str
    label: str
    pending: int
    oldest_at: datetime | None
    median_decision_seconds: int | None


@dataclass(frozen=True, slots=True)
class ScopeStats:
    """The figures above a queue; `decided_today` counts the caller's own since midnight UTC."""

    pending: int
    oldest_at: datetime | None
    past_target: int
    needs_info: int
    decided_today: int
    types: tuple[TypeStats, ...]


@dataclass(frozen=True, slots=True)
class ScopeView:
    """What a reviewer may decide on; for admins every type of the catalog."""

    user_id: str
    is_issuer: bool
    is_admin: bool
    allowed_credentials: tuple[str, ...]
    organization: str | None = None
    nickname: str | None = None
    stats: ScopeStats | None = None


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A reviewer's wish to grant a type to a person without a request; members as in `Decision`."""

    user_id: str
    credential_type: str
    expires_at: datetime | None = None
    note: str | None = None
    claims: Mapping[str, JSONValue] | None = None
    dry_run: bool = False
    hold: bool = False


@dataclass(frozen=True, slots=True)
class Granted:
    """A grant after an act on it; in a dry run as it would be, with an id that is not kept."""

    grant: Grant
    effects: Effects
    dry_run: bool = False
