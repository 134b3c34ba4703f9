"""Rates, quantiles and survival, against values computed by hand or known from textbooks."""

from __future__ import annotations

import pytest

from sealwright.domain.figures import median, quantile, rate, survival

DAY = 86_400


def test_a_rate_needs_ten_cases() -> None:
    assert rate(9, 9) is None
    assert rate(0, 0) is None
    assert rate(5, 10) is not None


def test_the_interval_is_wilsons_and_stays_a_share() -> None:
    half = rate(10, 20)
    assert half is not None
    assert half.share == 0.5
    assert half.low == pytest.approx(0.2993, abs=1e-4)
    assert half.high == pytest.approx(0.7007, abs=1e-4)
    for hits in (0, 10):
        edge = rate(hits, 10)
        assert edge is not None
        assert 0 <= edge.low <= edge.share <= edge.high <= 1
    none = rate(0, 10)
    assert none is not None
    assert none.high == pytest.approx(0.2775, abs=1e-4)


def test_medians_and_quantiles() -> None:
    assert (median([]), quantile([], 0.9)) == (None, None)
    assert (median([7]), quantile([7], 0.9)) == (7, 7)
    assert (median([1, 2, 3, 10]), median([1, 2, 3])) == (2, 2)
    assert quantile(list(range(1, 11)), 0.9) == 9
    assert quantile(list(range(1, 12)), 0.9) == 10
    assert quantile([5, 6], 0.0) == 5


def test_survival_counts_only_those_still_followed() -> None:
    # Ten lives: deaths on day 2 and 5, one lost from sight on day 3, the others followed for 30 days.
    lives = [(2 * DAY, True), (3 * DAY, False), (5 * DAY, True), *[(30 * DAY, False)] * 7]
    points = {point.days: point for point in survival(lives, (0, 2, 4, 7))}
    assert points[0].share == 1.0
    assert points[2].share == pytest.approx(0.9)
    assert points[4].share == pytest.approx(0.9)
    assert points[7].share == pytest.approx(0.9 * 7 / 8)
    assert points[7].at_risk == 7
    assert 0 <= points[7].low < points[7].share < points[7].high <= 1


def test_survival_of_few_is_not_told_and_total_loss_is_zero() -> None:
    assert survival([(DAY, True)] * 9, (1,)) == ()
    (point,) = survival([(DAY, True)] * 10, (1,))
    assert (point.share, point.at_risk) == (0.0, 0)
