"""The one door to the network: where we may go for a stranger, and how much we carry home.

An address is parsed once, by our own parser, and its name resolved once; every address it has is judged before
a socket opens, and the socket goes to a judged one while TLS and Host keep the name. Nothing here follows
redirects, reads proxies or credentials from the environment, keeps cookies, or unpacks anything. We drive the
HTTP engine below the usual client, so that none of these has to be switched off.
"""

from __future__ import annotations

import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NoReturn

import httpcore2

from sealwright.adapters.addresses import IPAddress, IPNetwork, is_public, parse_address

DEADLINE_SECONDS: Final = 5.0
CALLS_PER_HOST: Final = 4
CALLS_IN_ALL: Final = 32
_MOST_ADDRESSES: Final = 16
_MOST_URL_CHARACTERS: Final = 2048
_READ_BYTES: Final = 16_384
# Of this header; every form of a date is shorter.
_MOST_RETRY_AFTER: Final = 64
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]{2,45}\]|[a-z0-9.-]{1,253})(?::(?P<port>[0-9]{1,5}))?"
    r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?:\?(?P<query>[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*))?"
)
_LABEL: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER: Final = re.compile(r"[0-9]+|0x[0-9a-f]*")

Resolve = Callable[[str, int], Sequence[str]]


class FetchRefused(Exception):
    """Nothing was fetched. The caller of the office learns no more than that; `reason` is a code for our own log."""

    def __init__(self, reason: str) -> None:
        super().__init__("could not be fetched")
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Target:
    """A parsed address: `host` in lower case, without brackets; `target` is path and query as sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def is_secure(self) -> bool:
        """Tell whether TLS is spoken."""
        return self.scheme == "https"


@dataclass(frozen=True, slots=True)
class Allowance:
    """What may be reached although private, and over plain http: hosts by exact name, and address ranges."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[IPNetwork, ...] = ()

    def covers(self, host: str, addresses: Iterable[IPAddress]) -> bool:
        """Tell whether a host is named, or each of its addresses lies in an allowed range."""
        return host in self.hosts or all(self.covers_address(address) for address in addresses)

    def covers_address(self, address: IPAddress) -> bool:
        """Tell whether an address lies in an allowed range."""
        return any(address.version == network.version and address in network for network in self.networks)


def parse_target(url: str) -> Target:
    """Read an address in the one form that leaves no room for two readings.

    Raises:
        FetchRefused: Another scheme, user info, fragment, a number where a name stands, or characters that
            would have to be encoded.
    """
    match = _URL.fullmatch(_lower_authority(url)) if len(url) <= _MOST_URL_CHARACTERS else None
    if match is None:
        raise FetchRefused("url")
    host = match["host"].strip("[]")
    if match["host"].startswith("["):
        try:
            host = str(parse_address(host))
        except ValueError:
            raise FetchRefused("url") from None
    elif not _is_name_or_address(host):
        raise FetchRefused("url")
    port = int(match["port"] or (443 if match["scheme"] == "https" else 80))
    if not 0 < port < 65_536:
        raise FetchRefused("url")
    query = "" if match["query"] is None else f"?{match['query']}"
    return Target(match["scheme"], host, port, (match["path"] or "/") + query)


def _lower_authority(url: str) -> str:
    scheme, separator, rest = url.partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme.lower()}{separator}{authority.lower()}{slash}{path}"


def _is_name_or_address(host: str) -> bool:
    labels = host.split(".")
    if not all(_LABEL.fullmatch(label) for label in labels):
        return False
    if not _NUMBER.fullmatch(labels[-1]):
        return True
    # What ends in a number is an IPv4 address, or one of the short, octal and hexadecimal spellings that resolvers
    # still take; only the plain spelling passes.
    try:
        return str(parse_address(host)) == host
    except ValueError:
        return False


def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Every address that the operating system knows for a name, in its order of preference."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class _Question:
    """What is asked of an address, and how much of an answer is carried home.

    Args:
        takes_any: Every answered status is an answer, of any type; more bytes than `max_bytes` are left unread.
    """

    method: str
    accept: str
    max_bytes: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    takes_any: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """A status and the first bytes of a body.

    Args:
        retry_after: The beginning of the header of that name, as it came.
    """

    status: int
    body: bytes
    retry_after: str | None = None


@dataclass(slots=True)
class _Deadline:
    ends_at: float

    def remaining(self) -> float:
        """Seconds left; raises FetchRefused when none are."""
        left = self.ends_at - time.monotonic()
        if left <= 0:
            raise FetchRefused("deadline")
        return left


