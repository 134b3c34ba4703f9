"""Random acts at random moments under random trees of budgets, held against a ledger that is added up each time."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sealwright.domain.delegations import Delegation
from sealwright.services.authorizing_values import ActQuestion
from sealwright.services.office import Office
from tests.support.asking import ACTION
from tests.support.delegations import AGENTS, HUMAN, delegated, furnish_delegations
from tests.support.office import MovableClock, open_office, the_operator

SEEDS = int(os.environ.get("AUTHORIZING_SEEDS", "2"))
ACTS = 120
PERIODS = {
    "maxSpendPerDay": timedelta(hours=24),
    "maxSpendPerWeek": timedelta(days=7),
    "maxCallsPerHour": timedelta(hours=1),
    "maxCallsPerDay": timedelta(hours=24),
}
# Moments that fall on the edges of periods as often as between them.
SHORT = (0, 0, 0, 1, 600, 1799, 1800, 3599, 3600)
LONG = (3601, 43_200, 82_800, 86_399, 86_400, 86_401)
AMOUNTS = ("0", "0.000001", "0.1", "0.2", "3", "7.5", "19.999999", "20")


@dataclass
class Model:
    """What every delegation has seen, and what follows for an act."""

    constraints: dict[str, Mapping[str, float]] = field(default_factory=dict)
    seen: list[tuple[datetime, Decimal, tuple[str, ...]]] = field(default_factory=list)

    def left(self, delegation_id: str, name: str, now: datetime) -> Decimal:
        """What is left of one budget."""
        within = [one for one in self.seen if delegation_id in one[2] and one[0] > now - PERIODS[name]]
        used = Decimal(len(within)) if "Calls" in name else sum((one[1] for one in within), Decimal(0))
        return Decimal(repr(self.constraints[delegation_id][name])) - used

    def allows(self, chain: tuple[str, ...], amount: Decimal, now: datetime) -> bool:
        """Tell whether every budget of a chain has so much left."""
        return all(
            self.left(one, name, now) >= (1 if "Calls" in name else amount)
            for one in chain
            for name in self.constraints[one]
        )

    def remaining(self, chain: tuple[str, ...], now: datetime) -> dict[str, Decimal]:
        """The smallest rest of each budget."""
        rests: dict[str, Decimal] = {}
        for one in chain:
            for name in self.constraints[one]:
                rest = self.left(one, name, now)
                rests[name] = min(rest, rests.get(name, rest))
        return rests


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office in which a human may delegate to agents."""
    with open_office(database_url, tmp_path / "home", clock=clock) as opened:
        furnish_delegations(opened, agents=5)
        yield opened


def planted(office: Office, chance: random.Random, model: Model) -> dict[str, tuple[str, ...]]:
    """A tree of agents with budgets, each hop as strict as the one above it or stricter; the chain of each agent."""
    chains: dict[str, tuple[str, ...]] = {}
    kept: dict[str, Delegation] = {}
    for number, agent in enumerate(AGENTS[:5]):
        above = chance.choice([None, *AGENTS[:number]]) if number else None
        parent = kept[above] if above is not None else None
        limits: dict[str, float] = dict(model.constraints[parent.delegation_id]) if parent is not None else {}
        for name in PERIODS:
            if chance.random() < 0.7:
                drawn = chance.choice((3, 5, 9)) if "Calls" in name else chance.choice((20, 30.3, 44.4, 60))
                limits[name] = min(drawn, limits.get(name, drawn))
        limits = limits or {"maxSpendPerDay": 30}
        depth = parent.max_depth - 1 if parent is not None else 6
        made = delegated(
            office,
            above or HUMAN,
            agent,
            parent.credential_id if parent is not None else None,
            constraints=limits,
            maxDepth=depth,
        )
        kept[agent] = made
        model.constraints[made.delegation_id] = limits
        chains[agent] = (*(chains[above] if above is not None else ()), made.delegation_id)
    return chains


@pytest.mark.parametrize("seed", range(SEEDS))
def test_every_answer_is_what_adding_up_gives(office: Office, clock: MovableClock, seed: int) -> None:
    chance, model, allowed = random.Random(seed), Model(), 0
    chains = planted(office, chance, model)
    caller = the_operator(office)
    for _ in range(ACTS):
        clock.move(seconds=chance.choice(SHORT if chance.random() < 0.9 else LONG))
        agent, amount = chance.choice(AGENTS[:5]), chance.choice(AMOUNTS)
        question = ActQuestion(agent, ACTION, {"amount": float(amount)}, record=chance.random() < 0.9)
        verdict = office.delegations.authorizing.ask(caller, question)
        chain, now = chains[agent], clock.now()
        assert tuple(hop.delegation_id for hop in verdict.chain) == chain
        assert verdict.allowed == model.allows(chain, Decimal(amount), now), (agent, amount, verdict.reasons)
        if verdict.allowed and question.record:
            model.seen.append((now, Decimal(amount), chain))
        allowed += verdict.allowed
        assert verdict.remaining is not None
        told = {name: Decimal(repr(rest)) for name, rest in verdict.remaining.items()}
        assert told == model.remaining(chain, now)
    assert 5 < allowed < ACTS - 5, "both answers were given often"
