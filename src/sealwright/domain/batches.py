"""Batches: many credentials issued, or ended, by one act; cut into chunks that workers carry out one by one.

A row is never a record of its own. A chunk keeps its rows as lines of JSON until it is done, and afterwards only the
rows that failed; which row became which credential follows from the batch's secret.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from sealwright.domain.credentials import ReasonCode
from sealwright.domain.delivering import OfferWish
from sealwright.domain.errors import StateConflict
from sealwright.domain.people import ActorKind

# A full chunk is a complete subtree of the Merkle tree over its batch (RFC 6962).
CHUNK_ROWS: Final = 1_024
# Whoever takes a chunk has it for so long, and renews it while they work; a dead worker's chunk is free afterwards.
CHUNK_LEASE: Final = timedelta(seconds=15)
# Rows that failed are kept so long for a retry, and drafts that nobody starts.
FAILED_ROWS_KEPT: Final = timedelta(days=30)
DRAFTS_KEPT: Final = timedelta(days=30)


class BatchKind(StrEnum):
    """What happens to the rows."""

    ISSUE = "issue"
    REVOKE = "revoke"


class BatchStatus(StrEnum):
    """Where a batch stands (contract, section 1.12)."""

    DRAFT = "draft"
    ACCEPTED = "accepted"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    ANCHORED = "anchored"
    CANCELED = "canceled"


class PausedBy(StrEnum):
    """Why a batch rests: somebody wished it, an operator stopped issuing, or its starter may not issue any more."""

    CALLER = "caller"
    HALT = "halt"
    AUTHORITY = "authority"


class ChunkState(StrEnum):
    """Waiting for a worker, in the hands of one, carried out, or never to be."""

    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    CANCELED = "canceled"


class OnDuplicate(StrEnum):
    """What becomes of a row whose holder an earlier row names: it fails, or it is left out when rows are read."""

    FAIL = "fail"
    SKIP = "skip"


_MOVES: Final[Mapping[BatchStatus, frozenset[BatchStatus]]] = {
    BatchStatus.DRAFT: frozenset({BatchStatus.ACCEPTED, BatchStatus.CANCELED}),
    BatchStatus.ACCEPTED: frozenset({BatchStatus.RUNNING, BatchStatus.PAUSED, BatchStatus.CANCELED}),
    BatchStatus.RUNNING: frozenset({BatchStatus.PAUSED, BatchStatus.CANCELED, BatchStatus.DONE}),
    BatchStatus.PAUSED: frozenset({BatchStatus.RUNNING, BatchStatus.CANCELED}),
    BatchStatus.DONE: frozenset({BatchStatus.ANCHORED}),
    BatchStatus.ANCHORED: frozenset(),
    BatchStatus.CANCELED: frozenset(),
}
# While it stands so, workers look for its chunks.
WORKED_ON: Final = frozenset({BatchStatus.ACCEPTED, BatchStatus.RUNNING})
OPEN: Final = frozenset({BatchStatus.DRAFT, BatchStatus.ACCEPTED, BatchStatus.RUNNING, BatchStatus.PAUSED})


@dataclass(frozen=True, slots=True)
class Starter:
    """Who started a batch: asked again whether they may, before each chunk.

    Args:
        id: A person's id, an API key's id, or the operator's login.
    """

    kind: ActorKind
    id: str
    auth: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Which credentials of its issuer a mass act takes in; None means any.

    Kept with the batch, so that taking them in goes on after a crash where it stopped.

    Args:
        issued_from, issued_to: A closed interval.
        proof_type, revocable, suspendable: The one form of credentials that a re-issue can make.
        ending_batch: Of a re-issue: the batch that ends the credentials which it replaces, once this one is over.
        keeps_expiration: Of a re-issue: each successor ends when the credential ends that it replaces.
    """

    schema_id: str | None = None
    batch_id: str | None = None
    verification_method: str | None = None
    issued_from: datetime | None = None
    issued_to: datetime | None = None
    proof_type: str | None = None
    revocable: bool | None = None
    suspendable: bool | None = None
    ending_batch: str | None = None
    keeps_expiration: bool = True


