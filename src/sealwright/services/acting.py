"""Acting for a delegator: an agent issues, or files a request, in the name of whoever delegated that to it.

The act is authorized, counted and put on record first; then it goes the way of every other act of its kind, as the
delegator, whose own rights count at that moment. A guard asks inside the act's own transaction whether the chain still
gives authority, so that what raced with a revocation is refused.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Final

from sealwright.domain.credentials import CredentialRecord, IdempotencyScope, IssuanceRequest
from sealwright.domain.delegation_errors import REFUSALS, DelegationInvalid, DelegationNotFound
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import (
    DomainError,
    IdempotencyInProgress,
    NotDIDOwner,
    PolicyViolation,
    RoleRequired,
    SelfDecision,
)
from sealwright.domain.people import ActorKind, Caller, Person, UserId
from sealwright.services.act_contents import ActForm, issuing_form, requesting_form
from sealwright.services.authorizing import Authorizing
from sealwright.services.authorizing_round import Chain
from sealwright.services.authorizing_values import ActQuestion, Answered, Verdict
from sealwright.services.catalog_builtin import DELEGATION_SCHEMAS
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.delegation_standing import falls_of
from sealwright.services.issuing_line import Issued
from sealwright.services.orders import IssuanceOrder, OrderGuard
from sealwright.services.ports import StoredAnswer, UnitOfWork
from sealwright.services.registry import Registry, RegistryView
from sealwright.services.review_values import NewRequest, RequestView
from sealwright.vc.delegation.narrowing import covers
from sealwright.vc.errors import Fault, VcError

# Delegations that are tried one after the other, newest first.
_TRIED_MOST: Final = 8
# As long as any call waits for another one with its key.
_WAIT_SECONDS: Final = 2.0
_WAIT_STEP_SECONDS: Final = 0.05
_NO_SUCH: Final = "This agent has no such delegation, or none from that delegator."


@dataclass(frozen=True, slots=True)
class Footing:
    """What an agent wants to act under.

    Args:
        on_behalf_of: The delegator to act for; None: whoever stands at the root of the chain.
        delegation: One delegation, by any of its names; None: whichever allows it.
        approval_id: What a person said to this act.
        via: Where the wish comes from, for the record.
    """

    on_behalf_of: str | None = None
    delegation: str | None = None
    approval_id: str | None = None
    via: str = "api"


@dataclass(frozen=True, slots=True)
class Permit:
    """An act that was authorized and counted, and not yet carried out.

    Args:
        delegator_did: Whom it is done for.
        delegation_id: The last delegation of the chain.
    """

    agent_did: str
    delegator_did: str
    delegation_id: str
    call_id: str


@dataclass(frozen=True, slots=True)
class _Act:
    """One act of an agent, what it is to rest on, and the key that its call came with."""

    agent: str
    form: ActForm
    footing: Footing
    scope: IdempotencyScope | None


@dataclass(frozen=True, slots=True)
class ActingGuard:
    """What an agent's order hangs on: that its chain still gives authority; and whatever it would hang on anyway."""

    permit: Permit
    inner: OrderGuard | None

    @property
    def key(self) -> str:
        """Sorts guards by what they lock first."""
        return self.inner.key if self.inner is not None else f"delegation:{self.permit.delegation_id}"

    def look_again(self, uow: UnitOfWork, order: IssuanceOrder, now: datetime) -> None:
        """Ask again before anything is reserved; raises DelegationRefused, and what the inner guard raises.

        Nothing is locked: this transaction may hold status lists already, and what it stores is asked about again.
        """
        _require_standing(uow, self.permit, order.caller, now, locks=False)
        if self.inner is not None:
            self.inner.look_again(uow, order, now)

    def bind(self, uow: UnitOfWork, order: IssuanceOrder, record: CredentialRecord, now: datetime) -> CredentialRecord:
        """Ask again in the transaction that stores the credential; raises as `look_again`."""
        _require_standing(uow, self.permit, order.caller, now)
        return self.inner.bind(uow, order, record, now) if self.inner is not None else record


