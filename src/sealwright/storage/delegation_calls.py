"""The calls that agents made, and the approvals that they asked for, as rows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.delegations import Approval, ApprovalState, DelegationCall
from sealwright.domain.errors import StateConflict
from sealwright.services.ports import Page
from sealwright.storage.bulk_rows import RowWriter
from sealwright.storage.column_types import moment_of, seconds_of
from sealwright.storage.cursors import dated_cursor, dated_key
from sealwright.storage.delegation_tables import WAITING, approvals, delegation_calls
from sealwright.storage.driver_text import DriverText
from sealwright.storage.json_columns import json_text, read_object
from sealwright.storage.shapes import Code, Shape, named
from sealwright.storage.transaction import Transaction

_CONTEXT: Final = Code(lambda context: json_text(dict(context)), read_object)
_CALL: Final = Shape(DelegationCall, {"context": _CONTEXT})
_APPROVAL: Final = Shape(Approval, {"context": _CONTEXT, "state": named(ApprovalState)})
_CALLS_LIST: Final = "k"
_APPROVALS_LIST: Final = "v"
# A statement of a few hundred parts is planned fast; longer lists are asked in turns.
_MOST_RUNS: Final = 200
_ADD_CALLS: Final = RowWriter(delegation_calls, _CALL.names)
_RECORDED: Final = DriverText.of(
    "SELECT call_id FROM delegation_calls WHERE call_id = ANY(%s) AND allowed = TRUE AND recorded = TRUE"
)
_WAITING: Final = DriverText.of(
    "SELECT count(*) FROM approvals WHERE agent_did = %s AND state = 'waiting' AND expires_at > %s"
)
_FORGET_CALLS: Final = DriverText.of(
    "DELETE FROM delegation_calls WHERE call_id IN "
    "(SELECT call_id FROM delegation_calls WHERE at < %s ORDER BY at, call_id LIMIT %s) RETURNING 1"
)
_FORGET_APPROVALS: Final = DriverText.of(
    "DELETE FROM approvals WHERE approval_id IN "
    "(SELECT approval_id FROM approvals WHERE created_at < %s ORDER BY created_at, approval_id LIMIT %s) RETURNING 1"
)
_APPROVAL_BY_ID: Final = sa.select(*approvals.columns).where(
    approvals.c.approval_id == sa.bindparam("approval_id", type_=approvals.c.approval_id.type)
)
_OVERDUE: Final = (
    sa.select(*approvals.columns)
    .where(
        approvals.c.state.in_([ApprovalState.WAITING.value, ApprovalState.APPROVED.value]),
        approvals.c.expires_at <= sa.bindparam("now", type_=approvals.c.expires_at.type),
    )
    .order_by(approvals.c.created_at, approvals.c.approval_id)
    .limit(sa.bindparam("most"))
)

Condition = sa.ColumnElement[bool] | sa.TextClause
Conditions = tuple[Condition, ...]


class StoredCalls:
    """Calls and approvals in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def add_calls(self, calls: Sequence[DelegationCall]) -> None:
        """Write down what was asked and answered."""
        if calls:
            _ADD_CALLS.write(self._transaction, [_CALL.driver_values(call) for call in calls])

    def calls(self, delegation_ids: Collection[str], *, limit: int, cursor: str | None) -> Page[DelegationCall]:
        """List calls that were decided by one of these delegations, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        of_each: list[Conditions] = [
            (sa.text("delegation_id IS NOT NULL"), delegation_calls.c.delegation_id == one)
            for one in sorted(set(delegation_ids))
        ]
        keys = self._keys(_Listed(delegation_calls, "at", "call_id", _CALLS_LIST), of_each, limit, cursor)
        found = delegation_calls.c.call_id.in_([identifier for _, identifier in keys[:limit]])
        rows = self._transaction.rows(sa.select(*delegation_calls.columns).where(found)) if keys else ()
        items = sorted((_CALL.read(row) for row in rows), key=lambda one: (one.at, one.call_id), reverse=True)
        return Page(tuple(items), _next(_CALLS_LIST, keys, limit))

    def recorded(self, call_ids: Collection[str]) -> frozenset[str]:
        """Tell which of these calls were allowed and counted."""
        return frozenset(row[0] for row in _RECORDED.rows(self._transaction, sorted(call_ids)))

    def add_approval(self, approval: Approval) -> None:
        """Write down what an agent asks a person to approve."""
        self._transaction.change(sa.insert(approvals), _APPROVAL.values(approval))

    def approval(self, approval_id: str, *, for_update: bool = False) -> Approval | None:
        """Find a question, and lock it if wanted."""
        if "\x00" in approval_id:
            return None
        statement = self._transaction.locking(_APPROVAL_BY_ID) if for_update else _APPROVAL_BY_ID
        return _APPROVAL.optional(self._transaction.row(statement, {"approval_id": approval_id}))

    def update_approval(self, approval: Approval) -> None:
        """Record what became of a question that is locked.

        Raises:
            StateConflict: It is not there.
        """
        statement = sa.update(approvals).where(approvals.c.approval_id == approval.approval_id)
        if self._transaction.change(statement.values(_APPROVAL.values(approval))) != 1:
            raise StateConflict("The question is not stored here.")

    def overdue_approvals(self, now: datetime, limit: int) -> tuple[Approval, ...]:
        """Find questions that are kept as open and whose time is over, and lock them; without those others have."""
        statement = self._transaction.locking(_OVERDUE, skip=True)
        return tuple(_APPROVAL.read(row) for row in self._transaction.rows(statement, {"now": now, "most": limit}))

    def approvals(
        self,
        *,
        delegators: Collection[str] | None,
        agents: Collection[str] | None,
        limit: int,
        cursor: str | None,
        waiting_at: datetime | None = None,
    ) -> Page[Approval]:
        """List questions to some delegators and of some agents, newest first.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        common: Conditions = ()
        if waiting_at is not None:
            moment = sa.literal(waiting_at, approvals.c.expires_at.type)
            common = (sa.text(WAITING), approvals.c.expires_at > moment)
        seen: list[Conditions] = [(approvals.c.delegator_did == did,) for did in sorted(set(delegators or ()))]
        seen.extend((approvals.c.agent_did == did,) for did in sorted(set(agents or ())))
        if delegators is None and agents is None:
            seen = [()]
        runs = [(*common, *one) for one in seen]
        keys = self._keys(_Listed(approvals, "created_at", "approval_id", _APPROVALS_LIST), runs, limit, cursor)
        found = approvals.c.approval_id.in_([identifier for _, identifier in keys[:limit]])
        rows = self._transaction.rows(sa.select(*approvals.columns).where(found)) if keys else ()
        items = sorted(
            (_APPROVAL.read(row) for row in rows), key=lambda one: (one.created_at, one.approval_id), reverse=True
        )
        return Page(tuple(items), _next(_APPROVALS_LIST, keys, limit))

    def count_waiting(self, agent_did: str, now: datetime) -> int:
        """Count the questions of an agent that wait."""
        count: int = _WAITING.rows(self._transaction, agent_did, seconds_of(now))[0][0]
        return count

    def forget_calls(self, calls_before: datetime, approvals_before: datetime, limit: int) -> int:
        """Drop old calls and approvals; gives how many, at most so many of each."""
        gone = len(_FORGET_CALLS.rows(self._transaction, seconds_of(calls_before), limit))
        return gone + len(_FORGET_APPROVALS.rows(self._transaction, seconds_of(approvals_before), limit))

    def _keys(
        self, listed: _Listed, runs: Sequence[Conditions], limit: int, cursor: str | None
    ) -> list[tuple[int, str]]:
        """The newest keys of some runs, one more than a page."""
        behind: Conditions = () if cursor is None else (listed.behind(cursor),)
        parts = [listed.run((*run, *behind), limit + 1) for run in runs]
        found: set[tuple[int, str]] = set()
        for start in range(0, len(parts), _MOST_RUNS):
            rows = self._transaction.rows(listed.merged(parts[start : start + _MOST_RUNS], limit + 1))
            found.update((seconds_of(row._mapping[listed.at]), row._mapping[listed.identifier]) for row in rows)
        return sorted(found, reverse=True)[: limit + 1]


