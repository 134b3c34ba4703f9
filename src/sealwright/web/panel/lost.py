"""Nothing is at an address, and a browser asks: the page that says so, with everything that stands around pages."""

from __future__ import annotations

from concurrent.futures import Executor
from typing import TYPE_CHECKING, Any, Final

from sealwright.domain.errors import NotFound
from sealwright.web.panel.page_call import PageCall
from sealwright.web.panel.page_door import PageDoor
from sealwright.web.panel.page_route import PageAudience, PageRoute
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

    from sealwright.services.office import Office
    from sealwright.web.exchange import Exchange


def wants_page(exchange: Exchange) -> bool:
    """Tell whether a browser asks for a document to show; programs that take anything are told in JSON."""
    return exchange.method in {"GET", "HEAD"} and "text/html" in (exchange.header(b"accept") or "").lower()


def _nowhere(_page: PageCall) -> Reply:
    raise NotFound("There is nothing at this address.")


# The path is what metrics call an address that no route has.
NOWHERE: Final = PageRoute("GET", "unmatched", PageAudience.ANYONE, _nowhere, before_setup=True)


class LostPage:
    """The 404 page as an answer of the framework's: the page door tells who looks, and says that nothing is here."""

    def __init__(self, office: Office, executor: Executor) -> None:
        self._door = PageDoor(office, executor, (NOWHERE,))

    def to_asgi_response(self, **_: Any) -> LostPage:
        """The answer that Litestar sends: this one."""
        return self

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the page."""
        await self._door.serve(scope, receive, send)
