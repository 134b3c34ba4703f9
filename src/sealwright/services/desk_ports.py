"""What the desks need from storage and from outside, as protocols; `services.ports` has those of the engines."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from sealwright.domain.audit import AuditEntry
from sealwright.domain.catalog import CredentialType, TypeUsage
from sealwright.domain.enrollment import IssuerProfile, RoleRequest
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.notices import Mail, Notice, NoticeKind, NoticeMode
from sealwright.domain.people import AccountRole
from sealwright.domain.reports import ReportEvery, ReportWish
from sealwright.domain.requests import CredentialRequest, HistoryEntry, RequestFilter, RequestState
from sealwright.domain.sign_in import Challenge, ChallengePurpose, OneTimeLink, Passkey, Session

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NumberedPage(Generic[T]):
    """One page of a numbered list, the first one being 1; `total` is exact and counts only what was asked for."""

    items: tuple[T, ...]
    page: int
    count: int
    total: int


class CredentialTypes(Protocol):
    """The catalog. Changes raise the registry epoch."""

    def get(self, value: str) -> CredentialType | None: ...
    def by_schema(self, schema_id: str) -> CredentialType | None:
        """The type (active or retired) whose credentials carry this schema; the oldest where several do."""

    def add(self, record: CredentialType) -> None:
        """Raises TypeExists (value, or a label of the same look-alike form)."""

    def update(self, record: CredentialType) -> None:
        """Replace the row whose version is one less; raises VersionConflict, TypeExists."""

    def delete(self, value: str) -> None: ...
    def all(self) -> tuple[CredentialType, ...]:
        """Every type, active and retired, by value."""

    def usage(self, value: str) -> TypeUsage:
        """What refers to it; in a writing unit of work nobody can add a reference before it ends."""


class Requests(Protocol):
    """Credential requests, their history, and counters kept in the same transaction."""

    def get(self, request_id: str) -> CredentialRequest | None: ...
    def get_for_update(self, request_id: str) -> CredentialRequest | None:
        """The same, with the row locked until the unit of work ends."""

    def add(self, request: CredentialRequest, entry: HistoryEntry) -> None:
        """Raises RequestPendingExists: one pending request per person and type, by a unique index."""

    def update(self, request: CredentialRequest, entry: HistoryEntry | None) -> None:
        """Replace the row whose version is one less; raises VersionConflict, RequestPendingExists."""

    def annotate(self, request: CredentialRequest, entry: HistoryEntry | None) -> None:
        """Replace what is no move (assignee, mark, messages, evidence) without a step of the version."""

    def history(self, request_id: str) -> tuple[HistoryEntry, ...]:
        """Oldest first."""

    def list(self, wanted: RequestFilter, *, page: int, count: int) -> NumberedPage[CredentialRequest]:
        """A page with its exact total. Unsearched totals come from kept counters or an index, never from rows."""

    def counts(self, types: Collection[str] | None) -> Mapping[str, Mapping[RequestState, int]]:
        """By type and state, from the kept counters; None means every type."""

    def neighbors(self, wanted: RequestFilter, request_id: str) -> tuple[str | None, str | None]:
        """The requests before and after one in a filtered list."""

    def prepare_searches(self) -> bool:
        """Read ahead what searches of a large office are answered from; gives whether this one is large."""

    def pending_of(self, user_id: str, credential_type: str) -> CredentialRequest | None: ...
    def of_person(self, user_id: str) -> tuple[CredentialRequest, ...]:
        """Pending first, then newest first."""

    def how_many(self, user_ids: Sequence[str]) -> Mapping[tuple[str, str], int]:
        """How many requests each of some people made, by person and type."""


class RequestCounts(Protocol):
    """The kept totals of requests, and the index of the feed, as a whole."""

    def drift(self) -> int:
        """Count every request again; gives how many kept totals differ."""

    def feed_drift(self) -> int:
        """Work the feed's index out again from the open workflows; gives how many rows differ."""

    def recount(self, entry: Callable[[int], AuditEntry]) -> int:
        """Set right what differs; gives how many did. `entry` makes the row that goes on record with it."""