@dataclass(frozen=True, slots=True)
class BatchOptions:
    """What holds for every row; stored as JSON.

    Args:
        expiration: For rows that name none.
        delivery: How each credential is to reach its holder; None: not at all.
        mapping: Column of a table to JSON pointer (``/holderDid``, ``/claims/degree/type``), where names do not say it.
        reason: Of a revocation; for the office only.
        source: Of what the rows were read: a file's name, as it was given.
        encoding: How the file was written (``utf-8``, ``utf-8-sig``, ``utf-16``, ``windows-1252``); None without one.
        origin: ``retry:bat_…`` for the failed rows of another batch, ``reissue`` for credentials issued anew,
            ``replaced:bat_…`` for ending those that another batch has issued anew, or None.
        selection: Of a mass act: which credentials it takes in.
        retried_by: The batch in which its failed rows were tried again; where that issued none of them, they may be
            tried once more, and that batch names the next.
    """

    proof_type: str = "Ed25519Signature2020"
    revocable: bool = True
    suspendable: bool = False
    expiration: datetime | None = None
    delivery: OfferWish | None = None
    on_duplicate: OnDuplicate = OnDuplicate.FAIL
    allow_duplicates: bool = False
    mapping: Mapping[str, str] = field(default_factory=dict)
    reason: str | None = None
    reason_code: ReasonCode = ReasonCode.UNSPECIFIED
    source: str | None = None
    encoding: str | None = None
    origin: str | None = None
    selection: Selection | None = None
    retried_by: str | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch. `issued` and `failed` are sums over its chunks, made when it is read.

    Args:
        schema_id: None for revocations that are not bound to one.
        credential_type: The catalog's type whose schema this is; its rows make grants.
        at: The moment that every row is issued at, fixed when it is started; None before.
        total: Rows taken in.
        delivered: Rows whose delivery was begun.
        merkle_root: Hex, over all rows in order; None before `done`.
        transaction_hash: ``0x`` and hex, once it is anchored.
        version: Grows with each change of the row itself.
    """

    batch_id: str
    kind: BatchKind
    status: BatchStatus
    issuer_did: str
    schema_id: str | None
    credential_type: str | None
    name: str | None
    options: BatchOptions
    starter: Starter
    total: int
    created_at: datetime
    at: datetime | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    paused_by: PausedBy | None = None
    merkle_root: str | None = None
    transaction_hash: str | None = None
    version: int = 1
    issued: int = 0
    failed: int = 0
    delivered: int = 0

    @property
    def remaining(self) -> int:
        """Rows of which nobody knows yet what becomes of them."""
        return self.total - self.issued - self.failed

    @property
    def is_open(self) -> bool:
        """Tell whether anything can still happen to its rows."""
        return self.status in OPEN

    def moved(self, to: BatchStatus) -> Batch:
        """Give the batch in another state, one version later; raises StateConflict where there is no such move."""
        if to not in _MOVES[self.status]:
            raise StateConflict(f"A batch that is {self.status.value} cannot become {to.value}.")
        return replace(self, status=to, version=self.version + 1)


@dataclass(frozen=True, slots=True)
class CellFault:
    """One thing that is wrong in a row, and where: a pointer into the row's JSON, a column of its table, or neither."""

    pointer: str
    code: str
    detail: str
    column: str | None = None


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row failed, or would fail.

    Args:
        row: Its number in the batch, from 0.
        code: The wire code.
        detail: A sentence without claim values.
    """

    row: int
    code: str
    detail: str
    cells: tuple[CellFault, ...] = ()


@dataclass(frozen=True, slots=True)
class IndexRun:
    """A run of ordinals of one status list that belongs to a chunk for good."""

    list_id: str
    first: int
    count: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Up to CHUNK_ROWS rows in order: what one worker carries out in one transaction.

    Args:
        number: From 0.
        first_row: Number of its first row in the batch.
        row_count: Rows of it.
        fence: Grows with each taking; only the last taker may store.
        faults: Of rows that were found wrong when they were read, and after `done` of all that failed.
        run: Reserved status indexes, for rows in order; empty without status entries or before the first taking.
        method_id: The verification method that signs, fixed with the reservation.
        root: Merkle root over its rows (32 bytes), once done.
    """

    batch_id: str
    number: int
    first_row: int
    row_count: int
    state: ChunkState = ChunkState.READY
    fence: int = 0
    lease_until: datetime | None = None
    issued: int = 0
    failed: int = 0
    delivered: int = 0
    faults: tuple[RowFault, ...] = ()
    run: tuple[IndexRun, ...] = ()
    method_id: str | None = None
    root: bytes | None = None
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ChunkRows:
    """The rows of a chunk as they are kept.

    Args:
        content: JSON objects, one a line; of a chunk that is done only those that failed, in order.
        holders: 8 bytes for each row, by which the same holder is recognized; empty for revocations.
    """

    content: bytes
    holders: bytes = b""


