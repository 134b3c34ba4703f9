"""From events to deliveries: what happened behind each endpoint's reading position becomes parcels, once."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.audit import AuditRecord
from sealwright.domain.parcels import Parcel, ParcelKind
from sealwright.domain.webhooks import Webhook, WebhookStatus
from sealwright.services.dispatching import new_parcel, send
from sealwright.services.event_sight import Sight
from sealwright.services.events import AUDIT_ONLY, EventDesk
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.webhook_owners import sight_of_owner
from sealwright.services.webhook_pausing import WITHDRAWN, WebhookPausing

ROWS_A_READ: Final = 200
# Beyond so many, nothing new is prepared: positions wait in the trail instead, where they cost nothing.
WAITING_AT_MOST: Final = 50_000
# An endpoint that fails is given a little at a time, until something arrives.
FAILING_PAUSE_SECONDS: Final = 60
# Endpoints that failed are fed by the clock, without news in the trail.
_TOLD_AGAIN_AFTER: Final = timedelta(seconds=15)
# A reader that found nothing for an endpoint moves its stored position only so often.
_STRIDE: Final = 2_000


class WebhookReader:
    """Reads the trail for endpoints; several processes may, for positions move by compare-and-swap.

    A position moves in the transaction that adds its parcels: an event is prepared for an endpoint exactly once, and
    one of an act that rolled back is never seen.
    """

    def __init__(self, *, units: UnitOfWorkFactory, events: EventDesk, pausing: WebhookPausing, clock: Clock) -> None:
        self._units = units
        self._events = events
        self._pausing = pausing
        self._clock = clock
        # How far was looked without finding anything, by endpoint and version; forgotten with the process.
        self._looked: dict[tuple[str, int], int] = {}
        self._fed_at: dict[str, float] = {}
        # Of `is_behind`: the head that was told of, and when.
        self._told: tuple[int, datetime] | None = None

    def is_behind(self, uow: UnitOfWork, now: datetime) -> bool:
        """Tell whether there may be something to read; of the same rows only now and then, for others may have."""
        head = uow.audit.head().sequence
        if self._told is not None and self._told[0] == head and now - self._told[1] < _TOLD_AGAIN_AFTER:
            return False
        if not any(webhook.position < head for webhook in uow.webhooks.active()):
            return False
        self._told = (head, now)
        return True

    def read_once(self) -> int:
        """Prepare one block for each endpoint that is behind; gives how many deliveries were added."""
        with self._units(write=False) as uow:
            head = uow.audit.head().sequence
            active = uow.webhooks.active()
            behind = [webhook for webhook in active if self._start(webhook) < head and self._may_feed(webhook)]
            is_full = bool(behind) and uow.parcels.count_waiting() >= WAITING_AT_MOST
        self._forget({(webhook.webhook_id, webhook.version) for webhook in active})
        if is_full:
            return 0
        return sum(self._read(webhook, head) for webhook in behind)

    def _read(self, webhook: Webhook, head: int) -> int:
        start = self._start(webhook)
        with self._units(write=False) as uow:
            sight = sight_of_owner(uow, webhook, self._clock.now())
            rows = uow.audit.read(start, ROWS_A_READ) if sight is not None else ()
        if sight is None:
            self._rest(webhook)
            return 0
        if not rows:
            return 0
        end = rows[-1].sequence
        found = [self._parcel(webhook, row) for row in rows if self._is_for(webhook, sight, row)]
        self._fed_at[webhook.webhook_id] = self._clock.now().timestamp()
        if found or end - webhook.position >= _STRIDE:
            return self._store(webhook, end, found)
        self._looked[webhook.webhook_id, webhook.version] = end
        return self._read(webhook, head) if end < head and len(rows) == ROWS_A_READ else 0

    def _store(self, webhook: Webhook, end: int, found: list[Parcel]) -> int:
        with self._units() as uow:
            # False: another process was faster, or the endpoint rests by now.
            if not uow.webhooks.advance(webhook.webhook_id, webhook.position, end):
                return 0
            send(uow, found)
            uow.commit()
        return len(found)

    def _is_for(self, webhook: Webhook, sight: Sight, row: AuditRecord) -> bool:
        if row.action in AUDIT_ONLY or not webhook.wants(row.action):
            return False
        return sight.covers(self._events.event(row).data)

    def _parcel(self, webhook: Webhook, row: AuditRecord) -> Parcel:
        return new_parcel(
            ParcelKind.WEBHOOK,
            webhook.webhook_id,
            reference=str(row.sequence),
            label=row.action,
            now=self._clock.now(),
        )

    def _start(self, webhook: Webhook) -> int:
        return max(webhook.position, self._looked.get((webhook.webhook_id, webhook.version), 0))

    def _may_feed(self, webhook: Webhook) -> bool:
        if webhook.failing_since is None:
            return True
        fed_at = self._fed_at.get(webhook.webhook_id)
        return fed_at is None or self._clock.now().timestamp() - fed_at >= FAILING_PAUSE_SECONDS

    def _forget(self, known: set[tuple[str, int]]) -> None:
        self._looked = {key: end for key, end in self._looked.items() if key in known}
        ids = {webhook_id for webhook_id, _ in known}
        self._fed_at = {webhook_id: at for webhook_id, at in self._fed_at.items() if webhook_id in ids}

    def _rest(self, webhook: Webhook) -> None:
        """Pause an endpoint whose owner may hear nothing any more, so that lists show it."""
        with self._units() as uow:
            present = uow.webhooks.get_for_update(webhook.webhook_id)
            if present is not None and present.status is WebhookStatus.ACTIVE:
                self._pausing.pause(uow, present, WITHDRAWN)
                uow.commit()
