"""The credentials of batches: storing those of a chunk, and finding those that a mass act is about."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa

from sealwright.domain.credentials import CredentialRecord, CredentialStatus
from sealwright.services.batch_ports import MassFilter, MassGroup
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.credential_copy import COPY, copy_data
from sealwright.storage.credential_rows import TypeSets, values_of
from sealwright.storage.driver_text import DriverText
from sealwright.storage.tables import credentials
from sealwright.storage.transaction import Transaction

_COUNT: Final = DriverText.of("SELECT count(*) FROM credentials WHERE batch_id IS NOT NULL AND batch_id = %s")
_WRITER: Final = RowWriter(credentials)
_UID: Final = credentials.c.uid.type
_MOMENT: Final = credentials.c.expires_at.type
# So many of an issuer's credentials are looked at by one statement, whatever the filter finds among them: no
# statement takes longer because there are more of them.
_LOOKED_AT: Final = 20_000

Condition = sa.ColumnElement[bool] | sa.TextClause


class StoredBatchCredentials:
    """Credentials in the database, by the thousand."""

    def __init__(self, transaction: Transaction, type_sets: TypeSets) -> None:
        self._transaction = transaction
        self._type_sets = type_sets

    def add_credentials(self, records: Sequence[CredentialRecord]) -> None:
        """Store the credentials of one chunk by the fastest way; all have the same types."""
        if not records:
            return
        (types,) = self._type_sets.write(records[:1]).values()
        if self._transaction.is_sqlite:
            uid = self._transaction.uid
            _WRITER.write(self._transaction, [values_of(record, uid, types) for record in records])
        else:
            self._transaction.copy_data(COPY, copy_data(records, types))

    def count_credentials(self, batch_id: str) -> int:
        """How many credentials are stored as this batch's."""
        return int(_COUNT.rows(self._transaction, batch_id)[0][0])

    def matching(self, wanted: MassFilter, after: UUID | None, limit: int) -> tuple[UUID, ...]:
        """Credentials that are not revoked, in order of id, from behind `after`."""
        found: list[UUID] = []
        for window in self._windows(wanted, after):
            statement = sa.select(credentials.c.uid).where(*window).order_by(credentials.c.uid)
            found.extend(row.uid for row in self._transaction.rows(statement.limit(limit - len(found))))
            if len(found) >= limit:
                break
        return tuple(found)

    def count_matching(self, wanted: MassFilter) -> int:
        """How many credentials a mass act is about."""
        counting = sa.select(sa.func.count()).select_from(credentials)
        return sum(self._transaction.rows(counting.where(*window))[0][0] for window in self._windows(wanted, None))

    def groups_of(self, wanted: MassFilter, now: datetime) -> tuple[MassGroup, ...]:
        """The same, counted by kind and state."""
        counted: Counter[tuple[Any, ...]] = Counter()
        columns = _kinds(now)
        statement = sa.select(*columns, sa.func.count()).group_by(*columns)
        for window in self._windows(wanted, None):
            for row in self._transaction.rows(statement.where(*window)):
                counted[tuple(row[:-1])] += row[-1]
        ordered = sorted(counted.items(), key=lambda one: (-one[1], str(one[0])))
        return tuple(_group(kind, count) for kind, count in ordered)

    def _windows(self, wanted: MassFilter, after: UUID | None) -> Iterator[list[Condition]]:
        """Give the conditions for what fits in one part of the issuer's credentials after the other."""
        named = _named(wanted)
        last = after
        while True:
            behind = named if last is None else [*named, credentials.c.uid > sa.literal(last, _UID)]
            ends = sa.select(credentials.c.uid).where(*behind).order_by(credentials.c.uid)
            row = self._transaction.row(ends.offset(_LOOKED_AT - 1).limit(1))
            until = [] if row is None else [credentials.c.uid <= sa.literal(row.uid, _UID)]
            yield [*behind, *until, *_fitting(wanted)]
            if row is None:
                return
            last = row.uid


def _named(wanted: MassFilter) -> list[Condition]:
    """What an index leads to."""
    if wanted.batch_id is not None:
        return [sa.text("batch_id IS NOT NULL"), credentials.c.batch_id == wanted.batch_id]
    return [credentials.c.issuer_did == wanted.issuer_did]


def _fitting(wanted: MassFilter) -> list[Condition]:
    """What is looked at row by row."""
    conditions: list[Condition] = [
        credentials.c.issuer_did == wanted.issuer_did,
        credentials.c.status != CredentialStatus.REVOKED.value,
    ]
    for column in (
        credentials.c.schema_id,
        credentials.c.verification_method,
        credentials.c.proof_type,
        credentials.c.revocable,
        credentials.c.suspendable,
    ):
        value = getattr(wanted, column.name)
        if value is not None:
            conditions.append(column == value)
    if wanted.status is not None:
        conditions.append(credentials.c.status == wanted.status.value)
    if wanted.issued_from is not None:
        conditions.append(credentials.c.issued_at >= wanted.issued_from)
    if wanted.issued_to is not None:
        conditions.append(credentials.c.issued_at <= wanted.issued_to)
    if wanted.open_at is not None:
        conditions.append(sa.or_(credentials.c.expires_at.is_(None), credentials.c.expires_at > wanted.open_at))
    if not wanted.with_copies:
        conditions.append(credentials.c.copy_of.is_(None))
    return conditions


def _kinds(now: datetime) -> tuple[sa.ColumnElement[Any], ...]:
    """What groups are told apart by, in the order of `MassGroup`."""
    has_ended = credentials.c.expires_at <= sa.literal(now, _MOMENT)
    # Written out, so that the database sees the same expression wherever it stands in the statement.
    state = sa.case((has_ended, sa.literal_column(f"'{CredentialStatus.EXPIRED.value}'")), else_=credentials.c.status)
    return (
        credentials.c.schema_id,
        credentials.c.proof_type,
        credentials.c.revocable,
        credentials.c.suspendable,
        state.label("state"),
        credentials.c.copy_of.is_not(None).label("is_copy"),
        credentials.c.grant_id.is_not(None).label("with_grant"),
    )


def _group(kind: tuple[Any, ...], count: int) -> MassGroup:
    schema_id, proof_type, revocable, suspendable, state, is_copy, with_grant = kind
    return MassGroup(
        schema_id=schema_id,
        proof_type=proof_type,
        revocable=revocable,
        suspendable=suspendable,
        status=CredentialStatus(state),
        is_copy=bool(is_copy),
        with_grant=bool(with_grant),
        count=count,
    )
