"""The rules of deciding credential requests, as pure functions: a request and a decision in, the move out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sealwright.domain.delivering import OfferWish
from sealwright.domain.errors import (
    InvalidDecision,
    MalformedBody,
    MissingMember,
    PreconditionFailed,
    SelfDecision,
    StateConflict,
    VersionConflict,
)
from sealwright.domain.people import AccountRole, Person
from sealwright.domain.requests import CredentialRequest, HistoryEntry, RequestState
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault

TEXT_MAX: Final = 2_000
_VERDICTS: Final[Mapping[str, RequestState]] = {
    "approved": RequestState.APPROVED,
    "approve": RequestState.APPROVED,
    "rejected": RequestState.REJECTED,
    "reject": RequestState.REJECTED,
    "denied": RequestState.REJECTED,
    "deny": RequestState.REJECTED,
    "pending": RequestState.PENDING,
}


def read_verdict(word: str) -> RequestState:
    """Read the word of a decision, in any case.

    Raises:
        InvalidDecision: It is none.
    """
    verdict = _VERDICTS.get(word.lower()) if word.isascii() else None
    if verdict is None:
        raise InvalidDecision("A decision is approved, rejected or pending.")
    return verdict


def free_text(text: str | None, pointer: str, *, most: int = TEXT_MAX) -> str | None:
    """Take a text that people wrote as it is; one of blanks counts as none.

    Raises:
        MalformedBody: It is too long, or holds a character that cannot be kept.
    """
    if text is None or not text.strip():
        return None
    if len(text) > most:
        detail = f"The text must have 1 to {most} characters."
        raise MalformedBody(detail, faults=[Fault(pointer, "INVALID_VALUE", detail)])
    if "\0" in text:
        detail = "The text holds a character that cannot be kept."
        raise MalformedBody(detail, faults=[Fault(pointer, "INVALID_CHARACTER", detail)])
    return text


@dataclass(frozen=True, slots=True)
class Decision:
    """A reviewer's word on a request.

    Args:
        state: ``approved``, ``rejected``, or ``pending`` to reopen (`read_verdict` reads the words).
        note: The internal rationale.
        message: What the requester is told.
        expected_version: The version that the reviewer saw, from the body; another one is a conflict (409).
        if_match: The same from ``If-Match``; another one is a failed precondition (412).
        expires_at: The end of the grant; None takes it from the type.
        claims: Replace those of the request; None keeps them.
        checklist: The items that were ticked.
        delivery: How an approved credential is to reach its holder; None makes no offer.
        hold: Signing and messages wait for the undo window (pages); the API never waits.
    """

    request_id: str
    state: RequestState
    note: str | None = None
    message: str | None = None
    expected_version: int | None = None
    if_match: int | None = None
    expires_at: datetime | None = None
    claims: Mapping[str, JSONValue] | None = None
    checklist: tuple[str, ...] = ()
    dry_run: bool = False
    hold: bool = False
    delivery: OfferWish | None = None

    def __post_init__(self) -> None:
        if self.state is RequestState.WITHDRAWN:
            raise InvalidDecision("Only the requester withdraws a request.")
        free_text(self.note, "/note")
        free_text(self.message, "/message")
        for position, item in enumerate(self.checklist):
            free_text(item, f"/checklist/{position}")


def may_review(person: Person, credential_type: str) -> bool:
    """Tell whether somebody may decide on a credential type: an admin, or an issuer within their scope."""
    if not person.active:
        return False
    if AccountRole.ADMIN in person.roles:
        return True
    return AccountRole.ISSUER in person.roles and credential_type in person.scopes


class Step(StrEnum):
    """What a decision does to a request; the value is its audit event."""

    ENDORSE = "request.endorsed"
    APPROVE = "request.approved"
    REJECT = "request.rejected"
    REOPEN = "request.reopened"


@dataclass(frozen=True, slots=True)
class TypeRules:
    """What a credential type demands of decisions.

    Args:
        endorser_stands: Whoever endorsed the request may still review it; else the endorsement has lapsed.
    """

    two_person: bool = False
    approval_note_required: bool = False
    endorser_stands: bool = True


@dataclass(frozen=True, slots=True)
class Move:
    """A request before and after a move, with its line of history."""

    before: CredentialRequest
    after: CredentialRequest
    entry: HistoryEntry
    step: Step

    @property
    def leaves_approved(self) -> bool:
        """Tell whether the request's own grant ends with this move."""
        return self.before.state is RequestState.APPROVED


def current_of(request: CredentialRequest) -> dict[str, object]:
    """What a caller who came too late is told."""
    return {
        "current": {
            "status": request.state.value,
            "version": request.version,
            "resolved_by": request.resolved_by,
        }
    }


def require_version(request: CredentialRequest, expected_version: int | None, if_match: int | None) -> None:
    """Refuse who saw another version.

    Raises:
        PreconditionFailed: `if_match` differs.
        VersionConflict: `expected_version` differs.
    """
    if if_match is not None and if_match != request.version:
        raise PreconditionFailed("The request has moved on since you read it.", extra=current_of(request))
    if expected_version is not None and expected_version != request.version:
        raise VersionConflict("The request has moved on since you read it.", extra=current_of(request))


