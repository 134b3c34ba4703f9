"""Work that may take as long as somebody else takes: in threads of its own, so that no other call waits for one."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import Future
from typing import Final, TypeVar

from sealwright.domain.errors import RateLimitExceeded, StoreUnavailable
from sealwright.web.waiting import answer_of

T = TypeVar("T")

# In one process, and for one caller.
UPLOADS_AT_MOST: Final = 8
UPLOADS_OF_ONE: Final = 2
_RETRY_SECONDS: Final = 30


class LongWork:
    """Bounds how many uploads are worked on at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._by_bucket: Counter[str] = Counter()

    async def run(self, bucket: str, work: Callable[[], T]) -> T:
        """Do some work in a thread of its own.

        Args:
            bucket: Names the caller.

        Raises:
            RateLimitExceeded: Too much of it is under way.
            StoreUnavailable: The machine has no thread for it.
        """
        self._enter(bucket)
        done: Future[T] = Future()

        def carry_out() -> None:
            try:
                result = work()
            except BaseException as error:  # noqa: BLE001 - whoever waits is told
                self._leave(bucket)
                done.set_exception(error)
            else:
                self._leave(bucket)
                done.set_result(result)

        # It holds up no ending of the process: what it has not kept by then, the caller sends again.
        thread = threading.Thread(target=carry_out, name="upload", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # No thread is to be had now; the place must not stay taken for ever.
            self._leave(bucket)
            raise StoreUnavailable("No further file can be taken now.") from error
        return await answer_of(done)

    def _enter(self, bucket: str) -> None:
        with self._lock:
            if self._by_bucket[bucket] >= UPLOADS_OF_ONE or self._by_bucket.total() >= UPLOADS_AT_MOST:
                raise RateLimitExceeded("Too many files are being sent at once.", retry_after_seconds=_RETRY_SECONDS)
            self._by_bucket[bucket] += 1

    def _leave(self, bucket: str) -> None:
        with self._lock:
            self._by_bucket[bucket] -= 1
            if not self._by_bucket[bucket]:
                del self._by_bucket[bucket]


UPLOADS: Final = LongWork()
