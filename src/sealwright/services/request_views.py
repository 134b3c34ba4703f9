"""Requests as people see them: with the requester, the grant, the marks, and for one of them everything around it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.deciding import undo_until
from sealwright.domain.errors import UserNotFound
from sealwright.domain.grants import Grant
from sealwright.domain.people import Caller, Person
from sealwright.domain.requests import CredentialRequest, HistoryEntry, Issuance, RequestState
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.review_values import RequestDetail, RequestView

# History also holds lines that are no moves: questions, answers, assignments.
_MOVES: Final = frozenset({"requested", "endorsed", "decided", "undone", "withdrawn"})


class RequestViews:
    """Puts views together from an open unit of work."""

    def __init__(self, clock: Clock, *, undo_window: timedelta) -> None:
        self._clock = clock
        self._window = undo_window

    def view(self, uow: UnitOfWork, caller: Caller, request: CredentialRequest) -> RequestView:
        """One request."""
        return self.views(uow, caller, [request])[0]

    def views(self, uow: UnitOfWork, caller: Caller, found: Sequence[CredentialRequest]) -> tuple[RequestView, ...]:
        """Requests in the order given."""
        now = self._clock.now()
        people = uow.people.get_many([request.user_id for request in found])
        types = {value: uow.types.get(value) for value in {request.credential_type for request in found}}
        numbers = uow.requests.how_many([request.user_id for request in found])
        grants = uow.grants.get_many([request.grant_id for request in found if request.grant_id is not None])
        return tuple(
            RequestView(
                request=request,
                requester=_known(people.get(request.user_id)),
                grant=grants.get(request.grant_id) if request.grant_id is not None else None,
                is_yours=request.user_id == caller.user_id,
                past_target=is_past_target(request, types[request.credential_type], now),
                has_duplicate=numbers.get((request.user_id, request.credential_type), 1) > 1,
                undo_until=self.undo_until(uow, caller, request),
            )
            for request in found
        )

    def undo_until(self, uow: UnitOfWork, caller: Caller, request: CredentialRequest) -> datetime | None:
        """Until when the caller may take the last decision back."""
        now = self._clock.now()
        if request.updated_at + self._window <= now or caller.user_id not in (request.resolved_by, request.endorsed_by):
            return None
        last = last_move(uow.requests.history(request.request_id))
        until = undo_until(request, last, reviewer=caller.user_id, window=self._window, now=now)
        if until is None or request.state is not RequestState.APPROVED:
            return until
        grant = uow.grants.get(request.grant_id) if request.grant_id is not None else None
        return until if grant is not None and grant.issuance is not Issuance.ISSUED else None

    def detail(self, uow: UnitOfWork, caller: Caller, request: CredentialRequest) -> RequestDetail:
        """One request with history, the person's grants and their other requests, cut down to the caller's scope."""
        now = self._clock.now()
        history = uow.requests.history(request.request_id)
        grants = uow.grants.of_person(request.user_id, status=None, now=now)
        named = {entry.actor for entry in history} | {request.assignee_user_id or "", request.resolved_by or ""}
        return RequestDetail(
            view=self.view(uow, caller, request),
            type=uow.types.get(request.credential_type),
            history=history,
            grants=tuple(grant if caller.covers(grant.credential_type) else without_reasons(grant) for grant in grants),
            earlier=tuple(
                other
                for other in uow.requests.of_person(request.user_id)
                if other.request_id != request.request_id and caller.covers(other.credential_type)
            ),
            people=uow.people.get_many(sorted(named - {""})),
        )


def last_move(history: Iterable[HistoryEntry]) -> HistoryEntry | None:
    """The newest line that belongs to a move."""
    return next((entry for entry in reversed(list(history)) if entry.cause in _MOVES), None)


def is_past_target(request: CredentialRequest, kind: CredentialType | None, now: datetime) -> bool:
    """Tell whether a request waits longer than its type promises."""
    if request.state is not RequestState.PENDING or kind is None or kind.target_hours is None:
        return False
    return request.requested_at + timedelta(hours=kind.target_hours) < now


def without_reasons(grant: Grant) -> Grant:
    """A grant as it is shown outside the issuer scope."""
    return replace(grant, reason=None, request_id=None, note=None, claims=None)


def own_view(view: RequestView) -> RequestView:
    """A view without what is for reviewers only."""
    request = replace(view.request, note=None, endorsed_by=None)
    grant = replace(view.grant, note=None) if view.grant is not None else None
    return replace(view, request=request, grant=grant, undo_until=None)


def for_requester(detail: RequestDetail) -> RequestDetail:
    """A detail without what is for reviewers only: internal notes, checklists, and who they are."""
    view = own_view(detail.view)
    history = tuple(
        replace(entry, note=None, checklist=())
        for entry in detail.history
        if entry.cause not in ("assigned", "endorsed")
    )
    grants = tuple(replace(grant, note=None) for grant in detail.grants)
    own = {view.request.user_id: view.requester}
    return replace(detail, view=view, history=history, grants=grants, earlier=(), people=own)


def _known(person: Person | None) -> Person:
    if person is None:
        raise UserNotFound("The requester's account is gone.")
    return person
