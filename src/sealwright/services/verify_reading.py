"""What somebody brings to have it checked: pasted text, a file, a link of ours; told apart by content alone.

Nothing is fetched and nothing is kept. Files of strangers are opened by readers that can be stopped.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol
from urllib.parse import unquote

from sealwright.protocols.baking import NotABadge, baked_credential, is_png
from sealwright.services.disclosing import DISCLOSURE_PATH
from sealwright.services.sharing import SHARE_PATH
from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json, parse_json
from sealwright.vc.errors import UnreadableJSON, VcError

MOST_BYTES: Final = 1024 * 1024
_PDF: Final = b"%PDF-"
_COMPACT: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*")
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
# Short codes as people may have copied them; nothing with which an address could lead elsewhere.
_SHORT: Final = re.compile(r"[A-Za-z0-9 -]{1,64}")
_RECORD: Final = re.compile(r"/(?:api/v1/|issuer/|improver/)?credentials/([^/?#]{1,512})(?:/document)?/?")
_PRESENTATIONS: Final = frozenset({"VerifiablePresentation", "EnvelopedVerifiablePresentation"})


class WhyUnreadable(Enum):
    """Why what was brought is nothing that can be checked."""

    EMPTY = "empty"
    TOO_LARGE = "too_large"
    NOT_TEXT = "not_text"
    NOT_JSON = "not_json"
    NOT_A_CREDENTIAL = "not_a_credential"
    FOREIGN_LINK = "foreign_link"
    WALLET_LINK = "wallet_link"
    PDF_UNREADABLE = "pdf_unreadable"
    PDF_EMPTY = "pdf_empty"
    PICTURE_EMPTY = "picture_empty"
    BUSY = "busy"


class Unreadable(Exception):
    """What was brought cannot be checked at all; that is no verdict."""

    def __init__(self, why: WhyUnreadable) -> None:
        super().__init__(why.value)
        self.why = why


class FileRefused(Exception):
    """A file that a reader gave up: broken, hostile, or over its limits."""


class ReaderBusy(Exception):
    """Too many files are being read at once."""


class PaperReader(Protocol):
    """Reads what is attached to a PDF of a stranger's."""

    def attachments(self, content: bytes) -> Sequence[bytes]:
        """The attached files, at most 16, of at most 1 MiB each; raises FileRefused, ReaderBusy."""


@dataclass(frozen=True, slots=True)
class Brought:
    """A credential or presentation, as the verifier takes it.

    Args:
        source: A JSON object, or a token as text.
        text: The same as text, to be sent again.
    """

    source: Mapping[str, JSONValue] | str
    text: str
    is_presentation: bool = False


@dataclass(frozen=True, slots=True)
class BroughtLink:
    """A link of this office's: to a public page (its short code), a part of a credential, or a credential (its id)."""

    short: str | None = None
    credential_id: str | None = None
    disclosure: str | None = None


