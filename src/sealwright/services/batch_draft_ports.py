"""What drafts of batches need from storage, as a protocol."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol

from sealwright.domain.batch_drafts import BatchDraft


class DraftRows(Protocol):
    """Drafts, and the files that their rows are read from. The batch's row is locked by whoever changes a draft."""

    def get(self, batch_id: str) -> BatchDraft | None: ...
    def put(self, draft: BatchDraft) -> None:
        """Add it, or replace it."""

    def waiting(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Batches whose file waits for a reader, or lost the one it had; oldest first."""

    def add_part(self, batch_id: str, number: int, content: bytes) -> None:
        """Keep one more part of the file; numbers count from 0."""

    def parts(self, batch_id: str, first: int = 0) -> Iterator[bytes]:
        """The parts in order, each read when it is asked for."""

    def clear_file(self, batch_id: str) -> None:
        """Drop every part."""

    def drop(self, batch_id: str) -> None:
        """Drop the draft with its file."""

    def drop_before(self, before: datetime, limit: int) -> int:
        """Drop drafts that nobody touched since, and those whose batch is no draft any more; gives how many."""
