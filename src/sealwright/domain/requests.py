"""Credential requests: what a person asked for, and every decision on it (contract, section 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from sealwright.vc.encoding.strict_json import JSONValue


class RequestState(StrEnum):
    """Where a request stands. `needs_info` is a mark on a pending one, not a state."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class Issuance(StrEnum):
    """What has become of the credential that belongs to a grant."""

    PENDING = "pending"
    ISSUED = "issued"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Evidence:
    """An uploaded file that speaks for a request."""

    attachment_id: str
    name: str


@dataclass(frozen=True, slots=True)
class CredentialRequest:
    """One person's wish for one credential type.

    Args:
        version: Raised by 1 with each move, never otherwise.
        claims: What the type's credential schema asks for, as the requester gave it.
        answers: To the type's questions, by the question's text.
        message: The last message to the requester.
        note: The last internal note; reviewers only.
        endorsed_by: The first of two reviewers, where the type asks for two and one has approved.
        grant_id: The grant that the last approval made.
        requester_key: Folded name that lists are sorted by.
        earlier_rejections: How often this person was rejected for this type before.
    """

    request_id: str
    user_id: str
    credential_type: str
    state: RequestState
    requested_at: datetime
    created_at: datetime
    updated_at: datetime
    version: int = 1
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    needs_info: bool = False
    assignee_user_id: str | None = None
    message: str | None = None
    note: str | None = None
    evidence: tuple[Evidence, ...] = ()
    claims: Mapping[str, JSONValue] | None = None
    answers: Mapping[str, str] = field(default_factory=dict)
    requester_note: str | None = None
    endorsed_by: str | None = None
    grant_id: str | None = None
    earlier_rejections: int = 0


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One thing that befell a request; only ever added.

    Args:
        cause: What happened: ``requested`` ``asked`` ``replied`` ``assigned`` ``endorsed`` ``decided`` ``undone``
            ``withdrawn``; what befell its grant and credential is read from those.
        from_state: None for the first entry.
        checklist: The items that the reviewer ticked.
    """

    request_id: str
    at: datetime
    cause: str
    actor: str
    from_state: RequestState | None
    to_state: RequestState
    note: str | None = None
    message: str | None = None
    checklist: tuple[str, ...] = ()


class RequestSort(StrEnum):
    """How a list of requests is ordered; the default is pending first and oldest first, then newest decided first."""

    DEFAULT = "default"
    REQUESTED_AT = "requested_at"
    REQUESTER_NAME = "requester_name"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests a list shows; None means any.

    Args:
        states: Empty means every state.
        types: The credential types to show, already cut down to what the caller may see; None only for admins.
        search: Folded text: part of name or e-mail, prefix of user id, DID or wallet address.
        needs_info: Only those with, or without, the mark.
        requested_before, requested_after: Bounds of `requested_at`, by which age is filtered.
        late_before: Only those asked for before their type's moment (the target hours); types without one never count.
        resolved_by, resolved_after: Only those that this reviewer decided, and since when.
        user_id: One requester's.
    """

    states: frozenset[RequestState] = frozenset()
    types: frozenset[str] | None = None
    search: str | None = None
    assignee: str | None = None
    unassigned: bool = False
    needs_info: bool | None = None
    requested_before: datetime | None = None
    requested_after: datetime | None = None
    late_before: Mapping[str, datetime] | None = None
    resolved_by: str | None = None
    resolved_after: datetime | None = None
    user_id: str | None = None
    sort: RequestSort = RequestSort.DEFAULT
    descending: bool = False
