"""The door: the one sequence of checks that every call passes, in the order of the contract.

Method, size and kind of body, sign-in, account role, rate, syntax, shape; then the handler, then the answer.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import unquote_to_bytes

from sealwright.domain.errors import (
    NotSignedIn,
    OfficeClosed,
    RateLimitExceeded,
    RoleRequired,
    SetupRequired,
    StoreUnavailable,
)
from sealwright.domain.people import AccountRole
from sealwright.services.authorizing_parties import is_answered_for
from sealwright.services.registry import NotCached
from sealwright.web.auth.cookies import read_cookie
from sealwright.web.auth.form_token import unmasked
from sealwright.web.auth.same_origin import CSRF_HEADER, READING_METHODS, require_own_write
from sealwright.web.body import (
    has_body,
    read_body,
    refuse_foreign_content,
    refuse_foreign_stream,
    refuse_foreign_upload,
    refuse_oversize,
)
from sealwright.web.call import Call
from sealwright.web.exchange import Exchange
from sealwright.web.guard import send_reply
from sealwright.web.incoming import IncomingBody
from sealwright.web.live import send_live
from sealwright.web.logs import log_crash, log_refusal
from sealwright.web.panel.form_reading import refuse_foreign_form
from sealwright.web.problems import INTERNAL, problem_for, problem_reply
from sealwright.web.query import refuse_secrets
from sealwright.web.refusals import ClientGone, TransportRefused
from sealwright.web.reply import Reply
from sealwright.web.route import Audience, Bucket, Route
from sealwright.web.waiting import answer_of

if TYPE_CHECKING:
    from litestar.types import Receive, Scope, Send

    from sealwright.domain.people import Caller
    from sealwright.services.office import Limits, Office

# Bodies beyond this are parsed in a thread, so that they hold up nobody else.
LARGE_BODY_BYTES: Final = 32 * 1024
# What stands around a file in a form: boundaries, its head, small fields.
UPLOAD_FRAME_BYTES: Final = 64 * 1024
# One of these is needed.
_NEEDED_ROLES: Final[Mapping[Audience, tuple[AccountRole, ...]]] = {
    Audience.IMPROVER: (AccountRole.IMPROVER,),
    Audience.REVIEWER: (AccountRole.ISSUER,),
    Audience.PROPOSER: (AccountRole.PROPOSER,),
    Audience.VOTER: (AccountRole.VOTER,),
    Audience.PROPOSER_OR_VOTER: (AccountRole.PROPOSER, AccountRole.VOTER),
    Audience.ADMIN: (AccountRole.ADMIN,),
}
_CLOSE: Final = (b"connection", b"close")
_FOR_PEOPLE: Final = {Audience.PERSON, *_NEEDED_ROLES}
_Rate = tuple[str, Callable[["Limits"], int]]
_READING: Final[_Rate] = ("read", lambda limits: limits.rate_read_per_minute)
_RATES: Final[Mapping[Bucket, _Rate]] = {
    Bucket.ISSUE: ("issue", lambda limits: limits.rate_issue_per_minute),
    Bucket.BATCH: ("batch", lambda limits: limits.rate_batch_per_minute),
    Bucket.WRITE: ("write", lambda limits: limits.rate_write_per_minute),
    Bucket.ACT: ("act", lambda limits: limits.rate_act_per_minute),
}


class Door:
    """Serves all methods of one path."""

    def __init__(self, office: Office, executor: Executor, routes: Sequence[Route]) -> None:
        self.path = routes[0].path
        self._office = office
        self._executor = executor
        self._routes = {route.method: route for route in routes}
        # What is refused before a route is known is told as its neighbors tell it.
        self._words = next((route.words for route in routes if route.words is not None), None)
        self._is_async = {route.method: inspect.iscoroutinefunction(route.handler) for route in routes}
        self._allow = ", ".join(self.allowed).encode("ascii")
        # Once true, always true: setting up ends for good.
        self._office_is_set_up = False

    @property
    def allowed(self) -> list[str]:
        """The methods that are offered here; HEAD goes with GET, OPTIONS with what browsers may call across sites."""
        methods = set(self._routes)
        if "GET" in methods:
            methods.add("HEAD")
        if any(route.is_public_read for route in self._routes.values()):
            methods.add("OPTIONS")
        return sorted(methods)

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; every refusal is turned into its problem here."""
        exchange = Exchange.of(scope)
        exchange.route = self.path
        method = exchange.method
        route = self._routes.get("GET" if method == "HEAD" else method)
        try:
            if route is None:
                reply = self._other_method(exchange)
            else:
                exchange.is_public_read = route.is_public_read
                params = cast("Mapping[str, str]", scope["path_params"])
                # Taking the body in has a deadline of its own.
                raw = await self._body(route, exchange, receive)
                call = Call(self._office, route, exchange, _decoded(params), self._executor, raw=raw)
                if route.streamed_types:
                    call.incoming = IncomingBody(receive, self._office.bulk.limits.rows_bytes)
                async with asyncio.timeout(route.deadline_seconds):
                    reply = await self._answer(call, scope["query_string"])
        except ClientGone:
            raise
        except Exception as error:  # noqa: BLE001 - one exception table for everything that a call can raise
            reply = self._refused(route, exchange, error)
            if route is not None and route.streamed_types and _CLOSE not in reply.headers:
                # The rest of the body may still be on its way: nobody takes it any more.
                reply = reply.with_headers(_CLOSE)
        reply = reply.with_headers(*exchange.limits)
        if reply.live is not None:
            await send_live(reply.live, reply, send, receive if method != "HEAD" else None)
        else:
            await send_reply(send, reply, body=method != "HEAD")

    def _other_method(self, exchange: Exchange) -> Reply:
        if exchange.method == "OPTIONS" and "OPTIONS" in self.allowed:
            exchange.is_public_read = True
            allowed = (b"access-control-allow-methods", self._allow)
            read = b"Accept, If-None-Match"
            # Only wallets post across sites, and they bring their token along.
            headers = read if "GET" in self._routes else b"Accept, Authorization, Content-Type, DPoP"
            return Reply(
                204,
                media_type=None,
                headers=((b"allow", self._allow), allowed, (b"access-control-allow-headers", headers)),
            )
        raise TransportRefused(
            "METHOD_NOT_ALLOWED", "The method is not offered here.", headers=((b"allow", self._allow),)
        )

    async def _answer(self, call: Call, query: bytes) -> Reply:
        route, raw = call.route, call.raw
        if not route.open_before_setup:
            await self._require_setup()
        if query and route.audience is not Audience.DOCUMENT:
            refuse_secrets(query)
        if route.audience is not Audience.DOCUMENT:
            await self._sign_in(call)
        await self._count(call)
        call.query_text = query
        call.query = route.query.read(query)
        if route.body is not None:
            shape = route.body
            rows = route.carries_rows
            most = (rows, self._office.limits.batch_inline_max) if rows is not None else None
            large = len(raw) > LARGE_BODY_BYTES
            call.body = (
                await call.in_thread(lambda: shape.read(raw, most=most)) if large else shape.read(raw, most=most)
            )
        if self._is_async[route.method]:
            return await cast("Awaitable[Reply]", route.handler(call))
        return cast("Reply", await call.in_thread(lambda: route.handler(call)))

    async def _require_setup(self) -> None:
        if self._office_is_set_up:
            return
        is_set_up = await asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: self._office.registry.current().is_initialized()
        )
        if not is_set_up:
            raise SetupRequired("The office has not been set up yet.")
        self._office_is_set_up = True

    async def _body(self, route: Route, exchange: Exchange, receive: Receive) -> bytes:
        if route.method == "GET":
            return b""
        limit = self._most_bytes(route)
        announced = has_body(exchange)
        if announced:
            refuse_oversize(exchange, limit)
        if route.upload_bytes is not None:
            refuse_foreign_upload(exchange)
        elif route.is_form:
            refuse_foreign_form(exchange, uploads=False)
        elif route.streamed_types:
            refuse_foreign_stream(exchange, route.streamed_types)
            return b""
        elif route.takes_any_body:
            pass
        elif announced or (route.body is not None and not route.body.optional):
            refuse_foreign_content(exchange)
        return await read_body(receive, limit) if announced else b""

    def _most_bytes(self, route: Route) -> int:
        """How large the body of a call may be."""
        limits = self._office.limits
        if route.upload_bytes is not None:
            return route.upload_bytes + UPLOAD_FRAME_BYTES
        if route.streamed_types:
            return self._office.bulk.limits.rows_bytes
        return limits.batch_body_max_bytes if route.carries_rows is not None else limits.body_max_bytes

    async def _sign_in(self, call: Call) -> None:
        """Tell who calls: by the bearer token if there is one, else by the session cookie, never by both."""
        route = call.route
        header = call.exchange.header(b"authorization")
        caller = await self._by_token(call, header) if header is not None else await self._by_session(call)
        if caller is None:
            if route.audience is Audience.ANYONE:
                return
            raise NotSignedIn("A valid bearer token is needed: it is absent, wrong, expired or revoked.")
        call.signed_in = caller = replace(caller, request_id=call.exchange.request_id)
        if caller.is_key:
            if not route.takes_api_keys:
                raise NotSignedIn("API keys do not open this address.")
            if route.audience in _FOR_PEOPLE:
                raise RoleRequired("This act is for a signed-in person, not for an API key.")
        roles = _NEEDED_ROLES.get(route.audience)
        if roles is not None and not any(caller.has_role(role) for role in roles):
            raise RoleRequired(f"This act needs the {' or '.join(role.value for role in roles)} role.")
        if route.fresh and caller.session_id is not None:
            self._office.sessions.require_fresh(caller)

    async def _by_token(self, call: Call, header: str) -> Caller:
        office = self._office
        call.known_view = view = office.registry.view(await answer_of(office.gate.fresh_epoch()))
        try:
            caller = office.access.authenticate(header, view.cached())
        except NotCached:
            caller = await call.in_thread(lambda: office.access.authenticate(header, view))
        key = caller.api_key_id
        if key is not None and office.api_keys.is_use_due(key):
            await call.in_thread(lambda: office.api_keys.note_use(key))
        return caller

    async def _by_session(self, call: Call) -> Caller | None:
        """Who comes with a session cookie; a write also has to prove that a page of ours has sent it."""
        office, exchange, route = self._office, call.exchange, call.route
        value = read_cookie(exchange, office.public_url)
        token = exchange.header(CSRF_HEADER)
        is_write = exchange.method not in READING_METHODS
        if value is None or (is_write and token is None and route.audience is Audience.ANYONE):
            # What anyone may do is done for nobody in particular where a browser cannot prove that it meant it.
            return None
        call.known_view = view = office.registry.view(await answer_of(office.gate.fresh_epoch()))
        caller = await call.in_thread(lambda: office.sessions.from_cookie(value, view))
        if caller is not None and is_write:
            # As it stands in a page; masked, so that no two pages spell it alike.
            plain = unmasked(token) if token is not None else None
            require_own_write(exchange, office.public_url, office.sessions, caller, plain)
        return caller

    async def _count(self, call: Call) -> None:
        name, limit = await self._limit(call)
        if limit == 0:
            return
        try:
            hit = await answer_of(self._office.gate.hit(name, limit))
        except OfficeClosed:
            # Reading and verifying go on as long as they can when the store is gone; acts need the store anyway.
            if call.signed_in is None:
                return
            raise
        call.exchange.limits = (
            (b"ratelimit-limit", b"%d" % hit.limit),
            (b"ratelimit-remaining", b"%d" % hit.remaining),
            (b"ratelimit-reset", b"%d" % hit.reset_seconds),
        )
        if not hit.allowed:
            seconds = max(1, hit.reset_seconds)
            raise RateLimitExceeded(f"More than {hit.limit} calls a minute.", retry_after_seconds=seconds)

    async def _limit(self, call: Call) -> tuple[str, int]:
        """The bucket that counts a call, and how many calls a minute it takes; 0 for no limit."""
        limits, caller, bucket = self._office.limits, call.signed_in, call.route.bucket
        if bucket is Bucket.NONE:
            return "", 0
        if caller is None:
            return f"public:{call.exchange.address}", limits.rate_public_per_minute
        if bucket is Bucket.ACT and not await call.with_view(lambda view: is_answered_for(caller, view)):
            bucket = Bucket.WRITE
        if bucket is Bucket.ISSUE and caller.issue_per_minute is not None:
            return f"issue:{caller.bucket}", caller.issue_per_minute
        name, rate_of = _RATES.get(bucket, _READING)
        return f"{name}:{caller.bucket}", rate_of(limits)

    def _refused(self, route: Route | None, exchange: Exchange, error: Exception) -> Reply:
        if isinstance(error, TimeoutError):
            error = StoreUnavailable("The call took too long and was given up.")
        words = self._words if route is None else route.words
        if words is not None and (told := words.told(error)) is not None:
            self._office.metrics.count_refused(told)
            return words.reply(error, Reply(400))
        problem = problem_for(error)
        if problem is INTERNAL:
            log_crash(error, request_id=exchange.request_id, route=exchange.route)
        self._office.metrics.count_refused(problem.code)
        if problem is not INTERNAL and problem.status >= 500:
            log_refusal(error, problem.code, request_id=exchange.request_id, route=exchange.route)
        reply = problem_reply(
            error,
            base_url=self._office.public_url,
            instance=exchange.instance,
            request_id=exchange.request_id,
            document_at=route.document_at if route is not None else "",
        )
        return reply if words is None else words.reply(error, reply)


def _decoded(params: Mapping[str, Any]) -> Mapping[str, str]:
    return {name: decode_segment(value) for name, value in params.items()} if params else {}


def decode_segment(segment: str) -> str:
    """Decode one path segment that may be a DID, plain or percent-encoded.

    A plain ``did:web:host%3A8000`` holds an escape that belongs to the DID itself. Whoever encodes a DID for
    a path encodes its percent sign too, so an escaped colon behind plain colons is the DID's own.

    Raises:
        TransportRefused: NOT_FOUND for escapes that are not UTF-8, and for U+0000.
    """
    if "%" not in segment:
        return segment
    if segment.startswith("did:"):
        segment = segment.replace("%3A", "%253A").replace("%3a", "%253a")
    try:
        text = unquote_to_bytes(segment).decode("utf-8")
    except UnicodeDecodeError as error:
        raise TransportRefused("NOT_FOUND", "There is nothing at this address.") from error
    if "\x00" in text:
        raise TransportRefused("NOT_FOUND", "There is nothing at this address.")
    return text
