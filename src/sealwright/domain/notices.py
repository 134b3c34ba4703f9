"""Notices to people: the inbox, and mail on its way out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final


class NoticeKind(StrEnum):
    """What people are told about (ux.md, section 8)."""

    REQUEST_RECEIVED = "request_received"
    REQUEST_REPLIED = "request_replied"
    NEEDS_INFO = "needs_info"
    APPROVED = "approved"
    REJECTED = "rejected"
    REOPENED = "reopened"
    CREDENTIAL_READY = "credential_ready"
    EXPIRING = "expiring"
    SUSPENDED = "suspended"
    REINSTATED = "reinstated"
    REVOKED = "revoked"
    ROLE_DECIDED = "role_decided"
    ISSUER_DECIDED = "issuer_decided"
    SCOPE_CHANGED = "scope_changed"
    ACCESS_REQUESTED = "access_requested"
    QUEUE_REMINDER = "queue_reminder"
    NEW_SIGN_IN = "new_sign_in"
    KEY_EXPIRING = "key_expiring"
    VOTE_OPEN = "vote_open"
    VOTE_CLOSED = "vote_closed"
    STEP_ASSIGNED = "step_assigned"
    STEP_RELEASED = "step_released"
    WEBHOOK_PAUSED = "webhook_paused"
    BATCH_FINISHED = "batch_finished"
    APPROVAL_ASKED = "approval_asked"


class NoticeMode(StrEnum):
    """How a person wants to be told by mail; the inbox always has it."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Notice:
    """One entry of an inbox.

    Args:
        data: Ids and words that the sentence is made of (``request_id``, ``credential_type``, ``reason`` …).
        mail_due_at: When a mail about it may leave; None where the person wants none.
    """

    notice_id: str
    user_id: str
    kind: NoticeKind
    created_at: datetime
    data: Mapping[str, str] = field(default_factory=dict)
    read_at: datetime | None = None
    mail_due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mail:
    """A letter in the outbox.

    Args:
        kind: A notice kind, or ``sign_in``, ``verify_email``, ``invitation``, ``test``, ``digest``,
            ``analytics_report``.
        sent_at: When a server took it over, or when it was written to the local outbox.
        stop_link: The address that stops such letters, while it is sent; not kept, for it follows from person and kind.
    """

    mail_id: str
    user_id: str | None
    to: str
    kind: str
    locale: str
    subject: str
    text: str
    html: str
    created_at: datetime
    sent_at: datetime | None = None
    attempts: int = 0
    stop_link: str | None = None


# What a person must learn whatever they chose: it changes their rights, or somebody came in as them.
ESSENTIAL_KINDS: Final = frozenset(
    {
        NoticeKind.SUSPENDED,
        NoticeKind.REVOKED,
        NoticeKind.ROLE_DECIDED,
        NoticeKind.ISSUER_DECIDED,
        NoticeKind.NEW_SIGN_IN,
    }
)


def default_mode(kind: NoticeKind) -> NoticeMode:
    """How a person who chose nothing is told by mail."""
    return NoticeMode.DAILY if kind is NoticeKind.QUEUE_REMINDER else NoticeMode.AT_ONCE
