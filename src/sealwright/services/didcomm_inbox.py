"""Messages of others: opened, proved, taken in once, and answered in the same transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.delivery_errors import DidcommInvalid
from sealwright.domain.didcomm import DidcommMessage, DidcommThread, Direction, ThreadState
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.message import Message
from sealwright.protocols.didcomm.packing import OpenedMessage, open_message
from sealwright.protocols.didcomm.small import disclosures, read_forward, wants_answer
from sealwright.services.didcomm_issuing import DidcommIssuing
from sealwright.services.didcomm_keys import OwnKeys
from sealwright.services.didcomm_posting import DidcommPost
from sealwright.services.didcomm_presenting import DidcommPresenting
from sealwright.services.didcomm_values import (
    PEER,
    THREADS_KEPT,
    Handler,
    Outcome,
    Received,
    answer,
    report,
    thread_event,
)
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.vc.dids.resolver import DIDResolver
from sealwright.vc.encoding.strict_json import JSONValue

# How far another clock may be ahead of ours.
CLOCK_TOLERANCE: Final = timedelta(seconds=60)
# Ids are remembered longer than a message may be old that says when it was made, so none is taken in twice.
_LONGER: Final = timedelta(days=1)
_SPENT: Final = "didcomm"
# Strangers may talk as much as they like, and of each message its id is kept: so long, where nothing came of it.
SMALL_TALK_KEPT: Final = timedelta(days=1)
_REPEATED: Final = "The message was received before."
# Nobody talks longer than this about one thing.
_MOST_MESSAGES: Final = 200
_FOLLOWING: Final = frozenset(
    {types.PING_RESPONSE, types.DISCLOSE, types.PRESENT_ACK, types.EMPTY, "https://didcomm.org/empty/1.0/empty"}
)


class DidcommInbox:
    """Takes messages in. Nothing is told to whoever posts them but whether they were acceptable."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        registry: Registry,
        own: OwnKeys,
        resolver: DIDResolver,
        post: DidcommPost,
        issuing: DidcommIssuing,
        presenting: DidcommPresenting,
        clock: Clock,
    ) -> None:
        self._units = units
        self._registry = registry
        self._own = own
        self._resolver = resolver
        self._post = post
        self._presenting = presenting
        self._clock = clock
        self._handlers: Mapping[str, Handler] = {
            types.PING: _pinged,
            types.QUERIES: _queried,
            types.PROPOSE_CREDENTIAL: issuing.proposed,
            types.REQUEST_CREDENTIAL: issuing.requested,
            types.ISSUE_ACK: issuing.acknowledged,
            types.PROBLEM_REPORT: issuing.declined,
            types.PRESENTATION: presenting.presented,
            **dict.fromkeys(_FOLLOWING, _followed),
        }

    def receive(self, data: bytes) -> None:
        """Take one packed message in.

        Raises:
            DidcommInvalid: Plain or only signed, anonymous where a sender is needed, not bound to its sender, not for
                us, replayed, expired, from the future, malformed, or out of place in its thread.
            Sealed: Keys do not open now.
        """
        opened = self._opened(data)
        if opened.message.type == types.FORWARD:
            opened = self._forwarded(opened)
        if opened.sender is None or opened.recipient is None:
            raise DidcommInvalid("The message does not prove its sender by authenticated encryption.")
        self._check_times(opened.message)
        own_did = opened.recipient.partition("#")[0]
        # A presentation is verified before anything is locked, for that may take a while.
        verdict = self._presenting.judge(opened.message, own_did, opened.sender)
        with self._units() as uow:
            self._take(uow, opened.message, own_did, opened.sender, verdict)
            uow.commit()

    # -- parts -------------------------------------------------------------------------------------

    def _opened(self, data: bytes) -> OpenedMessage:
        try:
            opened = open_message(data, keys=self._own.finder(), resolver=self._resolver)
        except MessageRefused as error:
            raise DidcommInvalid(error.detail) from error
        if opened.recipient is None:
            raise DidcommInvalid("Messages are taken in encrypted only.")
        return opened

    def _forwarded(self, outer: OpenedMessage) -> OpenedMessage:
        """What a mediator wrapped once more for us; for others we pass nothing on."""
        try:
            following, packed = read_forward(outer.message)
        except MessageRefused as error:
            raise DidcommInvalid(error.detail) from error
        record = self._registry.current().did(following.partition("#")[0])
        if record is None or not record.is_active or len(packed) != 1:
            raise DidcommInvalid("Messages for others are not passed on here.")
        inner = self._opened(packed[0])
        if inner.message.type == types.FORWARD:
            raise DidcommInvalid("A message is wrapped more often than it needs to be.")
        return inner

    def _check_times(self, message: Message) -> None:
        now = self._clock.now()
        if message.expires is not None and message.expires <= int(now.timestamp()):
            raise DidcommInvalid("The message's time is over.")
        if message.created is not None and message.created > int((now + CLOCK_TOLERANCE).timestamp()):
            raise DidcommInvalid("The message was made in the future.")
        _require_younger(message, now, THREADS_KEPT)

    def _take(
        self, uow: UnitOfWork, message: Message, own_did: str, their_did: str, verdict: Mapping[str, JSONValue] | None
    ) -> None:
        now = self._clock.now()
        epoch = uow.office.epoch(shared_lock=True)
        record = Registry.within(uow, epoch).did(own_did)
        if record is None or not record.is_active:
            raise DidcommInvalid("The message is for a DID that has ended.")
        if uow.didcomm.message(message.id) is not None:
            raise DidcommInvalid(_REPEATED)
        thread = self._thread(uow, message, own_did, their_did)
        received = Received(uow, message, own_did, their_did, now, thread, verdict)
        outcome = self._handlers.get(message.type, _unknown)(received)
        self._spend(received, SMALL_TALK_KEPT if _is_small_talk(received, outcome) else THREADS_KEPT)
        self._store(received, outcome)

    def _thread(self, uow: UnitOfWork, message: Message, own_did: str, their_did: str) -> DidcommThread | None:
        """The thread that a message belongs to, with its offer locked before it, as everywhere."""
        thread_id = message.thread
        if message.type == types.PROBLEM_REPORT and message.pthid is not None:
            thread_id = message.pthid
        seen = uow.didcomm.thread(thread_id)
        if seen is None:
            return None
        if (seen.own_did, seen.their_did) != (own_did, their_did):
            raise DidcommInvalid("The thread is between others.")
        if len(uow.didcomm.messages(thread_id)) >= _MOST_MESSAGES:
            raise DidcommInvalid("The thread is too long.")
        if seen.offer_id is not None:
            self._post.lock_offer(uow, seen.offer_id)
        return uow.didcomm.thread_for_update(thread_id)

    @staticmethod
    def _spend(received: Received, kept: timedelta) -> None:
        """Let a message count once; one that was received before takes back whatever it has brought about just now.

        Args:
            kept: How old it may be at most.
        """
        _require_younger(received.message, received.now, kept)
        digest = hashlib.sha256(f"{received.their_did}\x00{received.message.id}".encode()).digest()
        if not received.uow.spent.spend(_SPENT, digest, received.now + kept + _LONGER):
            raise DidcommInvalid(_REPEATED)

    def _store(self, received: Received, outcome: Outcome) -> None:
        """Write down what a message has brought about, and let the answers leave.

        Anybody can make DIDs and talk to us. What begins a thread and moves nothing is answered, and leaves neither a
        thread nor a row in the audit trail, which is of acts, kept for ever and told to webhooks.
        """
        uow, message, thread = received.uow, received.message, outcome.thread
        if _is_small_talk(received, outcome):
            for made in outcome.answers:
                self._post.queue_passing(uow, made)
            return
        if not outcome.is_stored:
            uow.didcomm.update_thread(thread)
        uow.didcomm.add_message(
            DidcommMessage(message.id, thread.thread_id, message.type, Direction.INBOUND, received.now)
        )
        uow.audit.append(thread_event("didcomm.received", thread, PEER, received.now, (message.id, message.type)))
        for made in outcome.answers:
            self._post.queue(uow, made)


