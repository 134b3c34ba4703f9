"""Which batches a list shows, as queries that read little more than the page they give."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.batches import BatchFilter
from sealwright.storage.bulk_tables import batches
from sealwright.storage.column_types import moment_of
from sealwright.storage.cursors import dated_key

BATCHES_LIST: Final = "b"
_MOMENT: Final = batches.c.created_at.type
_NEWEST_FIRST: Final = (batches.c.created_at.desc(), batches.c.batch_id.desc())
# A statement of a few hundred parts is planned fast; longer lists of visible DIDs are asked in turns.
_MOST_RUNS: Final = 200
_OF_TYPE: Final = sa.text("credential_type IS NOT NULL")

Condition = sa.ColumnElement[bool] | sa.TextClause


def pages_of_batches(wanted: BatchFilter, *, limit: int, cursor: str | None) -> Iterator[sa.Select[Any]]:
    """Build the queries of which the newest rows together are a page: ids and moments, each newest first.

    Raises:
        InvalidPagination: The cursor is not of this list.
    """
    common = [*_named(wanted), *([] if cursor is None else [_behind(cursor)])]
    if wanted.status is not None:
        common.append(batches.c.status == wanted.status.value)
    runs = [
        sa.select(batches.c.batch_id, batches.c.created_at).where(*common, *seen).order_by(*_NEWEST_FIRST).limit(limit)
        for seen in _visible(wanted)
    ]
    for start in range(0, len(runs), _MOST_RUNS):
        yield _merged(runs[start : start + _MOST_RUNS], limit)


def states_of_batches(wanted: BatchFilter) -> Iterator[sa.Select[Any]]:
    """Build the queries for ids and states of what the filter shows whatever its state; a batch may come twice."""
    columns = sa.select(batches.c.batch_id, batches.c.status).where(*_named(wanted))
    runs = [columns.where(*seen) for seen in _visible(wanted)]
    for start in range(0, len(runs), _MOST_RUNS):
        part = runs[start : start + _MOST_RUNS]
        yield part[0] if len(part) == 1 else sa.union_all(*part)  # type: ignore[misc]


def all_states(wanted: BatchFilter) -> sa.Select[Any] | None:
    """Build the query that counts by state in the database; None where the caller does not see everything."""
    if _visible(wanted) != [[]]:
        return None
    counted = sa.select(batches.c.status, sa.func.count().label("how_many")).where(*_named(wanted))
    return counted.group_by(batches.c.status)


def _named(wanted: BatchFilter) -> list[Condition]:
    conditions: list[Condition] = []
    if wanted.kind is not None:
        conditions.append(batches.c.kind == wanted.kind.value)
    if wanted.issuer_did is not None:
        conditions.append(batches.c.issuer_did == wanted.issuer_did)
    return conditions


def _merged(runs: Sequence[sa.Select[Any]], limit: int) -> sa.Select[Any]:
    if len(runs) == 1:
        return runs[0]
    merged = sa.union(*(sa.select(run.subquery()) for run in runs)).subquery()
    newest_first = (merged.c.created_at.desc(), merged.c.batch_id.desc())
    return sa.select(merged.c.batch_id, merged.c.created_at).order_by(*newest_first).limit(limit)


def _behind(cursor: str) -> Condition:
    seconds, batch_id = dated_key(BATCHES_LIST, cursor)
    return sa.tuple_(batches.c.created_at, batches.c.batch_id) < sa.tuple_(
        sa.literal(moment_of(seconds), _MOMENT), sa.literal(batch_id, batches.c.batch_id.type)
    )


def _visible(wanted: BatchFilter) -> list[list[Condition]]:
    """One list of conditions for each issuer and type that the caller may see; an empty one for everything."""
    if wanted.issuer_dids is None and wanted.credential_types is None:
        return [[]]
    issuers = wanted.issuer_dids or frozenset()
    # What is asked for by name and visible by that name needs no other proof.
    if wanted.issuer_did is not None and wanted.issuer_did in issuers:
        return [[]]
    by_issuer: list[list[Condition]] = [[batches.c.issuer_did == did] for did in sorted(issuers)]
    by_type: list[list[Condition]] = [
        [_OF_TYPE, batches.c.credential_type == value] for value in sorted(wanted.credential_types or ())
    ]
    return by_type if wanted.issuer_did is not None else [*by_issuer, *by_type]
