"""A batch as it is watched: how fast it goes, and when it will be done."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.batches import WORKED_ON, Batch
from sealwright.services.ports import UnitOfWork

# Chunks that were finished within it tell the pace.
WINDOW: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch and its pace.

    Args:
        per_second: Rows carried out a second as of now; None while nobody works on it, and before the first.
        eta_seconds: Until the last row, at that pace.
    """

    batch: Batch
    per_second: float | None = None
    eta_seconds: int | None = None


def look_at(uow: UnitOfWork, batch: Batch, now: datetime) -> BatchView:
    """A batch with its pace: of the last seconds, else since it was started."""
    done = batch.issued + batch.failed
    if batch.status not in WORKED_ON or batch.started_at is None or done == 0:
        return BatchView(batch)
    since = max(batch.started_at, now - WINDOW)
    lately = uow.batches.finished_since(batch.batch_id, since)
    if lately == 0:
        # Chunks may take longer than the window: then the whole way tells.
        lately, since = done, batch.started_at
    seconds = max(1.0, (now - since).total_seconds())
    pace = lately / seconds
    return BatchView(batch, round(pace, 1), math.ceil(batch.remaining / pace))
