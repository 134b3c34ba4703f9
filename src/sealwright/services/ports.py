"""What the services need from outside, as protocols. Storage and adapters fulfil them; tests have fakes.

A unit of work is one transaction. It rolls back unless `commit` was called. Registry changes (DIDs, schemas, people,
keys and tokens, halts) raise the registry epoch with them, so that whoever checked under an older one checks again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from sealwright.domain.audit import AuditEntry, AuditFilter, AuditHead, AuditRecord, Checkpoint
from sealwright.domain.credentials import (
    Allocation,
    CredentialFilter,
    CredentialRecord,
    CredentialStatus,
    IdempotencyScope,
    ReasonCode,
    Reservation,
    ReservationState,
    StatusBits,
    StatusListRecord,
    StatusPurpose,
)
from sealwright.domain.dids import KeyPurpose, StoredKey
from sealwright.services.batch_draft_ports import DraftRows
from sealwright.services.batch_ports import Anchors, Batches, JobRows, LogRows, MassCredentials
from sealwright.services.delegation_ports import DelegationRows
from sealwright.services.delivery_ports import (
    DidcommRows,
    DisclosureRows,
    Offers,
    Parcels,
    PresentationRows,
    Shares,
    Spent,
    WalletRows,
    Webhooks,
)
from sealwright.services.desk_ports import (
    Attachments,
    CredentialTypes,
    Enrollment,
    Erasure,
    Figures,
    Grants,
    Notices,
    ReportWishes,
    Requests,
    SavedViews,
    SignIns,
)
from sealwright.services.registry_ports import ApiKeys, DIDs, Keys, People, Schemas
from sealwright.services.workflow_ports import Claims, Drafts, Feed, Payouts, Proposals, SeriesRows, Workflows
from sealwright.vc.keys.ed25519 import Secret32

T = TypeVar("T")


class Clock(Protocol):
    """The one source of wall time: aware, UTC, whole seconds."""

    def now(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a cursor list, newest first; `next_cursor` is None on the last one."""

    items: tuple[T, ...]
    next_cursor: str | None


class Reservations(Protocol):
    """What was written down before signing."""

    def add_many(self, reservations: Sequence[Reservation]) -> None: ...
    def settle_many(self, uids: Sequence[UUID], to: ReservationState) -> frozenset[UUID]:
        """Move `reserved` rows to `to`; returns the uids that were moved (the others were not `reserved` any more)."""

    def state(self, uid: UUID) -> ReservationState | None: ...
    def get(self, uid: UUID) -> Reservation | None: ...
    def stale(self, before: datetime, limit: int) -> tuple[Reservation, ...]:
        """Rows still `reserved` since before that moment, oldest first."""

    def indexes(self, list_id: str) -> Sequence[int]:
        """Every index of a status list that was ever written down here."""


class Credentials(MassCredentials, Protocol):
    """Stored credentials."""

    def add_many(self, records: Sequence[CredentialRecord]) -> None: ...
    def get(self, credential_id: str) -> CredentialRecord | None:
        """By ``urn:uuid:…``, bare UUID, or the document's own id."""

    def get_for_update(self, credential_id: str) -> CredentialRecord | None:
        """The same, with the row locked until the unit of work ends."""

    def set_status(
        self,
        uid: UUID,
        status: CredentialStatus,
        *,
        revoked_at: datetime | None,
        reason_code: ReasonCode | None,
        reason: str | None,
        suspended_alone: bool = False,
    ) -> None: ...
    def list(
        self, wanted: CredentialFilter, *, now: datetime, limit: int, cursor: str | None
    ) -> Page[CredentialRecord]: ...
    def count_active(self, issuer_did: str, now: datetime) -> int: ...
    def after(self, uid: UUID | None, limit: int) -> tuple[CredentialRecord, ...]:
        """All credentials in id order, for `verify-store`."""

    def copies_of(self, uid: UUID) -> tuple[CredentialRecord, ...]:
        """Every further form of a credential, made for wallets and downloads, oldest first."""


class StatusLists(Protocol):
    """Status lists and their bits."""

    def get(self, list_id: str) -> StatusListRecord | None: ...
    def take(self, issuer_did: str, count: int, new_list: Callable[[], StatusListRecord]) -> tuple[Allocation, ...]:
        """Allocate `count` ordinals from the issuer's open list (locked), opening new ones as they fill."""

    def set_bits(
        self, list_id: str, purpose: StatusPurpose, indexes: Sequence[int], *, value: bool, at: datetime
    ) -> None:
        """Change bits under the list's lock and raise its version."""

    def bits(self, list_id: str) -> StatusBits | None: ...
    def all(self) -> tuple[StatusListRecord, ...]: ...


