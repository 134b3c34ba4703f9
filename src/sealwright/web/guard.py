"""The outermost layer: what is refused for its form as an HTTP message, and what every answer carries.

The framework behind this guard parses JSON whatever its content type says, ignores content codings and
has an error form of its own; the server in front passes headers of megabytes. So everything that concerns
the message itself is decided here, before anything else reads it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import re
import time
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from sealwright.web.exchange import SCOPE_KEY, Exchange, new_request_id
from sealwright.web.logs import log_crash
from sealwright.web.problems import problem_reply
from sealwright.web.refusals import TransportRefused
from sealwright.web.reply import Reply

if TYPE_CHECKING:
    from litestar.types import ASGIApp, Receive, Send

    Message = Any
    Observer = Callable[[str, str, int, float], None]

MAX_HEADERS: Final = 100
MAX_HEADERS_BYTES: Final = 32 * 1024
MAX_HEADER_BYTES: Final = 8 * 1024
MAX_URL_BYTES: Final = 8 * 1024

# Two of these would let two readers see two requests.
_SINGLE: Final = frozenset(
    {
        b"host",
        b"content-length",
        b"content-type",
        b"content-encoding",
        b"transfer-encoding",
        b"authorization",
        b"if-match",
        b"dpop",
        b"origin",
    }
)
_HOST: Final = re.compile(rb"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")
_CLOSE: Final = ((b"connection", b"close"),)
_PART_BYTES: Final = 64 * 1024

_SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
_CSP: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_NO_STORE: Final = (b"cache-control", b"no-store")
_HSTS: Final = (b"strict-transport-security", b"max-age=31536000")
_PUBLIC_READ: Final = (
    (b"access-control-allow-origin", b"*"),
    (b"access-control-expose-headers", b"ETag, X-Request-Id, Retry-After, WWW-Authenticate, DPoP-Nonce"),
)


class Guard:
    """Wraps the application: admits an exchange, or refuses it; dresses every answer.

    Args:
        public_url: Base of problem types; https turns on HSTS.
        trusted_proxies: Address ranges whose ``X-Forwarded-For`` counts.
        observe: Told route template, method, status and seconds of each exchange.
        begin_to_end: Lets streams end; called from a signal's handler, before the server waits for open exchanges.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        public_url: str,
        trusted_proxies: Sequence[str],
        observe: Observer | None = None,
        begin_to_end: Callable[[], None] = lambda: None,
    ) -> None:
        self._app = app
        self._public_url = public_url
        self._proxies = tuple(ipaddress.ip_network(range_) for range_ in trusted_proxies)
        self._observe = observe
        self.begin_to_end = begin_to_end
        self._everywhere = (*_SECURITY_HEADERS, *((_HSTS,) if public_url.startswith("https://") else ()))

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Serve one ASGI connection."""
        if scope["type"] != "http":
            # There are no WebSockets here; the lifespan belongs to the application.
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1000, "reason": ""})
                return
            await self._app(scope, receive, send)
            return
        exchange, refusal = self._admit(scope)
        scope[SCOPE_KEY] = exchange
        dressed = self._dress(exchange, send)
        try:
            if refusal is not None:
                await send_reply(dressed, self._problem(exchange, refusal))
            else:
                await self._app(scope, receive, dressed)
        except Exception as error:  # noqa: BLE001 - the last resort: whatever breaks, no trace may leave
            log_crash(error, request_id=exchange.request_id, route=exchange.route)
            if exchange.status == 0:
                await send_reply(dressed, self._problem(exchange, error))
        finally:
            if self._observe is not None:
                self._observe(exchange.route, exchange.method, exchange.status, time.perf_counter() - exchange.started)

    def _problem(self, exchange: Exchange, error: Exception) -> Reply:
        return problem_reply(
            error, base_url=self._public_url, instance=exchange.instance, request_id=exchange.request_id
        )

    def _admit(self, scope: Any) -> tuple[Exchange, TransportRefused | None]:
        """Read the head of the message once; the refusal, if any, is the first that applies."""
        raw_path: bytes = scope.get("raw_path") or scope["path"].encode("utf-8")
        raw_path = raw_path.partition(b"?")[0]
        headers: dict[bytes, bytes] = {}
        keys: list[bytes] = []
        repeated = False
        total = 0
        widest = 0
        for name, value in scope["headers"]:
            size = len(name) + len(value)
            total += size
            widest = max(widest, size)
            if name in headers and name in _SINGLE:
                repeated = True
            if name == b"idempotency-key":
                keys.append(value)
            if name == b"x-forwarded-for" and name in headers:
                headers[name] += b"," + value
            else:
                headers[name] = value
        path = raw_path.decode("latin-1")
        exchange = Exchange(
            request_id=new_request_id(),
            method=scope["method"],
            instance=path[:MAX_URL_BYTES] if path.isascii() else quote(path[:MAX_URL_BYTES]),
            headers=headers,
            idempotency_keys=keys,
            address=self._address(scope, headers),
        )
        refusal = _refusal(
            fields=len(scope["headers"]),
            total=total,
            widest=widest,
            url=len(raw_path) + len(scope["query_string"]),
            repeated=repeated,
            headers=headers,
            needs_host=scope.get("http_version") == "1.1",
        )
        if refusal is None and path != "/" and (path.endswith("/") or "//" in path or not path.isascii()):
            # The router would forgive these; two spellings of one address are one too many.
            refusal = TransportRefused("NOT_FOUND", "There is nothing at this address.")
        # Routes match the path as it was sent: an encoded slash inside an identifier is not a separator.
        scope["path"] = path
        return exchange, refusal

    def _address(self, scope: Any, headers: dict[bytes, bytes]) -> str:
        """The caller's address for limits; IPv6 callers count by their /64."""
        client = scope.get("client")
        address = _ip(client[0] if client else "")
        if address is None:
            return "unknown"
        if self._proxies and b"x-forwarded-for" in headers and any(address in range_ for range_ in self._proxies):
            # From the right: the first that is not a proxy of ours is what our proxies have seen.
            for hop in reversed(headers[b"x-forwarded-for"].decode("latin-1").split(",")):
                forwarded = _ip(hop.strip())
                if forwarded is None:
                    break
                address = forwarded
                if not any(forwarded in range_ for range_ in self._proxies):
                    break
        return _limit_unit(address)

    def _dress(self, exchange: Exchange, send: Send) -> Send:
        """Wrap `send` so that every answer carries what every answer must carry."""
        everywhere = self._everywhere

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                exchange.status = message["status"]
                headers = list(message["headers"])
                names = {name for name, _ in headers}
                headers.append((b"x-request-id", exchange.request_id.encode("ascii")))
                headers.extend(item for item in everywhere if item[0] not in names)
                if _CSP[0] not in names:
                    headers.append(_CSP)
                if _NO_STORE[0] not in names:
                    headers.append(_NO_STORE)
                if exchange.is_public_read:
                    headers = [item for item in headers if item[0] != b"cross-origin-resource-policy"]
                    headers.extend((*_PUBLIC_READ, (b"cross-origin-resource-policy", b"cross-origin")))
                message = {**message, "headers": headers}
            await send(message)

        return dressed


