"""The rooms of DIDComm, joined."""

from __future__ import annotations

from dataclasses import dataclass

from sealwright.services.access import Access
from sealwright.services.acts import Acts
from sealwright.services.delivery_ports import Poster
from sealwright.services.didcomm import DidcommDesk
from sealwright.services.didcomm_inbox import DidcommInbox
from sealwright.services.didcomm_issuing import DidcommIssuing
from sealwright.services.didcomm_keys import OwnKeys
from sealwright.services.didcomm_posting import DidcommPost
from sealwright.services.didcomm_presenting import DidcommPresenting
from sealwright.services.dids import DIDDesk
from sealwright.services.offer_moves import OfferMoves
from sealwright.services.offers import OfferDesk
from sealwright.services.office_secrets import OfficeSecrets
from sealwright.services.ports import Clock, KeyStore, UnitOfWorkFactory
from sealwright.services.presentation_reading import PresentationReader
from sealwright.services.query_candidates import Candidates
from sealwright.services.query_judging import QueryJudging
from sealwright.services.registry import Registry
from sealwright.services.verification import Verifier
from sealwright.vc.canon import Canonicalizer
from sealwright.vc.dids.resolver import DIDResolver


@dataclass(frozen=True, slots=True)
class DidcommNeighbors:
    """What DIDComm works with, built before it."""

    units: UnitOfWorkFactory
    acts: Acts
    access: Access
    registry: Registry
    keys: KeyStore
    dids: DIDDesk
    resolver: DIDResolver
    verifier: Verifier
    secrets: OfficeSecrets
    offers: OfferDesk
    moves: OfferMoves
    poster: Poster
    clock: Clock
    canon: Canonicalizer


def join_didcomm(near: DidcommNeighbors, *, public_url: str) -> DidcommDesk:
    """Build the desk, and let offers travel by it. Its `post` carries parcels of kind `didcomm`."""
    units, registry, clock = near.units, near.registry, near.clock
    post = DidcommPost(
        units=units,
        acts=near.acts,
        registry=registry,
        keys=near.keys,
        dids=near.dids,
        resolver=near.resolver,
        moves=near.moves,
        poster=near.poster,
        clock=clock,
        public_url=public_url,
    )
    issuing = DidcommIssuing(post=post, offers=near.offers, moves=near.moves, clock=clock)
    reader = PresentationReader(verifier=near.verifier, registry=registry, units=units, public_url=public_url)
    presenting = DidcommPresenting(
        units=units,
        secrets=near.secrets,
        judge=QueryJudging(reader, Candidates(near.canon)),
        clock=clock,
        public_url=public_url,
    )
    inbox = DidcommInbox(
        units=units,
        registry=registry,
        own=OwnKeys(registry, near.keys),
        resolver=near.resolver,
        post=post,
        issuing=issuing,
        presenting=presenting,
        clock=clock,
    )
    desk = DidcommDesk(
        units=units,
        access=near.access,
        registry=registry,
        resolver=near.resolver,
        offers=near.offers,
        post=post,
        issuing=issuing,
        presenting=presenting,
        inbox=inbox,
        clock=clock,
    )
    near.offers.didcomm = desk
    return desk
