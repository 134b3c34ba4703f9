"""The issuance API: events and the audit trail."""

from __future__ import annotations

from typing import Final

from sealwright.domain.audit import EVENT_KINDS, AuditFilter
from sealwright.web.api import rendering
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.parts import TIMESTAMP, text
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call, ok
from sealwright.web.query import Parameter, page_of, paged
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def list_records(call: Call) -> Reply:
    """GET /api/v1/audit."""
    query = call.query
    limit, cursor = page_of(query)
    wanted = AuditFilter(
        actor=query.get("actor"),
        actions=frozenset({query["action"]}) if "action" in query else None,
        object_id=query.get("object"),
        since=query.get("from"),
        until=query.get("to"),
    )
    page = call.office.auditing.list(call.caller, wanted, limit=limit, cursor=cursor)
    return ok(
        {
            "data": [rendering.audit_record(record) for record in page.items],
            "hasMore": page.next_cursor is not None,
            "nextCursor": page.next_cursor,
        }
    )


def export(call: Call) -> Reply:
    """GET /api/v1/audit/export."""
    attachment = (b"content-disposition", b'attachment; filename="audit.ndjson"')
    lines = call.office.auditing.export(call.caller)
    return Reply(200, media_type=b"application/x-ndjson", headers=(attachment,), stream=lines)


def checkpoint(call: Call) -> Reply:
    """GET /api/v1/audit/checkpoint."""
    return Reply(200, call.office.auditing.checkpoint(call.caller), b"text/plain; charset=utf-8")


def verify(call: Call) -> Reply:
    """POST /api/v1/audit/verify."""
    verdict = call.office.auditing.verify(call.caller)
    return ok(
        {
            "verified": verdict.verified,
            "records": verdict.records,
            "firstBad": verdict.first_bad,
            "detail": verdict.detail,
        }
    )


_TAG: Final = "Events and audit"
_AUDIT_QUERY: Final = paged(
    Parameter("actor", text(255), "Rows of this actor, by id."),
    Parameter("action", {"type": "string", "enum": sorted(EVENT_KINDS)}, "Rows of this act."),
    Parameter("object", text(1024), "Rows about this thing, by id."),
    Parameter("from", TIMESTAMP, "Rows of this moment and later."),
    Parameter("to", TIMESTAMP, "Rows before this moment."),
)
_FILTER_CODES: Final = ("INVALID_PAGINATION", "INVALID_FILTER")

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/audit",
        Audience.ADMIN,
        "A",
        "List audit records",
        list_records,
        (Answered(200, "One page, newest first.", answers.AUDIT_PAGE, examples.AUDIT_PAGE),),
        _TAG,
        query=_AUDIT_QUERY,
        codes=_FILTER_CODES,
    ),
    Route(
        "GET",
        "/api/v1/audit/export",
        Audience.ADMIN,
        "A",
        "Export the audit trail, one JSON object a line, closed by a checkpoint",
        export,
        (Answered(200, "The trail, oldest first.", {"type": "string"}, None, "application/x-ndjson"),),
        _TAG,
        codes=("SEALED",),
    ),
    Route(
        "GET",
        "/api/v1/audit/checkpoint",
        Audience.ADMIN,
        "A",
        "A signed note over the head of the audit trail",
        checkpoint,
        (Answered(200, "The note.", {"type": "string"}, None, "text/plain; charset=utf-8"),),
        _TAG,
        codes=("SEALED",),
    ),
    Route(
        "POST",
        "/api/v1/audit/verify",
        Audience.ADMIN,
        "A",
        "Check the audit trail against its hashes and checkpoints",
        verify,
        (Answered(200, "Whether it is sound.", answers.AUDIT_VERDICT, examples.AUDIT_VERDICT),),
        _TAG,
        body=NOTHING,
        bucket=Bucket.READ,
        deadline_seconds=600.0,
    ),
)
