"""Which offers a list shows, as a query that reads little more than the page it gives.

As for credentials, somebody who sees offers of a few issuers or types and their own gets a merge of short runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.offers import OPEN_STATES, OfferState
from sealwright.services.delivery_ports import OfferFilter
from sealwright.storage.column_types import moment_of
from sealwright.storage.cursors import dated_key
from sealwright.storage.delivery_tables import OPEN_OFFER, offers

OFFERS_LIST: Final = "o"
_NEWEST_FIRST: Final = (offers.c.created_at.desc(), offers.c.offer_id.desc())
_MOMENT: Final = offers.c.created_at.type
# What an index holds only the rows of that have it is named as text, so that both databases see it.
_KEYS: Final[tuple[sa.Column[Any], ...]] = (offers.c.credential_id, offers.c.grant_id, offers.c.request_id)
# A statement of a few hundred parts is planned fast; longer lists of visible DIDs are asked in turns.
_MOST_RUNS: Final = 200

Condition = sa.ColumnElement[bool] | sa.TextClause


def pages_of_offers(wanted: OfferFilter, *, now: datetime, limit: int, cursor: str | None) -> Iterator[sa.Select[Any]]:
    """Build the queries of which the newest rows together are a page: ids and moments, each newest first.

    Raises:
        InvalidPagination: The cursor is not of this list.
    """
    common: list[Condition] = []
    if cursor is not None:
        common.append(_behind(cursor))
    for column in _KEYS:
        value = getattr(wanted, column.name)
        if value is not None:
            common.extend(_has(column, value))
    states = _states(wanted.state, now)
    runs = [_run([*common, *seen, *state], limit) for seen in _visible(wanted) for state in states]
    for start in range(0, len(runs), _MOST_RUNS):
        yield _merged(runs[start : start + _MOST_RUNS], limit)


def _merged(runs: Sequence[sa.Select[Any]], limit: int) -> sa.Select[Any]:
    if len(runs) == 1:
        return runs[0]
    merged = sa.union(*(sa.select(run.subquery()) for run in runs)).subquery()
    newest_first = (merged.c.created_at.desc(), merged.c.offer_id.desc())
    return sa.select(merged.c.offer_id, merged.c.created_at).order_by(*newest_first).limit(limit)


def _run(conditions: Iterable[Condition], limit: int) -> sa.Select[Any]:
    statement = sa.select(offers.c.offer_id, offers.c.created_at).where(*conditions)
    return statement.order_by(*_NEWEST_FIRST).limit(limit)


def _behind(cursor: str) -> Condition:
    seconds, offer_id = dated_key(OFFERS_LIST, cursor)
    return sa.tuple_(offers.c.created_at, offers.c.offer_id) < sa.tuple_(
        sa.literal(moment_of(seconds), _MOMENT), sa.literal(offer_id, offers.c.offer_id.type)
    )


def _has(column: sa.Column[Any], value: str) -> list[Condition]:
    return [sa.text(f"{column.name} IS NOT NULL"), column == value]


def _visible(wanted: OfferFilter) -> list[list[Condition]]:
    """One list of conditions for each issuer, type and person that the caller may see; an empty one for everything."""
    if wanted.issuer_dids is None and wanted.user_id is None and wanted.credential_types is None:
        return [[]]
    if any(getattr(wanted, column.name) is not None for column in _KEYS):
        # The few offers of one thing are looked through.
        any_of: list[sa.ColumnElement[bool]] = [
            offers.c.issuer_did.in_(sorted(wanted.issuer_dids or ())),
            offers.c.credential_type.in_(sorted(wanted.credential_types or ())),
        ]
        if wanted.user_id is not None:
            any_of.append(offers.c.holder_user_id == wanted.user_id)
        return [[sa.or_(*any_of)]]
    seen = [_has(offers.c.issuer_did, did) for did in sorted(wanted.issuer_dids or ())]
    seen.extend(_has(offers.c.credential_type, value) for value in sorted(wanted.credential_types or ()))
    if wanted.user_id is not None:
        seen.append(_has(offers.c.holder_user_id, wanted.user_id))
    return seen


def _states(state: OfferState | None, now: datetime) -> list[list[Condition]]:
    """Say in SQL what `Offer.state_at` says: an expiry that has passed counts, recorded or not."""
    if state is None:
        return [[]]
    recorded: Condition = offers.c.state == state.value
    moment = sa.literal(now, _MOMENT)
    if state is OfferState.EXPIRED:
        return [[recorded], [sa.text(OPEN_OFFER), offers.c.expires_at <= moment]]
    return [[recorded, offers.c.expires_at > moment]] if state in OPEN_STATES else [[recorded]]
