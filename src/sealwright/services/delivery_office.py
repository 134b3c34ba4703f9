"""The desks of delivery, joined: offers and their roads, further forms, public pages, events and what carries them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.parcels import ParcelKind
from sealwright.services.access import Access
from sealwright.services.acts import Acts
from sealwright.services.copies import Copies
from sealwright.services.delivery_ports import Poster
from sealwright.services.deriving import Deriving
from sealwright.services.didcomm import DidcommDesk
from sealwright.services.didcomm_office import DidcommNeighbors, join_didcomm
from sealwright.services.didcomm_values import THREADS_KEPT
from sealwright.services.dids import DIDDesk
from sealwright.services.dispatching import Dispatching
from sealwright.services.download_ports import Typesetter
from sealwright.services.downloads import Downloads
from sealwright.services.event_feed import EventFeed
from sealwright.services.event_ids import EventIds
from sealwright.services.events import EventDesk
from sealwright.services.holder_proofs import HolderProofs
from sealwright.services.housekeeping import FORGET_EVERY
from sealwright.services.issuance import Issuing
from sealwright.services.mailing import MailingDesk
from sealwright.services.notices import NoticeDesk
from sealwright.services.offer_moves import OfferMoves
from sealwright.services.offers import OfferDesk
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.payouts import PayoutDesk
from sealwright.services.ports import Clock, KeyStore, UnitOfWork, UnitOfWorkFactory
from sealwright.services.presenting import PresentingDesk
from sealwright.services.redeeming import RedeemDesk
from sealwright.services.registry import Registry
from sealwright.services.sharing import Sharing
from sealwright.services.stored_credentials import StoredCredentials
from sealwright.services.tasks import Tasks
from sealwright.services.verification import Verifier
from sealwright.services.verify_desk import VerifyDesk
from sealwright.services.verify_reading import PaperReader
from sealwright.services.webhook_pausing import WebhookPausing
from sealwright.services.webhook_reading import WebhookReader
from sealwright.services.webhook_sending import WebhookCarrier
from sealwright.services.webhooks import WebhookDesk
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import DIDResolver

OFFERS_EVERY: Final = timedelta(seconds=5)
# Nobody who acts wakes it: a job for each row of the trail would cost each act more than a read a second costs.
TRAIL_EVERY: Final = timedelta(seconds=1)
# What is over is kept so long, for lists and for whoever asks again.
PARCELS_KEPT: Final = timedelta(days=7)
_FORGOTTEN_AT_ONCE: Final = 1_000
# More than anybody can make between two rounds; what is left waits for the next.
_BATCHES: Final = 500


@dataclass(frozen=True, slots=True)
class DeliveryGround:
    """What decisions and letters ask of delivery."""

    units: UnitOfWorkFactory
    registry: Registry
    clock: Clock
    public_url: str
    secrets: OfficeSecrets
    moves: OfferMoves
    offers: OfferDesk
    access: Access


def begin_delivery(
    *,
    units: UnitOfWorkFactory,
    keys: KeyStore,
    registry: Registry,
    access: Access,
    mailing: MailingDesk,
    clock: Clock,
    public_url: str,
    ttl: timedelta,
) -> DeliveryGround:
    """Build the desk of offers.

    Args:
        ttl: How long an offer lives where nobody says otherwise.
    """
    secrets = OfficeSecrets(keys)
    moves = OfferMoves(units, secrets, clock)
    offers = OfferDesk(
        units=units,
        access=access,
        secrets=secrets,
        moves=moves,
        mailing=mailing,
        clock=clock,
        public_url=public_url,
        ttl=ttl,
    )
    return DeliveryGround(units, registry, clock, public_url, secrets, moves, offers, access)


@dataclass(frozen=True, slots=True)
class Outside:
    """What delivery reaches the outside with."""

    resolver: DIDResolver
    poster: Poster
    typesetter: Typesetter
    papers: PaperReader


@dataclass(frozen=True, slots=True)
class Delivery:
    """The desks of delivery, and what the clock does for them."""

    units: UnitOfWorkFactory
    clock: Clock
    offers: OfferDesk
    offer_moves: OfferMoves
    redeeming: RedeemDesk
    copies: Copies
    downloads: Downloads
    sharing: Sharing
    verify_desk: VerifyDesk
    presenting: PresentingDesk
    events: EventDesk
    event_feed: EventFeed
    webhooks: WebhookDesk
    dispatching: Dispatching
    reader: WebhookReader
    didcomm: DidcommDesk

    def join(self, tasks: Tasks) -> None:
        """Let the clock end offers whose time is over, forget what nobody needs any more, and carry what waits."""
        tasks.add("read trail", self.reader.read_once, TRAIL_EVERY, look=self.reader.is_behind)
        self.dispatching.join(tasks)
        tasks.add("expire offers", self.offers.expire_due, OFFERS_EVERY, look=_is_over)
        tasks.add("forget deliveries", self.forget, FORGET_EVERY)

    def forget(self) -> int:
        """Drop what was used once and is over: nonces, requests and tokens of wallets, presentations, old parcels
        and threads.

        In short batches, so that nobody waits for it; in many of them, so that strangers cannot make more than goes.
        """
        now = self.clock.now()
        old = now - PARCELS_KEPT
        return sum(
            self._forget_all(some)
            for some in (
                lambda uow, most: uow.spent.forget(now, most),
                lambda uow, most: uow.wallets.forget_unanswered(now, most),
                lambda uow, most: uow.wallets.forget(old, most),
                lambda uow, most: uow.presentations.forget(now, most),
                lambda uow, most: uow.disclosures.forget(now, most),
                lambda uow, most: uow.parcels.forget(old, most),
                lambda uow, most: uow.didcomm.forget(now - THREADS_KEPT, most),
            )
        )

    def _forget_all(self, some: Callable[[UnitOfWork, int], int]) -> int:
        dropped = 0
        for _ in range(_BATCHES):
            with self.units() as uow:
                gone = some(uow, _FORGOTTEN_AT_ONCE)
                uow.commit()
            dropped += gone
            if gone < _FORGOTTEN_AT_ONCE:
                break
        return dropped


def join_delivery(
    ground: DeliveryGround,
    *,
    issuing: Issuing,
    verifier: Verifier,
    canon: Canonicalizer,
    keys: KeyStore,
    deriving: Deriving,
    payouts: PayoutDesk,
    notices: NoticeDesk,
    acts: Acts,
    dids: DIDDesk,
    outside: Outside,
    organization: str,
    concurrency: int,
) -> Delivery:
    """Build the desks.

    Args:
        concurrency: How many messages are on their way at a time in this process.
    """
    units, registry, clock, url = ground.units, ground.registry, ground.clock, ground.public_url
    stored = StoredCredentials(resolver=outside.resolver, canon=canon, clock=clock)
    copies = Copies(units=units, registry=registry, issuing=issuing, stored=stored, clock=clock, public_url=url)
    sharing = Sharing(units=units, secrets=ground.secrets, clock=clock, public_url=url)
    pausing = WebhookPausing(notices, clock)
    events = EventDesk(units=units, ids=EventIds(units, ground.secrets), clock=clock)
    reader = WebhookReader(units=units, events=events, pausing=pausing, clock=clock)
    didcomm = join_didcomm(
        DidcommNeighbors(
            units=units,
            acts=acts,
            access=ground.access,
            registry=registry,
            keys=keys,
            dids=dids,
            resolver=outside.resolver,
            verifier=verifier,
            secrets=ground.secrets,
            offers=ground.offers,
            moves=ground.moves,
            poster=outside.poster,
            clock=clock,
            canon=canon,
        ),
        public_url=url,
    )
    return Delivery(
        units=units,
        clock=clock,
        offers=ground.offers,
        offer_moves=ground.moves,
        redeeming=RedeemDesk(
            units=units,
            access=ground.access,
            secrets=ground.secrets,
            moves=ground.moves,
            proofs=HolderProofs(outside.resolver, url),
            clock=clock,
        ),
        copies=copies,
        downloads=Downloads(
            units=units,
            copies=copies,
            sharing=sharing,
            deriving=deriving,
            typesetter=outside.typesetter,
            clock=clock,
            organization=organization,
        ),
        sharing=sharing,
        verify_desk=VerifyDesk(
            verifier=verifier, registry=registry, units=units, public_url=url, papers=outside.papers
        ),
        presenting=PresentingDesk(
            units=units,
            secrets=ground.secrets,
            verifier=verifier,
            registry=registry,
            clock=clock,
            canon=canon,
            public_url=url,
        ),
        events=events,
        event_feed=EventFeed(units, events),
        webhooks=WebhookDesk(units=units, keys=keys, poster=outside.poster, events=events, clock=clock),
        dispatching=Dispatching(
            units=units,
            poster=outside.poster,
            clock=clock,
            carriers={
                ParcelKind.WEBHOOK: WebhookCarrier(
                    units=units, keys=keys, events=events, payouts=payouts, pausing=pausing, clock=clock
                ),
                ParcelKind.DIDCOMM: didcomm.post,
            },
            workers=concurrency,
            sources=(reader.read_once,),
        ),
        reader=reader,
        didcomm=didcomm,
    )


def _is_over(uow: UnitOfWork, now: datetime) -> bool:
    return bool(uow.offers.over(now, 1))
