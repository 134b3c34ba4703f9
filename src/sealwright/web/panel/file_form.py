"""A form with one large file, read as it comes: the small fields first, then the file in blocks, never whole.

The session's token must stand before the file, so that nothing of a stranger's post is kept.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from sealwright.domain.errors import CsrfFailed
from sealwright.web.auth.form_token import unmasked
from sealwright.web.auth.same_origin import CSRF_FIELD
from sealwright.web.panel.form_reading import FORM_BYTES
from sealwright.web.refusals import TransportRefused

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

# What stands around the file: a handful of fields, and the lines between the parts.
FRAME_BYTES: Final = 64 * 1024
_PARTS_MOST: Final = 20
_CLOSE: Final = ((b"connection", b"close"),)
_Events = Iterator[MultipartSegment | bytes | None]


@dataclass(frozen=True, slots=True)
class FileForm:
    """A form up to its file.

    Args:
        fields: What stood before the file, by name.
        file_name: As the browser told it; empty where no file was chosen.
        blocks: The file, as it comes; once.
    """

    fields: dict[str, str]
    file_name: str
    blocks: Iterator[bytes]


def read_file_form(page: PageCall) -> FileForm:
    """Read a post up to the beginning of its file, and hold its token against the session; blocks a thread.

    Raises:
        CsrfFailed: The token is missing, wrong, or stands behind the file.
        TransportRefused: It is no such form, cannot be read, is too large or too slow.
        ClientGone: The caller hung up.
    """
    events = _events(page)
    fields: dict[str, str] = {}
    file_name = ""
    blocks: Iterator[bytes] = iter(())
    for event in events:
        if not isinstance(event, MultipartSegment):
            raise TransportRefused("INVALID_BODY", "The form cannot be read.", headers=_CLOSE)
        if event.filename is not None:
            file_name, blocks = event.filename, _file(events)
            break
        fields[event.name or ""] = _text(events)
    token = fields.pop(CSRF_FIELD, None)
    if token is None:
        raise CsrfFailed("The form's token is missing; load the page again.")
    page.office.sessions.check_csrf(page.caller, unmasked(token))
    return FileForm(fields, file_name, blocks)


def _events(page: PageCall) -> _Events:
    _, options = parse_options_header(page.exchange.header(b"content-type") or "")
    boundary = options.get("boundary", "")
    if not boundary or page.body is None:
        raise TransportRefused("INVALID_BODY", "The form has no boundary.", headers=_CLOSE)
    parser = PushMultipartParser(boundary, max_segment_count=_PARTS_MOST, strict=True)
    try:
        for block in page.body.parts():
            for event in parser.parse(block):
                yield event if event is None or isinstance(event, MultipartSegment) else bytes(event)
        parser.close()
    except MultipartError as error:
        raise TransportRefused("INVALID_BODY", "The form cannot be read.", headers=_CLOSE) from error


def _text(events: _Events) -> str:
    """A field's text, up to the end of its part."""
    read = bytearray()
    for event in events:
        if not isinstance(event, bytes):
            break
        read += event
        if len(read) > FORM_BYTES:
            raise TransportRefused("PAYLOAD_TOO_LARGE", "A field of the form is too long.", headers=_CLOSE)
    try:
        return read.decode("utf-8")
    except UnicodeDecodeError as error:
        raise TransportRefused("INVALID_UNICODE", "The form is not UTF-8 text.", headers=_CLOSE) from error


def _file(events: _Events) -> Iterator[bytes]:
    """The blocks of the file; what stands behind it is read and passed over, so that the answer can be sent."""
    is_over = False
    for event in events:
        if event is None:
            is_over = True
        elif isinstance(event, bytes) and not is_over:
            yield event
