"""The desks of requests and grants, joined: asking, deciding, granting, and what the clock does for them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.services.acts import Acts
from sealwright.services.deciding import Deciding
from sealwright.services.expiry import Expiry
from sealwright.services.grant_issuance import GrantIssuance
from sealwright.services.grant_making import GrantMaking
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.granting import GrantingDesk
from sealwright.services.intake import Intake
from sealwright.services.issuance import Issuing
from sealwright.services.looks import Looks
from sealwright.services.notices import NoticeDesk
from sealwright.services.offers import OfferDesk
from sealwright.services.order_checks import OrderChecks
from sealwright.services.own_dids import OwnDIDs
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.registry import Registry
from sealwright.services.request_views import RequestViews
from sealwright.services.review import ReviewDesk
from sealwright.services.schema_shelf import SchemaShelf
from sealwright.services.tasks import SIGN_GRANTS, Tasks

# What is due is looked for often: a credential leaves soon after its undo window.
SIGN_EVERY: Final = timedelta(seconds=1)
EXPIRE_EVERY: Final = timedelta(seconds=5)


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

    def join(self, tasks: Tasks) -> None:
        """Let the clock sign what is due, and end what has expired."""
        tasks.add(SIGN_GRANTS, self.issuance.sign_due, SIGN_EVERY, look=_is_unsigned)
        tasks.add("expire grants", self.expiry.expire_due, EXPIRE_EVERY, look=_is_over)


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


def _is_unsigned(uow: UnitOfWork, now: datetime) -> bool:
    return bool(uow.grants.unsigned(now, 1))


def _is_over(uow: UnitOfWork, now: datetime) -> bool:
    return bool(uow.grants.ended(now, 1))
