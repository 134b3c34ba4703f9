"""DIDComm over HTTP: the inbox that anybody may post to, sending as a DID of one's own, and reading threads."""

from __future__ import annotations

from typing import Final

from sealwright.domain.delivery_errors import DidcommInvalid
from sealwright.protocols.didcomm.encryption import ENCRYPTED_TYPE
from sealwright.services.didcomm_values import Sent, Wish, attachments_of
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.desk_routes import KEY_CODES
from sealwright.web.api.shapes import didcomm as shapes
from sealwright.web.call import Call, given, ok
from sealwright.web.reply import Reply, json_reply, raw_or_null
from sealwright.web.route import Answered, Audience, Bucket, Route


def receive(call: Call) -> Reply:
    """POST /didcomm."""
    kind = (call.exchange.header(b"content-type") or "").partition(";")[0].strip().lower()
    if kind != ENCRYPTED_TYPE:
        raise DidcommInvalid(f"Messages are taken in as {ENCRYPTED_TYPE} only.")
    call.office.didcomm.receive(call.raw)
    return Reply(202, media_type=None)


def send(call: Call) -> Reply:
    """POST /api/v1/didcomm/send."""
    scope = call.scope()
    if scope is not None and (known := call.office.acts.replay(scope)) is not None:
        return given(known)
    draft = call.office.didcomm.judge(call.caller, _wish(call))
    return call.perform(lambda uow, caller: call.office.didcomm.send(uow, caller, draft), _sent)


def thread(call: Call) -> Reply:
    """GET /api/v1/didcomm/threads/{threadId}."""
    view = call.office.didcomm.thread(call.caller, call.params["threadId"])
    lines = [
        {
            "id": one.message_id,
            "type": one.type,
            "direction": one.direction.value,
            "at": format_timestamp(one.at),
        }
        for one in view.messages
    ]
    return ok(
        {
            "threadId": view.thread.thread_id,
            "state": view.thread.state.value,
            "messages": lines,
            "presentation": dict(view.presentation) if view.presentation is not None else None,
        }
    )


def _wish(call: Call) -> Wish:
    body = call.body
    is_returned = body.get("transport", "post") == "return"
    if "credentialId" in body:
        return Wish(body["from"], body["to"], credential_id=body["credentialId"], is_returned=is_returned)
    message = body["message"]
    return Wish(
        body["from"],
        body["to"],
        type=message["type"],
        body=message["body"],
        attachments=attachments_of(message.get("attachments", [])),
        is_returned=is_returned,
    )


def _sent(sent: Sent) -> Reply:
    members: dict[str, object] = {
        "messageId": sent.message_id,
        "threadId": sent.thread.thread_id,
        "state": sent.thread.state.value,
    }
    if sent.packed is None:
        return json_reply(members, 202)
    return json_reply({**members, "packed": raw_or_null(sent.packed)})


_TAG: Final = "Delivery"
_SEND_CODES: Final = (
    "ISSUER_NOT_FOUND",
    "ISSUER_NOT_AUTHORIZED",
    "HOLDER_NOT_FOUND",
    "HOLDER_MISMATCH",
    "CREDENTIAL_NOT_FOUND",
    "NOT_ISSUER_OF_CREDENTIAL",
    "NOT_DELIVERABLE",
    "NO_DIDCOMM_ENDPOINT",
    "DID_DEACTIVATED",
    "DID_IMMUTABLE",
    "INVALID_DID",
    "SEALED",
    "AUDIT_UNAVAILABLE",
    *KEY_CODES,
)

ROUTES: Final = (
    *(
        Route(
            "POST",
            path,
            Audience.DOCUMENT,
            "P",
            "Take in an encrypted DIDComm message",
            receive,
            (Answered(202, "Taken in. What follows is told in messages, never here."),),
            _TAG,
            bucket=Bucket.PUBLIC,
            codes=("DIDCOMM_INVALID", "SEALED", "AUDIT_UNAVAILABLE"),
        )
        for path in ("/didcomm", "/didcomm/receive", "/api/v1/didcomm/receive")
    ),
    *(
        Route(
            "POST",
            path,
            Audience.CALLER,
            "K",
            "Send a DIDComm message, or offer a credential by one",
            send,
            (
                Answered(202, "On its way.", shapes.SENT, shapes.SENT_EXAMPLE),
                Answered(200, "Packed, for `return`.", shapes.PACKED, shapes.PACKED_EXAMPLE),
            ),
            _TAG,
            bucket=Bucket.WRITE,
            body=shapes.SEND,
            codes=_SEND_CODES,
            idempotent=True,
        )
        for path in ("/api/v1/didcomm/send", "/didcomm/send")
    ),
    Route(
        "GET",
        "/api/v1/didcomm/threads/{threadId}",
        Audience.CALLER,
        "K",
        "Read a DIDComm thread",
        thread,
        (
            Answered(
                200, "The thread; of its messages, what kind they were and when.", shapes.THREAD, shapes.THREAD_EXAMPLE
            ),
        ),
        _TAG,
        codes=("THREAD_NOT_FOUND",),
    ),
)
