"""The queue as CSV: all rows of a filtered list, within the caller's scope."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sealwright.domain.errors import InvalidFilter
from sealwright.services.csv_text import Cell, write_csv
from sealwright.services.review_values import RequestView
from sealwright.vc.errors import Fault
from sealwright.web.api.analytics import CSV
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.issuers import PATH, QUEUE, filter_of, rendered
from sealwright.web.call import Call
from sealwright.web.query import QueryShape
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Route

ROWS_AT_MOST: Final = 10_000
_ROWS_A_READ: Final = 100
COLUMNS: Final = (
    *("id", "user_id", "requester_name", "requester_email", "credential_type", "status", "requested_at"),
    *("resolved_at", "resolved_by", "needs_info", "assignee_user_id", "note", "message", "requester_note"),
    *("grant_id", "grant_status", "issuance", "credential_id", "version"),
)


def export(call: Call) -> Reply:
    """GET /issuers/credential-requests/export."""
    wanted = filter_of(call)
    first = call.office.review.list(call.caller, wanted, page=1, count=_ROWS_A_READ)
    if first.total > ROWS_AT_MOST:
        detail = f"An export has at most {ROWS_AT_MOST} rows; these filters find more."
        raise InvalidFilter(detail, faults=[Fault("", "INVALID_FILTER", detail)])

    def rows() -> Iterator[list[Cell]]:
        yield from (_row(call, view) for view in first.items)
        for page in range(2, 1 + -(-first.total // _ROWS_A_READ)):
            later = call.office.review.list(call.caller, wanted, page=page, count=_ROWS_A_READ)
            yield from (_row(call, view) for view in later.items)

    attachment = (b"content-disposition", b'attachment; filename="credential-requests.csv"')
    return Reply(200, media_type=CSV, headers=(attachment,), stream=write_csv(COLUMNS, rows()))


def _row(call: Call, view: RequestView) -> list[Cell]:
    members = rendered(call, view)
    return [members[column] for column in COLUMNS]


_FOR_REVIEWERS: Final = Family("Review", Audience.REVIEWER, "R")

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_REVIEWERS.gets(
        f"{PATH}/export",
        "Export a list of requests as CSV",
        export,
        Answered(200, "The rows, in the list's order.", {"type": "string"}, None, "text/csv"),
        query=QueryShape(QUEUE),
    ),
)
