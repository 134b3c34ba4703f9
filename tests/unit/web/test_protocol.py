"""The server's protocol over a real socket: heads that do not end, and what is no HTTP."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from sealwright.web import protocol
from sealwright.web.guard import Guard
from sealwright.web.protocol import protocol_for
from tests.unit.web.test_guard import Echo

OFFICE = "https://office.example"
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Any]


def over_a_socket(talk: Talk) -> Any:
    """Serve one application on a free port and talk to it."""

    async def run() -> Any:
        guard = Guard(Echo(), public_url=OFFICE, trusted_proxies=())
        config = uvicorn.Config(guard, interface="asgi3", ws="none", lifespan="off", log_config=None)
        config.load()
        kind, state = protocol_for(OFFICE), ServerState()
        server = await asyncio.get_running_loop().create_server(
            lambda: kind(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            try:
                return await asyncio.wait_for(talk(reader, writer), 20)
            finally:
                writer.close()

    return asyncio.run(run())


def parsed(answer: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines[1:])
    return int(lines[0].split()[1]), headers, json.loads(body) if body else {}


def sent(data: bytes) -> tuple[int, dict[str, str], dict[str, Any]]:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(data)
        return await reader.read()

    return parsed(over_a_socket(talk))


def test_good_request_is_answered() -> None:
    status, headers, body = sent(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert (status, body) == (200, {"ok": True})
    assert "server" not in headers


def test_several_requests_share_a_connection() -> None:
    one = b"GET /x HTTP/1.1\r\nHost: a\r\n\r\n"
    last = b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(one)
        await reader.readuntil(b'{"ok":true}')
        writer.write(one + last)
        return await reader.read()

    assert over_a_socket(talk).count(b'{"ok":true}') == 2


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00", id="TLS"),
        pytest.param(b"GET /x HTTP/1.1\r\nHost a\r\n\r\n", id="header without colon"),
        pytest.param(b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", id="length is no number"),
        pytest.param(
            b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", id="two lengths"
        ),
    ],
)
def test_what_is_no_http_is_refused_as_a_problem(data: bytes) -> None:
    status, headers, body = sent(data)
    assert (status, body["code"]) == (400, "INVALID_HEADER")
    assert headers["content-type"] == "application/problem+json"
    assert body["requestId"] == headers["x-request-id"]


@pytest.mark.parametrize("hosts", [b"Host: a\r\nHost: b\r\n", b"", b"Host: a/b\r\n"], ids=["two", "none", "malformed"])
def test_host_stands_once_and_in_form(hosts: bytes) -> None:
    status, _, body = sent(b"GET /x HTTP/1.1\r\n" + hosts + b"\r\n")
    assert (status, body["code"]) == (400, "INVALID_HEADER")


def test_header_of_megabytes_is_cut_off() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[int, bytes]:
        writer.write(b"GET /x HTTP/1.1\r\nHost: a\r\nX-Big: ")
        taken = 0
        try:
            for _ in range(64):
                writer.write(b"v" * 65_536)
                await writer.drain()
                taken += 65_536
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        try:
            return taken, await reader.read()
        except ConnectionError:
            return taken, b""

    _, answer = over_a_socket(talk)
    # The connection may be reset before the answer is read; what must not happen is that it goes on.
    if answer:
        status, _, body = parsed(answer)
        assert (status, body["code"]) == (431, "HEADERS_TOO_LARGE")


def test_slow_head_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)
    status, _, body = sent(b"GET /x HTTP/1.1\r\nHost: a\r\nX-Slow")
    assert (status, body["code"]) == (408, "REQUEST_TIMEOUT")


def test_silent_connection_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.05)

    async def talk(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> bytes:
        return await reader.read()

    assert over_a_socket(talk) == b""
