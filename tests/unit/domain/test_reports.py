"""The calendar of reports: whole weeks and months in UTC, told from six o'clock on, over ends of months and years."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sealwright.domain.reports import (
    Period,
    ReportEvery,
    ReportWish,
    last_period,
    last_whole_period,
    next_report_at,
    period_before,
)

WEEK, MONTH, NEVER = ReportEvery.WEEK, ReportEvery.MONTH, ReportEvery.NEVER


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("every", "now", "since", "until"),
    [
        (WEEK, "2026-11-21T12:00", "2026-11-09", "2026-11-16"),
        (WEEK, "2026-11-23T05:59:59", "2026-11-09", "2026-11-16"),
        (WEEK, "2026-11-23T06:00", "2026-11-16", "2026-11-23"),
        (WEEK, "2027-01-01T00:00", "2026-12-21", "2026-12-28"),
        (WEEK, "2027-01-04T06:00", "2026-12-28", "2027-01-04"),
        (WEEK, "2024-03-04T06:00", "2024-02-26", "2024-03-04"),
        (MONTH, "2026-11-21T12:00", "2026-10-01", "2026-11-01"),
        (MONTH, "2026-12-01T05:59:59", "2026-10-01", "2026-11-01"),
        (MONTH, "2026-12-01T06:00", "2026-11-01", "2026-12-01"),
        (MONTH, "2027-01-01T06:00", "2026-12-01", "2027-01-01"),
        (MONTH, "2027-01-31T23:59:59", "2026-12-01", "2027-01-01"),
        (MONTH, "2024-03-01T06:00", "2024-02-01", "2024-03-01"),
        (MONTH, "2026-03-01T06:00", "2026-02-01", "2026-03-01"),
    ],
)
def test_last_period_is_whole_and_six_hours_past(every: ReportEvery, now: str, since: str, until: str) -> None:
    assert last_period(every, at(now)) == Period(at(since), at(until))


def test_who_asks_at_once_does_not_wait_for_six_o_clock() -> None:
    assert last_whole_period(WEEK, at("2026-11-23T00:00")) == Period(at("2026-11-16"), at("2026-11-23"))
    assert last_whole_period(WEEK, at("2026-11-22T23:59:59")) == Period(at("2026-11-09"), at("2026-11-16"))
    assert last_whole_period(MONTH, at("2027-01-01T00:00")) == Period(at("2026-12-01"), at("2027-01-01"))


@pytest.mark.parametrize(
    ("every", "now", "following"),
    [
        (WEEK, "2026-11-23T05:59:59", "2026-11-23T06:00"),
        (WEEK, "2026-11-23T06:00", "2026-11-30T06:00"),
        (WEEK, "2026-12-30T12:00", "2027-01-04T06:00"),
        (MONTH, "2026-12-01T05:59:59", "2026-12-01T06:00"),
        (MONTH, "2026-12-01T06:00", "2027-01-01T06:00"),
        (MONTH, "2027-01-31T12:00", "2027-02-01T06:00"),
        (MONTH, "2028-02-29T12:00", "2028-03-01T06:00"),
    ],
)
def test_next_report_follows_the_last(every: ReportEvery, now: str, following: str) -> None:
    assert next_report_at(every, at(now)) == at(following)
    assert last_period(every, at(following)).until == at(following) - timedelta(hours=6)


def test_never_has_no_next_report_and_no_periods() -> None:
    assert next_report_at(NEVER, at("2026-11-21")) is None
    with pytest.raises(ValueError, match="never"):
        last_period(NEVER, at("2026-11-21"))


def test_the_period_before_is_as_whole() -> None:
    march = Period(at("2024-03-01"), at("2024-04-01"))
    assert period_before(MONTH, march) == Period(at("2024-02-01"), at("2024-03-01"))
    assert period_before(MONTH, Period(at("2027-01-01"), at("2027-02-01"))).since == at("2026-12-01")
    assert period_before(WEEK, Period(at("2027-01-04"), at("2027-01-11"))) == Period(at("2026-12-28"), at("2027-01-04"))


@pytest.mark.parametrize("every", [WEEK, MONTH])
def test_every_hour_of_four_years_has_one_period_and_periods_leave_no_gap(every: ReportEvery) -> None:
    moment, known = at("2024-01-01T00:00"), last_period(every, at("2024-01-01T00:00"))
    while moment < at("2028-02-01"):
        found = last_period(every, moment)
        assert found.until + timedelta(hours=6) <= moment
        if found != known:
            assert found.since == known.until
            assert period_before(every, found) == known
            assert found.until + timedelta(hours=6) == moment
        known, moment = found, moment + timedelta(hours=6)


def test_a_changed_rhythm_begins_anew_and_other_types_keep_their_place() -> None:
    now = at("2026-11-21T12:00")
    first = ReportWish("usr_a").changed(WEEK, ("b", "a", "b"), now)
    assert (first.credential_types, first.sent_until) == (("a", "b"), at("2026-11-16"))
    later = at("2026-11-24")
    assert first.changed(WEEK, None, later).sent_until == at("2026-11-16")
    assert first.changed(MONTH, None, later).sent_until == at("2026-11-01")
    stopped = first.changed(NEVER, None, later)
    assert stopped.sent_until == at("2026-11-16")
    assert stopped.changed(WEEK, None, later).sent_until == at("2026-11-23")
