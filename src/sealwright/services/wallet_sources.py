"""What a wallet's token opens now: a credential that is ready, a decision that is awaited, or nothing any more."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.dids import Custody
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.offers import Offer, OfferBinding, OfferState
from sealwright.domain.requests import RequestState
from sealwright.protocols.openid4vci.errors import OAuthCode, WalletRefused
from sealwright.services.ports import UnitOfWork

_ENDED: Final = "The offer has ended, or was redeemed with another key."
_NOT_GRANTED: Final = "The request was not granted, or the credential is not in force any more."


@dataclass(frozen=True, slots=True)
class Ready:
    """A credential that may be handed over in a form of the wallet's own."""

    record: CredentialRecord


@dataclass(frozen=True, slots=True)
class Awaited:
    """A credential that is not there yet.

    Args:
        reference: The request that is being decided on, or the grant that is being signed.
    """

    reference: str


def denied(description: str = _NOT_GRANTED) -> WalletRefused:
    """The refusal that a wallet need not come back from."""
    return WalletRefused(OAuthCode.CREDENTIAL_REQUEST_DENIED, description)


def of_offer(uow: UnitOfWork, offer: Offer, now: datetime) -> Ready | Awaited:
    """What an offer gives now.

    Raises:
        WalletRefused: ``credential_request_denied``: it has ended.
    """
    state = offer.state_at(now)
    if state is OfferState.WAITING or (offer.is_open(now) and offer.credential_id is None):
        return Awaited(offer.request_id or offer.grant_id or offer.offer_id)
    if not (offer.is_open(now) or state is OfferState.DELIVERED):
        raise denied(_ENDED)
    record = uow.credentials.get(offer.credential_id) if offer.credential_id is not None else None
    if record is None:
        raise denied(_ENDED)
    return Ready(record)


def of_person(uow: UnitOfWork, user_id: str, credential_type: str, now: datetime) -> Ready | Awaited | None:
    """What a person has of a credential type; None where they neither hold it nor have asked for it."""
    grant = uow.grants.in_force(user_id, credential_type, now)
    if grant is not None:
        return _of_grant(uow, grant, now)
    pending = uow.requests.pending_of(user_id, credential_type)
    return Awaited(pending.request_id) if pending is not None else None


def of_reference(uow: UnitOfWork, reference: str, now: datetime) -> Ready | Awaited:
    """What has become of a request, or of a grant that was being signed.

    Raises:
        WalletRefused: ``credential_request_denied``: rejected, withdrawn, ended.
    """
    request = uow.requests.get(reference)
    if request is None:
        grant = uow.grants.get(reference)
    elif request.state is RequestState.PENDING:
        return Awaited(reference)
    else:
        is_approved = request.state is RequestState.APPROVED and request.grant_id is not None
        grant = uow.grants.get(request.grant_id) if is_approved and request.grant_id is not None else None
    if grant is None:
        raise denied()
    return _of_grant(uow, grant, now)


def _of_grant(uow: UnitOfWork, grant: Grant, now: datetime) -> Ready | Awaited:
    status = grant.status_at(now)
    if status is GrantStatus.SUSPENDED and not grant.is_given_up:
        # It may come back, so the wallet may too.
        return Awaited(grant.request_id or grant.grant_id)
    if status is not GrantStatus.ACTIVE or grant.is_given_up:
        raise denied()
    record = uow.credentials.get(grant.credential_id) if grant.credential_id is not None else None
    return Ready(record) if record is not None else Awaited(grant.request_id or grant.grant_id)


def bound_holder(uow: UnitOfWork, offer: Offer) -> str | None:
    """The DID that alone may take an offer; None where any proven key may.

    Where the office keeps the holder's keys, the person whom the offer was handed to brings a key of their wallet.
    """
    if offer.binding is OfferBinding.BEARER or offer.holder_did is None:
        return None
    record = uow.dids.get(offer.holder_did)
    is_kept = record is not None and any(method.custody is Custody.SERVER for method in record.methods)
    return None if is_kept else offer.holder_did
