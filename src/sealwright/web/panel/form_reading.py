"""Turning a form's body into names, values and files, within limits; both encodings that browsers use."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from multipart import MultipartError, MultipartParser, parse_options_header

from sealwright.web.panel.page_form import Upload
from sealwright.web.refusals import TransportRefused

if TYPE_CHECKING:
    from sealwright.web.exchange import Exchange

MAX_FIELDS: Final = 2000
MAX_PARTS: Final = 200
FORM_BYTES: Final = 1024 * 1024
_URLENCODED: Final = "application/x-www-form-urlencoded"
_MULTIPART: Final = "multipart/form-data"

Sent = tuple[list[tuple[str, str]], list[Upload]]


def refuse_foreign_form(exchange: Exchange, *, uploads: bool) -> None:
    """Refuse what is no form of a browser's.

    Raises:
        TransportRefused: UNSUPPORTED_MEDIA_TYPE.
    """
    kind, _ = _content_type(exchange)
    if b"content-encoding" in exchange.headers or kind not in ({_URLENCODED, _MULTIPART} if uploads else {_URLENCODED}):
        raise TransportRefused("UNSUPPORTED_MEDIA_TYPE", "A form is expected here, in the form that browsers send.")


def read_form(exchange: Exchange, raw: bytes) -> Sent:
    """Names, values and files of a body, in order.

    Raises:
        TransportRefused: INVALID_BODY for what cannot be read, PAYLOAD_TOO_LARGE for too many fields,
            INVALID_UNICODE for what is not UTF-8.
    """
    if not raw:
        return [], []
    kind, options = _content_type(exchange)
    if kind == _MULTIPART:
        return _multipart(raw, options.get("boundary", ""))
    return read_pairs(raw), []


def read_pairs(raw: bytes) -> list[tuple[str, str]]:
    """Names and values of a urlencoded body or query."""
    try:
        return parse_qsl(
            raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS, separator="&"
        )
    except UnicodeDecodeError as error:
        raise TransportRefused("INVALID_UNICODE", "The form is not UTF-8 text.") from error
    except ValueError as error:
        raise TransportRefused("PAYLOAD_TOO_LARGE", f"A form may have {MAX_FIELDS} fields.") from error


def _content_type(exchange: Exchange) -> tuple[str, dict[str, str]]:
    kind, options = parse_options_header(exchange.header(b"content-type") or "")
    return kind.lower(), options


def _multipart(raw: bytes, boundary: str) -> Sent:
    if not boundary:
        raise TransportRefused("INVALID_BODY", "The form has no boundary.")
    pairs: list[tuple[str, str]] = []
    files: list[Upload] = []
    parser = MultipartParser(
        io.BytesIO(raw), boundary, len(raw), part_limit=MAX_PARTS, spool_limit=len(raw) + 1, memory_limit=len(raw) + 1,
        strict=True,
    )  # fmt: skip
    try:
        for part in parser:
            content = part.file.read()
            part.close()
            if part.filename is None:
                pairs.append((part.name or "", content.decode("utf-8")))
            else:
                files.append(Upload(part.name or "", part.filename, content))
    except UnicodeDecodeError as error:
        raise TransportRefused("INVALID_UNICODE", "The form is not UTF-8 text.") from error
    except MultipartError as error:
        raise TransportRefused("INVALID_BODY", "The form cannot be read.") from error
    return pairs, files
