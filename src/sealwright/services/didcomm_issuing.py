"""Credentials over DIDComm: offered to their holder, asked for by them, handed over, acknowledged.

Spec: Issue Credential Protocol 3.0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.credentials import CredentialFilter, CredentialRecord, CredentialStatus
from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import DidcommInvalid, NotDeliverable, OfferNotFound
from sealwright.domain.didcomm import DidcommThread, ThreadState
from sealwright.domain.errors import DomainError
from sealwright.domain.offers import Offer, OfferChannel, OfferState
from sealwright.domain.parcels import GIVE_UP_AFTER
from sealwright.domain.people import Caller
from sealwright.protocols.didcomm import types
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.issuing import Detail, credential_parts, detail_of, offer_parts, read_detail
from sealwright.protocols.didcomm.message import Message
from sealwright.services.didcomm_posting import DidcommPost
from sealwright.services.didcomm_values import FINAL_STATES, PEER, Outcome, Received, answer, opening, report
from sealwright.services.offer_moves import OfferMoves, require_deliverable
from sealwright.services.offer_values import HeldOffer
from sealwright.services.offers import OfferDesk
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.vc.encoding.strict_json import JSONValue, parse_json

# Names the thread that an offer was proposed in, so that proposing twice makes one offer.
_PROPOSED: Final = "didcomm:"
_MOST_LOOKED_AT: Final = 100
_ABANDONED: Final = "e.p.issuance-abandoned"
_TOO_MANY: Final = "e.p.me.res"
_NOT_OFFERED: Final = "There is no credential for this holder that could be issued here."
_NOT_VALID: Final = "The offer is over, or the credential is not valid any more."
_ANOTHER: Final = "What is asked for is not what was offered."
_ENOUGH: Final = "Offers of this credential are open already, or many were made of late."
# Of one credential, by proposals: so many wait for their holder at a time, and so many are made within an hour,
# whatever became of them. Each leaves rows for good, and holders may propose as often as they like.
_MOST_OPEN: Final = 3
_MOST_AN_HOUR: Final = 10
_HOUR: Final = timedelta(hours=1)
_REQUESTABLE: Final = frozenset({ThreadState.OFFERED, ThreadState.REQUESTED, ThreadState.ISSUED})


class DidcommIssuing:
    """The issuer's side of the protocol. Methods with a unit of work are called inside the act that causes them."""

    def __init__(self, *, post: DidcommPost, offers: OfferDesk, moves: OfferMoves, clock: Clock) -> None:
        self._post = post
        self._offers = offers
        self._moves = moves
        self._clock = clock

    # -- ours --------------------------------------------------------------------------------------

    def queue_offer(self, uow: UnitOfWork, offer: Offer) -> Message:
        """Open an offer's thread and queue its first message, which is given; raises NotDeliverable."""
        record = uow.credentials.get(offer.credential_id) if offer.credential_id is not None else None
        if record is None or record.document is None or offer.thread_id is None:
            raise NotDeliverable("The credential is not there yet.")
        now = self._clock.now()
        thread = DidcommThread(
            thread_id=offer.thread_id,
            own_did=record.issuer_did,
            their_did=record.holder_did,
            state=ThreadState.OFFERED,
            created_at=now,
            updated_at=now,
            offer_id=offer.offer_id,
            credential_id=record.credential_id,
        )
        is_answer = offer.origin is not None and offer.origin.startswith(_PROPOSED)
        if is_answer:
            thread = self._in_proposal(uow, offer, thread)
        else:
            uow.didcomm.add_thread(thread)
        body, attachments = offer_parts(_document(record), record.proof_type)
        made = answer(thread, types.OFFER_CREDENTIAL, now, body, attachments)
        message = replace(made if is_answer else opening(made), expires=int(offer.expires_at.timestamp()))
        self._post.queue(uow, message)
        return message

    def _in_proposal(self, uow: UnitOfWork, offer: Offer, thread: DidcommThread) -> DidcommThread:
        """The thread that the holder opened with a proposal, in place of one of our own."""
        thread_id = str(offer.origin).removeprefix(_PROPOSED)
        known = uow.didcomm.thread_for_update(thread_id)
        if known is None:
            raise NotDeliverable("The proposal's thread is gone.")
        offered = replace(thread, thread_id=thread_id, created_at=known.created_at, version=known.version + 1)
        uow.didcomm.update_thread(offered)
        uow.offers.update(replace(offer, thread_id=thread_id, version=offer.version + 1))
        return offered

    # -- theirs ------------------------------------------------------------------------------------

    def proposed(self, received: Received) -> Outcome:
        """Answer a proposal: with an offer where such a credential of the sender's is valid, else with a problem.

        A holder who has proposed too often hears of a problem as well.
        """
        if received.thread is not None:
            raise DidcommInvalid("A proposal begins a thread of its own.")
        uow, thread = received.uow, received.moved(ThreadState.PROPOSED)
        record = self._proposable(received, _read_detail(received.message))
        if record is None:
            return _refused(thread, received, _NOT_OFFERED)
        if not _may_propose(uow, record, received.now):
            return _refused(thread, received, _ENOUGH, _TOO_MANY)
        caller = Caller(PEER, uow.office.epoch(), issuer_dids=frozenset({record.issuer_did}))
        wish = OfferWish(channel=OfferChannel.DIDCOMM)
        try:
            with uow.savepoint():
                uow.didcomm.add_thread(thread)
                self._offers.offer(uow, caller, record.credential_id, wish, origin=_PROPOSED + thread.thread_id)
        except NotDeliverable:
            return _refused(thread, received, _NOT_OFFERED)
        offered = uow.didcomm.thread(thread.thread_id)
        if offered is None or offered.state is not ThreadState.OFFERED:
            # A thread of this id was answered before, and is forgotten; its offer is left.
            raise DidcommInvalid("A proposal begins a thread of its own.")
        return Outcome(offered, is_stored=True)

    def requested(self, received: Received) -> Outcome:
        """Hand the credential over to its holder, who asks for what was offered to them."""
        thread = received.thread
        if thread is None or thread.offer_id is None or thread.state not in _REQUESTABLE:
            raise DidcommInvalid("Nothing was offered in this thread, or it has ended.")
        detail = _read_detail(received.message)
        held = self._moves.hold(received.uow, thread.offer_id)
        try:
            record = self._due(held, received, thread)
        except DomainError:
            return _refused(received.moved(ThreadState.ABANDONED), received, _NOT_VALID)
        document = _document(record)
        if not detail_of(document, record.proof_type).agrees_with(detail):
            return _refused(received.moved(ThreadState.ABANDONED), received, _ANOTHER)
        if held.offer.is_open(received.now):
            self._accept(received, held.offer, record)
        body, attachments = credential_parts(document)
        issued = received.moved(ThreadState.ISSUED)
        handed = answer(issued, types.ISSUE_CREDENTIAL, received.now, body, attachments)
        return Outcome(issued, (handed,))

    def acknowledged(self, received: Received) -> Outcome:
        """End a thread whose credential arrived; that it did so delivers the offer, whatever our own road tells."""
        thread = received.thread
        if thread is None or thread.state not in (ThreadState.ISSUED, ThreadState.DONE):
            raise DidcommInvalid("Nothing was issued in this thread.")
        if thread.offer_id is not None:
            offer = self._moves.hold(received.uow, thread.offer_id).offer
            if offer.is_open(received.now):
                self._moves.move(received.uow, offer, OfferState.DELIVERED, PEER)
        return Outcome(received.moved(ThreadState.DONE))

    def declined(self, received: Received) -> Outcome:
        """End a thread that the other side gives up; an offer that is open is declined."""
        thread = received.thread
        if thread is None:
            raise DidcommInvalid("There is no such thread.")
        code = received.message.body.get("code")
        if thread.state in FINAL_STATES or (isinstance(code, str) and code.startswith("w.")):
            # A warning leaves it to us; nothing here waits for it.
            return Outcome(received.moved(thread.state))
        if thread.offer_id is not None:
            offer = self._moves.hold(received.uow, thread.offer_id).offer
            if offer.is_open(received.now):
                self._moves.move(received.uow, offer, OfferState.DECLINED, PEER)
        return Outcome(received.moved(ThreadState.ABANDONED))

    # -- parts -------------------------------------------------------------------------------------

    def _due(self, held: HeldOffer, received: Received, thread: DidcommThread) -> CredentialRecord:
        """The credential behind a locked offer, if it may be handed over to the sender at this moment."""
        record = require_deliverable(held, received.now)
        is_again = held.offer.state is OfferState.DELIVERED and thread.state is ThreadState.ISSUED
        if not is_again and not held.offer.is_open(received.now):
            raise OfferNotFound("The offer has ended.")
        if record.holder_did != received.their_did or record.issuer_did != received.own_did:
            raise NotDeliverable("The credential is another holder's.")
        return record

    def _accept(self, received: Received, offer: Offer, record: CredentialRecord) -> None:
        self._moves.move(
            received.uow,
            offer,
            OfferState.ACCEPTED,
            PEER,
            redeemer=f"did:{hashlib.sha256(received.their_did.encode()).hexdigest()}",
            delivered_id=record.credential_id,
            # It was accepted in time; bringing it there may take as long as any message of ours.
            expires_at=max(offer.expires_at, received.now + GIVE_UP_AFTER + timedelta(minutes=1)),
        )

    def _proposable(self, received: Received, wanted: Detail) -> CredentialRecord | None:
        """The newest valid credential from the one DID to the other that is what the proposal says."""
        wish = CredentialFilter(
            issuer_did=received.own_did, holder_did=received.their_did, status=CredentialStatus.VALID
        )
        page = received.uow.credentials.list(wish, now=received.now, limit=_MOST_LOOKED_AT, cursor=None)
        for record in page.items:
            if record.document is None or record.copy_of is not None:
                continue
            is_alike = record.proof_type == wanted.proof_type
            if is_alike and _covers(detail_of(_document(record), record.proof_type).credential, wanted.credential):
                return record
        return None


