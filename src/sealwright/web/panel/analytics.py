"""Analytics: what was asked, decided, granted and lost, drawn on the server with the same numbers beside (S15)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.errors import NotFound
from sealwright.locales import N_
from sealwright.services.analytics_tables import tables_of
from sealwright.web.panel.analytics_plots import plots_of
from sealwright.web.panel.analytics_report import REPORT_FORM, back_to, choose_report, report_card, send_one
from sealwright.web.panel.issuer import labels_of, types_of
from sealwright.web.panel.moments import number_text
from sealwright.web.panel.own_forms import save
from sealwright.web.panel.page_form import Field, Form, Kind
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.domain.figures import Rate
    from sealwright.services.analytics import Overview, TypeFigures
    from sealwright.web.panel.page_call import PageCall

ANALYTICS: Final = "/analytics"
# Spans that are offered: days, and how many of them make a period of the plots.
SPANS: Final = {"30": (30, 7), "77": (77, 7), "180": (180, 14), "365": (365, 30)}
DEFAULT_SPAN: Final = "77"
SPAN_WORDS: Final = {
    "30": N_("Last 30 days"),
    "77": N_("Last 11 weeks"),
    "180": N_("Last 180 days"),
    "365": N_("Last year"),
}
WHERE: Final = Form(
    Field("span", Kind.CHOICE, choices=tuple(SPANS)),
    Field("type", max_length=64),
    Field("compare", max_length=64),
)


def show(page: PageCall, status: int = 200) -> Reply:
    """GET /analytics."""
    overview = _overview(page)
    types = types_of(page)
    labels = labels_of(page, types)
    own = [(value, labels[value]) for value in types if page.caller.covers(value)]
    return page.render(
        "analytics/overview.html",
        partial="results",
        status=status,
        overview=overview,
        span=page.query.choice("span", DEFAULT_SPAN),
        spans=[(value, page._(word)) for value, word in SPAN_WORDS.items()],
        type_options=[("", page._("All in your scope")), *own],
        compare_options=[("", page._("Nothing")), *own],
        stats=[_stat_row(page, one) for one in overview.types],
        totals=_totals(page, overview),
        plots=plots_of(page, overview, labels),
        reasons=[(one.label, one.reasons) for one in overview.types if one.reasons],
        csv=_csv_links(page),
        report=report_card(page, dict(own)),
    )


def _overview(page: PageCall) -> Overview:
    days, per_period = SPANS[page.query.choice("span", DEFAULT_SPAN)]
    chosen = [value for value in (page.query.text("type"), page.query.text("compare")) if value]
    until = page.now
    return page.office.analytics.overview(
        page.caller,
        until - timedelta(days=days),
        until,
        list(dict.fromkeys(chosen)) or None,
        days_per_period=per_period,
    )


def _totals(page: PageCall, overview: Overview) -> list[dict[str, Any]]:
    """The numbers of the strip: of the one type that is shown, else sums; rates are never averaged over types."""
    types = overview.types
    strip = [
        {"value": number_text(sum(one.requested for one in types), page.texts), "label": page._("Requests")},
        {"value": number_text(sum(one.pending for one in types), page.texts), "label": page._("Pending now")},
        {"value": number_text(sum(one.approved for one in types), page.texts), "label": page._("Approved")},
        {"value": number_text(sum(one.rejected for one in types), page.texts), "label": page._("Rejected")},
        {"value": number_text(sum(one.revoked for one in types), page.texts), "label": page._("Revoked")},
    ]
    kept = f"&type={types[0].credential_type}" if len(types) == 1 else ""
    hrefs = ("all", "pending", "approved", "rejected", None)
    for one, status in zip(strip, hrefs, strict=True):
        one["href"] = f"/issuer?status={status}{kept}" if status is not None else "/issuer/holders"
    return strip


def _stat_row(page: PageCall, one: TypeFigures) -> dict[str, Any]:
    """One credential type's figures in words; a rate of too few cases is not told."""
    return {
        "label": one.label,
        "requested": one.requested,
        "decided": one.approved + one.rejected,
        "approved": _rate(page, one.approval_rate),
        "median": one.median_seconds,
        "p90": one.p90_seconds,
        "within": _rate(page, one.within_target),
        "revoked": _rate(page, one.revocation_rate),
        "early": _rate(page, one.early_losses),
        "holders": one.holders,
        "steps": one.steps_completed,
    }


def _rate(page: PageCall, rate: Rate | None) -> str:
    if rate is None:
        return "–"
    share, low, high = (number_text(round(100 * part), page.texts) for part in (rate.share, rate.low, rate.high))
    return page._("%(share)s %% (%(low)s to %(high)s)", share=share, low=low, high=high)


def _csv_links(page: PageCall) -> dict[str, str]:
    query = page.href().partition("?")[2]
    return {
        name: f"{ANALYTICS}/{name}.csv" + (f"?{query}" if query else "")
        for name in ("types", "periods", "times", "reasons", "survival", "expiries")
    }


def export(page: PageCall) -> Reply:
    """GET /analytics/{table}.csv."""
    table = tables_of(_overview(page)).get(page.params["table"].removesuffix(".csv"))
    if table is None or not page.params["table"].endswith(".csv"):
        raise NotFound("There is no such table.")
    return page.csv(table.columns, table.rows, f"{table.name}.csv")


def change_report(page: PageCall) -> Reply:
    """POST /analytics/report."""
    return save(page, lambda status: show(page, status), lambda: (back_to(page, ANALYTICS), choose_report(page)))


def send_report(page: PageCall) -> Reply:
    """POST /analytics/report/send."""
    return save(page, lambda status: show(page, status), lambda: (back_to(page, ANALYTICS), send_one(page)))


PAGES: Final = (
    PageRoute("GET", ANALYTICS, PageAudience.ISSUER, show, query=WHERE),
    PageRoute("POST", f"{ANALYTICS}/report", PageAudience.ISSUER, change_report, form=REPORT_FORM, query=WHERE),
    PageRoute("POST", f"{ANALYTICS}/report/send", PageAudience.ISSUER, send_report, form=REPORT_FORM, query=WHERE),
    PageRoute("GET", f"{ANALYTICS}/{{table}}", PageAudience.ISSUER, export, query=WHERE),
)
