"""Idempotency keys and the answers that can be replayed, as rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.credentials import IdempotencyScope
from sealwright.services.ports import IdempotencyRecord, StoredAnswer
from sealwright.storage.column_types import seconds_of
from sealwright.storage.json_columns import read_pairs
from sealwright.storage.tables import idempotency_keys as keys
from sealwright.storage.transaction import Transaction

_MINE: Final = (
    keys.c.principal == sa.bindparam("of_principal"),
    keys.c.route == sa.bindparam("of_route"),
    keys.c.key == sa.bindparam("of_key"),
)
_FIND: Final = sa.select(
    keys.c.principal,
    keys.c.route,
    keys.c.key,
    keys.c.body_digest,
    keys.c.reference,
    keys.c.finished,
    keys.c.answer_status,
    keys.c.answer_body,
    keys.c.answer_headers,
    keys.c.answer_is_sealed,
    keys.c.created_at,
).where(*_MINE)
_REBIND: Final = (
    sa.update(keys)
    .where(*_MINE, keys.c.reference == sa.bindparam("old_reference"), keys.c.finished.is_(sa.false()))
    .values(reference=sa.bindparam("new_reference"), created_at=sa.bindparam("at"))
)
_FINISH: Final = (
    sa.update(keys)
    .where(*_MINE)
    .values(
        finished=sa.bindparam("is_finished", type_=keys.c.finished.type),
        answer_status=sa.bindparam("status"),
        answer_body=sa.bindparam("body"),
        answer_headers=sa.bindparam("headers"),
        answer_is_sealed=sa.bindparam("is_sealed", type_=keys.c.answer_is_sealed.type),
    )
)
_RELEASE: Final = sa.delete(keys).where(*_MINE, keys.c.finished.is_(sa.false()))
_EXPIRE: Final = sa.delete(keys).where(keys.c.expires_at <= sa.bindparam("before", type_=keys.c.expires_at.type))
_BEGIN_POSTGRES: Final = (
    "INSERT INTO idempotency_keys (principal, route, key, body_digest, reference, finished, created_at, expires_at) "
    "SELECT principal, route, key, body_digest, reference, FALSE, %b::int8, %b::int8 "
    "FROM unnest(%b::text[], %b::text[], %b::text[], %b::bytea[], %b::text[]) "
    "AS new (principal, route, key, body_digest, reference) "
    "ON CONFLICT (principal, route, key) DO NOTHING RETURNING principal, route, key"
)
_BEGIN_SQLITE: Final = (
    "INSERT INTO idempotency_keys (principal, route, key, body_digest, reference, finished, created_at, expires_at) "
    "VALUES {rows} ON CONFLICT (principal, route, key) DO NOTHING RETURNING principal, route, key"
)
# Far below the number of parameters that one statement may have.
_SQLITE_ROWS: Final = 256
_FINISH_POSTGRES: Final = (
    "UPDATE idempotency_keys AS k SET finished = TRUE "
    "FROM unnest(%b::text[], %b::text[], %b::text[]) AS done (principal, route, key) "
    "WHERE k.principal = done.principal AND k.route = done.route AND k.key = done.key"
)
_FINISH_SQLITE: Final = "UPDATE idempotency_keys SET finished = 1 WHERE principal = ? AND route = ? AND key = ?"

_Bindings = Sequence[tuple[IdempotencyScope, str | None]]


class StoredIdempotency:
    """Idempotency keys in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def find(self, scope: IdempotencyScope) -> IdempotencyRecord | None:
        """Find what is known of a principal's key for a route; the body digest is for the caller to compare."""
        row = self._transaction.row(_FIND, _named(scope))
        return None if row is None else _record(row)

    def begin_many(
        self, items: Sequence[tuple[IdempotencyScope, str | None]], at: datetime, expires_at: datetime
    ) -> frozenset[IdempotencyScope]:
        """Bind keys to references; gives the scopes that were free.

        A key that another unit of work has bound and not committed is waited for. Of several scopes
        with one principal, route and key, the first of `items` binds it.
        """
        first: dict[tuple[str, str, str], tuple[IdempotencyScope, str | None]] = {}
        for scope, reference in items:
            first.setdefault((scope.principal, scope.route, scope.key), (scope, reference))
        # In one order for everybody: two units of work that share keys must not wait for each other.
        wanted = [first[key] for key in sorted(first)]
        if not wanted:
            return frozenset()
        bind = self._begin_sqlite if self._transaction.is_sqlite else self._begin_postgres
        rows = bind(wanted, seconds_of(at), seconds_of(expires_at))
        return frozenset(first[row[0], row[1], row[2]][0] for row in rows)

    def rebind(self, scope: IdempotencyScope, old_reference: str, new_reference: str, at: datetime) -> bool:
        """Take a key over from a reservation that is void; False if somebody else did."""
        changed = self._transaction.change(
            _REBIND, {**_named(scope), "old_reference": old_reference, "new_reference": new_reference, "at": at}
        )
        return changed == 1

    def finish(self, scope: IdempotencyScope, answer: StoredAnswer | None) -> None:
        """Record that a key's effect is committed with this unit of work, and its answer."""
        self._transaction.change(
            _FINISH,
            {
                **_named(scope),
                "is_finished": True,
                "status": None if answer is None else answer.status,
                "body": None if answer is None else answer.body,
                "headers": None if answer is None else msgspec.json.encode(answer.headers).decode(),
                "is_sealed": None if answer is None else answer.is_sealed,
            },
        )

    def finish_many(self, scopes: Sequence[IdempotencyScope]) -> None:
        """Record that these keys' effects are committed; their answers are rebuilt from the references."""
        if not scopes:
            return
        if self._transaction.is_sqlite:
            rows = [(scope.principal, scope.route, scope.key) for scope in scopes]
            self._transaction.driver_many(_FINISH_SQLITE, rows)
        else:
            self._transaction.driver_rows(_FINISH_POSTGRES, _columns(scopes))

    def release(self, scope: IdempotencyScope) -> None:
        """Let go of a key that this unit of work has bound and that brought nothing about."""
        self._transaction.change(_RELEASE, _named(scope))

    def expire(self, before: datetime) -> int:
        """Forget keys whose time ended by that moment; gives how many."""
        return self._transaction.change(_EXPIRE, {"before": before})

    def _begin_sqlite(self, wanted: _Bindings, at: int, expires_at: int) -> Sequence[tuple[str, str, str]]:
        bound: list[tuple[str, str, str]] = []
        for start in range(0, len(wanted), _SQLITE_ROWS):
            part = wanted[start : start + _SQLITE_ROWS]
            values = [
                value
                for scope, reference in part
                for value in (scope.principal, scope.route, scope.key, scope.body_digest, reference, at, expires_at)
            ]
            statement = _BEGIN_SQLITE.format(rows=", ".join(["(?, ?, ?, ?, ?, 0, ?, ?)"] * len(part)))
            bound.extend((row[0], row[1], row[2]) for row in self._transaction.driver_rows(statement, values))
        return bound

    def _begin_postgres(self, wanted: _Bindings, at: int, expires_at: int) -> Sequence[tuple[str, str, str]]:
        scopes = [scope for scope, _ in wanted]
        digests, references = [scope.body_digest for scope in scopes], [reference for _, reference in wanted]
        values = (at, expires_at, *_columns(scopes), digests, references)
        return [(row[0], row[1], row[2]) for row in self._transaction.driver_rows(_BEGIN_POSTGRES, values)]


def _named(scope: IdempotencyScope) -> dict[str, object]:
    return {"of_principal": scope.principal, "of_route": scope.route, "of_key": scope.key}


def _columns(scopes: Sequence[IdempotencyScope]) -> tuple[object, object, object]:
    """Give scopes as three lists, one for each column of the key."""
    return (
        [scope.principal for scope in scopes],
        [scope.route for scope in scopes],
        [scope.key for scope in scopes],
    )


def _record(row: Row[Any]) -> IdempotencyRecord:
    answer = None
    if row.answer_status is not None:
        pairs = read_pairs(row.answer_headers)
        answer = StoredAnswer(row.answer_status, row.answer_body, pairs, row.answer_is_sealed)
    return IdempotencyRecord(
        scope=IdempotencyScope(row.principal, row.route, row.key, row.body_digest),
        reference=row.reference,
        finished=row.finished,
        answer=answer,
        created_at=row.created_at,
    )
