"""Analytics for reviewers: figures by credential type, as JSON and as tables."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sealwright.domain.errors import NotFound
from sealwright.services.analytics import Overview
from sealwright.services.analytics_tables import tables_of
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.shapes.analytics_answers import ANALYTICS, ANALYTICS_EXAMPLE, METRICS, METRICS_EXAMPLE
from sealwright.web.api.shapes.parts import TIMESTAMP, text
from sealwright.web.call import Call, ok
from sealwright.web.page_lists import numbered, numbered_answer, page_reply, sliced
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Route

CSV: Final = b"text/csv; charset=utf-8; header=present"


def metrics(call: Call) -> Reply:
    """GET /issuers/metrics."""
    query = call.query
    found = call.office.analytics.metrics(call.caller, query.get("from"), query.get("to"), query.get("credential_type"))
    return page_reply(call, sliced(call, found, whole_unless_paged=True), asdict)


def overview(call: Call) -> Reply:
    """GET /issuers/analytics."""
    found = _overview(call)
    return ok(
        {
            "from": format_timestamp(found.span.since),
            "to": format_timestamp(found.span.until),
            "as_of": format_timestamp(found.as_of),
            "types": [_plain(asdict(one)) for one in found.types],
            "periods": [_plain(asdict(one)) for one in found.periods],
        }
    )


def table(call: Call) -> Reply:
    """GET /issuers/analytics/{table}."""
    wanted = tables_of(_overview(call)).get(call.params["table"])
    if wanted is None:
        raise NotFound("There is no such table.")
    attachment = (b"content-disposition", f'attachment; filename="{wanted.name}.csv"'.encode("ascii"))
    return Reply(200, b"".join(wanted.csv()), CSV, (attachment,))


def _overview(call: Call) -> Overview:
    query = call.query
    return call.office.analytics.overview(
        call.caller,
        query.get("from"),
        query.get("to"),
        query.get("credential_type"),
        days_per_period=query.get("days_per_period", 7),
    )


def _plain(value: Any) -> Any:
    """The same with moments as text."""
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    return value


_FOR_REVIEWERS: Final = Family("Analytics", Audience.REVIEWER, "R")
_FROM: Final = Parameter("from", TIMESTAMP, "What happened at this moment and later; 90 days back when left out.")
_TO: Final = Parameter("to", TIMESTAMP, "What happened before this moment; now when left out.")
_TYPE: Final = Parameter("credential_type", text(200), "Only this credential type.")
_TYPES: Final = Parameter("credential_type", text(200), "Only these credential types.", repeatable=True)
_PERIOD: Final = Parameter(
    "days_per_period", {"type": "integer", "minimum": 1, "maximum": 366, "default": 7}, "How many days a period has."
)
_SPAN: Final = QueryShape((_FROM, _TO, _TYPES, _PERIOD))

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_REVIEWERS.gets(
        "/issuers/metrics",
        "Read the figures of each credential type",
        metrics,
        numbered_answer(METRICS, METRICS_EXAMPLE, "One entry for each credential type."),
        query=numbered(_FROM, _TO, _TYPE),
        codes=("OUT_OF_SCOPE",),
    ),
    _FOR_REVIEWERS.gets(
        "/issuers/analytics",
        "Read everything that the analytics page shows",
        overview,
        Answered(200, "The figures.", ANALYTICS, ANALYTICS_EXAMPLE),
        query=_SPAN,
        codes=("OUT_OF_SCOPE",),
    ),
    _FOR_REVIEWERS.gets(
        "/issuers/analytics/{table}",
        "Read one table of the analytics as CSV",
        table,
        Answered(200, "The table.", {"type": "string"}, None, "text/csv"),
        query=_SPAN,
        codes=("NOT_FOUND", "OUT_OF_SCOPE"),
    ),
)