class AuditLog(Protocol):
    """The chained trail. Entries are sealed behind the head, under its lock, when the unit of work commits."""

    def append(self, *entries: AuditEntry) -> None: ...
    def head(self) -> AuditHead: ...
    def read(self, after: int, limit: int) -> tuple[AuditRecord, ...]:
        """Rows in order with sequence greater than `after`."""

    def list(self, wanted: AuditFilter, *, limit: int, cursor: str | None) -> Page[AuditRecord]:
        """Newest first."""

    def add_checkpoint(self, checkpoint: Checkpoint) -> None: ...
    def last_checkpoint(self) -> Checkpoint | None: ...
    def checkpoints(self) -> tuple[Checkpoint, ...]: ...


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer that can be replayed. `body` is sealed by the office's key-encryption key when `is_sealed`."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    is_sealed: bool = False


@dataclass(frozen=True, slots=True)
class IdempotencyRecord:
    """What is known of a key: still running when `answer` and `finished` are unset.

    Args:
        reference: The uid text of the reservation that this key is bound to, for single issues.
        finished: True once the effect is committed; `answer` may then be None where it is rebuilt from `reference`.
    """

    scope: IdempotencyScope
    reference: str | None
    finished: bool
    answer: StoredAnswer | None
    created_at: datetime


class Idempotency(Protocol):
    """Idempotency keys."""

    def find(self, scope: IdempotencyScope) -> IdempotencyRecord | None:
        """By principal, route and key; the caller compares the body digest of the answer's scope."""

    def begin_many(
        self, items: Sequence[tuple[IdempotencyScope, str | None]], at: datetime, expires_at: datetime
    ) -> frozenset[IdempotencyScope]:
        """Bind keys to references; returns the scopes that were free. Waits for a concurrent owner's commit."""

    def rebind(self, scope: IdempotencyScope, old_reference: str, new_reference: str, at: datetime) -> bool:
        """Take a key over from a reservation that is void; False if somebody else did."""

    def finish(self, scope: IdempotencyScope, answer: StoredAnswer | None) -> None: ...
    def finish_many(self, scopes: Sequence[IdempotencyScope]) -> None: ...
    def release(self, scope: IdempotencyScope) -> None:
        """Let go of a key that this unit of work has bound and that brought nothing about."""

    def expire(self, before: datetime) -> int: ...


@dataclass(frozen=True, slots=True)
class Halt:
    """A stop of issuing: everything, one issuer, or one schema."""

    halt_id: str
    reason: str
    since: datetime
    issuer_did: str | None
    schema_id: str | None

    def covers(self, issuer_did: str, schema_ids: Collection[str]) -> bool:
        """Tell whether this stop applies to an order that has to do with these schemas."""
        if self.issuer_did is not None and self.issuer_did != issuer_did:
            return False
        return self.schema_id is None or self.schema_id in schema_ids


class Office(Protocol):
    """The office itself: whether it is set up, its halts, its registry epoch, small settings."""

    def epoch(self, *, shared_lock: bool = False) -> int:
        """The registry epoch; with the lock, no registry change commits before this unit of work ends."""

    def raise_epoch(self) -> None: ...
    def get(self, name: str) -> str | None: ...
    def put(self, name: str, value: str) -> None: ...
    def put_once(self, name: str, value: str) -> str:
        """Write unless it is there; gives what stands there, whoever came first."""

    def halts(self) -> tuple[Halt, ...]: ...
    def add_halt(self, halt: Halt) -> None: ...
    def clear_halts(self) -> int: ...


class UnitOfWork(Protocol):
    """One transaction over every repository."""

    people: People
    api_keys: ApiKeys
    dids: DIDs
    keys: Keys
    schemas: Schemas
    reservations: Reservations
    credentials: Credentials
    status_lists: StatusLists
    audit: AuditLog
    idempotency: Idempotency
    office: Office
    types: CredentialTypes
    requests: Requests
    grants: Grants
    enrollment: Enrollment
    sign_ins: SignIns
    notices: Notices
    attachments: Attachments
    saved_views: SavedViews
    report_wishes: ReportWishes
    figures: Figures
    erasure: Erasure
    workflows: Workflows
    claims: Claims
    series: SeriesRows
    feed: Feed
    proposals: Proposals
    payouts: Payouts
    drafts: Drafts
    offers: Offers
    spent: Spent
    wallets: WalletRows
    parcels: Parcels
    webhooks: Webhooks
    didcomm: DidcommRows
    shares: Shares
    disclosures: DisclosureRows
    presentations: PresentationRows
    batches: Batches
    batch_drafts: DraftRows
    delegations: DelegationRows
    anchors: Anchors
    log: LogRows
    jobs: JobRows

    def commit(self) -> None:
        """Seal the audit entries and commit; raises StoreUnavailable or AuditUnavailable, and then nothing happened."""

    def savepoint(self) -> AbstractContextManager[None]:
        """A part that rolls back alone if it raises."""


