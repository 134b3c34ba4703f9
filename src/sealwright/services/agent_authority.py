"""What an agent may do now: every delegation to it that is not over, and what is left of its budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sealwright.domain.delegations import Delegation
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import DIDRecordNotFound, NotDIDOwner
from sealwright.domain.people import Caller
from sealwright.services.authorizing import Authorizing
from sealwright.services.authorizing_parties import runs_agent
from sealwright.services.authorizing_round import Chain
from sealwright.services.delegation_ground import DelegationGround
from sealwright.services.delegation_standing import terms_of
from sealwright.vc.delegation.judging import Reason, remaining_of
from sealwright.vc.encoding.strict_json import JSONValue

SHOWN_MOST: Final = 100


@dataclass(frozen=True, slots=True)
class HeldDelegation:
    """One delegation to an agent, with what it gives now.

    Args:
        chain: The root first.
        reasons: Why it gives no authority; empty while it does.
        remaining: What is left of each budget of the chain; None where it has none.
    """

    chain: Chain
    reasons: tuple[Reason, ...]
    remaining: Mapping[str, JSONValue] | None

    @property
    def last(self) -> Delegation:
        """The delegation to the agent itself."""
        return self.chain[-1]

    @property
    def ends_at(self) -> datetime:
        """When it ends at the latest."""
        return min(one.expires_at for one in self.chain)

    @property
    def approval_required(self) -> bool:
        """Tell whether a person approves every act first."""
        return any(one.constraints.get("requireApproval") is True for one in self.chain)


@dataclass(frozen=True, slots=True)
class Authority:
    """What an agent may do, as of a moment."""

    agent_did: str
    at: datetime
    held: tuple[HeldDelegation, ...]


class AgentAuthority:
    """Tells agents, and whoever runs them, what they may do."""

    def __init__(self, ground: DelegationGround, authorizing: Authorizing) -> None:
        self._authorizing = authorizing
        self._units = ground.units
        self._registry = ground.registry
        self._clock = ground.clock

    def of(self, caller: Caller, agent_did: str) -> Authority:
        """What an agent may do now, the newest 100 delegations first.

        Raises:
            DIDRecordNotFound: No agent that is kept here.
            NotDIDOwner: The caller is neither the agent nor runs it.
        """
        view = self._registry.current()
        record = view.did(agent_did)
        if record is None or record.kind is not DIDKind.AGENT:
            raise DIDRecordNotFound(f"{agent_did} is no agent that is kept here.")
        if not runs_agent(caller, record.did, view):
            raise NotDIDOwner("What an agent may do is told to the agent and to whoever answers for it.")
        now = self._clock.now()
        with self._units(write=False) as uow:
            circle = self._authorizing.round(uow, view.through(uow), now)
            holdings, ledgers = circle.holdings, circle.ledgers
            holdings.find([record.did], ())
            chains = holdings.live(record.did)[:SHOWN_MOST]
            ledgers.read(hop for chain in chains for hop in chain)
            held = tuple(
                HeldDelegation(chain, holdings.falls(chain), remaining_of(terms_of(chain), ledgers.spent(chain)))
                for chain in chains
            )
        return Authority(record.did, now, held)
