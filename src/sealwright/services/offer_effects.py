"""What becomes of offers when what they hang on ends; called within the acts that end it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sealwright.domain.offers import OPEN_STATES, Offer, OfferState
from sealwright.domain.people import Caller, system_actor
from sealwright.services.offer_moves import move_offer
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

_CLOCK: Final = system_actor("offers")


def grant_ended(uow: UnitOfWork, caller: Caller, grant_id: str, now: datetime) -> None:
    """Cancel the open offers under a grant that was revoked or has expired."""
    _end(uow, caller, uow.offers.open_of_grant(grant_id), OfferState.CANCELED, now)


def credential_ended(uow: UnitOfWork, caller: Caller, credential_id: str, now: datetime) -> None:
    """Cancel the open offers of a credential that was revoked."""
    _end(uow, caller, uow.offers.open_of_credential(credential_id), OfferState.CANCELED, now)


def credentials_ended(uow: UnitOfWork, caller: Caller, credential_ids: Collection[str], now: datetime) -> None:
    """Cancel the open offers of credentials that were revoked together."""
    _end(uow, caller, uow.offers.open_of_credentials(credential_ids), OfferState.CANCELED, now)


def request_rejected(uow: UnitOfWork, caller: Caller, request_id: str, now: datetime) -> None:
    """Decline the offers that wait for a request that was rejected."""
    _end(uow, caller, uow.offers.of_request(request_id), OfferState.DECLINED, now)


def request_withdrawn(uow: UnitOfWork, caller: Caller, request_id: str, now: datetime) -> None:
    """Cancel the offers that wait for a request that its requester took back."""
    _end(uow, caller, uow.offers.of_request(request_id), OfferState.CANCELED, now)


def _end(uow: UnitOfWork, caller: Caller, offers: Iterable[Offer], to: OfferState, now: datetime) -> None:
    for offer_id in sorted(offer.offer_id for offer in offers if offer.state in OPEN_STATES):
        offer = uow.offers.get_for_update(offer_id)
        if offer is not None and offer.state in OPEN_STATES:
            # One whose time is over has ended already: that is what is recorded.
            state = to if offer.is_open(now) else OfferState.EXPIRED
            move_offer(uow, offer, state, caller.actor, now=now, request_id=caller.request_id)


def expire_offer(units: UnitOfWorkFactory, offer_id: str, clock: Clock) -> int:
    """Record that an offer's time is over; gives 1 if that was still to do."""
    with units() as uow:
        uow.office.epoch(shared_lock=True)
        offer = uow.offers.get_for_update(offer_id)
        now = clock.now()
        if offer is None or offer.state not in OPEN_STATES or offer.is_open(now):
            return 0
        move_offer(uow, offer, OfferState.EXPIRED, _CLOCK, now=now)
        uow.commit()
    return 1
