"""Single issues over HTTP with durable commits, on SQLite and PostgreSQL, 16 clients on the same machine."""

from __future__ import annotations

from typing import Final

from benchmarks import load
from benchmarks.report import Result
from tests.support import server

CLIENTS: Final = 16
WARM_SECONDS: Final = 3.0
SECONDS: Final = 12.0


def run() -> Result:
    """Measure the issue route on each database, one worker process and two."""
    figures = {}
    for kind in ("sqlite", "postgresql"):
        for workers in ("1", "2"):
            figures[f"{kind}, {workers} worker{'s' if workers != '1' else ''}"] = measure(kind, workers)
    return Result(
        bench="http",
        title="single issues over HTTP, durable, 16 clients",
        figures=figures,
        targets=("1,500 a second on two cores with p99 under 50 ms; aim 4,000 by group commit",),
        notes=(
            "SQLite in WAL mode with synchronous FULL; PostgreSQL with its default durability.",
            "The load generator and PostgreSQL work on the same cores as the server.",
            "Every answer is a 201 with a signed credential that the server verified before it answered.",
        ),
    )


def measure(kind: str, workers: str) -> dict[str, float]:
    """Figures of one server."""
    with server.serve(kind, SEALWRIGHT_WORKERS=workers) as running:
        request = server.issue_request(running)
        load.drive(running.host, running.port, request, clients=CLIENTS, seconds=WARM_SECONDS)
        found = load.drive(running.host, running.port, request, clients=CLIENTS, seconds=SECONDS)
    return {
        "per_second": round(found.per_second, 1),
        "p50_milliseconds": round(found.percentile_milliseconds(0.50), 2),
        "p95_milliseconds": round(found.percentile_milliseconds(0.95), 2),
        "p99_milliseconds": round(found.percentile_milliseconds(0.99), 2),
        "issued": len(found.latencies),
    }
