"""What the audit trail says of webhook endpoints: states and digests, never an address or a secret."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sealwright.domain.audit import AuditEntry
from sealwright.domain.people import Actor
from sealwright.domain.webhooks import Webhook


def webhook_event(
    action: str,
    actor: Actor,
    before: Webhook | None,
    after: Webhook,
    at: datetime,
    *,
    request_id: str | None = None,
    **more: object,
) -> AuditEntry:
    """Word the audit row of what befell an endpoint."""
    return AuditEntry(
        actor=actor,
        request_id=request_id,
        action=action,
        object_type="webhook",
        object_id=after.webhook_id,
        at=at,
        before={"status": before.status.value} if before is not None else None,
        after={"status": after.status.value},
        data={
            "events": list(after.events),
            "urlSha256": hashlib.sha256(after.url.encode()).hexdigest(),
            "owner": {"type": after.owner_kind, "id": after.owner_id},
            **more,
        },
    )
