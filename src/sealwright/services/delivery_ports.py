"""What the desks of delivery need from storage and from the network, as protocols.

Locks are taken in the order of `workflow_ports`; offers, wallets' rows and threads come before status lists, webhook
endpoints and then parcels after them, the audit head last.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from sealwright.domain.didcomm import DidcommMessage, DidcommThread
from sealwright.domain.disclosures import DisclosureLink
from sealwright.domain.offers import Offer, OfferState
from sealwright.domain.parcels import Parcel, ParcelKind
from sealwright.domain.presenting import PresentationRequest
from sealwright.domain.sharing import Share
from sealwright.domain.wallets import WalletAuthorization, WalletNotification, WalletToken, WalletTransaction
from sealwright.domain.webhooks import Webhook

if TYPE_CHECKING:
    from sealwright.services.ports import Page


@dataclass(frozen=True, slots=True)
class OfferFilter:
    """Which offers a list shows; None means any.

    Args:
        issuer_dids: What the caller may see, as are `user_id` and `credential_types`: any of the three.
    """

    state: OfferState | None = None
    credential_id: str | None = None
    grant_id: str | None = None
    request_id: str | None = None
    issuer_dids: frozenset[str] | None = None
    user_id: str | None = None
    credential_types: frozenset[str] | None = None


class Offers(Protocol):
    """Credential offers."""

    def add(self, offer: Offer) -> bool:
        """False where another offer has the same `origin`; nothing is written then."""

    def get(self, offer_id: str) -> Offer | None: ...
    def get_for_update(self, offer_id: str) -> Offer | None:
        """The same, with the row locked until the unit of work ends."""

    def by_secret(self, digest: bytes) -> Offer | None:
        """By the digest of its token or reference."""

    def by_code(self, digest: bytes) -> Offer | None:
        """By the digest of its pre-authorized code."""

    def by_origin(self, origin: str) -> Offer | None: ...
    def by_thread(self, thread_id: str) -> Offer | None: ...
    def update(self, offer: Offer) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def list(self, wanted: OfferFilter, *, now: datetime, limit: int, cursor: str | None) -> Page[Offer]:
        """Newest first; raises InvalidPagination for a cursor that is not ours."""

    def of_credential(self, credential_id: str) -> tuple[Offer, ...]:
        """Every offer of a credential, newest first, ended ones too; at most 100."""

    def open_of_credential(self, credential_id: str) -> tuple[Offer, ...]:
        """Every open offer of a credential, oldest first."""

    def open_of_credentials(self, credential_ids: Collection[str]) -> tuple[Offer, ...]:
        """Every open offer of these credentials, oldest first."""

    def of_request(self, request_id: str) -> tuple[Offer, ...]:
        """Open offers that were made for a request, oldest first."""

    def open_of_grant(self, grant_id: str) -> tuple[Offer, ...]:
        """Open offers under a grant, oldest first."""

    def over(self, now: datetime, limit: int) -> tuple[str, ...]:
        """Ids of offers that are open by their row though their time is over."""


class Spent(Protocol):
    """What may be used once: nonces, proof ids, message ids. One row each until its time is over."""

    def spend(self, kind: str, digest: bytes, expires_at: datetime) -> bool:
        """Mark as used; False if it was used before, whoever else tries at this moment."""

    def forget(self, before: datetime, limit: int) -> int:
        """Drop rows whose time is over; gives how many."""


class WalletRows(Protocol):
    """What wallets hold of us while they fetch a credential."""

    def add_authorization(self, authorization: WalletAuthorization) -> None: ...
    def authorization(self, authorization_id: str) -> WalletAuthorization | None: ...
    def authorization_by_request(self, digest: bytes) -> WalletAuthorization | None: ...
    def authorization_by_code(self, digest: bytes) -> WalletAuthorization | None: ...
    def consent(self, authorization_id: str, user_id: str, code_digest: bytes, expires_at: datetime) -> bool:
        """Bind an authorization to its person and code; False if that happened before."""

    def use_code(self, authorization_id: str, at: datetime) -> bool:
        """Mark its code as exchanged; False if it was."""

    def add_token(self, token: WalletToken) -> None: ...
    def token_by_digest(self, digest: bytes) -> WalletToken | None: ...
    def token(self, token_id: str) -> WalletToken | None: ...
    def end_tokens(self, authorization_id: str, at: datetime) -> int:
        """Let the tokens that came of an authorization expire now; gives how many did."""

    def add_transaction(self, transaction: WalletTransaction) -> None: ...
    def transaction_by_digest(self, digest: bytes) -> WalletTransaction | None: ...
    def transaction_of(
        self, token_id: str, request_id: str, configuration_id: str, holders: tuple[str, ...]
    ) -> WalletTransaction | None:
        """The waiting transaction of a token for a request and these holders, if there is one."""

    def end_transaction(self, transaction: WalletTransaction) -> bool:
        """Store its final state; False unless it was waiting."""

    def deny_waiting(self, authorization_id: str, at: datetime) -> int:
        """End what waits under the tokens that came of an authorization; gives how much."""

    def add_notification(self, notification: WalletNotification) -> None: ...
    def notification_by_digest(self, digest: bytes) -> WalletNotification | None: ...
    def tell(self, digest: bytes, event: str, at: datetime) -> None: ...
    def forget(self, before: datetime, limit: int) -> int:
        """Drop authorizations and tokens whose time is over, with what belongs to the tokens; gives how many.

        A token with which something is awaited goes `AWAITED_MOST` after the others of its age.
        """

    def forget_unanswered(self, before: datetime, limit: int) -> int:
        """Drop authorization requests that no person has answered in time; gives how many."""


class Parcels(Protocol):
    """Messages that leave for strangers' machines."""

    def add_many(self, parcels: Sequence[Parcel]) -> None:
        """Those of a webhook whose (subject, reference) is there already stay as they are."""

    def get(self, parcel_id: str) -> Parcel | None: ...
    def take(self, now: datetime, until: datetime, limit: int, *, avoiding: Collection[str] = ()) -> tuple[Parcel, ...]:
        """Take parcels that are due: their tries are counted and they are due again at `until`. No two get the same.

        Args:
            avoiding: Subjects whose parcels stay where they are.
        """

    def finish(self, parcel: Parcel) -> bool:
        """Store the outcome of a try; False if its row is not waiting any more, or another try has begun."""

    def revive(self, parcel_id: str, now: datetime, give_up_at: datetime) -> bool:
        """Send a finished parcel again; False if it is waiting."""

    def cancel_of(self, kind: ParcelKind, subject: str, at: datetime) -> int:
        """Give up everything that waits for a subject."""

    def list(self, kind: ParcelKind, subject: str, *, limit: int, cursor: str | None) -> Page[Parcel]:
        """Newest first; raises InvalidPagination."""

    def count_waiting(self) -> int: ...
    def is_due(self, now: datetime) -> bool:
        """Whether any waits that may be tried at that moment."""

    def strayed(self, limit: int) -> tuple[str, ...]:
        """Ids of parcels that wait for a webhook endpoint which is deleted, or was never there."""

    def forget(self, before: datetime, limit: int) -> int:
        """Drop finished parcels from before that moment; gives how many."""