class Acting:
    """What agents do in the name of their delegators."""

    def __init__(self, ground: DelegationGround, authorizing: Authorizing) -> None:
        self._units = ground.units
        self._registry = ground.registry
        self._acts = ground.acts
        self._issuing = ground.issuing
        self._intake = ground.intake
        self._clock = ground.clock
        self._authorizing = authorizing

    def issue(
        self,
        caller: Caller,
        agent_did: str,
        wish: IssuanceRequest,
        footing: Footing,
        scope: IdempotencyScope | None = None,
    ) -> Issued:
        """Issue for a delegator, and wait for it; under a key once, however many calls come with it. Blocking.

        Raises:
            IdempotencyInProgress: The first call with the key runs on.
            As `order`, and what issuing raises.
        """
        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            known = self._issuing.replay(scope) if scope is not None else None
            if known is not None:
                return known
            try:
                return self._issuing.carry_out(self.order(caller, agent_did, wish, footing, scope), scope)
            except IdempotencyInProgress:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_WAIT_STEP_SECONDS)
            except (DomainError, VcError):
                # Another call with the key may have done it meanwhile, and then that is what stands in the way.
                if scope is None or (known := self._issuing.replay(scope)) is None:
                    raise
                return known

    def order(
        self,
        caller: Caller,
        agent_did: str,
        wish: IssuanceRequest,
        footing: Footing,
        scope: IdempotencyScope | None = None,
    ) -> IssuanceOrder:
        """Authorize and count an agent's wish to issue for its delegator; gives what may be signed. Blocking.

        What no delegator of the agent could issue at all is refused before it counts against anything.

        Args:
            wish: Its issuer is filled in here.
            scope: A call that is made again under its key, because it was not finished, is not counted again.

        Raises:
            NotDIDOwner: The caller is not this agent.
            DelegationNotFound: It has no such delegation, or none for that delegator.
            DelegationRefused: The act is not delegated, or a limit or a missing approval forbids it.
            PolicyViolation: A delegation, which an agent passes on in its own name.
            SelfDecision: It would issue to itself, or to another delegate of its chain.
            As `Issuing.check`, for the delegator.
        """
        view = self._registry.current()
        agent = _self(caller, agent_did, view)
        if wish.schema_id in DELEGATION_SCHEMAS:
            raise PolicyViolation("An agent passes a delegation on in its own name, as its delegator.")
        act = _Act(agent, issuing_form(wish, footing.on_behalf_of, view), self._settled(agent, footing), scope)
        permit = self._known_permit(act)
        if permit is None:
            known = self._candidates(act, view)
            usable = _usable(known, lambda chain: self._order(caller, _permit(act, chain, view), wish))
            permit = self._permitted(caller, act, known, usable)
        return self._order(caller, permit, wish)

    def permit_request(
        self,
        caller: Caller,
        agent_did: str,
        wish: NewRequest,
        footing: Footing,
        scope: IdempotencyScope | None = None,
    ) -> Permit:
        """Authorize and count an agent's wish to file a request for the person it acts for. Blocking.

        What could be filed for none of them is refused before it counts against anything.

        Args:
            scope: As for `order`.

        Raises:
            NotDIDOwner, DelegationNotFound, DelegationRefused: As `order`.
            RoleRequired: Nobody with an account stands behind the delegator.
            As `Intake.request`, for that person.
        """
        view = self._registry.current()
        agent = _self(caller, agent_did, view)
        act = _Act(agent, requesting_form(wish, footing.on_behalf_of, view), self._settled(agent, footing), scope)
        permit = self._known_permit(act)
        if permit is not None:
            return permit
        known = self._candidates(act, view)
        usable = _usable(known, lambda chain: self._try(caller, _permit(act, chain, view), wish))
        return self._permitted(caller, act, known, usable)

    def file(self, uow: UnitOfWork, caller: Caller, permit: Permit, wish: NewRequest) -> RequestView:
        """File a request that was authorized, in the transaction that looks at its chain again.

        Raises:
            DelegationRefused, RoleRequired: The chain gives no authority any more; nobody stands behind the delegator.
            As `Intake.request`.
        """
        _require_standing(uow, permit, caller, self._clock.now())
        person = _person_behind(permit.delegator_did, Registry.within(uow, caller.epoch))
        return self._intake.request(uow, replace(caller, person=person), wish)

    # -- parts -------------------------------------------------------------------------------------

    def _settled(self, agent: str, footing: Footing) -> Footing:
        """What an act rests on, with the delegation that its approval was given under: no other one is asked."""
        if footing.approval_id is None or footing.delegation is not None:
            return footing
        with self._units(write=False) as uow:
            approval = uow.delegations.approval(footing.approval_id)
        is_own = approval is not None and approval.agent_did == agent
        return replace(footing, delegation=approval.delegation_id) if approval is not None and is_own else footing

    def _candidates(self, act: _Act, view: RegistryView) -> tuple[Chain, ...]:
        """The chains that give the agent authority for such acts now, newest first; the newest eight.

        Of a delegator that is asked for by name, the newest one where none does.

        Raises:
            DelegationNotFound: The one that was named is not this agent's, or none comes from that delegator.
        """
        footing = act.footing
        with self._units(write=False) as uow:
            view = view.through(uow)
            holdings = self._authorizing.round(uow, view, self._clock.now()).holdings
            holdings.find([act.agent], [footing.delegation] if footing.delegation is not None else ())
            if footing.delegation is not None:
                named = holdings.named(footing.delegation)
                found: tuple[Chain, ...] = (named,) if named is not None and named[-1].delegate_did == act.agent else ()
            else:
                found = tuple(chain for chain in holdings.live(act.agent) if covers(chain[-1].scope, act.form.action))
            fitting = tuple(chain for chain in found if _delegator(chain, footing, view) is not None)
            if not fitting and (footing.delegation is not None or footing.on_behalf_of is not None):
                raise DelegationNotFound(_NO_SUCH)
            standing = (one for one in fitting if covers(one[-1].scope, act.form.action) and not holdings.falls(one))
            known = tuple(islice(standing, _TRIED_MOST))
            # Where nothing stands of the delegator who was asked for, no other one's must be counted against
            # in its place: the newest of its own tells why.
            return known if known or footing.on_behalf_of is None else fitting[:1]

    def _known_permit(self, act: _Act) -> Permit | None:
        """What an earlier call with this key was permitted; raises IdempotencyKeyReused for another body."""
        answer = self._acts.replay(_permitting(act.scope)) if act.scope is not None else None
        return _read_permit(act.agent, answer.stored) if answer is not None else None

    def _order(self, caller: Caller, permit: Permit, wish: IssuanceRequest) -> IssuanceOrder:
        view = self._registry.current()
        chain = view.delegation_chain(permit.delegation_id)
        acting = replace(caller, acting=permit.delegator_did)
        order = self._issuing.check(replace(wish, issuer_did=permit.delegator_did), acting, view)
        if _is_own_hand(order.holder_did, permit.delegator_did, chain, view):
            raise SelfDecision(
                "An agent issues nothing to itself, to those it has its authority from, or who runs them."
            )
        return replace(order, guard=ActingGuard(permit, order.guard))

    def _try(self, caller: Caller, permit: Permit, wish: NewRequest) -> None:
        with self._units() as uow:
            # Not committed: it is only looked whether it could be filed.
            self.file(uow, caller, permit, wish)

    def _permitted(self, caller: Caller, act: _Act, known: Sequence[Chain], usable: Sequence[Chain]) -> Permit:
        """Have the act authorized and counted; under a key in one transaction with what it permits, once.

        Args:
            known: What gives authority for such acts.
            usable: Those of them whose delegator could do it; where it is some, the others are not asked.

        Raises:
            DelegationNotFound, DelegationRefused: The newest one's refusal.
            IdempotencyInProgress: Another call with the key is being judged, and goes on being so.
        """
        footing = act.footing
        named: Sequence[str | None] = (footing.delegation,)
        if footing.delegation is None and usable and (footing.on_behalf_of is not None or len(usable) < len(known)):
            named = [chain[-1].delegation_id for chain in usable]
        refused: Verdict | None = None
        for delegation in named:
            answered = self._asked(caller, act, delegation)
            verdict = answered.verdict
            if verdict is None:
                assert answered.stored is not None
                return _read_permit(act.agent, answered.stored)
            if verdict.allowed:
                return _permit(act, verdict.chain, self._registry.current(), verdict.call_id)
            refused = refused or verdict
        assert refused is not None
        raise _refusal(refused)

    def _asked(self, caller: Caller, act: _Act, delegation: str | None) -> Answered:
        """Ask under one delegation, or under whichever allows it; waits a while for another call with the key."""
        question = ActQuestion(
            agent_did=act.agent,
            action=act.form.action,
            context=act.form.context,
            credential_id=delegation,
            record=True,
            approval_id=act.footing.approval_id,
            via=act.footing.via,
            content=act.form.content,
        )
        if act.scope is None:
            return self._authorizing.ask_under(caller, question)
        scope, view = _permitting(act.scope), self._registry.current()

        def kept(verdict: Verdict) -> StoredAnswer | None:
            # What was refused is asked anew by whoever comes again.
            if not verdict.allowed:
                return None
            delegator = _delegator(verdict.chain, act.footing, view)
            # Whatever is no refusal takes the whole transaction back, and the count with it.
            assert delegator is not None, "the act was judged under another delegator's chain"
            return _written(Permit(act.agent, delegator, verdict.chain[-1].delegation_id, verdict.call_id))

        deadline = time.monotonic() + _WAIT_SECONDS
        while True:
            try:
                return self._authorizing.ask_under(caller, question, scope, kept)
            except IdempotencyInProgress:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(_WAIT_STEP_SECONDS)