@dataclass(slots=True)
class _Lanes:
    """Counts calls under way, so that a stranger cannot turn us against one host or use up our threads."""

    per_host: int
    in_all: int
    _under_way: dict[str, int] = field(default_factory=dict)
    _change: threading.Condition = field(default_factory=threading.Condition)

    @contextmanager
    def lane(self, host: str, deadline: _Deadline) -> Generator[None]:
        """Wait for a place, no longer than the deadline."""
        with self._change:
            while self._under_way.get(host, 0) >= self.per_host or sum(self._under_way.values()) >= self.in_all:
                self._change.wait(deadline.remaining())
            self._under_way[host] = self._under_way.get(host, 0) + 1
        try:
            yield
        finally:
            with self._change:
                self._under_way[host] -= 1
                if not self._under_way[host]:
                    del self._under_way[host]
                self._change.notify_all()


class GuardedOutbound:
    """Fetches for strangers within the limits of one deadline, few bytes and judged addresses.

    Args:
        allowance: Private targets and plain-http hosts that the operator allows; empty by default.
        deadline_seconds: For the whole exchange, from waiting for a place to the last byte.
        resolve: Name and port to addresses, in order of preference.
        tls: Trust for TLS; the system's by default.
    """

    def __init__(
        self,
        allowance: Allowance | None = None,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        resolve: Resolve = resolve_by_system,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allowance = allowance or Allowance()
        self._deadline_seconds = deadline_seconds
        self._resolve = resolve
        self._tls = tls
        self._tls_lock = threading.Lock()
        self._lanes = _Lanes(CALLS_PER_HOST, CALLS_IN_ALL)

    def fetch(self, url: str, *, accept: str, max_bytes: int, authorization: str | None = None) -> bytes:
        """Get the body of a clean 200.

        Args:
            url: https; http only where the operator allows it.
            accept: Media types separated by commas, as sent; the answer must have one of them.
            max_bytes: Most bytes of body; one more is a refusal.
            authorization: Credentials, for an address that the operator has set up.

        Raises:
            FetchRefused: Anything else, without detail.
        """
        headers = () if authorization is None else (("Authorization", authorization),)
        return self._ask(_Question("GET", accept, max_bytes, headers), url).body

    def post_form(self, url: str, form: bytes, *, authorization: str, accept: str, max_bytes: int) -> bytes:
        """Post a urlencoded form with credentials of our own to an address that the operator has set up.

        Raises:
            FetchRefused: Anything but a clean 200, without detail.
        """
        headers = (("Authorization", authorization), ("Content-Type", "application/x-www-form-urlencoded"))
        return self._ask(_Question("POST", accept, max_bytes, headers, form), url).body

    def get(self, url: str, headers: Mapping[str, str], *, max_bytes: int) -> Answer:
        """Get whatever an address that its caller has chosen answers, of any status and type.

        Raises:
            FetchRefused: Nothing was answered, without detail.
        """
        return self._ask(_Question("GET", "*/*", max_bytes, tuple(headers.items()), takes_any=True), url)

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, max_bytes: int) -> Answer:
        """Post a message of ours; whatever status is answered is an answer, and the rest of a long body stays unread.

        Raises:
            FetchRefused: Nothing was answered, without detail.
        """
        return self._ask(_Question("POST", "*/*", max_bytes, tuple(headers.items()), body, takes_any=True), url)

    def _ask(self, question: _Question, url: str) -> Answer:
        target = parse_target(url)
        deadline = _Deadline(time.monotonic() + self._deadline_seconds)
        with self._lanes.lane(target.host, deadline):
            addresses = self._judged_addresses(target, deadline)
            return self._exchange(target, addresses, deadline, question)

    def judge(self, url: str) -> None:
        """Judge an address when it is registered; it is judged again at each use. Raises FetchRefused."""
        target = parse_target(url)
        deadline = _Deadline(time.monotonic() + self._deadline_seconds)
        with self._lanes.lane(target.host, deadline):
            self._judged_addresses(target, deadline)

    def _judged_addresses(self, target: Target, deadline: _Deadline) -> Sequence[IPAddress]:
        try:
            addresses: Sequence[IPAddress] = (parse_address(target.host),)
        except ValueError:
            addresses = self._addresses_of(target, deadline)
        if not addresses:
            raise FetchRefused("name")
        is_allowed = self._allowance.covers(target.host, addresses)
        if not is_allowed and not target.is_secure:
            raise FetchRefused("scheme")
        # One private address among public ones is how a name is turned against us, so one spoils them all.
        if not is_allowed and not all(
            is_public(address) or self._allowance.covers_address(address) for address in addresses
        ):
            raise FetchRefused("address")
        return addresses

    def _addresses_of(self, target: Target, deadline: _Deadline) -> Sequence[IPAddress]:
        answer: Future[Sequence[str]] = Future()

        def look_up() -> None:
            try:
                answer.set_result(self._resolve(target.host, target.port))
            except Exception as error:  # noqa: BLE001  (handed over to the waiting thread)
                answer.set_exception(error)

        # The system's resolver takes no deadline, so it is left behind in a thread of its own when it is late.
        threading.Thread(target=look_up, name="outbound-look-up", daemon=True).start()
        try:
            found = answer.result(deadline.remaining())
            if len(found) > _MOST_ADDRESSES:
                raise FetchRefused("name")
            return [parse_address(text) for text in found]
        except (OSError, ValueError, UnicodeError, TimeoutError) as error:
            raise FetchRefused("name") from error

    def _trust(self) -> ssl.SSLContext:
        # Loading the system's authorities takes longer than a call, so it is done once, and only if ever needed.
        with self._tls_lock:
            if self._tls is None:
                self._tls = httpcore2.default_ssl_context()
            return self._tls

    def _exchange(
        self, target: Target, addresses: Sequence[IPAddress], deadline: _Deadline, question: _Question
    ) -> Answer:
        pool = httpcore2.ConnectionPool(
            ssl_context=self._trust(),
            network_backend=_JudgedBackend(addresses, deadline),
            max_connections=1,
            max_keepalive_connections=0,
        )
        host = f"[{target.host}]" if ":" in target.host else target.host
        is_default_port = target.port == (443 if target.is_secure else 80)
        headers = [
            ("Host", host if is_default_port else f"{host}:{target.port}"),
            ("Accept", question.accept),
            ("Accept-Encoding", "identity"),
            ("User-Agent", "sealwright"),
            ("Connection", "close"),
            *question.headers,
        ]
        if question.body is not None:
            headers.append(("Content-Length", str(len(question.body))))
        # Given in parts, so that no second parser reads the address in its own way.
        url = httpcore2.URL(scheme=target.scheme, host=target.host, port=target.port, target=target.target)
        try:
            with pool, pool.stream(question.method, url, headers=headers, content=question.body) as response:
                if not question.takes_any:
                    _check_head(response, question.accept, question.max_bytes)
                return Answer(response.status, _read(response, question), _retry_after(response))
        except (httpcore2.TimeoutException, TimeoutError) as error:
            raise FetchRefused("deadline") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.UnsupportedProtocol, OSError) as error:
            raise FetchRefused("exchange") from error


