"""What batches, anchors and background work need from storage, as protocols.

Lock order: a batch's row, then its chunk's, come before everything that issuing locks; the transparency log's head
comes right before the audit head.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from sealwright.domain.anchors import Anchor
from sealwright.domain.batches import Batch, BatchFilter, Chunk, ChunkRows, IndexRun, RowFault
from sealwright.domain.credentials import CredentialRecord, CredentialStatus, ReasonCode

if TYPE_CHECKING:
    from sealwright.services.ports import Page, UnitOfWork


@dataclass(frozen=True, slots=True)
class MassFilter:
    """Which of an issuer's credentials a mass act is about; None means any.

    Args:
        issued_from, issued_to: A closed interval.
        proof_type, revocable, suspendable: Only of this form.
        open_at: Leaves out what has expired by then.
        status: Only in this state (never ``expired``).
        with_copies: Further forms of credentials too.
    """

    issuer_did: str
    schema_id: str | None = None
    batch_id: str | None = None
    verification_method: str | None = None
    issued_from: datetime | None = None
    issued_to: datetime | None = None
    proof_type: str | None = None
    revocable: bool | None = None
    suspendable: bool | None = None
    open_at: datetime | None = None
    status: CredentialStatus | None = None
    with_copies: bool = True


@dataclass(frozen=True, slots=True)
class MassGroup:
    """How many credentials of one kind and state a filter finds.

    Args:
        status: As it is recorded; ``expired`` where its end has passed.
        is_copy: Further forms of other credentials.
    """

    schema_id: str | None
    proof_type: str
    revocable: bool
    suspendable: bool
    status: CredentialStatus
    is_copy: bool
    with_grant: bool
    count: int


@dataclass(frozen=True, slots=True)
class ChunkOutcome:
    """What became of the rows of a chunk, to be stored by the last taker.

    Args:
        faults: Every row that failed.
        failed_rows: Those rows as they came, one a line, for a retry.
        root: Merkle root over the rows; empty for revocations.
    """

    issued: int
    failed: int
    faults: tuple[RowFault, ...]
    failed_rows: bytes
    root: bytes
    at: datetime


class MassCredentials(Protocol):
    """What is asked of stored credentials by the hundred."""

    def get_many(self, uids: Sequence[UUID]) -> Mapping[UUID, CredentialRecord]: ...
    def lock_many(self, uids: Collection[UUID]) -> tuple[CredentialRecord, ...]:
        """Those that are there, their rows locked, in order of id."""

    def lock_copies(self, sources: Collection[UUID]) -> tuple[CredentialRecord, ...]:
        """Every further form of these credentials, their rows locked, in order of id."""

    def revoke_many(self, uids: Collection[UUID], *, at: datetime, reason_code: ReasonCode, reason: str) -> None:
        """Record that credentials were revoked, all for one reason."""

    def set_transaction_hash(self, uid: UUID, transaction_hash: str) -> None:
        """Of a credential issued alone, once a chain has confirmed its root."""


class Batches(Protocol):
    """Batches, their chunks, and the rows of those."""

    def add(self, batch: Batch) -> None: ...
    def get(self, batch_id: str) -> Batch | None:
        """With `issued`, `failed` and `delivered` as the chunks stand."""

    def get_for_update(self, batch_id: str) -> Batch | None:
        """The same, with the batch's row locked until the unit of work ends."""

    def update(self, batch: Batch) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def list(self, wanted: BatchFilter, *, limit: int, cursor: str | None) -> Page[Batch]:
        """Newest first; raises InvalidPagination."""

    def counts(self, wanted: BatchFilter) -> Mapping[str, int]:
        """How many batches stand in each state, of those that the filter shows whatever their state."""

    def to_work_on(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Open batches, and canceled ones without an end, with a chunk nobody holds or none open; oldest first."""

    def in_state(self, states: Collection[str], limit: int) -> tuple[str, ...]:
        """Ids of batches in these states, oldest first."""

    def clear_rows(self, batch_id: str) -> None:
        """Drop every chunk of a draft with its rows."""

    def add_chunk(self, chunk: Chunk, rows: ChunkRows) -> None: ...
    def replace_chunk(self, chunk: Chunk, rows: ChunkRows) -> None:
        """Change rows and faults of a chunk that nobody has taken."""

    def chunk(self, batch_id: str, number: int) -> Chunk | None: ...
    def chunks(self, batch_id: str) -> tuple[Chunk, ...]:
        """All in order."""

    def finished_since(self, batch_id: str, since: datetime) -> int:
        """How many rows of chunks that were carried out after that moment."""

    def outline(self, batch_id: str) -> tuple[Chunk, ...]:
        """All in order, without their faults."""

    def rows(self, batch_id: str, number: int) -> ChunkRows | None:
        """As they are kept; None where nothing is kept any more."""

    def holders(self, batch_id: str) -> Iterator[tuple[int, bytes]]:
        """The holders' marks of each chunk: (its number, 8 bytes a row)."""

    def take(self, batch_id: str, now: datetime, lease_until: datetime) -> Chunk | None:
        """The next chunk that is ready, or whose lease is over, with its fence raised; passes those others lock."""

    def reserve(self, chunk: Chunk, run: Sequence[IndexRun], method_id: str | None) -> bool:
        """Write down a taken chunk's indexes and key; False if its fence is not the last any more."""

    def renew(self, chunk: Chunk, lease_until: datetime) -> bool:
        """False if its fence is not the last any more."""

    def finish(self, chunk: Chunk, outcome: ChunkOutcome) -> bool:
        """Record a taken chunk as done, its row locked; False, and nothing written, if its fence is not the last."""

    def give_back(self, chunk: Chunk) -> None:
        """Make a taken chunk ready again, if its fence is still the last."""

    def cancel_ready(self, batch_id: str, at: datetime) -> int:
        """Mark every chunk that nobody holds as canceled, all of its rows failed; gives how many rows.

        Why they failed is said by the chunk's state, not row by row.
        """

    def to_deliver(self, since: datetime, limit: int) -> tuple[str, ...]:
        """Batches made after that moment some of whose credentials were not offered yet as asked; oldest first."""

    def mark_delivered(self, batch_id: str, number: int, count: int) -> None:
        """Say that the delivery of so many rows of a chunk was begun by now: not how many more."""

    def with_holder(self, holder_dids: Collection[str]) -> tuple[tuple[str, int], ...]:
        """(batch, chunk) of kept rows that name one of these holders; for erasure."""

    def set_rows(self, batch_id: str, number: int, content: bytes) -> None:
        """Change kept rows of whatever state; for erasure."""

    def drop_kept(self, before: datetime, limit: int) -> int:
        """Drop failed rows of batches that ended before that moment, and drafts made before it."""

    def add_credentials(self, records: Sequence[CredentialRecord]) -> None:
        """Store the credentials of one chunk by the fastest way; all have the same types."""

    def count_credentials(self, batch_id: str) -> int:
        """How many credentials are stored as this batch's."""

    def matching(self, wanted: MassFilter, after: UUID | None, limit: int) -> tuple[UUID, ...]:
        """Credentials that are not revoked, in order of id, from behind `after`."""

    def count_matching(self, wanted: MassFilter) -> int: ...
    def groups_of(self, wanted: MassFilter, now: datetime) -> tuple[MassGroup, ...]:
        """The same, counted by kind and state."""


class Anchors(Protocol):
    """Roots that were written to the log, and perhaps to a chain."""

    def add(self, anchor: Anchor) -> None: ...
    def update(self, anchor: Anchor) -> None:
        """By its id."""

    def get(self, anchor_id: str) -> Anchor | None: ...
    def by_hash(self, transaction_hash: str) -> Anchor | None: ...
    def by_subject(self, subject: str) -> Anchor | None:
        """Of a batch's id, or of a single credential's."""

    def waiting(self, limit: int) -> tuple[Anchor, ...]:
        """Those whose chain has not confirmed yet, oldest first."""

    def last_nonce(self, chain_id: int, sender: str) -> int | None:
        """The highest nonce of an account that a transaction was signed with; None before the first."""


class LogRows(Protocol):
    """The transparency log: entries that are only ever added, and tiles of the hashes over them (C2SP tlog-tiles)."""

    def head(self, *, lock: bool = False) -> tuple[int, bytes]:
        """Size and root of the tree; under its lock nobody else appends before this unit of work ends."""

    def tile(self, level: int, number: int) -> bytes | None:
        """The hashes that a tile holds so far, 32 bytes each, at most 256."""

    def entry(self, index: int) -> bytes | None: ...
    def entries(self, first: int, count: int) -> tuple[bytes, ...]: ...
    def append(self, entries: Sequence[bytes], tiles: Iterable[tuple[int, int, bytes]], root: bytes) -> None:
        """Add entries behind the head, and write the tiles that changed: (level, number, hashes)."""

    def add_checkpoint(self, size: int, note: bytes, at: datetime) -> None: ...
    def checkpoint(self) -> bytes | None:
        """The newest signed note."""


class CredentialAnchoring(Protocol):
    """Anchors credentials that are issued alone, in the transaction that stores them."""

    @property
    def is_on(self) -> bool:
        """Tell whether roots are anchored at all."""

    def credential_hash(self, record: CredentialRecord) -> str | None:
        """The transaction hash that a credential is going to have; None where only a chain will tell."""

    def anchor_credentials(self, uow: UnitOfWork, records: Sequence[CredentialRecord]) -> None:
        """Write an entry for each into the log, behind whatever else this transaction locks."""


class JobRows(Protocol):
    """Wakes background work in the transaction that causes it."""

    def wake(self, task: str, *, at: datetime | None = None, lane: str = "") -> None:
        """Have a task run once this unit of work has committed, not before `at`; twice the same is once.

        What is to be done stands in the work's own rows; waking only saves the wait for the next turn of the clock.

        Args:
            task: A name that `services.tasks.Tasks` knows.
            lane: Several lanes of one task may run at the same time.
        """
