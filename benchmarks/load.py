"""A light load generator: clients on kept-alive connections that send ready-made bytes, each waiting for its answer.

It does as little as can be done per request, since it works on the same cores as what it measures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle
from typing import Final, cast

import uvloop

ANSWER_SECONDS: Final = 30
_LENGTH: Final = b"content-length:"


class WrongAnswer(Exception):
    """The server answered otherwise than expected; the text begins with its status line."""


@dataclass(slots=True)
class Load:
    """What a run of requests took.

    Args:
        seconds: From the first request to the last answer.
        latencies: Seconds of each answered request, in no order.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)

    @property
    def per_second(self) -> float:
        """Answered requests a second."""
        return len(self.latencies) / self.seconds

    def percentile_milliseconds(self, share: float) -> float:
        """What so large a share of the requests stayed within."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


class _Client(asyncio.Protocol):
    """One connection: sends, waits for the whole answer, sends again, until told to stop."""

    def __init__(
        self, requests: Sequence[bytes], expected: bytes, more: Callable[[], bool], latencies: list[float]
    ) -> None:
        self._requests = cycle(requests)
        self._expected = expected
        self._more = more
        self._latencies = latencies
        self._buffer = bytearray()
        self._needed = 0
        self._sent = 0.0
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are Transports in all but the class they are made of.
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if not self._needed:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            self._needed = head + 4 + _content_length(bytes(self._buffer[:head]))
        if len(self._buffer) < self._needed:
            return
        self._latencies.append(time.perf_counter() - self._sent)
        if not self._buffer.startswith(self._expected):
            self._end(WrongAnswer(bytes(self._buffer[:600]).decode(errors="replace")))
            return
        self._buffer.clear()
        self._needed = 0
        self._send()

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or WrongAnswer("the server closed the connection"))

    def _send(self) -> None:
        if self._more():
            self._sent = time.perf_counter()
            self._transport.write(next(self._requests))
        else:
            self._end(None)

    def _end(self, error: Exception | None) -> None:
        if self.finished.done():
            return
        if error is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(error)
        self._transport.close()


def drive(
    host: str,
    port: int,
    request: bytes | Sequence[bytes],
    *,
    clients: int,
    count: int | None = None,
    seconds: float | None = None,
    expected: bytes = b"HTTP/1.1 201",
) -> Load:
    """Send a request again and again over several connections.

    Args:
        host: Where to, a loopback address.
        port: Its port.
        request: Head and body as they go over the wire; several are dealt out to the clients, and each
            sends its own in turn.
        clients: Connections, each with one request under way.
        count: How many requests to send in all; or
        seconds: how long to go on sending.
        expected: How each answer begins.

    Raises:
        WrongAnswer: One answer was another; the first is told.
    """
    if host not in {"127.0.0.1", "::1", "localhost"}:
        raise ValueError(f"A load goes to this machine only, not to {host}")
    load = Load()
    requests = (request,) if isinstance(request, bytes) else tuple(request)
    uvloop.run(_drive(load, host, port, requests, clients, count, seconds, expected))
    return load


def _given(client: _Client) -> _Client:
    return client


def _content_length(head: bytes) -> int:
    at = head.lower().find(_LENGTH)
    if at < 0:
        raise WrongAnswer("an answer without Content-Length: " + head[:200].decode(errors="replace"))
    return int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])


async def _drive(
    load: Load,
    host: str,
    port: int,
    requests: Sequence[bytes],
    clients: int,
    count: int | None,
    seconds: float | None,
    expected: bytes,
) -> None:
    loop = asyncio.get_running_loop()
    left = count if count is not None else -1
    start = time.perf_counter()
    end = start + seconds if seconds is not None else float("inf")

    def more() -> bool:
        nonlocal left
        if left == 0 or time.perf_counter() >= end:
            return False
        left -= 1
        return True

    protocols = []
    for number in range(clients):
        client = _Client(requests[number::clients] or requests[:1], expected, more, load.latencies)
        await loop.create_connection(partial(_given, client), host, port)
        protocols.append(client)
    limit = (seconds or 0) + ANSWER_SECONDS if count is None else None
    await asyncio.wait_for(asyncio.gather(*(protocol.finished for protocol in protocols)), limit)
    load.seconds = time.perf_counter() - start
