"""The transparency log as strangers read it: its newest checkpoint, its tiles, its entries, its keys, its proofs.

Nothing here is secret: entries name batches and credentials by their ids, and roots.

Spec: C2SP tlog-tiles; RFC 6962, section 2.1.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sealwright.domain.errors import NotFound, StoreUnavailable
from sealwright.protocols.transparency.merkle import HASH_BYTES
from sealwright.protocols.transparency.tiles import TILE_WIDTH, BrokenLog, Tree, tile_width
from sealwright.services.log_notes import LogNotes
from sealwright.services.ports import UnitOfWorkFactory

_LENGTH_BYTES: Final = 2


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """Shows the log of `second` entries to be the log of `first` with others added."""

    first: int
    second: int
    path: tuple[bytes, ...]


class LogReader:
    """Reads the log. Everybody may."""

    def __init__(self, *, units: UnitOfWorkFactory, notes: LogNotes) -> None:
        self._units = units
        self._notes = notes

    def checkpoint(self) -> bytes:
        """The newest signed checkpoint.

        Raises:
            NotFound: There is no log yet.
            Sealed: Its key changed since the last entry, and does not sign now.
        """
        with self._units(write=False) as uow:
            checkpoint = self._notes.checkpoint(uow)
        if checkpoint is None:
            raise NotFound("There is no log yet.")
        return checkpoint.note

    def verifier_keys(self) -> tuple[str, ...]:
        """The keys that checkpoints are checked with, the present one first."""
        with self._units(write=False) as uow:
            return self._notes.verifier_keys(uow)

    def tile(self, level: int, number: int, width: int = TILE_WIDTH) -> bytes:
        """The first `width` hashes of a tile; raises NotFound where it does not hold so many."""
        with self._units(write=False) as uow:
            size, _ = uow.log.head()
            if tile_width(size, level, number) < width:
                raise NotFound("The log has no such tile.")
            held = uow.log.tile(level, number)
        if held is None or len(held) < width * HASH_BYTES:
            raise StoreUnavailable("The transparency log is damaged.")
        return held[: width * HASH_BYTES]

    def entries(self, number: int, width: int = TILE_WIDTH) -> bytes:
        """The first `width` entries below a tile of level 0, each behind its length in two bytes, big end first.

        Raises:
            NotFound: There are not so many.
        """
        with self._units(write=False) as uow:
            size, _ = uow.log.head()
            if tile_width(size, 0, number) < width:
                raise NotFound("The log has no such entries.")
            found = uow.log.entries(number * TILE_WIDTH, width)
        if len(found) != width:
            raise StoreUnavailable("The transparency log is damaged.")
        return b"".join(len(data).to_bytes(_LENGTH_BYTES, "big") + data for data in found)

    def consistency(self, first: int, second: int) -> ConsistencyProof:
        """Prove that the log only grew from one size to another.

        Raises:
            NotFound: The log never had such a size, or not in this order.
        """
        with self._units(write=False) as uow:
            size, _ = uow.log.head()
            if not 0 <= first <= second <= size:
                raise NotFound("The log never had such a size.")
            try:
                return ConsistencyProof(first, second, Tree(uow.log.tile, second).consistency_path(first))
            except BrokenLog as error:
                raise StoreUnavailable("The transparency log is damaged.") from error
