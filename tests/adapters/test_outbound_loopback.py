"""The guarded way out against a server on loopback: what comes home is a clean, small, timely 200 or nothing."""

from __future__ import annotations

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sealwright.adapters.outbound import Allowance, FetchRefused, GuardedOutbound

HERE = Allowance(frozenset({"office.example"}))
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
Answer = Callable[[socket.socket], None]


class Server:
    """Answers each connection on loopback by the script it was given, and keeps what was asked."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.tls = tls
        self.requests: list[bytes] = []
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection: socket.socket) -> None:
        try:
            connection.settimeout(5)
            if self.tls is not None:
                connection = self.tls.wrap_socket(connection, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request:
                part = connection.recv(4096)
                if not part:
                    return
                request += part
            self.requests.append(request)
            self.answer(connection)
        except OSError:
            pass
        finally:
            connection.close()

    def close(self) -> None:
        self.socket.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(answer: Answer | bytes, tls: ssl.SSLContext | None = None) -> Server:
        script: Answer = (lambda connection: connection.sendall(answer)) if isinstance(answer, bytes) else answer
        servers.append(Server(script, tls))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def to_loopback(host: str, port: int) -> Sequence[str]:
    return ["127.0.0.1"]


def outbound(allowance: Allowance = HERE, **options: object) -> GuardedOutbound:
    return GuardedOutbound(allowance, resolve=to_loopback, **options)  # type: ignore[arg-type]


def fetch(server: Server, way: GuardedOutbound | None = None, *, max_bytes: int = 1000, scheme: str = "http") -> bytes:
    url = f"{scheme}://office.example:{server.port}/did.json?x=1"
    return (way or outbound()).fetch(url, accept="application/json, application/did+json", max_bytes=max_bytes)


@pytest.mark.parametrize(
    "answer",
    [
        OK + b'Content-Length: 7\r\n\r\n{"a":1}',
        OK + b'Transfer-Encoding: chunked\r\n\r\n3\r\n{"a\r\n4\r\n":1}\r\n0\r\n\r\n',
        OK + b'\r\n{"a":1}',
        b'HTTP/1.1 200 OK\r\nContent-Type: Application/DID+JSON; charset=utf-8\r\n\r\n{"a":1}',
        b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b'Content-Encoding: identity\r\n\r\n{"a":1}',
    ],
    ids=["length", "chunked", "until closed", "other type", "early hints"],
)
def test_clean_answers_are_carried_home(serve: Callable[..., Server], answer: bytes) -> None:
    assert fetch(serve(answer)) == b'{"a":1}'


def test_request_shows_name_and_nothing_of_ours(serve: Callable[..., Server], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    server = serve(OK + b"Set-Cookie: a=b\r\nContent-Length: 2\r\n\r\n{}")
    way = outbound()
    fetch(server, way)
    fetch(server, way)
    for request in server.requests:
        lines = request.decode().split("\r\n")
        assert lines[0] == "GET /did.json?x=1 HTTP/1.1"
        assert sorted(line.split(":")[0].lower() for line in lines[1:] if line) == [
            "accept",
            "accept-encoding",
            "connection",
            "host",
            "user-agent",
        ]
        assert f"Host: office.example:{server.port}" in lines
        assert "Accept-Encoding: identity" in lines
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 204 No Content\r\nContent-Type: application/json\r\n\r\n",
        b"HTTP/1.1 206 Partial Content\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 304 Not Modified\r\nContent-Type: application/json\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n{}",
        OK.replace(b"application/json", b"text/html") + b"Content-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"Content-Type: text/html\r\nContent-Length: 2\r\n\r\n{}",
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"{}"),
        OK + b"Content-Encoding: identity, br\r\n\r\n{}",
        OK + b"Content-Length: 1001\r\n\r\n" + b"x" * 1001,
        OK + b"Content-Length: 99999999999999999999\r\n\r\n",
        OK + b"\r\n" + b"x" * 1001,
        OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"3e9\r\n" + b"x" * 1001 + b"\r\n0\r\n\r\n",
        OK + b"Content-Length: 10\r\n\r\n{}",
        OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\n{}",
        OK + b"X: " + b"x" * 200_000 + b"\r\n\r\n{}",
        b"SSH-2.0-OpenSSH_9\r\n",
        b"",
    ],
    ids=[
        "404",
        "204",
        "206",
        "304",
        "101",
        "HTML",
        "no type",
        "two types",
        "gzip",
        "br",
        "long by its word",
        "endless by its word",
        "long",
        "long chunk",
        "short of its word",
        "chunk cut off",
        "huge header",
        "no HTTP",
        "nothing",
    ],
)
def test_other_answers_are_refused(serve: Callable[..., Server], answer: bytes) -> None:
    with pytest.raises(FetchRefused, match="could not be fetched"):
        fetch(serve(answer))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(serve: Callable[..., Server], status: int) -> None:
    other = serve(OK + b"Content-Length: 2\r\n\r\n{}")
    location = f"Location: http://office.example:{other.port}/\r\n".encode()
    server = serve(f"HTTP/1.1 {status} Moved\r\n".encode() + location + b"Content-Length: 0\r\n\r\n")
    with pytest.raises(FetchRefused):
        fetch(server)
    assert other.requests == []


def test_body_of_exactly_the_limit_passes(serve: Callable[..., Server]) -> None:
    assert len(fetch(serve(OK + b"\r\n" + b"x" * 1000))) == 1000


def drip(data: bytes) -> Answer:
    def answer(connection: socket.socket) -> None:
        for position in range(len(data)):
            connection.sendall(data[position : position + 1])
            threading.Event().wait(0.02)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        drip(OK + b"X: " + b"x" * 500),
        drip(OK + b"\r\n" + b"x" * 500),
        lambda connection: threading.Event().wait(3),
    ],
    ids=["head in drops", "body in drops", "silence"],
)
def test_one_deadline_holds_for_the_whole_exchange(serve: Callable[..., Server], answer: Answer) -> None:
    began = time.monotonic()
    with pytest.raises(FetchRefused):
        fetch(serve(answer), outbound(deadline_seconds=0.4))
    assert time.monotonic() - began < 2


def test_endless_body_is_cut_at_the_limit(serve: Callable[..., Server]) -> None:
    sent: list[int] = []

    def answer(connection: socket.socket) -> None:
        connection.sendall(OK + b"\r\n")
        for _ in range(2000):
            connection.sendall(b"x" * 65_536)
            sent.append(1)

    with pytest.raises(FetchRefused):
        fetch(serve(answer))
    assert len(sent) < 2000


def test_without_the_operator_loopback_is_not_reached(serve: Callable[..., Server]) -> None:
    server = serve(OK + b"\r\n{}")
    for allowance in (Allowance(), Allowance(networks=(ip_network("10.0.0.0/8"),))):
        for scheme in ("http", "https"):
            with pytest.raises(FetchRefused):
                fetch(server, outbound(allowance), scheme=scheme)
    assert server.requests == []


def test_name_is_asked_once_so_a_second_answer_cannot_lead_elsewhere(serve: Callable[..., Server]) -> None:
    server = serve(OK + b"\r\n{}")
    answers = iter([["127.0.0.1"], ["10.0.0.1"]])
    way = GuardedOutbound(HERE, resolve=lambda host, port: next(answers))
    assert fetch(server, way) == b"{}"
    assert next(answers) == ["10.0.0.1"]


def test_next_address_is_tried_when_one_does_not_answer(serve: Callable[..., Server]) -> None:
    server = serve(OK + b"\r\n{}")
    way = GuardedOutbound(HERE, resolve=lambda host, port: ["127.0.0.2", "127.0.0.1"])
    assert fetch(server, way) == b"{}"


def test_closed_port_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as spare:
        port = spare.getsockname()[1]
    with pytest.raises(FetchRefused):
        outbound().fetch(f"http://office.example:{port}/", accept="application/json", max_bytes=10)


class Authority:
    """A certificate authority of one test, and the trust in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test authority")])
        self.certificate = self._sign(self.name, self.key.public_key(), x509.BasicConstraints(True, None))

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePublicKey, extension: x509.ExtensionType) -> x509.Certificate:
        now = datetime.now(UTC)
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
            .sign(self.key, hashes.SHA256())
        )

    def server(self, host: str) -> ssl.SSLContext:
        """A server's context with a certificate for `host`."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        certificate = self._sign(name, key.public_key(), x509.SubjectAlternativeName([x509.DNSName(host)]))
        path = self.folder / f"{host}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def trust(self) -> ssl.SSLContext:
        """A client's context that trusts this authority alone."""
        return ssl.create_default_context(cadata=self.certificate.public_bytes(serialization.Encoding.PEM).decode())


