"""Moments as text: one strict reader for what people send, one for what documents hold, one writer.

Every moment inside the program is an aware UTC datetime of whole seconds. Fractions are cut off, never rounded: a
rounded expiry would lie after the one that was written.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import Final

from sealwright.vc.errors import InvalidDate

_DATE_TIME: Final = r"(\d{4})-(\d{2})-(\d{2})[Tt](\d{2}):(\d{2}):(\d{2})(\.\d{1,3})?(?:[Zz]|([+-])(\d{2}):(\d{2}))"
_STAMP: Final = r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(\.\d+)?(?:Z|([+-])(\d{2}):(\d{2}))"
# re.ASCII: without it \d also takes the digits of other scripts.
_RFC_3339: Final = re.compile(_DATE_TIME, re.ASCII)
_XSD_STAMP: Final = re.compile(_STAMP, re.ASCII)
# What nearly every document holds: whole seconds in UTC.
_PLAIN: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII)


def parse_rfc3339(text: str) -> datetime:
    """Read a date-time with zone, as our own API takes it.

    Args:
        text: At most three fraction digits, which are cut off; no leap second; ``24:00:00`` does not exist.

    Returns:
        Aware, UTC, whole seconds.

    Raises:
        InvalidDate: Another form, no zone, or a moment that does not exist.

    Spec: RFC 3339, "Internet Date/Time Format".
    """
    match = _RFC_3339.fullmatch(text)
    if match is None:
        raise InvalidDate("The text is not an RFC 3339 date-time with a zone.")
    return _moment(match, max_offset_minutes=23 * 60 + 59)


def parse_xsd_datetime_stamp(text: str) -> datetime:
    """Read the date-time of a document that somebody else may have written.

    Any number of fraction digits is taken, and ``24:00:00`` is the first moment of the next day. Years before 1 and
    after 9999 are refused: no clock here can hold them.

    Returns:
        Aware, UTC, whole seconds (fractions cut off).

    Raises:
        InvalidDate: Another form, no zone, or a moment that does not exist.

    Spec: XML Schema 1.1 Part 2, "dateTimeStamp"; Verifiable Credentials Data Model 2.0, "Validity Period".
    """
    return _plain_stamp(text) if _PLAIN.fullmatch(text) is not None else _parse_stamp(text)


# A document's dates are read by several checks, and whole batches carry one date; such a text has 20 characters.
@lru_cache(maxsize=1024)
def _plain_stamp(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        # Hour 24, or a moment that does not exist: the other way tells which.
        return _parse_stamp(text)


def _parse_stamp(text: str) -> datetime:
    match = _XSD_STAMP.fullmatch(text)
    if match is None:
        raise InvalidDate("The text is not an XML Schema dateTimeStamp.")
    if match[4] == "24":
        if match[5] != "00" or match[6] != "00" or (match[7] or ".0").strip(".0"):
            raise InvalidDate("Hour 24 stands only in 24:00:00.")
        try:
            return _moment(match, max_offset_minutes=14 * 60, hour=0) + timedelta(days=1)
        except OverflowError as error:
            raise InvalidDate("The moment lies outside the years 1 to 9999.") from error
    return _moment(match, max_offset_minutes=14 * 60)


def is_plain_stamp(text: str) -> bool:
    """Whether a text is a date-time of whole seconds in UTC by its letters; whether the moment exists is not asked."""
    return _PLAIN.fullmatch(text) is not None


def format_timestamp(moment: datetime) -> str:
    """Write a moment as UTC with whole seconds, ``2026-11-21T02:30:00Z``.

    Raises:
        InvalidDate: `moment` has no zone, so it names no moment.
    """
    if moment.tzinfo is None:
        raise InvalidDate("A date-time without zone names no moment.")
    utc = moment.astimezone(UTC)
    return f"{utc.year:04}-{utc.month:02}-{utc.day:02}T{utc.hour:02}:{utc.minute:02}:{utc.second:02}Z"


def _moment(match: re.Match[str], *, max_offset_minutes: int, hour: int | None = None) -> datetime:
    """The moment that the parts of a text name; with `hour` at that hour instead of the text's."""
    year, month, day, stated, minute, second = (int(group) for group in match.groups()[:6])
    hour = stated if hour is None else hour
    zone: timezone = UTC
    if match[8]:
        minutes = int(match[9]) * 60 + int(match[10])
        if int(match[10]) > 59 or minutes > max_offset_minutes:
            raise InvalidDate("The zone offset does not exist.")
        zone = timezone(timedelta(minutes=minutes if match[8] == "+" else -minutes))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidDate("The date-time does not exist.") from error
