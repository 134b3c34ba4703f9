"""Moments as text: strict in, whole seconds out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from sealwright.vc.encoding.timestamps import format_timestamp, parse_rfc3339, parse_xsd_datetime_stamp
from sealwright.vc.errors import InvalidDate


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T02:30:00Z", datetime(2026, 11, 21, 2, 30, tzinfo=UTC)),
        ("2026-11-21T02:30:00.9Z", datetime(2026, 11, 21, 2, 30, tzinfo=UTC)),
        ("2026-11-21T02:30:59.999+05:30", datetime(2026, 11, 20, 21, 0, 59, tzinfo=UTC)),
        ("2026-11-21t02:30:00z", datetime(2026, 11, 21, 2, 30, tzinfo=UTC)),
        ("2024-02-29T00:00:00-00:00", datetime(2024, 2, 29, tzinfo=UTC)),
    ],
)
def test_rfc3339_is_read_into_utc_whole_seconds(text: str, moment: datetime) -> None:
    parsed = parse_rfc3339(text)
    assert parsed == moment
    assert parsed.tzinfo is UTC
    assert parsed.microsecond == 0


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-21",
        "2026-11-21T02:30:00",
        "2026-11-21 02:30:00Z",
        "2026-11-21T02:30Z",
        "2026-11-21T02:30:00+0100",
        "2026-11-21T02:30:00+01",
        "2026-11-21T02:30:00.Z",
        "2026-11-21T02:30:00.1234Z",
        "2026-11-21T02:30:00,5Z",
        "20261121T023000Z",
        "2026-W47-6T02:30:00Z",
        "2030-02-30T00:00:00Z",
        "2023-02-29T00:00:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-11-21T24:00:00Z",
        "2026-11-21T23:59:60Z",
        "2026-11-21T02:60:00Z",
        "2026-11-21T02:30:00+24:00",
        "2026-11-21T02:30:00+01:60",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "2026-11-21T02:30:00Z\n",
        " 2026-11-21T02:30:00Z",
        "٢٠٢٦-11-21T02:30:00Z",
    ],
)
def test_rfc3339_refuses_every_other_spelling(text: str) -> None:
    with pytest.raises(InvalidDate):
        parse_rfc3339(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T02:30:00.123456789Z", datetime(2026, 11, 21, 2, 30, tzinfo=UTC)),
        ("2026-11-21T02:30:00+14:00", datetime(2026, 11, 20, 12, 30, tzinfo=UTC)),
        ("2026-12-31T24:00:00Z", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2026-12-31T24:00:00.000Z", datetime(2027, 1, 1, tzinfo=UTC)),
    ],
)
def test_xsd_stamp_takes_what_the_standard_allows(text: str, moment: datetime) -> None:
    assert parse_xsd_datetime_stamp(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T02:30:00",
        "2026-11-21T02:30:00z",
        "2026-11-21T02:30:00+14:01",
        "2026-11-21T24:00:01Z",
        "2026-11-21T24:00:00.5Z",
        "2026-11-21T25:00:00Z",
        "9999-12-31T24:00:00Z",
        "-0001-01-01T00:00:00Z",
        "12026-11-21T02:30:00Z",
    ],
)
def test_xsd_stamp_refuses_the_rest(text: str) -> None:
    with pytest.raises(InvalidDate):
        parse_xsd_datetime_stamp(text)


def test_format_writes_utc_whole_seconds() -> None:
    moment = datetime(2026, 11, 21, 4, 30, 0, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert format_timestamp(moment) == "2026-11-21T02:30:00Z"
    assert format_timestamp(datetime(999, 1, 2, tzinfo=UTC)) == "0999-01-02T00:00:00Z"
    with pytest.raises(InvalidDate):
        format_timestamp(datetime(2026, 11, 21))  # noqa: DTZ001  # the naive value is the point
