"""The application: the route table as Litestar handlers, behind the guard."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from litestar import Litestar
from litestar.exceptions import HTTPException
from litestar.handlers import asgi
from litestar.response.base import ASGIResponse

from sealwright.web.door import Door
from sealwright.web.exchange import Exchange
from sealwright.web.guard import Guard
from sealwright.web.logs import log_crash
from sealwright.web.problems import problem_for, problem_reply
from sealwright.web.refusals import TransportRefused
from sealwright.web.route import Route
from sealwright.web.routes import ROUTES, by_path

if TYPE_CHECKING:
    from litestar import Request
    from litestar.types import ASGIApp, Receive, Scope, Send

    from sealwright.services.office import Office

HANDLER_THREADS: Final = 16
_PARAMETER: Final = re.compile(r"\{(\w+)\}")

Hook = Callable[[], None]


def build_app(
    office: Office,
    *,
    on_startup: Sequence[Hook] = (),
    on_shutdown: Sequence[Hook] = (),
    routes: tuple[Route, ...] = ROUTES,
) -> ASGIApp:
    """Build the whole ASGI application over an office.

    Args:
        on_startup: Called when the server starts, before the first request.
        on_shutdown: Called after the last request, in order.
    """
    executor = ThreadPoolExecutor(HANDLER_THREADS, thread_name_prefix="web")

    def end_threads() -> None:
        executor.shutdown(wait=False, cancel_futures=True)

    app = litestar_app(office, executor, routes, on_startup=on_startup, on_shutdown=(*on_shutdown, end_threads))
    return Guard(
        _without_method(app),
        public_url=office.public_url,
        trusted_proxies=office.limits.trusted_proxies,
        observe=office.metrics.observe_request,
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
    *,
    on_startup: Sequence[Hook] = (),
    on_shutdown: Sequence[Hook] = (),
) -> Litestar:
    """The application without its guard: one handler for each path of the table."""
    doors = [Door(office, executor, group) for group in by_path(routes).values()]

    def refused(request: Request[Any, Any, Any], error: Exception) -> Any:
        return _Refused(office.public_url, Exchange.of(request.scope), error)

    return Litestar(
        route_handlers=[_handler(door) for door in doors],
        exception_handlers={Exception: refused},
        on_startup=list(on_startup),
        on_shutdown=list(on_shutdown),
        openapi_config=None,
        logging_config=None,
        debug=False,
    )


def _handler(door: Door) -> Any:
    """Register a door as a plain ASGI handler: the hot routes then cost no dependency tree per request."""

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        await door.serve(scope, receive, send)

    return asgi(_PARAMETER.sub(r"{\1:str}", door.path), copy_scope=False)(serve)


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
