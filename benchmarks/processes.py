"""Processes as the system accounts for them: who belongs to whom, and how much memory is theirs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

_PROC: Final = Path("/proc")
STEP_SECONDS: Final = 0.5


def pss_bytes(pids: Iterable[int]) -> int:
    """Proportional set size together: pages that processes share count once; 0 stands for this process."""
    total = 0
    for pid in pids:
        try:
            text = (_PROC / (str(pid) if pid else "self") / "smaps_rollup").read_text(encoding="ascii")
        except OSError:
            continue
        total += sum(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:"))
    return total


def family(pid: int) -> list[int]:
    """A process and everything that it started, and they."""
    parents: dict[int, list[int]] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit():
            try:
                fields = (folder / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            except OSError:
                continue
            parents.setdefault(int(fields[1]), []).append(int(folder.name))
    found = [pid]
    for one in found:
        found += parents.get(one, ())
    return found


def cpu_seconds(pids: Iterable[int]) -> float:
    """Processor time that they have used so far, without children that are gone."""
    ticks = 0
    for pid in pids:
        try:
            fields = (
                (_PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
            )
        except OSError:
            continue
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


class Peak:
    """The most memory that some processes had together while a block ran."""

    def __init__(self, pids: Callable[[], Sequence[int]]) -> None:
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.bytes = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.bytes = max(self.bytes, pss_bytes(self._pids()))
            if self._over.wait(STEP_SECONDS):
                return
