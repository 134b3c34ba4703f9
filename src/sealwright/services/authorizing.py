"""Authorizing: may this agent do this now? Judged by every delegation above it, counted exactly, always on record.

The same answer is given to the API, to agents' tools, to tokens and to pages. A question is judged inside the
transaction that counts it, behind the locks of the ledgers that it draws on, so that two acts can never both have the
last of a budget, whichever processes they are asked of; and a delegation that was revoked a moment ago allows nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import CredentialStatus, IdempotencyScope
from sealwright.domain.delegation_errors import ApprovalNotFound
from sealwright.domain.delegations import Approval, ApprovalState, DelegationCall
from sealwright.domain.errors import DIDRecordNotFound, DomainError, IdempotencyInProgress, MalformedBody, NotDIDOwner
from sealwright.domain.ids import new_ordered_id
from sealwright.domain.people import Caller
from sealwright.services.authorizing_line import AuthorizingLine, GroundMoved
from sealwright.services.authorizing_parties import may_count, may_count_any, may_say_approved, may_see_rest
from sealwright.services.authorizing_round import Chain, HopShelf, Round, require_clock
from sealwright.services.authorizing_values import (
    ActQuestion,
    Answered,
    CheckedQuestion,
    Inquiry,
    Verdict,
    require_action,
)
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.ports import StoredAnswer, UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.vc.delegation.judging import Reason, judge_act, read_context, remaining_of
from sealwright.vc.delegation.narrowing import covers
from sealwright.vc.delegation.terms import DelegationCode
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import Fault, MalformedDocument

_NONE: Final = Reason(DelegationCode.NOT_FOUND, None, "No delegation to this agent is in force.")
_UNKNOWN: Final = Reason(DelegationCode.NOT_FOUND, None, "There is no such delegation to this agent.")
_UNSAID: Final = "A limit of the delegation forbids this act."
_RUNNING: Final = "The first call with this Idempotency-Key is still running."
_STALE: Final[Mapping[ApprovalState, str]] = {
    ApprovalState.WAITING: "Nobody has decided about this approval yet.",
    ApprovalState.DECLINED: "The approval was declined.",
    ApprovalState.SPENT: "The approval was used already.",
    ApprovalState.EXPIRED: "The approval's time is over.",
}


class Authorizing:
    """Answers whether agents may act."""

    def __init__(self, ground: DelegationGround) -> None:
        self._registry = ground.registry
        self._access = ground.access
        self._acts = ground.acts
        self._clock = ground.clock
        self._shelf = HopShelf()
        self.line = AuthorizingLine(ground.units, self)

    def check(self, caller: Caller, question: ActQuestion, view: RegistryView) -> CheckedQuestion:
        """Judge a question's form.

        Raises:
            MalformedBody: The action or a member of the context is not of the allowed form.
            DIDRecordNotFound: The agent's DID is not kept here.
        """
        require_action(question.action)
        try:
            act = read_context(question.context)
        except MalformedDocument as error:
            faults = [Fault(f"/context{one.pointer}", one.code, one.detail) for one in error.faults]
            raise MalformedBody("The context is not of the allowed form.", faults=faults) from error
        agent = view.did(question.agent_did)
        if agent is None:
            raise DIDRecordNotFound(f"No DID {question.agent_did} is kept here.")
        return CheckedQuestion(question, caller, agent.did, act, digest_of_act(question.action, question.whole))

    def round(self, uow: UnitOfWork, view: RegistryView, now: datetime) -> Round:
        """What a transaction knows that judges acts; the unit of work holds the registry's lock."""
        return Round(uow, view, now, self._shelf)

    def submit(
        self,
        checked: CheckedQuestion,
        scope: IdempotencyScope | None = None,
        render: Callable[[Verdict], StoredAnswer | None] | None = None,
    ) -> Future[Answered]:
        """Put a checked question on the line; the future fails with what the call must be answered.

        Args:
            scope: With it, the question is answered and counted once, and replayed from then on.
            render: Makes what is kept under the scope; None keeps nothing.
        """
        return self.line.submit(Inquiry(checked, scope, render))

    def ask(self, caller: Caller, question: ActQuestion) -> Verdict:
        """Ask and wait for the answer; on the line where it walks, else in this thread. Blocking.

        Raises:
            MalformedBody, DIDRecordNotFound: As `check`.
            NotDIDOwner: Who asks may not have this agent's acts counted.
            ApprovalNotFound: This agent was given no such approval.
            StoreUnavailable, AuditUnavailable, ClockBehind: Nothing was counted.
        """
        answered = self.ask_under(caller, question)
        assert answered.verdict is not None
        return answered.verdict

    def ask_under(
        self,
        caller: Caller,
        question: ActQuestion,
        scope: IdempotencyScope | None = None,
        render: Callable[[Verdict], StoredAnswer | None] | None = None,
    ) -> Answered:
        """Ask and wait, under a key as `submit` takes it. Blocking.

        Raises:
            IdempotencyKeyReused: The key was used with another body.
            IdempotencyInProgress: Another call with the key is being answered.
            As `ask`.
        """
        checked = self.check(caller, question, self._registry.current())
        inquiry = Inquiry(checked, scope, render)
        return self.line.submit(inquiry).result() if self.line.is_open else self.line.run_alone(inquiry)

    # -- one round of the line ------------------------------------------------------------------------

    def answer(self, uow: UnitOfWork, inquiries: Sequence[Inquiry], *, again: bool = False) -> None:
        """Answer questions in the order of their arrival, and write the answers down; never commits.

        Raises:
            GroundMoved: A delegation that was found was revoked before it was locked, and may have a successor.
        """
        now = self._clock.now()
        epoch = uow.office.epoch(shared_lock=True)
        require_clock(uow, now)
        circle = self.round(uow, self._registry.inside(uow, epoch), now)
        for inquiry in inquiries:
            _guarded(inquiry, lambda one: self._look_again(one, circle.view))
        self._gather(circle, [one for one in inquiries if one.is_open], again=again)
        self._bind_keys(uow, [one for one in inquiries if one.is_open and one.scope is not None], now)
        for inquiry in inquiries:
            if inquiry.is_open:
                _guarded(inquiry, lambda one: self._decide(one, circle))
        circle.write()

    def _look_again(self, inquiry: Inquiry, view: RegistryView) -> None:
        """Look up again whoever came under an older epoch; sessions end without a new one."""
        checked = inquiry.checked
        caller = checked.caller
        if caller.epoch == view.epoch and caller.session_id is None:
            return
        caller = self._access.refresh(caller, view)
        if view.did(checked.agent_did) is None:
            raise DIDRecordNotFound(f"No DID {checked.agent_did} is kept here.")
        inquiry.checked = replace(checked, caller=caller)

    def _gather(self, circle: Round, inquiries: Sequence[Inquiry], *, again: bool) -> None:
        """Find the chains that each question may rest on, and lock all of them at once."""
        circle.read_approvals(inquiries, for_update=False)
        for inquiry in inquiries:
            _guarded(inquiry, lambda one: _require_approval(one, circle.approval(one)))
        asked = [one for one in inquiries if one.is_open]
        named = {id(one): reference for one in asked if (reference := _named(one, circle)) is not None}
        circle.holdings.find((one.checked.agent_did for one in asked if id(one) not in named), named.values())
        for inquiry in asked:
            circle.chains[id(inquiry)] = _candidates(inquiry, circle, named.get(id(inquiry)))
            _guarded(inquiry, lambda one: _require_right(one, circle))
        asked = [one for one in asked if one.is_open]
        records = any(one.checked.question.record for one in asked)
        found = [chain for one in asked for chain in circle.chains[id(one)]]
        circle.holdings.lock(found, for_use=records)
        for inquiry in asked:
            chains = circle.chains[id(inquiry)]
            locked = tuple(circle.holdings.chain(chain[-1].delegation_id) for chain in chains)
            if not again and id(inquiry) not in named and _ended(chains, locked):
                raise GroundMoved
            circle.chains[id(inquiry)] = locked
        if records:
            # Behind the delegations' locks, which everybody takes first.
            circle.read_approvals([one for one in asked if one.checked.question.record], for_update=True)
        circle.ledgers.read(hop for one in asked for chain in circle.chains[id(one)] for hop in chain)

    def _bind_keys(self, uow: UnitOfWork, inquiries: Sequence[Inquiry], now: datetime) -> None:
        """Bind idempotency keys; whoever comes again with one gets the answer that was given under it."""
        first: dict[tuple[str, str, str], Inquiry] = {}
        for inquiry in inquiries:
            scope = inquiry.scope
            assert scope is not None
            if first.setdefault((scope.principal, scope.route, scope.key), inquiry) is not inquiry:
                inquiry.error = IdempotencyInProgress(_RUNNING)
        scopes = [one.scope for one in first.values() if one.scope is not None]
        if not scopes:
            return
        free = uow.idempotency.begin_many([(scope, None) for scope in scopes], now, now + self._acts.idempotency_ttl)
        for inquiry in first.values():
            if inquiry.scope is not None and inquiry.scope not in free:
                _guarded(inquiry, lambda one: self._replay(uow, one))

    def _replay(self, uow: UnitOfWork, inquiry: Inquiry) -> None:
        assert inquiry.scope is not None
        known = self._acts.replay_inside(uow, inquiry.scope)
        inquiry.answered = Answered(None, known.stored, replayed=True)

    def _decide(self, inquiry: Inquiry, circle: Round) -> None:
        """Judge a question by what stands behind the locks, count the act, and put the answer on record."""
        checked = inquiry.checked
        question = checked.question
        call_id = new_ordered_id("cal")
        chain, reasons = self._judged(inquiry, circle)
        allowed = not reasons
        if allowed and question.record:
            circle.ledgers.count(chain, call_id, checked.act.micros)
            self._spend_approval(inquiry, circle)
        sees_rest = may_see_rest(checked.caller, checked.agent_did, chain, circle.view)
        remaining = None
        if sees_rest and chain:
            remaining = remaining_of(circle.holdings.hops(chain), circle.ledgers.spent(chain))
        _record(inquiry, circle, call_id, chain, reasons)
        verdict = Verdict(
            allowed=allowed,
            agent_did=checked.agent_did,
            action=question.action,
            decided_at=circle.now,
            chain=chain,
            reasons=reasons if sees_rest else tuple(_without_figures(one) for one in reasons),
            remaining=remaining,
            call_id=call_id,
        )
        stored = None
        if inquiry.scope is not None and inquiry.render is not None:
            stored = inquiry.render(verdict)
            if stored is not None:
                circle.uow.idempotency.finish(inquiry.scope, stored)
            else:
                circle.uow.idempotency.release(inquiry.scope)
        inquiry.answered = Answered(verdict, stored)

    def _judged(self, inquiry: Inquiry, circle: Round) -> tuple[Chain, tuple[Reason, ...]]:
        """The chain that decides, and why it refuses: the first that allows the act, else the newest."""
        chains = circle.chains[id(inquiry)]
        newest: tuple[Chain, tuple[Reason, ...]] | None = None
        for chain in chains:
            reasons = self._reasons(inquiry, circle, chain)
            if not reasons:
                return chain, ()
            newest = newest or (chain, reasons)
        if newest is None:
            return (), (_NONE if inquiry.checked.question.credential_id is None else _UNKNOWN,)
        return newest

    def _reasons(self, inquiry: Inquiry, circle: Round, chain: Chain) -> tuple[Reason, ...]:
        checked, approval = inquiry.checked, circle.approval(inquiry)
        question, act = checked.question, checked.act
        if not covers(chain[-1].scope, question.action):
            # What else would stand against it says nothing: this delegation is about other things.
            return (_not_covered(chain),)
        stale = _stale(approval, inquiry, chain, circle.now) if approval is not None else None
        if stale is not None:
            return (Reason(DelegationCode.APPROVAL_REQUIRED, None, stale),)
        said = act.approved and may_say_approved(checked.caller, checked.agent_did, chain, circle.view)
        act = replace(act, approved=said or approval is not None)
        used = circle.ledgers.spent(chain)
        judged = judge_act(circle.holdings.hops(chain), question.action, act, circle.now, used)
        falls = circle.holdings.falls(chain)
        told = {(fall.code, fall.hop) for fall in falls}
        return (*falls, *(reason for reason in judged if (reason.code, reason.hop) not in told))

    def _spend_approval(self, inquiry: Inquiry, circle: Round) -> None:
        approval = circle.approval(inquiry)
        if approval is not None:
            circle.spend(replace(approval.without_content(), state=ApprovalState.SPENT))


