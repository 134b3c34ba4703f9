"""Webhook endpoints: addresses that hear of events (contract, sections 2.4 and 4)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

EVERY_EVENT: Final = "*"
# So long an endpoint's former secret signs beside the new one.
SECRET_OVERLAP: Final = timedelta(hours=24)


class WebhookStatus(StrEnum):
    """Active, paused (by its owner, or by itself after a day of failure), or deleted for ever."""

    ACTIVE = "active"
    PAUSED = "paused"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, repr=False)
class Webhook:
    """An endpoint.

    Args:
        owner_kind: ``admin`` and ``operator`` (the terminal) hear of everything, ``api_key`` and ``user`` (who keeps
            issuer DIDs) of what concerns their DIDs.
        owner_id: The user id, the API key id or the login.
        events: Event kinds, or ``*`` alone.
        secrets: Sealed signing secrets, newest first; a second one only during `SECRET_OVERLAP`.
        rotated_at: When the newest secret came; the older one signs until a day later.
        position: The last audit sequence that was looked at for it.
        failing_since: The first failure of the present row of failures.
    """

    webhook_id: str
    owner_kind: str
    owner_id: str
    url: str
    events: tuple[str, ...]
    description: str | None
    status: WebhookStatus
    secrets: tuple[bytes, ...]
    position: int
    created_at: datetime
    rotated_at: datetime | None = None
    failing_since: datetime | None = None
    paused_by_itself: bool = False
    version: int = 1

    def __repr__(self) -> str:
        return f"Webhook({self.webhook_id!r}, {self.status.value})"

    def wants(self, kind: str) -> bool:
        """Tell whether it asked for such events."""
        return EVERY_EVENT in self.events or kind in self.events
