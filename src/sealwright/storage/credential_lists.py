"""Which credentials a list shows, as a query that reads little more than the page it gives.

Somebody who may see a few issuers' and a few holders' credentials gets a merge of short runs, one for
each of them, each read from an index that ends in the uid. A plain ``OR`` would walk all credentials
of everybody until a page is full.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from sealwright.domain.credentials import CredentialFilter, CredentialStatus
from sealwright.storage.credential_rows import holder_digest
from sealwright.storage.tables import credentials

_VALID: Final = CredentialStatus.VALID.value
_TOUCHED: Final = sa.text("status <> 'valid'")
_LITERAL_TYPE: Final = sa.LargeBinary()

Condition = sa.ColumnElement[bool] | sa.TextClause


@dataclass(frozen=True, slots=True)
class PageKey:
    """Where a page begins and how many ids are read for it."""

    before: UUID | None
    limit: int


def page_of_ids(
    wanted: CredentialFilter, type_sets: Sequence[bytes] | None, *, now: datetime, key: PageKey
) -> sa.Select[tuple[UUID]] | None:
    """Build the query for a page's uids, newest first; None when nothing can match.

    Args:
        type_sets: The sets that hold the wanted credential type; None for any.
    """
    conditions = _conditions(wanted, now)
    runs: list[list[Condition]] = [[]]
    visible = _visible(wanted)
    if visible is not None:
        runs = [[condition] for condition in visible]
    if type_sets is not None:
        runs = [[*run, credentials.c.type_set == one] for run in runs for one in type_sets]
    if not runs:
        return None
    if len(runs) == 1:
        return _run([*conditions, *runs[0]], key)
    parts = [sa.select(_run([*conditions, *run], key).subquery().c.uid) for run in runs]
    merged = sa.union(*parts).subquery()
    return sa.select(merged.c.uid).order_by(merged.c.uid.desc()).limit(key.limit)


def _run(conditions: Iterable[Condition], key: PageKey) -> sa.Select[tuple[UUID]]:
    """Build the query for one run of uids, newest first."""
    statement = sa.select(credentials.c.uid).where(*conditions)
    if key.before is not None:
        statement = statement.where(credentials.c.uid < sa.literal(key.before, credentials.c.uid.type))
    return statement.order_by(credentials.c.uid.desc()).limit(key.limit)


def _conditions(wanted: CredentialFilter, now: datetime) -> list[Condition]:
    conditions: list[Condition] = []
    if wanted.issuer_did is not None:
        conditions.append(credentials.c.issuer_did == wanted.issuer_did)
    if wanted.holder_did is not None:
        conditions.append(credentials.c.holder_digest == holder_digest(wanted.holder_did))
    if wanted.schema_id is not None:
        conditions.append(credentials.c.schema_id == wanted.schema_id)
    if wanted.batch_id is not None:
        conditions.append(credentials.c.batch_id == wanted.batch_id)
    if wanted.status is not None:
        conditions.extend(_status(wanted.status, now))
    return conditions


def _status(status: CredentialStatus, now: datetime) -> list[Condition]:
    """Say in SQL what `CredentialRecord.status_at` says: revoked stays revoked, else a past expiry wins."""
    moment = sa.literal(now, credentials.c.expires_at.type)
    is_past = credentials.c.expires_at <= moment
    is_current = sa.or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > moment)
    if status is CredentialStatus.EXPIRED:
        return [is_past, credentials.c.status != CredentialStatus.REVOKED.value]
    if status is CredentialStatus.VALID:
        return [credentials.c.status == _VALID, is_current]
    touched: list[Condition] = [_TOUCHED, credentials.c.status == status.value]
    return touched if status is CredentialStatus.REVOKED else [*touched, is_current]


def _visible(wanted: CredentialFilter) -> list[Condition] | None:
    """Give one condition per issuer and holder that the caller may see; None when all are, or the filter says so."""
    issuers, holders = wanted.visible_issuers, wanted.visible_holders
    if issuers is None and holders is None:
        return None
    # What is asked for by name and visible by that name needs no other proof.
    if wanted.issuer_did is not None and wanted.issuer_did in (issuers or ()):
        return None
    if wanted.holder_did is not None and wanted.holder_did in (holders or ()):
        return None
    visible: list[Condition] = []
    if wanted.issuer_did is None:
        visible.extend(credentials.c.issuer_did == issuer for issuer in sorted(issuers or ()))
    if wanted.holder_did is None:
        visible.extend(credentials.c.holder_digest == holder_digest(holder) for holder in sorted(holders or ()))
    return visible