def _guarded(inquiry: Inquiry, step: Callable[[Inquiry], None]) -> None:
    """Take one step with one question; a refusal is its own answer and no neighbor's."""
    if not inquiry.is_open:
        return
    try:
        step(inquiry)
    except DomainError as error:
        inquiry.error = error


def _require_approval(inquiry: Inquiry, approval: Approval | None) -> None:
    checked = inquiry.checked
    if checked.question.approval_id is None:
        return
    if approval is None or approval.agent_did != checked.agent_did:
        raise ApprovalNotFound("This agent has asked for no such approval.")


def _named(inquiry: Inquiry, circle: Round) -> str | None:
    """The one delegation that a question is about, where it is about one: by its own word, else by its approval's."""
    approval = circle.approval(inquiry)
    return inquiry.checked.question.credential_id or (approval.delegation_id if approval is not None else None)


def _candidates(inquiry: Inquiry, circle: Round, named: str | None) -> tuple[Chain, ...]:
    """The chains that may allow the act, newest first; where none covers it, the newest one."""
    checked = inquiry.checked
    if named is not None:
        chain = circle.holdings.named(named)
        return (chain,) if chain is not None and chain[-1].delegate_did == checked.agent_did else ()
    live = circle.holdings.live(checked.agent_did)
    covering = tuple(chain for chain in live if covers(chain[-1].scope, checked.question.action))
    return covering or live[:1]


def _ended(found: Sequence[Chain], locked: Sequence[Chain]) -> bool:
    """Tell whether a delegation was revoked between being found and being locked, such as one that was narrowed."""
    return any(
        before.credential_status is not after.credential_status and after.credential_status is CredentialStatus.REVOKED
        for chain, now in zip(found, locked, strict=True)
        for before, after in zip(chain, now, strict=True)
    )


def _require_right(inquiry: Inquiry, circle: Round) -> None:
    """Leave the chains that this caller may have counted."""
    checked = inquiry.checked
    if not checked.question.record:
        return
    chains = circle.chains[id(inquiry)]
    allowed = may_count(checked.caller, checked.agent_did, chains, circle.view)
    if not allowed and not may_count_any(checked.caller, checked.agent_did, circle.view):
        raise NotDIDOwner("This caller may not have this agent's acts counted.")
    circle.chains[id(inquiry)] = allowed


def _stale(approval: Approval, inquiry: Inquiry, chain: Chain, now: datetime) -> str | None:
    """Why an approval does not serve, or None: it is good for one act, with these values, once."""
    state = approval.state_at(now)
    if state is not ApprovalState.APPROVED:
        return _STALE[state]
    is_same = digest_of_act(approval.action, approval.context) == inquiry.checked.digest
    if is_same and approval.delegation_id == chain[-1].delegation_id:
        return None
    return "The approval was given for another act."


