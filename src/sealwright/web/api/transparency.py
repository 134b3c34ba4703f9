"""The transparency log as strangers read it: checkpoint, tiles, entries, keys. The same for all, and cached for ever.

Spec: C2SP tlog-tiles.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final

from sealwright.domain.errors import NotFound
from sealwright.protocols.transparency.paths import read_level, read_tile_path
from sealwright.web.api.caching import A_MINUTE, IMMUTABLE, REVALIDATE, tagged
from sealwright.web.api.shapes import anchors as shapes
from sealwright.web.call import Call
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Handler, Route

_TEXT: Final = b"text/plain; charset=utf-8"
_BYTES: Final = b"application/octet-stream"
_SIZE: Final = re.compile(r"0|[1-9][0-9]{0,14}")
_SEGMENTS: Final = ("number", "second", "third", "fourth")


def checkpoint(call: Call) -> Reply:
    """GET /log/checkpoint."""
    note = call.office.bulk.log.checkpoint()
    return tagged(call, Reply(200, note, _TEXT, (REVALIDATE,)), f'"{hashlib.sha256(note).hexdigest()[:32]}"')


def keys(call: Call) -> Reply:
    """GET /log/key."""
    found = call.office.bulk.log.verifier_keys()
    if not found:
        raise NotFound("There is no log yet.")
    return Reply(200, "".join(f"{key}\n" for key in found).encode(), _TEXT, (A_MINUTE,))


def tile(call: Call) -> Reply:
    """GET /log/tile/{level}/{number…}."""
    level, place = read_level(call.params["level"]), _place(call)
    if level is None or place is None:
        raise NotFound("This names no tile.")
    return Reply(200, call.office.bulk.log.tile(level, *place), _BYTES, (IMMUTABLE,))


def entries(call: Call) -> Reply:
    """GET /log/tile/entries/{number…}."""
    place = _place(call)
    if place is None:
        raise NotFound("This names no entries.")
    return Reply(200, call.office.bulk.log.entries(*place), _BYTES, (IMMUTABLE,))


def _place(call: Call) -> tuple[int, int] | None:
    return read_tile_path([call.params[name] for name in _SEGMENTS if name in call.params])


def consistency(call: Call) -> Reply:
    """GET /log/consistency/{first}/{second}."""
    sizes = [call.params[name] for name in ("first", "second")]
    if not all(_SIZE.fullmatch(size) for size in sizes):
        raise NotFound("This names no two sizes of the log.")
    proof = call.office.bulk.log.consistency(int(sizes[0]), int(sizes[1]))
    body = {"first": proof.first, "second": proof.second, "path": [step.hex() for step in proof.path]}
    return json_reply(body, headers=(IMMUTABLE,))


_TAG: Final = "Transparency log"


def _route(path: str, summary: str, handler: Handler, answered: Answered, codes: tuple[str, ...] = ()) -> Route:
    return Route(
        "GET",
        path,
        Audience.DOCUMENT,
        "P",
        summary,
        handler,
        (answered,),
        _TAG,
        bucket=Bucket.NONE,
        codes=codes,
        is_public_read=True,
    )


def _tiles(base: str, summary: str, handler: Handler, description: str) -> tuple[Route, ...]:
    """One route for each number of segments that a tile's number may be spelled in."""
    answered = Answered(200, description, {"type": "string"}, None, "application/octet-stream")
    tails = ["/".join(f"{{{name}}}" for name in _SEGMENTS[:count]) for count in range(1, len(_SEGMENTS) + 1)]
    return tuple(_route(f"{base}/{tail}", summary, handler, answered, ("NOT_FOUND",)) for tail in tails)


ROUTES: Final = (
    _route(
        "/log/checkpoint",
        "The newest signed checkpoint of the log",
        checkpoint,
        Answered(200, "The note.", {"type": "string"}, None, "text/plain; charset=utf-8", headers=("ETag",)),
        ("NOT_FOUND", "SEALED"),
    ),
    _route(
        "/log/key",
        "The keys that the log's checkpoints are checked with",
        keys,
        Answered(200, "A verifier key a line, the present one first.", {"type": "string"}, None, "text/plain"),
        ("NOT_FOUND",),
    ),
    *_tiles("/log/tile/{level}", "Hashes of the log's tree", tile, "Hashes of 32 bytes each."),
    *_tiles(
        "/log/tile/entries",
        "Entries of the log",
        entries,
        "Entries, each behind its length in two bytes, big end first.",
    ),
    _route(
        "/log/consistency/{first}/{second}",
        "Prove that the log only grew between two sizes",
        consistency,
        Answered(200, "The proof.", shapes.CONSISTENCY, shapes.CONSISTENCY_EXAMPLE),
        ("NOT_FOUND",),
    ),
)
