"""Status lists and their bits, as rows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.credentials import Allocation, StatusBits, StatusListRecord, StatusPurpose
from sealwright.domain.errors import StateConflict, StatusListNotFound
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.tables import status_bits, status_lists
from sealwright.storage.transaction import Transaction
from sealwright.vc.errors import StatusIndexOutOfRange

_RECORD_COLUMNS: Final = (
    status_lists.c.list_id,
    status_lists.c.issuer_did,
    status_lists.c.permutation_key,
    status_lists.c.size_bits,
    status_lists.c.capacity,
    status_lists.c.used,
    status_bits.c.version,
    status_lists.c.is_open,
    status_lists.c.created_at,
    status_bits.c.updated_at,
)
_RECORD: Final = sa.select(*_RECORD_COLUMNS).join(status_bits, status_bits.c.list_id == status_lists.c.list_id)
_BY_ID: Final = _RECORD.where(status_lists.c.list_id == sa.bindparam("list_id"))
_ALL: Final = _RECORD.order_by(status_lists.c.created_at, status_lists.c.list_id)
_OPEN: Final = _RECORD.where(status_lists.c.issuer_did == sa.bindparam("issuer_did"), sa.text("is_open = TRUE"))
_BITS: Final = (
    sa.select(*_RECORD_COLUMNS, status_bits.c.revocation, status_bits.c.suspension)
    .join(status_bits, status_bits.c.list_id == status_lists.c.list_id)
    .where(status_lists.c.list_id == sa.bindparam("list_id"))
)
# The whole run fits: the usual case, one statement. The list closes with its last entry.
_TAKE_SQLITE: Final = (
    "UPDATE status_lists SET used = used + ?1, is_open = (used + ?1 < capacity) "
    "WHERE issuer_did = ?2 AND is_open = TRUE AND used + ?1 <= capacity "
    "RETURNING list_id"
)
_TAKE_POSTGRES: Final = (
    "UPDATE status_lists AS l SET used = l.used + %b::int8, is_open = (l.used + %b::int8 < l.capacity) "
    "FROM status_bits AS b WHERE l.issuer_did = %b AND l.is_open = TRUE AND l.used + %b::int8 <= l.capacity "
    "AND b.list_id = l.list_id RETURNING l.list_id, l.issuer_did, l.permutation_key, l.size_bits, l.capacity, "
    "l.used, b.version, l.is_open, l.created_at, b.updated_at"
)
_TAKE_REST: Final = (
    sa.update(status_lists)
    .where(status_lists.c.list_id == sa.bindparam("id"))
    .values(used=sa.bindparam("now_used"), is_open=sa.bindparam("still_open", type_=status_lists.c.is_open.type))
)
_OPEN_LIST: Final = (
    "INSERT INTO status_lists "
    "(list_id, issuer_did, permutation_key, size_bits, capacity, used, is_open, created_at) "
    "VALUES ({places}) ON CONFLICT (issuer_did) WHERE is_open = TRUE DO NOTHING RETURNING list_id"
)
_OPEN_SQLITE: Final = _OPEN_LIST.format(places=", ".join("?" * 8))
_OPEN_POSTGRES: Final = _OPEN_LIST.format(places=", ".join(["%b"] * 8))
_BITS_COLUMN: Final = {
    StatusPurpose.REVOCATION: status_bits.c.revocation,
    StatusPurpose.SUSPENSION: status_bits.c.suspension,
}


class StoredStatusLists:
    """Status lists in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def get(self, list_id: str) -> StatusListRecord | None:
        """Find a list."""
        row = self._transaction.row(_BY_ID, {"list_id": list_id})
        return None if row is None else _record(row)

    def take(self, issuer_did: str, count: int, new_list: Callable[[], StatusListRecord]) -> tuple[Allocation, ...]:
        """Allocate `count` ordinals from the issuer's open list, opening new ones as they fill.

        The row stays locked until the unit of work ends, so two of them never get the same ordinal.
        """
        taken: list[Allocation] = []
        missing = count
        while missing > 0:
            allocation = self._take_run(issuer_did, missing) or self._take_rest(issuer_did, missing)
            if allocation is None:
                self._open(issuer_did, new_list())
                continue
            taken.append(allocation)
            missing -= allocation.count
        return tuple(taken)

    def set_bits(
        self, list_id: str, purpose: StatusPurpose, indexes: Sequence[int], *, value: bool, at: datetime
    ) -> None:
        """Change bits under the list's lock and raise its version; nothing changes if they are so already.

        Raises:
            StateConflict: A revocation bit would return to 0.
            StatusListNotFound: There is no such list.
            StatusIndexOutOfRange: An index lies outside the list.
        """
        if purpose is StatusPurpose.REVOCATION and not value:
            raise StateConflict("A revocation is for good.")
        column = _BITS_COLUMN[purpose]
        statement = sa.select(column).where(status_bits.c.list_id == list_id)
        if not self._transaction.is_sqlite:
            statement = statement.with_for_update()
        row = self._transaction.row(statement)
        if row is None:
            raise StatusListNotFound("There is no such status list.")
        bits = _edited(row[0], indexes, value=value)
        if bits == row[0]:
            return
        self._transaction.change(
            sa.update(status_bits)
            .where(status_bits.c.list_id == list_id)
            .values({column.name: bits, "version": status_bits.c.version + 1, "updated_at": at})
        )

    def bits(self, list_id: str) -> StatusBits | None:
        """Read a list with its bits, of one version."""
        row = self._transaction.row(_BITS, {"list_id": list_id})
        return None if row is None else StatusBits(_record(row), row.revocation, row.suspension)

    def all(self) -> tuple[StatusListRecord, ...]:
        """List every list, oldest first."""
        return tuple(_record(row) for row in self._transaction.rows(_ALL))

    def _take_run(self, issuer_did: str, count: int) -> Allocation | None:
        """Take the whole run from the open list; None if it does not fit or no list is open."""
        if self._transaction.is_sqlite:
            rows = self._transaction.driver_rows(_TAKE_SQLITE, (count, issuer_did))
            record = self._known(rows[0][0]) if rows else None
        else:
            rows = self._transaction.driver_rows(_TAKE_POSTGRES, (count, count, issuer_did, count))
            record = _taken_from(rows[0]) if rows else None
        return None if record is None else Allocation(record, record.used - count, count)

    def _take_rest(self, issuer_did: str, count: int) -> Allocation | None:
        """Take what is left of the open list, at most `count`; None if no list is open."""
        statement = _OPEN if self._transaction.is_sqlite else _OPEN.with_for_update(of=status_lists)
        row = self._transaction.row(statement, {"issuer_did": issuer_did})
        if row is None:
            return None
        run = min(count, row.capacity - row.used)
        used = row.used + run
        self._transaction.change(_TAKE_REST, {"id": row.list_id, "now_used": used, "still_open": used < row.capacity})
        return Allocation(self._known(row.list_id), row.used, run)

    def _open(self, issuer_did: str, record: StatusListRecord) -> None:
        """Open a list, unless another unit of work was first; then that one is used."""
        values = (
            record.list_id,
            issuer_did,
            record.permutation_key,
            record.size_bits,
            record.capacity,
            record.used,
            True,
            seconds_of(record.created_at),
        )
        statement = _OPEN_SQLITE if self._transaction.is_sqlite else _OPEN_POSTGRES
        if not self._transaction.driver_rows(statement, values):
            return
        empty = bytes(record.size_bits // 8)
        self._transaction.change(
            sa.insert(status_bits),
            {
                "list_id": record.list_id,
                "version": record.version,
                "updated_at": record.updated_at,
                "revocation": empty,
                "suspension": empty,
            },
        )

    def _known(self, list_id: str) -> StatusListRecord:
        record = self.get(list_id)
        if record is None:
            raise StatusListNotFound("There is no such status list.")
        return record


def _edited(bits: bytes, indexes: Sequence[int], *, value: bool) -> bytes:
    edited = bytearray(bits)
    for index in indexes:
        if not 0 <= index < 8 * len(edited):
            raise StatusIndexOutOfRange(f"Index {index} lies outside the status list.")
        mask = 0x80 >> (index & 7)
        if value:
            edited[index >> 3] |= mask
        else:
            edited[index >> 3] &= ~mask & 0xFF
    return bytes(edited)


def _taken_from(row: tuple[Any, ...]) -> StatusListRecord:
    """Read a record from a row in the driver's own form."""
    list_id, issuer_did, permutation_key, size_bits, capacity, used, version, is_open, created_at, updated_at = row
    return StatusListRecord(
        list_id=list_id,
        issuer_did=issuer_did,
        permutation_key=permutation_key,
        size_bits=size_bits,
        capacity=capacity,
        used=used,
        version=version,
        is_open=is_open,
        created_at=moment_of(created_at),
        updated_at=moment_of(updated_at),
    )


def _record(row: Row[Any]) -> StatusListRecord:
    return StatusListRecord(
        list_id=row.list_id,
        issuer_did=row.issuer_did,
        permutation_key=row.permutation_key,
        size_bits=row.size_bits,
        capacity=row.capacity,
        used=row.used,
        version=row.version,
        is_open=row.is_open,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )
