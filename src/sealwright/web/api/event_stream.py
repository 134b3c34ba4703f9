"""Server-sent events: what a caller may see of the audit trail, as it happens.

Spec: WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import DomainError
from sealwright.services.event_sight import sight_of

if TYPE_CHECKING:
    from sealwright.services.event_sight import Sight
    from sealwright.services.events import Event
    from sealwright.web.call import Call

COMMENT_EVERY_SECONDS: Final = 15.0
# How long somebody goes on hearing at most whose key, token, session or role was taken.
LOOK_AGAIN_SECONDS: Final = 2.0
_NAP_SECONDS: Final = 1.0
_EVENTS_A_PART: Final = 200
# How long browsers wait before they come again.
_OPENING: Final = b"retry: 3000\n\n"
_COMMENT: Final = b":\n\n"


class EventStream:
    """One caller's stream: a `LiveBody`. It ends by itself when they may not listen any more, or the process ends.

    Args:
        position: Events behind it are told.
        kinds: Only these; None for all.
    """

    def __init__(self, call: Call, position: int, kinds: frozenset[str] | None) -> None:
        self._call = call
        self._caller = call.caller
        self._feed = call.office.event_feed
        self._position = position
        self._kinds = kinds
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._looked_at = -LOOK_AGAIN_SECONDS
        self._sight: Sight | None = None
        self._listener = self._feed.join(self._caller.bucket, self._wake)

    def close(self) -> None:
        """Stop listening."""
        self._feed.leave(self._listener)

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Events as they come, and comments while there are none."""
        yield _OPENING
        spoke_at = time.monotonic()
        while not self._feed.is_ending:
            self._news.clear()
            before = self._position
            try:
                told = await self._call.in_thread(self._take)
            except DomainError:
                # Withdrawn, or nothing can be read now: whoever still may comes again, and goes on from the last event.
                return
            if told or time.monotonic() - spoke_at >= COMMENT_EVERY_SECONDS:
                yield told or _COMMENT
                spoke_at = time.monotonic()
            if self._position == before:
                await self._nap()

    async def _nap(self) -> None:
        try:
            async with asyncio.timeout(_NAP_SECONDS):
                await self._news.wait()
        except TimeoutError:
            pass

    def _take(self) -> bytes:
        """The next events in their wire form; may block. Raises what a caller is refused with who was withdrawn."""
        now = time.monotonic()
        if self._sight is None or now - self._looked_at >= LOOK_AGAIN_SECONDS:
            self._sight = self._look_again()
            self._looked_at = now
        events, self._position = self._feed.since(self._position, _EVENTS_A_PART)
        sight = self._sight
        return b"".join(_spelled(event) for event in events if self._wants(event) and sight.covers(event.data))

    def _wants(self, event: Event) -> bool:
        return self._kinds is None or event.kind in self._kinds

    def _look_again(self) -> Sight:
        office = self._call.office
        self._caller = office.access.refresh(self._caller, office.registry.current())
        with office.units(write=False) as uow:
            return sight_of(uow, self._caller)

    def _wake(self) -> None:
        # Called from the reader's thread, also at a moment when the loop is closed already.
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)


def _spelled(event: Event) -> bytes:
    head = f"id: {event.event_id}\nevent: {event.kind}\ndata: ".encode("ascii")
    return head + event.body() + b"\n\n"
