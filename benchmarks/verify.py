"""Verify in memory on one core: Ed25519Signature2020, no status check on either side, in alternating rounds."""

from __future__ import annotations

from benchmarks import machine, peers
from benchmarks.engine_cases import Engine
from benchmarks.report import Result
from benchmarks.rounds import repeat, take_turns

OURS = "sealwright"


def run() -> Result:
    """Measure both sides on the same signed document."""
    engine = Engine()
    with machine.pinned() as core, peers.digital_bazaar() as peer:
        peer.must_equal(engine.signed)
        times = take_turns({OURS: repeat(engine.verify), peers.NAME: peer.contender("verify")})
    return Result(
        bench="verify",
        title="verify in memory, one core, Ed25519Signature2020",
        figures={name: found.summary() for name, found in times.items()},
        ratios={"against the peer": times[OURS].per_second / times[peers.NAME].per_second},
        targets=("10,000 a second and 10 times the peer; aim 12 times",),
        notes=(
            "Both check the proof, the key's purpose and that the issuer controls it, with the DID document in memory.",
            "The peer also checks the credential's outer form and dates, and reads the DID document anew each time.",
            "The status check is off on both sides.",
            f"Both processes were pinned to core {core}." if core is not None else "Nothing was pinned.",
        ),
    )
