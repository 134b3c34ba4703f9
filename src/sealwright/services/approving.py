"""Approving: an agent asks the person it acts for, who says yes or no to one act with these values, once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.credentials import IssuanceRequest
from sealwright.domain.delegation_errors import REFUSALS, ApprovalClosed, ApprovalNotFound, DelegationNotFound
from sealwright.domain.delegations import APPROVAL_LIFE, FILED, SIGNED, Approval, ApprovalState
from sealwright.domain.errors import DomainError, MalformedBody, NotDIDOwner, SelfDecision, StateConflict
from sealwright.domain.ids import new_ordered_id
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import ActorKind, Caller
from sealwright.services.access import owned_dids
from sealwright.services.act_contents import CONTENT_OF, ActForm, issuing_form, requesting_form
from sealwright.services.authorizing import Authorizing, digest_of_act
from sealwright.services.authorizing_parties import acts_for, decides_for_own_agent, runs_agent
from sealwright.services.authorizing_round import Chain, Round
from sealwright.services.authorizing_values import ActQuestion, CheckedQuestion
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.ports import Page, UnitOfWork
from sealwright.services.registry import RegistryView
from sealwright.services.review_values import NewRequest
from sealwright.vc.delegation.judging import Reason, judge_act
from sealwright.vc.delegation.narrowing import covers
from sealwright.vc.delegation.terms import DelegationCode
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import Fault

WAITING_MOST: Final = 20
NOTE_MOST: Final = 500
REASON_MOST: Final = 2_000
CONTENT_BYTES_MOST: Final = 64 * 1024
"""Of what one act would sign or file, as JSON without white space: a person has to read it."""
_GONE: Final = "There is no such approval."
_DECIDED: Final = {ApprovalState.APPROVED: "approval.approved", ApprovalState.DECLINED: "approval.declined"}


@dataclass(frozen=True, slots=True)
class ApprovalWish:
    """What an agent wants approved.

    Args:
        context: As in `ActQuestion`; what is approved has exactly these values. Of an act that signs or files
            something, what it is about follows from that, and need not be said.
        credential_id: The delegation to act under; None: the newest that allows the act but for the approval.
        note: The agent's own words about it, for the person.
        credential: What would be signed, where it is to issue; its issuer is not looked at.
        request: What would be filed, where it is to ask for a credential.
        on_behalf_of: In whose name either would be done; None: of whoever stands at the root of the chain.
    """

    agent_did: str
    action: str
    context: Mapping[str, JSONValue]
    credential_id: str | None = None
    note: str | None = None
    credential: IssuanceRequest | None = None
    request: NewRequest | None = None
    on_behalf_of: str | None = None


@dataclass(frozen=True, slots=True)
class AskedApproval:
    """An approval that waits, and whether this call has asked for it; the same question waits only once."""

    approval: Approval
    is_new: bool


class Approving:
    """Questions of agents, and what people say to them."""

    def __init__(self, ground: DelegationGround, authorizing: Authorizing) -> None:
        self._units = ground.units
        self._registry = ground.registry
        self._notices = ground.notices
        self._clock = ground.clock
        self._authorizing = authorizing

    def ask(self, uow: UnitOfWork, caller: Caller, wish: ApprovalWish) -> AskedApproval:
        """Ask whoever delegated to an agent to approve one act.

        Raises:
            MalformedBody, DIDRecordNotFound: As for any question whether an agent may act; also where the act would
                sign or file something and does not say what, or says it of another one.
            NotDIDOwner: The caller neither is the agent nor runs it.
            StateConflict: The act needs no approval, or 20 questions of the agent wait.
            DelegationNotFound, DelegationRefused: No approval would help: why, by the newest delegation.
        """
        view = self._registry.inside(uow, uow.office.epoch(shared_lock=True))
        form = _form(wish, view)
        _require_size(form.content)
        question = ActQuestion(wish.agent_did, wish.action, form.context, wish.credential_id, content=form.content)
        checked = self._authorizing.check(caller, question, view)
        _require_note(wish.note)
        if not runs_agent(caller, checked.agent_did, view):
            raise NotDIDOwner("Only an agent, or who runs it, asks for its approvals.")
        now = self._clock.now()
        acted_for = _acted_for(wish, view)
        chain, hop = _chain_to_approve(self._authorizing.round(uow, view, now), checked, acted_for)
        known = self._waiting(uow, checked, chain, now)
        if known is not None:
            return AskedApproval(known, is_new=False)
        approval = Approval(
            approval_id=new_ordered_id("apv"),
            delegation_id=chain[-1].delegation_id,
            agent_did=checked.agent_did,
            delegator_did=chain[hop].delegator_did,
            action=wish.action,
            context=question.whole,
            note=wish.note,
            state=ApprovalState.WAITING,
            created_at=now,
            expires_at=min(now + APPROVAL_LIFE, *(one.expires_at for one in chain)),
        )
        uow.delegations.add_approval(approval)
        uow.audit.append(_event("approval.requested", approval, checked.digest, caller, now))
        self._tell(uow, approval, view)
        return AskedApproval(approval, is_new=True)

    def approve(self, uow: UnitOfWork, caller: Caller, approval_id: str) -> Approval:
        """Say yes to one act.

        Raises:
            ApprovalNotFound: There is none, or the caller may not see it.
            NotDIDOwner, SelfDecision: It is somebody else's to decide; nobody approves what they ask for.
            ApprovalClosed: It was decided, or its time is over.
        """
        return self._decide(uow, caller, approval_id, ApprovalState.APPROVED, None)

    def decline(self, uow: UnitOfWork, caller: Caller, approval_id: str, reason: str | None = None) -> Approval:
        """Say no to one act; `reason` is shown to the agent. Raises as `approve`, and MalformedBody."""
        if reason is not None and not 1 <= len(reason) <= REASON_MOST:
            detail = f"must have 1 to {REASON_MOST} characters"
            raise MalformedBody(
                "The reason is not of the allowed form.", faults=[Fault("/reason", "INVALID_VALUE", detail)]
            )
        return self._decide(uow, caller, approval_id, ApprovalState.DECLINED, reason)

    def get(self, caller: Caller, approval_id: str) -> Approval:
        """Read a question; raises ApprovalNotFound for whom it does not concern."""
        view = self._registry.current()
        with self._units(write=False) as uow:
            return _seen(uow.delegations.approval(approval_id), caller, view.through(uow))

    def list(
        self, caller: Caller, *, waiting: bool = False, limit: int = 20, cursor: str | None = None
    ) -> Page[Approval]:
        """Questions to the caller's DIDs and of the caller's agents, newest first; an admin sees all.

        Raises:
            InvalidPagination: The cursor is not of this list.
        """
        now = self._clock.now()
        with self._units(write=False) as uow:
            own = None if caller.is_admin else _own(uow, caller)
            return uow.delegations.approvals(
                delegators=own, agents=own, limit=limit, cursor=cursor, waiting_at=now if waiting else None
            )

    def may_decide(self, caller: Caller, approval: Approval, view: RegistryView) -> bool:
        """Tell whether it is the caller's to approve or decline."""
        return not _is_own(caller, approval, view) and acts_for(caller, approval.delegator_did, view)

    def _decide(
        self, uow: UnitOfWork, caller: Caller, approval_id: str, to: ApprovalState, reason: str | None
    ) -> Approval:
        view = self._registry.inside(uow, uow.office.epoch(shared_lock=True))
        approval = _seen(uow.delegations.approval(approval_id, for_update=True), caller, view)
        if _is_own(caller, approval, view):
            raise SelfDecision("Nobody approves what they have asked for themselves.")
        if not self.may_decide(caller, approval, view):
            raise NotDIDOwner(f"{approval.delegator_did} has to decide, or who speaks for it.")
        now = self._clock.now()
        state = approval.state_at(now)
        if state is not ApprovalState.WAITING:
            raise ApprovalClosed(f"The question is {state.value} already.", extra={"current": state.value})
        kept = approval if to is ApprovalState.APPROVED else approval.without_content()
        decided = replace(kept, state=to, decided_at=now, decided_by=caller.user_id, reason=reason)
        uow.delegations.update_approval(decided)
        digest = digest_of_act(approval.action, approval.context)
        uow.audit.append(_event(_DECIDED[to], decided, digest, caller, now))
        return decided

    @staticmethod
    def _waiting(uow: UnitOfWork, checked: CheckedQuestion, chain: Chain, now: datetime) -> Approval | None:
        """The same question, where it waits already; raises StateConflict where too many wait."""
        if uow.delegations.count_waiting(checked.agent_did, now) == 0:
            return None
        agents = (checked.agent_did,)
        waiting = uow.delegations.approvals(
            delegators=None, agents=agents, limit=WAITING_MOST, cursor=None, waiting_at=now
        ).items
        for one in waiting:
            is_same = digest_of_act(one.action, one.context) == checked.digest
            if is_same and one.delegation_id == chain[-1].delegation_id:
                return one
        if len(waiting) >= WAITING_MOST:
            raise StateConflict(f"{WAITING_MOST} questions of this agent wait already.")
        return None

    def _tell(self, uow: UnitOfWork, approval: Approval, view: RegistryView) -> None:
        """Tell whoever speaks for the delegator; the admins where nobody has an account for it."""
        record, agent = view.did(approval.delegator_did), view.did(approval.agent_did)
        owner = view.person(record.owner_user_id) if record is not None and record.owner_user_id is not None else None
        person = owner or view.person_by_did(approval.delegator_did)
        data = {
            "approval_id": approval.approval_id,
            "delegation_id": approval.delegation_id,
            "agent": (agent.name if agent is not None else None) or approval.agent_did,
            "action": approval.action,
            "expires_at": approval.expires_at.isoformat(),
            **{
                name: str(approval.context[name])
                for name in ("amount", "currency", "merchant")
                if name in approval.context
            },
            **({"note": approval.note} if approval.note is not None else {}),
        }
        if person is not None and person.active:
            self._notices.tell(uow, NoticeKind.APPROVAL_ASKED, [person.user_id], data)
        else:
            self._notices.tell_admins(uow, NoticeKind.APPROVAL_ASKED, data)


