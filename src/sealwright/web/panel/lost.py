"""Nothing is at an address, and a browser asks: the page that says so."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Final

from litestar.response.base import ASGIResponse

from sealwright.domain.errors import NotFound
from sealwright.web.panel.appearance import appearance_of
from sealwright.web.panel.page_call import PageCall
from sealwright.web.panel.page_headers import page_headers
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.panel.refusal_pages import refusal_page
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from sealwright.services.office import Office
    from sealwright.web.exchange import Exchange


def wants_page(exchange: Exchange) -> bool:
    """Tell whether a browser asks for a document to show; programs that take anything are told in JSON."""
    return exchange.method in {"GET", "HEAD"} and "text/html" in (exchange.header(b"accept") or "").lower()


def _nowhere(_page: PageCall) -> Reply:
    raise NotFound("There is nothing at this address.")


NOWHERE: Final = PageRoute("GET", "/{nothing}", PageAudience.ANYONE, _nowhere)


class LostPage:
    """The 404 page as an answer of the framework's."""

    def __init__(self, office: Office, executor: Executor, exchange: Exchange) -> None:
        self._page = PageCall(office, NOWHERE, exchange, {}, executor, appearance_of(exchange))

    def to_asgi_response(self, **_: object) -> ASGIResponse:
        """The answer that Litestar sends."""
        reply = refusal_page(self._page, NotFound("There is nothing at this address."), alone=True)
        headers = {
            name.decode("ascii"): value.decode("latin-1") for name, value in (*reply.headers, *page_headers(reply))
        }
        return ASGIResponse(body=reply.body, status_code=reply.status, media_type="text/html", headers=headers)
