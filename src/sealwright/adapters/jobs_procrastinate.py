"""Background work beside PostgreSQL: jobs of procrastinate's queue, in any number of processes on any machines.

A job only says that a task is wanted; what there is to do stands in the task's own rows. So a job may be done twice, or
be lost, and nothing else is: a lost one costs a period of the clock (`jobs_clock`).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import procrastinate
import psycopg
from procrastinate import RetryDecision
from procrastinate.jobs import Job

from sealwright.adapters.jobs_clock import SharedClock
from sealwright.adapters.jobs_connector import AttentiveConnector
from sealwright.domain.errors import DomainError
from sealwright.services.ports import Clock, UnitOfWorkFactory
from sealwright.services.tasks import JOB, QUEUE, Tasks

STOP_SECONDS: Final = 8.0
# Lanes of one task that wait at a time, over all machines.
_LANES_AT_MOST: Final = 64
# A task that finds work twice in a row calls for others; one alone is done sooner than they would come.
_SPREADS_AFTER: Final = 2

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class QueueTiming:
    """Times of the queue, in seconds.

    Args:
        heartbeat: A worker says so often that it lives.
        stalled_after: Jobs of a worker that has not said so for so long are given to others.
        poll: A worker looks for jobs so often without being told of one.
        slice: A task works so long at a stretch, then goes to the back of the queue.
        retry: After a broken connection, until the next try.
        grace: At the end, for what is under way.
    """

    heartbeat: float = 4.0
    stalled_after: float = 12.0
    poll: float = 5.0
    slice: float = 2.0
    retry: float = 1.0
    grace: float = 5.0


class _GiveBack(procrastinate.BaseRetryStrategy):
    """What was cut off at the end of a process goes back to the queue; nothing else does, for its rows stay due."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:  # noqa: ARG002
        return RetryDecision(retry_in={"seconds": 0}) if isinstance(exception, asyncio.CancelledError) else None


