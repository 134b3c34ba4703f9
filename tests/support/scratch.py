"""Prints the folder that a run of the tests should write in: memory where there is plenty of it, else the usual one.

Tests commit some hundred thousand times, and each commit waits for the disk. The promise that it does is ours to keep
and the kernel's to carry out: in memory the same calls are made, and answered at once.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final

MEMORY: Final = Path("/dev/shm")
ROOM_BYTES: Final = 4 * 1024**3
FREE_BYTES: Final = 8 * 1024**3


def scratch_folder(memory: Path = MEMORY) -> str:
    """The folder: the file system in memory if it, and the memory behind it, have plenty of room."""
    try:
        has_room = shutil.disk_usage(memory).free >= ROOM_BYTES and os.access(memory, os.W_OK | os.X_OK)
        may_run = not os.statvfs(memory).f_flag & os.ST_NOEXEC
        is_plenty = _available_bytes() >= FREE_BYTES
    except OSError:
        return tempfile.gettempdir()
    return str(memory) if has_room and may_run and is_plenty else tempfile.gettempdir()


def _available_bytes() -> int:
    """What programs can have without anything being swapped out; 0 where the kernel does not tell."""
    for line in Path("/proc/meminfo").read_text("ascii").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return 0


if __name__ == "__main__":
    print(scratch_folder())
