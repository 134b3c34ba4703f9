"""The HTTP protocol of a connection, with the limits that the server in front of the application lacks.

uvicorn waits without end for a request's head, keeps megabytes of it, and answers broken messages in
plain text. Here the head has ten seconds and 64 KiB, and every refusal is a problem object.
"""

from __future__ import annotations

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sealwright.web.exchange import new_request_id
from sealwright.web.problems import problem_reply
from sealwright.web.refusals import TransportRefused

HEAD_SECONDS: Final = 10.0
# The guard refuses 32 KiB of headers in its own words; this is only the bound on what is kept until it can.
HEAD_BYTES: Final = 64 * 1024
_REASONS: Final = {400: b"Bad Request", 408: b"Request Timeout", 431: b"Request Header Fields Too Large"}


class BoundedProtocol(HttpToolsProtocol):
    """One connection. The clock for a head runs from the connection, later from the head's first byte."""

    _head_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: Any) -> None:
        """Start the clock for the first head."""
        super().connection_made(transport)
        self._start_clock()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the clock."""
        self._stop_clock()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hand bytes to the parser unless the head has grown beyond its bound."""
        was_in_head = self._in_head
        super().data_received(data)
        if self.transport.is_closing():
            self._stop_clock()
        elif was_in_head and self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES:
                self._refuse("HEADERS_TOO_LARGE", "The head of the request is too large.")

    def on_message_begin(self) -> None:
        """Start the clock for a head on a connection that was kept open."""
        self._in_head = True
        self._head_bytes = 0
        if self._head_timer is None:
            self._start_clock()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is whole; the body has a deadline of its own."""
        self._in_head = False
        self._stop_clock()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the library's text is not passed on
        """Refuse a message that is no HTTP."""
        self._refuse("INVALID_HEADER", "The message is not valid HTTP/1.1.")

    def _start_clock(self) -> None:
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._late)

    def _stop_clock(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _late(self) -> None:
        self._head_timer = None
        if self._head_bytes or self.cycle is not None:
            self._refuse("REQUEST_TIMEOUT", "The head of the request took too long to arrive.")
        elif not self.transport.is_closing():
            # Nothing was ever asked, so there is nothing to answer.
            self.transport.close()

    def _refuse(self, code: str, detail: str) -> None:
        if self.transport.is_closing():
            return
        request_id = new_request_id()
        reply = problem_reply(TransportRefused(code, detail), base_url="", instance="", request_id=request_id)
        head = [
            b"HTTP/1.1 %d %s\r\n" % (reply.status, _REASONS.get(reply.status, b"Refused")),
            b"content-type: application/problem+json\r\n",
            b"content-length: %d\r\n" % len(reply.body),
            b"x-request-id: %s\r\n" % request_id.encode("ascii"),
            b"cache-control: no-store\r\nconnection: close\r\n\r\n",
        ]
        self.transport.write(b"".join(head) + reply.body)
        self.transport.close()
