"""Messages of ours on their way out: sealed until they left, packed when they leave, carried by the dispatcher."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.delivery_errors import NoDidcommEndpoint, OfferNotFound, UrlNotAllowed
from sealwright.domain.didcomm import DidcommMessage, DidcommThread, Direction, ThreadState
from sealwright.domain.errors import DIDDeactivated, DIDImmutable
from sealwright.domain.ids import new_id
from sealwright.domain.offers import OPEN_STATES, Offer, OfferState
from sealwright.domain.parcels import Parcel, ParcelKind
from sealwright.domain.people import Actor, Caller, system_actor
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.encryption import ENCRYPTED_TYPE
from sealwright.protocols.didcomm.endpoints import MessageEndpoint, message_endpoints
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.message import Message, read_message
from sealwright.protocols.didcomm.packing import agreement_keys, pack, pack_bytes
from sealwright.protocols.didcomm.small import forward
from sealwright.services.acts import Acts
from sealwright.services.delivery_ports import Envelope, NotSent, Poster
from sealwright.services.did_keys import can_message
from sealwright.services.didcomm_endings import end_message, tells_end
from sealwright.services.didcomm_keys import KeptKey, OwnKeys
from sealwright.services.didcomm_values import FINAL_STATES, thread_event
from sealwright.services.dids import DIDDesk
from sealwright.services.dispatching import new_parcel, send
from sealwright.services.offer_moves import OfferMoves
from sealwright.services.ports import Clock, KeyStore, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.vc.dids.resolver import DIDResolver, ResolvedDID
from sealwright.vc.dids.syntax import parse_did_url
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import VcError

_LABEL: Final = "didcomm"
_CARRIER: Final = "didcomm"
# Messages between threads: no id of a thread is empty.
_NO_THREAD: Final = ""
# Whoever talked to us by the way is there now, or not at all; and nobody lets us knock at a third one's door all day.
_PASSING: Final = timedelta(minutes=10)
# Each may lead to a host that keeps a worker waiting; those who talk with us for a reason must not wait behind many.
_MOST_PASSING: Final = 20
_GONE: Final = frozenset({OfferState.DECLINED, OfferState.EXPIRED, OfferState.CANCELED})


class DidcommPost:
    """Queues messages, and carries them (`services.dispatching.Carrier`).

    Args:
        dids: Gives a DID the key and the endpoint that it lacks, when it first sends something.
    """

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        acts: Acts,
        registry: Registry,
        keys: KeyStore,
        dids: DIDDesk,
        resolver: DIDResolver,
        moves: OfferMoves,
        poster: Poster,
        clock: Clock,
        public_url: str,
    ) -> None:
        self._units = units
        self._acts = acts
        self._registry = registry
        self._keys = keys
        self._own = OwnKeys(registry, keys)
        self._dids = dids
        self._resolver = resolver
        self._moves = moves
        self._poster = poster
        self._clock = clock
        self._here = f"{public_url}/"

    # -- queueing ----------------------------------------------------------------------------------

    def queue(self, uow: UnitOfWork, message: Message) -> None:
        """Let a message leave after this act is committed; its thread's row is there already."""
        now = self._clock.now()
        self.keep(uow, message)
        send(uow, [new_parcel(ParcelKind.DIDCOMM, message.id, reference="", label=message.type, now=now)])

    def queue_passing(self, uow: UnitOfWork, message: Message) -> None:
        """Let an answer leave to somebody with whom there is no thread; nothing of it is kept once it left.

        While many wait already it is left out: nobody is owed one.
        """
        now = self._clock.now()
        if sum(one.at > now - _PASSING for one in uow.didcomm.messages(_NO_THREAD)) >= _MOST_PASSING:
            return
        self._keep(uow, message, _NO_THREAD)
        parcel = new_parcel(ParcelKind.DIDCOMM, message.id, reference="", label=message.type, now=now)
        send(uow, [replace(parcel, give_up_at=now + _PASSING)])

    def keep(self, uow: UnitOfWork, message: Message) -> None:
        """Write a message of ours down, its content sealed."""
        self._keep(uow, message, message.thread)

    def content_of(self, row: DidcommMessage) -> Message:
        """What is to be sent, while it has not left."""
        assert row.sealed is not None
        return self._opened(row.sealed)

    def left(
        self,
        uow: UnitOfWork,
        message: DidcommMessage,
        actor: Actor,
        *,
        request_id: str | None = None,
        is_known: bool = False,
    ) -> None:
        """Record that a message has left: once, however often it was carried.

        Args:
            is_known: What it says follows from its kind, so nothing of it was sealed.
        """
        if message.thread_id == _NO_THREAD:
            uow.didcomm.drop_message(message.message_id)
            return
        thread = uow.didcomm.thread(message.thread_id)
        if thread is None or (message.sealed is None and not is_known):
            return
        if thread.offer_id is not None and message.type in (types.OFFER_CREDENTIAL, types.ISSUE_CREDENTIAL):
            to = OfferState.SENT if message.type == types.OFFER_CREDENTIAL else OfferState.DELIVERED
            offer = self._moves.hold(uow, thread.offer_id).offer
            if offer.is_open(self._clock.now()):
                self._moves.move(uow, offer, to, actor, request_id=request_id)
        uow.didcomm.drop_sealed(message.message_id)
        named = (message.message_id, message.type)
        uow.audit.append(thread_event("didcomm.sent", thread, actor, self._clock.now(), named))

    def lock_offer(self, uow: UnitOfWork, offer_id: str) -> None:
        """Lock an offer with what it hangs on, as must be done before its thread is."""
        try:
            self._moves.hold(uow, offer_id)
        except OfferNotFound:
            # Its row went with its person's data; the thread alone is left.
            return

    # -- where to, and with which key --------------------------------------------------------------

    def require_endpoint(self, did: str) -> ResolvedDID:
        """The document of a DID that takes messages; may ask the network.

        Raises:
            NoDidcommEndpoint: It names no place that we reach, has no key that fits ours, or cannot be resolved now.
        """
        resolved = self.require_keys(did)
        for endpoint in self._ways(resolved):
            try:
                self._poster.judge(endpoint.uri)
            except UrlNotAllowed:
                continue
            return resolved
        raise NoDidcommEndpoint("The DID names no place that takes DIDComm messages and that this office may reach.")

    def require_keys(self, did: str) -> ResolvedDID:
        """The document of a DID that we can encrypt for; raises NoDidcommEndpoint."""
        try:
            resolved = self._resolver.resolve(did)
        except VcError as error:
            raise NoDidcommEndpoint("The DID cannot be resolved here.") from error
        if not any(key.kind == "X25519" for _, key in agreement_keys(resolved)):
            raise NoDidcommEndpoint("The DID lists no X25519 key for agreement.")
        return resolved

    def sender(self, did: str, caller: Caller | None = None) -> KeptKey:
        """The key that a DID of ours sends with; made now where it has none yet, in a transaction of its own.

        Raises:
            DIDDeactivated: It is.
            DIDImmutable: Its document never changes, and has no key that agrees.
            Sealed: Keys cannot be had now.
        """
        record = self._registry.current().did(did)
        if record is not None and record.is_active and not can_message(record):
            by = caller or Caller(system_actor(_CARRIER), self._registry.current().epoch)
            self._acts.run(by, lambda uow, me: self._dids.enable_messaging(uow, me, did), changes_registry=True)
        key = self._own.of(did)
        if key is None:
            if record is not None and not record.is_active:
                raise DIDDeactivated(f"{did} is deactivated.")
            raise DIDImmutable(f"{did} cannot exchange messages: no key kept here agrees for it.")
        return key

    def pack(self, message: Message, key: KeptKey, recipient: ResolvedDID) -> bytes:
        """A message, encrypted for its recipient; raises NoDidcommEndpoint where no key fits."""
        try:
            return pack(message, recipient, sender=key)
        except MessageRefused as error:
            raise NoDidcommEndpoint("The DID lists no key that fits ours.") from error

    # -- carrying ----------------------------------------------------------------------------------

    def prepare(self, parcel: Parcel) -> Envelope | None:
        """Pack a message for where its recipient takes messages now; None where nobody waits for it any more.

        Raises:
            NotSent: It cannot be packed or addressed now.
        """
        with self._units(write=False) as uow:
            row = uow.didcomm.message(parcel.subject)
            message = self._message_of(uow, parcel, row) if row is not None else None
        if message is None:
            return None
        (recipient,), sender = message.to, str(message.sender)
        try:
            resolved = self._resolver.resolve(recipient)
            key = self.sender(sender)
            endpoint = next(self._ways(resolved), None)
            if endpoint is None:
                raise NotSent("address")
            packed = self._routed(self.pack(message, key, resolved), recipient, endpoint)
        except (VcError, MessageRefused, NoDidcommEndpoint, DIDDeactivated, DIDImmutable) as error:
            raise NotSent("address") from error
        return Envelope(endpoint.uri, {"content-type": ENCRYPTED_TYPE}, packed)

    def arrived(self, uow: UnitOfWork, parcel: Parcel) -> None:
        """Record that a message left, and what follows for its offer."""
        row = uow.didcomm.message(parcel.subject)
        if row is not None:
            self.left(uow, row, system_actor(_CARRIER), is_known=tells_end(parcel))

    def failed(self, uow: UnitOfWork, parcel: Parcel, *, is_dead: bool) -> None:
        """Give a thread up whose message could not be brought in a day."""
        row = uow.didcomm.message(parcel.subject) if is_dead else None
        if row is not None and row.thread_id == _NO_THREAD:
            uow.didcomm.drop_message(row.message_id)
            return
        thread = uow.didcomm.thread_for_update(row.thread_id) if row is not None else None
        if row is None or thread is None:
            return
        uow.didcomm.drop_sealed(row.message_id)
        if thread.state not in FINAL_STATES:
            uow.didcomm.update_thread(moved_thread(thread, ThreadState.ABANDONED, self._clock))

    # -- parts -------------------------------------------------------------------------------------

    def _keep(self, uow: UnitOfWork, message: Message, thread_id: str) -> None:
        sealed = self._keys.seal_bytes(message.to_bytes(), label=_LABEL)
        row = DidcommMessage(message.id, thread_id, message.type, Direction.OUTBOUND, self._clock.now(), sealed=sealed)
        uow.didcomm.add_message(row)

    def _message_of(self, uow: UnitOfWork, parcel: Parcel, row: DidcommMessage) -> Message | None:
        """What a parcel is to bring; None where nobody waits for it any more."""
        if tells_end(parcel):
            thread = uow.didcomm.thread(row.thread_id)
            return end_message(uow, row, thread) if thread is not None else None
        return self._opened(row.sealed) if row.sealed is not None and self._is_wanted(uow, row) else None

    def _is_wanted(self, uow: UnitOfWork, row: DidcommMessage) -> bool:
        """What was revoked or ended in the meantime is not handed over; problems are told even then."""
        if row.thread_id == _NO_THREAD:
            return True
        thread = uow.didcomm.thread(row.thread_id)
        if thread is None:
            return False
        if row.type not in (types.OFFER_CREDENTIAL, types.ISSUE_CREDENTIAL):
            return True
        now = self._clock.now()
        record = uow.credentials.get(thread.credential_id) if thread.credential_id is not None else None
        offer = uow.offers.get(thread.offer_id) if thread.offer_id is not None else None
        if record is None or record.status_at(now) is not CredentialStatus.VALID or _is_over(offer):
            return False
        is_offer = row.type == types.OFFER_CREDENTIAL
        return not (is_offer and offer is not None and offer.state_at(now) not in OPEN_STATES)

    def _opened(self, sealed: bytes) -> Message:
        source = parse_json(self._keys.open_bytes(sealed, label=_LABEL))
        assert isinstance(source, dict)
        return read_message(source)

    def _ways(self, resolved: ResolvedDID) -> Iterator[MessageEndpoint]:
        """The places where a DID takes messages by http, mediators' ones resolved; never this office itself."""
        for endpoint in message_endpoints(resolved.document):
            if endpoint.uri.startswith("did:"):
                yield from self._by_mediator(endpoint)
            elif self._is_outside(endpoint.uri):
                yield endpoint

    def _by_mediator(self, endpoint: MessageEndpoint) -> Iterator[MessageEndpoint]:
        try:
            mediator = self._resolver.resolve(endpoint.uri)
        except VcError:
            return
        ways = message_endpoints(mediator.document) if agreement_keys(mediator) else ()
        for way in ways:
            if self._is_outside(way.uri):
                yield MessageEndpoint(way.uri, (*way.routing_keys, endpoint.uri, *endpoint.routing_keys))

    def _is_outside(self, uri: str) -> bool:
        """Tell whether an address that a stranger wrote leads by http to somebody else; the guard judges the rest."""
        try:
            return urlsplit(uri).scheme in ("http", "https") and not uri.startswith(self._here)
        except ValueError:
            return False

    def _routed(self, packed: bytes, recipient: str, endpoint: MessageEndpoint) -> bytes:
        """Wrap a message for those it goes through, the last one innermost."""
        following = recipient
        for kid in reversed(endpoint.routing_keys):
            url = parse_did_url(kid)
            resolved = self._resolver.resolve(str(url.did))
            # A routing key is a key id, or a DID all of whose keys may open.
            keys = [(name, key) for name, key in agreement_keys(resolved) if name == kid or not url.fragment]
            made = forward(new_id("msg"), following, packed, to=str(url.did))
            packed, following = pack_bytes(made.to_bytes(), keys, sender=None), kid
        return packed


def moved_thread(thread: DidcommThread, state: ThreadState, clock: Clock) -> DidcommThread:
    """A locked thread in another state."""
    return replace(thread, state=state, updated_at=clock.now(), version=thread.version + 1)


def _is_over(offer: Offer | None) -> bool:
    return offer is not None and offer.state in _GONE
