"""The letter of a report: the figures of a week or month, compared with the one before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlencode

from babel.dates import format_date, format_skeleton, format_timedelta
from babel.numbers import format_decimal, format_percent

from sealwright.domain.reports import Period, PeriodFigures, Report, ReportEvery
from sealwright.domain.shown_text import without_disturbance
from sealwright.locales import N_, Texts
from sealwright.services.letters.frame import Content, LetterHead
from sealwright.services.letters.tables import LetterTable

# A letter names at most so many types, those with most to tell first; the page has them all.
TYPES_SHOWN: Final = 25
_LABEL_MAX: Final = 32
_NOTHING: Final = "–"
# The page's spans that hold the period, in days.
_SPANS: Final = {ReportEvery.WEEK: "30", ReportEvery.MONTH: "77"}
_COUNTS: Final[tuple[tuple[str, Callable[[PeriodFigures], int]], ...]] = (
    (N_("Requests"), lambda one: one.requested),
    (N_("Approvals"), lambda one: one.approved),
    (N_("Rejections"), lambda one: one.rejected),
    (N_("Revocations"), lambda one: one.revoked),
)
_MORE: Final = {
    ReportEvery.WEEK: N_("%(what)s: %(count)s, %(more)s more than the week before"),
    ReportEvery.MONTH: N_("%(what)s: %(count)s, %(more)s more than the month before"),
}
_FEWER: Final = {
    ReportEvery.WEEK: N_("%(what)s: %(count)s, %(fewer)s fewer than the week before"),
    ReportEvery.MONTH: N_("%(what)s: %(count)s, %(fewer)s fewer than the month before"),
}
_SAME: Final = {
    ReportEvery.WEEK: N_("%(what)s: %(count)s, as many as the week before"),
    ReportEvery.MONTH: N_("%(what)s: %(count)s, as many as the month before"),
}


def report_content(report: Report, head: LetterHead, texts: Texts) -> Content:
    """Say what a report says; types are named in the letter alone, never in its subject."""
    is_weekly = report.every is ReportEvery.WEEK
    title = texts.gettext("Your weekly report") if is_weekly else texts.gettext("Your monthly report")
    why = (
        texts.gettext("You get this because you chose a weekly report on the analytics page.")
        if is_weekly
        else texts.gettext("You get this because you chose a monthly report on the analytics page.")
    )
    return Content(
        subject=title,
        lines=(_spanned(report, texts),),
        why=why,
        items=tuple((line, None) for line in _totals(report, texts)),
        table=_table(report, texts),
        notes=_notes(report, texts),
        act=(texts.gettext("Open Analytics"), f"{head.public_url}{_path(report)}"),
        may_stop=True,
        chosen_at="/analytics",
    )


def _spanned(report: Report, texts: Texts) -> str:
    period = report.period
    if report.every is ReportEvery.MONTH:
        month = format_skeleton("yMMMM", period.since, locale=texts.locale)
        return texts.gettext("The figures of %(month)s, in UTC.", month=month)
    return texts.gettext(
        "The figures of the week from %(first)s to %(last)s, in UTC.",
        first=format_date(period.since, format="long", locale=texts.locale),
        last=format_date(_last_day(period), format="long", locale=texts.locale),
    )


def _last_day(period: Period) -> datetime:
    return period.until - timedelta(days=1)


def _totals(report: Report, texts: Texts) -> list[str]:
    """The sums over every type, shown or not, each beside the period before; rates are never averaged over types."""
    lines = []
    for name, read in _COUNTS:
        now, before = sum(map(read, report.figures)), sum(map(read, report.before))
        what, count = texts.gettext(name), _number(now, texts)
        if now > before:
            more = _number(now - before, texts)
            lines.append(texts.gettext(_MORE[report.every], what=what, count=count, more=more))
        elif now < before:
            fewer = _number(before - now, texts)
            lines.append(texts.gettext(_FEWER[report.every], what=what, count=count, fewer=fewer))
        else:
            lines.append(texts.gettext(_SAME[report.every], what=what, count=count))
    pending = sum(one.pending for one in report.figures)
    lines.append(texts.gettext("Pending now: %(count)s", count=_number(pending, texts)))
    return lines


def _table(report: Report, texts: Texts) -> LetterTable:
    before = {one.credential_type: one for one in report.before}
    # Python's sort is stable: types with as much to tell keep the order of the catalog.
    ordered = sorted(report.figures, key=_weight, reverse=True)
    columns = (
        texts.gettext("Credential Type"),
        *(texts.gettext(name) for name, _ in _COUNTS),
        texts.gettext("Approval rate"),
        texts.gettext("Median time"),
    )
    rows = tuple(_row(one, before.get(one.credential_type), texts) for one in ordered[:TYPES_SHOWN])
    return LetterTable(texts.gettext("By credential type, and the change since the period before"), columns, rows)


def _weight(one: PeriodFigures) -> int:
    return one.requested + one.approved + one.rejected + one.revoked


def _row(one: PeriodFigures, before: PeriodFigures | None, texts: Texts) -> tuple[str, ...]:
    counts = (_changed(read(one), read(before) if before is not None else 0, texts) for _, read in _COUNTS)
    share = one.approval_rate
    rate = format_percent(share.share, locale=texts.locale) if share is not None else _NOTHING
    return _label(one.label), *counts, rate, _time(one.median_seconds, texts)


def _changed(now: int, before: int, texts: Texts) -> str:
    if now == before:
        return _number(now, texts)
    sign = "+" if now > before else "−"
    return f"{_number(now, texts)} ({sign}{_number(abs(now - before), texts)})"


def _time(seconds: int | None, texts: Texts) -> str:
    if seconds is None:
        return _NOTHING
    return str(format_timedelta(timedelta(seconds=max(60, seconds)), format="short", locale=texts.locale))


def _label(text: str) -> str:
    kept = without_disturbance(text).strip()
    return kept if len(kept) <= _LABEL_MAX else kept[: _LABEL_MAX - 1].rstrip() + "…"


def _notes(report: Report, texts: Texts) -> tuple[str, ...]:
    notes = []
    more = len(report.figures) - TYPES_SHOWN
    if more > 0:
        notes.append(texts.ngettext("and %(num)s more type", "and %(num)s more types", more))
    notes.append(texts.gettext("Rates and times are told from ten decisions on."))
    return tuple(notes)


def _path(report: Report) -> str:
    """The page with the same filter, which can hold two types; with more of them it shows the whole scope."""
    query: dict[str, str] = {"span": _SPANS[report.every]}
    shown: Mapping[str, None] = dict.fromkeys(one.credential_type for one in report.figures)
    chosen = [value for value in report.chosen or () if value in shown]
    if 1 <= len(chosen) <= 2:
        query |= dict(zip(("type", "compare"), chosen, strict=False))
    return f"/analytics?{urlencode(query)}"


def _number(number: int, texts: Texts) -> str:
    return str(format_decimal(number, locale=texts.locale))
