"""The small protocols: trust ping, discovery of features, problem reports, forwarding.

Spec: DIDComm Messaging v2.1, "Trust Ping Protocol 2.0", "Discover Features Protocol 2.0", "Problem Reports", "Routing
Protocol 2.0".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

from sealwright.protocols.didcomm.encryption import ENCRYPTED_TYPE, MAX_ENVELOPE
from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.message import Attachment, Message
from sealwright.protocols.didcomm.types import FORWARD, ISSUE, PRESENT
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json

_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    ISSUE: ("issuer",),
    PRESENT: ("verifier",),
    "https://didcomm.org/trust-ping/2.0": ("receiver", "sender"),
    "https://didcomm.org/discover-features/2.0": ("responder",),
    "https://didcomm.org/report-problem/2.0": ("notifier", "notified"),
    "https://didcomm.org/routing/2.0": ("sender",),
}
_MAX_QUERIES: Final = 16
_MAX_MATCH: Final = 256


def wants_answer(ping: Message) -> bool:
    """Tell whether a ping asks for an answer; it does unless it says otherwise."""
    return ping.body.get("response_requested", True) is not False


def disclosures(queries: Message) -> list[JSONValue]:
    """What of our features a query asks for.

    Raises:
        MessageRefused: No list of queries.
    """
    asked = queries.body.get("queries")
    if not isinstance(asked, list) or len(asked) > _MAX_QUERIES:
        raise MessageRefused("A query for features holds a short list of queries.")
    found: dict[tuple[str, str], JSONValue] = {}
    for query in asked:
        kind = query.get("feature-type") if isinstance(query, dict) else None
        match = query.get("match") if isinstance(query, dict) else None
        if not isinstance(kind, str) or not isinstance(match, str) or len(match) > _MAX_MATCH:
            raise MessageRefused("A query for features names a type of feature and what it has to match.")
        if kind == "protocol":
            for protocol, roles in _ROLES.items():
                if _matches(protocol, match):
                    found[kind, protocol] = {"feature-type": kind, "id": protocol, "roles": list(roles)}
        elif kind == "constraint" and _matches("max_receive_bytes", match):
            limit: JSONValue = {
                "feature-type": kind,
                "id": "max_receive_bytes",
                "max_receive_bytes": str(MAX_ENVELOPE),
            }
            found[kind, "max_receive_bytes"] = limit
    return list(found.values())


def _matches(name: str, pattern: str) -> bool:
    # Only the asterisk is a wildcard; the other marks of shell patterns stand for themselves.
    escaped = pattern.replace("[", "[[]").replace("?", "[?]")
    return fnmatchcase(name, escaped) if pattern.count("*") <= 4 else False


def problem(code: str, comment: str) -> dict[str, JSONValue]:
    """The body of a problem report; the comment is fixed for its code and quotes nothing."""
    return {"code": code, "comment": comment}


def forward(message_id: str, following: str, packed: bytes, *, to: str) -> Message:
    """A message that asks a mediator to pass a packed one on.

    Args:
        following: Who gets it: a DID or a key id.
        to: The mediator.
    """
    attached = Attachment(parse_json(packed), media_type=ENCRYPTED_TYPE)
    return Message(id=message_id, type=FORWARD, body={"next": following}, to=(to,), attachments=(attached,))


def read_forward(message: Message) -> tuple[str, Sequence[bytes]]:
    """Whom a message is to be passed on to, and what.

    Raises:
        MessageRefused: Nobody, or nothing.
    """
    following = message.body.get("next")
    if not isinstance(following, str) or not message.attachments:
        raise MessageRefused("A message that is to be passed on names nobody, or holds nothing.")
    return following, [dump_json(attachment.data) for attachment in message.attachments]
