"""Offers: which moves there are, when their time is over, and what a wish means."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from sealwright.domain.audit import EVENT_KINDS
from sealwright.domain.delivering import OfferWish, has_claim_link
from sealwright.domain.offers import (
    OFFER_EVENTS,
    OPEN_STATES,
    Offer,
    OfferBinding,
    OfferChannel,
    OfferState,
    may_move,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OFFER = Offer(
    "off_1", OfferChannel.TOKEN, OfferState.CREATED, OfferBinding.HOLDER, "usr_1", NOW, NOW + timedelta(seconds=600)
)
STEPS = [OfferState(name) for name in ("waiting", "created", "sent", "opened", "accepted", "delivered")]
ENDS = [OfferState(name) for name in ("declined", "expired", "canceled")]


def test_steps_go_forward_and_may_be_skipped() -> None:
    for before, after in pairwise(STEPS):
        assert may_move(before, after)
        assert not may_move(after, before)
    assert may_move(OfferState.WAITING, OfferState.DELIVERED)
    assert not any(may_move(state, state) for state in OfferState)


@pytest.mark.parametrize("end", [*ENDS, OfferState.DELIVERED])
def test_every_open_state_may_end_and_no_end_is_left(end: OfferState) -> None:
    assert all(may_move(state, end) for state in OPEN_STATES)
    assert not any(may_move(end, state) for state in OfferState)


def test_every_state_has_its_event() -> None:
    assert set(OFFER_EVENTS) == set(OfferState)
    assert set(OFFER_EVENTS.values()) <= EVENT_KINDS


def test_time_ends_open_offers_alone() -> None:
    over = OFFER.expires_at
    assert OFFER.is_open(over - timedelta(seconds=1))
    assert (OFFER.state_at(over), OFFER.is_open(over)) == (OfferState.EXPIRED, False)
    for end in (*ENDS, OfferState.DELIVERED):
        assert replace(OFFER, state=end).state_at(over) is end
    assert not replace(OFFER, attempts_left=0).is_locked
    assert replace(OFFER, attempts_left=0, tx_code_required=True).is_locked


def test_wishes_say_what_is_left_out() -> None:
    setting = timedelta(minutes=10)
    asked = {channel: OfferWish(channel).asks_tx_code for channel in OfferChannel}
    assert asked == {channel: channel is OfferChannel.QR for channel in OfferChannel}
    assert OfferWish(OfferChannel.TOKEN, tx_code=True).asks_tx_code
    assert not OfferWish(OfferChannel.QR, tx_code=False).asks_tx_code
    assert not OfferWish(OfferChannel.DIDCOMM, tx_code=True).asks_tx_code
    assert OfferWish(OfferChannel.TOKEN).life(setting) == setting
    assert OfferWish(OfferChannel.EMAIL).life(setting) == timedelta(hours=72)
    assert OfferWish(OfferChannel.EMAIL, expires_in_seconds=5).life(setting) == timedelta(seconds=5)
    assert OfferChannel("oid4vci") is OfferChannel.QR
    assert [channel for channel in OfferChannel if has_claim_link(channel)] == [OfferChannel.TOKEN, OfferChannel.EMAIL]
