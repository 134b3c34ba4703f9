"""Messages of ours through the guard, to a server on loopback: any status is an answer, everything else is none."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping

import pytest

from sealwright.adapters.outbound import Allowance, GuardedOutbound
from sealwright.adapters.posting import GuardedPoster
from sealwright.domain.delivery_errors import UrlNotAllowed
from sealwright.services.delivery_ports import NotSent, Poster
from tests.adapters.test_outbound_loopback import Server
from tests.support.receivers import Received, loopback

HEADERS = {"Content-Type": "application/json", "webhook-id": "evt_1"}
BODY = b'{"a":1}'


def poster(*, seconds: float = 5.0) -> GuardedPoster:
    return GuardedPoster(GuardedOutbound(Allowance(frozenset({"127.0.0.1"})), deadline_seconds=seconds))


@pytest.fixture
def received() -> list[Received]:
    return []


@pytest.fixture
def address(received: list[Received]) -> Iterator[str]:
    def answer(path: str, headers: Mapping[str, str], body: bytes) -> int:
        received.append(Received(path, headers, body))
        return int(path.rpartition("/")[2])

    with loopback(answer) as url:
        yield url


@pytest.mark.parametrize("status", [200, 204, 302, 404, 410, 500, 503])
def test_any_status_is_an_answer_and_no_redirect_is_followed(
    status: int, address: str, received: list[Received]
) -> None:
    way: Poster = poster()
    assert way.post(f"{address}/{status}", BODY, HEADERS).status == status
    assert [(one.url, one.body) for one in received] == [(f"/{status}", BODY)]
    sent = received[0].headers
    assert (sent["webhook-id"], sent["content-type"], sent["user-agent"]) == ("evt_1", "application/json", "sealwright")
    assert "cookie" not in sent
    assert "authorization" not in sent


def test_of_a_huge_answer_only_the_beginning_is_read() -> None:
    def flood(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 10000000000\r\n\r\n")
        for _ in range(10_000):
            connection.sendall(b"x" * 65_536)

    posted = poster().post(f"http://127.0.0.1:{Server(flood).port}/", BODY, HEADERS)
    assert (posted.status, len(posted.body)) == (200, 65_536)


@pytest.mark.parametrize(
    ("header", "told"),
    [
        (b"Retry-After: 120\r\n", "120"),
        (b"retry-after: Sun, 06 Nov 1994 08:49:37 GMT\r\nRetry-After: 1\r\n", "Sun, 06 Nov 1994 08:49:37 GMT"),
        (b"Retry-After: " + b"9" * 5_000 + b"\r\n", "9" * 64),
        (b"", None),
    ],
)
def test_an_answer_tells_when_to_come_again(header: bytes, told: str | None) -> None:
    def busy(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 503 Busy\r\n" + header + b"Content-Length: 0\r\n\r\n")

    posted = poster().post(f"http://127.0.0.1:{Server(busy).port}/", BODY, HEADERS)
    assert (posted.status, posted.retry_after) == (503, told)


def test_who_answers_too_late_has_not_answered() -> None:
    def drip(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n")
        while True:
            connection.recv(1)
            connection.sendall(b"x")

    def silent(connection: socket.socket) -> None:
        connection.recv(65_536)
        connection.recv(65_536)

    for answer in (drip, silent):
        with pytest.raises(NotSent) as refused:
            poster(seconds=0.3).post(f"http://127.0.0.1:{Server(answer).port}/", BODY, HEADERS)
        assert refused.value.reason == "timeout"


def test_a_broken_connection_is_no_answer() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    for url in (f"http://127.0.0.1:{port}/", f"http://127.0.0.1:{Server(socket.socket.close).port}/"):
        with pytest.raises(NotSent) as refused:
            poster().post(url, BODY, HEADERS)
        assert refused.value.reason == "refused"


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.2/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "http://1.1.1.1/",
        "https://user@1.1.1.1/",
        "https://0x7f000001/",
        "file:///etc/passwd",
    ],
)
def test_where_we_do_not_go_is_refused_at_registration_and_at_each_use(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        poster().judge(url)
    with pytest.raises(NotSent) as refused:
        poster().post(url, BODY, HEADERS)
    assert refused.value.reason == "address"
