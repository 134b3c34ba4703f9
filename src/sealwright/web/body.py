"""Taking in a request body: its kind, its size and its pace are judged before anybody parses it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from sealwright.web.refusals import ClientGone, TokenSent, TransportRefused

if TYPE_CHECKING:
    from litestar.types import Receive

    from sealwright.web.exchange import Exchange

READ_SECONDS: Final = 30.0
_CLOSE: Final = ((b"connection", b"close"),)


def has_body(exchange: Exchange) -> bool:
    """Tell whether the head announces a body."""
    return b"transfer-encoding" in exchange.headers or exchange.headers.get(b"content-length", b"0").strip(b"0") != b""


def refuse_oversize(exchange: Exchange, limit_bytes: int) -> None:
    """Refuse an announced length before reading anything.

    Raises:
        TransportRefused: PAYLOAD_TOO_LARGE.
    """
    length = exchange.headers.get(b"content-length")
    # Ten digits are more than any limit; converting thousands of digits would itself be costly.
    digits = length.lstrip(b"0") if length is not None else b""
    if len(digits) > 10 or int(digits or b"0") > limit_bytes:
        raise _too_large(limit_bytes)


def refuse_foreign_content(exchange: Exchange) -> None:
    """Refuse what is not plain JSON in UTF-8.

    Raises:
        TransportRefused: UNSUPPORTED_MEDIA_TYPE; a TokenSent for a JWT.
    """
    headers = exchange.headers
    if b"content-encoding" in headers:
        raise TransportRefused("UNSUPPORTED_MEDIA_TYPE", "Content-Encoding is not accepted.")
    content_type = headers.get(b"content-type")
    if content_type != b"application/json" and not _is_json(content_type):
        is_token = content_type is not None and content_type.partition(b";")[0].strip().lower() == b"application/jwt"
        refused = TokenSent if is_token else TransportRefused
        raise refused("UNSUPPORTED_MEDIA_TYPE", "The body must be application/json in UTF-8.")


def refuse_foreign_upload(exchange: Exchange) -> None:
    """Refuse what is not a form with files in it.

    Raises:
        TransportRefused: UNSUPPORTED_MEDIA_TYPE.
    """
    kind = exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    if b"content-encoding" in exchange.headers or kind != b"multipart/form-data":
        raise TransportRefused("UNSUPPORTED_MEDIA_TYPE", "A file is sent as multipart/form-data, under the name file.")


def refuse_foreign_stream(exchange: Exchange, kinds: tuple[str, ...]) -> None:
    """Refuse a streamed body of another kind than these; how its text is encoded is found out as it is read.

    Raises:
        TransportRefused: UNSUPPORTED_MEDIA_TYPE.
    """
    kind = exchange.headers.get(b"content-type", b"").partition(b";")[0].strip().lower().decode("latin-1")
    if b"content-encoding" in exchange.headers or kind not in kinds:
        raise TransportRefused("UNSUPPORTED_MEDIA_TYPE", f"The body must be {' or '.join(kinds)}, without any coding.")


def _is_json(content_type: bytes | None) -> bool:
    if content_type is None:
        return False
    kind, *parameters = content_type.decode("latin-1").lower().split(";")
    kind = kind.strip()
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        return False
    for parameter in parameters:
        name, _, value = parameter.strip().partition("=")
        if name == "charset" and value.strip('"') not in {"utf-8", "utf8"}:
            return False
    return True


async def read_body(receive: Receive, limit_bytes: int) -> bytes:
    """Read the whole body, whatever length was announced.

    Raises:
        TransportRefused: PAYLOAD_TOO_LARGE as soon as the limit is passed, REQUEST_TIMEOUT after 30 s.
        ClientGone: The caller hung up.
    """
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await _read(receive, limit_bytes)
    except TimeoutError as error:
        raise TransportRefused("REQUEST_TIMEOUT", "The body took too long to arrive.", headers=_CLOSE) from error


async def _read(receive: Receive, limit_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientGone
        part = message["body"]
        size += len(part)
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        if not message.get("more_body", False):
            return part if not parts else b"".join((*parts, part))
        parts.append(part)


def _too_large(limit_bytes: int) -> TransportRefused:
    return TransportRefused("PAYLOAD_TOO_LARGE", f"The body is larger than {limit_bytes} bytes.", headers=_CLOSE)