def _is_small_talk(received: Received, outcome: Outcome) -> bool:
    """Tell whether a message belongs to no thread, and has begun none."""
    return received.thread is None and not outcome.is_stored


def _require_younger(message: Message, now: datetime, kept: timedelta) -> None:
    if message.created is not None and message.created < int((now - kept).timestamp()):
        raise DidcommInvalid("The message is too old: whether it was received before is not known any more.")


def _pinged(received: Received) -> Outcome:
    thread = received.moved(_small_state(received))
    if not wants_answer(received.message):
        return Outcome(thread)
    return Outcome(thread, (answer(thread, types.PING_RESPONSE, received.now),))


def _queried(received: Received) -> Outcome:
    thread = received.moved(_small_state(received))
    try:
        found = disclosures(received.message)
    except MessageRefused as error:
        raise DidcommInvalid(error.detail) from error
    return Outcome(thread, (answer(thread, types.DISCLOSE, received.now, {"disclosures": found}),))


def _followed(received: Received) -> Outcome:
    """What only follows something of ours, and needs no answer."""
    if received.thread is None:
        raise DidcommInvalid("The message answers nothing of ours.")
    return Outcome(received.moved(received.thread.state))


def _unknown(received: Received) -> Outcome:
    thread = received.moved(_small_state(received))
    told = report(thread, "e.m.msg.unsupported", "Messages of this type are not read here.", received.now)
    return Outcome(thread, (told,))


def _small_state(received: Received) -> ThreadState:
    """Small talk leaves a thread that is about something else where it stands."""
    return received.thread.state if received.thread is not None else ThreadState.MESSAGE
