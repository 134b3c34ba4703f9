"""The guard: messages refused for their form, and what every answer carries."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.web.exchange import Exchange, new_request_id
from sealwright.web.guard import Guard, send_reply
from sealwright.web.reply import Reply, json_reply
from tests.web.client import Client

OFFICE = "https://office.example"


class Echo:
    """An application behind the guard that tells what it was given, or breaks."""

    def __init__(self, reply: Reply | None = None, error: Exception | None = None) -> None:
        self.reply = reply
        self.error = error
        self.seen: list[Exchange] = []
        self.paths: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        self.seen.append(Exchange.of(scope))
        self.paths.append(scope["path"])
        if self.error is not None:
            raise self.error
        await send_reply(send, self.reply or json_reply({"ok": True}))


def client(echo: Echo, **options: Any) -> Client:
    guard = Guard(echo, public_url=options.pop("public_url", OFFICE), trusted_proxies=(), **options)
    return Client(guard)


def test_every_answer_is_dressed() -> None:
    with client(Echo()) as caller:
        answer = caller.call("GET", "/x")
    assert answer.status == 200
    assert len(answer.headers["x-request-id"]) == 26
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert "strict-transport-security" in answer.headers
    assert "access-control-allow-origin" not in answer.headers
    assert "server" not in answer.headers


def test_hsts_is_for_https_only() -> None:
    with client(Echo(), public_url="http://127.0.0.1:8000") as caller:
        assert "strict-transport-security" not in caller.call("GET", "/x").headers


def test_a_reply_keeps_its_own_caching_and_policy() -> None:
    own = ((b"cache-control", b"public, max-age=60"), (b"content-security-policy", b"default-src 'self'"))
    with client(Echo(json_reply({}, headers=own))) as caller:
        answer = caller.call("GET", "/x")
    assert answer.headers["cache-control"] == "public, max-age=60"
    assert answer.headers["content-security-policy"] == "default-src 'self'"


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        pytest.param([(f"x-{n}", "v") for n in range(101)], 431, "HEADERS_TOO_LARGE", id="too many"),
        pytest.param([("x-a", "v" * 8193)], 431, "HEADERS_TOO_LARGE", id="one too large"),
        pytest.param([(f"x-{n}", "v" * 8000) for n in range(5)], 431, "HEADERS_TOO_LARGE", id="all too large"),
        pytest.param([("host", "other.example")], 400, "INVALID_HEADER", id="two hosts"),
        pytest.param([("authorization", "a"), ("authorization", "b")], 400, "INVALID_HEADER", id="two authorizations"),
        pytest.param([("content-type", "a/b"), ("content-type", "a/b")], 400, "INVALID_HEADER", id="two types"),
        pytest.param([("content-length", "5"), ("content-length", "5")], 400, "INVALID_HEADER", id="two lengths"),
        pytest.param([("content-length", "+5")], 400, "INVALID_HEADER", id="no length"),
        pytest.param(
            [("content-length", "5"), ("transfer-encoding", "chunked")], 400, "INVALID_HEADER", id="length and chunks"
        ),
    ],
)
def test_head_that_is_refused(headers: list[tuple[str, str]], status: int, code: str) -> None:
    echo = Echo()
    with client(echo) as caller:
        answer = caller.call("GET", "/x", headers=headers)
    assert (answer.status, answer.code) == (status, code)
    assert answer.headers["connection"] == "close"
    assert not echo.seen


def test_long_address_is_refused() -> None:
    with client(Echo()) as caller:
        assert caller.call("GET", "/x?" + "a" * 9000).code == "URI_TOO_LONG"


@pytest.mark.parametrize("path", ["/x/", "//x", "/x//y"])
def test_second_spelling_of_an_address_is_not_found(path: str) -> None:
    with client(Echo()) as caller:
        assert caller.call("GET", path).code == "NOT_FOUND"


def test_path_reaches_the_router_as_it_was_sent() -> None:
    echo = Echo()
    with client(echo) as caller:
        caller.call("GET", "/a/b%2Fc")
    assert echo.paths == ["/a/b%2Fc"]


def test_crash_is_a_problem_without_a_trace() -> None:
    with client(Echo(error=RuntimeError("canary-secret"))) as caller:
        answer = caller.call("GET", "/x")
    assert (answer.status, answer.code) == (500, "INTERNAL")
    assert b"canary" not in answer.body
    assert answer.json()["requestId"] == answer.headers["x-request-id"]


def test_observer_hears_of_every_exchange() -> None:
    heard: list[tuple[str, str, int]] = []

    def observe(route: str, method: str, status: int, _seconds: float) -> None:
        heard.append((route, method, status))

    with client(Echo(), observe=observe) as caller:
        caller.call("GET", "/x")
        caller.call("GET", "/x/")
    assert heard == [("unmatched", "GET", 200), ("unmatched", "GET", 404)]


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        pytest.param("198.51.100.9", None, "198.51.100.9", id="nobody forwards"),
        pytest.param("198.51.100.9", "192.0.2.1", "198.51.100.9", id="a stranger's word does not count"),
        pytest.param("10.0.0.1", "192.0.2.1", "192.0.2.1", id="a proxy's word counts"),
        pytest.param("10.0.0.1", "6.6.6.6, 192.0.2.1, 10.0.0.2", "192.0.2.1", id="only what our proxies saw"),
        pytest.param("10.0.0.1", "forged, junk", "10.0.0.1", id="junk ends the chain"),
        pytest.param("2001:db8:1:2:3:4:5:6", None, "2001:db8:1:2::", id="IPv6 counts by network"),
        pytest.param("::ffff:192.0.2.7", None, "192.0.2.7", id="mapped IPv4 is IPv4"),
        pytest.param("not an address", None, "unknown", id="no address"),
    ],
)
def test_address_for_limits(peer: str, forwarded: str | None, expected: str) -> None:
    echo = Echo()
    guard = Guard(echo, public_url=OFFICE, trusted_proxies=("10.0.0.0/8",))
    headers = [("x-forwarded-for", forwarded)] if forwarded else []
    with Client(guard, address=peer) as caller:
        caller.call("GET", "/x", headers=headers)
    assert echo.seen[0].address == expected


def test_request_ids_are_ordered_by_time_and_never_alike() -> None:
    made = [new_request_id() for _ in range(2_000)]
    assert len(set(made)) == len(made)
    assert [one[:9] for one in made] == sorted(one[:9] for one in made)


def test_long_answer_goes_out_in_parts() -> None:
    parts = (b"line\n" for _ in range(40_000))
    with client(Echo(Reply(200, media_type=b"application/x-ndjson", stream=parts))) as caller:
        answer = caller.call("GET", "/x")
    assert len(answer.body) == 200_000
    assert "content-length" not in answer.headers
