"""Events: the audit trail as subscribers see it. A row is an event exactly when its move is committed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.audit import EVENT_KINDS, AuditFilter, AuditRecord
from sealwright.domain.people import Caller
from sealwright.services.event_ids import EventIds
from sealwright.services.event_sight import sight_of
from sealwright.services.ports import Clock, Page, UnitOfWork, UnitOfWorkFactory
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.encoding.timestamps import format_timestamp

# What a page of a list looks at, at most, to find events that its reader may see.
ROWS_SCANNED: Final = 2_000
# So long a stream, or an endpoint that was paused, can go back.
KEPT: Final = timedelta(days=7)
_AUDIT_ONLY_FAMILIES: Final = frozenset(
    {"token", "api_key", "data", "report", "key", "system", "audit", "security", "auth", "webhook", "presentation"}
)
AUDIT_ONLY: Final = frozenset(kind for kind in EVENT_KINDS if kind.split(".")[0] in _AUDIT_ONLY_FAMILIES)
SHOWN_KINDS: Final = EVENT_KINDS - AUDIT_ONLY


@dataclass(frozen=True, slots=True)
class Event:
    """An audit row as subscribers see it: ids, states and codes.

    Args:
        sequence: Its position in the trail; never told.
    """

    sequence: int
    event_id: str
    kind: str
    at: datetime
    data: dict[str, JSONValue]

    def body(self) -> bytes:
        """The wire form, the same bytes each time."""
        return canonicalize_json(
            {"id": self.event_id, "type": self.kind, "timestamp": format_timestamp(self.at), "data": self.data}
        )


class EventDesk:
    """Reads events for people and keys, as far as each may see."""

    def __init__(self, *, units: UnitOfWorkFactory, ids: EventIds, clock: Clock) -> None:
        self._units = units
        self._ids = ids
        self._clock = clock

    def list(
        self, caller: Caller, *, kinds: frozenset[str] | None, since: datetime | None, limit: int, cursor: str | None
    ) -> Page[Event]:
        """Events that the caller may see, newest first.

        Raises:
            RoleRequired: Somebody who sees none.
            InvalidPagination: A cursor that is not ours.
        """
        with self._units(write=False) as uow:
            sight = sight_of(uow, caller)
        wanted = AuditFilter(actions=(kinds or SHOWN_KINDS) - AUDIT_ONLY, since=since)
        events: tuple[Event, ...] = ()
        scanned = 0
        while True:
            with self._units(write=False) as uow:
                page = uow.audit.list(wanted, limit=limit - len(events), cursor=cursor)
            seen = (event for event in map(self.event, page.items) if sight.covers(event.data))
            events = (*events, *seen)
            scanned += len(page.items)
            cursor = page.next_cursor
            if cursor is None or len(events) >= limit or scanned >= ROWS_SCANNED:
                return Page(events, cursor)

    def event(self, row: AuditRecord) -> Event:
        """A row in the form of an event. Raises Sealed."""
        body = parse_json(row.body)
        assert isinstance(body, dict)
        data: dict[str, JSONValue] = {name: body.get(name) for name in ("object", "before", "after")}
        detail = body.get("data")
        if isinstance(detail, dict):
            data.update(detail)
        return Event(row.sequence, self._ids.spell(row.sequence), row.action, row.at, data)

    def at(self, uow: UnitOfWork, sequence: int) -> Event | None:
        """The event at a position; None for rows that are none."""
        rows = uow.audit.read(sequence - 1, 1)
        if not rows or rows[0].sequence != sequence or rows[0].action in AUDIT_ONLY:
            return None
        return self.event(rows[0])

    def id_of(self, sequence: int) -> str:
        """The id of the event at a position. Raises Sealed."""
        return self._ids.spell(sequence)

    def position_of(self, event_id: str) -> int | None:
        """Where an event stands; None for an id that is not ours."""
        return self._ids.read(event_id)

    def oldest_kept(self, uow: UnitOfWork) -> int:
        """The position before the first row that a stream still gives out."""
        before = AuditFilter(until=self._clock.now() - KEPT)
        gone = uow.audit.list(before, limit=1, cursor=None).items
        return gone[0].sequence if gone else 0
