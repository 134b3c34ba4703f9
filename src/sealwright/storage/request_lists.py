"""Pages of the request queue."""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa

from sealwright.domain.folding import fold
from sealwright.domain.requests import RequestFilter, RequestSort, RequestState
from sealwright.storage.desk_tables import requests
from sealwright.storage.number_sets import numbers_condition
from sealwright.storage.people_search import PeopleSearch
from sealwright.storage.request_rows import ASSIGNED, NEEDS_INFO
from sealwright.storage.transaction import Transaction

_PENDING: Final = RequestState.PENDING.value


class RequestLists:
    """Finds pages of the queue."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction

    def page(self, wanted: RequestFilter, *, page: int, count: int) -> tuple[tuple[str, ...], int]:
        """Give the ids of a page, and the list's total."""
        conditions = self._conditions(wanted)
        row = self._transaction.row(sa.select(sa.func.count()).select_from(requests).where(*conditions))
        statement = sa.select(requests.c.request_id).where(*conditions).order_by(*_order(wanted))
        found = self._transaction.rows(statement.limit(count).offset((page - 1) * count))
        return tuple(row[0] for row in found), 0 if row is None else int(row[0])

    def neighbors(self, wanted: RequestFilter, request_id: str) -> tuple[str | None, str | None]:
        """Give the requests before and after one in a filtered list."""
        statement = sa.select(requests.c.request_id).where(*self._conditions(wanted)).order_by(*_order(wanted))
        ids = [row[0] for row in self._transaction.rows(statement)]
        if request_id not in ids:
            return None, None
        place = ids.index(request_id)
        return ids[place - 1] if place else None, ids[place + 1] if place + 1 < len(ids) else None

    def _conditions(self, wanted: RequestFilter) -> list[sa.ColumnElement[bool]]:
        conditions: list[sa.ColumnElement[bool]] = []
        if wanted.states:
            conditions.append(requests.c.state.in_(sorted(state.value for state in wanted.states)))
        if wanted.types is not None:
            conditions.append(requests.c.credential_type.in_(sorted(wanted.types)))
        if wanted.assignee is not None:
            conditions.append(requests.c.assignee_user_id == wanted.assignee)
        if wanted.unassigned:
            conditions.append(requests.c.marks.in_((0, NEEDS_INFO)))
        if wanted.needs_info is not None:
            marks = (NEEDS_INFO, NEEDS_INFO | ASSIGNED) if wanted.needs_info else (0, ASSIGNED)
            conditions.append(requests.c.marks.in_(marks))
        if wanted.requested_before is not None:
            conditions.append(requests.c.requested_at < wanted.requested_before)
        if wanted.requested_after is not None:
            conditions.append(requests.c.requested_at >= wanted.requested_after)
        if wanted.late_before is not None:
            late = [
                sa.and_(requests.c.credential_type == value, requests.c.requested_at < moment)
                for value, moment in sorted(wanted.late_before.items())
            ]
            conditions.append(sa.or_(sa.false(), *late))
        if wanted.resolved_by is not None:
            conditions.append(requests.c.resolved_by == wanted.resolved_by)
        if wanted.resolved_after is not None:
            conditions.append(requests.c.resolved_at >= wanted.resolved_after)
        if wanted.user_id is not None:
            conditions.append(requests.c.user_id == wanted.user_id)
        if wanted.search is not None and fold(wanted.search):
            matches = PeopleSearch(self._transaction).find(wanted.search)
            conditions.append(numbers_condition(self._transaction, requests.c.person_no, matches))
        return conditions


def _order(wanted: RequestFilter) -> list[sa.ColumnElement[Any]]:
    sorted_at = sa.type_coerce(requests.c.sorted_at, sa.BigInteger)
    is_pending = requests.c.state == _PENDING
    default: list[sa.ColumnElement[Any]] = [
        sa.case((is_pending, 0), else_=1),
        sa.case((is_pending, sorted_at), else_=-sorted_at),
    ]
    keys: dict[RequestSort, list[sa.ColumnElement[Any]]] = {
        RequestSort.DEFAULT: default,
        RequestSort.REQUESTED_AT: [requests.c.requested_at],
        RequestSort.REQUESTER_NAME: [requests.c.name_key],
        RequestSort.STATUS: [requests.c.state],
    }
    by = keys[wanted.sort]
    if wanted.descending:
        by = [key.desc() for key in by]
    return [*by, requests.c.request_id.desc() if wanted.descending else requests.c.request_id.asc()]
