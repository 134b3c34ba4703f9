"""The carrier of webhooks: what a delivery says, and what follows when it arrives or fails."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.parcels import Parcel
from sealwright.domain.webhooks import Webhook, WebhookStatus
from sealwright.services.delivery_ports import Envelope, NotSent
from sealwright.services.dispatching import HOST_RESTS
from sealwright.services.events import Event, EventDesk
from sealwright.services.payouts import PayoutDesk
from sealwright.services.ports import Clock, KeyStore, UnitOfWork, UnitOfWorkFactory
from sealwright.services.webhook_owners import API_KEY, KEEPER, sight_of_owner
from sealwright.services.webhook_pausing import FAILED, GONE, WebhookPausing
from sealwright.services.webhook_signing import signed_headers, signing_secrets
from sealwright.services.webhooks import TEST_KIND

PAUSE_AFTER: Final = timedelta(hours=24)
_GONE_STATUS: Final = 410
PAYOUT_OWED: Final = "payout.owed"
_PAUSED: Final = "paused"


class WebhookCarrier:
    """Makes messages from rows of the trail at the moment when they leave: nothing of them is stored before."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        keys: KeyStore,
        events: EventDesk,
        payouts: PayoutDesk,
        pausing: WebhookPausing,
        clock: Clock,
    ) -> None:
        self._units = units
        self._keys = keys
        self._events = events
        self._payouts = payouts
        self._pausing = pausing
        self._clock = clock

    def prepare(self, parcel: Parcel) -> Envelope | None:
        """Sign the event for its endpoint; None where the endpoint is gone, or may not hear of it any more.

        Raises:
            NotSent: The endpoint rests; the delivery waits, or becomes a dead letter that can be sent again.
            Sealed: The secret does not open now.
        """
        now = self._clock.now()
        with self._units(write=False) as uow:
            webhook = uow.webhooks.get(parcel.subject)
            if webhook is None or webhook.status is WebhookStatus.DELETED:
                return None
            sight = sight_of_owner(uow, webhook, now)
            event = self._event(uow, parcel)
        if webhook.status is WebhookStatus.PAUSED or sight is None:
            raise NotSent(_PAUSED)
        if event is None or not (event.kind == TEST_KIND or sight.covers(event.data)):
            return None
        body = event.body()
        signing = signing_secrets(self._keys, webhook, now)
        return Envelope(webhook.url, signed_headers(signing, event.event_id, now, body), body)

    def arrived(self, uow: UnitOfWork, parcel: Parcel) -> None:
        """End a row of failures; a payout that was handed over to whoever pays counts as exported."""
        webhook = uow.webhooks.get(parcel.subject)
        if webhook is None:
            return
        if parcel.label == PAYOUT_OWED and _takes_payouts(webhook):
            event = self._event(uow, parcel)
            if event is not None:
                self._payouts.handed_over(uow, _object_id(event))
        if webhook.failing_since is not None:
            present = uow.webhooks.get_for_update(parcel.subject)
            if present is not None and present.failing_since is not None:
                uow.webhooks.update(replace(present, failing_since=None, version=present.version + 1))

    def failed(self, uow: UnitOfWork, parcel: Parcel, *, is_dead: bool) -> None:
        """Begin a row of failures; a day of them, or an answer that the endpoint is gone for good, pauses it."""
        if parcel.last_error == _PAUSED or (parcel.last_error == HOST_RESTS and not is_dead):
            # It was not asked, so nothing is said of it; but one that could not even be asked all day has failed.
            return
        webhook = uow.webhooks.get(parcel.subject)
        now = self._clock.now()
        if webhook is None or not _changes(webhook, parcel, now):
            return
        present = uow.webhooks.get_for_update(parcel.subject)
        if present is None or present.status is not WebhookStatus.ACTIVE:
            return
        if parcel.last_status == _GONE_STATUS:
            self._pausing.pause(uow, replace(present, failing_since=present.failing_since or now), GONE)
        elif present.failing_since is None:
            uow.webhooks.update(replace(present, failing_since=now, version=present.version + 1))
        elif now - present.failing_since >= PAUSE_AFTER:
            self._pausing.pause(uow, present, FAILED)

    def _event(self, uow: UnitOfWork, parcel: Parcel) -> Event | None:
        if parcel.reference.isdigit():
            return self._events.at(uow, int(parcel.reference))
        return Event(0, parcel.reference, TEST_KIND, parcel.created_at, {"webhookId": parcel.subject})


def _changes(webhook: Webhook, parcel: Parcel, now: datetime) -> bool:
    """Tell whether a failure says anything new of an endpoint, so that others need no lock."""
    if webhook.status is not WebhookStatus.ACTIVE:
        return False
    since = webhook.failing_since
    return parcel.last_status == _GONE_STATUS or since is None or now - since >= PAUSE_AFTER


def _takes_payouts(webhook: Webhook) -> bool:
    """Tell whether this endpoint is where payouts are handed over: an admin's that asked for them by name."""
    return webhook.owner_kind not in (API_KEY, KEEPER) and PAYOUT_OWED in webhook.events


def _object_id(event: Event) -> str:
    named = event.data["object"]
    assert isinstance(named, dict)
    return str(named["id"])