class _Listed:
    """A table that is listed by a moment and an id, newest first."""

    def __init__(self, table: sa.Table, at: str, identifier: str, letter: str) -> None:
        self.at = at
        self.identifier = identifier
        self._at: sa.Column[Any] = table.c[at]
        self._id: sa.Column[Any] = table.c[identifier]
        self._letter = letter

    def behind(self, cursor: str) -> Condition:
        seconds, identifier = dated_key(self._letter, cursor)
        key = sa.tuple_(sa.literal(moment_of(seconds), self._at.type), sa.literal(identifier, self._id.type))
        return sa.tuple_(self._at, self._id) < key

    def run(self, conditions: Conditions, limit: int) -> sa.Select[Any]:
        statement = sa.select(self._at, self._id).where(*conditions)
        return statement.order_by(self._at.desc(), self._id.desc()).limit(limit)

    def merged(self, runs: Sequence[sa.Select[Any]], limit: int) -> sa.Select[Any]:
        if len(runs) == 1:
            return runs[0]
        merged = sa.union(*(sa.select(run.subquery()) for run in runs)).subquery()
        at, identifier = merged.c[self.at], merged.c[self.identifier]
        return sa.select(at, identifier).order_by(at.desc(), identifier.desc()).limit(limit)


def _next(letter: str, keys: Sequence[tuple[int, str]], limit: int) -> str | None:
    return dated_cursor(letter, *keys[limit - 1]) if len(keys) > limit > 0 else None
