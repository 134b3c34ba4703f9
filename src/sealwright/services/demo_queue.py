"""The demo's queue: requests with a past, written as they would stand had the office been open for months.

The desks cannot make a past, because they take every moment from the clock. So these rows are written directly, with
one audit row for each move, dated now as everything in the trail is.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.grants import Grant
from sealwright.domain.ids import new_id
from sealwright.domain.notices import ESSENTIAL_KINDS, NoticeKind, NoticeMode
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.requests import CredentialRequest, HistoryEntry, RequestState
from sealwright.services.demo_people import NAMES, DemoRequest, demo_requests
from sealwright.services.people import NewPerson

if TYPE_CHECKING:
    from sealwright.services.office import Office
    from sealwright.services.ports import UnitOfWork

_ACTIONS: Final = {
    RequestState.APPROVED: "request.approved",
    RequestState.REJECTED: "request.rejected",
    RequestState.WITHDRAWN: "request.withdrawn",
}
# Grants that were lost again, by their place among the approved requests.
LOST_AGAIN: Final = (4, 13)
LOST_REASON: Final = "Training was not renewed"


def seed_queue(office: Office, uow: UnitOfWork, caller: Caller, reviewer: str) -> tuple[Grant, ...]:
    """Add the further people and their requests, unless they are there; gives the grants that were made.

    Args:
        reviewer: User id of whoever decided.
    """
    if uow.people.by_email(_email(0)) is not None:
        return ()
    ids = [_add_person(office, uow, caller, number) for number in range(len(NAMES))]
    now = office.clock.now()
    made = [
        _add_request(uow, caller, wanted, ids[wanted.person], reviewer, now=now)
        for wanted in sorted(demo_requests(), key=lambda one: -one.asked_hours)
    ]
    return tuple(grant for grant in made if grant is not None)


def _email(number: int) -> str:
    return f"person{number + 1:02}@people.demo.example"


def _add_person(office: Office, uow: UnitOfWork, caller: Caller, number: int) -> str:
    wish = NewPerson(
        email=_email(number),
        display_name=NAMES[number],
        roles=frozenset({AccountRole.IMPROVER}),
        verified=True,
        # Every fourth person has proved a wallet; the digits name the person.
        wallets=(f"0x{number + 1:040d}",) if number % 4 == 0 else (),
    )
    person = office.people.create(uow, caller, wish)
    # Nobody reads these addresses; the notices stay in the inbox.
    for kind in NoticeKind:
        if kind not in ESSENTIAL_KINDS:
            uow.notices.put_mode(person.user_id, kind, NoticeMode.OFF)
    return person.user_id


def _add_request(
    uow: UnitOfWork, caller: Caller, wanted: DemoRequest, user_id: str, reviewer: str, *, now: datetime
) -> Grant | None:
    asked = now - wanted.asked_before
    request = CredentialRequest(
        request_id=new_id("req"),
        user_id=user_id,
        credential_type=wanted.credential_type,
        state=RequestState.PENDING,
        requested_at=asked,
        created_at=asked,
        updated_at=asked,
        earlier_rejections=wanted.earlier_rejections,
        requester_note=None if wanted.person % 3 else "I finished the training in spring.",
    )
    entry = HistoryEntry(request.request_id, asked, "requested", user_id, None, RequestState.PENDING)
    uow.requests.add(request, entry)
    _record(uow, caller, "request.created", request, now)
    if wanted.needs_info:
        _ask(uow, caller, request, wanted, reviewer, now=now)
    if wanted.decided_hours is None:
        return None
    return _decide(uow, caller, request, wanted, reviewer, now=now)


def _ask(
    uow: UnitOfWork, caller: Caller, request: CredentialRequest, wanted: DemoRequest, reviewer: str, *, now: datetime
) -> None:
    at = request.requested_at + timedelta(hours=wanted.asked_hours) / 2
    asked = replace(request, needs_info=True, message=wanted.message, updated_at=at)
    state = RequestState.PENDING
    entry = HistoryEntry(request.request_id, at, "asked", reviewer, state, state, message=wanted.message)
    uow.requests.annotate(asked, entry)
    _record(uow, caller, "request.info_requested", asked, now)


def _decide(
    uow: UnitOfWork, caller: Caller, request: CredentialRequest, wanted: DemoRequest, reviewer: str, *, now: datetime
) -> Grant | None:
    at = request.requested_at + timedelta(hours=wanted.decided_hours or 0)
    is_own = wanted.state is RequestState.WITHDRAWN
    grant = _grant(request, wanted, reviewer, at, now=now) if wanted.state is RequestState.APPROVED else None
    decided = replace(
        request,
        state=wanted.state,
        version=request.version + 1,
        updated_at=at,
        resolved_at=None if is_own else at,
        resolved_by=None if is_own else reviewer,
        note=wanted.note,
        message=wanted.message,
        grant_id=grant.grant_id if grant is not None else None,
    )
    entry = HistoryEntry(
        request_id=request.request_id,
        at=at,
        cause="withdrawn" if is_own else "decided",
        actor=request.user_id if is_own else reviewer,
        from_state=RequestState.PENDING,
        to_state=wanted.state,
        note=wanted.note,
        message=wanted.message,
    )
    if grant is not None:
        uow.grants.add(grant)
    uow.requests.update(decided, entry)
    _record(uow, caller, _ACTIONS[wanted.state], decided, now)
    if grant is not None:
        _record_grant(uow, caller, grant, now)
    return grant


def _grant(request: CredentialRequest, wanted: DemoRequest, reviewer: str, at: datetime, *, now: datetime) -> Grant:
    return Grant(
        grant_id=new_id("grt"),
        user_id=request.user_id,
        credential_type=request.credential_type,
        issued_by=reviewer,
        issued_at=at,
        request_id=request.request_id,
        expires_at=now + timedelta(days=wanted.expires_days) if wanted.expires_days is not None else None,
        claims={"qualification": request.credential_type},
    )


def _record(uow: UnitOfWork, caller: Caller, action: str, request: CredentialRequest, now: datetime) -> None:
    uow.audit.append(
        AuditEntry(
            actor=caller.actor,
            request_id=caller.request_id,
            action=action,
            object_type="request",
            object_id=request.request_id,
            at=now,
            after={"state": request.state.value, "version": request.version},
            data={"userId": request.user_id, "credentialType": request.credential_type, "demo": True},
        )
    )


def _record_grant(uow: UnitOfWork, caller: Caller, grant: Grant, now: datetime) -> None:
    uow.audit.append(
        AuditEntry(
            actor=caller.actor,
            request_id=caller.request_id,
            action="grant.created",
            object_type="grant",
            object_id=grant.grant_id,
            at=now,
            after={"status": grant.status.value, "issuance": grant.issuance.value},
            data={
                "userId": grant.user_id,
                "credentialType": grant.credential_type,
                "requestId": grant.request_id,
                "demo": True,
            },
        )
    )
