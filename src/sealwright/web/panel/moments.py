"""Saying times, spans and counts in a viewer's language and zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, tzinfo
from typing import Final

from babel.dates import format_date, format_time
from babel.numbers import format_decimal

from sealwright.locales import Texts

_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 86_400


def day_text(moment: datetime | date, texts: Texts, zone: tzinfo) -> str:
    """The day, short: ``20 Nov 2026``."""
    day = moment.astimezone(zone).date() if isinstance(moment, datetime) else moment
    return format_date(day, "d MMM y", locale=texts.locale)


def clock_text(moment: datetime, texts: Texts, zone: tzinfo) -> str:
    """The hour and minute: ``14:05``."""
    return format_time(moment.astimezone(zone), "HH:mm", locale=texts.locale)


def age_text(moment: datetime, now: datetime, texts: Texts) -> str:
    """How long ago, in one unit: ``3 d``, ``8 h``, ``40 min``; or how long until."""
    seconds = int((now - moment).total_seconds())
    if seconds < 0:
        return texts.gettext("in %(span)s", span=span_text(-seconds, texts))
    return span_text(seconds, texts)


def span_text(seconds: float, texts: Texts, *, exact: bool = False) -> str:
    """A span in one unit; with one decimal where it is a measured value (``1.4 d``)."""
    if seconds < _MINUTE:
        return texts.gettext("%(count)s s", count=number_text(int(seconds), texts))
    for unit, text in (
        (_DAY, texts.gettext("%(count)s d", count="\0")),
        (_HOUR, texts.gettext("%(count)s h", count="\0")),
    ):
        if seconds >= unit:
            count = round(seconds / unit, 1) if exact else int(seconds // unit)
            return text.replace("\0", number_text(count, texts))
    return texts.gettext("%(count)s min", count=number_text(int(seconds // _MINUTE), texts))


def number_text(number: float, texts: Texts) -> str:
    """A number with the language's own separators, at most one decimal."""
    return str(format_decimal(number, format="#,##0.#", locale=texts.locale))


def utc_text(moment: datetime, texts: Texts) -> str:
    """Exact UTC, as text: ``20 Nov 2026, 14:05:09 UTC``."""
    utc = moment.astimezone(UTC)
    return f"{format_date(utc.date(), 'd MMM y', locale=texts.locale)}, {utc:%H:%M:%S} UTC"


def machine_text(moment: datetime | date) -> str:
    """For the ``datetime`` attribute."""
    if not isinstance(moment, datetime):
        return moment.isoformat()
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
