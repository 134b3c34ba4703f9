"""The page door: the one sequence of checks that every page passes.

Method, size and kind of body, setup, session, account role, rate, same origin and form token, fields; then the
handler, then the answer with the headers that every page has. What is refused is told in plain words.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlencode, urlsplit

from sealwright.domain.errors import (
    CsrfFailed,
    FreshSignInRequired,
    NotFound,
    NotSignedIn,
    OfficeClosed,
    RateLimitExceeded,
    RoleRequired,
    SetupRequired,
    StoreUnavailable,
)
from sealwright.web.auth.cookies import read_cookie
from sealwright.web.auth.form_token import unmasked
from sealwright.web.auth.same_origin import CSRF_FIELD, own_origins, require_same_origin
from sealwright.web.body import has_body, read_body, refuse_oversize
from sealwright.web.door import decode_segment
from sealwright.web.exchange import Exchange
from sealwright.web.guard import send_reply
from sealwright.web.incoming import IncomingBody
from sealwright.web.logs import log_crash, log_refusal
from sealwright.web.panel.appearance import appearance_of, read_small_cookie
from sealwright.web.panel.coding import compressed
from sealwright.web.panel.file_form import FRAME_BYTES
from sealwright.web.panel.form_reading import FORM_BYTES, read_form, read_pairs, refuse_foreign_form
from sealwright.web.panel.one_click import is_one_click
from sealwright.web.panel.page_call import LOGIN, PageCall
from sealwright.web.panel.page_headers import page_headers
from sealwright.web.panel.page_route import PageAudience, PageHandler, PageRoute
from sealwright.web.panel.refusal_pages import refusal_page
from sealwright.web.panel.toasts import COOKIE as TOAST_COOKIE
from sealwright.web.panel.toasts import is_own_path, toast_from
from sealwright.web.problems import INTERNAL, problem_for
from sealwright.web.refusals import ClientGone, TransportRefused
from sealwright.web.reply import HTML, Reply
from sealwright.web.waiting import answer_of

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

    from sealwright.domain.people import Caller
    from sealwright.services.office import Office

# An attachment of the largest size, and the form around it.
UPLOAD_BYTES: Final = 11 * 1024 * 1024
# What app.js sends along when it reads by itself, not because somebody did something.
UNASKED: Final = b"sealwright-unasked"
_CLOSE: Final = (b"connection", b"close")


class PageDoor:
    """Serves the pages of one path."""

    def __init__(self, office: Office, executor: Executor, routes: Sequence[PageRoute]) -> None:
        self.path = routes[0].path
        self._office = office
        self._executor = executor
        self._routes = {route.method: route for route in routes}
        # Once true, always true: setting up ends for good.
        self._office_is_set_up = False

    @property
    def allowed(self) -> set[str]:
        """The methods that are offered here; HEAD goes with GET."""
        return {*self._routes, *(("HEAD",) if "GET" in self._routes else ())}

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal is turned into its page here."""
        exchange = Exchange.of(scope)
        exchange.route = self.path
        method = exchange.method
        route = self._routes.get("GET" if method == "HEAD" else method, next(iter(self._routes.values())))
        page = PageCall(self._office, route, exchange, {}, self._executor, appearance_of(exchange))
        try:
            if method not in self.allowed:
                allow = ", ".join(sorted(self.allowed)).encode("ascii")
                raise TransportRefused(
                    "METHOD_NOT_ALLOWED", "This page is not asked for so.", headers=((b"allow", allow),)
                )
            page.query_string = scope["query_string"].decode("latin-1")
            page.params = {name: decode_segment(value) for name, value in _path_params(scope).items()}
            raw = await self._body(page, receive)
            async with asyncio.timeout(route.deadline_seconds):
                reply = await self._answer(page, raw, scope["query_string"])
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - one exception table for everything that a call can raise
            reply = await self._refused(page, error)
            if route.streams and _CLOSE not in reply.headers:
                # The rest of the body may still be on its way: nobody takes it any more.
                reply = reply.with_headers(_CLOSE)
        if reply.media_type == HTML:
            reply = compressed(reply, exchange.header(b"accept-encoding"))
        reply = reply.with_headers(*page_headers(reply, uses_camera=route.uses_camera), *exchange.limits)
        await send_reply(send, reply, body=method != "HEAD")

    async def _body(self, page: PageCall, receive: Receive) -> bytes:
        """The body of a form; what streams is left to the handler."""
        route, exchange = page.route, page.exchange
        if route.method == "GET" or not has_body(exchange):
            return b""
        limit = route.body_bytes or (UPLOAD_BYTES if route.uploads else FORM_BYTES)
        if route.streams:
            limit = self._office.bulk.limits.rows_bytes + FRAME_BYTES
        refuse_oversize(exchange, limit)
        # Mail programs may send either encoding.
        refuse_foreign_form(exchange, uploads=route.uploads or route.streams or route.one_click is not None)
        if route.streams:
            page.body = IncomingBody(receive, limit)
            return b""
        return await read_body(receive, limit)

    async def _answer(self, page: PageCall, raw: bytes, query: bytes) -> Reply:
        route, exchange = page.route, page.exchange
        if route.one_click is not None and is_one_click(exchange, raw):
            return await self._by_mail_program(page, route.one_click)
        page.query = route.query.read(read_pairs(query) if route.query.fields else (), judged=False)
        await self._setup_gate(route)
        cookie = read_cookie(exchange, self._office.public_url)
        if cookie is not None and route.is_counted:
            await self._sign_in(page, cookie)
        page.toast = toast_from(read_small_cookie(exchange, TOAST_COOKIE))
        if (elsewhere := self._admit(page)) is not None:
            return elsewhere
        await self._count(page)
        if route.method == "POST":
            require_same_origin(page.exchange, self._office.public_url)
            if not route.streams:
                self._take_form(page, raw)
        if inspect.iscoroutinefunction(route.handler):
            return await cast("Awaitable[Reply]", route.handler(page))
        return cast("Reply", await page.in_thread(lambda: route.handler(page)))

    async def _by_mail_program(self, page: PageCall, handler: PageHandler) -> Reply:
        """Answer one click: what it may do stands in its address alone, so no cookie is looked at and none is set."""
        await self._setup_gate(page.route)
        await self._count(page)
        return cast("Reply", await page.in_thread(lambda: handler(page)))

    async def _setup_gate(self, route: PageRoute) -> None:
        """Before setup only the setup answers; after it, never again."""
        is_setup = route.audience is PageAudience.SETUP
        if route.before_setup and not is_setup:
            return
        if not self._office_is_set_up:
            self._office_is_set_up = await asyncio.get_running_loop().run_in_executor(
                self._executor, lambda: self._office.registry.current().is_initialized()
            )
        if is_setup and self._office_is_set_up:
            raise NotFound("The office is set up.")
        if not is_setup and not self._office_is_set_up:
            raise SetupRequired("The office has not been set up yet.")

    async def _sign_in(self, page: PageCall, cookie: str) -> None:
        office = self._office
        page.known_view = view = office.registry.view(await answer_of(office.gate.fresh_epoch()))
        is_use = not (page.route.quiet or (page.route.method == "GET" and page.exchange.header(UNASKED) is not None))
        caller: Caller | None = await page.in_thread(lambda: office.sessions.from_cookie(cookie, view, is_use=is_use))
        if caller is not None:
            page.signed_in = replace(caller, request_id=page.exchange.request_id)
            page.appearance = page.appearance.of(caller.person)

    def _admit(self, page: PageCall) -> Reply | None:
        """Let in, or send to sign in; refuses whoever is known but lacks the account role."""
        route = page.route
        if not route.audience.needs_session:
            return None
        if page.signed_in is None:
            if route.method == "POST":
                raise NotSignedIn("You are not signed in any more; nothing was saved.")
            wanted = f"{page.path}?{page.query_string}" if page.query_string else page.path
            return page.redirect(f"{LOGIN}?{urlencode({'next': wanted})}" if wanted != "/" else LOGIN)
        roles = route.audience.roles
        if roles and not any(page.signed_in.has_role(role) for role in roles):
            raise RoleRequired(f"This page needs the account role {' or '.join(roles)}.")
        if route.fresh:
            self._office.sessions.require_fresh(page.signed_in)
        return None

    async def _count(self, page: PageCall) -> None:
        """Count the call, as the API does; reading goes on where the counters are gone."""
        limits, caller = self._office.limits, page.signed_in
        if not page.route.is_counted:
            return
        if caller is None:
            name, limit = f"public:{page.exchange.address}", limits.rate_public_per_minute
        elif page.route.method == "POST":
            name, limit = f"write:{caller.bucket}", limits.rate_write_per_minute
        else:
            name, limit = f"read:{caller.bucket}", limits.rate_read_per_minute
        if limit == 0:
            return
        try:
            hit = await answer_of(self._office.gate.hit(name, limit))
        except OfficeClosed:
            if page.route.method == "GET":
                return
            raise
        if not hit.allowed:
            raise RateLimitExceeded(
                f"More than {hit.limit} calls a minute.", retry_after_seconds=max(1, hit.reset_seconds)
            )

    def _take_form(self, page: PageCall, raw: bytes) -> None:
        """Believe a post only if it carries the session's token, then read its fields."""
        sent, files = read_form(page.exchange, raw)
        tokens = [value for name, value in sent if name == CSRF_FIELD]
        if page.signed_in is not None:
            if len(tokens) != 1:
                raise CsrfFailed("The form's token is missing; load the page again.")
            self._office.sessions.check_csrf(page.signed_in, unmasked(tokens[0]))
        page.form = page.route.form.read([pair for pair in sent if pair[0] != CSRF_FIELD], files)
        if page.form.unknown:
            raise TransportRefused("UNKNOWN_FIELD", "The form holds a field that is not known here.")

    async def _refused(self, page: PageCall, error: Exception) -> Reply:
        exchange = page.exchange
        if isinstance(error, TimeoutError):
            error = StoreUnavailable("The page took too long and was given up.")
        problem = problem_for(error)
        if problem is INTERNAL:
            log_crash(error, request_id=exchange.request_id, route=exchange.route)
        self._office.metrics.count_refused(problem.code)
        if problem is not INTERNAL and problem.status >= 500:
            log_refusal(error, problem.code, request_id=exchange.request_id, route=exchange.route)
        if isinstance(error, FreshSignInRequired):
            target = page.here if page.route.method == "GET" else _came_from(page)
            return page.redirect(f"{LOGIN}?{urlencode({'again': 1, 'next': target})}")
        try:
            return await page.in_thread(lambda: refusal_page(page, error))
        except Exception as second:  # noqa: BLE001 - the store may be gone, and the shell asks it
            log_crash(second, request_id=exchange.request_id, route=exchange.route)
            return refusal_page(page, error, alone=True)


def _came_from(page: PageCall) -> str:
    """The page of ours that a post was sent from: what it held is typed again there, after signing in."""
    try:
        referer = urlsplit(page.exchange.header(b"referer") or "")
    except ValueError:
        return page.next_path()
    path = f"{referer.path}?{referer.query}" if referer.query else referer.path
    is_own = f"{referer.scheme}://{referer.netloc}" in own_origins(page.office.public_url)
    return path if is_own and is_own_path(path) else page.next_path()


def _path_params(scope: Scope) -> Mapping[str, Any]:
    # Where no route was found, none were read.
    return cast("Mapping[str, Any]", scope.get("path_params", {}))
