"""The Merkle roots of a batch's chunks, and the root over all of its rows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealwright.domain.batches import Chunk, ChunkState
from sealwright.domain.errors import StoreUnavailable
from sealwright.protocols.transparency.merkle import failed_leaf, merkle_root

# The wire code of rows whose turn never came (`RowCanceled`).
CANCELED_CODE: Final = "BATCH_CANCELED"


def chunk_root(chunk: Chunk) -> bytes:
    """The root over a chunk's rows; of one that nobody took, every row failed alike.

    Raises:
        StoreUnavailable: It is not over.
    """
    if chunk.state is ChunkState.CANCELED:
        return merkle_root([failed_leaf(CANCELED_CODE)] * chunk.row_count)
    if chunk.root is None:
        raise StoreUnavailable("A part of the batch has no root.")
    return chunk.root


def batch_root(chunks: Iterable[Chunk]) -> bytes:
    """The root over all rows: full chunks are complete subtrees of it."""
    return merkle_root([chunk_root(chunk) for chunk in chunks])
