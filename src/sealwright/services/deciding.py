"""Carrying decisions out: the request, its grant and whoever is told, in one transaction; signing comes after it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.catalog import CredentialType
from sealwright.domain.deciding import Decision, Move, Step, TypeRules, decide, free_text, may_review
from sealwright.domain.effect_lines import NO_CHANGE
from sealwright.domain.effects import Effects
from sealwright.domain.errors import OutOfScope, RequestNotFound, RequestPendingExists, StateConflict, UserNotFound
from sealwright.domain.grants import Grant
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.requests import CredentialRequest, RequestState
from sealwright.services.grant_making import GrantMaking, PlannedGrant, Terms
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.intake import request_event
from sealwright.services.notices import NoticeDesk
from sealwright.services.offer_effects import request_rejected
from sealwright.services.offer_values import MadeOffer
from sealwright.services.offers import OfferDesk
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.queue_scope import require_reviewer
from sealwright.services.status_moves import Cause

_NOTICES: Final = {
    Step.APPROVE: NoticeKind.APPROVED,
    Step.REJECT: NoticeKind.REJECTED,
    Step.REOPEN: NoticeKind.REOPENED,
}
# What a grant says of its end where the reviewer told the requester nothing; internal notes stay with the request.
_ENDED_BY: Final = {
    Step.REJECT: "The request was rejected.",
    Step.REOPEN: "The request was reopened.",
}


@dataclass(frozen=True, slots=True)
class Carried:
    """A decision as it stands in the open transaction.

    Args:
        to_sign: The grant that waits for its signature now; None when nothing does.
        offer: What the decision offers, with its secrets.
    """

    request: CredentialRequest
    effects: Effects
    to_sign: str | None = None
    offer: MadeOffer | None = None


class Deciding:
    """Decides within an open unit of work."""

    def __init__(
        self, making: GrantMaking, moves: GrantMoves, notices: NoticeDesk, offers: OfferDesk, clock: Clock
    ) -> None:
        self._making = making
        self._moves = moves
        self._notices = notices
        self._offers = offers
        self._clock = clock

    def carry_out(self, uow: UnitOfWork, caller: Caller, decision: Decision) -> Carried:
        """Decide; a dry run goes as far as it can without writing.

        Raises:
            RoleRequired, OutOfScope, RequestNotFound, SelfDecision: By caller.
            PreconditionFailed, VersionConflict, StateConflict, RequestPendingExists: By what the request has become.
            MissingMember: The note that this move needs.
            NotAnApprovedImprover, GrantInForce: By the requester.
            ClaimsDoNotMatchSchema and its kin, ExpirationInPast, ExpirationTooFar: By the grant's terms.
            IssuingHalted, Sealed: The office does not issue now.
            MissingMember, NoDidcommEndpoint: The delivery that is wished for lacks something.
        """
        request = locked_request(uow, caller, decision.request_id)
        kind = uow.types.get(request.credential_type)
        now = self._clock.now()
        move = decide(request, decision, reviewer=caller.user_id, rules=_rules(uow, request, kind), now=now)
        if move is None:
            same = replace(NO_CHANGE, request_from=request.state, request_to=request.state)
            return Carried(request, same)
        if move.step is Step.APPROVE:
            return self._approve(uow, caller, decision, move, kind)
        if move.after.state is RequestState.PENDING:
            require_no_twin(uow, request)
        effects = self._end_grant(uow, caller, decision, move, now)
        if not decision.dry_run:
            uow.requests.update(move.after, move.entry)
            if move.step is Step.REJECT:
                request_rejected(uow, caller, request.request_id, now)
            self._record(uow, caller, move, now)
            self._tell(uow, decision, move)
        return Carried(request if decision.dry_run else move.after, effects)

    def _approve(
        self, uow: UnitOfWork, caller: Caller, decision: Decision, move: Move, kind: CredentialType | None
    ) -> Carried:
        request = move.before
        if kind is None or not kind.active:
            raise StateConflict("This credential type is retired; nothing new is granted.")
        person = uow.people.get(request.user_id)
        if person is None:
            raise UserNotFound("The requester's account is gone.")
        terms = Terms(
            claims=decision.claims if decision.claims is not None else request.claims,
            expires_at=decision.expires_at,
            note=free_text(decision.note, "/note"),
            request_id=request.request_id,
            hold=decision.hold,
        )
        planned = self._making.plan(uow, caller, person, kind, terms)
        effects = replace(planned.effects, request_from=request.state, request_to=RequestState.APPROVED)
        if decision.dry_run:
            return Carried(request, effects)
        after = replace(move.after, grant_id=planned.grant.grant_id)
        uow.requests.update(after, move.entry)
        self._making.write(uow, caller, planned.grant)
        self._record(uow, caller, replace(move, after=after), planned.grant.issued_at, grantId=planned.grant.grant_id)
        self._tell(uow, decision, replace(move, after=after), planned)
        self._offers.approved(uow, caller, planned.grant)
        wish = decision.delivery
        offer = self._offers.offer_grant(uow, caller, planned.grant, wish) if wish is not None else None
        return Carried(after, effects, None if self._holds(decision) else planned.grant.grant_id, offer)

    def _end_grant(self, uow: UnitOfWork, caller: Caller, decision: Decision, move: Move, now: datetime) -> Effects:
        """End the request's own grant where the move leaves approved; a grant that ended otherwise is left alone."""
        step = move.step
        base = Effects(
            changed=True,
            summary=_SUMMARIES[step],
            request_from=move.before.state,
            request_to=move.after.state,
        )
        grant = own_grant(uow, move.before) if move.leaves_approved else None
        if grant is None or not grant.is_in_force(now):
            return base
        reason = free_text(decision.message, "/message") or _ENDED_BY[step]
        change = self._moves.revoke(uow, caller, grant, Cause(reason), dry_run=decision.dry_run)
        return replace(change.effects, request_from=base.request_from, request_to=base.request_to)

    def _holds(self, decision: Decision) -> bool:
        return decision.hold and bool(self._making.undo_window)

    def _record(self, uow: UnitOfWork, caller: Caller, move: Move, now: datetime, **more: object) -> None:
        uow.audit.append(request_event(move.step.value, caller, move.before, move.after, now, **more))

    def _tell(self, uow: UnitOfWork, decision: Decision, move: Move, planned: PlannedGrant | None = None) -> None:
        kind = _NOTICES.get(move.step)
        if kind is None:
            return
        data = request_words(move.after, decision.message)
        if planned is not None:
            data["grant_id"] = planned.grant.grant_id
        waits = self._holds(decision) and not move.leaves_approved
        after = self._clock.now() + self._making.undo_window if waits else None
        self._notices.tell(uow, kind, [move.after.user_id], data, mail_after=after)


