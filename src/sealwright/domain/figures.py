"""Numbers for analytics: rates with their uncertainty, quantiles, and the survival of grants. Pure arithmetic."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

# A rate from fewer cases says more about chance than about the work.
LEAST_CASES: Final = 10
# The 97.5 % point of the normal distribution, for intervals of 95 %.
_Z: Final = 1.959963984540054


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of cases with its interval of 95 % (Wilson's, which stays within 0 and 1)."""

    hits: int
    cases: int
    share: float
    low: float
    high: float


def rate(hits: int, cases: int) -> Rate | None:
    """The share of hits among cases; None from fewer than ten."""
    if cases < LEAST_CASES:
        return None
    share = hits / cases
    spread = _Z * _Z / cases
    middle = (share + spread / 2) / (1 + spread)
    half = _Z * math.sqrt(share * (1 - share) / cases + spread / (4 * cases)) / (1 + spread)
    # Rounding must not put the interval's end beside a share of 0 or 1.
    return Rate(hits, cases, share, min(share, max(0.0, middle - half)), max(share, min(1.0, middle + half)))


def quantile(ascending: Sequence[int], share: float) -> int | None:
    """The smallest value that at least this share of values does not exceed; None of none."""
    if not ascending:
        return None
    return ascending[max(0, math.ceil(share * len(ascending)) - 1)]


def median(ascending: Sequence[int]) -> int | None:
    """The value in the middle, or the whole number below the mean of the two that are."""
    if not ascending:
        return None
    middle = len(ascending) // 2
    if len(ascending) % 2:
        return ascending[middle]
    return (ascending[middle - 1] + ascending[middle]) // 2


@dataclass(frozen=True, slots=True)
class SurvivalPoint:
    """How many of the grants are still in force so many days after they were made.

    Args:
        at_risk: Grants that were followed at least so long, and in force until then.
    """

    days: int
    share: float
    low: float
    high: float
    at_risk: int


def survival(lives: Iterable[tuple[int, bool]], days: Sequence[int]) -> tuple[SurvivalPoint, ...]:
    """Estimate survival from lives that may not have ended yet; nothing from fewer than ten.

    Args:
        lives: Seconds, and whether the life ended then (True) or was only followed so far (False).
        days: Where the curve is read, ascending.

    Spec: Kaplan and Meier's product-limit estimator, with Greenwood's variance.
    """
    ordered = sorted(lives)
    if len(ordered) < LEAST_CASES:
        return ()
    points, share, variance, place = [], 1.0, 0.0, 0
    for day in days:
        while place < len(ordered) and ordered[place][0] <= day * 86_400:
            seconds = ordered[place][0]
            at_risk = len(ordered) - place
            same = [ended for life, ended in ordered[place:] if life == seconds]
            deaths = sum(same)
            if deaths:
                share *= 1 - deaths / at_risk
                if at_risk > deaths:
                    variance += deaths / (at_risk * (at_risk - deaths))
            place += len(same)
        half = _Z * share * math.sqrt(variance)
        points.append(SurvivalPoint(day, share, max(0.0, share - half), min(1.0, share + half), len(ordered) - place))
    return tuple(points)
