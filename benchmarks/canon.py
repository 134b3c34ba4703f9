"""The canonical form of the degree credential: compiled plan, reference processor, and the peer's processor."""

from __future__ import annotations

from benchmarks import machine, peers
from benchmarks.engine_cases import Engine
from benchmarks.report import Result
from benchmarks.rounds import repeat, take_turns

PLAN = "sealwright, compiled plan"
REFERENCE = "sealwright, reference processor"
THEIRS = "jsonld"


def run() -> Result:
    """Measure the three ways to the same bytes."""
    engine = Engine()
    if engine.canonicalize() != engine.canonicalize_by_reference():
        raise AssertionError("the plan and the reference processor disagree")
    with machine.pinned(), peers.digital_bazaar() as peer:
        times = take_turns(
            {
                PLAN: repeat(engine.canonicalize),
                REFERENCE: repeat(engine.canonicalize_by_reference),
                THEIRS: peer.contender("canonize"),
            }
        )
    return Result(
        bench="canon",
        title="canonical form of the degree credential, one core",
        figures={name: found.summary() for name, found in times.items()},
        ratios={
            "plan against the reference processor": times[PLAN].per_second / times[REFERENCE].per_second,
            "plan against the peer": times[PLAN].per_second / times[THEIRS].per_second,
            "reference processor against the peer": times[REFERENCE].per_second / times[THEIRS].per_second,
        },
        notes=("A document whose shape no plan covers costs the reference processor's time.",),
    )
