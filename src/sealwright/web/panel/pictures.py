"""The organization's logo and the badges of credential types, named by their content; anybody may see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import NotFound
from sealwright.services.attachments import media_type_of
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Headers, Reply

if TYPE_CHECKING:
    from sealwright.web.panel.page_call import PageCall

_YEAR_SECONDS: Final = 31_536_000
_IMMUTABLE: Final = (b"cache-control", b"public, max-age=%d, immutable" % _YEAR_SECONDS)
_MISSING: Final = "There is no such picture."


def serve(page: PageCall) -> Reply:
    """GET /pictures/{digest}: what is neither logo nor badge of an active public type is as good as not there."""
    digest = page.params["digest"]
    attachment_id = page.view().public_pictures().uploads.get(digest)
    if attachment_id is None:
        raise NotFound(_MISSING)
    etag = f'"{digest}"'.encode("ascii")
    headers: Headers = ((b"etag", etag), _IMMUTABLE)
    if page.exchange.header(b"if-none-match") == etag.decode("ascii"):
        return Reply(304, media_type=None, headers=headers)
    with page.office.units(write=False) as uow:
        found = uow.attachments.get(attachment_id)
    if found is None:
        raise NotFound(_MISSING)
    # Judged once more by what it holds: nothing that a browser could run leaves under our name.
    media_type = media_type_of(found.content)
    if not media_type.startswith("image/"):
        raise NotFound(_MISSING)
    return Reply(200, found.content, media_type.encode("ascii"), headers)


PAGES: Final = (PageRoute("GET", "/pictures/{digest}", PageAudience.ANYONE, serve),)
