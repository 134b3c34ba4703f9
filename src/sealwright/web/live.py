"""Streams that go on while somebody listens: sent with the listener's pace, ended when they hang up or stop reading."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Any, Final

from sealwright.web.refusals import ClientGone
from sealwright.web.reply import LiveBody, Reply

if TYPE_CHECKING:
    from litestar.types import Receive, Send

# Whoever takes nothing for so long is not listening any more.
SEND_SECONDS: Final = 20.0


async def send_live(live: LiveBody, reply: Reply, send: Send, receive: Receive | None) -> None:
    """Send a stream until it or its listener ends.

    Args:
        receive: Tells when the listener hangs up; None for HEAD, which has no body.

    Raises:
        ClientGone: The listener hung up, or stopped reading.
    """
    try:
        headers = [*reply.headers, (b"content-type", reply.media_type or b"application/octet-stream")]
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if receive is not None:
            await _send_parts(live.parts(), send, receive)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
    finally:
        live.close()


async def _send_parts(parts: AsyncGenerator[bytes, None], send: Send, receive: Receive) -> None:
    gone = asyncio.ensure_future(_hung_up(receive))
    try:
        while (part := await _next_part(parts, gone)) is not None:
            try:
                async with asyncio.timeout(SEND_SECONDS):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
            except TimeoutError as error:
                raise ClientGone("The listener stopped reading.") from error
    finally:
        gone.cancel()
        await parts.aclose()


async def _next_part(parts: AsyncGenerator[bytes, None], gone: asyncio.Future[None]) -> bytes | None:
    """Wait for a part, or for the listener to hang up; None at the end."""
    coming: asyncio.Future[bytes | None] = asyncio.ensure_future(anext(parts, None))
    waited: set[asyncio.Future[Any]] = {coming, gone}
    try:
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            raise ClientGone("The listener hung up.")
        return await coming
    finally:
        if not coming.done():
            coming.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await coming


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
