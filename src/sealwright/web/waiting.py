"""Waiting on the loop for what threads answer."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


async def answer_of(future: Future[T]) -> T:
    """Wait for a thread's future without holding up the loop.

    Leaner than `asyncio.wrap_future`, which sets up cancellation both ways: our threads finish what they have begun,
    whether anybody still waits or not.
    """
    if not future.done():
        loop = asyncio.get_running_loop()
        woken = asyncio.Event()

        def wake(_: Future[T]) -> None:
            # The loop may be closed by then: nobody waits any more.
            if not loop.is_closed():
                loop.call_soon_threadsafe(woken.set)

        future.add_done_callback(wake)
        await woken.wait()
    return future.result()