def _form(wish: ApprovalWish, view: RegistryView) -> ActForm:
    """The act that is to be approved, as it will be when it is done.

    Raises:
        MalformedBody: What it would sign or file is missing, is of another act, or is not what the context is about.
    """
    given = {name: value for name, value in wish.context.items() if name != "approved"}
    wanted = CONTENT_OF.get(wish.action)
    faults = []
    for name, content in ((SIGNED, wish.credential), (FILED, wish.request)):
        if content is None and name == wanted:
            faults.append(Fault(f"/{name}", "MISSING_FIELD", f"An approval of {wish.action} is for exactly this."))
        elif content is not None and name != wanted:
            faults.append(Fault(f"/{name}", "CONFLICTING_FIELDS", f"{wish.action} has nothing to do with it."))
    if faults:
        raise MalformedBody("The act does not say what it is.", faults=faults)
    if wish.credential is not None:
        form = issuing_form(wish.credential, wish.on_behalf_of, view)
    elif wish.request is not None:
        form = requesting_form(wish.request, wish.on_behalf_of, view)
    else:
        return ActForm(wish.action, given, {})
    other = sorted(name for name, value in given.items() if form.context.get(name) != value)
    if other:
        faults = [
            Fault(child("/context", name), "CONFLICTING_FIELDS", "The act is about something else.") for name in other
        ]
        raise MalformedBody("The context is not that of the act.", faults=faults)
    return form


