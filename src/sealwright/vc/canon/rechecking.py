"""Comparing plans with the reference while they are in use, on a thread that nobody waits for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from queue import Full, Queue
from threading import Lock, Thread
from typing import Any, Final

import msgspec

from sealwright.vc.canon.plans import Plan

_MAX_WAITING: Final = 64


@dataclass(frozen=True, slots=True)
class PlanMismatch:
    """A plan and the reference differed. Holds nothing of the document.

    Args:
        contexts_digest: Stands for the contexts of the document, and so for its credential schema.
    """

    contexts_digest: bytes


class Rechecker:
    """A queue of comparisons and one thread, started when first needed and again after a fork."""

    def __init__(self, compare: Callable[[Plan, Mapping[str, Any], bytes], None]) -> None:
        self._compare = compare
        self._lock = Lock()
        self._queue: Queue[tuple[Plan, bytes, bytes]] = Queue(_MAX_WAITING)
        self._process = 0

    def ask(self, plan: Plan, document: Mapping[str, Any], data: bytes) -> bool:
        """Have a plan's answer compared; False if too many wait, so that the next document of the plan asks again."""
        if self._process != os.getpid():
            self._start()
        try:
            # The caller may go on to sign and alter its document, so the comparison works on a copy.
            self._queue.put_nowait((plan, msgspec.json.encode(document), data))
        except Full:
            return False
        return True

    def finish(self) -> None:
        """Wait until nothing waits."""
        self._queue.join()

    def _start(self) -> None:
        with self._lock:
            if self._process != os.getpid():
                self._queue = Queue(_MAX_WAITING)
                Thread(target=self._run, args=(self._queue,), name="plan-recheck", daemon=True).start()
                self._process = os.getpid()

    def _run(self, queue: Queue[tuple[Plan, bytes, bytes]]) -> None:
        while True:
            plan, document, data = queue.get()
            try:
                self._compare(plan, msgspec.json.decode(document), data)
            except Exception:  # noqa: BLE001  # whatever went wrong, the plan stays unproved and the thread alive
                plan.is_poisoned = True
            finally:
                queue.task_done()
