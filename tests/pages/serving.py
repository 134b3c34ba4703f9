"""A real server for tests of pages: demo data, a clock that begins at a fixed moment, and everybody signed in."""

from __future__ import annotations

import atexit
import base64
import json
import os
import secrets
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Final

from tests.pages.forking import ROOT, Fork
from tests.pages.runner import BEGUN_AT
from tests.support import postgres
from tests.support.server import NO_LIMITS, SOURCES, STOP_SECONDS, ServerFailed
from tests.support.site import first_line_of

START_SECONDS: Final = 90
COMMAND_SECONDS: Final = 300
_FRESH_SECONDS: Final = 240


@dataclass(slots=True)
class PageSite:
    """An office on the wire.

    Args:
        url: Its public address, at which it listens.
        cookies: Session cookies of the demo's people, by the part of their address before the @ sign.
    """

    url: str
    environment: dict[str, str] = field(repr=False)
    folder: Path
    cookies: dict[str, str] = field(default_factory=dict, repr=False)
    _process: Fork | None = None

    def start(self) -> None:
        """Start the server and wait until it answers."""
        out = self.folder / "out"
        self._process = Fork(["serve", "--json"], self.environment, out, self.folder / "log")
        deadline = time.monotonic() + START_SECONDS
        while first_line_of(out) is None:
            if self._process.exit_code is not None or time.monotonic() > deadline:
                raise ServerFailed(self.log()[-2000:])
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server as an operator would."""
        if self._process is not None:
            self._process.end(STOP_SECONDS)
            self._process = None

    def run(self, arguments: Sequence[str]) -> str:
        """Run one command of `sealwright` on the same store; gives what it printed."""
        out, log = self.folder / "command.out", self.folder / "command.log"
        log.unlink(missing_ok=True)
        code = Fork(arguments, self.environment, out, log).wait(COMMAND_SECONDS)
        if code != 0:
            raise ServerFailed(f"{' '.join(arguments)} ended with {code}: {log.read_text(encoding='utf-8')[-2000:]}")
        return out.read_text(encoding="utf-8")

    def sign_in_everybody(self) -> None:
        """Fresh session cookies for everybody who has an account."""
        self.cookies = json.loads(self.run(["sessions"]))

    def log(self) -> str:
        """What the server has written."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""


@contextmanager
def page_site(*, demo: bool = True, **settings: str) -> Iterator[PageSite]:
    """Serve an office for as long as the block runs.

    Args:
        demo: False leaves it as it is before it is set up.
        settings: Further settings, by their name in the environment.
    """
    with tempfile.TemporaryDirectory(prefix="sealwright-pages-") as name:
        site = _furnished_copy(Path(name), settings) if demo else _new_site(Path(name), settings)
        try:
            site.start()
            yield site
        finally:
            site.stop()


def _new_site(folder: Path, settings: Mapping[str, str]) -> PageSite:
    """An office at an empty folder, with an address, a key and a beginning of its own."""
    address = f"127.0.0.1:{postgres.free_port()}"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("SEALWRIGHT_")}
    environment |= {
        "PYTHONPATH": os.pathsep.join([str(SOURCES), str(ROOT)]),
        BEGUN_AT: repr(time.time()),
        "SEALWRIGHT_HOME": str(folder / "var"),
        "SEALWRIGHT_BIND": address,
        "SEALWRIGHT_PUBLIC_URL": f"http://{address}",
        "SEALWRIGHT_KEK": base64.b64encode(secrets.token_bytes(32)).decode(),
        "SEALWRIGHT_LOG_LEVEL": "error",
        **NO_LIMITS,
        **settings,
    }
    return PageSite(f"http://{address}", environment, folder)


def _furnished_copy(folder: Path, settings: Mapping[str, str]) -> PageSite:
    """A copy of the demo's office: furnished once for all modules of a process, which are served one after another."""
    made = _furnished()
    shutil.copytree(made.folder / "var", folder / "var")
    environment = {**made.environment, "SEALWRIGHT_HOME": str(folder / "var"), **settings}
    site = PageSite(made.url, environment, folder, dict(made.cookies))
    if time.time() - float(made.environment[BEGUN_AT]) > _FRESH_SECONDS:
        # Some pages ask for a sign-in of the last ten minutes.
        site.sign_in_everybody()
    return site


@cache
def _furnished() -> PageSite:
    folder = Path(tempfile.mkdtemp(prefix="sealwright-demo-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    site = _new_site(folder, {})
    site.run(["demo", "--json"])
    site.sign_in_everybody()
    return site
