"""Which delegations a list shows, as a query that reads little more than the page it gives.

As for credentials, somebody who sees those of a few DIDs gets a merge of short runs, each read from an index in order
of uid.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from sealwright.domain.credentials import CredentialStatus
from sealwright.domain.delegations import DelegationFilter, DelegationStatus
from sealwright.storage.delegation_tables import NOT_ENDED, delegation_index, delegations
from sealwright.storage.tables import credentials

_REVOKED: Final = CredentialStatus.REVOKED.value
_UID: Final = delegations.c.uid.type
_MOMENT: Final = credentials.c.expires_at.type
# A statement of a few hundred parts is planned fast; longer lists of DIDs are asked in turns.
_MOST_RUNS: Final = 200
_MERGED: Final = "merged"

# As text, so that both databases see the condition of the index in it. In an old office few are open.
_NOT_ENDED: Final = sa.text(NOT_ENDED)
_OPEN: Final = frozenset({DelegationStatus.ACTIVE, DelegationStatus.SUSPENDED})

Condition = sa.ColumnElement[bool] | sa.TextClause


def pages_of_delegations(
    wanted: DelegationFilter, *, now: datetime, before: UUID | None, limit: int
) -> Iterator[sa.Select[tuple[UUID, str]]]:
    """Build the queries of which the newest rows together are a page: uids and ids, newest first."""
    runs = [_run(wanted, term, now=now, before=before, limit=limit) for term in _terms(wanted)]
    for start in range(0, len(runs), _MOST_RUNS):
        yield _page(runs[start : start + _MOST_RUNS], limit)


def _terms(wanted: DelegationFilter) -> Sequence[str | None]:
    """One run for each DID that may see; a single one for everything, or for what is seen by the DID asked for."""
    parties = wanted.parties
    if parties is None or wanted.delegator_did in parties or wanted.delegate_did in parties:
        return (None,)
    return sorted(parties)


def _page(runs: Sequence[sa.Select[tuple[UUID]]], limit: int) -> sa.Select[tuple[UUID, str]]:
    merged = runs[0] if len(runs) == 1 else sa.union(*(sa.select(run.subquery().c.uid) for run in runs))
    part = merged.subquery(_MERGED)
    newest = sa.select(part.c.uid).order_by(part.c.uid.desc()).limit(limit).subquery()
    statement = sa.select(delegations.c.uid, delegations.c.delegation_id).join(
        newest, newest.c.uid == delegations.c.uid
    )
    return statement.order_by(delegations.c.uid.desc())


def _run(
    wanted: DelegationFilter, term: str | None, *, now: datetime, before: UUID | None, limit: int
) -> sa.Select[tuple[UUID]]:
    of_delegation = [
        column == value
        for column, value in (
            (delegations.c.delegator_did, wanted.delegator_did),
            (delegations.c.delegate_did, wanted.delegate_did),
        )
        if value is not None
    ]
    uid = delegations.c.uid if term is None else delegation_index.c.uid
    conditions: list[Condition] = list(of_delegation)
    if wanted.status in _OPEN:
        conditions.append(_NOT_ENDED)
    source: sa.FromClause = uid.table
    if term is not None:
        if conditions:
            source = source.join(delegations, delegations.c.uid == uid)
        conditions.append(delegation_index.c.term == term)
    if wanted.status is not None:
        source = source.join(credentials, credentials.c.uid == uid)
        conditions.extend(_status(wanted.status, now))
    if before is not None:
        conditions.append(uid < sa.literal(before, _UID))
    return sa.select(uid).select_from(source).where(*conditions).order_by(uid.desc()).limit(limit)


def _status(status: DelegationStatus, now: datetime) -> list[Condition]:
    """Say in SQL what `Delegation.status_at` says: revoked stays revoked, else a past end wins."""
    if status is DelegationStatus.REVOKED:
        return [credentials.c.status == _REVOKED]
    moment = sa.literal(now, _MOMENT)
    if status is DelegationStatus.EXPIRED:
        return [credentials.c.status != _REVOKED, credentials.c.expires_at <= moment]
    kept: Any = CredentialStatus.VALID if status is DelegationStatus.ACTIVE else CredentialStatus.SUSPENDED
    return [credentials.c.status == kept.value, credentials.c.expires_at > moment]