@dataclass(frozen=True, slots=True)
class BatchFilter:
    """Which batches a list shows; None means any. `issuer_dids` and `credential_types` are what the caller may see."""

    status: BatchStatus | None = None
    kind: BatchKind | None = None
    issuer_did: str | None = None
    issuer_dids: frozenset[str] | None = None
    credential_types: frozenset[str] | None = None


class CredentialUids:
    """The uids of a batch's credentials: the batch's moment first, so that ids stand in order of time.

    The head after the moment is the row's number, so that the ids of a batch enter an index side by side; the tail
    cannot be guessed without the secret.

    Args:
        secret: 32 bytes of this batch alone.

    Spec: RFC 9562, "UUID Version 8".
    """

    __slots__ = ("_digest", "_four", "_head", "_secret")

    def __init__(self, secret: bytes, at: datetime) -> None:
        milliseconds = int(at.timestamp() * 1000) & 0xFFFF_FFFF_FFFF
        self._head = milliseconds << 80 | 0x8 << 76 | 0x2 << 62
        self._secret = secret
        # One digest has the tails of four rows, which are mostly asked for one after the other.
        self._four, self._digest = -1, b""

    def of(self, row: int) -> UUID:
        """The uid of a row, from 0 and below 2^24."""
        if row >> 2 != self._four:
            self._four = row >> 2
            self._digest = hmac.digest(self._secret, self._four.to_bytes(8, "big"), "sha256")
        start = (row & 3) << 3
        tail = int.from_bytes(self._digest[start : start + 8], "big")
        # 12 bits of the row before the variant and 12 behind it; 50 bits of the tail remain.
        return UUID(int=self._head | (row >> 12 & 0xFFF) << 64 | (row & 0xFFF) << 50 | tail >> 14)


def credential_uid(secret: bytes, at: datetime, row: int) -> UUID:
    """Give the uid of one row's credential (`CredentialUids`)."""
    return CredentialUids(secret, at).of(row)


def row_of(uid: UUID) -> int:
    """Give the row whose credential has this uid, if it is one of `credential_uid`."""
    return (uid.int >> 64 & 0xFFF) << 12 | uid.int >> 50 & 0xFFF


def holder_mark(secret: bytes, holder_did: str) -> bytes:
    """Give 8 bytes by which the same holder is recognized within a batch."""
    return hashlib.blake2b(holder_did.encode("utf-8"), digest_size=8, key=secret).digest()


def chunk_bounds(total: int) -> Sequence[tuple[int, int]]:
    """Cut rows into chunks: (first row, row count) of each."""
    return [(first, min(CHUNK_ROWS, total - first)) for first in range(0, total, CHUNK_ROWS)]
