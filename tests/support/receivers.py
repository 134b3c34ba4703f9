"""Receivers of webhooks: one that takes the place of the network, one on loopback, and what they make of a message."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from sealwright.domain.delivery_errors import UrlNotAllowed
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.webhooks import Webhook
from sealwright.services.delivery_ports import NotSent, Posted
from sealwright.services.notice_words import InboxEntry
from sealwright.services.office import Office
from sealwright.services.webhooks import WebhookWish

HOOK: Final = "https://hooks.example/in"
TOLERANCE_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Received:
    """One message as it came."""

    url: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The message as JSON."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value

    @property
    def message_id(self) -> str:
        """The id under which a receiver tells repetitions apart."""
        return self.headers["webhook-id"]


@dataclass
class Letterbox:
    """Stands in for the way out: keeps what is posted, and answers what it is told to.

    Args:
        answers: A status for each post; a text is a failure without an answer. Beyond it, 204.
    """

    answers: list[int | str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    closed: frozenset[str] = frozenset()

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Posted:
        self.received.append(Received(url, dict(headers), body))
        answer = self.answers.pop(0) if self.answers else 204
        if isinstance(answer, str):
            raise NotSent(answer)
        return Posted(answer, b"")

    def judge(self, url: str) -> None:
        if url in self.closed:
            raise UrlNotAllowed("not there")

    @property
    def kinds(self) -> list[str]:
        """The kinds of what came, in order."""
        return [one.event["type"] for one in self.received]

    def stand_in(self, office: Office) -> Letterbox:
        """Take the place of an office's way out."""
        office.dispatching._poster = self
        office.webhooks._poster = self
        return self


def is_signed(received: Received, secret: str, now: datetime) -> bool:
    """Check a message the way a receiver does, written from the text of Standard Webhooks alone."""
    stamp = received.headers["webhook-timestamp"]
    if abs(now.timestamp() - int(stamp)) > TOLERANCE_SECONDS:
        return False
    key = base64.b64decode(secret[len("whsec_") :], validate=True)
    signed = b".".join([received.message_id.encode(), stamp.encode(), received.body])
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    versions = [one.split(",", 1) for one in received.headers["webhook-signature"].split(" ")]
    return any(version == "v1" and hmac.compare_digest(value, expected) for version, value in versions)


def hook(office: Office, caller: Caller, *events: str, url: str = HOOK) -> tuple[Webhook, str]:
    """Add an endpoint; gives it with its secret."""
    wish = WebhookWish(url=url, events=events or ("*",))
    office.webhooks.judge(caller, url)
    return office.acts.run(caller, lambda uow, me: office.webhooks.create(uow, me, wish))


def told_of_pauses(office: Office, caller: Caller) -> list[InboxEntry]:
    """What a person's inbox says of endpoints that paused by themselves."""
    found = office.notices.inbox_in(caller, "en").items
    return [one for one in found if one.notice.kind is NoticeKind.WEBHOOK_PAUSED]


@contextmanager
def loopback(answer: Callable[[str, Mapping[str, str], bytes], int]) -> Iterator[str]:
    """A receiver on loopback; gives its address.

    Args:
        answer: Gets path, headers in lower case and body of each message; gives the status.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            status = answer(self.path, {name.lower(): value for name, value in self.headers.items()}, body)
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
