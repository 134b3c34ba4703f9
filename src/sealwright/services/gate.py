"""The gate: fresh registry epochs and rate counts, read once for all calls that wait at the same moment.

A call must not be judged by an epoch that was read before the call arrived. So each call enters a
queue; a thread takes everybody who is waiting, reads once, and answers them all.
"""

from __future__ import annotations

import queue
import threading
from concurrent.futures import Future
from typing import Final, TypeVar

from sealwright.domain.errors import StoreUnavailable
from sealwright.services.ports import Clock, EpochReader
from sealwright.services.rate_ports import RateHit, RateLimiter

T = TypeVar("T")

_TAKE_AT_MOST: Final = 256


class Gate:
    """Answers epochs and rate hits to many callers with few reads. Start it before use; closing is final."""

    def __init__(self, epochs: EpochReader, rates: RateLimiter, clock: Clock) -> None:
        self._epochs = epochs
        self._rates = rates
        self._clock = clock
        self._epoch_line: queue.SimpleQueue[Future[int] | None] = queue.SimpleQueue()
        self._rate_line: queue.SimpleQueue[tuple[str, int, Future[RateHit]] | None] = queue.SimpleQueue()
        self._threads = (
            threading.Thread(target=self._read_epochs, name="gate-epochs", daemon=True),
            threading.Thread(target=self._count_hits, name="gate-rates", daemon=True),
        )
        self._is_open = False

    def start(self) -> None:
        """Begin to answer."""
        self._is_open = True
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Answer who is waiting, then stop."""
        if self._is_open:
            self._is_open = False
            self._epoch_line.put(None)
            self._rate_line.put(None)
            for thread in self._threads:
                thread.join(timeout=5)

    def fresh_epoch(self) -> Future[int]:
        """The registry epoch, read after this call began. The future may raise StoreUnavailable."""
        future: Future[int] = Future()
        future.set_running_or_notify_cancel()
        if not self._is_open:
            future.set_exception(StoreUnavailable("The office is stopping."))
        else:
            self._epoch_line.put(future)
        return future

    def hit(self, bucket: str, limit_per_minute: int) -> Future[RateHit]:
        """Count one call against a bucket; a limit of 0 passes at once."""
        future: Future[RateHit] = Future()
        future.set_running_or_notify_cancel()
        if limit_per_minute == 0:
            future.set_result(RateHit(allowed=True, limit=0, remaining=0, reset_seconds=0))
        elif not self._is_open:
            future.set_exception(StoreUnavailable("The office is stopping."))
        else:
            self._rate_line.put((bucket, limit_per_minute, future))
        return future

    def _read_epochs(self) -> None:
        while True:
            waiting, last = _take_all(self._epoch_line)
            if waiting:
                try:
                    epoch = self._epochs.read()
                except Exception as error:  # noqa: BLE001 - every waiter must be answered, whatever broke
                    for future in waiting:
                        future.set_exception(error)
                else:
                    for future in waiting:
                        future.set_result(epoch)
            if last:
                return

    def _count_hits(self) -> None:
        while True:
            waiting, last = _take_all(self._rate_line)
            if waiting:
                try:
                    hits = self._rates.hit_many([(bucket, limit) for bucket, limit, _ in waiting], self._clock.now())
                except Exception as error:  # noqa: BLE001 - every waiter must be answered, whatever broke
                    for *_, future in waiting:
                        future.set_exception(error)
                else:
                    for (*_, future), hit in zip(waiting, hits, strict=True):
                        future.set_result(hit)
            if last:
                return


def _take_all(line: queue.SimpleQueue[T | None]) -> tuple[list[T], bool]:
    """Wait for one item, then take all that are there; True at the end if the line was closed."""
    taken: list[T] = []
    item = line.get()
    while True:
        if item is None:
            return taken, True
        taken.append(item)
        if len(taken) >= _TAKE_AT_MOST:
            return taken, False
        try:
            item = line.get_nowait()
        except queue.Empty:
            return taken, False
