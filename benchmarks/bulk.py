"""Batches: validated, signed, verified, stored with status entries, audited and anchored; two workers on two cores.

`BENCH_BULK_ROWS` says how many credentials the main figure is over (100,000), `BENCH_BULK_SIZES` at which sizes cost
per credential is compared (10,000 and 100,000), `BENCH_BULK_ROUNDS` how often ours and the peer's take turns.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import psycopg

from benchmarks import degree
from benchmarks.bulk_office import add_batch, add_holders, open_bench_office, rows_of, start_batch
from benchmarks.bulk_steps import steps
from benchmarks.processes import Peak, cpu_seconds, family
from benchmarks.report import Result
from sealwright.domain.batches import Batch
from sealwright.services.office import Office
from sealwright.vc.encoding.timestamps import format_timestamp
from tests.interop.peer import Peer, PeerMissing, start_node
from tests.support import postgres
from tests.support.office import furnish

ROWS: Final = int(os.environ.get("BENCH_BULK_ROWS", "100000"))
SIZES: Final = tuple(int(size) for size in os.environ.get("BENCH_BULK_SIZES", "10000,100000").split(","))
ROUNDS: Final = int(os.environ.get("BENCH_BULK_ROUNDS", "3"))
PEER_ROWS: Final = int(os.environ.get("BENCH_BULK_PEER_ROWS", "3000"))
WORKERS: Final = 2
CHECKED_ROWS: Final = 10_000
MIB: Final = 1024 * 1024
PEER: Final = "@digitalbazaar/vc storing into the same PostgreSQL"
_SQLITE: Final = "sqlite:///"
# As a server of this size is set up; durability stays at its defaults.
SERVER: Final = {"shared_buffers": "256MB", "max_wal_size": "4GB", "checkpoint_timeout": "15min"}
_STATED: Final = ("fsync", "synchronous_commit", "full_page_writes", "wal_level", *SERVER)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one batch took."""

    rows: int
    seconds: float
    worker_cpu_seconds: float
    server_cpu_seconds: float
    peak_bytes: int

    def figures(self) -> dict[str, float]:
        """For the report."""
        return {
            "per_second": round(self.rows / self.seconds, 1),
            "microseconds": round(self.seconds / self.rows * 1e6, 2),
            "worker_cpu_microseconds": round(self.worker_cpu_seconds / self.rows * 1e6, 2),
            "server_cpu_microseconds": round(self.server_cpu_seconds / self.rows * 1e6, 2),
            "peak_mib": round(self.peak_bytes / MIB, 1),
            "credentials": self.rows,
        }


class Bench:
    """One database with its office and its worker processes."""

    def __init__(self, office: Office, workers: Sequence[subprocess.Popen[bytes]], server: int | None) -> None:
        self._office = office
        self._workers = workers
        self._server = server
        self.last_batch_id = ""

    def issue(self, rows: int) -> Outcome:
        """Issue a batch of so many rows, from its start to its anchor."""
        batch = add_batch(self._office, rows)
        self.last_batch_id = batch.batch_id
        server = family(self._server) if self._server is not None else []
        used = cpu_seconds(server)
        with Peak(self._pids) as peak, ThreadPoolExecutor(len(self._workers)) as waiting:
            begun = time.perf_counter()
            start_batch(self._office, batch)
            spent = list(waiting.map(lambda one: _carry_out(one, batch.batch_id), self._workers))
            seconds = time.perf_counter() - begun
        self._must_be_whole(batch)
        used = cpu_seconds(server) - used
        return Outcome(rows, seconds, sum(one["cpu_seconds"] for one in spent), used, peak.bytes)

    def _pids(self) -> list[int]:
        server = family(self._server) if self._server is not None else []
        return [worker.pid for worker in self._workers] + server

    def _must_be_whole(self, batch: Batch) -> None:
        with self._office.units(write=False) as uow:
            ended = uow.batches.get(batch.batch_id)
        assert ended is not None
        assert (ended.status.value, ended.issued, ended.failed) == ("anchored", batch.total, 0), ended


def run() -> Result:
    """Measure both databases, and the peer beside PostgreSQL in turns."""
    figures: dict[str, dict[str, float]] = {}
    ratios: dict[str, float] = {}
    notes: list[str] = []
    with server_of_our_own() as server:
        notes.append(f"PostgreSQL with {stated(server)}; SQLite in WAL mode with synchronous FULL.")
        ours, theirs = in_turns(server)
        figures[f"sealwright, PostgreSQL, {WORKERS} workers"] = middle(ours).figures()
        for name, found in theirs.items():
            figures[name] = {"per_second": round(statistics.median(found), 1)}
        if theirs:
            best = max(statistics.median(found) for found in theirs.values())
            ratios["against the peer's best"] = ROWS / middle(ours).seconds / best
        for size in SIZES:
            with server.database() as url, bench_over(url, size, server) as bench:
                figures[f"PostgreSQL, a batch of {size:,}"] = bench.issue(size).figures()
    with tempfile.TemporaryDirectory() as folder:
        url = f"{_SQLITE}{folder}/bulk.sqlite"
        with bench_over(url, ROWS, None) as bench:
            figures[f"sealwright, SQLite, {WORKERS} workers"] = bench.issue(ROWS).figures()
        with open_bench_office(url, Path(folder) / "home") as office:
            figures["rows checked before a batch, SQLite"] = checked(office)
            figures.update(steps(office))
    return Result(
        bench="bulk",
        title=f"{ROWS:,} degree credentials in one batch: validated, signed, stored, audited, anchored",
        figures=figures,
        ratios=ratios,
        targets=(
            "PostgreSQL: gate 10,000 a second, target 15,000, aim 16,200; 20 times the peer",
            "SQLite: gate 5,000 a second, target 8,000",
            "flat per credential from 10,000 to 1,000,000; memory of the whole under 1 GiB",
        ),
        notes=(
            *notes,
            "Timed from the call that starts the batch until it is anchored; every signature is verified, the first of "
            "each 1,024 and one in 64 documents verified whole. Each row has a holder of its own, whose DID is kept.",
            "The peer signs and stores, a thousand rows a statement; it does not validate claims, look holders up, "
            "verify what it signs, allocate status entries, audit or anchor.",
            "Workers, database and bench share the same cores. Memory is the proportional set size of workers and "
            "database together, sampled twice a second.",
        ),
    )


