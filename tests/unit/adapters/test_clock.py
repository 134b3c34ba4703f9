"""The system clock gives what everything at rest needs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sealwright.adapters.clock import SystemClock
from sealwright.services.ports import Clock


def test_now_is_a_whole_aware_second_in_utc() -> None:
    clock: Clock = SystemClock()
    before = datetime.now(UTC)
    now = clock.now()
    assert now.utcoffset() == timedelta(0)
    assert now.microsecond == 0
    assert timedelta(seconds=-1) < now - before < timedelta(seconds=5)
