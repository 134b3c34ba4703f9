"""Calls for more processes while a batch has more chunks than one process should carry out alone."""

from __future__ import annotations

import threading
import time
from typing import Final, Protocol

from sealwright.domain.batches import CHUNK_ROWS
from sealwright.services.ports import Clock, UnitOfWorkFactory

# Starting a process takes about as long as so many chunks.
WORTH_CHUNKS: Final = 8
_LOOK_EVERY_SECONDS: Final = 2.0
_LOOKED_AT: Final = 16


class Children(Protocol):
    """Processes that help with batches."""

    def ensure(self, wanted: int) -> int:
        """Have so many, as far as that is allowed; gives how many live."""

    def stop(self) -> None:
        """End them all."""


class BatchHelping:
    """Looks after chunks now and then, how many are left; every process with a runner does so for its own machine."""

    def __init__(self, *, units: UnitOfWorkFactory, clock: Clock, children: Children) -> None:
        self._units = units
        self._clock = clock
        self._children = children
        self._looked_at = float("-inf")
        self._is_open = False
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin; helpers themselves never do."""
        self._is_open = True

    def stop(self) -> None:
        """End whoever came to help."""
        self._is_open = False
        self._children.stop()

    def consider(self) -> None:
        """Call for help if it is worth it; called after each chunk."""
        with self._lock:
            now = time.monotonic()
            if not self._is_open or now - self._looked_at < _LOOK_EVERY_SECONDS:
                return
            self._looked_at = now
        chunks = self.open_chunks()
        if chunks > WORTH_CHUNKS:
            self._children.ensure(chunks // WORTH_CHUNKS)

    def open_chunks(self) -> int:
        """About how many chunks are left of the batches that are worked on."""
        with self._units(write=False) as uow:
            ids = uow.batches.to_work_on(self._clock.now(), _LOOKED_AT)
            found = [uow.batches.get(batch_id) for batch_id in ids]
        return sum(-(-batch.remaining // CHUNK_ROWS) for batch in found if batch is not None)
