"""Compressing answers for browsers that take it."""

from __future__ import annotations

import gzip
from typing import Final

from sealwright.web.reply import Reply

# Below this the head of the message weighs more than what could be saved.
WORTH_BYTES: Final = 1024
# Pages are made afresh for everybody: a fast level saves nearly as much as the slow one.
LEVEL: Final = 5


def accepts(coding_name: str, header: str | None) -> bool:
    """Tell whether a browser takes a content coding; what is malformed means no."""
    for part in (header or "").lower().split(","):
        coding, _, parameter = part.strip().partition(";")
        if coding.strip() == coding_name:
            return parameter.replace(" ", "") not in {"q=0", "q=0.0", "q=0.00", "q=0.000"}
    return False


def compressed(reply: Reply, accept_encoding: str | None) -> Reply:
    """The same answer, compressed where that is wanted and worth it."""
    if reply.stream is not None or len(reply.body) < WORTH_BYTES or not accepts("gzip", accept_encoding):
        return reply
    body = gzip.compress(reply.body, LEVEL, mtime=0)
    return Reply(reply.status, body, reply.media_type, (*reply.headers, (b"content-encoding", b"gzip")))