def _require_size(content: Mapping[str, JSONValue]) -> None:
    """Refuse what nobody would read; raises MalformedBody."""
    for name, members in content.items():
        # The canonical form of something large takes long, and others wait for this transaction.
        if len(dump_json(members)) > CONTENT_BYTES_MOST:
            detail = f"must have at most {CONTENT_BYTES_MOST} bytes"
            raise MalformedBody(
                "What is to be approved is too large.", faults=[Fault(f"/{name}", "CLAIMS_TOO_LARGE", detail)]
            )


def _acted_for(wish: ApprovalWish, view: RegistryView) -> str | None:
    record = view.did(wish.on_behalf_of) if wish.on_behalf_of is not None else None
    return record.did if record is not None else wish.on_behalf_of


def _chain_to_approve(circle: Round, checked: CheckedQuestion, acted_for: str | None) -> tuple[Chain, int]:
    """The newest chain that allows the act once it is approved, and the highest hop that demands it.

    Args:
        acted_for: Only chains that this DID is a delegator of.
    """
    question, now = checked.question, circle.now
    named = question.credential_id
    circle.holdings.find([checked.agent_did] if named is None else [], [named] if named is not None else [])
    chains: Sequence[Chain]
    if named is None:
        live = circle.holdings.live(checked.agent_did)
        chains = tuple(chain for chain in live if covers(chain[-1].scope, question.action)) or live[:1]
    else:
        chain = circle.holdings.named(named)
        chains = (chain,) if chain is not None and chain[-1].delegate_did == checked.agent_did else ()
    if acted_for is not None:
        chains = tuple(chain for chain in chains if any(hop.delegator_did == acted_for for hop in chain))
    # Locked as for an act, so that an agent that asks twice at once is answered once.
    circle.holdings.lock(chains, for_use=True)
    chains = tuple(circle.holdings.chain(chain[-1].delegation_id) for chain in chains)
    circle.ledgers.read(hop for chain in chains for hop in chain)
    against: tuple[Reason, ...] = ()
    for chain in chains:
        hops, used = circle.holdings.hops(chain), circle.ledgers.spent(chain)
        falls = circle.holdings.falls(chain)
        approved = (*falls, *judge_act(hops, question.action, replace(checked.act, approved=True), now, used))
        if approved:
            against = against or approved
            continue
        wanted = judge_act(hops, question.action, replace(checked.act, approved=False), now, used)
        if not wanted:
            raise StateConflict("This act needs no approval.")
        return chain, min(reason.hop for reason in wanted if reason.hop is not None)
    raise _refusal(against)


