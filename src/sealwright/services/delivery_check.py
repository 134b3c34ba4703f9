"""Holding deliveries against what they point to, for `verify-store`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.domain.offers import Offer, OfferState
from sealwright.services.delivery_ports import OfferFilter
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.store_problems import Problem

_ROWS_A_READ: Final = 500
_ENDED: Final = frozenset({CredentialStatus.REVOKED, CredentialStatus.SUSPENDED})


def delivery_problems(units: UnitOfWorkFactory, now: datetime) -> Iterator[Problem]:
    """Every offer and message that does not hold, as it is found."""
    cursor: str | None = None
    while True:
        with units(write=False) as uow:
            page = uow.offers.list(OfferFilter(state=OfferState.DELIVERED), now=now, limit=_ROWS_A_READ, cursor=cursor)
            lost = [offer.offer_id for offer in page.items if not _is_there(uow, offer)]
        for offer_id in lost:
            yield Problem("offer", offer_id, "What it says was delivered is not stored here.")
        cursor = page.next_cursor
        if cursor is None:
            break
    with units(write=False) as uow:
        strayed = uow.parcels.strayed(_ROWS_A_READ)
    for parcel_id in strayed:
        yield Problem("parcel", parcel_id, "It waits for a webhook endpoint that is deleted, or was never there.")


def copy_fault(uow: UnitOfWork, record: CredentialRecord) -> str | None:
    """What is wrong between a credential and the one that it is a further form of; None for nothing."""
    if record.copy_of is None:
        return None
    source = uow.credentials.get(str(record.copy_of))
    if source is None:
        return "The credential of which this is a further form is not stored here."
    if source.copy_of is not None or source.grant_id != record.grant_id:
        return "It is no further form of what it names."
    if source.status in _ENDED and record.status is CredentialStatus.VALID:
        return "It outlives the credential of which it is a further form."
    return None


def _is_there(uow: UnitOfWork, offer: Offer) -> bool:
    delivered = offer.delivered_id or offer.credential_id
    return delivered is not None and uow.credentials.get(delivered) is not None
