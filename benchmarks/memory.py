"""What the server holds: resident size idle, warm, and after 100,000 issues."""

from __future__ import annotations

import os
import time
from typing import Final

from benchmarks import load
from benchmarks.report import Result
from tests.support import server

CLIENTS: Final = 16
WARM_ISSUES: Final = 5_000
ISSUES: Final = int(os.environ.get("BENCH_MEMORY_ISSUES", "100000"))
SETTLE_SECONDS: Final = 2.0
MIB: Final = 1024 * 1024


def run() -> Result:
    """Measure on SQLite: the server's own process holds the database there, so nothing is hidden elsewhere."""
    with server.serve("sqlite") as running:
        time.sleep(SETTLE_SECONDS)
        idle = running.resident_bytes()
        request = server.issue_request(running)
        load.drive(running.host, running.port, request, clients=CLIENTS, count=WARM_ISSUES)
        warm = running.resident_bytes()
        found = load.drive(running.host, running.port, request, clients=CLIENTS, count=ISSUES)
        time.sleep(SETTLE_SECONDS)
        after = running.resident_bytes()
    figures = {
        "idle": {"resident_mib": round(idle / MIB, 1)},
        f"after {WARM_ISSUES:,} issues": {"resident_mib": round(warm / MIB, 1)},
        f"after {ISSUES:,} more": {"resident_mib": round(after / MIB, 1), "per_second": round(found.per_second, 1)},
    }
    return Result(
        bench="memory",
        title=f"resident size of the server over {ISSUES:,} issues",
        figures=figures,
        targets=("idle under 150 MiB; no growth over 100,000 issues",),
        notes=("Read from the processes, children included, not from the allocator.",),
    )
