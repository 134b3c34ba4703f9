"""Looks on record: who opened somebody's details, and who took a list of them along."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.audit import AuditEntry, AuditFilter
from sealwright.domain.people import Caller
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory

# Whoever comes back to the same thing so soon is still looking at it.
ONE_LOOK: Final = timedelta(minutes=10)
_REMEMBERED_MOST: Final = 20_000

_Look = tuple[str, str, str, str]


class Looks:
    """Puts reads of personal data on record, in the unit of work that reads: no row, no answer.

    Pages read the same request again and again, and write once in ten minutes: a process remembers what it has put on
    record, and looks in the trail for what another has. Lists and counts are no looks: they show no details. Nor is
    reading what is known of oneself.
    """

    def __init__(self, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._lock = threading.Lock()
        self._latest: OrderedDict[_Look, datetime] = OrderedDict()

    @contextmanager
    def opening(self, caller: Caller, object_type: str, object_id: str) -> Iterator[UnitOfWork]:
        """A unit of work to read one thing's details in; what is refused inside leaves no row.

        Raises:
            StoreUnavailable, AuditUnavailable: The row could not be written, so nothing may be shown.
        """
        now = self._clock.now()
        look = (caller.actor.kind.value, caller.actor.id, object_type, object_id)
        if self._is_on_record(look, now) or (object_type == "user" and object_id == caller.user_id):
            with self._units(write=False) as uow:
                yield uow
            return
        with self._units() as uow:
            yield uow
            at = _latest(uow, caller, object_id, now)
            if at is None:
                uow.audit.append(_entry("data.opened", caller, object_type, object_id, now))
                uow.commit()
        self._remember(look, at or now)

    def exported(self, caller: Caller, object_type: str, object_id: str, rows: int) -> None:
        """Put on record that somebody takes rows along, before they get them; raises as `opening`."""
        with self._units() as uow:
            uow.audit.append(_entry("data.exported", caller, object_type, object_id, self._clock.now(), rows=rows))
            uow.commit()

    def _is_on_record(self, look: _Look, now: datetime) -> bool:
        with self._lock:
            latest = self._latest.get(look)
        return latest is not None and latest <= now < latest + ONE_LOOK

    def _remember(self, look: _Look, now: datetime) -> None:
        with self._lock:
            self._latest[look] = now
            self._latest.move_to_end(look)
            while len(self._latest) > _REMEMBERED_MOST:
                self._latest.popitem(last=False)


def _latest(uow: UnitOfWork, caller: Caller, object_id: str, now: datetime) -> datetime | None:
    """When any process last put this look on record, if that is less than ten minutes ago."""
    wanted = AuditFilter(
        actor=caller.actor.id,
        actions=frozenset({"data.opened"}),
        object_id=object_id,
        # Dates are whole seconds, so this is the first that still counts.
        since=now - ONE_LOOK + timedelta(seconds=1),
    )
    found = uow.audit.list(wanted, limit=1, cursor=None).items
    return found[0].at if found and found[0].at <= now else None


def _entry(action: str, caller: Caller, object_type: str, object_id: str, now: datetime, **data: object) -> AuditEntry:
    return AuditEntry(
        actor=caller.actor,
        request_id=caller.request_id,
        action=action,
        object_type=object_type,
        object_id=object_id,
        at=now,
        data=data,
    )