def decide(
    request: CredentialRequest, decision: Decision, *, reviewer: str, rules: TypeRules, now: datetime
) -> Move | None:
    """Decide a request; None when it stands already where the decision wants it.

    Raises:
        SelfDecision: It is the reviewer's own.
        PreconditionFailed, VersionConflict: Another version, or none was named and it is not pending any more.
        StateConflict: It was withdrawn, or the same reviewer approves twice where two must.
        MissingMember: The note that this move needs.
    """
    if reviewer == request.user_id:
        raise SelfDecision("Nobody decides their own request.")
    require_version(request, decision.expected_version, decision.if_match)
    if request.state is RequestState.WITHDRAWN:
        raise StateConflict("The request was withdrawn.")
    names_version = decision.expected_version is not None or decision.if_match is not None
    if not names_version and request.state is not RequestState.PENDING:
        raise VersionConflict("The request was decided already.", extra=current_of(request))
    if decision.state is request.state:
        return None
    _require_note(request, decision, rules)
    if decision.state is RequestState.APPROVED and rules.two_person:
        endorser = request.endorsed_by if rules.endorser_stands else None
        if endorser is None:
            return _moved(request, decision, Step.ENDORSE, reviewer, now)
        if endorser == reviewer:
            raise StateConflict("You have approved this request; a second reviewer decides.")
    steps = {
        RequestState.APPROVED: Step.APPROVE,
        RequestState.REJECTED: Step.REJECT,
        RequestState.PENDING: Step.REOPEN,
    }
    return _moved(request, decision, steps[decision.state], reviewer, now)


def _require_note(request: CredentialRequest, decision: Decision, rules: TypeRules) -> None:
    if free_text(decision.note, "/note") is not None:
        return
    approves = decision.state is RequestState.APPROVED
    if approves and not rules.approval_note_required:
        return
    if not approves and decision.state is RequestState.PENDING and request.state is not RequestState.APPROVED:
        return
    detail = "This decision needs a note."
    raise MissingMember(detail, faults=[Fault("/note", "MISSING_FIELD", detail)])


def _moved(request: CredentialRequest, decision: Decision, step: Step, reviewer: str, now: datetime) -> Move:
    """Give the request after a step of a reviewer."""
    is_end = step in (Step.APPROVE, Step.REJECT)
    note, message = free_text(decision.note, "/note"), free_text(decision.message, "/message")
    after = replace(
        request,
        state=RequestState.PENDING if step is Step.ENDORSE else decision.state,
        version=request.version + 1,
        updated_at=now,
        resolved_at=now if is_end else None,
        resolved_by=reviewer if is_end else None,
        needs_info=False,
        note=note or request.note,
        # Read as the reason of the state beside it, so the words of an earlier step must not stay.
        message=message,
        endorsed_by=_endorser(request, step, reviewer),
    )
    entry = HistoryEntry(
        request_id=request.request_id,
        at=now,
        cause="endorsed" if step is Step.ENDORSE else "decided",
        actor=reviewer,
        from_state=request.state,
        to_state=after.state,
        note=note,
        message=message,
        checklist=decision.checklist,
    )
    return Move(request, after, entry, step)


def _endorser(request: CredentialRequest, step: Step, reviewer: str) -> str | None:
    if step is Step.ENDORSE:
        return reviewer
    return request.endorsed_by if step is Step.APPROVE else None


# -- undoing -----------------------------------------------------------------------------------------------------


def undo_until(
    request: CredentialRequest, last: HistoryEntry | None, *, reviewer: str, window: timedelta, now: datetime
) -> datetime | None:
    """Until when a reviewer may take their last decision back; None when they may not (any more).

    Args:
        last: The newest line of history that belongs to a move.
        window: The pages' undo window.
    """
    if last is None or last.actor != reviewer or last.cause not in ("decided", "endorsed"):
        return None
    # Leaving approved took rights away, which no window can call back; a reopened request needs no undoing.
    if last.from_state is RequestState.APPROVED or last.to_state is not request.state:
        return None
    if last.cause == "decided" and last.to_state is RequestState.PENDING:
        return None
    end = last.at + window
    return end if now < end else None


def undo(request: CredentialRequest, *, reviewer: str, now: datetime) -> Move:
    """Take a decision back: the request waits again, and what was recorded stays recorded."""
    after = replace(
        request,
        state=RequestState.PENDING,
        version=request.version + 1,
        updated_at=now,
        resolved_at=None,
        resolved_by=None,
        message=None,
        endorsed_by=None,
    )
    entry = HistoryEntry(
        request_id=request.request_id,
        at=now,
        cause="undone",
        actor=reviewer,
        from_state=request.state,
        to_state=RequestState.PENDING,
    )
    return Move(request, after, entry, Step.REOPEN)


# -- the requester's own moves -----------------------------------------------------------------------------------


def withdraw(request: CredentialRequest, *, now: datetime) -> tuple[CredentialRequest, HistoryEntry] | None:
    """Take one's own request back for good; None when it is.

    Raises:
        StateConflict: It was decided.
    """
    if request.state is RequestState.WITHDRAWN:
        return None
    require_pending(request, "Only a request that waits can be withdrawn.")
    after = replace(
        request,
        state=RequestState.WITHDRAWN,
        version=request.version + 1,
        updated_at=now,
        needs_info=False,
        endorsed_by=None,
    )
    return after, remark(request, "withdrawn", request.user_id, now, to_state=RequestState.WITHDRAWN)


def require_pending(request: CredentialRequest, detail: str) -> None:
    """Refuse what only suits a request that waits.

    Raises:
        StateConflict: It does not wait.
    """
    if request.state is not RequestState.PENDING:
        raise StateConflict(detail)


def remark(
    request: CredentialRequest,
    cause: str,
    actor: str,
    now: datetime,
    *,
    to_state: RequestState | None = None,
    message: str | None = None,
) -> HistoryEntry:
    """A line of history; without `to_state` one that is no move."""
    return HistoryEntry(
        request_id=request.request_id,
        at=now,
        cause=cause,
        actor=actor,
        from_state=request.state,
        to_state=to_state or request.state,
        message=message,
    )
