"""How the chunks of batches are carried out: three steps, whatever is done with the rows.

`reserve` writes down in one short transaction what is going to be done, `work` does what takes long outside of any,
`store` brings it about in the transaction that marks the chunk as done. Whoever dies between them leaves nothing
behind but a lease, and the next taker does it over.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sealwright.domain.batches import Batch, Chunk, ChunkRows
from sealwright.domain.people import Caller
from sealwright.services.batch_ports import ChunkOutcome
from sealwright.services.ports import UnitOfWork
from sealwright.services.registry import RegistryView


class FenceLost(Exception):
    """Somebody else has taken the chunk since; what was worked out is dropped."""


class ChunkStale(Exception):
    """What a chunk was worked out from has changed before it could be stored; it is worked out again."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a batch stands on as of one registry epoch.

    Args:
        caller: Whoever started it, as they are now.
        standing: What the carrier of its kind found, for the carrier's own use.
    """

    caller: Caller
    epoch: int
    standing: Any


@dataclass(frozen=True, slots=True)
class HeldChunk:
    """A chunk in the hands of this worker.

    Args:
        batch: As it was when the chunk was taken; `at` is set.
        secret: 32 bytes of this batch alone.
    """

    batch: Batch
    chunk: Chunk
    rows: ChunkRows
    secret: bytes
    ground: Ground


class ChunkCarrier(Protocol):
    """Carries out the chunks of one kind of batch."""

    def stand(self, batch: Batch, caller: Caller, view: RegistryView) -> Any:
        """Refuse what holds the whole batch up now; gives what the other steps need of the registry.

        Raises:
            IssuingHalted: The batch is paused until no halt covers it.
            OfficeClosed: It waits.
            DomainError: Whatever else: it is paused until somebody resumes it.
        """

    def reserve(self, uow: UnitOfWork, held: HeldChunk, now: datetime) -> HeldChunk:
        """Write down what is going to be done, the chunk's row and the registry locked; gives it with that."""

    def work(self, held: HeldChunk, beat: Callable[[], None]) -> Any:
        """Do what takes long, outside of any transaction.

        Args:
            beat: To be called now and then; renews the lease when it is time, raises FenceLost.
        """

    def store(self, uow: UnitOfWork, held: HeldChunk, worked: Any, view: RegistryView | None) -> ChunkOutcome:
        """Bring it about with its audit rows; the registry and the chunk's row are locked, the fence is ours.

        Args:
            view: Reads through this unit of work where the registry has changed since `stand`; else None.

        Raises:
            ChunkStale: It has to be worked out again.
            DomainError: As `stand`.
        """
