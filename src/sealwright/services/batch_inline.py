"""A batch that is carried out within one call: its rows are kept in the first half, issued in the second.

Whoever comes again with the call's key, after a crash between the halves too, goes on from there: rows that are issued
are not issued again, and the answer is made from the batch itself.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Final

from sealwright.domain.batches import Batch, BatchStatus, PausedBy
from sealwright.domain.errors import DomainError, IssuerNotAuthorized, IssuingHalted, StateConflict, StoreUnavailable
from sealwright.domain.people import Caller
from sealwright.services.batch_desk import BatchDesk, BatchWish
from sealwright.services.batch_rows import BatchRow
from sealwright.services.ports import UnitOfWork

# Somebody else may be carrying out the same rows; beyond it the caller comes again with the same key.
WAIT_SECONDS: Final = 20.0
_WAIT_STEP_SECONDS: Final = 0.05


class InlineBatch:
    """One call's rows, as an act in two halves. The second gives the batch when nothing of it is left to do."""

    def __init__(self, desk: BatchDesk, wish: BatchWish, rows: Sequence[BatchRow]) -> None:
        self._desk = desk
        self._wish = wish
        self._rows = rows

    def begin(self, uow: UnitOfWork, caller: Caller) -> Batch:
        """Keep the rows and start the batch; raises as `BatchDesk.begin`."""
        return self._desk.begin(uow, caller, self._wish, self._rows)

    def reference(self, begun: Batch) -> str:
        """The batch's id."""
        return begun.batch_id

    def finish(self, begun: Batch) -> Batch:
        """Issue the rows.

        Raises:
            IssuingHalted, IssuerNotAuthorized, StateConflict: The batch was paused on the way.
            StoreUnavailable: Somebody else is still busy with it.
        """
        return self._carried_out(begun.batch_id)

    def resume(self, caller: Caller, reference: str) -> Batch:  # noqa: ARG002 - the key is the caller's own
        """Issue what is left of the rows; raises as `finish`."""
        return self._carried_out(reference)

    def _carried_out(self, batch_id: str) -> Batch:
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            batch = self._desk.carry_out(batch_id)
            if not batch.is_open:
                return batch
            if batch.status is BatchStatus.PAUSED:
                raise _paused(batch)
            if time.monotonic() >= deadline:
                raise StoreUnavailable(f"{batch_id} is still being carried out.", extra={"batchId": batch_id})
            time.sleep(_WAIT_STEP_SECONDS)


class StartedBatch(InlineBatch):
    """The same for callers that do not wait: the batch is theirs as soon as its rows are kept."""

    def finish(self, begun: Batch) -> Batch:
        """The batch as it was begun."""
        return begun

    def resume(self, caller: Caller, reference: str) -> Batch:  # noqa: ARG002 - the key is the caller's own
        """The batch as it stands."""
        return self._desk.known(reference)


def _paused(batch: Batch) -> DomainError:
    named = {"batchId": batch.batch_id}
    if batch.paused_by is PausedBy.HALT:
        return IssuingHalted("Issuing has been halted by an operator; the batch goes on when it ends.", extra=named)
    if batch.paused_by is PausedBy.AUTHORITY:
        return IssuerNotAuthorized("This caller may not issue such a batch any more.", extra=named)
    return StateConflict("The batch was paused.", extra=named)
