"""The reviewer's desk: the queue, a request with everything around it, deciding, asking, assigning, undoing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from sealwright.domain.credentials import IdempotencyScope
from sealwright.domain.deciding import (
    Decision,
    may_review,
    remark,
    require_pending,
    require_version,
    undo,
    undo_until,
)
from sealwright.domain.effects import Effects
from sealwright.domain.errors import (
    DomainError,
    IdempotencyInProgress,
    InvalidFilter,
    InvalidPagination,
    RequestNotFound,
    SelfDecision,
    StateConflict,
    UserNotFound,
)
from sealwright.domain.notices import NoticeKind
from sealwright.domain.offers import OfferChannel
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.domain.requests import CredentialRequest, Issuance, RequestFilter, RequestState
from sealwright.services.acts import Acts, Answer
from sealwright.services.deciding import (
    Carried,
    Deciding,
    locked_request,
    own_grant,
    request_words,
    require_in_scope,
    require_no_twin,
)
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.grant_issuance import GrantIssuance, Signed
from sealwright.services.grant_making import GrantMaking
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.intake import request_event, require_text
from sealwright.services.looks import Looks
from sealwright.services.notices import NoticeDesk
from sealwright.services.offers import OfferDesk, grant_origin
from sealwright.services.ports import Clock, StoredAnswer, UnitOfWork, UnitOfWorkFactory
from sealwright.services.queue_scope import QueueScope, narrowed, require_reviewer, scope_types
from sealwright.services.request_views import RequestViews, last_move
from sealwright.services.review_values import (
    AskedItem,
    Decided,
    DecidedItem,
    RequestDetail,
    RequestView,
    ScopeView,
)
from sealwright.services.status_moves import Cause
from sealwright.vc.errors import Fault, VcError

COUNT_AT_MOST: Final = 100
EXPORTED_AT_MOST: Final = 10_000
_TAKEN_BACK: Final = frozenset({NoticeKind.APPROVED, NoticeKind.REJECTED})


class ReviewDesk:
    """Requests as reviewers see and decide them; only within their scope, whatever they ask for."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        acts: Acts,
        deciding: Deciding,
        making: GrantMaking,
        moves: GrantMoves,
        issuance: GrantIssuance,
        notices: NoticeDesk,
        views: RequestViews,
        looks: Looks,
        offers: OfferDesk,
        clock: Clock,
    ) -> None:
        self._units = units
        self._acts = acts
        self._deciding = deciding
        self._making = making
        self._moves = moves
        self._issuance = issuance
        self._notices = notices
        self._views = views
        self._looks = looks
        self._offers = offers
        self._clock = clock
        self._scope = QueueScope(clock)

    # -- reading -----------------------------------------------------------------------------------

    def list(self, caller: Caller, wanted: RequestFilter, *, page: int, count: int) -> NumberedPage[RequestView]:
        """One page of the queue; types outside the scope are left out, of rows and totals alike.

        Args:
            page: Counted from 1.
            count: 1 to 100.

        Raises:
            RoleRequired: Neither issuer nor admin.
            InvalidPagination: Outside these bounds.
        """
        require_reviewer(caller)
        if page < 1 or not 1 <= count <= COUNT_AT_MOST:
            raise InvalidPagination(f"Pages are counted from 1 and have 1 to {COUNT_AT_MOST} entries.")
        types = narrowed(wanted, scope_types(caller))
        if types is not None and not types:
            return NumberedPage((), page, count, 0)
        with self._units(write=False) as uow:
            found = uow.requests.list(replace(wanted, types=types), page=page, count=count)
            views = self._views.views(uow, caller, found.items)
        return NumberedPage(views, found.page, found.count, found.total)

    def export(
        self, caller: Caller, wanted: RequestFilter, *, rows_a_read: int = COUNT_AT_MOST
    ) -> Iterator[RequestView]:
        """Every request of a filtered list as of one moment, in its order, read part by part.

        The unit of work is open until the last row was taken or the iterator is closed, so take them without waiting
        for anybody: decisions in between shift nothing, and no row comes twice or never.

        Raises:
            RoleRequired: Neither issuer nor admin.
            InvalidFilter: The filters find more rows than an export has at most.
        """
        require_reviewer(caller)
        types = narrowed(wanted, scope_types(caller))
        if types is not None and not types:
            return
        wanted = replace(wanted, types=types)
        with self._units(write=False) as uow:
            part = uow.requests.list(wanted, page=1, count=rows_a_read)
            if part.total > EXPORTED_AT_MOST:
                detail = f"An export has at most {EXPORTED_AT_MOST} rows; these filters find more."
                raise InvalidFilter(detail, faults=[Fault("", "INVALID_FILTER", detail)])
            while part.items:
                yield from self._views.views(uow, caller, part.items)
                part = uow.requests.list(wanted, page=part.page + 1, count=rows_a_read)

    def get(self, caller: Caller, request_id: str) -> RequestDetail:
        """One request with everything that a decision rests on; that it was opened is put on record.

        Raises:
            RoleRequired: Neither issuer nor admin.
            OutOfScope, RequestNotFound: Not within the scope; missing, which only admins are told.
        """
        require_reviewer(caller)
        with self._looks.opening(caller, "request", request_id) as uow:
            request = require_in_scope(caller, uow.requests.get(request_id))
            return self._views.detail(uow, caller, request)

    def view(self, caller: Caller, request_id: str) -> RequestView:
        """One request as lists show it; raises as `get`."""
        require_reviewer(caller)
        with self._units(write=False) as uow:
            return self._views.view(uow, caller, require_in_scope(caller, uow.requests.get(request_id)))

    def neighbors(self, caller: Caller, wanted: RequestFilter, request_id: str) -> tuple[str | None, str | None]:
        """The requests before and after one in a filtered list; raises as `get`."""
        require_reviewer(caller)
        types = narrowed(wanted, scope_types(caller))
        with self._units(write=False) as uow:
            require_in_scope(caller, uow.requests.get(request_id))
            if types is not None and not types:
                return None, None
            return uow.requests.neighbors(replace(wanted, types=types), request_id)

    def counts(self, caller: Caller) -> Mapping[str, Mapping[RequestState, int]]:
        """How many requests there are by type and state, within the scope. Raises RoleRequired."""
        require_reviewer(caller)
        with self._units(write=False) as uow:
            return uow.requests.counts(scope_types(caller))

    def scope(self, caller: Caller, *, stats: bool = False) -> ScopeView:
        """What the caller may decide on, with the figures above their queue if wanted. Raises RoleRequired."""
        with self._units(write=False) as uow:
            return self._scope.view(uow, caller, stats=stats)

    def reviewers(self, caller: Caller, request_id: str) -> tuple[Person, ...]:
        """Who may be assigned to a request; raises as `get`."""
        require_reviewer(caller)
        with self._units(write=False) as uow:
            request = require_in_scope(caller, uow.requests.get(request_id))
            known = {
                person.user_id: person
                for role in (AccountRole.ISSUER, AccountRole.ADMIN)
                for person in uow.people.with_role(role.value)
            }
        able = [person for person in known.values() if _may_take(person, request)]
        return tuple(sorted(able, key=lambda person: (person.display_name.casefold(), person.user_id)))

    # -- deciding ----------------------------------------------------------------------------------

    def preview(self, caller: Caller, decision: Decision) -> Decided:
        """What a decision would do; raises as `decide`."""
        return self.decide(caller, replace(decision, dry_run=True))

    def decide(self, caller: Caller, decision: Decision) -> Decided:
        """Decide a request: committed first, then, unless it is to wait, the credential is signed in this call.

        If signing fails the decision and the grant stand; the view says so.

        Raises:
            As `Deciding.carry_out`; nothing was changed then.
        """
        self._judge_delivery(decision, None)
        if decision.dry_run:
            return self._acts.rehearse(caller, lambda uow, me: self._rehearsed(uow, me, decision))
        halves = _DecisionHalves(self, caller, decision)
        return halves.finish(self._acts.run(caller, halves.begin))

    def answer(
        self,
        caller: Caller,
        decision: Decision,
        render: Callable[[Decided], StoredAnswer],
        scope: IdempotencyScope | None,
    ) -> Answer:
        """Decide and render the answer; with a scope exactly once, whatever crashes between commit and signature.

        Raises:
            As `decide`; IdempotencyKeyReused, IdempotencyInProgress.
        """
        if decision.dry_run:
            return Answer(render(self.decide(caller, decision)), replayed=False)
        self._judge_delivery(decision, scope)
        halves = _DecisionHalves(self, caller, decision)
        return self._acts.answer_in_two(caller, halves, render, scope=scope, is_secret=decision.delivery is not None)

    def decide_many(self, caller: Caller, decisions: Iterable[Decision]) -> tuple[DecidedItem, ...]:
        """Decide one by one, in order; one refusal stops nobody else."""
        items = []
        for decision in decisions:
            try:
                items.append(DecidedItem(decision.request_id, self.decide(caller, decision)))
            except (DomainError, VcError) as error:
                items.append(DecidedItem(decision.request_id, None, error))
        return tuple(items)

    def undo(self, caller: Caller, request_id: str, expected_version: int | None = None) -> Decided:
        """Take the caller's own last decision back within the undo window; its grant ends unsigned.

        Raises:
            RoleRequired, OutOfScope, RequestNotFound: By caller.
            VersionConflict: The request has moved on.
            StateConflict: There is nothing to undo (any more).
        """
        return self._acts.run(caller, lambda uow, me: self._undo(uow, me, request_id, expected_version))

    def issue_now(self, caller: Caller, request_id: str) -> RequestView:
        """Sign what waits for the undo window at once.

        Raises:
            RoleRequired, OutOfScope, RequestNotFound, SelfDecision: By caller.
            StateConflict: The request is not approved, or its grant has ended.
            Whatever signing refused.
        """
        require_reviewer(caller)
        with self._units(write=False) as uow:
            request = require_in_scope(caller, uow.requests.get(request_id))
            grant = uow.grants.get(request.grant_id) if request.grant_id is not None else None
        _require_foreign(caller, request)
        if request.state is not RequestState.APPROVED or grant is None or not grant.is_in_force(self._clock.now()):
            raise StateConflict("There is no grant that waits for its credential.")
        outcome = self._issuance.sign_soon(grant.grant_id, request_id=caller.request_id)
        if outcome.error is not None:
            raise outcome.error
        return self._shown(caller, request_id)

    # -- asking and assigning ----------------------------------------------------------------------

    def ask(self, uow: UnitOfWork, caller: Caller, request_id: str, message: str) -> RequestView:
        """Ask the requester for more; no move, so the version stays.

        Raises:
            RoleRequired, OutOfScope, RequestNotFound, SelfDecision: By caller.
            StateConflict: The request does not wait.
            MissingMember, MalformedBody: By the message.
        """
        request = locked_request(uow, caller, request_id)
        _require_foreign(caller, request)
        text = require_text(message, "/message")
        require_pending(request, "Only a request that waits can be asked about.")
        now = self._clock.now()
        after = replace(request, needs_info=True, message=text, updated_at=now)
        uow.requests.annotate(after, remark(request, "asked", caller.user_id, now, message=text))
        uow.audit.append(request_event("request.info_requested", caller, request, after, now))
        self._notices.tell(uow, NoticeKind.NEEDS_INFO, [request.user_id], request_words(request, text))
        return self._views.view(uow, caller, after)

    def assign(self, uow: UnitOfWork, caller: Caller, request_id: str, user_id: str | None) -> RequestView:
        """Put a request into somebody's hands, or nobody's; the same hands change nothing.

        Raises:
            RoleRequired, OutOfScope, RequestNotFound, SelfDecision: By caller.
            StateConflict: The request does not wait.
            UserNotFound: Nobody of this id may review it.
        """
        request = locked_request(uow, caller, request_id)
        _require_foreign(caller, request)
        require_pending(request, "Only a request that waits can be assigned.")
        if user_id == request.assignee_user_id:
            return self._views.view(uow, caller, request)
        if user_id is not None:
            person = uow.people.get(user_id)
            if person is None or not _may_take(person, request):
                raise UserNotFound("Nobody of this id may review the request.")
        now = self._clock.now()
        after = replace(request, assignee_user_id=user_id, updated_at=now)
        uow.requests.annotate(after, remark(request, "assigned", caller.user_id, now))
        uow.audit.append(request_event("request.assigned", caller, request, after, now, assigneeUserId=user_id))
        return self._views.view(uow, caller, after)

    def ask_many(self, caller: Caller, request_ids: Sequence[str], message: str) -> tuple[AskedItem, ...]:
        """Ask about several requests, each in a transaction of its own, in order."""
        return self._each(caller, request_ids, lambda uow, me, one: self.ask(uow, me, one, message))

    def assign_many(self, caller: Caller, request_ids: Sequence[str], user_id: str | None) -> tuple[AskedItem, ...]:
        """Assign several requests, each in a transaction of its own, in order."""
        return self._each(caller, request_ids, lambda uow, me, one: self.assign(uow, me, one, user_id))

    # -- parts -------------------------------------------------------------------------------------

    def _each(
        self, caller: Caller, request_ids: Sequence[str], act: Callable[[UnitOfWork, Caller, str], RequestView]
    ) -> tuple[AskedItem, ...]:
        items = []
        for request_id in request_ids:
            try:
                view = self._acts.run(caller, lambda uow, me, one=request_id: act(uow, me, one))  # type: ignore[misc]
                items.append(AskedItem(request_id, view))
            except (DomainError, VcError) as error:
                items.append(AskedItem(request_id, None, error))
        return tuple(items)

    def _judge_delivery(self, decision: Decision, scope: IdempotencyScope | None) -> None:
        """Ask before the act what it may not ask; a call that was answered is not judged again."""
        wish = decision.delivery
        if wish is None or wish.channel is not OfferChannel.DIDCOMM:
            return
        if scope is not None and self._acts.replay(scope) is not None:
            return
        with self._units(write=False) as uow:
            request = uow.requests.get(decision.request_id)
            person = uow.people.get(request.user_id) if request is not None else None
        self._offers.judge(person.holder_did if person is not None else None, wish)

    def _rehearsed(self, uow: UnitOfWork, caller: Caller, decision: Decision) -> Decided:
        carried = self._deciding.carry_out(uow, caller, decision)
        return Decided(self._views.view(uow, caller, carried.request), carried.effects, dry_run=True)

    def _undo(self, uow: UnitOfWork, caller: Caller, request_id: str, expected_version: int | None) -> Decided:
        request = locked_request(uow, caller, request_id)
        _require_foreign(caller, request)
        require_version(request, expected_version, None)
        now = self._clock.now()
        last = last_move(uow.requests.history(request_id))
        window = self._making.undo_window
        if undo_until(request, last, reviewer=caller.user_id, window=window, now=now) is None:
            raise StateConflict("There is no decision of yours that can still be undone.")
        require_no_twin(uow, request)
        effects = Effects(changed=True, summary="Undoes the decision; the request waits again.")
        move = undo(request, reviewer=caller.user_id, now=now)
        uow.requests.update(move.after, move.entry)
        grant = own_grant(uow, request) if request.state is RequestState.APPROVED else None
        if grant is not None and grant.is_in_force(now):
            if grant.issuance is Issuance.ISSUED:
                raise StateConflict("The credential was issued; move the request to pending with a note instead.")
            effects = self._moves.revoke(uow, caller, grant, Cause("The approval was undone."), tells=False).effects
        uow.audit.append(request_event(move.step.value, caller, request, move.after, now, undo=True))
        uow.notices.withdraw(about=request_id, kinds=_TAKEN_BACK)
        effects = replace(effects, request_from=request.state, request_to=RequestState.PENDING)
        return Decided(self._views.view(uow, caller, move.after), effects)

    def _shown(self, caller: Caller, request_id: str) -> RequestView:
        with self._units(write=False) as uow:
            request = uow.requests.get(request_id)
            if request is None:
                raise RequestNotFound("No such request.")
            return self._views.view(uow, caller, request)

    def begun(self, uow: UnitOfWork, caller: Caller, decision: Decision) -> tuple[Decided, str | None]:
        """The first half of a decision: everything but the signature."""
        carried: Carried = self._deciding.carry_out(uow, caller, decision)
        view = self._views.view(uow, caller, carried.request)
        return Decided(view, carried.effects, offer=carried.offer), carried.to_sign

    def signed(self, caller: Caller, decided: Decided, grant_id: str) -> Decided:
        """The second half: the signature, and the request as it stands after it."""
        outcome = self._issuance.sign_soon(grant_id, request_id=caller.request_id)
        view = self._shown(caller, decided.view.request.request_id)
        offer = decided.offer
        if offer is not None:
            # The signature has told the offer which credential it is about.
            with self._units(write=False) as uow:
                offer = self._offers.of_origin(uow, grant_origin(grant_id))
        return Decided(view, with_outcome(decided.effects, outcome), offer=offer)

    def resumed(self, caller: Caller, request_id: str, grant_id: str, from_state: str) -> Decided:
        """Finish an approval that an earlier call with the same key began.

        Raises:
            IdempotencyInProgress: That call is still signing.
        """
        outcome = self._issuance.sign_soon(grant_id, request_id=caller.request_id)
        if isinstance(outcome.error, IdempotencyInProgress):
            raise outcome.error
        with self._units(write=False) as uow:
            effects = self._making.effects_of(uow, outcome.grant)
            offer = self._offers.of_origin(uow, grant_origin(grant_id))
        effects = replace(effects, request_from=RequestState(from_state), request_to=RequestState.APPROVED)
        return Decided(self._shown(caller, request_id), with_outcome(effects, outcome), offer=offer)