class UnitOfWorkFactory(Protocol):
    """Opens units of work. With `write` False the transaction only reads."""

    def __call__(self, *, write: bool = True) -> AbstractContextManager[UnitOfWork]: ...


class EpochReader(Protocol):
    """Reads the registry epoch on a connection of its own, as cheaply as the database allows. Blocking."""

    def read(self) -> int: ...


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key made by a key store, not yet stored."""

    public_key: bytes
    backend: str
    sealed: bytes
    kek_id: str


class KeyStore(Protocol):
    """Makes private keys and signs with them; they never leave it in clear."""

    def generate(self, *, key_id: str, did: str, use: KeyPurpose, algorithm: str) -> NewKey:
        """Raises Sealed when the key-encryption key is absent."""

    def generate_named(
        self, naming: Callable[[bytes], tuple[str, str]], *, use: KeyPurpose, algorithm: str
    ) -> tuple[NewKey, str, str]:
        """Make a private key whose names follow from its public key: `naming` gives its key id and DID."""

    def import_seed(self, seed: bytes, *, key_id: str, did: str, use: KeyPurpose, algorithm: str) -> NewKey:
        """Take over a private key of 32 bytes; raises Sealed, InvalidKey."""

    def sign(self, key: StoredKey, data: bytes, *, use: KeyPurpose, at: datetime) -> bytes:
        """Sign with an active key of this purpose within its life.

        Raises:
            SigningFailed: Wrong purpose, state or date, or the store failed.
            Sealed: The key-encryption key is absent or does not fit.
        """

    def signer(self, key: StoredKey, *, use: KeyPurpose, at: datetime) -> Callable[[bytes], bytes]:
        """Judge a key once as `sign` does, and give what signs with it, for the moment only; raises as `sign`."""

    def agree(self, key: StoredKey, public_key: bytes) -> bytes:
        """The 32 bytes that a key-agreement key (X25519) and another party's public key have in common.

        An Ed25519 key agrees by its X25519 form, where its DID's method derives that one (did:key).

        Raises:
            SigningFailed: The key is not for this, not active, or the public key is of small order.
            Sealed: The key-encryption key is absent or does not fit.
        """

    def rewrap(self, key: StoredKey) -> StoredKey:
        """Seal the key anew under the present key-encryption key."""

    def export_seed(self, key: StoredKey) -> Secret32:
        """A private key in clear, for its holder's own export only.

        Raises:
            StateConflict: It is in hardware, which gives none out.
            Sealed: It does not open now.
        """

    def seal_bytes(self, data: bytes, *, label: str) -> bytes:
        """Encrypt small secrets at rest (replayable answers that show a secret once)."""

    def open_bytes(self, sealed: bytes, *, label: str) -> bytes: ...
    def check(self, keys: Iterable[StoredKey]) -> bool:
        """Tell whether every software key opens; False means sealed."""

    @property
    def is_sealed(self) -> bool: ...


class CheckpointSink(Protocol):
    """The second place that checkpoints go to."""

    def publish(self, checkpoint: Checkpoint) -> None:
        """Write by compare-and-swap; raises StoreUnavailable when another writer was ahead or it cannot write."""

    def newest(self) -> bytes | None:
        """The newest note there, or None."""


class Outbound(Protocol):
    """The guarded way out: https only, judged addresses, limits, one deadline."""

    def fetch(self, url: str, *, accept: str, max_bytes: int) -> bytes:
        """Raises FetchRefused (a DIDUnresolvable-like refusal without detail) for anything that is not a clean 200."""


class Metrics(Protocol):
    """Counters and timings of the office."""

    def count_issued(self, proof_type: str, credentials: int = 1) -> None: ...
    def count_refused(self, code: str) -> None: ...
    def observe_round(self, orders: int) -> None:
        """How many orders shared one commit of the issuing line."""

    def observe_request(self, route: str, method: str, status: int, seconds: float) -> None: ...
    def render(self) -> bytes:
        """The Prometheus text form."""
