"""The issuance API: webhook endpoints and what was sent to them."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.parcels import Parcel, ParcelState
from sealwright.domain.webhooks import Webhook
from sealwright.services.webhooks import WebhookWish
from sealwright.web.api.rendering import moment
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.api.shapes.webhooks import (
    CHANGE_WEBHOOK,
    CREATE_WEBHOOK,
    DELIVERY,
    DELIVERY_EXAMPLE,
    DELIVERY_PAGE,
    NEW_WEBHOOK,
    NEW_WEBHOOK_EXAMPLE,
    WEBHOOK,
    WEBHOOK_EXAMPLE,
    WEBHOOK_PAGE,
)
from sealwright.web.call import Call, ok
from sealwright.web.query import page_of, paged
from sealwright.web.reply import Reply, cursor_page, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def create(call: Call) -> Reply:
    """POST /api/v1/webhooks."""
    wish = _wish(call)
    call.office.webhooks.judge(call.caller, wish.url or "")
    return call.perform(
        lambda uow, caller: call.office.webhooks.create(uow, caller, wish),
        lambda made: json_reply(_with_secret(*made), 201),
        is_secret=True,
    )


def list_webhooks(call: Call) -> Reply:
    """GET /api/v1/webhooks."""
    limit, cursor = page_of(call.query)
    page = call.office.webhooks.list(call.caller, limit=limit, cursor=cursor)
    return ok(cursor_page([webhook_json(one) for one in page.items], page.next_cursor))


def get(call: Call) -> Reply:
    """GET /api/v1/webhooks/{id}."""
    return ok(webhook_json(call.office.webhooks.get(call.caller, call.params["id"])))


def change(call: Call) -> Reply:
    """PATCH /api/v1/webhooks/{id}."""
    wish = _wish(call)
    if wish.url is not None:
        call.office.webhooks.judge(call.caller, wish.url)
    return call.perform(
        lambda uow, caller: call.office.webhooks.change(uow, caller, call.params["id"], wish),
        lambda webhook: json_reply(webhook_json(webhook)),
    )


def delete(call: Call) -> Reply:
    """DELETE /api/v1/webhooks/{id}."""
    return call.perform(
        lambda uow, caller: call.office.webhooks.delete(uow, caller, call.params["id"]),
        lambda _: Reply(204, media_type=None),
    )


def rotate(call: Call) -> Reply:
    """POST /api/v1/webhooks/{id}/rotate-secret."""
    return call.perform(
        lambda uow, caller: call.office.webhooks.rotate(uow, caller, call.params["id"]),
        lambda made: json_reply(_with_secret(*made)),
        is_secret=True,
    )


def test(call: Call) -> Reply:
    """POST /api/v1/webhooks/{id}/test."""
    return call.perform(
        lambda uow, caller: call.office.webhooks.test(uow, caller, call.params["id"]),
        lambda parcel: _on_its_way(call, parcel),
    )


def deliveries(call: Call) -> Reply:
    """GET /api/v1/webhooks/{id}/deliveries."""
    limit, cursor = page_of(call.query)
    page = call.office.webhooks.deliveries(call.caller, call.params["id"], limit=limit, cursor=cursor)
    return ok(cursor_page([_delivery(call, one) for one in page.items], page.next_cursor))


def resend(call: Call) -> Reply:
    """POST /api/v1/deliveries/{id}/resend."""
    return call.perform(
        lambda uow, caller: call.office.webhooks.resend(uow, caller, call.params["id"]),
        lambda parcel: _on_its_way(call, parcel),
    )


def webhook_json(webhook: Webhook) -> dict[str, Any]:
    """An endpoint's members."""
    return {
        "webhookId": webhook.webhook_id,
        "url": webhook.url,
        "events": list(webhook.events),
        "status": webhook.status.value,
        "description": webhook.description,
        "createdAt": moment(webhook.created_at),
        "pausedByItself": webhook.paused_by_itself,
        "failingSince": moment(webhook.failing_since),
        "owner": {"type": webhook.owner_kind, "id": webhook.owner_id},
    }


def _with_secret(webhook: Webhook, secret: str) -> dict[str, Any]:
    return {**webhook_json(webhook), "secret": secret}


def _delivery(call: Call, parcel: Parcel) -> dict[str, Any]:
    is_waiting = parcel.state is ParcelState.WAITING
    return {
        "deliveryId": parcel.parcel_id,
        "webhookId": parcel.subject,
        "eventId": call.office.webhooks.event_id(parcel),
        "type": parcel.label,
        "status": parcel.state.value,
        "attempts": parcel.attempts,
        "lastStatus": parcel.last_status,
        "lastError": parcel.last_error,
        "createdAt": moment(parcel.created_at),
        "nextAttemptAt": moment(parcel.due_at) if is_waiting else None,
        "finishedAt": moment(parcel.finished_at),
    }


