"""The plots of the analytics page, made out of the overview; every number in them is the overview's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from sealwright.domain.figures import rate as rate_of
from sealwright.services.analytics import TIME_BOUNDS_HOURS
from sealwright.web.panel import plots
from sealwright.web.panel.moments import day_text, number_text
from sealwright.web.panel.plots import SERIES_MAX, Bin, Caption, Plot, RatePoint, Series, SurvivalPoint

if TYPE_CHECKING:
    from sealwright.services.analytics import Overview, TypeFigures
    from sealwright.web.panel.page_call import PageCall

LEAST_DECISIONS: Final = 10


def plots_of(page: PageCall, overview: Overview, labels: Mapping[str, str]) -> list[tuple[Plot, str]]:
    """Every plot that has something to show, each with the name of its CSV."""
    starts = sorted({one.start for one in overview.periods})
    if not starts or not overview.types:
        return []
    drawn: list[tuple[Plot, str]] = [(_requests(page, overview, labels, starts), "periods")]
    if any(sum(one.times) for one in overview.types):
        drawn.append((_times(page, overview.types), "times"))
    if any(one.approved + one.rejected for one in overview.periods):
        drawn.append((_approval(page, overview, starts), "periods"))
    if any(one.expiring and sum(one.expiring) for one in overview.types):
        drawn.append((_expiries(page, overview, labels), "expiries"))
    drawn += [(_survival(page, one), "survival") for one in overview.types[:2] if one.survival]
    return drawn


def _period_label(page: PageCall, start: datetime) -> str:
    local = start.astimezone(page.zone)
    return f"{local.day} {day_text(local, page.texts, page.zone).split(' ')[1]}"


def _between(page: PageCall, starts: Sequence[datetime], days: int) -> str:
    first = day_text(starts[0], page.texts, page.zone)
    last = day_text(starts[-1] + timedelta(days=days - 1), page.texts, page.zone)
    return page._("%(first)s to %(last)s", first=first, last=last)


def _series(overview: Overview, labels: Mapping[str, str], starts: Sequence[datetime]) -> list[Series]:
    counted = {(one.credential_type, one.start): one.requested for one in overview.periods}
    return [
        Series(
            labels.get(one.credential_type, one.label),
            tuple(counted.get((one.credential_type, start), 0) for start in starts),
        )
        for one in overview.types
    ]


def _requests(
    page: PageCall, overview: Overview, labels: Mapping[str, str], starts: Sequence[datetime]
) -> Plot:  # fmt: skip
    series = _folded(page, _series(overview, labels, starts))
    days = overview.span.days_per_period
    sums = [sum(one.values[place] for one in series) for place in range(len(starts))]
    words = [_period_label(page, start) for start in starts]
    summary = page._(
        "Requests per period: %(first)s at first, %(last)s at last, %(most)s at most.",
        first=sums[0], last=sums[-1], most=max(sums),
    )  # fmt: skip
    title = page._("Requests per week") if days == 7 else page._("Requests per %(num)s days", num=days)
    caption = Caption(
        "requests",
        title,
        page._("By credential type, %(span)s", span=_between(page, starts, days)),
        summary,
        page._("Requests"),
    )
    return plots.stacked_bars(caption, period=page._("From"), total=page._("Total"), labels=words, series=series)


def _folded(page: PageCall, series: list[Series]) -> list[Series]:
    """At most as many layers as can be told apart; the smallest are put together."""
    if len(series) <= SERIES_MAX:
        return series
    ordered = sorted(series, key=lambda one: -sum(one.values))
    rest = ordered[SERIES_MAX - 1 :]
    together = tuple(sum(column) for column in zip(*(one.values for one in rest), strict=True))
    return [*ordered[: SERIES_MAX - 1], Series(page._("All others"), together)]


def _times(page: PageCall, types: Sequence[TypeFigures]) -> Plot:
    counts = [sum(column) for column in zip(*(one.times for one in types), strict=True)]
    total = sum(counts)
    bounds = (0, *TIME_BOUNDS_HOURS)
    # Classes are of different widths, so each is drawn as wide as any other and named by its bounds.
    bins = [
        Bin(start, end, count) for start, end, count in zip(bounds, (*TIME_BOUNDS_HOURS, None), counts, strict=True)
    ]
    targets = {one.target_seconds for one in types if one.target_seconds is not None}
    target = next(iter(targets)) / 3600 if len(targets) == 1 else None
    within = [one.within_target for one in types if one.within_target is not None]
    place = _place_of(target) if target is not None else None
    label = ""
    if target is not None:
        label = page._("Target %(hours)s h", hours=number_text(target, page.texts))
        if within:
            hits, cases = sum(one.hits for one in within), sum(one.cases for one in within)
            label = page._("%(target)s: %(hits)s of %(cases)s within", target=label, hits=hits, cases=cases)
    medians = [one.median_seconds for one in types if one.median_seconds is not None]
    summary = page.ngettext(
        "%(num)s decision by the time that it took.", "%(num)s decisions by the time that they took.", total
    )
    if len(medians) == 1:
        hours = number_text(round(medians[0] / 3600, 1), page.texts)
        summary = page._("Half of all decisions fall within %(hours)s hours.", hours=hours)
    caption = Caption(
        "times", page._("Time to decision"), page.ngettext("%(num)s decision", "%(num)s decisions", total),
        summary, page._("Decisions"), page._("hours to decision"),
    )  # fmt: skip
    return plots.classes(caption, start=page._("Hours"), bins=bins, target=place, target_label=label)


def _place_of(hours: float) -> float:
    """Where an hour stands on an axis whose classes are drawn equally wide: 2.5 is the middle of the third."""
    bounds = (0, *TIME_BOUNDS_HOURS)
    for place, (start, end) in enumerate(zip(bounds, TIME_BOUNDS_HOURS, strict=False)):
        if hours <= end:
            return place + (hours - start) / (end - start)
    return float(len(TIME_BOUNDS_HOURS))


def _approval(page: PageCall, overview: Overview, starts: Sequence[datetime]) -> Plot:
    points = []
    for start in starts:
        rows = [one for one in overview.periods if one.start == start]
        approved = sum(one.approved for one in rows)
        decided = approved + sum(one.rejected for one in rows)
        share = rate_of(approved, decided)
        known = (share.share, share.low, share.high) if share is not None else (None, None, None)
        points.append(RatePoint(_period_label(page, start), approved, decided, *known))
    approved, decided = sum(one.part for one in points), sum(one.whole for one in points)
    whole = rate_of(approved, decided)
    summary, last = page._("There were too few decisions for a rate."), ""
    if whole is not None:
        parts = [number_text(round(100 * part), page.texts) for part in (whole.share, whole.low, whole.high)]
        summary = page._(
            "%(share)s %% of all decisions approved, interval %(low)s to %(high)s.",
            share=parts[0],
            low=parts[1],
            high=parts[2],
        )
        last = page._("%(share)s %%, interval %(low)s to %(high)s", share=parts[0], low=parts[1], high=parts[2])
    caption = Caption(
        "approval", page._("Approval rate"), page._("Per period, with 95 %% interval; none from fewer than 10"),
        summary, page._("Approved, %%"),
    )  # fmt: skip
    columns = (
        page._("From"),
        page._("Approved"),
        page._("Decided"),
        "%",
        page._("Interval from"),
        page._("Interval to"),
    )
    few = page._("Too few decisions in each period for a rate")
    return plots.rate(caption, columns=columns, points=points, last_label=last, few_label=few)


def _expiries(page: PageCall, overview: Overview, labels: Mapping[str, str]) -> Plot:
    weeks = max(len(one.expiring) for one in overview.types)
    series = _folded(
        page, [Series(labels.get(one.credential_type, one.label), tuple(one.expiring)) for one in overview.types]
    )
    words = [page._("in %(num)s", num=place + 1) for place in range(weeks)]
    total = sum(sum(one.values) for one in series)
    summary = page.ngettext("%(num)s grant ends in the coming weeks.", "%(num)s grants end in the coming weeks.", total)
    caption = Caption(
        "expiries", page._("Expiries ahead"), page._("Grants that end, by week from now"), summary, page._("Grants")
    )
    return plots.stacked_bars(caption, period=page._("Week"), total=page._("Total"), labels=words, series=series)


def _survival(page: PageCall, one: TypeFigures) -> Plot:
    points = [SurvivalPoint(point.days, point.at_risk, point.share) for point in one.survival]
    last = points[-1]
    share = number_text(round(100 * last.share, 1), page.texts)
    summary = page._("%(share)s %% of the grants are not revoked after %(days)s days.", share=share, days=int(last.day))
    caption = Caption(
        f"survival-{one.credential_type.replace('_', '-')}", page._("How long grants live: %(type)s", type=one.label),
        page._("Share that is not revoked, by age"), summary, page._("Not revoked, %%"), page._("days since granted"),
    )  # fmt: skip
    columns = (page._("Days"), page._("At risk"), page._("Not revoked, %%"))
    return plots.survival(caption, columns=columns, points=points, until=last.day)