class ProcrastinateRunner:
    """A worker of the queue in a thread of its own, and the clock that all workers share in another.

    Args:
        connect: Opens a driver connection, in autocommit.
        options: What psycopg opens a connection with.
        concurrency: How many jobs of tasks with several lanes run at a time; one more of those that are short.
    """

    def __init__(
        self,
        tasks: Tasks,
        *,
        units: UnitOfWorkFactory,
        clock: Clock,
        connect: Callable[[], psycopg.Connection[Any]],
        options: Mapping[str, Any],
        concurrency: int,
        timing: QueueTiming | None = None,
    ) -> None:
        self._tasks = tasks
        self._units = units
        self._options = dict(options)
        self._concurrency = concurrency
        self._timing = timing or QueueTiming()
        self._stopping = threading.Event()
        self._running: Counter[str] = Counter()
        self._again: set[str] = set()
        # Tasks with several lanes that found no place here, the oldest first, each with its lane.
        self._left: dict[str, str] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._whole: asyncio.Task[None] | None = None
        self._is_told = False
        shared = SharedClock(tasks, units=units, clock=clock, connect=connect, stalled_after=self._timing.stalled_after)
        self._threads = [
            threading.Thread(target=shared.run, args=(self._stopping,), name="jobs-clock", daemon=True),
            threading.Thread(target=self._run, name="jobs-queue", daemon=True),
        ]
        self._shared = shared

    @property
    def keeps_clock(self) -> bool:
        """Tell whether it is this process that keeps the clock of all."""
        return self._shared.is_kept

    def start(self) -> None:
        """Begin; once."""
        # Its pool would say at every try that the server is away; we say it once.
        logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End after what is under way, or after some seconds; the queue has the rest again."""
        self._stopping.set()
        self._shared.rouse()
        loop, whole = self._loop, self._whole
        if loop is not None and whole is not None:
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(whole.cancel)
        ends_at = time.monotonic() + STOP_SECONDS
        for thread in self._threads:
            thread.join(timeout=max(0.0, ends_at - time.monotonic()))

    # -- the worker -----------------------------------------------------------------------------------

    def _run(self) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            asyncio.run(self._live())

    async def _live(self) -> None:
        """Work until told to stop; whatever breaks a worker, another one follows it."""
        self._loop, self._whole = asyncio.get_running_loop(), asyncio.current_task()
        while not self._stopping.is_set():
            try:
                await self._work()
            except Exception as error:  # noqa: BLE001 - the database comes back, and so do we
                self._tell_broken(error)
            else:
                self._tell_broken(None)
            if not self._stopping.is_set():
                await asyncio.sleep(self._timing.retry)

    async def _work(self) -> None:
        # A pool that cannot connect waits longer and longer between its tries; this asks at even ones.
        async with await psycopg.AsyncConnection.connect(**self._options, autocommit=True):
            pass
        connector = AttentiveConnector(self._options)
        app = procrastinate.App(connector=connector)
        app.task(name=JOB, retry=_GiveBack())(self._carry)
        async with app.open_async():
            self._is_told = False
            worker = asyncio.create_task(self._run_worker(app))
            failed = asyncio.create_task(connector.failed.wait())
            try:
                await asyncio.wait({worker, failed}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                failed.cancel()
                worker.cancel()
                await asyncio.wait({worker})
        if not worker.cancelled():
            worker.result()

    async def _run_worker(self, app: procrastinate.App) -> None:
        await app.run_worker_async(
            queues=[QUEUE],
            concurrency=self._concurrency + 1,
            fetch_job_polling_interval=self._timing.poll,
            abort_job_polling_interval=60.0,
            shutdown_graceful_timeout=self._timing.grace,
            delete_jobs="always",
            install_signal_handlers=False,
            update_heartbeat_interval=self._timing.heartbeat,
            stalled_worker_timeout=self._timing.stalled_after,
        )

    def _tell_broken(self, error: Exception | None) -> None:
        """Say it once, and not at every try."""
        if not self._is_told and not self._stopping.is_set():
            self._is_told = True
            kind = type(error).__name__ if error is not None else "Ended"
            _log.warning("the queue's worker broke off and begins anew", extra={"kind": kind})

    # -- one job --------------------------------------------------------------------------------------

    async def _carry(self, task: str, lane: str = "") -> None:
        """Do a job, in a thread, and then, in its place, what had no place here; that never waits for the queue."""
        if not self._has_place(task):
            if self._running[task]:
                self._again.add(task)
            if self._lanes(task) > 1:
                self._left.setdefault(task, lane)
            return
        while True:
            self._again.discard(task)
            self._running[task] += 1
            try:
                await self._in_thread(partial(self._stretch, task, lane, self._lanes(task)))
            finally:
                self._running[task] -= 1
            following = self._oldest_left() if self._lanes(task) > 1 else None
            if following is not None:
                # A task that always has more would otherwise keep its places for good.
                task, lane = following
            elif task not in self._again or self._running[task]:
                return

    def _has_place(self, task: str) -> bool:
        lanes = self._lanes(task)
        return self._running[task] < lanes and (lanes == 1 or self._wide() < self._concurrency)

    def _oldest_left(self) -> tuple[str, str] | None:
        """Take out the task and lane that have been without a place for longest."""
        while self._left and not self._stopping.is_set():
            task = next(iter(self._left))
            lane = self._left.pop(task)
            if self._has_place(task):
                return task, lane
        return None

    def _lanes(self, task: str) -> int:
        known = self._tasks.get(task)
        return known.lanes if known is not None else 1

    def _wide(self) -> int:
        """How many jobs run of tasks that have several lanes."""
        return sum(count for name, count in self._running.items() if self._lanes(name) > 1)

    async def _in_thread(self, work: Callable[[], None]) -> None:
        """Run something in a thread that no exit waits for."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()

        def end() -> None:
            if not done.done():
                done.set_result(None)

        def run() -> None:
            try:
                work()
            finally:
                # The loop is gone if the process ends before its work does.
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(end)

        threading.Thread(target=run, name="job", daemon=True).start()
        await done

    def _stretch(self, task: str, lane: str, lanes: int) -> None:
        """Work until nothing is left, or for a while; what is left then goes to the back of the queue."""
        ends_at = time.monotonic() + self._timing.slice
        found = 0
        while self._tasks.run(task) or task in self._again:
            self._again.discard(task)
            found += 1
            if self._stopping.is_set() or time.monotonic() >= ends_at:
                self._wake(task, lane)
                return
            if lanes > 1 and found == _SPREADS_AFTER:
                self._wake(task, *_siblings(lane))

    def _wake(self, task: str, *lanes: str) -> None:
        try:
            with self._units() as uow:
                for lane in lanes:
                    uow.jobs.wake(task, lane=lane)
                uow.commit()
        except DomainError as error:
            # The clock asks again.
            _log.warning("not woken", extra={"chore": task, "kind": type(error).__name__})


def _siblings(lane: str) -> list[str]:
    """The two lanes that a lane opens, of a tree with so many at most."""
    number = int(lane) if lane.isdigit() else 0
    return [str(one) for one in (2 * number + 1, 2 * number + 2) if one < _LANES_AT_MOST]
