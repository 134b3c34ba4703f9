"""Shapes of webhooks: what is sent to us, and what we answer with."""

from __future__ import annotations

from typing import Final

from sealwright.domain.webhooks import EVERY_EVENT
from sealwright.services.events import SHOWN_KINDS
from sealwright.services.webhooks import DESCRIPTION_MAX
from sealwright.web.api.shapes.parts import BOOLEAN, TIMESTAMP, answer, closed, listed, nullable, page_of, text
from sealwright.web.shape import Shape

_STRING: Final = {"type": "string"}
_INTEGER: Final = {"type": "integer"}
_URL: Final = text(2048, "An https address; http, and private addresses, only where the operator allows them.")
_EVENTS: Final = listed(
    {"type": "string", "enum": [EVERY_EVENT, *sorted(SHOWN_KINDS)]},
    least=1,
    most=len(SHOWN_KINDS),
    description="Kinds of events, or `*` alone for all.",
)
_DESCRIPTION: Final = {"type": "string", "maxLength": DESCRIPTION_MAX}

CREATE_WEBHOOK: Final = Shape(
    "CreateWebhook",
    closed({"url": _URL, "events": _EVENTS, "description": _DESCRIPTION}, required=("url", "events")),
    example={"url": "https://hooks.example.org/sealwright", "events": ["credential.issued", "credential.revoked"]},
)
CHANGE_WEBHOOK: Final = Shape(
    "ChangeWebhook",
    closed({"url": _URL, "events": _EVENTS, "description": _DESCRIPTION, "paused": BOOLEAN}),
    example={"paused": True},
)

WEBHOOK: Final = answer(
    "Webhook",
    {
        "webhookId": _STRING,
        "url": _STRING,
        "events": listed(_STRING),
        "status": {"type": "string", "enum": ["active", "paused"]},
        "description": nullable(_STRING),
        "createdAt": TIMESTAMP,
        "pausedByItself": BOOLEAN,
        "failingSince": nullable(TIMESTAMP),
        "owner": answer("WebhookOwner", {"type": _STRING, "id": _STRING}),
    },
)
WEBHOOK_PAGE: Final = page_of("WebhookPage", WEBHOOK)
NEW_WEBHOOK: Final = answer("NewWebhook", {**WEBHOOK["properties"], "secret": _STRING})
DELIVERY: Final = answer(
    "Delivery",
    {
        "deliveryId": _STRING,
        "webhookId": _STRING,
        "eventId": _STRING,
        "type": _STRING,
        "status": {"type": "string", "enum": ["waiting", "sent", "dead", "canceled"]},
        "attempts": _INTEGER,
        "lastStatus": nullable(_INTEGER),
        "lastError": nullable(_STRING),
        "createdAt": TIMESTAMP,
        "nextAttemptAt": nullable(TIMESTAMP),
        "finishedAt": nullable(TIMESTAMP),
    },
)
DELIVERY_PAGE: Final = page_of("DeliveryPage", DELIVERY)

_AT: Final = "2026-11-21T02:30:00Z"
WEBHOOK_EXAMPLE: Final = {
    "webhookId": "whk_3y7qk2n4w5r6t7v2x3z2a3b4c5",
    "url": "https://hooks.example.org/sealwright",
    "events": ["credential.issued", "credential.revoked"],
    "status": "active",
    "description": None,
    "createdAt": _AT,
    "pausedByItself": False,
    "failingSince": None,
    "owner": {"type": "admin", "id": "usr_5jx2k7q4nd6v3w2tz7c4b5m6ya"},
}
NEW_WEBHOOK_EXAMPLE: Final = {**WEBHOOK_EXAMPLE, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
DELIVERY_EXAMPLE: Final = {
    "deliveryId": "dlv_6k2n4w5r6t7v2x3z2a3b4c5d6e",
    "webhookId": "whk_3y7qk2n4w5r6t7v2x3z2a3b4c5",
    "eventId": "evt_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "type": "credential.issued",
    "status": "waiting",
    "attempts": 2,
    "lastStatus": 503,
    "lastError": "status",
    "createdAt": _AT,
    "nextAttemptAt": "2026-11-21T02:30:14Z",
    "finishedAt": None,
}