def _may_propose(uow: UnitOfWork, record: CredentialRecord, now: datetime) -> bool:
    """Tell whether one more offer of a credential may be made, with what it hangs on locked as an offer locks it.

    So proposals that come at one moment are counted one by one.
    """
    if record.grant_id is not None:
        uow.grants.get_for_update(record.grant_id)
    uow.credentials.get_for_update(record.credential_id)
    made = [one for one in uow.offers.of_credential(record.credential_id) if (one.origin or "").startswith(_PROPOSED)]
    are_open = sum(one.is_open(now) for one in made)
    return are_open < _MOST_OPEN and sum(one.created_at > now - _HOUR for one in made) < _MOST_AN_HOUR


def _covers(document: JSONValue | Mapping[str, JSONValue], wanted: JSONValue | Mapping[str, JSONValue]) -> bool:
    """Tell whether a document says everything that is wanted; it may say more."""
    if isinstance(document, Mapping) and isinstance(wanted, Mapping):
        return all(name in document and _covers(document[name], value) for name, value in wanted.items())
    return type(document) is type(wanted) and document == wanted


def _document(record: CredentialRecord) -> Mapping[str, JSONValue]:
    source = parse_json(record.document or b"{}")
    assert isinstance(source, dict)
    return source


def _read_detail(message: Message) -> Detail:
    try:
        return read_detail(message)
    except MessageRefused as error:
        raise DidcommInvalid(error.detail) from error


def _refused(thread: DidcommThread, received: Received, comment: str, code: str = _ABANDONED) -> Outcome:
    ended = replace(thread, state=ThreadState.ABANDONED)
    return Outcome(ended, (report(ended, code, comment, received.now),))
