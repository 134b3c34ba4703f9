"""The audit trail: what a row says, how rows are chained, and what a checkpoint promises."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sealwright.domain.people import Actor
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.timestamps import format_timestamp

GENESIS_HASH: Final = "0" * 64

EVENT_KINDS: Final = frozenset(
    {
        "request.created",
        "request.info_requested",
        "request.replied",
        "request.assigned",
        "request.endorsed",
        "request.approved",
        "request.rejected",
        "request.reopened",
        "request.withdrawn",
        "grant.created",
        "grant.suspended",
        "grant.reinstated",
        "grant.reissued",
        "grant.revoked",
        "grant.expired",
        "grant.issuance_failed",
        "credential_type.created",
        "credential_type.updated",
        "credential_type.retired",
        "credential_type.deleted",
        "role.requested",
        "role.approved",
        "role.rejected",
        "role.ended",
        "issuer.requested",
        "issuer.approved",
        "issuer.rejected",
        "issuer.scope_changed",
        "issuer.suspended",
        "issuer.ended",
        "user.erased",
        "auth.signed_in",
        "auth.failed",
        "auth.changed",
        "credential.issued",
        "credential.suspended",
        "credential.reinstated",
        "credential.revoked",
        "credential.expired",
        "batch.created",
        "batch.started",
        "batch.paused",
        "batch.resumed",
        "batch.canceled",
        "batch.completed",
        "batch.anchored",
        "anchor.written",
        "did.created",
        "did.imported",
        "did.updated",
        "did.key_rotated",
        "did.key_compromised",
        "did.deactivated",
        "schema.registered",
        "schema.updated",
        "schema.deactivated",
        "schema.reactivated",
        "user.created",
        "user.updated",
        "user.deactivated",
        "user.activated",
        "token.created",
        "token.revoked",
        "api_key.created",
        "api_key.rotated",
        "api_key.revoked",
        "data.opened",
        "data.exported",
        "report.changed",
        "key.exported",
        "key.rotated",
        "offer.created",
        "offer.sent",
        "offer.opened",
        "offer.accepted",
        "offer.delivered",
        "offer.declined",
        "offer.expired",
        "offer.canceled",
        "offer.locked",
        "offer.notified",
        "didcomm.sent",
        "didcomm.received",
        "share.changed",
        "presentation.created",
        "disclosure.created",
        "disclosure.taken_back",
        "delegation.created",
        "delegation.suspended",
        "delegation.reinstated",
        "delegation.revoked",
        "delegation.expired",
        "delegation.used",
        "delegation.refused",
        "capability_token.created",
        "approval.requested",
        "approval.approved",
        "approval.declined",
        "webhook.created",
        "webhook.updated",
        "webhook.deleted",
        "workflow.proposed",
        "workflow.approved",
        "workflow.rejected",
        "workflow.expired",
        "workflow.started",
        "workflow.completed",
        "workflow.paid_out",
        "workflow.skipped",
        "workflow.failed",
        "workflow.deleted",
        "proposal.created",
        "proposal.voted",
        "proposal.quorum_reached",
        "proposal.closed",
        "proposal.force_approved",
        "step.available",
        "step.claimed",
        "step.claim_overridden",
        "step.started",
        "step.completed",
        "step.released",
        "series.claimed",
        "series.released",
        "series.assignment_refused",
        "absence.changed",
        "payout.owed",
        "payout.requested",
        "payout.exported",
        "payout.settled",
        "payout.failed",
        "payout.voided",
        "system.initialized",
        "system.halted",
        "system.resumed",
        "system.recounted",
        "system.caught_up",
        "audit.checkpointed",
        "security.refused",
    }
)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """What an act wants on record, before it has a position.

    Args:
        action: One of EVENT_KINDS.
        object_type: ``credential``, ``did``, ``schema``, ``api_key`` …
        before: Members before the act, or None; ids, states and digests only.
        data: Ids and digests, never personal data or free text.
    """

    actor: Actor
    action: str
    object_type: str
    object_id: str
    at: datetime
    before: Mapping[str, object] | None = None
    after: Mapping[str, object] | None = None
    data: Mapping[str, object] = field(default_factory=dict)
    request_id: str | None = None

    def __post_init__(self) -> None:
        if self.action not in EVENT_KINDS:
            raise ValueError(f"unknown audit action {self.action!r}")


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """A sealed row: its position, its exact body, and the two hashes that chain it.

    Args:
        body: The RFC 8785 form of the row without ``prevHash`` and ``hash``, as hashed.
    """

    sequence: int
    at: datetime
    action: str
    body: bytes
    prev_hash: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last sealed position; sequence 0 with the genesis hash when there is none."""

    sequence: int
    hash: str
    at: datetime | None


def seal(entry: AuditEntry, head: AuditHead) -> AuditRecord:
    """Chain an entry behind the head.

    A row is never dated before the one it follows; if the clock is behind, the row takes that
    row's date and says so in ``data.clockBehind``.
    """
    behind = head.at is not None and entry.at < head.at
    at = head.at if behind and head.at is not None else entry.at
    data = {**entry.data, "clockBehind": True} if behind else entry.data
    sequence = head.sequence + 1
    body = canonicalize_json(
        {
            "sequence": sequence,
            "at": format_timestamp(at),
            "actor": {"type": entry.actor.kind.value, "id": entry.actor.id, "auth": entry.actor.auth},
            "action": entry.action,
            "object": {"type": entry.object_type, "id": entry.object_id},
            "before": dict(entry.before) if entry.before is not None else None,
            "after": dict(entry.after) if entry.after is not None else None,
            "data": dict(data),
            "requestId": entry.request_id,
        }
    )
    digest = hashlib.sha256(bytes.fromhex(head.hash) + body).hexdigest()
    return AuditRecord(sequence, at, entry.action, body, head.hash, digest)


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which rows a list shows; None means any."""

    actor: str | None = None
    actions: frozenset[str] | None = None
    object_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class StatusListDigest:
    """A status list's version and the digest of its bits, as a checkpoint names them."""

    list_id: str
    version: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A signed note over the trail's head; `note` is the exact text that was signed, with its signature lines."""

    sequence: int
    head_hash: str
    at: datetime
    note: bytes
