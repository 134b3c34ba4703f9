"""Running attacks: how many were tried, what was excused and why, what got through, how long the slowest took."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.support.json_attacks import KEEPS, Altered

SECONDS_MOST = 10.0
"""No document may keep a verifier busy for longer, on a machine that does other things too."""


@dataclass
class Tally:
    """What came of many attacks.

    Args:
        accepted: Labels of those that the verifier took for good.
        raised: Those that made it raise, with the error's class.
        excused: How many were left out by each rule.
    """

    tried: int = 0
    accepted: list[str] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    excused: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")

    @property
    def is_clean(self) -> bool:
        """Whether nothing got through, raised or took long."""
        return not self.accepted and not self.raised and self.slowest[0] <= SECONDS_MOST


def tally(attacks: Iterable[Altered], judge: Callable[[object], object]) -> Tally:
    """Let a verifier judge every attack; a true answer is one that got through."""
    found = Tally()
    for attack in attacks:
        if attack.kept is not None:
            # By what was done, before anybody has judged it.
            assert attack.kept in KEEPS
            found.excused[attack.kept] += 1
            continue
        found.tried += 1
        began = time.perf_counter()
        try:
            if judge(attack.document):
                found.accepted.append(attack.label)
        except Exception as error:  # noqa: BLE001 - whatever it is, a verifier must not raise it
            found.raised.append(f"{attack.label}: {type(error).__name__}")
        found.slowest = max(found.slowest, (time.perf_counter() - began, attack.label))
    return found
