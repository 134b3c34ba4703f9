"""Everything about delegations, joined: the desk, and what agents do with what was delegated to them."""

from __future__ import annotations

from dataclasses import dataclass

from sealwright.services.acting import Acting
from sealwright.services.agent_authority import AgentAuthority
from sealwright.services.agent_presenting import AgentPresenting
from sealwright.services.agents import AgentDesk
from sealwright.services.approving import Approving
from sealwright.services.authorizing import Authorizing
from sealwright.services.authorizing_records import ActRecords
from sealwright.services.capability_check import CapabilityCheck
from sealwright.services.capability_tokens import CapabilityTokens
from sealwright.services.chain_checking import ChainChecking
from sealwright.services.delegating import DelegationDesk
from sealwright.services.delegation_chains import DelegationChains
from sealwright.services.delegation_clock import DelegationClock
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.delegation_sheets import DelegationSheets
from sealwright.services.tasks import Tasks


@dataclass(frozen=True, slots=True)
class Delegations:
    """Every part that a door may call.

    Args:
        desk: Makes, shows, ends and narrows delegations.
        chains: Verifies chains of delegations for anyone.
        agents: Makes, shows and ends agents.
        authority: Tells agents what they may do.
        acting: What agents do in the name of their delegators.
        approving: Has people say yes or no to one act of an agent.
        authorizing: Answers whether an agent may act, and counts what it does.
        records: What agents asked and were answered.
        sheets: Delegations as people watch them on pages.
        tokens: Makes agents' tokens for single acts.
        token_check: Verifies such tokens for anyone.
        presenting: Presents agents' delegations to verifiers.
    """

    desk: DelegationDesk
    chains: ChainChecking
    agents: AgentDesk
    authority: AgentAuthority
    acting: Acting
    approving: Approving
    authorizing: Authorizing
    records: ActRecords
    sheets: DelegationSheets
    tokens: CapabilityTokens
    token_check: CapabilityCheck
    presenting: AgentPresenting


def join_delegations(ground: DelegationGround, tasks: Tasks) -> Delegations:
    """Build what the office calls `delegations`.

    Args:
        tasks: Takes the work that delegations have for the clock.
    """
    DelegationClock(ground.units, ground.clock).join(tasks)
    authorizing = Authorizing(ground)
    return Delegations(
        desk=DelegationDesk(ground),
        chains=ChainChecking(ground.verifier, DelegationChains(ground.units, ground.registry), ground.registry),
        agents=AgentDesk(ground),
        authority=AgentAuthority(ground, authorizing),
        acting=Acting(ground, authorizing),
        approving=Approving(ground, authorizing),
        authorizing=authorizing,
        records=ActRecords(ground),
        sheets=DelegationSheets(ground),
        tokens=CapabilityTokens(ground, authorizing),
        token_check=CapabilityCheck(ground),
        presenting=AgentPresenting(ground),
    )
