"""Whom an agent's acts concern: who may have them counted, who sees what is left, whose word approves them."""

from __future__ import annotations

from collections.abc import Iterable

from sealwright.domain.delegations import Delegation
from sealwright.domain.people import ActorKind, Caller
from sealwright.services.access import Access
from sealwright.services.registry import RegistryView

Chain = tuple[Delegation, ...]


def acts_for(caller: Caller, did: str, view: RegistryView) -> bool:
    """Tell whether a caller speaks for a DID, kept here or only proved to be theirs; an admin speaks for all."""
    if caller.is_admin or did in caller.issuer_dids:
        return True
    if caller.person is None:
        return False
    record = view.did(did)
    return did in caller.person.dids or (record is not None and Access.may_act_for(caller, record))


def runs_agent(caller: Caller, agent_did: str, view: RegistryView) -> bool:
    """Tell whether a caller is the agent, or speaks for its operator."""
    record = view.did(agent_did)
    operator = record.operator if record is not None else None
    return acts_for(caller, agent_did, view) or (operator is not None and acts_for(caller, operator, view))


def may_count(caller: Caller, agent_did: str, chains: Iterable[Chain], view: RegistryView) -> tuple[Chain, ...]:
    """Those chains against which a caller may have an agent's acts counted.

    Whoever holds an API key may: it serves, and has to tell what it has served. Other agents and people may as far as
    they are a party.
    """
    found = tuple(chains)
    if caller.is_admin or caller.actor.kind is ActorKind.API_KEY or runs_agent(caller, agent_did, view):
        return found
    return tuple(chain for chain in found if is_delegator(caller, chain, view))


def may_count_any(caller: Caller, agent_did: str, view: RegistryView) -> bool:
    """Tell whether a caller may have an agent's acts counted, whichever delegations it has."""
    return caller.is_admin or caller.actor.kind is ActorKind.API_KEY or runs_agent(caller, agent_did, view)


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

    Nobody approves for themselves: never the agent's own, whatever else it is bound to.
    """
    if agent_did in caller.issuer_dids or caller.actor.kind is ActorKind.AGENT:
        return False
    return caller.actor.kind is ActorKind.API_KEY or is_delegator(caller, chain, view)