class Grants(Protocol):
    """Grants; append-only but for their state."""

    def get(self, grant_id: str) -> Grant | None: ...
    def get_many(self, grant_ids: Sequence[str]) -> Mapping[str, Grant]: ...
    def get_for_update(self, grant_id: str) -> Grant | None: ...
    def in_force(self, user_id: str, credential_type: str, now: datetime) -> Grant | None: ...
    def add(self, grant: Grant) -> None:
        """Raises GrantInForce (CREDENTIAL_ALREADY_ACTIVE with grant_id): held by a unique index.

        A row of the same person and type whose end has passed is recorded as expired first.
        """

    def update(self, grant: Grant) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def by_credential(self, credential_id: str) -> Grant | None:
        """The grant whose primary credential this is."""

    def of_person(self, user_id: str, *, status: GrantStatus | None, now: datetime) -> tuple[Grant, ...]:
        """Every grant, past and present, newest first."""

    def latest(self, user_id: str, credential_type: str) -> Grant | None: ...
    def active_types(self, user_id: str, now: datetime) -> frozenset[str]: ...
    def active(self, user_id: str, now: datetime) -> Mapping[str, str]:
        """The active grants that a person holds as of now: their ids, by credential type."""

    def lock_held(self, user_id: str, credential_types: Collection[str]) -> tuple[Grant, ...]:
        """Lock a person's grants of some types that are in force by their rows; their ends may have passed."""

    def unsigned(self, due: datetime, limit: int) -> tuple[Grant, ...]:
        """In force, not signed yet or failed, and due for (another) try; oldest first."""

    def ended(self, now: datetime, limit: int) -> tuple[Grant, ...]:
        """In force by their row though their end has passed."""

    def expiring(self, after: datetime, until: datetime, limit: int) -> tuple[Grant, ...]:
        """In force, ending within a span; by end."""


class Enrollment(Protocol):
    """Role requests and issuer profiles. Changes raise the registry epoch."""

    def role_request(self, user_id: str, role: AccountRole) -> RoleRequest | None: ...
    def put_role_request(self, request: RoleRequest) -> None:
        """Add, or replace the row whose version is one less; raises VersionConflict."""

    def role_requests(
        self, *, role: AccountRole | None, state: str | None, search: str | None, page: int, count: int
    ) -> NumberedPage[RoleRequest]: ...
    def roles_of(self, user_id: str) -> tuple[RoleRequest, ...]: ...
    def issuer(self, user_id: str) -> IssuerProfile | None: ...
    def put_issuer(self, profile: IssuerProfile) -> None:
        """Add, or replace the row whose version is one less; raises VersionConflict."""

    def issuers(
        self, *, state: str | None, search: str | None, page: int, count: int
    ) -> NumberedPage[IssuerProfile]: ...


class SignIns(Protocol):
    """Sessions and everything that people sign in with. None of it raises the registry epoch."""

    def session(self, digest: bytes) -> Session | None: ...
    def add_session(self, session: Session) -> None: ...
    def touch_session(self, session_id: str, at: datetime) -> None: ...
    def end_session(self, session_id: str, at: datetime) -> bool:
        """False if it had ended already, or is unknown."""

    def end_sessions_of(self, user_id: str, at: datetime, *, but: str | None = None) -> int: ...
    def sessions_of(self, user_id: str) -> tuple[Session, ...]:
        """Not ended ones, newest first."""

    def browsers_of(self, user_id: str) -> frozenset[str]:
        """The labels of all sessions that are still kept, ended ones too."""

    def password(self, user_id: str) -> str | None:
        """The argon2id hash in its usual text form."""

    def put_password(self, user_id: str, encoded: str | None, at: datetime) -> None: ...
    def passkeys_of(self, user_id: str) -> tuple[Passkey, ...]: ...
    def passkey(self, credential_id: bytes) -> Passkey | None: ...
    def add_passkey(self, passkey: Passkey) -> None:
        """Raises KeyInUse: an authenticator's credential id belongs to one person."""

    def used_passkey(self, passkey_id: str, sign_count: int, at: datetime) -> None: ...
    def delete_passkey(self, user_id: str, passkey_id: str) -> bool: ...
    def recovery_codes(self, user_id: str) -> int:
        """How many are left."""

    def replace_recovery_codes(self, user_id: str, digests: Sequence[bytes], at: datetime) -> None: ...
    def use_recovery_code(self, user_id: str, digest: bytes, at: datetime) -> bool:
        """Spend a code; False if it is unknown or spent. One winner under any race."""

    def add_link(self, link: OneTimeLink) -> None: ...
    def link(self, digest: bytes) -> OneTimeLink | None: ...
    def use_link(self, link_id: str, at: datetime) -> bool:
        """Spend a link; False if somebody else did."""

    def void_links(self, *, purpose: str, user_id: str | None, at: datetime) -> int: ...
    def add_challenge(self, challenge: Challenge) -> None: ...
    def take_challenge(self, digest: bytes, purpose: ChallengePurpose, now: datetime) -> Challenge | None:
        """Give a challenge once: it is deleted; None if unknown, taken or too old."""

    def count_failure(self, bucket: str, at: datetime) -> None: ...
    def failures(self, bucket: str, since: datetime) -> tuple[int, datetime | None]:
        """How many failed sign-ins a bucket has since a moment, and when the first of them was."""

    def clear_failures(self, bucket: str) -> None: ...
    def forget(self, now: datetime) -> int:
        """Drop challenges, links, failures and sessions that can matter to nobody any more."""


