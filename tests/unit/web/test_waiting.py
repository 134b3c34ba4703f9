"""Waiting for threads on the loop."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future

import pytest

from sealwright.web.waiting import answer_of


def test_answer_that_is_there_is_given_at_once() -> None:
    future: Future[int] = Future()
    future.set_result(5)
    assert asyncio.run(answer_of(future)) == 5


def test_answer_of_a_thread_wakes_the_loop() -> None:
    async def run() -> int:
        future: Future[int] = Future()
        threading.Timer(0.01, future.set_result, [7]).start()
        return await asyncio.wait_for(answer_of(future), 5)

    assert asyncio.run(run()) == 7


def test_error_of_a_thread_is_raised() -> None:
    async def run() -> None:
        future: Future[int] = Future()
        threading.Timer(0.01, future.set_exception, [KeyError("x")]).start()
        await asyncio.wait_for(answer_of(future), 5)

    with pytest.raises(KeyError):
        asyncio.run(run())


def test_thread_that_answers_when_nobody_waits_any_more_does_no_harm() -> None:
    future: Future[int] = Future()

    async def run() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await answer_of(future)

    asyncio.run(run())
    future.set_result(1)
    assert future.result() == 1
