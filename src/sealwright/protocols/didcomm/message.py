"""Plain messages: what every type has in common, read strictly where it matters and leniently where it may grow.

Spec: DIDComm Messaging v2.1, "Message Headers", "Message IDs", "Attachments".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.vc.dids.syntax import parse_did
from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.errors import VcError

PLAIN_TYPE: Final = "application/didcomm-plain+json"
# The specification wants at most 32 bytes, and gives UUIDs with their hyphens as example.
MAX_ID: Final = 128
MAX_TYPE: Final = 256
MAX_ATTACHMENTS: Final = 16
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_ID_CHARACTERS: Final = _UNRESERVED | frozenset(":@/#%+=")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A part of a message.

    Args:
        data: Its JSON, decoded from base64 where it came so; links are never followed, so nothing else is read.
    """

    data: JSONValue
    id: str | None = None
    format: str | None = None
    media_type: str | None = None

    def to_json(self) -> dict[str, JSONValue]:
        """The attachment as it stands in a message."""
        named = {"id": self.id, "media_type": self.media_type, "format": self.format}
        return {**{name: value for name, value in named.items() if value is not None}, "data": {"json": self.data}}


@dataclass(frozen=True, slots=True)
class Message:
    """A plain message.

    Args:
        type: The message type's address.
        sender: ``from``; None for messages that name none.
        to: The DIDs that it is for.
        thread: ``thid``; a message without one begins a thread of its own id.
        created: Seconds since 1970; None where it says nothing.
        expires: The same.
    """

    id: str
    type: str
    body: Mapping[str, JSONValue]
    sender: str | None = None
    to: tuple[str, ...] = ()
    thid: str | None = None
    pthid: str | None = None
    created: int | None = None
    expires: int | None = None
    attachments: tuple[Attachment, ...] = field(default=())

    @property
    def thread(self) -> str:
        """The thread that it belongs to."""
        return self.thid if self.thid is not None else self.id

    def to_json(self) -> dict[str, JSONValue]:
        """The message as an object, without members that say nothing."""
        written: dict[str, JSONValue] = {"typ": PLAIN_TYPE, "id": self.id, "type": self.type}
        optional: dict[str, JSONValue] = {
            "from": self.sender,
            "to": list(self.to) or None,
            "thid": self.thid,
            "pthid": self.pthid,
            "created_time": self.created,
            "expires_time": self.expires,
        }
        written |= {name: value for name, value in optional.items() if value is not None}
        written["body"] = dict(self.body)
        if self.attachments:
            written["attachments"] = [attachment.to_json() for attachment in self.attachments]
        return written

    def to_bytes(self) -> bytes:
        """The message as JSON text."""
        return dump_json(self.to_json())


def read_message(source: Mapping[str, JSONValue]) -> Message:
    """Read a plain message; members that are not known are left aside.

    Raises:
        MessageRefused: A member that every message has is missing or malformed, or an attachment is only linked to.
    """
    if source.get("typ", PLAIN_TYPE) != PLAIN_TYPE:
        raise MessageRefused("The message is of another media type.")
    kind = source.get("type")
    if not isinstance(kind, str) or not 1 <= len(kind) <= MAX_TYPE:
        raise MessageRefused("The message has no type.")
    body = source.get("body", {})
    if not isinstance(body, dict):
        raise MessageRefused("The message's body is no object.")
    message_id = _id(source, "id")
    if message_id is None:
        raise MessageRefused("The message has no id.")
    return Message(
        id=message_id,
        type=kind,
        body=body,
        sender=_did(source.get("from")) if "from" in source else None,
        to=_audience(source.get("to", [])),
        thid=_id(source, "thid"),
        pthid=_id(source, "pthid"),
        created=_seconds(source, "created_time"),
        expires=_seconds(source, "expires_time"),
        attachments=read_attachments(source.get("attachments", [])),
    )


def _id(source: Mapping[str, JSONValue], member: str) -> str | None:
    value = source.get(member)
    if value is None and member != "id":
        return None
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_ID or not _ID_CHARACTERS.issuperset(value):
        raise MessageRefused(f"The message's {member} is missing or no short identifier.")
    return value


def _did(value: JSONValue) -> str:
    try:
        return str(parse_did(value if isinstance(value, str) else ""))
    except VcError as error:
        raise MessageRefused("The message names somebody who is no DID.") from error


def _audience(value: JSONValue) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > MAX_ATTACHMENTS:
        raise MessageRefused("The message's audience is no short list.")
    return tuple(_did(entry) for entry in value)


def _seconds(source: Mapping[str, JSONValue], member: str) -> int | None:
    value = source.get(member)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise MessageRefused(f"The message's {member} is no number of seconds.")
    return value


def read_attachments(value: JSONValue) -> tuple[Attachment, ...]:
    """Read a list of attachments; raises MessageRefused."""
    if not isinstance(value, list) or len(value) > MAX_ATTACHMENTS:
        raise MessageRefused("The message's attachments are no short list.")
    return tuple(_attachment(entry) for entry in value)


def _attachment(entry: JSONValue) -> Attachment:
    data = entry.get("data") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(data, dict):
        raise MessageRefused("An attachment has no data.")
    if "links" in data:
        raise MessageRefused("An attachment is linked to; links are not followed.")
    return Attachment(
        data=_attached(data),
        id=_short(entry, "id"),
        format=_short(entry, "format"),
        media_type=_short(entry, "media_type"),
    )


def _attached(data: Mapping[str, JSONValue]) -> JSONValue:
    if ("json" in data) == ("base64" in data):
        raise MessageRefused("An attachment's data is neither JSON nor base64, or both.")
    if "json" in data:
        return data["json"]
    text = data["base64"]
    if not isinstance(text, str):
        raise MessageRefused("An attachment's base64 is no text.")
    try:
        return parse_json(base64url_decode(text.rstrip("=").translate(_TO_URL_ALPHABET)))
    except VcError as error:
        raise MessageRefused("An attachment's base64 holds no JSON.") from error


# Peers write plain base64 as well.
_TO_URL_ALPHABET: Final = str.maketrans("+/", "-_")


def _short(entry: Mapping[str, JSONValue], member: str) -> str | None:
    value = entry.get(member)
    if value is not None and (not isinstance(value, str) or len(value) > MAX_TYPE):
        raise MessageRefused(f"An attachment's {member} is no short text.")
    return value