def _usable(chains: Sequence[Chain], attempt: Callable[[Chain], object]) -> tuple[Chain, ...]:
    """Those chains under which something could be done; raises the newest one's refusal where there is none."""
    usable = []
    refused: Exception | None = None
    for chain in chains:
        try:
            attempt(chain)
        except (DomainError, VcError) as error:
            refused = refused or error
        else:
            usable.append(chain)
    if refused is not None and not usable:
        raise refused
    return tuple(usable)


def _permitting(scope: IdempotencyScope) -> IdempotencyScope:
    """The scope of what was permitted for a call, beside that of the call itself."""
    return replace(scope, route=f"{scope.route} permitted")


def _written(permit: Permit) -> StoredAnswer:
    """A permit as it is kept under a call's key."""
    return StoredAnswer(200, " ".join((permit.delegator_did, permit.delegation_id, permit.call_id)).encode("utf-8"))


def _read_permit(agent: str, stored: StoredAnswer) -> Permit:
    delegator, delegation, call_id = stored.body.decode("utf-8").split(" ")
    return Permit(agent, delegator, delegation, call_id)


def _self(caller: Caller, agent_did: str, view: RegistryView) -> str:
    """The agent's canonical DID; raises NotDIDOwner unless it is the agent itself that calls."""
    record = view.did(agent_did)
    if record is None or caller.actor.kind is not ActorKind.AGENT or caller.actor.id != record.did:
        raise NotDIDOwner("Only the agent itself acts for its delegators, by an API key of its own.")
    return record.did