def in_turns(server: postgres.PostgresServer) -> tuple[list[Outcome], dict[str, list[float]]]:
    """Ours and the peer's, one process and two, in turns over the same server."""
    ours: list[Outcome] = []
    theirs: dict[str, list[float]] = {}
    for turn in range(ROUNDS):
        with server.database() as url, bench_over(url, ROWS, server) as bench:
            ours.append(bench.issue(ROWS))
        for count in (1, 2):
            with server.database() as url:
                try:
                    found = peers_rate(url, count, first=turn * PEER_ROWS)
                except PeerMissing as missing:
                    print(f"without the peer: {missing}", file=sys.stderr)
                    continue
            theirs.setdefault(f"{PEER}, {count} process{'es' if count > 1 else ''}", []).append(found)
    return ours, theirs


def peers_rate(url: str, processes: int, *, first: int) -> float:
    """Credentials a second of so many processes of the peer together."""
    parts = urlsplit(url)
    database: dict[str, Any] = {
        "database": parts.path.lstrip("/"),
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username,
    }
    peers: list[Peer] = []
    try:
        for _ in range(processes):
            peer = start_node(Path(__file__).parent / "node", "bulk.mjs")
            peers.append(peer)
            peer.ask(
                "prepare",
                unsigned=degree.UNSIGNED,
                documents=degree.DOCUMENTS,
                seed=degree.SEED.hex(),
                keyId=degree.METHOD,
                controller=degree.ISSUER,
                created=format_timestamp(degree.CREATED),
                password=parts.password,
                **database,
            )

        def issue(number: int) -> Any:
            return peers[number].ask("issue", count=PEER_ROWS, first=first + number * 1_000_000, timeout_seconds=300)

        begun = time.perf_counter()
        with ThreadPoolExecutor(processes) as waiting:
            list(waiting.map(issue, range(processes)))
        return processes * PEER_ROWS / (time.perf_counter() - begun)
    finally:
        for peer in peers:
            peer.stop()


def checked(office: Office) -> dict[str, float]:
    """Rows judged when a file is taken in, before anything is issued."""
    batch = add_batch(office, 1)
    lines = rows_of(0, min(CHECKED_ROWS, ROWS))
    begun = time.perf_counter()
    found = office.bulk.engine.check_rows(batch, lines, 0, office.registry.current())
    seconds = time.perf_counter() - begun
    assert not found, found[0]
    return {"per_second": round(len(lines) / seconds, 1), "microseconds": round(seconds / len(lines) * 1e6, 2)}


@contextmanager
def bench_over(url: str, holders: int, server: postgres.PostgresServer | None) -> Iterator[Bench]:
    """A furnished office over an empty database, and its workers, ready."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        # The key-encryption key lies beside an SQLite file; workers and bench share it.
        home = Path(url.removeprefix(_SQLITE)).parent / "home" if url.startswith(_SQLITE) else Path(folder)
        office = stack.enter_context(open_bench_office(url, home))
        furnish(office)
        add_holders(url, holders)
        workers = [stack.enter_context(worker(url, home)) for _ in range(WORKERS)]
        process = server.process if server is not None else None
        yield Bench(office, workers, process.pid if process is not None else None)


@contextmanager
def worker(url: str, home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process over a database, ready."""
    command = [sys.executable, "-m", "benchmarks.bulk_worker", str(home), url]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == b"ready\n"
        yield process
    finally:
        process.stdin.close()
        process.wait(30)


def _carry_out(worker: subprocess.Popen[bytes], batch_id: str) -> dict[str, float]:
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write(f"{batch_id}\n".encode())
    worker.stdin.flush()
    told: dict[str, float] = json.loads(worker.stdout.readline())
    return told


@contextmanager
def server_of_our_own() -> Iterator[postgres.PostgresServer]:
    """A PostgreSQL server with its default durability."""
    server = postgres.obtain(dict(SERVER))
    try:
        yield server
    finally:
        server.stop()


def stated(server: postgres.PostgresServer) -> str:
    """The settings that decide what a commit is worth."""
    with psycopg.connect(server.url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT name, current_setting(name) FROM pg_settings WHERE name = ANY(%s) ORDER BY name", (list(_STATED),)
        ).fetchall()
    return ", ".join(f"{name} {value}" for name, value in rows)


def middle(outcomes: Sequence[Outcome]) -> Outcome:
    """The median of several."""
    return sorted(outcomes, key=lambda one: one.seconds)[len(outcomes) // 2]
