"""Reports by mail: one's own wish, and having one sent now."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.people import Caller
from sealwright.domain.reports import Report, ReportEvery, ReportWish, next_report_at
from sealwright.services.ports import UnitOfWork
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes.reports import REPORT, REPORT_EXAMPLE, SEND, SENT, SENT_EXAMPLE, WISH
from sealwright.web.call import Call, ok
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Route


def show(call: Call) -> Reply:
    """GET /issuers/metrics/report."""
    return ok(_wish(call, call.office.reports.own(call.caller)))


def change(call: Call) -> Reply:
    """PUT /issuers/metrics/report."""
    every, types = ReportEvery(call.body["every"]), call.body.get("credential_types")

    def act(uow: UnitOfWork, caller: Caller) -> ReportWish:
        return call.office.reports.wish(uow, caller, every, types)

    return call.perform(act, lambda wish: json_reply(_wish(call, wish)))


def send(call: Call) -> Reply:
    """POST /issuers/metrics/report/send."""
    body = call.body or {}

    every = ReportEvery(body["every"]) if "every" in body else None
    as_wished = "credential_types" not in body

    reports = call.office.reports

    def act() -> Report:
        report = reports.count(call.caller, every, body.get("credential_types"), types_as_wished=as_wished)
        call.office.acts.run(call.caller, lambda uow, caller: reports.send(uow, caller, report))
        return report

    return call.once(act, lambda report: json_reply(_sent(report), 202))


def _wish(call: Call, wish: ReportWish) -> dict[str, Any]:
    next_at = next_report_at(wish.every, call.office.clock.now())
    return {
        "every": wish.every.value,
        "credential_types": list(wish.credential_types) if wish.credential_types is not None else None,
        "next_at": format_timestamp(next_at) if next_at is not None else None,
    }


def _sent(report: Report) -> dict[str, Any]:
    period = report.period
    return {
        "every": report.every.value,
        "from": format_timestamp(period.since),
        "to": format_timestamp(period.until),
    }


_FOR_REVIEWERS: Final = Family("Analytics", Audience.REVIEWER, "R")
_PATH: Final = "/issuers/metrics/report"

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_REVIEWERS.gets(
        _PATH,
        "Read which report comes by mail",
        show,
        Answered(200, "The wish.", REPORT, REPORT_EXAMPLE),
    ),
    _FOR_REVIEWERS.puts(
        _PATH,
        "Choose which report comes by mail",
        change,
        Answered(200, "The wish.", REPORT, REPORT_EXAMPLE),
        body=WISH,
        codes=("OUT_OF_SCOPE",),
    ),
    _FOR_REVIEWERS.posts(
        f"{_PATH}/send",
        "Have a report sent now",
        send,
        (Answered(202, "The letter is on its way; the period that it tells of.", SENT, SENT_EXAMPLE),),
        body=SEND,
        codes=("OUT_OF_SCOPE", "EMAIL_NOT_VERIFIED"),
    ),
)
