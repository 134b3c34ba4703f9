"""What is, or was, on its way to or from somebody: for the copy of their own data, and to end it when they go."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Final

from sealwright.domain.credentials import CredentialRecord
from sealwright.domain.didcomm import DidcommThread
from sealwright.domain.disclosures import DisclosureLink
from sealwright.domain.ids import credential_urn
from sealwright.domain.offers import OPEN_STATES, Offer, OfferState
from sealwright.domain.people import Caller, Person
from sealwright.domain.sharing import Share
from sealwright.domain.webhooks import Webhook
from sealwright.services.access import owned_dids
from sealwright.services.delivery_ports import OfferFilter
from sealwright.services.offer_moves import move_offer
from sealwright.services.ports import UnitOfWork
from sealwright.services.webhook_owners import ADMIN, API_KEY, KEEPER
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.encoding.timestamps import format_timestamp

# Most pages of one kind that one copy walks through, a hundred on each.
_PAGES_MOST: Final = 1_000
_COUNT: Final = 100

Members = dict[str, JSONValue]


def own_deliveries(
    uow: UnitOfWork, person: Person, records: Iterable[CredentialRecord], now: datetime
) -> dict[str, JSONValue]:
    """Somebody's offers, the public pages of their credentials, their conversations and webhooks, as JSON."""
    pages = (uow.shares.get(record.uid) for record in records if record.copy_of is None)
    return {
        "offers": [_offer(one, now) for one in _offers(uow, person.user_id, now)],
        "shares": [_share(one) for one in pages if one is not None],
        "disclosures": [_disclosure(one) for one in uow.disclosures.of_person(person.user_id, now)],
        "didcomm_threads": [_thread(uow, one) for one in _threads(uow, person)],
        "webhooks": [_webhook(one) for one in _webhooks(uow, person.user_id)],
    }


def end_own_offers(uow: UnitOfWork, caller: Caller, user_id: str, now: datetime) -> None:
    """Cancel somebody's open offers, each on record; what wallets hold for them ends with the erasure."""
    # All are read before the first is locked, and locked in one order by everybody.
    for offer_id in sorted(one.offer_id for one in _offers(uow, user_id, now) if one.state in OPEN_STATES):
        offer = uow.offers.get_for_update(offer_id)
        if offer is not None and offer.state in OPEN_STATES:
            state = OfferState.CANCELED if offer.is_open(now) else OfferState.EXPIRED
            move_offer(uow, offer, state, caller.actor, now=now, request_id=caller.request_id)


def _offers(uow: UnitOfWork, user_id: str, now: datetime) -> Iterator[Offer]:
    cursor: str | None = None
    for _ in range(_PAGES_MOST):
        page = uow.offers.list(OfferFilter(user_id=user_id), now=now, limit=_COUNT, cursor=cursor)
        yield from page.items
        cursor = page.next_cursor
        if cursor is None:
            return


def _threads(uow: UnitOfWork, person: Person) -> Iterable[DidcommThread]:
    """The threads in which one of somebody's DIDs is a side; each once, though both may be theirs."""
    kept = (one for did in sorted(owned_dids(uow, person)) for one in _threads_of(uow.didcomm.threads_from, did))
    others = (one for did in person.dids for one in _threads_of(uow.didcomm.threads_with, did))
    return {one.thread_id: one for some in (kept, others) for one in some}.values()


def _threads_of(listed: Callable[..., tuple[DidcommThread, ...]], did: str) -> Iterator[DidcommThread]:
    after = ""
    for _ in range(_PAGES_MOST):
        found = listed(did, after=after, limit=_COUNT)
        yield from found
        if len(found) < _COUNT:
            return
        after = found[-1].thread_id


def _webhooks(uow: UnitOfWork, user_id: str) -> Iterator[Webhook]:
    keys = ((API_KEY, key.api_key_id) for key in uow.api_keys.list(owner=user_id))
    for kind, owner_id in ((ADMIN, user_id), (KEEPER, user_id), *keys):
        cursor: str | None = None
        for _ in range(_PAGES_MOST):
            page = uow.webhooks.list(owner_kind=kind, owner_id=owner_id, limit=_COUNT, cursor=cursor)
            yield from page.items
            cursor = page.next_cursor
            if cursor is None:
                break


def _offer(offer: Offer, now: datetime) -> Members:
    return {
        "id": offer.offer_id,
        "channel": offer.channel.value,
        "status": offer.state_at(now).value,
        "credential_id": offer.credential_id,
        "credential_type": offer.credential_type,
        "request_id": offer.request_id,
        "email": offer.email,
        "redeemed_by": offer.redeemer,
        "created_at": format_timestamp(offer.created_at),
        "expires_at": format_timestamp(offer.expires_at),
        "opened_at": _at(offer.opened_at),
        "accepted_at": _at(offer.accepted_at),
        "ended_at": _at(offer.ended_at),
    }


def _share(share: Share) -> Members:
    return {
        "credential_id": credential_urn(share.uid),
        "is_on": share.is_on,
        "shown": list(share.shown),
        "is_listed": share.is_listed,
        "updated_at": format_timestamp(share.updated_at),
    }


def _disclosure(link: DisclosureLink) -> Members:
    return {
        "id": link.disclosure_id,
        "credential_id": credential_urn(link.uid),
        "shown": link.shown,
        "opened": link.opened,
        "created_at": format_timestamp(link.created_at),
        "expires_at": format_timestamp(link.expires_at),
        "document": link.document.decode("utf-8"),
    }


def _thread(uow: UnitOfWork, thread: DidcommThread) -> Members:
    return {
        "id": thread.thread_id,
        "own_did": thread.own_did,
        "their_did": thread.their_did,
        "status": thread.state.value,
        "offer_id": thread.offer_id,
        "credential_id": thread.credential_id,
        "created_at": format_timestamp(thread.created_at),
        "updated_at": format_timestamp(thread.updated_at),
        "messages": [
            {
                "id": one.message_id,
                "type": one.type,
                "direction": one.direction.value,
                "at": format_timestamp(one.at),
            }
            for one in uow.didcomm.messages(thread.thread_id)
        ],
    }


def _webhook(webhook: Webhook) -> Members:
    return {
        "id": webhook.webhook_id,
        "url": webhook.url,
        "events": list(webhook.events),
        "description": webhook.description,
        "status": webhook.status.value,
        "created_at": format_timestamp(webhook.created_at),
    }


def _at(moment: datetime | None) -> str | None:
    return format_timestamp(moment) if moment is not None else None
