"""Endpoints that rest by themselves: why, with an audit row, and with a notice to whoever can mend it."""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Person, system_actor
from sealwright.domain.webhooks import Webhook, WebhookStatus
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.webhook_owners import ADMIN, API_KEY, KEEPER
from sealwright.services.webhook_records import webhook_event

FAILED: Final = "failed_for_a_day"
GONE: Final = "gone"
WITHDRAWN: Final = "owner_withdrawn"
_ACTOR: Final = "webhooks"


class WebhookPausing:
    """Lets endpoints rest."""

    def __init__(self, notices: NoticeDesk, clock: Clock) -> None:
        self._notices = notices
        self._clock = clock

    def pause(self, uow: UnitOfWork, webhook: Webhook, cause: str) -> None:
        """Let a locked endpoint rest, with its audit row; its owner is told, or the admins in their place.

        Args:
            cause: `FAILED`, `GONE` (it answered 410), `WITHDRAWN` (its owner may hear nothing any more).
        """
        after = replace(webhook, status=WebhookStatus.PAUSED, paused_by_itself=True, version=webhook.version + 1)
        uow.webhooks.update(after)
        actor, now = system_actor(_ACTOR), self._clock.now()
        uow.audit.append(webhook_event("webhook.updated", actor, webhook, after, now, change=["status"], cause=cause))
        self._tell(uow, after, cause)

    def _tell(self, uow: UnitOfWork, webhook: Webhook, cause: str) -> None:
        # The address itself may hold a secret of its receiver's; its host says which one it is.
        data = {"host": urlsplit(webhook.url).hostname or "", "cause": cause}
        page = {"webhook_id": webhook.webhook_id}
        owner = _owner(uow, webhook) if cause != WITHDRAWN else None
        if owner is None:
            self._notices.tell_admins(uow, NoticeKind.WEBHOOK_PAUSED, data | page)
            return
        # Only admins have a page of endpoints.
        more = page if AccountRole.ADMIN in owner.roles else {}
        self._notices.tell(uow, NoticeKind.WEBHOOK_PAUSED, [owner.user_id], data | more)


def _owner(uow: UnitOfWork, webhook: Webhook) -> Person | None:
    """The person behind an endpoint, while they have an account."""
    user_id = webhook.owner_id if webhook.owner_kind in (ADMIN, KEEPER) else None
    if webhook.owner_kind == API_KEY and (key := uow.api_keys.get(webhook.owner_id)) is not None:
        user_id = key.owner_user_id
    person = uow.people.get(user_id) if user_id is not None else None
    return person if person is not None and person.active else None