def _refusal(reasons: Sequence[Reason]) -> DomainError:
    """Why no approval helps."""
    if not reasons:
        return DelegationNotFound("No delegation to this agent is in force.")
    first = reasons[0]
    kind = REFUSALS.get(first.code.value, REFUSALS[DelegationCode.INVALID.value])
    return kind(first.detail, faults=[Fault("", one.code.value, one.detail) for one in reasons])


def _require_note(note: str | None) -> None:
    if note is not None and not 1 <= len(note) <= NOTE_MOST:
        detail = f"must have 1 to {NOTE_MOST} characters"
        raise MalformedBody("The note is not of the allowed form.", faults=[Fault("/note", "INVALID_VALUE", detail)])


def _seen(approval: Approval | None, caller: Caller, view: RegistryView) -> Approval:
    if approval is None:
        raise ApprovalNotFound(_GONE)
    if acts_for(caller, approval.delegator_did, view) or runs_agent(caller, approval.agent_did, view):
        return approval
    raise ApprovalNotFound(_GONE)


def _is_own(caller: Caller, approval: Approval, view: RegistryView) -> bool:
    """Tell whether the agent itself is calling, whatever else its key is bound to, or an admin whose agent it is."""
    if caller.actor.kind is ActorKind.AGENT or approval.agent_did in caller.issuer_dids:
        return True
    return caller.is_admin and decides_for_own_agent(caller, approval.agent_did, (approval.delegator_did,), view)


def _own(uow: UnitOfWork, caller: Caller) -> frozenset[str]:
    person = caller.person
    proved = frozenset(person.dids) if person is not None else frozenset()
    return owned_dids(uow, person) | proved | caller.issuer_dids


def _event(action: str, approval: Approval, digest: str, caller: Caller, now: datetime) -> AuditEntry:
    return AuditEntry(
        actor=caller.actor,
        action=action,
        object_type="approval",
        object_id=approval.approval_id,
        at=now,
        after={"status": approval.state.value},
        data={
            "delegationId": approval.delegation_id,
            "agentDid": approval.agent_did,
            "delegatorDid": approval.delegator_did,
            "actSha256": digest,
        },
        request_id=caller.request_id,
    )
