"""When instances begin: calendar-correct months, wall clocks across summer time, and what was missed left out."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import count, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwright.domain.recurrence import MAX_ZONE_LENGTH, Recurrence, Schedule, zone_named
from sealwright.domain.work_errors import InvalidSchedule

DAILY, WEEKLY, MONTHLY = Recurrence.DAILY, Recurrence.WEEKLY, Recurrence.MONTHLY
REPEATED = (DAILY, WEEKLY, MONTHLY)
# Summer time of an hour and of half an hour, north and south, given up, a day left out, and an odd offset.
ZONES = (
    *("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo"),
    *("Pacific/Apia", "Asia/Kathmandu", "Africa/Casablanca"),
)
ANCHORS = st.integers(0, 19 * 365 * 86_400).map(
    lambda seconds: datetime(2009, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
SCHEDULES = st.builds(
    lambda recurrence, anchor, zone: Schedule(recurrence, anchor, time_zone=zone),
    st.sampled_from(REPEATED),
    ANCHORS,
    st.sampled_from(ZONES),
)
SPANS = st.timedeltas(timedelta(0), timedelta(days=900)).map(lambda span: timedelta(seconds=int(span.total_seconds())))


# -- a slow reference, by another road ----------------------------------------------------------------


def slow_beginning(schedule: Schedule, number: int) -> datetime:
    """Walk there on the calendar, day by day or month by month, and look for the moment that shows that wall clock."""
    if number == 0:
        return schedule.anchor_at
    zone = ZoneInfo(schedule.time_zone)
    wall = schedule.anchor_at.astimezone(zone).replace(tzinfo=None)
    day = wall.date()
    if schedule.recurrence is MONTHLY:
        first = day.replace(day=1)
        for _ in range(number):
            first = (first + timedelta(days=31)).replace(day=1)
        last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
        day = min(first + timedelta(days=day.day - 1), last)
    else:
        for _ in range(number * (7 if schedule.recurrence is WEEKLY else 1)):
            day += timedelta(days=1)
    return moment_showing(datetime.combine(day, wall.time()), zone)


def moment_showing(wall: datetime, zone: ZoneInfo) -> datetime:
    """The first moment at which a clock on the wall shows this; in a gap, when it would have without the gap."""
    around = [wall.replace(tzinfo=UTC) + timedelta(hours=hours) for hours in (-40, 40)]
    offsets = [moment.astimezone(zone).utcoffset() or timedelta(0) for moment in around]
    shown = [wall.replace(tzinfo=UTC) - offset for offset in offsets]
    right = [moment for moment in shown if moment.astimezone(zone).replace(tzinfo=None) == wall]
    return min(right) if right else shown[0]


def slow_beginnings(schedule: Schedule, until: datetime) -> list[datetime]:
    """All beginnings up to a moment, and two more; each once."""
    found = list(takewhile(lambda begins: begins <= until, (slow_beginning(schedule, one) for one in count())))
    found += [slow_beginning(schedule, len(found) + more) for more in range(3)]
    return sorted(set(found))


# -- against it ---------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=150)
@given(SCHEDULES, st.integers(0, 120))
def test_every_beginning_is_where_the_calendar_has_it(schedule: Schedule, number: int) -> None:
    assert schedule.beginning(number) == slow_beginning(schedule, number)


@settings(deadline=None, max_examples=150)
@given(SCHEDULES, st.integers(0, 200))
def test_beginnings_never_go_back(schedule: Schedule, number: int) -> None:
    one, other = schedule.beginning(number), schedule.beginning(number + 1)
    assert one is not None
    assert other is not None
    assert one <= other


@settings(deadline=None, max_examples=100)
@given(SCHEDULES, SPANS)
def test_the_first_beginning_after_a_moment_is_found(schedule: Schedule, span: timedelta) -> None:
    moment = schedule.anchor_at + span
    assert schedule.after(moment) == next(one for one in slow_beginnings(schedule, moment) if one > moment)


@settings(deadline=None, max_examples=100)
@given(SCHEDULES, SPANS, SPANS, st.one_of(st.none(), SPANS))
def test_the_next_instance_is_the_first_that_is_not_missed(
    schedule: Schedule, to_last: timedelta, to_now: timedelta, to_end: timedelta | None
) -> None:
    until = schedule.anchor_at + to_end if to_end is not None else None
    schedule = Schedule(schedule.recurrence, schedule.anchor_at, until, schedule.time_zone)
    now = schedule.anchor_at + to_now
    beginnings = slow_beginnings(schedule, schedule.anchor_at + max(to_last, to_now))
    last = max(one for one in beginnings if one <= schedule.anchor_at + to_last)
    # What began is missed once the one after it has begun; the end is an end even where nothing was missed.
    open_ones = [begins for begins, later in pairwise(beginnings) if begins > last and later > now]
    expected = open_ones[0] if until is None or open_ones[0] <= until else None
    assert schedule.next_instance(last, now) == expected


@settings(deadline=None, max_examples=60)
@given(SCHEDULES, SPANS)
def test_a_series_followed_in_time_has_every_instance(schedule: Schedule, span: timedelta) -> None:
    beginnings = slow_beginnings(schedule, schedule.anchor_at + min(span, timedelta(days=60)))
    walked = [beginnings[0]]
    for _ in beginnings[1:]:
        # Completed the moment it began: nothing can be missed.
        following = schedule.next_instance(walked[-1], walked[-1])
        assert following is not None
        walked.append(following)
    assert walked == beginnings


# -- by example ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("anchor", "expected"),
    [
        (date(2026, 1, 31), ["2026-02-28", "2026-03-31", "2026-04-30", "2026-05-31"]),
        (date(2027, 12, 30), ["2028-01-30", "2028-02-29", "2028-03-30", "2028-04-30"]),
        (date(2028, 2, 29), ["2028-03-29", "2028-04-29", "2028-05-29", "2028-06-29"]),
    ],
)
def test_months_take_their_last_day_and_come_back(anchor: date, expected: list[str]) -> None:
    schedule = Schedule(MONTHLY, datetime(anchor.year, anchor.month, anchor.day, 9, tzinfo=UTC))
    assert [f"{schedule.beginning(number):%Y-%m-%d}" for number in range(1, 5)] == expected


@pytest.mark.parametrize("recurrence", REPEATED)
def test_nine_o_clock_stays_nine_o_clock(recurrence: Recurrence) -> None:
    berlin = ZoneInfo("Europe/Berlin")
    schedule = Schedule(recurrence, datetime(2026, 3, 1, 9, tzinfo=berlin), time_zone="Europe/Berlin")
    moments = [schedule.beginning(number) for number in range(1, 40)]
    assert {moment.astimezone(berlin).hour for moment in moments if moment is not None} == {9}
    assert len({moment.hour for moment in moments if moment is not None}) == 2


def test_an_hour_that_is_left_out_comes_an_hour_later_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    schedule = Schedule(DAILY, datetime(2026, 3, 27, 2, 30, tzinfo=berlin), time_zone="Europe/Berlin")
    shown = [schedule.beginning(number) for number in range(4)]
    assert [f"{moment.astimezone(berlin):%d %H:%M}" for moment in shown if moment is not None] == [
        *("27 02:30", "28 02:30", "29 03:30", "30 02:30")
    ]


def test_an_hour_that_comes_twice_counts_once() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    schedule = Schedule(DAILY, datetime(2026, 10, 24, 2, 30, tzinfo=berlin), time_zone="Europe/Berlin")
    assert schedule.beginning(1) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert schedule.after(datetime(2026, 10, 25, 0, 30, tzinfo=UTC)) == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_a_day_that_a_country_left_out_gives_one_instance_and_no_second() -> None:
    apia = ZoneInfo("Pacific/Apia")
    schedule = Schedule(DAILY, datetime(2011, 12, 28, 9, tzinfo=apia), time_zone="Pacific/Apia")
    walked = [schedule.anchor_at]
    for _ in range(3):
        following = schedule.next_instance(walked[-1], walked[-1])
        assert following is not None
        walked.append(following)
    assert [f"{moment.astimezone(apia):%m-%d %H}" for moment in walked] == [
        "12-28 09",
        "12-29 09",
        "12-31 09",
        "01-01 09",
    ]


def test_a_one_time_workflow_begins_once() -> None:
    schedule = Schedule(Recurrence.ONE_TIME, datetime(2026, 3, 1, tzinfo=UTC))
    assert schedule.beginning(0) == schedule.anchor_at
    assert schedule.beginning(1) is None
    assert schedule.after(schedule.anchor_at - timedelta(seconds=1)) == schedule.anchor_at
    assert schedule.after(schedule.anchor_at) is None
    assert schedule.next_instance(schedule.anchor_at, schedule.anchor_at + timedelta(days=400)) is None


def test_years_without_a_visitor_cost_no_walk() -> None:
    schedule = Schedule(DAILY, datetime(1990, 1, 1, 9, tzinfo=UTC), time_zone="Europe/Berlin")
    calls = 0

    class Counted(Schedule):
        def beginning(self, number: int) -> datetime | None:
            nonlocal calls
            calls += 1
            return schedule.beginning(number)

    counted = Counted(schedule.recurrence, schedule.anchor_at, time_zone=schedule.time_zone)
    now = datetime(2090, 7, 1, 12, tzinfo=UTC)
    assert counted.next_instance(schedule.anchor_at, now) == datetime(2090, 7, 1, 8, tzinfo=UTC)
    assert calls < 100


@pytest.mark.parametrize("zone", ["", "Nowhere/City", "../etc/passwd", "/etc/localtime", "x" * (MAX_ZONE_LENGTH + 1)])
def test_zones_that_are_none_are_refused(zone: str) -> None:
    with pytest.raises(InvalidSchedule):
        zone_named(zone)
    with pytest.raises(InvalidSchedule):
        Schedule(DAILY, datetime(2026, 3, 1, tzinfo=UTC), time_zone=zone)


@pytest.mark.parametrize("year", [1, 1899, 9001, 9999])
def test_beginnings_that_no_calendar_carries_on_are_refused(year: int) -> None:
    with pytest.raises(InvalidSchedule):
        Schedule(DAILY, datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC), time_zone="Pacific/Apia")


def test_an_end_before_the_beginning_is_refused() -> None:
    begins = datetime(2026, 3, 1, tzinfo=UTC)
    assert Schedule(DAILY, begins, begins).next_instance(begins, begins) is None
    with pytest.raises(InvalidSchedule):
        Schedule(DAILY, begins, begins - timedelta(seconds=1))
