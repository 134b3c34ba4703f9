"""Grants without a request, and what becomes of any grant: given, revoked, suspended, reinstated, signed again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sealwright.domain.catalog import CredentialType
from sealwright.domain.credentials import IdempotencyScope, ReasonCode
from sealwright.domain.deciding import free_text
from sealwright.domain.effect_lines import NO_CHANGE
from sealwright.domain.effects import Effects
from sealwright.domain.errors import (
    GrantNotFound,
    IdempotencyInProgress,
    MissingMember,
    OutOfScope,
    PolicyViolation,
    RoleRequired,
    SelfDecision,
    StateConflict,
    UnknownCredentialType,
    UserNotFound,
)
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.people import Caller, Person
from sealwright.domain.requests import Issuance
from sealwright.services.acts import Acts, Answer
from sealwright.services.grant_issuance import GrantIssuance
from sealwright.services.grant_making import GrantMaking, Terms, last_grant
from sealwright.services.grant_moves import GrantChange, GrantMoves
from sealwright.services.intake import require_text
from sealwright.services.looks import Looks
from sealwright.services.ports import Clock, StoredAnswer, UnitOfWork, UnitOfWorkFactory
from sealwright.services.queue_scope import require_reviewer
from sealwright.services.request_views import without_reasons
from sealwright.services.review import with_outcome
from sealwright.services.review_values import Granted, NewGrant
from sealwright.services.status_moves import Cause
from sealwright.vc.errors import Fault


class GrantingDesk:
    """The reviewer's desk for grants; acts need the issuer scope, and nobody acts on their own."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        acts: Acts,
        making: GrantMaking,
        moves: GrantMoves,
        issuance: GrantIssuance,
        looks: Looks,
        clock: Clock,
    ) -> None:
        self._units = units
        self._looks = looks
        self._acts = acts
        self._making = making
        self._moves = moves
        self._issuance = issuance
        self._clock = clock

    # -- granting ----------------------------------------------------------------------------------

    def grant(self, caller: Caller, wish: NewGrant) -> Granted:
        """Grant a type to a person, and sign the credential in the same call unless it is to wait.

        Raises:
            RoleRequired, OutOfScope, SelfDecision: By caller.
            UserNotFound, UnknownCredentialType: Missing; the type also when retired.
            PolicyViolation: The type asks for two reviewers, who approve a request.
            MissingMember: The type asks for a note.
            NotAnApprovedImprover, GrantInForce: By the person.
            ClaimsDoNotMatchSchema and its kin, ExpirationInPast, ExpirationTooFar: By the terms.
            IssuingHalted, Sealed: The office does not issue now.
        """
        halves = _GrantHalves(self, caller, wish)
        if wish.dry_run:
            return self._acts.rehearse(caller, lambda uow, me: replace(halves.begin(uow, me), dry_run=True))
        return halves.finish(self._acts.run(caller, halves.begin))

    def answer(
        self, caller: Caller, wish: NewGrant, render: Callable[[Granted], StoredAnswer], scope: IdempotencyScope | None
    ) -> Answer:
        """Grant and render the answer; with a scope exactly once. Raises as `grant`, and for reused keys."""
        if wish.dry_run:
            return Answer(render(self.grant(caller, wish)), replayed=False)
        return self._acts.answer_in_two(caller, _GrantHalves(self, caller, wish), render, scope=scope)

    # -- ending and pausing ------------------------------------------------------------------------

    def revoke(
        self,
        uow: UnitOfWork,
        caller: Caller,
        *,
        reason: str,
        user_id: str | None = None,
        credential_type: str | None = None,
        grant_id: str | None = None,
        reason_code: ReasonCode = ReasonCode.UNSPECIFIED,
        dry_run: bool = False,
    ) -> Granted:
        """Revoke a grant, named by its id or by person and type.

        Raises:
            RoleRequired, OutOfScope, SelfDecision: By caller.
            UserNotFound, GrantNotFound: No such person; the person never held the type.
            AlreadyRevoked, StateConflict: It has ended.
            MissingMember, MalformedBody: By the reason.
        """
        require_reviewer(caller)
        if grant_id is not None:
            grant = self._locked(uow, caller, grant_id)
        else:
            grant = self._last(uow, caller, user_id or "", credential_type or "")
        cause = Cause(require_text(reason, "/reason"), reason_code)
        return _granted(self._moves.revoke(uow, caller, grant, cause, dry_run=dry_run), dry_run=dry_run)

    def suspend(self, uow: UnitOfWork, caller: Caller, grant_id: str, reason: str, *, dry_run: bool = False) -> Granted:
        """Close a grant until it is reinstated.

        Raises:
            RoleRequired, OutOfScope, GrantNotFound, SelfDecision: By caller; as `revoke`.
            NotSuspendable, AlreadyRevoked, StateConflict: By the grant.
            MissingMember, MalformedBody: By the reason.
        """
        grant = self._locked(uow, caller, grant_id)
        cause = Cause(require_text(reason, "/reason"))
        return _granted(self._moves.suspend(uow, caller, grant, cause, dry_run=dry_run), dry_run=dry_run)

    def reinstate(
        self, uow: UnitOfWork, caller: Caller, grant_id: str, reason: str, *, dry_run: bool = False
    ) -> Granted:
        """Open a suspended grant again; raises as `suspend`."""
        grant = self._locked(uow, caller, grant_id)
        cause = Cause(require_text(reason, "/reason"))
        return _granted(self._moves.reinstate(uow, caller, grant, cause, dry_run=dry_run), dry_run=dry_run)

    def retry_issuance(self, caller: Caller, grant_id: str) -> Granted:
        """Try again to give a grant its credential; one that has it stays as it is.

        Raises:
            RoleRequired, OutOfScope, GrantNotFound, SelfDecision: By caller.
            StateConflict: The grant has ended or is suspended.
            Whatever signing refused.
        """
        require_reviewer(caller)
        with self._units(write=False) as uow:
            grant = _in_scope(caller, uow.grants.get(grant_id))
        if grant.status_at(self._clock.now()) is not GrantStatus.ACTIVE:
            raise StateConflict("The grant has ended or is suspended.")
        if grant.issuance is Issuance.ISSUED:
            return Granted(grant, NO_CHANGE)
        outcome = self._issuance.sign_soon(grant_id, request_id=caller.request_id)
        if outcome.error is not None:
            raise outcome.error
        summary = f"Issues the credential of {grant.credential_type}."
        return Granted(outcome.grant, Effects(changed=True, summary=summary, credentials_issued=1))

    # -- reading -----------------------------------------------------------------------------------

    def of_person(self, caller: Caller, user_id: str, status: GrantStatus | None = None) -> tuple[Grant, ...]:
        """A person's grants of every type, newest first; outside the scope without reasons. Puts on record who asked.

        Raises:
            RoleRequired: Neither issuer nor admin.
            UserNotFound: No such person.
        """
        require_reviewer(caller)
        with self._looks.opening(caller, "user", user_id) as uow:
            if uow.people.get(user_id) is None:
                raise UserNotFound("No such person.")
            found = uow.grants.of_person(user_id, status=status, now=self._clock.now())
        return tuple(grant if caller.covers(grant.credential_type) else without_reasons(grant) for grant in found)

    def own(self, caller: Caller, status: GrantStatus | None = None) -> tuple[Grant, ...]:
        """The caller's own grants, newest first. Raises RoleRequired for callers that are no person."""
        person = caller.require_person()
        if person is None:
            raise RoleRequired("This act is for a person with an account.")
        with self._units(write=False) as uow:
            found = uow.grants.of_person(person.user_id, status=status, now=self._clock.now())
        return tuple(replace(grant, note=None) for grant in found)

    # -- parts -------------------------------------------------------------------------------------

    def begun(self, uow: UnitOfWork, caller: Caller, wish: NewGrant) -> Granted:
        """The first half of a grant: everything but the signature."""
        require_reviewer(caller)
        kind, person = self._named(uow, caller, wish)
        note = free_text(wish.note, "/note")
        if note is None and kind.approval_note_required:
            detail = "A grant of this credential type needs a note."
            raise MissingMember(detail, faults=[Fault("/note", "MISSING_FIELD", detail)])
        terms = Terms(wish.claims, wish.expires_at, note, hold=wish.hold)
        planned = self._making.plan(uow, caller, person, kind, terms)
        if not wish.dry_run:
            self._making.write(uow, caller, planned.grant)
        return Granted(planned.grant, planned.effects)

    def signed(self, caller: Caller, granted: Granted) -> Granted:
        """The second half: the signature."""
        outcome = self._issuance.sign_soon(granted.grant.grant_id, request_id=caller.request_id)
        return Granted(outcome.grant, with_outcome(granted.effects, outcome))

    def resumed(self, caller: Caller, grant_id: str) -> Granted:
        """Finish a grant that an earlier call with the same key began. Raises IdempotencyInProgress."""
        outcome = self._issuance.sign_soon(grant_id, request_id=caller.request_id)
        if isinstance(outcome.error, IdempotencyInProgress):
            raise outcome.error
        with self._units(write=False) as uow:
            effects = self._making.effects_of(uow, outcome.grant)
        return Granted(outcome.grant, with_outcome(effects, outcome))

    def holds(self, wish: NewGrant) -> bool:
        """Tell whether signing waits for the undo window."""
        return wish.hold and bool(self._making.undo_window)

    @staticmethod
    def _named(uow: UnitOfWork, caller: Caller, wish: NewGrant) -> tuple[CredentialType, Person]:
        """The type and the person; to an issuer, types outside the scope and unknown ones look alike."""
        if not caller.covers(wish.credential_type):
            raise OutOfScope("This credential type lies outside your issuer scope.")
        if wish.user_id == caller.user_id:
            raise SelfDecision("Nobody grants to themselves.")
        person = uow.people.get(wish.user_id)
        if person is None or person.erased:
            raise UserNotFound("No such person.")
        kind = uow.types.get(wish.credential_type)
        if kind is None or not kind.active:
            raise UnknownCredentialType("This credential type is unknown or retired.")
        if not kind.is_granted_directly:
            raise PolicyViolation("This credential type asks for two reviewers, who approve a request for it.")
        return kind, person

    def _last(self, uow: UnitOfWork, caller: Caller, user_id: str, credential_type: str) -> Grant:
        """The last grant of a type that a person had, its row locked."""
        if not caller.covers(credential_type):
            raise OutOfScope("This credential type lies outside your issuer scope.")
        if uow.people.get(user_id) is None:
            raise UserNotFound("No such person.")
        last = last_grant(uow, user_id, credential_type, self._clock.now())
        if last is None:
            raise GrantNotFound("The person never held this credential type.")
        return self._locked(uow, caller, last.grant_id)

    @staticmethod
    def _locked(uow: UnitOfWork, caller: Caller, grant_id: str) -> Grant:
        require_reviewer(caller)
        return _in_scope(caller, uow.grants.get_for_update(grant_id))


