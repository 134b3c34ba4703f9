"""Telling whoever started a batch that it is over, in the act that ends it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from sealwright.domain.batches import Batch, BatchStatus
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import ActorKind
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import UnitOfWork

# Whoever started it has seen the end of what took less.
WORTH_TELLING: Final = timedelta(seconds=10)


def tell_finished(notices: NoticeDesk, uow: UnitOfWork, batch: Batch) -> None:
    """Tell a person that all rows of their batch were carried out; nobody of a batch that was canceled."""
    if batch.starter.kind is not ActorKind.USER or batch.status is BatchStatus.CANCELED:
        return
    if batch.started_at is None or batch.finished_at is None or batch.finished_at - batch.started_at < WORTH_TELLING:
        return
    data = {
        "batch_id": batch.batch_id,
        "kind": batch.kind.value,
        "issued": str(batch.issued),
        "failed": str(batch.failed),
        **({"name": batch.name} if batch.name is not None else {}),
    }
    notices.tell(uow, NoticeKind.BATCH_FINISHED, [batch.starter.id], data)
