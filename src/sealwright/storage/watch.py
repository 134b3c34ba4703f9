"""A deadline on the client's side, for a database that accepts connections and then says nothing.

The server's own statement timeout does not help when the server itself is stopped, and the driver
waits without end. So one thread watches the sockets that are being waited on, and shuts down those
that are overdue: the waiting call then fails as for a lost connection.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from typing import Final

_LOOK_EVERY_SECONDS: Final = 0.25


class SocketWatch:
    """Shuts down sockets that are waited on for too long."""

    def __init__(self, wait_seconds: float) -> None:
        self._wait_seconds = wait_seconds
        self._deadlines: dict[int, float] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopped = threading.Event()

    def enter(self, descriptor: int) -> None:
        """Start the clock for a socket; `leave` must follow before the socket may be closed."""
        with self._lock:
            self._deadlines[descriptor] = time.monotonic() + self._wait_seconds
            # Started late and again after a fork: worker processes inherit no threads.
            if self._thread is None or not self._thread.is_alive():
                self._stopped.clear()
                self._thread = threading.Thread(target=self._look, name="database-watch", daemon=True)
                self._thread.start()

    def leave(self, descriptor: int) -> bool:
        """Stop the clock; False if the socket was overdue and has been shut down."""
        with self._lock:
            return self._deadlines.pop(descriptor, None) is not None

    def stop(self) -> None:
        """End the watching thread."""
        self._stopped.set()

    def _look(self) -> None:
        while not self._stopped.wait(_LOOK_EVERY_SECONDS):
            now = time.monotonic()
            # Under the lock a descriptor cannot be left, so it cannot have been closed and reused.
            with self._lock:
                for descriptor in [one for one, deadline in self._deadlines.items() if deadline < now]:
                    del self._deadlines[descriptor]
                    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as copy:
                        copy.shutdown(socket.SHUT_RDWR)
