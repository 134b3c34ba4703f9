"""Messages between DIDs (DIDComm v2), as callers send and read them, and as offers travel by them."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import HolderMismatch, NoDidcommEndpoint, ThreadNotFound
from sealwright.domain.didcomm import DidcommThread, ThreadState
from sealwright.domain.errors import (
    CredentialNotFound,
    DIDDeactivated,
    HolderNotFound,
    MalformedBody,
    NotIssuerOfCredential,
)
from sealwright.domain.ids import new_id
from sealwright.domain.offers import Offer, OfferChannel
from sealwright.domain.parcels import ParcelKind
from sealwright.domain.people import Caller
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.message import Message
from sealwright.services.access import Access
from sealwright.services.didcomm_inbox import DidcommInbox
from sealwright.services.didcomm_issuing import DidcommIssuing
from sealwright.services.didcomm_keys import KeptKey
from sealwright.services.didcomm_posting import DidcommPost
from sealwright.services.didcomm_presenting import DidcommPresenting, require_query
from sealwright.services.didcomm_values import Sent, ThreadView, Wish, answer, opening
from sealwright.services.offers import OfferDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.vc.dids.resolver import DIDResolver, ResolvedDID
from sealwright.vc.errors import Fault, VcError

_MISSING: Final = "There is no such thread."
# A credential leaves by the offer's road alone: there it is judged who gets it.
_NOT_BY_HAND: Final = frozenset(
    {types.OFFER_CREDENTIAL, types.ISSUE_CREDENTIAL, types.PROPOSE_CREDENTIAL, types.REQUEST_CREDENTIAL, types.FORWARD}
)


class Draft:
    """A wish that was judged outside of any transaction: both sides were found, and the key to send with."""

    __slots__ = ("key", "resolved", "wish")

    def __init__(self, wish: Wish, key: KeptKey, resolved: ResolvedDID) -> None:
        self.wish = wish
        self.key = key
        self.resolved = resolved


class DidcommDesk:
    """The door's side of DIDComm; implements `offer_values.DidcommOffers` for the desk of offers."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        access: Access,
        registry: Registry,
        resolver: DIDResolver,
        offers: OfferDesk,
        post: DidcommPost,
        issuing: DidcommIssuing,
        presenting: DidcommPresenting,
        inbox: DidcommInbox,
        clock: Clock,
    ) -> None:
        self._units = units
        self._access = access
        self._registry = registry
        self._resolver = resolver
        self._offers = offers
        self._issuing = issuing
        self._presenting = presenting
        self._inbox = inbox
        self._clock = clock
        self.post = post

    # -- others' messages --------------------------------------------------------------------------

    def receive(self, data: bytes) -> None:
        """Take a packed message in; raises DidcommInvalid, Sealed."""
        self._inbox.receive(data)

    # -- messages of ours --------------------------------------------------------------------------

    def judge(self, caller: Caller, wish: Wish) -> Draft:
        """Find both sides of a message; may ask the network, and may give the sender the key that it lacks.

        Raises:
            IssuerNotFound, IssuerNotAuthorized: The sender is not kept here, or not this caller's.
            DIDDeactivated, DIDImmutable: The sender exchanges no messages.
            HolderNotFound: The recipient does not resolve.
            NoDidcommEndpoint: It takes no messages, or none that we can encrypt.
            CredentialNotFound, NotIssuerOfCredential, HolderMismatch: As `send`.
            MalformedBody: A type that is not sent by hand, or a request for a presentation that defines none.
            Sealed: Keys cannot be had now.
        """
        if wish.type in _NOT_BY_HAND:
            fault = Fault("/message/type", "INVALID_VALUE", "is sent by the offer of a credential only")
            raise MalformedBody("The message cannot be sent.", faults=[fault])
        record = self._access.issuer(wish.sender, self._registry.current())
        self._access.require_issuer(caller, record)
        if not record.is_active:
            raise DIDDeactivated(f"{record.did} is deactivated.")
        wish = replace(wish, sender=record.did, recipient=self._canonical(wish.recipient))
        resolved = (
            self.post.require_keys(wish.recipient) if wish.is_returned else self.post.require_endpoint(wish.recipient)
        )
        # Last of all, for it may give the sender a key: a refused call leaves nothing behind.
        self._prejudge(wish)
        return Draft(wish, self.post.sender(record.did, caller), resolved)

    def send(self, uow: UnitOfWork, caller: Caller, draft: Draft) -> Sent:
        """Send what was judged, or pack it for a road of the caller's own.

        Raises:
            CredentialNotFound, NotIssuerOfCredential, HolderMismatch: The credential is not between these two.
            NotDeliverable: It is not valid now.
            IssuerNotAuthorized, DIDDeactivated: What was true when it was judged is true no more.
        """
        record = uow.dids.get(draft.wish.sender)
        if record is None or not record.is_active:
            raise DIDDeactivated("The sender is deactivated.")
        self._access.require_issuer(caller, record)
        if draft.wish.credential_id is not None:
            message_id, thread_id = self._offer(uow, caller, draft.wish, draft.wish.credential_id)
        else:
            message_id, thread_id = self._say(uow, draft.wish)
        thread = uow.didcomm.thread(thread_id)
        assert thread is not None
        return Sent(message_id, thread, self._returned(uow, caller, draft, message_id))

    def thread(self, caller: Caller, thread_id: str) -> ThreadView:
        """A thread of a DID of the caller's; raises ThreadNotFound for missing and hidden ones alike."""
        with self._units(write=False) as uow:
            thread = uow.didcomm.thread(thread_id)
            record = uow.dids.get(thread.own_did) if thread is not None else None
            if thread is None or record is None or not self._access.may_act_for(caller, record):
                raise ThreadNotFound(_MISSING)
            return ThreadView(thread, uow.didcomm.messages(thread_id), self._presenting.verdict(uow, thread_id))

    # -- offers' messages --------------------------------------------------------------------------

    def require_endpoint(self, holder_did: str) -> None:
        """Ask where a holder takes messages; may ask the network. Raises NoDidcommEndpoint."""
        self.post.require_endpoint(holder_did)

    def queue_offer(self, uow: UnitOfWork, caller: Caller, offer: Offer) -> None:  # noqa: ARG002 - of the port
        """Open the offer's thread and queue its first message, in the act that makes the offer."""
        self._issuing.queue_offer(uow, offer)

    # -- parts -------------------------------------------------------------------------------------

    def _canonical(self, reference: str) -> str:
        record = self._registry.current().did(reference)
        if record is not None:
            return record.did
        try:
            self._resolver.resolve(reference)
        except VcError as error:
            raise HolderNotFound(f"{reference} does not resolve.") from error
        return reference

    def _prejudge(self, wish: Wish) -> None:
        if wish.credential_id is not None:
            with self._units(write=False) as uow:
                _require_between(uow, wish, wish.credential_id)
        elif wish.type == types.REQUEST_PRESENTATION:
            require_query(wish.attachments)

    def _offer(self, uow: UnitOfWork, caller: Caller, wish: Wish, credential_id: str) -> tuple[str, str]:
        _require_between(uow, wish, credential_id)
        made = self._offers.offer(uow, caller, credential_id, OfferWish(channel=OfferChannel.DIDCOMM))
        thread_id = made.offer.thread_id
        messages = uow.didcomm.messages(thread_id) if thread_id is not None else ()
        if thread_id is None or not messages:
            raise NoDidcommEndpoint("This office sends no DIDComm messages.")
        return messages[-1].message_id, thread_id

    def _say(self, uow: UnitOfWork, wish: Wish) -> tuple[str, str]:
        now = self._clock.now()
        is_request = wish.type == types.REQUEST_PRESENTATION
        state = ThreadState.PRESENTATION_REQUESTED if is_request else ThreadState.MESSAGE
        thread = DidcommThread(new_id("thr"), wish.sender, wish.recipient, state, now, now)
        message = opening(answer(thread, str(wish.type), now, wish.body, wish.attachments))
        if is_request:
            message = self._presenting.asked(uow, thread.thread_id, message)
        uow.didcomm.add_thread(thread)
        self.post.queue(uow, message)
        return message.id, thread.thread_id

    def _returned(self, uow: UnitOfWork, caller: Caller, draft: Draft, message_id: str) -> bytes | None:
        """The packed message in place of its parcel, if the caller carries it; for us it has left then."""
        if not draft.wish.is_returned:
            return None
        row = uow.didcomm.message(message_id)
        assert row is not None
        message: Message = self.post.content_of(row)
        packed = self.post.pack(message, draft.key, draft.resolved)
        uow.parcels.cancel_of(ParcelKind.DIDCOMM, message_id, self._clock.now())
        self.post.left(uow, row, caller.actor, request_id=caller.request_id)
        return packed


def _require_between(uow: UnitOfWork, wish: Wish, credential_id: str) -> None:
    """Refuse a credential that is not the sender's for the recipient."""
    record = uow.credentials.get(credential_id)
    if record is None:
        raise CredentialNotFound("No such credential.")
    if record.issuer_did != wish.sender:
        raise NotIssuerOfCredential("The credential was issued by another DID.")
    if record.holder_did != wish.recipient:
        raise HolderMismatch("The credential is for another holder.")
