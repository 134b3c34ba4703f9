"""The application: the route table as Litestar handlers, behind the guard."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from litestar import Litestar, Router
from litestar.exceptions import HTTPException
from litestar.handlers import asgi
from litestar.response.base import ASGIResponse

from sealwright.web.door import Door
from sealwright.web.exchange import Exchange
from sealwright.web.guard import Guard
from sealwright.web.logs import log_crash
from sealwright.web.panel.lost import LostPage, wants_page
from sealwright.web.panel.page_door import PageDoor
from sealwright.web.panel.page_route import PageRoute
from sealwright.web.panel.pages import all_pages, pages_by_path
from sealwright.web.problems import problem_for, problem_reply
from sealwright.web.refusals import CLIENT_GONE, ClientGone, TransportRefused
from sealwright.web.route import Route
from sealwright.web.routes import ROUTES, by_path

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import ASGIApp, Receive, Scope, Send

    from sealwright.services.office import Office

HANDLER_THREADS: Final = 16
_PARAMETER: Final = re.compile(r"\{(\w+)\}")

Hook = Callable[[], None]
Serving = Callable[["Scope", "Receive", "Send"], Awaitable[None]]


def build_app(
    office: Office,
    *,
    on_startup: Sequence[Hook] = (),
    on_shutdown: Sequence[Hook] = (),
    routes: tuple[Route, ...] = ROUTES,
    pages: tuple[PageRoute, ...] | None = None,
) -> ASGIApp:
    """Build the whole ASGI application over an office.

    Args:
        on_startup: Called when the server starts, before the first request.
        on_shutdown: Called after the last request, in order.
        pages: The pages that stand beside the API's routes; by default all that there are.
    """
    executor = ThreadPoolExecutor(HANDLER_THREADS, thread_name_prefix="web")

    def end_threads() -> None:
        executor.shutdown(wait=False, cancel_futures=True)

    app = litestar_app(
        office,
        executor,
        routes,
        all_pages() if pages is None else pages,
        on_startup=on_startup,
        on_shutdown=(*on_shutdown, end_threads),
    )
    return Guard(
        _without_method(app),
        public_url=office.public_url,
        trusted_proxies=office.limits.trusted_proxies,
        observe=office.metrics.observe_request,
        begin_to_end=office.event_feed.end,
    )


def _without_method(app: Litestar) -> ASGIApp:
    """Hide the method from the router: doors know methods better, and tell 405 from 404 themselves.

    Litestar 2.25 also looks path parameters of ASGI handlers up under the method, where they are not.
    """

    async def routed(scope: Any, receive: Receive, send: Send) -> None:
        # A copy: the server reads the method again when it sends.
        hidden: Any = {**scope, "method": None} if scope["type"] == "http" else scope
        await app(hidden, receive, send)

    return routed


def litestar_app(
    office: Office,
    executor: Executor,
    routes: tuple[Route, ...],
    pages: tuple[PageRoute, ...] = (),
    *,
    on_startup: Sequence[Hook] = (),
    on_shutdown: Sequence[Hook] = (),
) -> Litestar:
    """The application without its guard: one handler for the paths of both tables."""
    doors = {path: Door(office, executor, group) for path, group in by_path(routes).items()}
    page_doors = {path: PageDoor(office, executor, group) for path, group in pages_by_path(pages).items()}
    handler = _handler({path: _both(doors.get(path), page_doors.get(path)) for path in {**doors, **page_doors}})

    lost = LostPage(office, executor)

    def refused(request: Request[Any, Any, Any], error: Exception) -> Any:
        exchange = Exchange.of(request.scope)
        if isinstance(error, HTTPException) and error.status_code < 500 and wants_page(exchange):
            return lost
        return _Refused(office.public_url, exchange, error)

    return Litestar(
        # By one router: the application would check all of its paths anew for each that it is given by itself.
        route_handlers=[Router(path="/", route_handlers=[handler])],
        exception_handlers={Exception: refused},
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def _both(door: Door | None, page_door: PageDoor | None) -> tuple[Serving, frozenset[str], Serving]:
    """Who answers at a path: pages for their methods, the API for everything else that is asked."""
    if page_door is None:
        assert door is not None
        return door.serve, frozenset(), door.serve
    return page_door.serve, frozenset(page_door.allowed), door.serve if door is not None else page_door.serve


def _handler(serving: Mapping[str, tuple[Serving, frozenset[str], Serving]]) -> Any:
    """Register doors as a plain ASGI handler: the hot routes then cost no dependency tree per request.

    One for all paths: the framework reads the signature of each handler that it is given.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        serve_page, page_methods, serve_rest = serving[scope["path_template"]]
        exchange = Exchange.of(scope)
        try:
            await (serve_page if exchange.method in page_methods else serve_rest)(scope, receive, send)
        except ClientGone:
            # Kept from the framework, which would make a fault of ours of it, or answer nobody.
            exchange.status = CLIENT_GONE

    return asgi([_PARAMETER.sub(r"{\1:str}", path) for path in serving], copy_scope=False)(serve)


class _Refused:
    """What Litestar itself refuses (no such path), in our error form."""

    def __init__(self, public_url: str, exchange: Exchange, error: Exception) -> None:
        self._public_url = public_url
        self._exchange = exchange
        self._error = error

    def to_asgi_response(self, **_: object) -> ASGIResponse:
        """The answer that Litestar sends."""
        error = self._error
        if isinstance(error, HTTPException) and 400 <= error.status_code < 500:
            error = TransportRefused("NOT_FOUND", "There is nothing at this address.")
        else:
            log_crash(error, request_id=self._exchange.request_id, route=self._exchange.route)
        reply = problem_reply(
            error,
            base_url=self._public_url,
            instance=self._exchange.instance,
            request_id=self._exchange.request_id,
        )
        return ASGIResponse(
            body=reply.body,
            status_code=problem_for(error).status,
            media_type="application/problem+json",
            headers={name.decode("ascii"): value.decode("latin-1") for name, value in reply.headers},
        )