def digest_of_act(action: str, context: Mapping[str, JSONValue]) -> str:
    """SHA-256, in hex, over the canonical form of an act: the action and what it is about, without who said yes.

    Args:
        context: With what the act would sign or file, where it does.
    """
    about = {name: value for name, value in context.items() if name != "approved"}
    return hashlib.sha256(canonicalize_json({"action": action, "context": about})).hexdigest()


def _not_covered(chain: Chain) -> Reason:
    return Reason(DelegationCode.ACTION_NOT_COVERED, len(chain) - 1, "The delegation does not allow this action.")


def _without_figures(reason: Reason) -> Reason:
    """A reason as strangers are told it: what is left of a budget is its parties' business."""
    return replace(reason, detail=_UNSAID) if reason.code is DelegationCode.CONSTRAINT_EXCEEDED else reason


def _record(inquiry: Inquiry, circle: Round, call_id: str, chain: Chain, reasons: Sequence[Reason]) -> None:
    """Keep question and answer, and put them into the audit trail by their digest."""
    checked = inquiry.checked
    question, caller = checked.question, checked.caller
    allowed = not reasons
    decided_by = chain[-1].delegation_id if chain else None
    code = reasons[0].code.value if reasons else None
    circle.calls.append(
        DelegationCall(
            call_id=call_id,
            at=circle.now,
            agent_did=checked.agent_did,
            delegation_id=decided_by,
            action=question.action,
            context=question.context,
            allowed=allowed,
            code=code,
            detail=reasons[0].detail if reasons else None,
            recorded=allowed and question.record,
            asked_by=caller.actor.id,
            via=question.via,
            approval_id=question.approval_id,
        )
    )
    data: dict[str, JSONValue] = {
        "callId": call_id,
        "agentDid": checked.agent_did,
        "actSha256": checked.digest,
        "recorded": allowed and question.record,
    }
    if chain:
        # Whoever the authority comes from hears of what is done with it.
        data["delegatorDid"] = chain[0].delegator_did
    if code is not None:
        data["code"] = code
    if question.approval_id is not None:
        data["approvalId"] = question.approval_id
    circle.uow.audit.append(
        AuditEntry(
            actor=caller.actor,
            action="delegation.used" if allowed else "delegation.refused",
            object_type="delegation" if decided_by is not None else "did",
            object_id=decided_by or checked.agent_did,
            at=circle.now,
            data=data,
            request_id=caller.request_id,
        )
    )
