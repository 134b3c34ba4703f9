"""Timed rounds: the same work again and again, each act timed, contenders taking turns."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

ROUNDS: Final = 9
ROUND_SECONDS: Final = 0.6
WARM_SECONDS: Final = 1.0

# Does its act for about so many seconds and returns what each took, in nanoseconds.
Contender = Callable[[float], Sequence[int]]


@dataclass(slots=True)
class Times:
    """What the acts of one contender took, by round, in nanoseconds."""

    rounds: list[Sequence[int]] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Median over the rounds of acts a second."""
        return statistics.median(len(times) / (sum(times) / 1e9) for times in self.rounds)

    def percentile_microseconds(self, share: float) -> float:
        """What so large a share of all acts stayed within, in microseconds."""
        return percentile([t for times in self.rounds for t in times], share) / 1000

    def summary(self) -> dict[str, float]:
        """Figures for the report."""
        return {
            "per_second": round(self.per_second, 1),
            "median_microseconds": round(self.percentile_microseconds(0.5), 2),
            "p95_microseconds": round(self.percentile_microseconds(0.95), 2),
            "rounds": len(self.rounds),
            "acts": sum(len(times) for times in self.rounds),
        }


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all values stays within; the nearest one that occurred."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * len(ordered)) - 1))]


@contextmanager
def no_collection() -> Iterator[None]:
    """Garbage collection off inside the block, after one full collection."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def repeat(act: Callable[[], object]) -> Contender:
    """A contender in this process: times each call of `act`."""

    def run(seconds: float) -> Sequence[int]:
        clock = time.perf_counter_ns
        times: list[int] = []
        with no_collection():
            end = clock() + int(seconds * 1e9)
            before = clock()
            while before < end:
                act()
                after = clock()
                times.append(after - before)
                before = after
        return times

    return run


def take_turns(
    contenders: Mapping[str, Contender], *, rounds: int = ROUNDS, round_seconds: float = ROUND_SECONDS
) -> dict[str, Times]:
    """Warm every contender, then let them take turns, the order turned round each time."""
    for contender in contenders.values():
        contender(WARM_SECONDS)
    found = {name: Times() for name in contenders}
    for number in range(rounds):
        names = list(contenders)
        for name in names if number % 2 == 0 else reversed(names):
            found[name].rounds.append(contenders[name](round_seconds))
    return found
