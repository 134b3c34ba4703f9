"""Server-sent events of one batch: where it stands, every second, until it is over.

Spec: WHATWG HTML, "Server-sent events".
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from typing import TYPE_CHECKING, Final

from sealwright.domain.errors import DomainError
from sealwright.web.api import batch_rendering as rendering
from sealwright.web.reply import encode

if TYPE_CHECKING:
    from sealwright.services.batch_views import BatchView
    from sealwright.web.call import Call

EVERY_SECONDS: Final = 0.9
_NAP_SECONDS: Final = 0.3
# How long browsers wait before they come again.
_OPENING: Final = b"retry: 3000\n\n"


class BatchStream:
    """One caller's stream of one batch: a `LiveBody`. It also ends when they may not see it any more.

    Streams of events and of batches are counted together: so many for one caller, and in all.
    """

    def __init__(self, call: Call, batch_id: str) -> None:
        self._call = call
        self._caller = call.caller
        self._batch_id = batch_id
        self._feed = call.office.event_feed
        self._listener = self._feed.join(self._caller.bucket, lambda: None)

    def close(self) -> None:
        """Stop listening."""
        self._feed.leave(self._listener)

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """`progress` while the batch is open, `done` once it is over."""
        yield _OPENING
        while not self._feed.is_ending:
            try:
                view = await self._call.in_thread(self._look)
            except DomainError:
                # Withdrawn, or nothing can be read now: whoever still may comes again.
                return
            is_over = not view.batch.is_open
            yield self._spelled("done" if is_over else "progress", view)
            if is_over:
                return
            await self._nap()

    async def _nap(self) -> None:
        """Wait for the next look, and no longer than the process goes on."""
        slept = 0.0
        while slept < EVERY_SECONDS and not self._feed.is_ending:
            await asyncio.sleep(_NAP_SECONDS)
            slept += _NAP_SECONDS

    def _look(self) -> BatchView:
        office = self._call.office
        view = office.registry.current()
        self._caller = office.access.refresh(self._caller, view)
        return office.bulk.desk.look(self._caller, self._batch_id, view)

    def _spelled(self, kind: str, view: BatchView) -> bytes:
        told = encode(rendering.batch(view, self._call.office.public_url))
        return f"event: {kind}\ndata: ".encode("ascii") + told + b"\n\n"
