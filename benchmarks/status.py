"""A status list of 131,072 entries, built from revoked indices, compressed, made a credential and signed."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final

from benchmarks import degree, machine
from benchmarks.engine_cases import Engine
from benchmarks.report import Result
from benchmarks.rounds import repeat, take_turns
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from sealwright.vc.status.bitstring import empty_bitstring, set_bits
from sealwright.vc.status.documents import StatusListKind, StatusListParts, build_status_list_credential

LENGTH_BITS: Final = 131_072
DENSITIES: Final = {"empty": 0.0, "1 % set": 0.01, "half set": 0.5}
SUITES: Final = {
    StatusListKind.STATUS_LIST_2021: "Ed25519Signature2020",
    StatusListKind.BITSTRING: "eddsa-rdfc-2022",
}


def run() -> Result:
    """Measure each kind of list at each density; half set is the worst for compression."""
    engine = Engine()
    chance = random.Random(1)
    contenders = {}
    for density, share in DENSITIES.items():
        indices = sorted(chance.sample(range(LENGTH_BITS), int(share * LENGTH_BITS)))
        for kind in StatusListKind:
            contenders[f"{kind.value}, {density}"] = repeat(ListMaker(engine, kind, indices).make)
    with machine.pinned():
        times = take_turns(contenders, rounds=5, round_seconds=0.4)
    return Result(
        bench="status",
        title="status list of 131,072 entries: built, compressed, signed",
        figures={name: found.summary() for name, found in times.items()},
        targets=("under 50 ms at any density; aim 15 ms",),
        notes=("From a list of revoked indices; the service keeps the bits and makes the document when they changed.",),
    )


class ListMaker:
    """Makes one status list credential again and again."""

    def __init__(self, engine: Engine, kind: StatusListKind, indices: list[int]) -> None:
        self._engine = engine
        self._kind = kind
        self._indices = indices
        self._options = ProofOptions(SUITES[kind], degree.METHOD, degree.CREATED)

    def make(self) -> dict[str, object]:
        """The signed list."""
        parts = StatusListParts(
            url=degree.STATUS_LIST,
            issuer=degree.ISSUER,
            purpose="revocation",
            bitstring=set_bits(empty_bitstring(LENGTH_BITS), self._indices),
            valid_from=degree.CREATED,
            valid_until=degree.CREATED + timedelta(minutes=5),
        )
        unsigned = with_suite_context(build_status_list_credential(self._kind, parts), self._options.suite)
        prepared = prepare(unsigned, self._options, self._engine.canon)
        signed: dict[str, object] = dict(attach(prepared, self._engine.signer.sign(prepared.data_to_sign)))
        return signed
