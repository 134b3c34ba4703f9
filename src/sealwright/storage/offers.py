"""Credential offers, as rows."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.errors import VersionConflict
from sealwright.domain.offers import Offer, OfferBinding, OfferChannel, OfferState
from sealwright.services.delivery_ports import OfferFilter
from sealwright.services.ports import Page
from sealwright.storage.column_types import seconds_of
from sealwright.storage.cursors import dated_cursor
from sealwright.storage.delivery_tables import OPEN_OFFER, offers
from sealwright.storage.driver_text import DriverText
from sealwright.storage.offer_lists import OFFERS_LIST, pages_of_offers
from sealwright.storage.shapes import Shape, named
from sealwright.storage.transaction import Transaction

_SHAPE: Final = Shape(
    Offer, {"channel": named(OfferChannel), "state": named(OfferState), "binding": named(OfferBinding)}
)
_NAMES: Final = ", ".join(_SHAPE.names)
_ADD: Final = DriverText.of(
    f"INSERT INTO offers ({_NAMES}) VALUES ({', '.join(['%s'] * len(_SHAPE.names))}) "  # noqa: S608 - our own names
    "ON CONFLICT (origin) WHERE origin IS NOT NULL DO NOTHING"
)
_OFFER: Final = sa.select(*offers.columns)
# As text, so that both databases see the condition of the index in it.
_IS_OPEN: Final = sa.text(OPEN_OFFER)
_BY_ID: Final = _OFFER.where(offers.c.offer_id == sa.bindparam("key"))
_NEWEST_FIRST: Final = (offers.c.created_at.desc(), offers.c.offer_id.desc())
_OVER: Final = (
    sa.select(offers.c.offer_id)
    .where(_IS_OPEN, offers.c.expires_at <= sa.bindparam("now", type_=offers.c.expires_at.type))
    .order_by(offers.c.expires_at, offers.c.offer_id)
    .limit(sa.bindparam("how_many"))
)
_MOST_OF_CREDENTIAL: Final = 100


def _by(column: sa.Column[Any]) -> sa.Select[Any]:
    """Find by a column of which only the rows that have it are in its index."""
    return _OFFER.where(sa.text(f"{column.name} IS NOT NULL"), column == sa.bindparam("key", type_=column.type))


_BY_SECRET: Final = _by(offers.c.secret_digest)
_BY_CODE: Final = _by(offers.c.code_digest)
_BY_ORIGIN: Final = _by(offers.c.origin)
_BY_THREAD: Final = _by(offers.c.thread_id).order_by(*_NEWEST_FIRST).limit(1)
_OF_CREDENTIAL: Final = _by(offers.c.credential_id).order_by(*_NEWEST_FIRST).limit(_MOST_OF_CREDENTIAL)
_OPEN_OF_CREDENTIAL: Final = (
    _by(offers.c.credential_id).where(_IS_OPEN).order_by(offers.c.created_at, offers.c.offer_id)
)
_OPEN_OF_CREDENTIALS: Final = (
    _OFFER.where(
        sa.text("credential_id IS NOT NULL"),
        offers.c.credential_id.in_(sa.bindparam("keys", expanding=True)),
    )
    .where(_IS_OPEN)
    .order_by(offers.c.created_at, offers.c.offer_id)
)
_OF_REQUEST: Final = _by(offers.c.request_id).where(_IS_OPEN).order_by(offers.c.created_at, offers.c.offer_id)
_OF_GRANT: Final = _by(offers.c.grant_id).where(_IS_OPEN).order_by(offers.c.created_at, offers.c.offer_id)


class StoredOffers:
    """Offers in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add(self, offer: Offer) -> bool:
        """Add an offer; False where another one has the same `origin`, and nothing is written then."""
        return _ADD.many(self._transaction, [_SHAPE.driver_values(offer)]) == 1

    def get(self, offer_id: str) -> Offer | None:
        """Find an offer."""
        return self._one(_BY_ID, offer_id)

    def get_for_update(self, offer_id: str) -> Offer | None:
        """Find an offer and lock its row until the unit of work ends."""
        return self._one(self._transaction.locking(_BY_ID), offer_id)

    def by_secret(self, digest: bytes) -> Offer | None:
        """Find an offer by the digest of its token or reference."""
        return self._one(_BY_SECRET, digest)

    def by_code(self, digest: bytes) -> Offer | None:
        """Find an offer by the digest of its pre-authorized code."""
        return self._one(_BY_CODE, digest)

    def by_origin(self, origin: str) -> Offer | None:
        """Find the offer that a call made which makes it once only."""
        return self._one(_BY_ORIGIN, origin)

    def by_thread(self, thread_id: str) -> Offer | None:
        """Find the newest offer of a conversation."""
        return self._one(_BY_THREAD, thread_id)

    def update(self, offer: Offer) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The offer has moved on, or is unknown.
        """
        statement = (
            sa.update(offers)
            .where(offers.c.offer_id == offer.offer_id, offers.c.version == offer.version - 1)
            .values(_SHAPE.values(offer))
        )
        if self._transaction.change(statement) != 1:
            raise VersionConflict("This offer was changed in the meantime.")

    def list(self, wanted: OfferFilter, *, now: datetime, limit: int, cursor: str | None) -> Page[Offer]:
        """List offers, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        found: set[tuple[datetime, str]] = set()
        for statement in pages_of_offers(wanted, now=now, limit=limit + 1, cursor=cursor):
            found.update((row.created_at, row.offer_id) for row in self._transaction.rows(statement))
        keys = sorted(found, reverse=True)
        ids = [offer_id for _, offer_id in keys[:limit]]
        items = self._many(_OFFER.where(offers.c.offer_id.in_(ids)).order_by(*_NEWEST_FIRST)) if ids else ()
        if len(keys) <= limit or not items:
            return Page(items, None)
        return Page(items, dated_cursor(OFFERS_LIST, seconds_of(items[-1].created_at), items[-1].offer_id))

    def of_credential(self, credential_id: str) -> tuple[Offer, ...]:
        """List every offer of a credential, newest first, ended ones too; at most 100."""
        return self._many(_OF_CREDENTIAL, key=credential_id)

    def open_of_credential(self, credential_id: str) -> tuple[Offer, ...]:
        """List the open offers of a credential, oldest first."""
        return self._many(_OPEN_OF_CREDENTIAL, key=credential_id)

    def open_of_credentials(self, credential_ids: Collection[str]) -> tuple[Offer, ...]:
        """List the open offers of several credentials, oldest first."""
        return self._many(_OPEN_OF_CREDENTIALS, keys=list(credential_ids)) if credential_ids else ()

    def of_request(self, request_id: str) -> tuple[Offer, ...]:
        """List the open offers that were made for a request, oldest first."""
        return self._many(_OF_REQUEST, key=request_id)

    def open_of_grant(self, grant_id: str) -> tuple[Offer, ...]:
        """List the open offers under a grant, oldest first."""
        return self._many(_OF_GRANT, key=grant_id)

    def over(self, now: datetime, limit: int) -> tuple[str, ...]:
        """List ids of offers that are open by their row though their time is over."""
        rows = self._transaction.rows(_OVER, {"now": now, "how_many": limit})
        return tuple(row.offer_id for row in rows)

    def _one(self, statement: sa.Select[Any], key: object) -> Offer | None:
        return _SHAPE.optional(self._transaction.row(statement, {"key": key}))

    def _many(self, statement: sa.Select[Any], **parameters: object) -> tuple[Offer, ...]:
        return tuple(_SHAPE.read(row) for row in self._transaction.rows(statement, parameters))