class _GrantHalves:
    """A direct grant as an act in two halves."""

    def __init__(self, desk: GrantingDesk, caller: Caller, wish: NewGrant) -> None:
        self._desk = desk
        self._caller = caller
        self._wish = wish

    def begin(self, uow: UnitOfWork, caller: Caller) -> Granted:
        self._caller = caller
        return self._desk.begun(uow, caller, self._wish)

    def reference(self, begun: Granted) -> str | None:
        return None if self._desk.holds(self._wish) else begun.grant.grant_id

    def finish(self, begun: Granted) -> Granted:
        return begun if self._desk.holds(self._wish) else self._desk.signed(self._caller, begun)

    def resume(self, caller: Caller, reference: str) -> Granted:
        return self._desk.resumed(caller, reference)


def _in_scope(caller: Caller, grant: Grant | None) -> Grant:
    """Take a grant that the caller may act on; grants of every type can be read, so a missing one may be told."""
    if grant is None:
        raise GrantNotFound("No such grant.")
    if not caller.covers(grant.credential_type):
        raise OutOfScope("This credential type lies outside your issuer scope.")
    if grant.user_id == caller.user_id:
        raise SelfDecision("Nobody acts on their own grant as a reviewer.")
    return grant


def _granted(change: GrantChange, *, dry_run: bool) -> Granted:
    return Granted(change.grant, change.effects, dry_run=dry_run)
