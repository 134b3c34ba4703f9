"""Whom the dispatcher leaves alone, and for how long."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sealwright.services.parcel_rests import Rests

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def seconds(count: float) -> datetime:
    return NOW + timedelta(seconds=count)


def test_rests_grow_to_a_minute_and_end_with_an_answer() -> None:
    rests, at, spans = Rests(), NOW, []
    for _ in range(6):
        rests.failed("a", at)
        ends = next(later for later in range(200) if not rests.is_resting("a", at + timedelta(seconds=later)))
        spans.append(ends)
        at += timedelta(seconds=ends)
    assert spans == [5, 10, 20, 40, 60, 60]
    rests.failed("a", at)
    assert rests.avoided(at) == {"a"}
    rests.answered("a")
    assert rests.avoided(at) == frozenset()
    rests.failed("a", at)
    assert not rests.is_resting("a", at + timedelta(seconds=5))


def test_whoever_somebody_is_busy_with_is_avoided() -> None:
    rests = Rests()
    rests.enter("a")
    assert rests.avoided(NOW) == {"a"}
    rests.leave("a")
    rests.leave("a")
    assert rests.avoided(NOW) == frozenset()


def test_what_is_remembered_is_bounded() -> None:
    rests = Rests()
    for number in range(1500):
        rests.failed(f"msg_{number}", NOW)
    assert len(rests.avoided(seconds(1))) == 1000
    assert not rests.is_resting("msg_0", seconds(1))
    assert rests.avoided(seconds(6)) == frozenset()
    rests.avoided(seconds(4000))
    assert len(rests._rests) == 0
