"""Issue Credential 3.0: offers, requests and credentials, in the two dialects that are spoken.

The issuance guide names formats and a flat preview in the body, the protocol's own text puts the format on each
attachment and wraps the preview. We send both and read both.

Spec: Issue Credential Protocol 3.0; Aries RFC 0593, "ld-proof-vc-detail attachment format".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sealwright.protocols.didcomm.errors import MessageRefused
from sealwright.protocols.didcomm.message import Attachment, Message
from sealwright.protocols.didcomm.types import ISSUE
from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.strict_json import JSONValue

DETAIL_FORMAT: Final = "aries/ld-proof-vc-detail@v1.0"
CREDENTIAL_FORMAT: Final = "aries/ld-proof-vc@v1.0"
PREVIEW_TYPE: Final = f"{ISSUE}/credential-credential"
_ATTACHMENT_ID: Final = "credential-0"
# What is made when a credential is signed; a detail is about what is said in it.
_MADE_LATER: Final = frozenset({"proof", "credentialStatus"})
_MAX_PREVIEW: Final = 1_000


@dataclass(frozen=True, slots=True)
class Detail:
    """What a credential is to say and how it is to be proved.

    Args:
        credential: The credential without proof and status.
        proof_type: The suite's name.
    """

    credential: Mapping[str, JSONValue]
    proof_type: str

    def to_json(self, *, status_type: str | None = None) -> dict[str, JSONValue]:
        """The detail as an attachment holds it."""
        options: dict[str, JSONValue] = {"proofType": self.proof_type, "proofPurpose": "assertionMethod"}
        if status_type is not None:
            options["credentialStatus"] = {"type": status_type}
        return {"credential": dict(self.credential), "options": options}

    def agrees_with(self, other: Detail) -> bool:
        """Tell whether both are about the same credential, proved alike; the order of members does not matter."""
        return self.proof_type == other.proof_type and canonicalize_json(dict(self.credential)) == canonicalize_json(
            dict(other.credential)
        )


def detail_of(document: Mapping[str, JSONValue], proof_type: str) -> Detail:
    """The detail of a signed credential."""
    return Detail({name: value for name, value in document.items() if name not in _MADE_LATER}, proof_type)


def status_type_of(document: Mapping[str, JSONValue]) -> str | None:
    """The type of a credential's status entry, of the first where there are several; None without one."""
    status = document.get("credentialStatus")
    entry = status[0] if isinstance(status, list) and status else status
    kind = entry.get("type") if isinstance(entry, dict) else None
    return kind if isinstance(kind, str) else None


def offer_parts(
    document: Mapping[str, JSONValue], proof_type: str
) -> tuple[dict[str, JSONValue], tuple[Attachment, ...]]:
    """Body and attachments of an offer of a signed credential."""
    attributes: list[JSONValue] = [{"name": name, "value": value} for name, value in _attributes(document)]
    preview: dict[str, JSONValue] = {"type": PREVIEW_TYPE, "attributes": attributes}
    body: dict[str, JSONValue] = {"credential_preview": preview, **_formats(DETAIL_FORMAT)}
    detail = detail_of(document, proof_type).to_json(status_type=status_type_of(document))
    return body, (_attachment(detail, DETAIL_FORMAT),)


def request_parts(detail: Detail) -> tuple[dict[str, JSONValue], tuple[Attachment, ...]]:
    """Body and attachments of a request, as a holder sends it."""
    return _formats(DETAIL_FORMAT), (_attachment(detail.to_json(), DETAIL_FORMAT),)


def credential_parts(document: Mapping[str, JSONValue]) -> tuple[dict[str, JSONValue], tuple[Attachment, ...]]:
    """Body and attachments that hand a signed credential over."""
    return _formats(CREDENTIAL_FORMAT), (_attachment(dict(document), CREDENTIAL_FORMAT),)


def read_detail(message: Message) -> Detail:
    """The detail that a proposal, an offer or a request is about.

    Raises:
        MessageRefused: None is attached in the format that is read here, or it is malformed.
    """
    source = read_attached(message, DETAIL_FORMAT)
    credential = source.get("credential")
    options = source.get("options")
    proof_type = options.get("proofType") if isinstance(options, dict) else None
    if not isinstance(credential, dict) or not isinstance(proof_type, str):
        raise MessageRefused("The detail lacks its credential or the type of its proof.")
    return detail_of(credential, proof_type)


def has_format(message: Message, wanted: str) -> bool:
    """Tell whether something is attached in a format."""
    return any(_format_of(message, attachment) == wanted for attachment in message.attachments)


def read_attached(message: Message, wanted: str) -> Mapping[str, JSONValue]:
    """The one attachment of a format, as an object.

    Raises:
        MessageRefused: None, or several.
    """
    found = [attachment.data for attachment in message.attachments if _format_of(message, attachment) == wanted]
    if len(found) != 1 or not isinstance(found[0], dict):
        raise MessageRefused("Not exactly one attachment has the format that is read here.")
    return found[0]


def read_preview(message: Message) -> Mapping[str, str]:
    """The attributes of an offer's preview, by name; empty where there is none."""
    preview = message.body.get("credential_preview")
    if not isinstance(preview, dict):
        return {}
    inner = preview.get("body")
    attributes = inner.get("attributes") if isinstance(inner, dict) else preview.get("attributes")
    found: dict[str, str] = {}
    for entry in attributes if isinstance(attributes, list) else []:
        name, value = (entry.get("name"), entry.get("value")) if isinstance(entry, dict) else (None, None)
        if isinstance(name, str) and isinstance(value, str):
            found[name] = value
    return found


def _format_of(message: Message, attachment: Attachment) -> str | None:
    if attachment.format is not None:
        return attachment.format
    listed = message.body.get("formats")
    for entry in listed if isinstance(listed, list) else []:
        if isinstance(entry, dict) and attachment.id is not None and entry.get("attach_id") == attachment.id:
            named = entry.get("format")
            return named if isinstance(named, str) else None
    return None


def _formats(named: str) -> dict[str, JSONValue]:
    return {"formats": [{"attach_id": _ATTACHMENT_ID, "format": named}]}


def _attachment(data: JSONValue, named: str) -> Attachment:
    return Attachment(data, id=_ATTACHMENT_ID, format=named, media_type="application/json")


def _attributes(document: Mapping[str, JSONValue]) -> list[tuple[str, str]]:
    """The claims as dotted paths with their values as text."""
    subject = document.get("credentialSubject")
    found: list[tuple[str, str]] = []
    if isinstance(subject, dict):
        for name, value in _leaves({name: value for name, value in subject.items() if name != "id"}, ""):
            found.append((name, value))
            if len(found) >= _MAX_PREVIEW:
                break
    return found


def _leaves(value: JSONValue, path: str) -> Iterator[tuple[str, str]]:
    members: list[tuple[str, JSONValue]] = []
    if isinstance(value, dict):
        members = list(value.items())
    elif isinstance(value, list):
        members = [(str(index), item) for index, item in enumerate(value)]
    else:
        yield path, value if isinstance(value, str) else json.dumps(value)
    for name, member in members:
        yield from _leaves(member, f"{path}.{name}" if path else name)
