"""Bodies and answers of the routes of DIDComm."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from sealwright.domain.didcomm import Direction, ThreadState
from sealwright.protocols.didcomm.encryption import ENCRYPTED_TYPE
from sealwright.protocols.didcomm.message import MAX_ATTACHMENTS, MAX_TYPE
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.answers import STRING
from sealwright.web.api.shapes.parts import DID, OBJECT, TIMESTAMP, Node, answer, closed, listed, nullable, text
from sealwright.web.api.shapes.presenting import RESULT
from sealwright.web.shape import Shape

TRANSPORTS: Final = ("post", "return")
THREAD_MAX: Final = 128

_DATA: Final[Node] = {
    **closed({"json": {"description": "Any JSON value."}, "base64": text(1_000_000, "JSON text in base64url.")}),
    "description": "One of both; links are not sent.",
}
_ATTACHMENT: Final[Node] = closed(
    {
        "id": text(MAX_TYPE, "Its name within the message."),
        "format": text(MAX_TYPE, "What its data is, as the message's protocol calls it."),
        "media_type": text(MAX_TYPE, "Its media type."),
        "data": _DATA,
    },
    required=("data",),
)
_MESSAGE: Final[Node] = {
    **closed(
        {
            "type": text(MAX_TYPE, "The message type's address."),
            "body": {**OBJECT, "description": "What the type asks for."},
            "attachments": listed(_ATTACHMENT, most=MAX_ATTACHMENTS),
        },
        required=("type", "body"),
    ),
    "description": "A message of your own; instead of `credentialId`.",
}
_SEND_EXAMPLE: Final[Mapping[str, Any]] = {
    "from": "did:adi:issuer001",
    "to": "did:peer:2.Vz6Mkj3PUd1WjvaDhNZhhhXQdz5UnZXmS7ehtx8bsPpD47kKc"
    ".Ez6LSg8zQom395jKLrGiBNruB9MM6V8PWuf2FpEy4uRFiqQBR"
    ".SeyJ0IjoiZG0iLCJzIjp7InVyaSI6Imh0dHBzOi8vYWdlbnQuZXhhbXBsZS9kaWRjb21tIn19",
    "message": {"type": "https://didcomm.org/trust-ping/2.0/ping", "body": {"response_requested": True}},
}


def _one_of_both(body: Mapping[str, Any]) -> Iterable[Fault]:
    if "credentialId" in body and "message" in body:
        yield Fault("/message", "CONFLICTING_FIELDS", "must not stand beside credentialId")


SEND: Final = Shape(
    "SendMessage",
    closed(
        {
            "from": {**DID, "description": "The sender: a DID kept here that the caller may act for."},
            "to": {**DID, "description": "The recipient."},
            "credentialId": text(2_048, "Offers this credential of the sender's to the recipient, its holder."),
            "message": _MESSAGE,
            "transport": {
                "type": "string",
                "enum": list(TRANSPORTS),
                "default": "post",
                "description": "`post` brings it to the recipient's endpoint, `return` gives it back packed.",
            },
        },
        required=("from", "to"),
        anyOf=[{"required": ["credentialId"]}, {"required": ["message"]}],
        missing="message",
    ),
    opaque=("message",),
    check=_one_of_both,
    example=_SEND_EXAMPLE,
)

_STATE: Final[Node] = {"type": "string", "enum": [state.value for state in ThreadState]}
_SENT: Final[Node] = {"messageId": STRING, "threadId": STRING, "state": _STATE}
SENT: Final = answer("SentMessage", _SENT)
SENT_EXAMPLE: Final = {
    "messageId": "thr_mq3c7xm2vbn5tz4wpd6ahf2yqe",
    "threadId": "thr_mq3c7xm2vbn5tz4wpd6ahf2yqe",
    "state": "message",
}
PACKED: Final = answer("PackedMessage", {**_SENT, "packed": {**OBJECT, "description": f"`{ENCRYPTED_TYPE}`."}})
PACKED_EXAMPLE: Final = {
    **SENT_EXAMPLE,
    "packed": {"protected": "eyJ0…", "recipients": [], "iv": "…", "ciphertext": "…", "tag": "…"},
}
_LINE: Final = answer(
    "ThreadMessage",
    {
        "id": STRING,
        "type": STRING,
        "direction": {"type": "string", "enum": [direction.value for direction in Direction]},
        "at": TIMESTAMP,
    },
)
THREAD: Final = answer(
    "Thread",
    {
        "threadId": STRING,
        "state": _STATE,
        "messages": listed(_LINE),
        "presentation": {**nullable(RESULT), "description": "What was shown here, for a day after it was."},
    },
)
THREAD_EXAMPLE: Final = {
    "threadId": "thr_mq3c7xm2vbn5tz4wpd6ahf2yqe",
    "state": "offered",
    "messages": [
        {
            "id": "thr_mq3c7xm2vbn5tz4wpd6ahf2yqe",
            "type": "https://didcomm.org/issue-credential/3.0/offer-credential",
            "direction": "outbound",
            "at": "2026-11-21T19:40:00Z",
        }
    ],
    "presentation": None,
}
