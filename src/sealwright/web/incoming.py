"""A body that is worked on while it arrives: never whole in memory, judged by its pace and its size as it goes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from sealwright.web.refusals import ClientGone, TransportRefused

if TYPE_CHECKING:
    from litestar.types import Receive

# Whoever sends brings so much within so many seconds, or the end: slow lines pass, a body that stands still does not.
PROGRESS_BYTES: Final = 16 * 1024
PROGRESS_SECONDS: Final = 30.0
# So much is gathered before the thread that works on it is woken.
PART_BYTES: Final = 256 * 1024
_CLOSE: Final = ((b"connection", b"close"),)


class IncomingBody:
    """One streamed body.

    The thread that works on it asks for each part; while it does not, nothing is taken from the line, so that memory
    stays flat however fast the body comes.

    Args:
        limit_bytes: More is refused as it passes.
    """

    def __init__(self, receive: Receive, limit_bytes: int) -> None:
        self._receive = receive
        self._limit = limit_bytes
        self._loop = asyncio.get_running_loop()
        self._size = 0
        self.is_whole = False

    @property
    def size(self) -> int:
        """Bytes that have come so far."""
        return self._size

    def parts(self) -> Iterator[bytes]:
        """The body, part by part; for a thread beside the loop.

        Raises:
            TransportRefused: PAYLOAD_TOO_LARGE as soon as the limit is passed, REQUEST_TIMEOUT when it stands still.
            ClientGone: The caller hung up.
        """
        while not self.is_whole:
            part = asyncio.run_coroutine_threadsafe(self._part(), self._loop).result()
            if part:
                yield part

    async def _part(self) -> bytes:
        gathered: list[bytes] = []
        size = 0
        while not self.is_whole and size < PART_BYTES:
            for piece in await self._progress():
                gathered.append(piece)
                size += len(piece)
        return b"".join(gathered)

    async def _progress(self) -> list[bytes]:
        """As much as has to come within one deadline."""
        pieces: list[bytes] = []
        came = 0
        try:
            async with asyncio.timeout(PROGRESS_SECONDS):
                while not self.is_whole and came < PROGRESS_BYTES:
                    piece = await self._piece()
                    pieces.append(piece)
                    came += len(piece)
        except TimeoutError as error:
            raise TransportRefused("REQUEST_TIMEOUT", "The body took too long to arrive.", headers=_CLOSE) from error
        return pieces

    async def _piece(self) -> bytes:
        message = await self._receive()
        if message["type"] != "http.request":
            raise ClientGone
        piece = message["body"]
        self._size += len(piece)
        if self._size > self._limit:
            raise TransportRefused("PAYLOAD_TOO_LARGE", f"The body is larger than {self._limit} bytes.", headers=_CLOSE)
        self.is_whole = not message.get("more_body", False)
        return piece