class _DecisionHalves:
    """A decision as an act in two halves."""

    def __init__(self, desk: ReviewDesk, caller: Caller, decision: Decision) -> None:
        self._desk = desk
        self._caller = caller
        self._decision = decision

    def begin(self, uow: UnitOfWork, caller: Caller) -> tuple[Decided, str | None]:
        self._caller = caller
        return self._desk.begun(uow, caller, self._decision)

    @staticmethod
    def reference(begun: tuple[Decided, str | None]) -> str | None:
        decided, grant_id = begun
        if grant_id is None:
            return None
        came_from = decided.effects.request_from or RequestState.PENDING
        return f"{decided.view.request.request_id} {grant_id} {came_from.value}"

    def finish(self, begun: tuple[Decided, str | None]) -> Decided:
        decided, grant_id = begun
        return self._desk.signed(self._caller, decided, grant_id) if grant_id is not None else decided

    def resume(self, caller: Caller, reference: str) -> Decided:
        request_id, grant_id, from_state = reference.split(" ")
        return self._desk.resumed(caller, request_id, grant_id, from_state)


def with_outcome(effects: Effects, outcome: Signed) -> Effects:
    """Effects after a try to sign: a credential that there will not be (now) is not counted.

    It was refused, or somebody ended the grant in between; where another try is at work, it comes.
    """
    comes = outcome.grant.issuance is Issuance.ISSUED or isinstance(outcome.error, IdempotencyInProgress)
    return effects if comes else replace(effects, credentials_issued=0)


def _may_take(person: Person, request: CredentialRequest) -> bool:
    return person.user_id != request.user_id and may_review(person, request.credential_type)


def _require_foreign(caller: Caller, request: CredentialRequest) -> None:
    if request.user_id == caller.user_id:
        raise SelfDecision("Nobody acts on their own request as a reviewer.")
