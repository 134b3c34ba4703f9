"""The desk of webhook endpoints: made, changed, tried out, deleted; what was sent to them, and sending it again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sealwright.domain.deciding import free_text
from sealwright.domain.delivery_errors import ParcelNotFound, UrlNotAllowed, WebhookNotFound
from sealwright.domain.errors import MalformedBody, StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.parcels import GIVE_UP_AFTER, Parcel, ParcelKind
from sealwright.domain.people import Caller
from sealwright.domain.webhooks import EVERY_EVENT, Webhook, WebhookStatus
from sealwright.services.delivery_ports import Poster
from sealwright.services.dispatching import new_parcel, send
from sealwright.services.events import SHOWN_KINDS, EventDesk
from sealwright.services.ports import Clock, KeyStore, Page, UnitOfWork, UnitOfWorkFactory
from sealwright.services.tasks import DELIVERIES
from sealwright.services.webhook_owners import ENDPOINTS_OF_ONE, may_manage, owner_of
from sealwright.services.webhook_records import webhook_event
from sealwright.services.webhook_signing import new_secret, sealed_secret, secret_text
from sealwright.vc.errors import Fault

DESCRIPTION_MAX: Final = 200
# What a try-out sends; no event of the office has this kind.
TEST_KIND: Final = "webhook.test"


@dataclass(frozen=True, slots=True)
class WebhookWish:
    """What an endpoint is to be; None leaves a member as it is.

    Args:
        description: An empty text takes it away.
        paused: True rests it, False lets it hear again.
    """

    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    paused: bool | None = None


class WebhookDesk:
    """Endpoints of admins hear of everything; those of keys, and of people who keep issuer DIDs, of what is theirs.

    Admins manage all of them. Addresses are judged before an act begins, for that asks the network.
    """

    def __init__(
        self, *, units: UnitOfWorkFactory, keys: KeyStore, poster: Poster, events: EventDesk, clock: Clock
    ) -> None:
        self._units = units
        self._keys = keys
        self._poster = poster
        self._events = events
        self._clock = clock

    # -- reading --------------------------------------------------------------------------------------

    def list(self, caller: Caller, *, limit: int = 20, cursor: str | None = None) -> Page[Webhook]:
        """The caller's endpoints, newest first; everybody's for an admin. Raises RoleRequired, InvalidPagination."""
        with self._units(write=False) as uow:
            kind, owner = owner_of(uow, caller)
            if caller.is_admin:
                return uow.webhooks.list(owner_kind=None, owner_id=None, limit=limit, cursor=cursor)
            return uow.webhooks.list(owner_kind=kind, owner_id=owner, limit=limit, cursor=cursor)

    def get(self, caller: Caller, webhook_id: str) -> Webhook:
        """One endpoint. Raises RoleRequired, WebhookNotFound."""
        with self._units(write=False) as uow:
            return _known(caller, uow.webhooks.get(webhook_id))

    def deliveries(
        self, caller: Caller, webhook_id: str, *, limit: int = 20, cursor: str | None = None
    ) -> Page[Parcel]:
        """What was sent to an endpoint, or is to be, newest first. Raises WebhookNotFound, InvalidPagination."""
        with self._units(write=False) as uow:
            webhook = _known(caller, uow.webhooks.get(webhook_id))
            return uow.parcels.list(ParcelKind.WEBHOOK, webhook.webhook_id, limit=limit, cursor=cursor)

    def event_id(self, parcel: Parcel) -> str:
        """The id of the event that a delivery tells of. Raises Sealed."""
        return self._events.id_of(int(parcel.reference)) if parcel.reference.isdigit() else parcel.reference

    # -- acts -----------------------------------------------------------------------------------------

    def judge(self, caller: Caller, url: str) -> None:
        """Judge an address, before the act that takes it up.

        Raises:
            RoleRequired: Nobody whose endpoint it could be.
            UrlNotAllowed: We do not go there.
        """
        with self._units(write=False) as uow:
            owner_of(uow, caller)
        try:
            self._poster.judge(url)
        except UrlNotAllowed as refused:
            at_url = Fault("/url", "URL_NOT_ALLOWED", refused.detail)
            raise UrlNotAllowed(refused.detail, faults=(at_url,)) from refused

    def create(self, uow: UnitOfWork, caller: Caller, wish: WebhookWish) -> tuple[Webhook, str]:
        """Add an endpoint, whose address was judged; gives its secret this once.

        Raises:
            RoleRequired: By caller.
            MalformedBody: Members that cannot be kept.
            StateConflict: The owner has too many.
            Sealed: The secret cannot be kept now.
        """
        kind, owner = owner_of(uow, caller)
        known = uow.webhooks.list(owner_kind=kind, owner_id=owner, limit=ENDPOINTS_OF_ONE, cursor=None)
        if len(known.items) >= ENDPOINTS_OF_ONE:
            raise StateConflict(f"There are {ENDPOINTS_OF_ONE} endpoints already.")
        secret = new_secret()
        webhook = Webhook(
            webhook_id=new_id("whk"),
            owner_kind=kind,
            owner_id=owner,
            url=_required(wish.url, "/url"),
            events=_kinds(wish.events or ()),
            description=_description(wish.description),
            status=WebhookStatus.ACTIVE,
            secrets=(sealed_secret(self._keys, secret),),
            position=uow.audit.head().sequence,
            created_at=self._clock.now(),
        )
        uow.webhooks.add(webhook)
        self._record(uow, caller, "webhook.created", None, webhook)
        return webhook, secret_text(secret)

    def change(self, uow: UnitOfWork, caller: Caller, webhook_id: str, wish: WebhookWish) -> Webhook:
        """Change an endpoint, whose new address was judged; what it has already changes nothing.

        An endpoint that is opened again goes on with what happened while it rested, seven days back at most.

        Raises:
            WebhookNotFound, MalformedBody: By id, by members.
        """
        before = _known(caller, uow.webhooks.get_for_update(webhook_id))
        after = replace(
            before,
            url=before.url if wish.url is None else _required(wish.url, "/url"),
            events=before.events if wish.events is None else _kinds(wish.events),
            description=before.description if wish.description is None else _description(wish.description),
            status=before.status if wish.paused is None else _STATUS[wish.paused],
        )
        if after == before:
            return before
        if after.status is WebhookStatus.ACTIVE and (before.status is not after.status or before.url != after.url):
            after = replace(after, failing_since=None, paused_by_itself=False)
        if before.status is not after.status:
            after = replace(after, position=max(before.position, self._events.oldest_kept(uow)))
        changed = [name for name in _CHANGEABLE if getattr(before, name) != getattr(after, name)]
        return self._put(uow, caller, before, after, change=changed)

    def delete(self, uow: UnitOfWork, caller: Caller, webhook_id: str) -> None:
        """Delete an endpoint for ever; what waits for it is given up. Raises WebhookNotFound."""
        before = _known(caller, uow.webhooks.get_for_update(webhook_id))
        # Nothing of the secrets is left, and nobody can be reached by it any more.
        after = replace(before, status=WebhookStatus.DELETED, secrets=(), version=before.version + 1)
        uow.webhooks.update(after)
        uow.parcels.cancel_of(ParcelKind.WEBHOOK, webhook_id, self._clock.now())
        self._record(uow, caller, "webhook.deleted", before, after)

    def rotate(self, uow: UnitOfWork, caller: Caller, webhook_id: str) -> tuple[Webhook, str]:
        """Give an endpoint a new secret, shown this once; the former one signs beside it for a day.

        Raises:
            WebhookNotFound, Sealed: By id; the secret cannot be kept now.
        """
        before = _known(caller, uow.webhooks.get_for_update(webhook_id))
        secret = new_secret()
        kept = (sealed_secret(self._keys, secret), *before.secrets[:1])
        after = replace(before, secrets=kept, rotated_at=self._clock.now())
        return self._put(uow, caller, before, after, change=["secret"]), secret_text(secret)

    def test(self, uow: UnitOfWork, caller: Caller, webhook_id: str) -> Parcel:
        """Send a message without an event to an endpoint.

        Raises:
            WebhookNotFound: By id.
            StateConflict: It rests.
        """
        webhook = _known(caller, uow.webhooks.get(webhook_id))
        if webhook.status is not WebhookStatus.ACTIVE:
            raise StateConflict("The endpoint is paused.")
        parcel = new_parcel(
            ParcelKind.WEBHOOK, webhook_id, reference=new_id("evt"), label=TEST_KIND, now=self._clock.now()
        )
        send(uow, (parcel,))
        return parcel

    def resend(self, uow: UnitOfWork, caller: Caller, parcel_id: str) -> Parcel:
        """Send a delivery again that arrived, was given up or canceled.

        Raises:
            ParcelNotFound: Missing, or somebody else's.
            StateConflict: It is on its way, or its endpoint rests.
        """
        parcel = uow.parcels.get(parcel_id)
        webhook = uow.webhooks.get(parcel.subject) if parcel is not None else None
        is_there = webhook is not None and webhook.status is not WebhookStatus.DELETED
        if parcel is None or webhook is None or not is_there or not may_manage(caller, webhook):
            raise ParcelNotFound("No such delivery.")
        if webhook.status is not WebhookStatus.ACTIVE:
            raise StateConflict("The endpoint is paused.")
        now = self._clock.now()
        if not uow.parcels.revive(parcel_id, now, now + GIVE_UP_AFTER):
            raise StateConflict("This delivery is on its way.")
        uow.jobs.wake(DELIVERIES)
        revived = uow.parcels.get(parcel_id)
        assert revived is not None
        return revived

    # -- parts ----------------------------------------------------------------------------------------

    def _put(self, uow: UnitOfWork, caller: Caller, before: Webhook, after: Webhook, **more: object) -> Webhook:
        stored = replace(after, version=before.version + 1)
        uow.webhooks.update(stored)
        self._record(uow, caller, "webhook.updated", before, stored, **more)
        return stored

    def _record(
        self, uow: UnitOfWork, caller: Caller, action: str, before: Webhook | None, after: Webhook, **more: object
    ) -> None:
        now = self._clock.now()
        uow.audit.append(webhook_event(action, caller.actor, before, after, now, request_id=caller.request_id, **more))


_STATUS: Final = {True: WebhookStatus.PAUSED, False: WebhookStatus.ACTIVE}
_CHANGEABLE: Final = ("url", "events", "description", "status")


def _known(caller: Caller, webhook: Webhook | None) -> Webhook:
    if webhook is None or webhook.status is WebhookStatus.DELETED or not may_manage(caller, webhook):
        raise WebhookNotFound("No such webhook.")
    return webhook


def _required(url: str | None, pointer: str) -> str:
    if not url:
        raise _malformed(pointer, "An address is needed.")
    return url


def _kinds(events: Sequence[str]) -> tuple[str, ...]:
    kinds = tuple(dict.fromkeys(events))
    if kinds == (EVERY_EVENT,):
        return kinds
    if not kinds or not SHOWN_KINDS.issuperset(kinds):
        raise _malformed("/events", "Name kinds of events, or * alone.")
    return tuple(sorted(kinds))


def _description(text: str | None) -> str | None:
    return free_text(text, "/description", most=DESCRIPTION_MAX)


def _malformed(pointer: str, detail: str) -> MalformedBody:
    return MalformedBody(detail, faults=[Fault(pointer, "INVALID_VALUE", detail)])