class Webhooks(Protocol):
    """Webhook endpoints."""

    def add(self, webhook: Webhook) -> None: ...
    def get(self, webhook_id: str) -> Webhook | None: ...
    def get_for_update(self, webhook_id: str) -> Webhook | None: ...
    def update(self, webhook: Webhook) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def advance(self, webhook_id: str, before: int, position: int) -> bool:
        """Move the reading position; False if somebody else did, or the endpoint is not active."""

    def list(self, *, owner_kind: str | None, owner_id: str | None, limit: int, cursor: str | None) -> Page[Webhook]:
        """Newest first, deleted ones left out; raises InvalidPagination."""

    def active(self) -> tuple[Webhook, ...]:
        """Endpoints that hear of events, oldest first."""


class DidcommRows(Protocol):
    """Threads and messages."""

    def add_thread(self, thread: DidcommThread) -> None:
        """Raises DidcommInvalid where another message has begun a thread of that id, perhaps at this moment."""

    def thread(self, thread_id: str) -> DidcommThread | None: ...
    def thread_for_update(self, thread_id: str) -> DidcommThread | None: ...
    def threads_from(self, own_did: str, *, after: str, limit: int) -> tuple[DidcommThread, ...]:
        """Threads of a DID kept here, by their ids, those behind an id alone."""

    def threads_with(self, their_did: str, *, after: str, limit: int) -> tuple[DidcommThread, ...]:
        """Threads whose other side is a DID, in the same way."""

    def update_thread(self, thread: DidcommThread) -> None:
        """Replace the row whose version is one less; raises VersionConflict."""

    def add_message(self, message: DidcommMessage) -> None:
        """Raises DidcommInvalid where another message has that id."""

    def message(self, message_id: str) -> DidcommMessage | None: ...
    def messages(self, thread_id: str) -> tuple[DidcommMessage, ...]:
        """Oldest first, at most 200, sealed contents left out."""

    def drop_sealed(self, message_id: str) -> None:
        """Forget what was to be sent."""

    def drop_message(self, message_id: str) -> None:
        """Forget a message altogether."""

    def forget(self, before: datetime, limit: int) -> int:
        """Drop threads that are over and rest since then, with their messages; gives how many.

        None whose offer is open, or that has a message on its way.
        """

    def reseal_all(self, seal: Callable[[bytes], bytes]) -> int:
        """Seal anew what waits to be sent; gives how many."""


