"""Issue in memory on one core: Ed25519Signature2020, ours and the peer's, in alternating rounds."""

from __future__ import annotations

from benchmarks import machine, peers
from benchmarks.engine_cases import Engine
from benchmarks.report import Result
from benchmarks.rounds import repeat, take_turns

OURS = "sealwright"
CHECKED = "sealwright, self-checked"


def run() -> Result:
    """Measure both sides; they must produce the same document first."""
    engine = Engine()
    with machine.pinned() as core, peers.digital_bazaar() as peer:
        peer.must_equal(engine.signed)
        times = take_turns(
            {OURS: repeat(engine.issue), CHECKED: repeat(engine.issue_and_check), peers.NAME: peer.contender("issue")}
        )
    stats = engine.canon.stats()
    theirs = times[peers.NAME].per_second
    return Result(
        bench="issue",
        title="issue in memory, one core, Ed25519Signature2020",
        figures={name: found.summary() for name, found in times.items()},
        ratios={
            "without self-check, against the peer": times[OURS].per_second / theirs,
            "self-checked, against the peer": times[CHECKED].per_second / theirs,
        },
        targets=("15,000 a second and 20 times the peer, without self-check; aim 25 times",),
        notes=(
            "Both sides produced the same document, byte for byte in its proof value, before they were timed.",
            "The peer does not verify what it signs; neither does the first row. The service always does.",
            f"Ours had seen the shape before (plan hits {stats.hits:,}, fallbacks {stats.fallbacks:,}); "
            "a shape never seen costs what the reference processor costs, see `canon`.",
            f"Both processes were pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )
