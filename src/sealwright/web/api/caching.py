"""Caching of what the public may read: entity tags and how long an answer keeps."""

from __future__ import annotations

from typing import Final

from sealwright.web.call import Call
from sealwright.web.reply import Reply

IMMUTABLE: Final = (b"cache-control", b"public, max-age=31536000, immutable")
REVALIDATE: Final = (b"cache-control", b"public, no-cache")
A_MINUTE: Final = (b"cache-control", b"public, max-age=60")


def tagged(call: Call, reply: Reply, etag: str) -> Reply:
    """Give an answer its entity tag; 304 without a body when the caller holds it already."""
    tag = (b"etag", etag.encode("ascii"))
    if matches(call.exchange.header(b"if-none-match"), etag):
        return Reply(304, media_type=None, headers=(tag, *reply.headers))
    return reply.with_headers(tag)


def matches(header: str | None, etag: str) -> bool:
    """Tell whether an `If-None-Match` or `If-Match` header names this tag, weakly compared."""
    if header is None:
        return False
    return header.strip() == "*" or any(part.strip().removeprefix("W/") == etag for part in header.split(","))
