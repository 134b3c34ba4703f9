"""What broad searches of a large office are answered from, kept at hand by every process."""

from __future__ import annotations

import logging
import threading
from typing import Final

from sealwright.services.ports import UnitOfWorkFactory

# Often enough that what has changed since is soon read.
EVERY_SECONDS: Final = 20.0
STOP_SECONDS: Final = 5.0

_log = logging.getLogger(__name__)


class SearchMemory:
    """A thread that reads ahead: without it, the first search of a process waits while everything is read."""

    def __init__(self, units: UnitOfWorkFactory) -> None:
        self._units = units
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="search memory", daemon=True)

    def start(self) -> None:
        """Begin; nobody waits for it."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is being read is left after a moment, for it is only read."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout=STOP_SECONDS)

    def work(self) -> bool:
        """Read what is missing, or has changed; gives whether the office is so large that there is a need."""
        with self._units(write=False) as uow:
            return uow.requests.prepare_searches()

    def _run(self) -> None:
        while True:
            try:
                self.work()
            except Exception:  # noqa: BLE001 - reading ahead must not end with one fault
                # Whoever searches meets the same fault, and is told; at the end the store is closed beneath us.
                if not self._stop.is_set():
                    _log.warning("searches not prepared", exc_info=True)
            if self._stop.wait(EVERY_SECONDS):
                return
