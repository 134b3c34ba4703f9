"""How long others may ask to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sealwright.domain.parcels import LONGEST_PAUSE, pause_asked_for

NOW = datetime(1994, 11, 6, 8, 48, 37, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
NONE = timedelta()


@pytest.mark.parametrize(
    ("text", "pause"),
    [
        ("60", MINUTE),
        (" 60 ", MINUTE),
        ("0", NONE),
        ("86400", LONGEST_PAUSE),
        ("9" * 60, LONGEST_PAUSE),
        # The three forms of a date that HTTP has.
        ("Sun, 06 Nov 1994 08:49:37 GMT", MINUTE),
        ("Sunday, 06-Nov-94 08:49:37 GMT", MINUTE),
        ("Sun Nov  6 08:49:37 1994", MINUTE),
        ("Sun, 06 Nov 1994 08:47:37 GMT", NONE),
        ("Fri, 31 Dec 9999 23:59:59 GMT", LONGEST_PAUSE),
        (None, NONE),
        ("", NONE),
        ("-5", NONE),
        ("1.5", NONE),
        ("\u0663", NONE),
        ("soon", NONE),
        ("Sun, 99 Nov 1994 08:49:37 GMT", NONE),
        ("Sun, 06 Nov 99999999999999999999 08:49:37 GMT", NONE),
        ("Sun, 06 Nov 1994 08:49:37 +9999999999999", NONE),
    ],
)
def test_seconds_and_dates_are_read_and_nothing_else(text: str | None, pause: timedelta) -> None:
    assert pause_asked_for(text, NOW) == pause
