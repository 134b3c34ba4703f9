"""A chain of four delegations verified in memory on one core: proofs, dates, status, schema, narrowing, and an act."""

from __future__ import annotations

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

from benchmarks import machine
from benchmarks.report import Result
from benchmarks.rounds import repeat, take_turns
from sealwright.vc.delegation.judging import ActContext
from sealwright.vc.verification.proven import ProvenMemory
from tests.support.chains import NOW, SUITES, ChainWorld

HOPS: Final = 4
CHAINS: Final = 300
"""Each with dates of its own, so that no memory of proof options, which holds 1,000, ever answers."""
ACTION: Final = "purchase:groceries"
CONTEXT: Final = ActContext(amount=Decimal("12.34"), merchant="market", region="us-ca")


Chain = list[dict[str, Any]]


def different(world: ChainWorld, suite: str) -> list[Chain]:
    """Chains that have nothing in common but their parties."""
    return [
        world.chain(
            HOPS,
            suite=suite,
            created=NOW - timedelta(minutes=5, seconds=number),
            valid_from=NOW - timedelta(hours=1, seconds=number),
        )
        for number in range(CHAINS)
    ]


def branching(world: ChainWorld) -> list[Chain]:
    """Chains of one tree: each has a last hop of its own, all have the hops above it."""
    *above, last = world.chain(HOPS)
    claims = {name: value for name, value in last["credentialSubject"].items() if name != "id"}
    leaves = [world.sign(world.unsigned(HOPS - 1, HOPS, claims), world.parties[HOPS - 1]) for _ in range(CHAINS)]
    return [[*above, leaf] for leaf in leaves]


class Verifying:
    """Verifies one chain after the other; none comes again before all others came."""

    def __init__(self, world: ChainWorld, chains: list[Chain], memory: ProvenMemory | None = None) -> None:
        self._world = world
        self._options: dict[str, Any] = {"proven": memory} if memory is not None else {}
        self._next = itertools.cycle(chains)

    def chain(self) -> None:
        """Verify a chain, whole."""
        self._must_hold(self._world.verify_chain(next(self._next), **self._options))

    def chain_and_act(self) -> None:
        """Verify a chain, and whether every hop allows an act."""
        self._must_hold(self._world.verify_chain(next(self._next), action=ACTION, context=CONTEXT))

    def _must_hold(self, report: Any) -> None:
        if not report:
            raise RuntimeError(f"A sound chain was refused: {report.errors}")


def run() -> Result:
    """Measure whole chains under each suite, and one of them with an act."""
    world = ChainWorld(HOPS + 1)
    verifying = {suite: Verifying(world, different(world, suite)) for suite in SUITES}
    contenders = {suite: repeat(one.chain) for suite, one in verifying.items()}
    contenders[f"{SUITES[0]}, and an act judged"] = repeat(verifying[SUITES[0]].chain_and_act)
    again = Verifying(world, different(world, SUITES[0]), ProvenMemory(world.canon))
    for _ in range(CHAINS):
        again.chain()
    contenders[f"{SUITES[0]}, shown before"] = repeat(again.chain)
    # Room for the hops that all have, and not for last hops to come again.
    few = ProvenMemory(world.canon, most=2 * HOPS)
    contenders[f"{SUITES[0]}, a new last hop"] = repeat(Verifying(world, branching(world), few).chain)
    with machine.pinned() as core:
        times = take_turns(contenders)
    return Result(
        bench="chain",
        title="a chain of four delegations verified in memory, one core",
        figures={name: found.summary() for name, found in times.items()},
        targets=("2,000 chains a second a core",),
        notes=(
            "Of each hop: form, proof, issuer, dates, two status entries, schema; then every join, depth and loops.",
            "Nothing is remembered from chain to chain but where it says so. DID documents, schema and expanded "
            "status lists lie in memory.",
            "Shown before: offices and resource servers remember by digest that proofs held; dates, keys, status, "
            "schema and joins are looked at as ever. A new last hop: of a tree whose upper hops were shown before.",
            f"{CHAINS} chains take turns, and no two proofs of one method have the same date.",
            f"The process was pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )
