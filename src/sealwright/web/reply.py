"""What goes back over the wire: a status, bytes, and headers; and how values become JSON bytes."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol

import msgspec

JSON: Final = b"application/json"
PROBLEM_JSON: Final = b"application/problem+json"
HTML: Final = b"text/html; charset=utf-8"

Headers = tuple[tuple[bytes, bytes], ...]

_ENCODER: Final = msgspec.json.Encoder()


class LiveBody(Protocol):
    """A body without an end of its own: parts come as things happen."""

    def parts(self) -> AsyncGenerator[bytes, None]:
        """Give the next part whenever there is one, until there will be none."""

    def close(self) -> None:
        """Give back what it holds; called once, whether parts were asked for or not."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One whole answer.

    Args:
        headers: Beside content type and length, lower-case names; the guard adds those that every answer has.
        stream: The body in parts, for what may be long; each part may block.
        live: The body of a stream that goes on until somebody ends it.
    """

    status: int
    body: bytes = b""
    media_type: bytes | None = JSON
    headers: Headers = ()
    stream: Iterator[bytes] | None = None
    live: LiveBody | None = None

    def with_headers(self, *more: tuple[bytes, bytes]) -> Reply:
        """The same answer with further headers."""
        if not more:
            return self
        return replace(self, headers=(*self.headers, *more))


def encode(value: object) -> bytes:
    """JSON bytes of plain values; `msgspec.Raw` members are spliced in as they are."""
    return _ENCODER.encode(value)


def json_reply(value: object, status: int = 200, headers: Headers = ()) -> Reply:
    """An answer in JSON."""
    return Reply(status, _ENCODER.encode(value), JSON, headers)


def raw_or_null(document: bytes | None) -> msgspec.Raw | None:
    """Stored JSON bytes for splicing; null where they were erased."""
    return None if document is None else msgspec.Raw(document)


def header_text(value: str) -> bytes:
    """Spell text for a header; what does not belong there is percent-encoded, so that nothing can split the head."""
    if value.isascii() and value.isprintable():
        return value.encode("ascii")
    return "".join(
        letter if " " <= letter <= "~" else "".join(f"%{byte:02X}" for byte in letter.encode("utf-8", "replace"))
        for letter in value
    ).encode("ascii")


def cursor_page(items: Sequence[Mapping[str, object]], next_cursor: str | None) -> dict[str, object]:
    """The wire form of a cursor list."""
    return {"data": items, "hasMore": next_cursor is not None, "nextCursor": next_cursor}