def _on_its_way(call: Call, parcel: Parcel) -> Reply:
    return json_reply(_delivery(call, parcel), 202)


def _wish(call: Call) -> WebhookWish:
    body = call.body
    return WebhookWish(
        url=body.get("url"),
        events=body.get("events"),
        description=body.get("description"),
        paused=body.get("paused"),
    )


_TAG: Final = "Webhooks"
_WHO: Final = "owner, A"
_ONE: Final = "/api/v1/webhooks/{id}"
_PAGING: Final = paged()
_KEYED: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "AUDIT_UNAVAILABLE")
_SENT: Final = Answered(202, "The delivery, on its way.", DELIVERY, DELIVERY_EXAMPLE)


def _page(example: object) -> dict[str, object]:
    return {"data": [example], "hasMore": False, "nextCursor": None}


ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/webhooks",
        Audience.CALLER,
        "A, K",
        "Add a webhook endpoint",
        create,
        (Answered(201, "The endpoint, with its secret this once.", NEW_WEBHOOK, NEW_WEBHOOK_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=CREATE_WEBHOOK,
        codes=("URL_NOT_ALLOWED", "STATE_CONFLICT", "SEALED", *_KEYED),
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/webhooks",
        Audience.CALLER,
        "A, K",
        "List webhook endpoints",
        list_webhooks,
        (Answered(200, "One page, newest first.", WEBHOOK_PAGE, _page(WEBHOOK_EXAMPLE)),),
        _TAG,
        query=_PAGING,
        codes=("INVALID_PAGINATION",),
    ),
    Route(
        "GET",
        _ONE,
        Audience.CALLER,
        _WHO,
        "One webhook endpoint",
        get,
        (Answered(200, "The endpoint.", WEBHOOK, WEBHOOK_EXAMPLE),),
        _TAG,
        codes=("WEBHOOK_NOT_FOUND",),
    ),
    Route(
        "PATCH",
        _ONE,
        Audience.CALLER,
        _WHO,
        "Change, pause or open a webhook endpoint",
        change,
        (Answered(200, "The endpoint as it is now.", WEBHOOK, WEBHOOK_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=CHANGE_WEBHOOK,
        codes=("WEBHOOK_NOT_FOUND", "URL_NOT_ALLOWED", "VERSION_CONFLICT", "AUDIT_UNAVAILABLE"),
    ),
    Route(
        "DELETE",
        _ONE,
        Audience.CALLER,
        _WHO,
        "Delete a webhook endpoint",
        delete,
        (Answered(204, "It is deleted, and what waited for it is given up."),),
        _TAG,
        bucket=Bucket.WRITE,
        body=NOTHING,
        codes=("WEBHOOK_NOT_FOUND", "VERSION_CONFLICT", "AUDIT_UNAVAILABLE"),
    ),
    Route(
        "POST",
        f"{_ONE}/rotate-secret",
        Audience.CALLER,
        _WHO,
        "Replace the secret of a webhook endpoint",
        rotate,
        (Answered(200, "The endpoint, with its new secret this once.", NEW_WEBHOOK, NEW_WEBHOOK_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=NOTHING,
        codes=("WEBHOOK_NOT_FOUND", "VERSION_CONFLICT", "SEALED", *_KEYED),
        idempotent=True,
    ),
    Route(
        "POST",
        f"{_ONE}/test",
        Audience.CALLER,
        _WHO,
        "Send a message without an event to a webhook endpoint",
        test,
        (_SENT,),
        _TAG,
        bucket=Bucket.WRITE,
        body=NOTHING,
        codes=("WEBHOOK_NOT_FOUND", "STATE_CONFLICT", *_KEYED),
        idempotent=True,
    ),
    Route(
        "GET",
        f"{_ONE}/deliveries",
        Audience.CALLER,
        _WHO,
        "List what was sent to a webhook endpoint, or is to be",
        deliveries,
        (Answered(200, "One page, newest first.", DELIVERY_PAGE, _page(DELIVERY_EXAMPLE)),),
        _TAG,
        query=_PAGING,
        codes=("WEBHOOK_NOT_FOUND", "INVALID_PAGINATION"),
    ),
    Route(
        "POST",
        "/api/v1/deliveries/{id}/resend",
        Audience.CALLER,
        _WHO,
        "Send a delivery again",
        resend,
        (_SENT,),
        _TAG,
        bucket=Bucket.WRITE,
        body=NOTHING,
        codes=("WEBHOOK_NOT_FOUND", "STATE_CONFLICT", *_KEYED),
        idempotent=True,
    ),
)