def _limit_unit(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, 64), strict=False).network_address)
    return str(address)


@lru_cache(maxsize=1024)
def _ip(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _refusal(
    *, fields: int, total: int, widest: int, url: int, repeated: bool, headers: dict[bytes, bytes], needs_host: bool
) -> TransportRefused | None:
    if fields > MAX_HEADERS or total > MAX_HEADERS_BYTES or widest > MAX_HEADER_BYTES:
        return TransportRefused("HEADERS_TOO_LARGE", "The headers are too many or too large.", headers=_CLOSE)
    if url > MAX_URL_BYTES:
        return TransportRefused("URI_TOO_LONG", "The address is longer than 8 KiB.", headers=_CLOSE)
    fault = (
        "A header that must stand once was sent twice." if repeated else _contradiction(headers, needs_host=needs_host)
    )
    return TransportRefused("INVALID_HEADER", fault, headers=_CLOSE) if fault is not None else None


def _contradiction(headers: dict[bytes, bytes], *, needs_host: bool) -> str | None:
    if b"transfer-encoding" in headers and b"content-length" in headers:
        return "The length of the body is given in two ways."
    host = headers.get(b"host")
    if needs_host if host is None else _HOST.fullmatch(host) is None:
        return "The Host header is absent or malformed."
    length = headers.get(b"content-length")
    if length is not None and not length.isdigit():
        return "The Content-Length header is not a number."
    return None


async def send_reply(send: Send, reply: Reply, *, body: bool = True) -> None:
    """Send a whole answer; without its body for HEAD."""
    headers = list(reply.headers)
    if reply.media_type is not None:
        headers.append((b"content-type", reply.media_type))
    if reply.stream is None and reply.status not in {204, 304}:
        headers.append((b"content-length", b"%d" % len(reply.body)))
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    if reply.stream is not None and body:
        while part := await asyncio.to_thread(_next_part, reply.stream):
            await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": reply.body if body else b"", "more_body": False})


def _next_part(stream: Iterator[bytes]) -> bytes:
    """Some of a long body: enough that sending it is worth the trouble; empty at the end."""
    parts: list[bytes] = []
    size = 0
    for part in stream:
        parts.append(part)
        size += len(part)
        if size >= _PART_BYTES:
            break
    return b"".join(parts)
