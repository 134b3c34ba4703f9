"""A file beside an embedded database that tells when somebody last did background work on it."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path
from typing import Final

from sealwright.services.queue_health import QueueState

_SUFFIX: Final = ".worker"
_FRESH_SECONDS: Final = 30.0


class RunnerTrace:
    """The file's time is the message; it has no content, and may be deleted."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(database.name + _SUFFIX)

    def leave(self) -> None:
        """Say that background work is being done."""
        # A data folder that takes no files is told of by what the work itself fails with.
        with contextlib.suppress(OSError):
            os.close(os.open(self._path, os.O_CREAT | os.O_WRONLY, 0o600))
            os.utime(self._path)

    def state(self) -> QueueState:
        """When it was last said."""
        try:
            seconds = max(0.0, time.time() - self._path.stat().st_mtime)
        except OSError:
            return QueueState(workers=0, seen_seconds=None)
        return QueueState(workers=int(seconds <= _FRESH_SECONDS), seen_seconds=seconds)
