"""Commands of `tests.pages.runner`, in forks of the nursery: as they are, without the seconds that imports take."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from tests.faults.nursery import CONTEXT
from tests.support.server import SOURCES

ROOT: Final = SOURCES.parent


class Fork:
    """One command in a process of its own.

    Args:
        arguments: Those of ``sealwright``.
        environment: All that the command finds in its environment.
        out, log: Where its output and its errors are added; they are made.
    """

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], out: Path, log: Path) -> None:
        out.write_bytes(b"")
        log.touch()
        self._process = CONTEXT.Process(
            target=_live, args=(tuple(arguments), dict(environment), str(out), str(log)), daemon=True
        )
        self._process.start()

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return self._process.exitcode

    def wait(self, seconds: float) -> int | None:
        """Wait for its end; gives None when the time was too short."""
        self._process.join(seconds)
        return self._process.exitcode

    def end(self, seconds: float) -> None:
        """End it as an operator would, and by force if that takes too long."""
        self._process.terminate()
        if self.wait(seconds) is None:
            self._process.kill()
            self._process.join()


def _live(arguments: tuple[str, ...], environment: dict[str, str], out: str, log: str) -> None:
    """The whole life of the command."""
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(ROOT)
    for path, descriptor in ((os.devnull, 0), (out, 1), (log, 2)):
        opened = os.open(path, os.O_RDWR | os.O_APPEND)
        os.dup2(opened, descriptor)
        os.close(opened)
    sys.argv = ["sealwright", *arguments]
    from tests.pages import runner

    runner.main()
