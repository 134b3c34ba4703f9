"""Wall time from the operating system."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """The server's clock: aware, UTC, cut to whole seconds, as everything at rest is."""

    def now(self) -> datetime:
        """The present second."""
        return datetime.now(UTC).replace(microsecond=0)
