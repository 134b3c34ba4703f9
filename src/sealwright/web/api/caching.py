"""Entity tags, how long an answer keeps, and the versions that a write may name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sealwright.domain.errors import ConflictingFields, PreconditionFailed, VersionConflict
from sealwright.vc.errors import Fault
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


IF_MATCH: Final = {"If-Match": 'The version that is to be changed, as `"3"`; another one answers 412.'}


def version_tag(version: int) -> tuple[bytes, bytes]:
    """The `ETag` header of a thing with versions."""
    return (b"etag", b'"%d"' % version)


def version_in_header(call: Call) -> int | None:
    """The version that `If-Match` names; None where any will do.

    Raises:
        PreconditionFailed: It names none of ours.
    """
    header = call.exchange.header(b"if-match")
    if header is None or header.strip() == "*":
        return None
    tag = header.strip()
    digits = tag[1:-1] if len(tag) > 2 and tag[0] == tag[-1] == '"' else ""
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 9):
        raise PreconditionFailed("If-Match names no version of this.")
    return int(digits)


@contextmanager
def expected_version(call: Call) -> Iterator[int | None]:
    """The version that a write expects, from the header or from the body; a conflict is told as where it was named.

    Raises:
        PreconditionFailed: The header names another version than the present one.
        ConflictingFields: Header and body name two versions.
    """
    in_header, in_body = version_in_header(call), call.body.get("expected_version")
    if in_header is None:
        yield in_body
        return
    if in_body is not None and in_body != in_header:
        fault = Fault("/expected_version", "CONFLICTING_FIELDS", "is another version than that of If-Match")
        raise ConflictingFields("Header and body name two versions.", faults=[fault])
    try:
        yield in_header
    except VersionConflict as error:
        raise PreconditionFailed(error.detail, extra=error.extra) from error
