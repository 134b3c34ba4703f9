"""Windows of time: read strictly, by the clock on the zone's walls, summer time and the week's end included."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from sealwright.vc.delegation.windows import read_window
from sealwright.vc.errors import MalformedDocument

OFFICE_HOURS = "Mon-Fri 08:00-18:00 America/Los_Angeles"


@pytest.mark.parametrize(
    ("moment", "is_inside"),
    [
        (datetime(2026, 6, 1, 15, 0, tzinfo=UTC), True),
        (datetime(2026, 6, 1, 14, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 6, 2, 0, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 6, 2, 1, 0, tzinfo=UTC), False),
        (datetime(2026, 12, 1, 15, 30, tzinfo=UTC), False),
        (datetime(2026, 12, 1, 16, 0, tzinfo=UTC), True),
        (datetime(2026, 6, 6, 18, 0, tzinfo=UTC), False),
        (datetime(2026, 6, 6, 0, 30, tzinfo=UTC), True),
    ],
    ids=[
        *("as it opens in summer", "a second before", "the last second", "as it closes", "an hour later in winter"),
        *("as it opens in winter", "on Saturday", "on Saturday here, on Friday there"),
    ],
)
def test_a_window_is_read_by_the_clock_of_its_zone(moment: datetime, is_inside: bool) -> None:
    assert read_window(OFFICE_HOURS).contains(moment) is is_inside


def test_days_may_run_over_the_end_of_the_week_and_times_to_its_last_minute() -> None:
    window = read_window("Fri-Mon 00:00-24:00 UTC")
    assert window.days == {4, 5, 6, 0}
    assert window.contains(datetime(2026, 6, 7, 23, 59, 59, tzinfo=UTC))
    assert not window.contains(datetime(2026, 6, 2, 0, 0, tzinfo=UTC))
    assert read_window("Mon-Mon 00:00-24:00 UTC").days == {0}
    assert read_window("Sun 00:00-00:01 UTC").days == {6}


@pytest.mark.parametrize(
    "text",
    [
        *("", "Mon", "Mon 08:00-18:00", "Mon 18:00-08:00 UTC", "Mon 08:00-08:00 UTC", "Mon 08:00-24:01 UTC"),
        *("Mon 08:60-18:00 UTC", "Mon 25:00-26:00 UTC", "mon 08:00-18:00 UTC", "Mo 08:00-18:00 UTC"),
        *("Mon  08:00-18:00 UTC", " Mon 08:00-18:00 UTC", "Mon 08:00-18:00 UTC\n", "Mon 8:00-18:00 UTC"),
        *("Mon,Tue 08:00-18:00 UTC", "Mon 08:00-18:00 Mars/Olympus", "Mon 08:00-18:00 ../etc/passwd"),
        *("Mon 08:00-18:00 /etc/localtime", "Mon 08:00-18:00 localtime", "Mon 08:00-18:00 right/UTC"),
        *("Mon 08:00-18:00 Europe", "Mon ٠٨:00-18:00 UTC", "Mon 08:00-18:00 " + "A" * 100),
    ],
)
def test_what_is_no_window_is_refused(text: str) -> None:
    with pytest.raises(MalformedDocument):
        read_window(text)


@pytest.mark.parametrize(
    ("inner", "is_within"),
    [
        (OFFICE_HOURS, True),
        ("Tue 09:00-17:00 America/Los_Angeles", True),
        ("Mon-Fri 07:59-18:00 America/Los_Angeles", False),
        ("Mon-Fri 08:00-18:01 America/Los_Angeles", False),
        ("Mon-Sat 08:00-18:00 America/Los_Angeles", False),
        ("Mon-Fri 08:00-18:00 America/Vancouver", False),
    ],
)
def test_a_window_lies_inside_another_of_the_same_zone(inner: str, is_within: bool) -> None:
    assert read_window(inner).lies_inside(read_window(OFFICE_HOURS)) is is_within


def test_the_hour_that_a_clock_repeats_is_inside_twice_and_the_one_it_leaps_over_never() -> None:
    night = read_window("Sun 02:00-03:00 Europe/Vienna")
    minutes = range(0, 240, 10)
    spring = [m for m in minutes if night.contains(datetime(2026, 3, 29, m // 60, m % 60, tzinfo=UTC))]
    autumn = [m for m in minutes if night.contains(datetime(2026, 10, 25, m // 60, m % 60, tzinfo=UTC))]
    assert (spring, autumn) == ([], [*range(0, 120, 10)])
    summer = [m for m in minutes if night.contains(datetime(2026, 6, 7, m // 60, m % 60, tzinfo=UTC))]
    assert summer == [*range(0, 60, 10)]
