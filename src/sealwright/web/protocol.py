"""The server's HTTP protocol with the guards that an ASGI application comes too late for: slow and endless heads."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from sealwright.web.exchange import new_request_id
from sealwright.web.guard import MAX_HEADERS_BYTES, MAX_URL_BYTES
from sealwright.web.problems import problem_reply
from sealwright.web.refusals import TransportRefused

HEAD_SECONDS: Final = 10.0
# What no acceptable head reaches, with room for separators; the guard behind judges the exact limits.
MAX_HEAD_BYTES: Final = MAX_HEADERS_BYTES + MAX_URL_BYTES + 8 * 1024


class GuardedProtocol(HttpToolsProtocol):
    """Ends connections whose head does not end: by size, or after ten seconds.

    The parser underneath keeps a header of any size in memory until it is complete, and waits for it for ever.
    """

    public_url = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._head_bytes = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as the parent does
        """Start the clock of the first head."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Feed the parser, and give the connection up when it is still reading an impossible head."""
        if self._in_head:
            self._head_bytes += len(data)
            self._start_timer()
        super().data_received(data)
        if self._in_head and self._head_bytes > MAX_HEAD_BYTES and not self.transport.is_closing():
            self._end(TransportRefused("HEADERS_TOO_LARGE", "The headers are too many or too large."))

    def on_headers_complete(self) -> None:
        """The head is whole: hand the request on."""
        self._in_head = False
        self._head_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The next bytes belong to the next head."""
        self._in_head = True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the parent's text, which ours replaces
        """Refuse what is no HTTP message, in our error form."""
        self._end(TransportRefused("INVALID_HEADER", "This is not a well-formed HTTP request."))

    def _start_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _stop_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.transport.is_closing() or not self._in_head:
            return
        if self._head_bytes == 0:
            self.transport.close()
        else:
            self._end(TransportRefused("REQUEST_TIMEOUT", "The head of the request took too long to arrive."))

    def _end(self, refusal: TransportRefused) -> None:
        request_id = new_request_id()
        reply = problem_reply(refusal, base_url=self.public_url, instance="", request_id=request_id)
        head = [
            STATUS_LINE[reply.status],
            b"content-type: application/problem+json\r\n",
            b"content-length: %d\r\n" % len(reply.body),
            b"x-request-id: %s\r\n" % request_id.encode("ascii"),
            b"x-content-type-options: nosniff\r\ncache-control: no-store\r\nconnection: close\r\n\r\n",
        ]
        self.transport.write(b"".join(head) + reply.body)
        self.transport.close()


def protocol_for(public_url: str) -> type[GuardedProtocol]:
    """The protocol of a server at this address."""
    return type("GuardedProtocol", (GuardedProtocol,), {"public_url": public_url})
