"""The queue as CSV: all rows of a filtered list, within the caller's scope."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from sealwright.services.csv_text import Cell, write_csv
from sealwright.services.review_values import RequestView
from sealwright.web.api.analytics import CSV
from sealwright.web.api.desk_routes import Family
from sealwright.web.api.issuers import PATH, QUEUE, filter_of, rendered
from sealwright.web.call import Call
from sealwright.web.query import QueryShape
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Route

_IN_MEMORY_BYTES: Final = 1_048_576
_PART_BYTES: Final = 65_536
COLUMNS: Final = (
    *("id", "user_id", "requester_name", "requester_email", "credential_type", "status", "requested_at"),
    *("resolved_at", "resolved_by", "needs_info", "assignee_user_id", "note", "message", "requester_note"),
    *("grant_id", "grant_status", "issuance", "credential_id", "version"),
)


def export(call: Call) -> Reply:
    """GET /issuers/credential-requests/export.

    The rows are all read before the first is sent: a slow reader would hold up one of the few connections, and a fault
    in the middle could not be answered any more. What is long waits in a file without a name.
    """
    exported = 0

    def rows() -> Iterator[list[Cell]]:
        nonlocal exported
        for view in call.office.review.export(call.caller, filter_of(call)):
            exported += 1
            yield _row(call, view)

    with ExitStack() as kept:
        file = kept.enter_context(SpooledTemporaryFile(_IN_MEMORY_BYTES))
        file.writelines(write_csv(COLUMNS, rows()))
        call.office.looks.exported(call.caller, "request_list", "requests", exported)
        kept.pop_all()
    attachment = (b"content-disposition", b'attachment; filename="credential-requests.csv"')
    return Reply(200, media_type=CSV, headers=(attachment,), stream=_parts(file))


def _parts(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while part := file.read(_PART_BYTES):
            yield part


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
