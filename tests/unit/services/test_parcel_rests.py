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
        ends = next(later for later in range(200) if rests.until("a", at + timedelta(seconds=later)) is None)
        spans.append(ends)
        at += timedelta(seconds=ends)
    assert spans == [5, 10, 20, 40, 60, 60]
    rests.failed("a", at)
    assert rests.avoided(at) == {"a"}
    rests.answered("a")
    assert rests.avoided(at) == frozenset()
    rests.failed("a", at)
    assert rests.until("a", at + timedelta(seconds=4)) == at + timedelta(seconds=5)
    assert rests.until("a", at + timedelta(seconds=5)) is None


def test_whoever_somebody_is_busy_with_is_avoided() -> None:
    rests = Rests()
    rests.enter("a")
    assert rests.avoided(NOW) == {"a"}
    rests.leave("a")
    rests.leave("a")
    assert rests.avoided(NOW) == frozenset()


def test_who_asks_for_time_is_left_alone_for_so_long_within_bounds() -> None:
    rests = Rests()
    for asked, until in ((timedelta(seconds=2), 5), (timedelta(minutes=3), 180), (timedelta(hours=2), 900)):
        rests.failed("a", NOW, asked=asked)
        assert rests.until("a", NOW) == seconds(until)
        rests.answered("a")


def test_a_place_rests_once_it_does_not_answer_more_than_one() -> None:
    rests = Rests()
    for at in range(5):
        rests.failed_at("place", "a", seconds(at))
        assert rests.until("place", seconds(at)) is None
    rests.failed_at("place", "b", seconds(5))
    assert rests.until("place", seconds(5)) == seconds(10)
    # What is known to be more than one's own trouble stays so until somebody is answered.
    rests.failed_at("place", "b", seconds(10))
    assert rests.until("place", seconds(10)) == seconds(20)
    rests.answered("place")
    rests.failed_at("place", "b", seconds(20))
    assert rests.until("place", seconds(20)) is None


def test_what_is_remembered_is_bounded() -> None:
    rests = Rests()
    for number in range(1500):
        rests.failed(f"msg_{number}", NOW)
    assert len(rests.avoided(seconds(1))) == 1000
    assert rests.until("msg_0", seconds(1)) is None
    assert rests.avoided(seconds(6)) == frozenset()
    rests.avoided(seconds(4000))
    assert len(rests._rests) == 0
