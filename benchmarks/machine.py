"""What the figures were taken on: processor, cores, load, versions, commit, and what a flush to disk costs."""

from __future__ import annotations

import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final, TypedDict

ROOT: Final = Path(__file__).resolve().parent.parent
# Above this load per core somebody else was working too, and a figure is no evidence.
DISTURBED_LOAD_PER_CORE: Final = 0.75
LIBRARIES: Final = ("litestar", "msgspec", "uvicorn", "sqlalchemy", "psycopg", "pyld", "pynacl", "cryptography")
FLUSHES: Final = 40


class MachineFacts(TypedDict):
    """Facts that stand beside every figure."""

    at: str
    processor: str
    cores: int
    load_average: float
    disturbed: bool
    system: str
    python: str
    node: str | None
    libraries: dict[str, str]
    commit: str
    flush_milliseconds: float


def facts() -> MachineFacts:
    """Read the machine's facts; takes about a second, most of it flushing to disk."""
    load = os.getloadavg()[0]
    return MachineFacts(
        at=datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        processor=processor(),
        cores=cores(),
        load_average=round(load, 2),
        disturbed=load > DISTURBED_LOAD_PER_CORE * cores(),
        system=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
        node=node_version(),
        libraries={name: version(name) for name in LIBRARIES},
        commit=commit(),
        flush_milliseconds=flush_milliseconds(),
    )


def lines(known: MachineFacts) -> list[str]:
    """The facts as lines for a person to read."""
    mark = "  DISTURBED" if known["disturbed"] else ""
    return [
        f"{known['at']}  commit {known['commit']}",
        f"{known['processor']}, {known['cores']} cores, load {known['load_average']}{mark}, {known['system']}",
        f"Python {known['python']}, Node {known['node'] or 'absent'}, flush to disk {known['flush_milliseconds']} ms",
        ", ".join(f"{name} {number}" for name, number in known["libraries"].items()),
    ]


def cores() -> int:
    """Cores that the machine has, also while we are pinned to one of them."""
    return os.cpu_count() or 1


@contextmanager
def pinned() -> Iterator[int | None]:
    """Keep this process, and children started inside the block, on one core, where the system can; gives the core."""
    if not hasattr(os, "sched_setaffinity"):
        yield None
        return
    before = os.sched_getaffinity(0)
    core = max(before)
    os.sched_setaffinity(0, {core})
    try:
        yield core
    finally:
        os.sched_setaffinity(0, before)


def processor() -> str:
    """The processor's name."""
    if sys.platform == "linux":
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def node_version() -> str | None:
    """The version of Node, if it is here."""
    node = shutil.which("node")
    if node is None:
        return None
    return subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip().lstrip("v")


def commit() -> str:
    """The commit that was measured, with a plus sign when files differ from it."""
    try:
        head = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
        name = subprocess.run(head, capture_output=True, text=True, check=True).stdout.strip()
        changes = ["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no", "--", "src", "benchmarks"]
        changed = subprocess.run(changes, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return name + ("+" if changed else "")


def flush_milliseconds(folder: Path | None = None) -> float:
    """Median time that a write of 4 KiB takes to reach the disk, where our databases lie."""
    times = []
    with tempfile.NamedTemporaryFile(dir=folder) as file:
        for _ in range(FLUSHES):
            file.write(b"x" * 4096)
            file.flush()
            start = time.perf_counter()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - start)
    return round(statistics.median(times) * 1000, 3)
