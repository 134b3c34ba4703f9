"""Static files, named by their content: compressed ahead, immutable for browsers."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Final

from sealwright.domain.errors import NotFound
from sealwright.web.panel.coding import accepts
from sealwright.web.panel.page_call import PageCall
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.static_urls import CODINGS, StaticFile, compressed_file, static_files
from sealwright.web.reply import Headers, Reply

_YEAR_SECONDS: Final = 31_536_000
_IMMUTABLE: Final = (b"cache-control", b"public, max-age=%d, immutable" % _YEAR_SECONDS)
_VARY: Final = (b"vary", b"Accept-Encoding")


@cache
def _by_served_name() -> Mapping[str, StaticFile]:
    return {one.name: one for one in static_files().values()}


def serve(page: PageCall) -> Reply:
    """GET /static/{name}."""
    found = _by_served_name().get(page.params["name"])
    if found is None:
        raise NotFound("There is no such file.")
    headers: Headers = ((b"etag", found.etag), _IMMUTABLE, _VARY)
    if page.exchange.header(b"if-none-match") == found.etag.decode("ascii"):
        return Reply(304, media_type=None, headers=headers)
    taken = page.exchange.header(b"accept-encoding")
    for coding in CODINGS:
        if accepts(coding, taken):
            body = compressed_file(found, coding)
            return Reply(200, body, found.media_type, (*headers, (b"content-encoding", coding.encode("ascii"))))
    return Reply(200, found.content, found.media_type, headers)


PAGES: Final = (PageRoute("GET", "/static/{name}", PageAudience.ANYONE, serve, is_counted=False, before_setup=True),)
