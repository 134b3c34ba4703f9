"""An HTTP client that speaks ASGI in this process: what it sends is what a server would hand on."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

Header = tuple[str, str]


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The problem's code; empty for an answer that is no problem."""
        if self.headers.get("content-type") != "application/problem+json":
            return ""
        return str(self.json()["code"])

    @property
    def pointers(self) -> list[str]:
        """Where the problem's faults are."""
        return [fault["pointer"] for fault in self.json()["errors"]]


class Client:
    """Calls an ASGI application on a loop of its own; use as a context manager, so that its lifespan runs."""

    def __init__(self, app: Any, *, address: str = "203.0.113.7") -> None:
        self._app = app
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._lifespan_in: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._lifespan_out: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._lifespan: asyncio.Task[None] | None = None

    def __enter__(self) -> Client:
        self._loop.run_until_complete(self._turn("startup"))
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.run_until_complete(self._turn("shutdown"))
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    async def _turn(self, phase: str) -> None:
        if self._lifespan is None:
            self._lifespan = asyncio.ensure_future(
                self._app({"type": "lifespan", "state": {}}, self._lifespan_in.get, self._lifespan_out.put)
            )
        await self._lifespan_in.put({"type": f"lifespan.{phase}"})
        message = await self._lifespan_out.get()
        assert message["type"] == f"lifespan.{phase}.complete", message

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        token: str | None = None,
        headers: Iterable[Header] = (),
        raw: bytes | Sequence[bytes] | None = None,
        length: int | None = None,
        content_type: str | None = "application/json",
        stalls: bool = False,
    ) -> Answer:
        """Make one call.

        Args:
            body: A JSON value, sent as such.
            raw: The body's bytes instead; a sequence is sent in chunks without a length.
            length: A Content-Length that differs from the truth.
            stalls: The body never ends.
        """
        request = self._request(method, path, body, token, headers, raw, length, content_type, stalls=stalls)
        return self._loop.run_until_complete(request)

    def together(self, *calls: dict[str, Any]) -> list[Answer]:
        """Make several calls at once."""

        async def all_of_them() -> list[Answer]:
            return list(await asyncio.gather(*(self._request(**_defaults(call)) for call in calls)))

        return self._loop.run_until_complete(all_of_them())

    async def _request(
        self,
        method: str,
        path: str,
        body: object,
        token: str | None,
        headers: Iterable[Header],
        raw: bytes | Sequence[bytes] | None,
        length: int | None,
        content_type: str | None,
        stalls: bool = False,
    ) -> Answer:
        parts = _parts(body, raw)
        sent: list[tuple[bytes, bytes]] = [(b"host", b"127.0.0.1:8000")]
        if parts is not None:
            if content_type is not None:
                sent.append((b"content-type", content_type.encode()))
            if isinstance(raw, bytes | None):
                size = sum(map(len, parts)) if length is None else length
                sent.append((b"content-length", str(size).encode()))
            else:
                sent.append((b"transfer-encoding", b"chunked"))
        if token is not None:
            sent.append((b"authorization", f"Bearer {token}".encode()))
        sent += [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        target, _, query = path.partition("?")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": unquote(target),
            "raw_path": quote(target, safe="/%:@!$&'()*+,;=~-._").encode("ascii"),
            "query_string": query.encode("latin-1"),
            "root_path": "",
            "headers": sent,
            "client": (self._address, 50000),
            "server": ("127.0.0.1", 8000),
            "state": {},
        }
        return await self._exchange(scope, list(parts or [b""]), stalls=stalls)

    async def _exchange(self, scope: dict[str, Any], parts: list[bytes], *, stalls: bool) -> Answer:
        pending = parts[:]
        started: dict[str, Any] = {}
        body = bytearray()
        # Streams go on for ever: whoever only wants to know how they begin hangs up then.
        hung_up = asyncio.Event()

        async def receive() -> dict[str, Any]:
            if pending:
                part = pending.pop(0)
                return {"type": "http.request", "body": part, "more_body": stalls or bool(pending)}
            await hung_up.wait()
            return {"type": "http.disconnect"}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
                if (b"content-type", b"text/event-stream") in message["headers"]:
                    hung_up.set()
            else:
                body.extend(message.get("body", b""))

        await self._app(scope, receive, send)
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in started["headers"]}
        return Answer(started["status"], headers, bytes(body))


def _parts(body: object, raw: bytes | Sequence[bytes] | None) -> list[bytes] | None:
    if raw is not None:
        return [raw] if isinstance(raw, bytes) else list(raw)
    return None if body is None else [json.dumps(body).encode()]


def _defaults(call: dict[str, Any]) -> dict[str, Any]:
    blank = {
        "body": None,
        "token": None,
        "headers": (),
        "raw": None,
        "length": None,
        "content_type": "application/json",
    }
    return {**blank, **call}