class Notices(Protocol):
    """Inboxes, the outbox of mail, and what people chose to be told."""

    def add_many(self, notices: Iterable[Notice]) -> None: ...
    def list(self, user_id: str, *, page: int, count: int, unread: bool = False) -> NumberedPage[Notice]: ...
    def unread(self, user_id: str) -> int: ...
    def mark_read(self, user_id: str, notice_ids: Sequence[str] | None, at: datetime) -> int:
        """None marks all."""

    def withdraw(self, *, about: str, kinds: Collection[NoticeKind]) -> int:
        """Take back mails about an id that have not left yet (undo), and their notices."""

    def due(self, now: datetime, limit: int) -> tuple[Notice, ...]:
        """Notices whose mail is due and was not made yet, locked against other workers."""

    def mailed(self, notice_ids: Sequence[str]) -> None: ...
    def modes(self, user_id: str) -> Mapping[NoticeKind, NoticeMode]: ...
    def modes_of_many(self, user_ids: Collection[str], kind: NoticeKind) -> Mapping[str, NoticeMode]:
        """What each chose for one kind, by user id; those who chose nothing are left out."""

    def put_mode(self, user_id: str, kind: NoticeKind, mode: NoticeMode) -> bool:
        """Record a choice; False where it was chosen already."""

    def add_mail(self, mail: Mail) -> None: ...
    def unsent(self, now: datetime, limit: int) -> tuple[Mail, ...]:
        """Letters that wait and are due for a try, locked against other workers; pauses grow with the attempts."""

    def sent(self, mail_id: str, at: datetime) -> None: ...
    def failed(self, mail_id: str, at: datetime) -> None: ...
    def mails(self, *, page: int, count: int) -> NumberedPage[Mail]:
        """The outbox, newest first."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """An uploaded file, judged by its content."""

    attachment_id: str
    user_id: str
    name: str
    media_type: str
    sha256: str
    content: bytes
    created_at: datetime


class Attachments(Protocol):
    """Uploaded files."""

    def add(self, attachment: Attachment) -> None: ...
    def get(self, attachment_id: str) -> Attachment | None: ...
    def describe(self, attachment_ids: Sequence[str]) -> tuple[Attachment, ...]:
        """Without their content (empty bytes), in the order asked for; unknown ones are left out."""

    def hold(self, user_id: str) -> None:
        """Let nobody else upload, use or drop files of a person until this unit of work ends."""

    def sizes(self, user_id: str) -> Mapping[str, tuple[int, datetime]]:
        """How many bytes each file of a person has, and when it came, by id."""

    def drop(self, attachment_ids: Sequence[str]) -> None:
        """Delete files."""


@dataclass(frozen=True, slots=True)
class SavedView:
    """A named set of filters of one person's queue; `query` is the part of the URL after the question mark."""

    view_id: str
    user_id: str
    name: str
    query: str
    pinned: bool
    is_default: bool


class SavedViews(Protocol):
    """Named filter sets."""

    def of_person(self, user_id: str) -> tuple[SavedView, ...]: ...
    def put(self, view: SavedView) -> None: ...
    def delete(self, user_id: str, view_id: str) -> bool: ...


class ReportWishes(Protocol):
    """Who wants a report by mail; one wish a person."""

    def of_person(self, user_id: str) -> ReportWish | None:
        """In a writing unit of work the wish is locked until that ends."""

    def put(self, wish: ReportWish) -> None:
        """Keep a wish; `asked_at` stays as it is."""

    def due(self, ends: Mapping[ReportEvery, datetime], *, after: str, limit: int) -> tuple[ReportWish, ...]:
        """Wishes whose last period done with ends before the given moment; by person, from behind `after`."""

    def claim(self, wish: ReportWish, until: datetime) -> bool:
        """Mark the periods up to a moment as done; False if another worker did, or the wish is another by now."""

    def ask(self, user_id: str, now: datetime, before: datetime) -> bool:
        """Note that a report is asked for at once; False if one was after `before` already."""


