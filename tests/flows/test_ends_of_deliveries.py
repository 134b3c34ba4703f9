"""What ends for good: a code that was used, and everything on its way to somebody who is erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from sealwright.domain.delivering import OfferWish
from sealwright.domain.delivery_errors import TokenExpired
from sealwright.domain.offers import OfferChannel, OfferState
from sealwright.domain.people import Caller
from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.protocols.openid4vci.metadata import PRE_AUTHORIZED
from sealwright.services import delivery_office
from sealwright.services.offer_values import MadeOffer
from sealwright.services.office import Office
from sealwright.services.ports import UnitOfWork
from sealwright.services.wallet_tokens import TOKEN_PATH
from tests.support.desk import act
from tests.support.offers import Holder, make_offer, redeem_with, stored_offer
from tests.support.office import MovableClock, the_operator
from tests.support.review import APPROVED, ask, audit_of, decide, grant, improver, reviewer


def _exchange(office: Office, made: MadeOffer) -> str:
    """Exchange the code of an offer for an access token."""
    assert made.pre_authorized_code is not None
    form = {"grant_type": PRE_AUTHORIZED, "pre-authorized_code": made.pre_authorized_code}
    return str(office.wallet.tokens.exchange(form, None, request_id=None)["access_token"])


def _refused(office: Office, made: MadeOffer) -> OAuthCode:
    with pytest.raises(WalletRefused) as refused:
        _exchange(office, made)
    return refused.value.code


def _awaited(office: Office, caller: Caller, request_id: str, clock: MovableClock) -> MadeOffer:
    """An offer that waits for a decision, for an hour at most."""
    wish = OfferWish(OfferChannel.QR, tx_code=False)

    def offer(uow: UnitOfWork, me: Caller) -> MadeOffer:
        return office.offers.offer_for_request(uow, me, request_id, wish)

    made = act(office, caller, offer, registry=False)
    with office.units() as uow:
        waits = uow.offers.get_for_update(made.offer.offer_id)
        assert waits is not None
        uow.offers.update(replace(waits, expires_at=clock.now() + timedelta(hours=1), version=waits.version + 1))
        uow.commit()
    return made


def test_a_code_stays_used_when_a_decision_lengthens_the_time_of_its_offer(office: Office, clock: MovableClock) -> None:
    ann = improver(office, "ann")
    request = ask(office, ann)
    made = _awaited(office, ann, request.request_id, clock)
    _exchange(office, made)
    decide(office, reviewer(office, "rex"), request, APPROVED)
    clock.move(hours=2)
    with office.units() as uow:
        uow.spent.forget(clock.now(), 1_000)
        uow.commit()
    assert stored_offer(office, made.offer.offer_id).is_open(clock.now())
    assert _refused(office, made) is OAuthCode.INVALID_GRANT


def test_nothing_of_somebody_who_is_erased_can_be_fetched(office: Office) -> None:
    ann = improver(office, "ann")
    held = grant(office, reviewer(office, "rex"), ann)
    assert held.credential_id is not None
    admin = the_operator(office)
    scanned = make_offer(office, admin, held.credential_id, "qr", tx_code=False)
    unused = make_offer(office, admin, held.credential_id, "qr", tx_code=False)
    linked = make_offer(office, admin, held.credential_id, "token")
    text = _exchange(office, scanned)
    assert office.wallet.access.authenticate(f"Bearer {text}", None, path=TOKEN_PATH).offer_id == scanned.offer.offer_id
    act(office, ann, office.own_data.erase)
    with pytest.raises(WalletRefused) as refused:
        office.wallet.access.authenticate(f"Bearer {text}", None, path=TOKEN_PATH)
    assert refused.value.code is OAuthCode.INVALID_TOKEN
    assert _refused(office, unused) is OAuthCode.INVALID_GRANT
    assert linked.token is not None
    with pytest.raises(TokenExpired):
        redeem_with(office, Holder(), linked.token)
    for made in (scanned, unused, linked):
        ended = stored_offer(office, made.offer.offer_id)
        assert (ended.state, ended.ended_at) == (OfferState.CANCELED, office.clock.now())
        assert audit_of(office, made.offer.offer_id)["offer.canceled"] == 1


def test_more_than_one_batch_of_what_is_over_is_forgotten(
    office: Office, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(delivery_office, "_FORGOTTEN_AT_ONCE", 2)
    ends = clock.now() + timedelta(minutes=1)
    with office.units() as uow:
        for number in range(7):
            uow.spent.spend("test", bytes([number] * 32), ends)
        uow.commit()
    chore = office.tasks.get("forget deliveries")
    assert chore is not None
    assert chore.work() == 0
    clock.move(minutes=2)
    assert chore.work() == 7