def _read(response: httpcore2.Response, question: _Question) -> bytes:
    body = bytearray()
    for chunk in response.iter_stream():
        body += chunk
        if len(body) > question.max_bytes:
            if not question.takes_any:
                raise FetchRefused("size")
            break
    return bytes(body[: question.max_bytes])


def _retry_after(response: httpcore2.Response) -> str | None:
    found = [value for name, value in response.headers if name.lower() == b"retry-after"]
    return found[0][:_MOST_RETRY_AFTER].decode("latin-1") if found else None


def _check_head(response: httpcore2.Response, accept: str, max_bytes: int) -> None:
    if response.status != 200:
        raise FetchRefused("status")
    fields = [(name.lower(), value.decode("latin-1").strip().lower()) for name, value in response.headers]
    values = {name: [value for other, value in fields if other == name] for name, _ in fields}
    # A packed answer was not asked for; unpacking one is how a kilobyte becomes a gigabyte.
    if any(value != "identity" for value in values.get(b"content-encoding", [])):
        raise FetchRefused("encoding")
    types = values.get(b"content-type", [])
    wanted = {item.split(";")[0].strip().lower() for item in accept.split(",")}
    if len(types) != 1 or types[0].split(";")[0].strip() not in wanted:
        raise FetchRefused("type")
    if any(not value.isdigit() or int(value[:16]) > max_bytes for value in values.get(b"content-length", [])):
        raise FetchRefused("size")


class _JudgedBackend(httpcore2.NetworkBackend):
    """Opens connections to the judged addresses only, whatever name it is asked for."""

    def __init__(self, addresses: Sequence[IPAddress], deadline: _Deadline) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._engine = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,  # noqa: ARG002  (resolved and judged before; asking again could give another answer)
        port: int,
        timeout: float | None = None,  # noqa: ARG002  (the one deadline counts)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """Try the addresses in order, each with an even share of the time that is left."""
        for position, address in enumerate(self._addresses):
            share = self._deadline.remaining() / (len(self._addresses) - position)
            try:
                stream = self._engine.connect_tcp(str(address), port, share, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
            return _DeadlineStream(stream, self._deadline)
        raise httpcore2.ConnectError("no address answered")

    def connect_unix_socket(
        self,
        path: str,  # noqa: ARG002
        timeout: float | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> NoReturn:
        """Refused: a stranger's address is never a file of ours."""
        raise httpcore2.UnsupportedProtocol("sockets of the file system are not for strangers")

    def sleep(self, seconds: float) -> None:
        """Not used: nothing is tried twice."""


class _DeadlineStream(httpcore2.NetworkStream):
    """A connection whose every step may take what is left of the one deadline, so that drops of bytes end too."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: _Deadline) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        """Read within the deadline."""
        return self._stream.read(min(max_bytes, _READ_BYTES), self._deadline.remaining())

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """Write within the deadline."""
        self._stream.write(buffer, self._deadline.remaining())

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> httpcore2.NetworkStream:
        """Shake hands within the deadline; the certificate is checked against the name, not the address."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.remaining())
        return _DeadlineStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> object:
        """Pass on what the engine asks of the socket."""
        return self._stream.get_extra_info(info)