def read_text(text: str, *, public_url: str) -> Brought | BroughtLink:
    """Tell what a text is: JSON, a JWT, an SD-JWT, or a link of ours.

    Raises:
        Unreadable: None of these, or a link to anywhere else.
    """
    trimmed = text.strip().removeprefix("\ufeff").strip()
    if not trimmed:
        raise Unreadable(WhyUnreadable.EMPTY)
    if len(trimmed.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise Unreadable(WhyUnreadable.TOO_LARGE)
    if _URL.fullmatch(trimmed):
        return _link(trimmed, public_url)
    # Wrapped lines are common in what people copy from letters; neither form has blanks of its own.
    joined = "".join(trimmed.split())
    if trimmed[0] in '{["':
        return _json(trimmed)
    if _COMPACT.fullmatch(joined.partition("~")[0]):
        return Brought(joined, joined, is_presentation=_is_presentation_token(joined))
    raise Unreadable(WhyUnreadable.NOT_A_CREDENTIAL)


def read_file(content: bytes, *, public_url: str, papers: PaperReader | None) -> Brought | BroughtLink:
    """Tell what a file holds: a PDF with an attached credential, a baked picture, or text.

    Raises:
        Unreadable: Nothing that can be checked.
    """
    if len(content) > MOST_BYTES:
        raise Unreadable(WhyUnreadable.TOO_LARGE)
    if _PDF in content[:1024]:
        return _from_pdf(content, public_url, papers)
    if is_png(content):
        return _from_picture(content, public_url)
    try:
        return read_text(content.decode("utf-8"), public_url=public_url)
    except UnicodeDecodeError:
        raise Unreadable(WhyUnreadable.NOT_TEXT) from None


def _from_pdf(content: bytes, public_url: str, papers: PaperReader | None) -> Brought:
    if papers is None:
        raise Unreadable(WhyUnreadable.PDF_UNREADABLE)
    try:
        attached = papers.attachments(content)
    except ReaderBusy:
        raise Unreadable(WhyUnreadable.BUSY) from None
    except FileRefused:
        raise Unreadable(WhyUnreadable.PDF_UNREADABLE) from None
    for one in attached:
        try:
            found = read_text(one.decode("utf-8"), public_url=public_url)
        except (UnicodeDecodeError, Unreadable):
            continue
        if isinstance(found, Brought):
            return found
    raise Unreadable(WhyUnreadable.PDF_EMPTY)


def _from_picture(content: bytes, public_url: str) -> Brought:
    try:
        found = read_text(baked_credential(content), public_url=public_url)
    except NotABadge:
        raise Unreadable(WhyUnreadable.PICTURE_EMPTY) from None
    if not isinstance(found, Brought):
        raise Unreadable(WhyUnreadable.PICTURE_EMPTY)
    return found


def _link(link: str, public_url: str) -> BroughtLink:
    if not link.lower().startswith(("http://", "https://")):
        raise Unreadable(WhyUnreadable.WALLET_LINK)
    path = link[len(public_url) :] if link.lower().startswith(public_url.lower() + "/") else ""
    path = path.partition("#")[0].partition("?")[0]
    if path[:5].lower() == DISCLOSURE_PATH and _SHORT.fullmatch(token := unquote(path[5:].strip("/"))):
        return BroughtLink(disclosure=token)
    if path[:3].lower() == SHARE_PATH and _SHORT.fullmatch(short := unquote(path[3:].strip("/"))):
        return BroughtLink(short=short)
    # No database keeps U+0000, and not every one can be asked for it.
    if (found := _RECORD.fullmatch(path)) is not None and "\x00" not in (name := unquote(found[1])):
        return BroughtLink(credential_id=name)
    raise Unreadable(WhyUnreadable.FOREIGN_LINK)


def _json(text: str) -> Brought:
    try:
        value = parse_json(text.encode("utf-8", "surrogatepass"))
    except UnreadableJSON:
        raise Unreadable(WhyUnreadable.NOT_JSON) from None
    if isinstance(value, str) and _COMPACT.fullmatch(value.partition("~")[0]):
        return Brought(value, value, is_presentation=_is_presentation_token(value))
    if not isinstance(value, dict):
        raise Unreadable(WhyUnreadable.NOT_A_CREDENTIAL)
    # What our API answers an order with holds the credential beside other members.
    inner = value.get("credential", value.get("verifiableCredential"))
    if "@context" not in value and "type" not in value and isinstance(inner, dict):
        return _object(inner, dump_json(inner).decode("utf-8"))
    if "@context" not in value and "type" not in value:
        raise Unreadable(WhyUnreadable.NOT_A_CREDENTIAL)
    return _object(value, text)


def _object(value: Mapping[str, JSONValue], text: str) -> Brought:
    types = value.get("type")
    names = types if isinstance(types, list) else [types]
    return Brought(value, text, is_presentation=any(one in _PRESENTATIONS for one in names if isinstance(one, str)))


def _is_presentation_token(text: str) -> bool:
    """Tell whether a JWT carries a presentation: by what its payload holds, as the model's two versions write it."""
    if "~" in text:
        return False
    try:
        payload = parse_json(base64url_decode(text.split(".")[1]))
    except VcError:
        return False
    types = payload.get("type") if isinstance(payload, dict) else None
    names = types if isinstance(types, list) else [types]
    return isinstance(payload, dict) and ("vp" in payload or "VerifiablePresentation" in names)
