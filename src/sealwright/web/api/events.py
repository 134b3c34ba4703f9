"""The issuance API: events, as a list and as a stream."""

from __future__ import annotations

from typing import Final

from sealwright.domain.errors import InvalidFilter
from sealwright.services.event_sight import sight_of
from sealwright.services.events import SHOWN_KINDS
from sealwright.vc.errors import Fault
from sealwright.web.api import rendering
from sealwright.web.api.event_stream import EventStream
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.parts import TIMESTAMP
from sealwright.web.call import Call, ok
from sealwright.web.query import Parameter, QueryShape, page_of, paged
from sealwright.web.reply import Reply, cursor_page
from sealwright.web.route import Answered, Audience, Route

_LAST_EVENT_ID: Final = b"last-event-id"


def list_events(call: Call) -> Reply:
    """GET /api/v1/events."""
    query = call.query
    limit, cursor = page_of(query)
    page = call.office.events.list(
        call.caller, kinds=_kinds(call), since=query.get("since"), limit=limit, cursor=cursor
    )
    return ok(cursor_page([rendering.event(one) for one in page.items], page.next_cursor))


async def stream(call: Call) -> Reply:
    """GET /api/v1/events/stream."""
    position = await call.in_thread(lambda: _begin(call))
    return Reply(200, media_type=b"text/event-stream", live=EventStream(call, position, _kinds(call)))


def _begin(call: Call) -> int:
    office = call.office
    with office.units(write=False) as uow:
        sight_of(uow, call.caller)
    position = office.event_feed.begin(call.exchange.header(_LAST_EVENT_ID))
    if position is None:
        detail = "Last-Event-ID is the id of no event."
        raise InvalidFilter(detail, faults=[Fault("", "INVALID_FILTER", detail)])
    return position


def _kinds(call: Call) -> frozenset[str] | None:
    return frozenset({call.query["kind"]}) if "kind" in call.query else None


_TAG: Final = "Events and audit"
_WHO: Final = "A, K (own issuer DIDs), R (own scope)"
_KIND: Final = Parameter("kind", {"type": "string", "enum": sorted(SHOWN_KINDS)}, "Events of this kind.")

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/events",
        Audience.CALLER,
        _WHO,
        "List events",
        list_events,
        (Answered(200, "One page, newest first.", answers.EVENT_PAGE, examples.EVENT_PAGE),),
        _TAG,
        query=paged(_KIND, Parameter("since", TIMESTAMP, "Events of this moment and later.")),
        codes=("INVALID_PAGINATION", "INVALID_FILTER", "SEALED"),
    ),
    Route(
        "GET",
        "/api/v1/events/stream",
        Audience.CALLER,
        _WHO,
        "Hear of events as they happen, by server-sent events",
        stream,
        (Answered(200, "The stream; it goes on.", {"type": "string"}, None, "text/event-stream"),),
        _TAG,
        query=QueryShape((_KIND,)),
        codes=("INVALID_FILTER", "SEALED"),
        request_headers={"Last-Event-ID": "Go on behind this event; seven days are kept."},
    ),
)
