"""Capability tokens checked by the library for resource servers, in memory on one core, with chains of one and four."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import machine
from benchmarks.report import Result
from benchmarks.rounds import Contender, repeat, take_turns
from sealwright.protocols.capability.proof import ProofKey
from sealwright.protocols.capability.token import check_times, check_token_signature, read_token
from sealwright.relying import Act, Call, LocalMemory, Office, Verifier
from sealwright.relying.chains import ChainChecker
from sealwright.relying.shared_memory import DatabaseMemory
from tests.support.capability import ACTION, CONTEXT, NOW, ORDERS, SHOP, headers
from tests.support.shop_world import (
    AGENT,
    ALICE,
    HELPER,
    MALLORY,
    OFFICE,
    ROGUE,
    PublishedOffice,
    delegation,
    token_for,
)
from tests.support.shop_world import name_of as id_of

LENGTHS: Final = (1, 4)
TOKENS: Final = 300
"""Each under a chain of its own, with proofs of a date of their own."""
_PARTIES: Final = (ALICE, AGENT, HELPER, ROGUE, MALLORY)


class RenewedMemory:
    """Remembers what was used as `LocalMemory` does, until all tokens have had their turn and come again."""

    def __init__(self) -> None:
        self._memory = LocalMemory()

    def spend(self, name: str, *, until: datetime, now: datetime) -> bool:
        """As `ReplayMemory.spend`."""
        return self._memory.spend(name, until=until, now=now)

    def renew(self) -> None:
        """Forget everything."""
        self._memory = LocalMemory()


class Serving:
    """A shop that takes one order after the other; the office is asked nothing but for what it publishes, once.

    Args:
        hops: Delegations in each token's chain.
    """

    def __init__(self, hops: int) -> None:
        key = ProofKey()
        tokens = [token_for(_PARTIES[hops], key, *_chain(hops, number)) for number in range(TOKENS)]
        self.characters = len(tokens[0])
        calls = [Call.of("POST", ORDERS, headers(token, key)) for token in tokens]
        self._tokens, self._calls = itertools.cycle(tokens), itertools.cycle(calls)
        self._memory, self._taken = RenewedMemory(), 0
        self._act = Act(ACTION, dict(CONTEXT))
        self._published = PublishedOffice()
        self._office = Office(OFFICE, outbound=self._published, monotonic=lambda: 0.0)
        self._chains, self._forgetful = ChainChecker(self._office), ChainChecker(self._office, remembered=0)
        self._verifier = Verifier(SHOP, self._office, principals={ALICE.did}, memory=self._memory, clock=lambda: NOW)

    def token(self) -> None:
        """Check a token: form, dates, the agent's signature, and its chain with the act by every limit."""
        self._check(self._chains)

    def token_of_a_new_chain(self) -> None:
        """Check a token of which no delegation was shown before."""
        self._check(self._forgetful)

    def _check(self, chains: ChainChecker) -> None:
        token = read_token(next(self._tokens))
        check_times(token, NOW)
        check_token_signature(token, self._office.resolve(token.grounds.agent))
        chains.check(token, NOW, has_approval=False)

    def call(self) -> None:
        """Permit a call: the token, the proof of possession, the act, whose it is, and that both are new."""
        if self._taken == TOKENS:
            self._memory.renew()
            self._taken = 0
        self._taken += 1
        self._verifier.permit(next(self._calls), self._act)

    def questions(self) -> int:
        """How often the office was asked for something."""
        return len(self._published.asked)


def _chain(hops: int, number: int) -> list[dict[str, object]]:
    made: list[dict[str, object]] = []
    for hop in range(hops):
        place = number * hops + hop + 1
        above = id_of(place - 1) if hop else None
        made.append(
            delegation(
                _PARTIES[hop],
                _PARTIES[hop + 1],
                place,
                parent=above,
                depth=hops - hop - 1,
                created=NOW - timedelta(minutes=1, seconds=number),
            )
        )
    return made


def run() -> Result:
    """Measure tokens alone, whole calls, and what a memory on disk adds to a call."""
    serving = {hops: Serving(hops) for hops in LENGTHS}
    contenders: dict[str, Contender] = {}
    for hops, shop in serving.items():
        contenders[f"token, new chain of {hops}"] = repeat(shop.token_of_a_new_chain)
        contenders[f"token, chain of {hops}"] = repeat(shop.token)
        contenders[f"call with proof, chain of {hops}"] = repeat(shop.call)
    with TemporaryDirectory() as folder, machine.pinned() as core:
        shared, names = DatabaseMemory(f"sqlite:///{Path(folder) / 'used.sqlite'}"), itertools.count()
        contenders["a name in a memory that processes share, SQLite"] = repeat(
            lambda: shared.spend(f"name {next(names)}", until=NOW + timedelta(minutes=5), now=NOW)
        )
        times = take_turns(contenders)
        shared.close()
    sizes = ", ".join(f"{shop.characters:,} characters with {hops}" for hops, shop in serving.items())
    asked = sum(shop.questions() for shop in serving.values())
    return Result(
        bench="capability",
        title="capability tokens checked in memory, one core",
        figures={name: found.summary() for name, found in times.items()},
        notes=(
            "A token: form, dates, the agent's signature, every hop of its chain (proof, issuer, dates, two status "
            "entries, narrowing) and the act by every limit. A call adds the proof of possession and single use.",
            f"{TOKENS} tokens take turns, each under a chain of its own; {sizes}.",
            f"DID documents, status lists and context were fetched once: {asked} questions in all.",
            "A new chain: none of its delegations was shown before. Of the others the library remembers by digest that "
            "their proofs held, as agents show theirs at every call; all else is looked at each time.",
            "A call spends two names; on disk each is a transaction of its own, flushed.",
            f"The process was pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )
