"""The desks of requests and grants, joined: asking, deciding, granting, and what the clock does for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sealwright.services.acts import Acts
from sealwright.services.deciding import Deciding
from sealwright.services.expiry import Expiry
from sealwright.services.grant_issuance import GrantIssuance
from sealwright.services.grant_making import GrantMaking
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.granting import GrantingDesk
from sealwright.services.housekeeping import Housekeeping
from sealwright.services.intake import Intake
from sealwright.services.issuance import Issuing
from sealwright.services.looks import Looks
from sealwright.services.notices import NoticeDesk
from sealwright.services.offers import OfferDesk
from sealwright.services.order_checks import OrderChecks
from sealwright.services.own_dids import OwnDIDs
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.services.request_views import RequestViews
from sealwright.services.review import ReviewDesk
from sealwright.services.schema_shelf import SchemaShelf


@dataclass(frozen=True, slots=True)
class ReviewNeighbors:
    """What the desks of requests and grants work with, built before them."""

    units: UnitOfWorkFactory
    registry: Registry
    clock: Clock
    acts: Acts
    checks: OrderChecks
    issuing: Issuing
    schemas: SchemaShelf
    moves: GrantMoves
    notices: NoticeDesk
    custodian: OwnDIDs
    looks: Looks
    offers: OfferDesk


@dataclass(frozen=True, slots=True)
class Review:
    """The desks of requests and grants, and what the clock does for them."""

    intake: Intake
    desk: ReviewDesk
    granting: GrantingDesk
    making: GrantMaking
    issuance: GrantIssuance
    expiry: Expiry

    def keep(self, housekeeping: Housekeeping, *, sign_every: timedelta, expire_every: timedelta) -> None:
        """Let the clock sign what is due, and end what has expired."""
        housekeeping.add("sign grants", self.issuance.sign_due, sign_every)
        housekeeping.add("expire grants", self.expiry.expire_due, expire_every)


def join_review(near: ReviewNeighbors, *, undo_window: timedelta, code_of: Callable[[Exception], str]) -> Review:
    """Build the desks.

    Args:
        undo_window: How long a decision of a page can be undone.
        code_of: Gives the stable code of what was raised, for grants that could not be signed.
    """
    units, clock = near.units, near.clock
    views = RequestViews(clock, undo_window=undo_window)
    making = GrantMaking(near.checks, near.schemas, near.moves, clock, undo_window=undo_window)
    issuance = GrantIssuance(
        units=units,
        registry=near.registry,
        issuing=near.issuing,
        custodian=near.custodian,
        notices=near.notices,
        offers=near.offers,
        clock=clock,
        code_of=code_of,
    )
    return Review(
        intake=Intake(units, near.schemas, near.notices, views, clock),
        desk=ReviewDesk(
            units=units,
            acts=near.acts,
            deciding=Deciding(making, near.moves, near.notices, near.offers, clock),
            making=making,
            moves=near.moves,
            issuance=issuance,
            notices=near.notices,
            views=views,
            looks=near.looks,
            offers=near.offers,
            clock=clock,
        ),
        granting=GrantingDesk(
            units=units,
            acts=near.acts,
            making=making,
            moves=near.moves,
            issuance=issuance,
            looks=near.looks,
            clock=clock,
        ),
        making=making,
        issuance=issuance,
        expiry=Expiry(units, near.moves, clock),
    )