def _delegator(chain: Chain, footing: Footing, view: RegistryView) -> str | None:
    """Whom a chain lets an agent act for, as far as that is asked for; None where it is somebody else."""
    if footing.on_behalf_of is None:
        return chain[0].delegator_did
    record = view.did(footing.on_behalf_of)
    wanted = record.did if record is not None else footing.on_behalf_of
    return wanted if any(one.delegator_did == wanted for one in chain) else None


def _permit(act: _Act, chain: Chain, view: RegistryView, call_id: str = "") -> Permit:
    delegator = _delegator(chain, act.footing, view)
    if delegator is None:
        raise DelegationNotFound(_NO_SUCH)
    return Permit(act.agent, delegator, chain[-1].delegation_id, call_id)


def _is_own_hand(holder: str, delegator: str, chain: Chain, view: RegistryView) -> bool:
    """Tell whether a holder is a delegate of a chain, or somebody who runs one.

    Whoever is acted for may have things issued to themselves, as they could without an agent.
    """
    agents = [one.delegate_did for one in chain]
    if holder in agents:
        return True
    known = [record for did in agents if (record := view.did(did)) is not None]
    if holder != delegator and any(record.operator == holder for record in known):
        return True
    own = _owner_of(holder, view)
    return own is not None and own != _owner_of(delegator, view) and any(one.owner_user_id == own for one in known)


def _owner_of(did: str, view: RegistryView) -> UserId | None:
    """The account of whoever proved to control a DID, else for whom it is kept here."""
    person, record = view.person_by_did(did), view.did(did)
    return person.user_id if person is not None else record.owner_user_id if record is not None else None


def _person_behind(did: str, view: RegistryView) -> Person:
    record = view.did(did)
    if record is not None and record.kind is not DIDKind.HUMAN:
        # Who owns an agent, or an organization's DID, has not thereby let it file things about themselves.
        raise RoleRequired(f"Requests are filed for people, and {did} stands for none.")
    owner = record.owner_user_id if record is not None else None
    person = view.person(owner) if owner is not None else view.person_by_did(did)
    if person is None or not person.active:
        raise RoleRequired(f"Nobody with an active account stands behind {did}.")
    return person


def _require_standing(uow: UnitOfWork, permit: Permit, caller: Caller, now: datetime, *, locks: bool = True) -> None:
    """Lock a chain and refuse if it gives no authority any more; raises DelegationRefused, DelegationNotFound."""
    chain = uow.delegations.chain(permit.delegation_id)
    if not chain:
        raise DelegationNotFound("There is no such delegation any more.")
    if locks:
        locked = uow.delegations.lock([one.delegation_id for one in chain])
        chain = tuple(locked[one.delegation_id] for one in chain)
    falls = falls_of(chain, Registry.within(uow, caller.epoch), now)
    if falls:
        kind = REFUSALS.get(falls[0].code.value, DelegationInvalid)
        raise kind(falls[0].detail)


def _refusal(verdict: Verdict) -> DomainError:
    """A refused verdict as the error that the agent is told: the first reason names it, all of them are listed."""
    first = verdict.reasons[0]
    faults = [Fault("", reason.code.value, reason.detail) for reason in verdict.reasons]
    extra = {"callId": verdict.call_id}
    kind = REFUSALS.get(first.code.value)
    if kind is not None:
        return kind(first.detail, faults=faults, extra=extra)
    if first.code.value == "DELEGATION_NOT_FOUND":
        return DelegationNotFound(first.detail, faults=faults, extra=extra)
    return DelegationInvalid(first.detail, faults=faults, extra=extra)
