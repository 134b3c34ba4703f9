"""What the audit trail says of batches: who moved them where, with ids, states and counts."""

from __future__ import annotations

from datetime import datetime

from sealwright.domain.audit import AuditEntry
from sealwright.domain.batches import Batch
from sealwright.domain.people import Actor
from sealwright.vc.encoding.strict_json import JSONValue


def batch_event(
    action: str,
    batch: Batch,
    actor: Actor,
    at: datetime,
    *,
    before: Batch | None = None,
    request_id: str | None = None,
    **more: JSONValue,
) -> AuditEntry:
    """The row of one move of a batch.

    Args:
        batch: As it is afterwards.
        before: As it was; None for a new one.
        more: Further members of `data`: ids, states, digests and counts, never texts.
    """
    return AuditEntry(
        actor=actor,
        action=action,
        object_type="batch",
        object_id=batch.batch_id,
        at=at,
        before={"status": before.status.value} if before is not None else None,
        after={"status": batch.status.value},
        data={
            "issuerDid": batch.issuer_did,
            "schemaId": batch.schema_id,
            "credentialType": batch.credential_type,
            "kind": batch.kind.value,
            "total": batch.total,
            **more,
        },
        request_id=request_id,
    )
