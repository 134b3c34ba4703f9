"""Credential requests, as rows."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import Row

from sealwright.domain.errors import RequestPendingExists, UserNotFound, VersionConflict
from sealwright.domain.requests import CredentialRequest, HistoryEntry, RequestFilter, RequestState
from sealwright.services.desk_ports import NumberedPage
from sealwright.storage.credential_types import refer_to_type
from sealwright.storage.desk_tables import request_history, request_numbers, requests
from sealwright.storage.errors import AlreadyTaken
from sealwright.storage.people_index import PeopleIndex
from sealwright.storage.request_counters import PLACE, SEEN_IN_COLUMNS, Place, RequestCounters
from sealwright.storage.request_lists import RequestLists
from sealwright.storage.request_moves import RequestMoves
from sealwright.storage.request_rows import (
    ENTRY,
    REQUEST,
    entry_of,
    entry_values,
    optional_request,
    request_of,
    values_of,
)
from sealwright.storage.tables import people
from sealwright.storage.transaction import Transaction

_BY_ID: Final = REQUEST.where(requests.c.request_id == sa.bindparam("request_id"))
_PLACE: Final = PLACE.where(requests.c.request_id == sa.bindparam("request_id"))
_REQUESTER: Final = sa.select(people.c.person_no, people.c.name_key).where(people.c.user_id == sa.bindparam("user_id"))
# There is one writer on SQLite; on PostgreSQL numbers of acts that roll back stay unused.
_NEXT_SQLITE: Final = sa.select(sa.func.max(requests.c.request_no) + 1)
_NEXT_POSTGRES: Final = sa.select(request_numbers.next_value())
_HISTORY: Final = ENTRY.where(request_history.c.request_id == sa.bindparam("request_id")).order_by(
    request_history.c.position
)
_LAST_POSITION: Final = sa.select(sa.func.max(request_history.c.position)).where(
    request_history.c.request_id == sa.bindparam("request_id")
)
_PENDING_OF: Final = REQUEST.where(
    requests.c.user_id == sa.bindparam("user_id"),
    requests.c.credential_type == sa.bindparam("credential_type"),
    # As text, so that both databases see the condition of the index in it.
    sa.text("state = 'pending'"),
)
_HOW_MANY: Final = (
    sa.select(requests.c.user_id, requests.c.credential_type, sa.func.count().label("number"))
    .where(requests.c.user_id.in_(sa.bindparam("user_ids", expanding=True)))
    .group_by(requests.c.user_id, requests.c.credential_type)
)
_OF_PERSON: Final = REQUEST.where(requests.c.user_id == sa.bindparam("user_id")).order_by(
    sa.case((requests.c.state == RequestState.PENDING.value, 0), else_=1),
    requests.c.requested_at.desc(),
    requests.c.request_id.desc(),
)


class StoredRequests:
    """Credential requests in the database."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._lists = RequestLists(transaction)
        self.counters = RequestCounters(transaction)
        self.moves = RequestMoves(transaction)

    def get(self, request_id: str) -> CredentialRequest | None:
        """Find a request."""
        return optional_request(self._transaction.row(_BY_ID, {"request_id": request_id}))

    def get_for_update(self, request_id: str) -> CredentialRequest | None:
        """Find a request and lock its row until the unit of work ends."""
        return optional_request(self._transaction.row(self._transaction.locking(_BY_ID), {"request_id": request_id}))

    def add(self, request: CredentialRequest, entry: HistoryEntry) -> None:
        """Add a request with the first entry of its history.

        Raises:
            RequestPendingExists: The person has a pending request for this type.
            UnknownCredentialType, UserNotFound: There is no such type, or no such person.
        """
        refer_to_type(self._transaction, request.credential_type)
        requester = self._requester(request.user_id)
        request_no = self._next_number()
        values = {
            **values_of(request),
            "request_no": request_no,
            "person_no": requester.person_no,
            "name_key": requester.name_key,
        }
        try:
            with self._transaction.savepoint():
                self._transaction.change(sa.insert(requests), values)
        except AlreadyTaken as error:
            raise _taken(error) from None
        self.counters.move(None, Place.of(values))
        self.moves.add(request_no)
        self._record(entry)

    def update(self, request: CredentialRequest, entry: HistoryEntry | None) -> None:
        """Replace the row whose version is one less.

        Raises:
            VersionConflict: The request has moved on, or is unknown.
            RequestPendingExists: It would be the person's second pending request for this type.
        """
        self._replace(request, entry, expected=request.version - 1)

    def annotate(self, request: CredentialRequest, entry: HistoryEntry | None) -> None:
        """Replace what is no move, without a step of the version.

        Raises:
            VersionConflict: The request has moved on, or is unknown.
        """
        self._replace(request, entry, expected=request.version)

    def history(self, request_id: str) -> tuple[HistoryEntry, ...]:
        """List what befell a request, oldest first."""
        return tuple(entry_of(row) for row in self._transaction.rows(_HISTORY, {"request_id": request_id}))

    def list(self, wanted: RequestFilter, *, page: int, count: int) -> NumberedPage[CredentialRequest]:
        """Give a page of a list with its exact total."""
        self.counters.write()
        ids, total = self._lists.page(wanted, page=page, count=count)
        return NumberedPage(self._in_order(ids), page, count, total)

    def counts(self, types: Collection[str] | None) -> Mapping[str, Mapping[RequestState, int]]:
        """Give how many requests there are, by type and state."""
        return self.counters.counts(types)

    def neighbors(self, wanted: RequestFilter, request_id: str) -> tuple[str | None, str | None]:
        """Give the requests before and after one in a filtered list."""
        self.counters.write()
        return self._lists.neighbors(wanted, request_id)

    def prepare_searches(self) -> bool:
        """Read ahead what searches of a large office are answered from; gives whether this one is large."""
        self.counters.write()
        return self._lists.prepare()

    def pending_of(self, user_id: str, credential_type: str) -> CredentialRequest | None:
        """Find a person's pending request for a type."""
        key = {"user_id": user_id, "credential_type": credential_type}
        return optional_request(self._transaction.row(_PENDING_OF, key))

    def of_person(self, user_id: str) -> tuple[CredentialRequest, ...]:
        """List a person's requests: pending first, then newest first."""
        return tuple(request_of(row) for row in self._transaction.rows(_OF_PERSON, {"user_id": user_id}))

    def how_many(self, user_ids: Sequence[str]) -> Mapping[tuple[str, str], int]:
        """Count the requests of some people, at most a page of them, by person and type."""
        if not user_ids:
            return {}
        found = self._transaction.rows(_HOW_MANY, {"user_ids": sorted(set(user_ids))})
        return {(row.user_id, row.credential_type): row.number for row in found}

    def _replace(self, request: CredentialRequest, entry: HistoryEntry | None, *, expected: int) -> None:
        key = {"request_id": request.request_id}
        before = self._transaction.row(self._transaction.locking(_PLACE), key)
        if before is None or before.version != expected:
            raise VersionConflict("This request was changed in the meantime.")
        values = values_of(request)
        statement = sa.update(requests).where(requests.c.request_id == request.request_id).values(values)
        try:
            with self._transaction.savepoint():
                self._transaction.change(statement)
        except AlreadyTaken as error:
            raise _taken(error) from None
        self.counters.move(Place.of(before), Place.of({**before._mapping, **values}))
        if any(values[name] != before._mapping[name] for name in SEEN_IN_COLUMNS):
            self.moves.add(before.request_no)
        if entry is not None:
            self._record(entry)

    def _next_number(self) -> int:
        row = self._transaction.row(_NEXT_SQLITE if self._transaction.is_sqlite else _NEXT_POSTGRES)
        return 0 if row is None or row[0] is None else int(row[0])

    def _record(self, entry: HistoryEntry) -> None:
        """Add an entry behind the others; the request's row lock keeps others away."""
        row = self._transaction.row(_LAST_POSITION, {"request_id": entry.request_id})
        position = 1 if row is None or row[0] is None else int(row[0]) + 1
        self._transaction.change(sa.insert(request_history), entry_values(entry, position))

    def _requester(self, user_id: str) -> Row[Any]:
        """Give the requester's number and name, which do not change before the unit of work ends."""
        statement = self._transaction.locking(_REQUESTER, shared=True)
        row = self._transaction.row(statement, {"user_id": user_id})
        if row is not None and row.person_no is None:
            self._transaction.raise_epoch()
            PeopleIndex(self._transaction).catch_up_all()
            row = self._transaction.row(statement, {"user_id": user_id})
        if row is None:
            raise UserNotFound("No such person.")
        return row

    def _in_order(self, ids: tuple[str, ...]) -> tuple[CredentialRequest, ...]:
        if not ids:
            return ()
        rows = self._transaction.rows(REQUEST.where(requests.c.request_id.in_(ids)))
        found = {row.request_id: request_of(row) for row in rows}
        return tuple(found[request_id] for request_id in ids if request_id in found)


def _taken(error: AlreadyTaken) -> Exception:
    if error.concerns("uq_requests_pending", "requests.user_id, requests.credential_type"):
        return RequestPendingExists("There is a pending request for this credential type.")
    return error