class Shares(Protocol):
    """Public pages of credentials."""

    def get(self, uid: UUID) -> Share | None: ...
    def by_digest(self, digest: bytes) -> Share | None: ...
    def put(self, share: Share) -> None:
        """Add or replace."""


class DisclosureRows(Protocol):
    """Links to parts of credentials."""

    def add(self, link: DisclosureLink) -> None: ...
    def get(self, disclosure_id: str) -> DisclosureLink | None: ...
    def by_digest(self, digest: bytes) -> DisclosureLink | None: ...
    def of_credential(self, uid: UUID, now: datetime) -> tuple[DisclosureLink, ...]:
        """Those that are open, oldest first."""

    def of_person(self, user_id: str, now: datetime) -> tuple[DisclosureLink, ...]:
        """Those that are open, by id."""

    def count_opening(self, disclosure_id: str, now: datetime) -> None:
        """One opening more, at this moment."""

    def drop(self, disclosure_id: str) -> bool:
        """Forget one with what it shows; False where there is none."""

    def forget(self, before: datetime, limit: int) -> int:
        """Drop those whose time was over by then; gives how many."""


class PresentationRows(Protocol):
    """Requests for presentations."""

    def add(self, request: PresentationRequest) -> None: ...
    def get(self, presentation_id: str) -> PresentationRequest | None: ...
    def get_for_update(self, presentation_id: str) -> PresentationRequest | None: ...
    def by_digest(self, digest: bytes) -> PresentationRequest | None: ...
    def update(self, request: PresentationRequest) -> None:
        """Replace one that was not answered; raises VersionConflict."""

    def forget(self, before: datetime, limit: int) -> int: ...


@dataclass(frozen=True, slots=True)
class Posted:
    """The other side's answer to a message: its status and a body of at most 64 KiB, of no further trust.

    Args:
        retry_after: When it wants to be asked again, as it came.
    """

    status: int
    body: bytes
    retry_after: str | None = None


class Poster(Protocol):
    """The guarded way out for messages of ours."""

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        """Post to a judged address: one deadline of 5 s, no redirects, any answered status is an answer.

        Raises:
            NotSent: Nothing was answered.
        """

    def judge(self, url: str) -> None:
        """Judge an address when it is registered; raises UrlNotAllowed."""


class NotSent(Exception):
    """A message got no answer; `reason` is a stable word for our own lists: ``address``, ``refused``, ``timeout``."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Envelope:
    """What leaves: where to, with which headers, which bytes."""

    url: str
    headers: Mapping[str, str]
    body: bytes