@dataclass(frozen=True, slots=True)
class DecisionFigures:
    """What analytics count for one credential type and period; seconds, and None where nothing was counted.

    Args:
        decided_seconds: How long each decision took, ascending; medians and distributions come from it.
    """

    credential_type: str
    period_start: datetime
    requested: int
    approved: int
    rejected: int
    granted: int
    revoked: int
    decided_seconds: tuple[int, ...]


class Figures(Protocol):
    """Numbers for analytics, counted in the database."""

    def decisions(
        self, types: Collection[str] | None, since: datetime, until: datetime, *, days_per_period: int
    ) -> tuple[DecisionFigures, ...]: ...
    def waits(self, types: Collection[str] | None, now: datetime) -> Mapping[str, tuple[int, datetime | None]]:
        """Pending requests and the oldest one's moment, by type."""

    def rejection_notes(
        self, types: Collection[str] | None, since: datetime, until: datetime
    ) -> Mapping[str, Mapping[str, int]]:
        """How often each reason was given, by type; the commonest first."""

    def decided_by(self, reviewer: str, since: datetime) -> int: ...
    def steps_completed(self, types: Collection[str], since: datetime, until: datetime) -> Mapping[str, int]:
        """How many workflow steps were handed in, by credential type that their roles need; each counts for all."""

    def expiries(
        self, types: Collection[str] | None, now: datetime, until: datetime
    ) -> Mapping[str, tuple[datetime, ...]]: ...
    def lifetimes(
        self, types: Collection[str] | None, since: datetime, until: datetime
    ) -> Mapping[str, tuple[tuple[int, bool], ...]]:
        """For each grant made in a span: seconds until it was revoked, or lived so far, and whether it was revoked."""

    def holders(self, credential_type: str, now: datetime) -> int:
        """How many active improvers hold a type."""

    def holders_of_all(self, credential_types: Collection[str], now: datetime) -> int:
        """How many active improvers hold every one of some types; without types, how many there are."""


class Erasure(Protocol):
    """Takes a person's data away (promises, section 14)."""

    def person(self, user_id: str) -> None:
        """Empty the personal columns of all that belongs to a person: requests, grants, files, profiles, documents.

        Sessions, keys to sign in with, notices, mail and views go whole. Comes before the person's own row is
        emptied, which is for the caller to do; ids, states, digests and the audit trail stay.
        """

    def keys_of(self, did: str) -> None:
        """Destroy the private keys of a DID; its document stays."""


class Mailer(Protocol):
    """Sends letters."""

    def send(self, mail: Mail) -> None:
        """Raises MailNotSent: try again later."""

    @property
    def is_local(self) -> bool:
        """Tell whether letters only go to the local outbox, because no server is configured."""


class PasswordHasher(Protocol):
    """argon2id; slow on purpose, so it never runs on the event loop."""

    def hash(self, password: str) -> str: ...
    def verify(self, encoded: str | None, password: str) -> bool:
        """Takes the same time for None (no such account) as for a wrong password."""

    def is_outdated(self, encoded: str) -> bool: ...


class Passkeys(Protocol):
    """The WebAuthn relying party."""

    def registration_options(
        self, user_id: str, name: str, existing: Sequence[Passkey], challenge: bytes
    ) -> Mapping[str, object]: ...
    def verify_registration(self, response: Mapping[str, object], challenge: bytes) -> tuple[bytes, bytes, int]:
        """Gives credential id, COSE key, sign count; raises InvalidProof."""

    def sign_in_options(self, challenge: bytes) -> Mapping[str, object]: ...
    def verify_sign_in(self, response: Mapping[str, object], challenge: bytes, passkey: Passkey) -> int:
        """Gives the new sign count; raises InvalidProof."""


class WalletProofs(Protocol):
    """Ethereum's personal signatures (EIP-191)."""

    def checksum(self, address: str) -> str:
        """The EIP-55 form; raises InvalidAddress for anything else, a wrong mixed-case checksum included."""

    def signer_of(self, message: str, signature: str) -> str:
        """The address that signed a text, in EIP-55 form; raises InvalidProof."""
