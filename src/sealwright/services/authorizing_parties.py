"""Whom an agent's acts concern: who may have them counted, who sees what is left, whose word approves them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealwright.domain.delegations import Delegation
from sealwright.domain.people import AccountRole, ActorKind, Caller, Person
from sealwright.services.access import Access
from sealwright.services.registry import RegistryView

Chain = tuple[Delegation, ...]

_TRUSTED: Final = frozenset({AccountRole.ADMIN, AccountRole.ISSUER})


def acts_for(caller: Caller, did: str, view: RegistryView) -> bool:
    """Tell whether a caller speaks for a DID, kept here or only proved to be theirs; an admin speaks for all."""
    if caller.is_admin or did in caller.issuer_dids:
        return True
    if caller.person is None:
        return False
    record = view.did(did)
    return did in caller.person.dids or (record is not None and Access.may_act_for(caller, record))


def decides_for_own_agent(caller: Caller, agent_did: str, delegators: Iterable[str], view: RegistryView) -> bool:
    """Tell whether somebody who runs an agent would decide for delegators that are not theirs, as only admins could.

    No role passes the rules on one's own requests, and what one's agent asks for is one.
    """
    if caller.person is None or any(_is_own(caller.person, did, view) for did in delegators):
        return False
    record = view.did(agent_did)
    operator = record.operator if record is not None else None
    return any(did is not None and _is_own(caller.person, did, view) for did in (agent_did, operator))


def _is_own(person: Person, did: str, view: RegistryView) -> bool:
    record = view.did(did)
    return did in person.dids or (record is not None and record.owner_user_id == person.user_id)


def runs_agent(caller: Caller, agent_did: str, view: RegistryView) -> bool:
    """Tell whether a caller is the agent, or speaks for its operator."""
    record = view.did(agent_did)
    operator = record.operator if record is not None else None
    return acts_for(caller, agent_did, view) or (operator is not None and acts_for(caller, operator, view))


def may_count(caller: Caller, agent_did: str, chains: Iterable[Chain], view: RegistryView) -> tuple[Chain, ...]:
    """Those chains against which a caller may have an agent's acts counted.

    Whoever the office knows to serve people may: it serves, and has to tell what it has served. Anybody else may as
    far as they are a party.
    """
    found = tuple(chains)
    if may_count_any(caller, agent_did, view):
        return found
    return tuple(chain for chain in found if is_delegator(caller, chain, view))


def may_count_any(caller: Caller, agent_did: str, view: RegistryView) -> bool:
    """Tell whether a caller may have an agent's acts counted, whichever delegations it has."""
    return caller.is_admin or is_known_server(caller, view) or runs_agent(caller, agent_did, view)


def is_known_server(caller: Caller, view: RegistryView) -> bool:
    """Tell whether an API key was shown, no agent's, that the office itself or an approved issuer or admin answers for.

    Anybody with an account can make a DID and a key for it. Such a key must not be able to use up strangers' budgets,
    nor to read them.
    """
    return caller.actor.kind is ActorKind.API_KEY and is_answered_for(caller, view)


def is_answered_for(caller: Caller, view: RegistryView) -> bool:
    """Tell whether whoever calls is an approved issuer or admin, or a key, an agent's too, that one or the office made.

    Of these there are as many as the office let in; of anybody else as many as they like.
    """
    if not caller.is_key:
        return caller.has_role(AccountRole.ISSUER)
    key = view.api_key(caller.credential_digest) if caller.credential_digest is not None else None
    if key is None or key.owner_user_id is None:
        return key is not None
    owner = view.person(key.owner_user_id)
    return owner is not None and owner.active and not owner.roles.isdisjoint(_TRUSTED)


def is_delegator(caller: Caller, chain: Chain, view: RegistryView) -> bool:
    """Tell whether a caller speaks for a delegator of a chain."""
    return any(acts_for(caller, did, view) for did in {hop.delegator_did for hop in chain})


def is_party(caller: Caller, chain: Chain, view: RegistryView) -> bool:
    """Tell whether a chain concerns a caller: as a delegator or delegate of it, or as who runs its agent."""
    if is_delegator(caller, chain, view):
        return True
    return any(runs_agent(caller, did, view) for did in {hop.delegate_did for hop in chain})


def may_see_rest(caller: Caller, agent_did: str, chain: Chain, view: RegistryView) -> bool:
    """Tell whether a caller is told what is left of the budgets."""
    return may_count_any(caller, agent_did, view) or is_party(caller, chain, view)


def may_say_approved(caller: Caller, agent_did: str, chain: Chain, view: RegistryView) -> bool:
    """Tell whether a caller's word that a person approved the act counts.

    It is for whoever acts for the delegator of the highest hop that demands approval, or for one above it; and for a
    server that has nothing to do with anybody below. Nobody approves for themselves: never the agent's own key,
    whatever else it is bound to.
    """
    if agent_did in caller.issuer_dids or caller.actor.kind is ActorKind.AGENT:
        return False
    demanding = next((hop for hop, one in enumerate(chain) if one.constraints.get("requireApproval") is True), None)
    if demanding is None:
        return False
    above = chain[: demanding + 1]
    if is_delegator(caller, above, view):
        return not decides_for_own_agent(caller, agent_did, [one.delegator_did for one in above], view)
    return is_known_server(caller, view) and not any(runs_agent(caller, one.delegate_did, view) for one in chain)
