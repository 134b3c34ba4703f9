"""Offers around decisions: made before them, with them, after them; what becomes of them follows the request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sealwright.domain.deciding import Decision
from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import (
    HolderProofRequired,
    NoDidcommEndpoint,
    NotDeliverable,
    OfferNotFound,
    TokenExpired,
)
from sealwright.domain.errors import (
    GrantNotFound,
    MalformedBody,
    MissingMember,
    RequestNotFound,
    SigningFailed,
    StateConflict,
)
from sealwright.domain.offers import Offer, OfferChannel, OfferState
from sealwright.domain.people import Caller
from sealwright.domain.requests import CredentialRequest
from sealwright.services.acts import idempotency_scope
from sealwright.services.offer_values import MadeOffer
from sealwright.services.office import Office
from sealwright.services.ports import StoredAnswer, UnitOfWork
from sealwright.services.review_values import Decided
from tests.support.desk import DPW, VERIFIER, act, come_in
from tests.support.offers import make_offer, stored_offer
from tests.support.office import MovableClock
from tests.support.review import (
    APPROVED,
    PENDING,
    REJECTED,
    ask,
    audit_of,
    decide,
    grant,
    improver,
    reviewer,
    revoke,
    stored_grants,
)

TOKEN = OfferWish(OfferChannel.TOKEN)


def wait_for(office: Office, caller: Caller, request: CredentialRequest, wish: OfferWish = TOKEN) -> MadeOffer:
    return act(
        office,
        caller,
        lambda uow, me: office.offers.offer_for_request(uow, me, request.request_id, wish),
        registry=False,
    )


def own(office: Office, caller: Caller, grant_id: str, wish: OfferWish = TOKEN) -> MadeOffer:
    return act(office, caller, lambda uow, me: office.offers.offer_own(uow, me, grant_id, wish), registry=False)


def state(office: Office, made: MadeOffer) -> OfferState:
    return stored_offer(office, made.offer.offer_id).state


@pytest.fixture
def ann(office: Office) -> Caller:
    return improver(office, "ann")


@pytest.fixture
def ivy(office: Office) -> Caller:
    return reviewer(office, "ivy")


def test_waiting_offer_is_redeemed_after_the_approval(
    office: Office, ann: Caller, ivy: Caller, clock: MovableClock
) -> None:
    request = ask(office, ann)
    made = wait_for(office, ann, request)
    assert (made.offer.state, made.offer.request_id, made.offer.credential_id) == (
        OfferState.WAITING,
        request.request_id,
        None,
    )
    for way in (office.redeeming.look, lambda token: office.redeeming.redeem(ann, token)):
        with pytest.raises(NotDeliverable):
            way(made.token or "")
    clock.move(days=100)
    ann, ivy = come_in(office, ann.user_id), come_in(office, ivy.user_id)
    decide(office, ivy, request, APPROVED)
    (held,) = stored_grants(office, ann.user_id)
    offer = stored_offer(office, made.offer.offer_id)
    assert (offer.state, offer.credential_id) == (OfferState.CREATED, held.credential_id)
    assert offer.holder_did is not None
    # Whoever waited is not at the desk when the time begins.
    assert offer.expires_at >= clock.now() + timedelta(hours=72)
    got = office.redeeming.redeem(ann, made.token or "")
    assert got.record.credential_id == held.credential_id
    assert audit_of(office, offer.offer_id) == {"offer.created": 2, "offer.delivered": 1}


def test_rejection_declines_and_withdrawal_cancels(office: Office, ann: Caller, ivy: Caller) -> None:
    request = ask(office, ann)
    made = wait_for(office, ann, request)
    decide(office, ivy, request, REJECTED)
    assert state(office, made) is OfferState.DECLINED
    with pytest.raises(TokenExpired):
        office.redeeming.redeem(ann, made.token or "")
    with pytest.raises(StateConflict):
        wait_for(office, ann, request)
    request = ask(office, ann)
    first = wait_for(office, ann, request)
    second, other = wait_for(office, ann, request), wait_for(office, ann, request, OfferWish(OfferChannel.QR))
    # A new one by the same channel makes way for itself.
    assert [state(office, one) for one in (first, second, other)] == ["canceled", "waiting", "waiting"]
    act(office, ann, lambda uow, me: office.intake.withdraw(uow, me, request.request_id))
    assert [state(office, one) for one in (second, other)] == ["canceled", "canceled"]
    bob = improver(office, "bob")
    theirs = ask(office, bob)
    with pytest.raises(RequestNotFound):
        wait_for(office, ann, theirs)
    with pytest.raises(RequestNotFound):
        wait_for(office, ann, replace(theirs, request_id="req_none"))
    with pytest.raises(OfferNotFound):
        office.offers.get(bob, second.offer.offer_id)


def test_decision_makes_the_offer_once_and_its_end_cancels_it(office: Office, ann: Caller, ivy: Caller) -> None:
    request = ask(office, ann)
    wish = OfferWish(OfferChannel.QR, pointer="/delivery")
    preview = decide(office, ivy, request, APPROVED, delivery=wish, dry_run=True)
    assert preview.offer is None
    decision = Decision(request.request_id, APPROVED, delivery=wish)
    scope = idempotency_scope(ivy.bucket, "POST", "/decision", "once", b"body")
    told: list[Decided] = []

    def render(decided: Decided) -> StoredAnswer:
        told.append(decided)
        assert decided.offer is not None
        return StoredAnswer(200, (decided.offer.deep_link or "").encode())

    first = office.review.answer(ivy, decision, render, scope)
    again = office.review.answer(ivy, decision, render, scope)
    made = told[0].offer
    assert made is not None
    assert (first.replayed, again.replayed, again.stored.body) == (False, True, first.stored.body)
    assert made.offer.credential_id == stored_grants(office, ann.user_id)[0].credential_id
    assert made.offer.state is OfferState.CREATED
    with office.units(write=False) as uow:
        kept = uow.idempotency.find(scope)
        assert kept is not None
        assert kept.answer is not None
        assert kept.answer.is_sealed
        offers = uow.offers.of_credential(made.offer.credential_id or "")
    assert [one.offer_id for one in offers] == [made.offer.offer_id]
    decide(office, ivy, request, PENDING, expected_version=2)
    assert state(office, made) is OfferState.CANCELED
    assert audit_of(office, made.offer.offer_id) == {"offer.created": 1, "offer.canceled": 1}
    # Decided anew: a new grant, and an offer of its own.
    second = decide(office, ivy, request, APPROVED, expected_version=3, delivery=wish).offer
    assert second is not None
    assert second.offer.offer_id != made.offer.offer_id


def test_undone_decision_takes_its_offer_back(office: Office, ann: Caller, ivy: Caller, clock: MovableClock) -> None:
    request = ask(office, ann)
    made = decide(office, ivy, request, APPROVED, delivery=TOKEN, hold=True).offer
    assert made is not None
    assert made.offer.credential_id is None
    with pytest.raises(HolderProofRequired if made.offer.holder_did else NotDeliverable):
        office.redeeming.redeem(None, made.token or "")
    office.review.undo(ivy, request.request_id)
    assert state(office, made) is OfferState.CANCELED
    made = decide(office, ivy, request, APPROVED, delivery=TOKEN, hold=True, expected_version=3).offer
    assert made is not None
    clock.move(seconds=11)
    assert office.grant_issuance.sign_due() == 1
    assert office.redeeming.redeem(ann, made.token or "").offer.state is OfferState.DELIVERED


def test_own_offers_and_the_end_of_the_grant(office: Office, ann: Caller, ivy: Caller, clock: MovableClock) -> None:
    held = grant(office, ivy, ann)
    bob = improver(office, "bob")
    with pytest.raises(GrantNotFound):
        own(office, bob, held.grant_id)
    with pytest.raises(GrantNotFound):
        own(office, ann, "grt_none")
    mine, code = own(office, ann, held.grant_id), own(office, ann, held.grant_id, OfferWish(OfferChannel.QR))
    assert mine.offer.grant_id == code.offer.grant_id == held.grant_id
    assert mine.offer.credential_type == DPW
    revoke(office, ivy, grant_id=held.grant_id)
    assert [state(office, one) for one in (mine, code)] == ["canceled", "canceled"]
    with pytest.raises(NotDeliverable):
        own(office, ann, held.grant_id)
    short = grant(office, ivy, ann, expires_at=clock.now() + timedelta(minutes=5))
    late = own(office, ann, short.grant_id)
    clock.move(minutes=6)
    with pytest.raises(NotDeliverable):
        office.redeeming.redeem(ann, late.token or "")
    assert office.expiry.expire_due() == 1
    assert state(office, late) is OfferState.CANCELED


def test_unsigned_credential_is_not_delivered_until_it_is(
    office: Office, ann: Caller, ivy: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise SigningFailed("Nothing was issued; try again.")

    request = ask(office, ann)
    with monkeypatch.context() as patch:
        patch.setattr(office.issuing, "check", fail)
        made = decide(office, ivy, request, APPROVED, delivery=TOKEN).offer
    assert made is not None
    assert made.offer.credential_id is None
    (held,) = stored_grants(office, ann.user_id)
    with pytest.raises(NotDeliverable):
        own(office, ann, held.grant_id)
    office.grant_issuance.sign(held.grant_id)
    assert office.redeeming.redeem(ann, made.token or "").offer.state is OfferState.DELIVERED


def test_letter_of_a_waiting_offer_leaves_when_it_can_be_taken(office: Office, ann: Caller, ivy: Caller) -> None:
    request = ask(office, ann)
    email = OfferWish(OfferChannel.EMAIL)
    made = wait_for(office, ann, request, email)
    assert made.offer.email == "ann@example.org"

    def letters() -> int:
        with office.units(write=False) as uow:
            return sum(mail.kind == "offer" for mail in uow.notices.mails(page=1, count=100).items)

    assert letters() == 0
    decide(office, ivy, request, APPROVED)
    assert letters() == 1
    office.mailing.work()
    assert state(office, made) is OfferState.SENT


class Didcomm:
    """A desk of messages that notes what it is asked to send."""

    def __init__(self) -> None:
        self.queued: list[Offer] = []
        self.asked: list[str] = []
        self.takes = True

    def require_endpoint(self, holder_did: str) -> None:
        self.asked.append(holder_did)
        if not self.takes:
            raise NoDidcommEndpoint("Nowhere.")

    def queue_offer(self, uow: UnitOfWork, caller: Caller, offer: Offer) -> None:
        assert uow.offers.get(offer.offer_id) == offer
        self.queued.append(offer)


@pytest.fixture
def didcomm(office: Office) -> Iterator[Didcomm]:
    before, office.offers.didcomm = office.offers.didcomm, Didcomm()
    yield office.offers.didcomm
    office.offers.didcomm = before


def test_offers_by_message_are_queued_with_the_act(office: Office, ann: Caller, ivy: Caller, didcomm: Didcomm) -> None:
    wish = OfferWish(OfferChannel.DIDCOMM, tx_code=True)
    held = grant(office, ivy, ann)
    didcomm.takes = False
    with pytest.raises(NoDidcommEndpoint):
        office.offers.judge_own(ann, held.grant_id, wish)
    with pytest.raises(NoDidcommEndpoint):
        office.offers.judge_for(ann, held.credential_id or "", wish)
    office.offers.judge_own(ivy, held.grant_id, wish)
    didcomm.takes = True
    made = make_offer(office, ann, held.credential_id or "", "didcomm", tx_code=True)
    assert didcomm.queued == [made.offer]
    assert made.offer.thread_id is not None
    assert not made.offer.tx_code_required
    assert (made.token, made.deep_link, made.tx_code) == (None, None, None)
    bob = improver(office, "bob")
    request = ask(office, bob)
    with pytest.raises(NoDidcommEndpoint):
        # Their DID is made when it is signed; nothing can be known of it before.
        decide(office, ivy, request, APPROVED, delivery=wish)
    waiting = wait_for(office, bob, request, wish)
    decide(office, ivy, request, APPROVED)
    assert [one.offer_id for one in didcomm.queued[1:]] == [waiting.offer.offer_id]
    office.offers.didcomm = None
    with pytest.raises(NoDidcommEndpoint):
        make_offer(office, ann, held.credential_id or "", "didcomm")
    with pytest.raises(NoDidcommEndpoint):
        office.offers.foresee("did:adi:holder001", wish)


def test_address_of_a_letter(office: Office, ann: Caller, ivy: Caller) -> None:
    held = grant(office, ivy, ann)
    wish: dict[str, Any] = {"channel": "email", "pointer": "/delivery"}
    with pytest.raises(MalformedBody) as caught:
        make_offer(office, ann, held.credential_id or "", **wish, email="no address")
    assert caught.value.faults[0].pointer == "/delivery/email"
    with pytest.raises(MissingMember) as missing:
        office.offers.foresee("did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", _email())
    assert missing.value.faults[0].pointer == "/email"
    assert json.dumps(audit_of(office)).count("offer.created") == 0


def _email() -> OfferWish:
    return OfferWish(OfferChannel.EMAIL)


def test_reviewers_list_offers_of_their_types(office: Office) -> None:
    rex, roy = reviewer(office, "rex"), reviewer(office, "roy", VERIFIER)
    held = grant(office, rex, improver(office, "ada"))
    made = make_offer(office, rex, held.credential_id or "").offer
    for asked in (None, made.credential_id):
        assert office.offers.list(rex, credential_id=asked, limit=9, cursor=None).items == (made,)
        assert office.offers.list(roy, credential_id=asked, limit=9, cursor=None).items == ()
    assert office.offers.get(rex, made.offer_id) == made
    with pytest.raises(OfferNotFound):
        office.offers.get(roy, made.offer_id)