_SUMMARIES: Final = {
    Step.ENDORSE: "Endorses the request; a second reviewer decides.",
    Step.REJECT: "Rejects the request.",
    Step.REOPEN: "Puts the request back into the queue.",
}


def locked_request(uow: UnitOfWork, caller: Caller, request_id: str) -> CredentialRequest:
    """A request that the caller may review, its row locked; what is missing and what is out of scope look alike.

    Raises:
        RoleRequired: Neither issuer nor admin.
        OutOfScope, RequestNotFound: Not within the scope; missing, which only admins are told.
    """
    require_reviewer(caller)
    return require_in_scope(caller, uow.requests.get_for_update(request_id))


def require_in_scope(caller: Caller, request: CredentialRequest | None) -> CredentialRequest:
    """Take a request within the caller's scope; raises OutOfScope, RequestNotFound."""
    if request is None:
        if caller.is_admin:
            raise RequestNotFound("No such request.")
        raise OutOfScope("This request lies outside your issuer scope.")
    if not caller.covers(request.credential_type):
        raise OutOfScope("This request lies outside your issuer scope.")
    return request


def own_grant(uow: UnitOfWork, request: CredentialRequest) -> Grant | None:
    """The grant that the request's last approval made, its row locked."""
    return uow.grants.get_for_update(request.grant_id) if request.grant_id is not None else None


def require_no_twin(uow: UnitOfWork, request: CredentialRequest) -> None:
    """Refuse a second request that waits; raises RequestPendingExists."""
    twin = uow.requests.pending_of(request.user_id, request.credential_type)
    if twin is not None and twin.request_id != request.request_id:
        raise RequestPendingExists("Another request of this person for this credential type waits already.")


def request_words(request: CredentialRequest, message: str | None) -> dict[str, str]:
    """What a notice about a request is made of."""
    words = {"request_id": request.request_id, "credential_type": request.credential_type}
    text = free_text(message, "/message")
    return {**words, "message": text} if text is not None else words


def _rules(uow: UnitOfWork, request: CredentialRequest, kind: CredentialType | None) -> TypeRules:
    if kind is None:
        return TypeRules()
    endorser = uow.people.get(request.endorsed_by) if request.endorsed_by is not None else None
    # The operator, who is in no table of people, keeps their word; an issuer only as long as they may give it.
    stands = endorser is None or may_review(endorser, request.credential_type)
    return TypeRules(kind.two_person, kind.approval_note_required, stands)