def test_tls_keeps_the_name_while_the_socket_goes_to_the_address(serve: Callable[..., Server], tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    names: list[str | None] = []
    context = authority.server("office.example")
    context.sni_callback = lambda sock, name, ctx: names.append(name)
    server = serve(OK + b'\r\n{"a":1}', context)
    assert fetch(server, outbound(tls=authority.trust()), scheme="https") == b'{"a":1}'
    assert names == ["office.example"]
    assert b"Host: office.example:" in server.requests[0]


def test_certificate_of_another_name_or_authority_is_refused(serve: Callable[..., Server], tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    other_name = serve(OK + b"\r\n{}", authority.server("other.example"))
    with pytest.raises(FetchRefused):
        fetch(other_name, outbound(tls=authority.trust()), scheme="https")
    unknown = serve(OK + b"\r\n{}", authority.server("office.example"))
    with pytest.raises(FetchRefused):
        fetch(unknown, outbound(), scheme="https")
    assert other_name.requests == []
    assert unknown.requests == []


def test_silent_handshake_ends_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        with pytest.raises(FetchRefused):
            outbound(deadline_seconds=0.4).fetch(
                f"https://office.example:{silent.getsockname()[1]}/", accept="application/json", max_bytes=10
            )
        assert time.monotonic() - began < 2
