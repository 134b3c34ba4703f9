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
from tests.support.chains import NOW, SUITES, ChainWorld

HOPS: Final = 4
CHAINS: Final = 300
"""Each with dates of its own, so that no memory of proof options, which holds 1,000, ever answers."""
ACTION: Final = "purchase:groceries"
CONTEXT: Final = ActContext(amount=Decimal("12.34"), merchant="market", region="us-ca")


class Verifying:
    """Verifies one chain after the other; none comes again before all others came."""

    def __init__(self, world: ChainWorld, suite: str) -> None:
        self._world = world
        chains = [
            world.chain(
                HOPS,
                suite=suite,
                created=NOW - timedelta(minutes=5, seconds=number),
                valid_from=NOW - timedelta(hours=1, seconds=number),
            )
            for number in range(CHAINS)
        ]
        self._next = itertools.cycle(chains)

    def chain(self) -> None:
        """Verify a chain, whole."""
        self._must_hold(self._world.verify_chain(next(self._next)))

    def chain_and_act(self) -> None:
        """Verify a chain, and whether every hop allows an act."""
        self._must_hold(self._world.verify_chain(next(self._next), action=ACTION, context=CONTEXT))

    def _must_hold(self, report: Any) -> None:
        if not report:
            raise RuntimeError(f"A sound chain was refused: {report.errors}")


def run() -> Result:
    """Measure whole chains under each suite, and one of them with an act."""
    world = ChainWorld(HOPS + 1)
    verifying = {suite: Verifying(world, suite) for suite in SUITES}
    contenders = {suite: repeat(one.chain) for suite, one in verifying.items()}
    contenders[f"{SUITES[0]}, and an act judged"] = repeat(verifying[SUITES[0]].chain_and_act)
    with machine.pinned() as core:
        times = take_turns(contenders)
    return Result(
        bench="chain",
        title="a chain of four delegations verified in memory, one core",
        figures={name: found.summary() for name, found in times.items()},
        targets=("2,000 chains a second a core",),
        notes=(
            "Of each hop: form, proof, issuer, dates, two status entries, schema; then every join, depth and loops.",
            "Nothing is remembered from chain to chain. DID documents, schema and expanded status lists lie in memory.",
            f"{CHAINS} chains take turns, and no two proofs of one method have the same date.",
            f"The process was pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )
