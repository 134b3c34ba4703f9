"""Long work beside the loop: so much at once, and every place is given back."""

from __future__ import annotations

import asyncio
import threading

import pytest

from sealwright.domain.errors import RateLimitExceeded, StoreUnavailable
from sealwright.web.beside import UPLOADS_OF_ONE, LongWork


def test_a_caller_has_so_many_at_once_and_gets_the_places_back() -> None:
    async def fill() -> None:
        work, gate = LongWork(), threading.Event()
        under_way = [asyncio.create_task(work.run("key:1", gate.wait)) for _ in range(UPLOADS_OF_ONE)]
        await asyncio.sleep(0)
        with pytest.raises(RateLimitExceeded):
            await work.run("key:1", lambda: True)
        assert await work.run("key:2", lambda: 2) == 2
        gate.set()
        await asyncio.gather(*under_way)
        assert await work.run("key:1", lambda: 1) == 1

    asyncio.run(fill())


def test_work_that_fails_or_finds_no_thread_leaves_no_place_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_thread(_thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async def fail() -> None:
        work = LongWork()
        for _ in range(UPLOADS_OF_ONE + 1):
            with pytest.raises(ZeroDivisionError):
                await work.run("key:1", lambda: 1 // 0)
        with monkeypatch.context() as poor:
            poor.setattr(threading.Thread, "start", no_thread)
            for _ in range(UPLOADS_OF_ONE + 1):
                with pytest.raises(StoreUnavailable):
                    await work.run("key:1", lambda: 1)
        assert await work.run("key:1", lambda: 1) == 1

    asyncio.run(fail())
