"""A site: one database, one home and one key, on which any number of real server processes run and die.

Making the demo's data takes seconds, so a `Template` makes it once, and each site is a copy.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from psycopg import sql

from tests.support import postgres
from tests.support.rows import Rows
from tests.support.server import (
    ISSUER,
    NO_LIMITS,
    PROGRAM,
    SOURCES,
    RunningServer,
    ServerFailed,
    first_line,
    run_command,
)

STOP_SECONDS: Final = 15
# Where runner modules of the tests are found by a server that a test has wrapped.
ROOT: Final = SOURCES.parent


@dataclass(slots=True)
class ServerProcess:
    """A server process of ours: started, perhaps not ready yet, perhaps dead."""

    process: subprocess.Popen[bytes]
    environment: dict[str, str] = field(repr=False)
    api_key: str = field(repr=False)
    log: Path
    port: int
    server: RunningServer | None = None

    def wait_ready(self) -> RunningServer:
        """Wait until it takes calls.

        Raises:
            ServerFailed: It ended, or was not ready in time.
        """
        if self.server is None:
            ready = first_line(self.process, self.log)
            at = urlsplit(ready["url"])
            self.server = RunningServer(
                at.hostname or "127.0.0.1", at.port or 80, int(ready["pid"]), self.api_key, self.environment, self.log
            )
        return self.server

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, by its id."""
        self.process.kill()
        self.process.wait()

    def terminate(self, within_seconds: float = STOP_SECONDS) -> tuple[int, float]:
        """Ask it to end; its exit code (SIGKILL's when it had to be killed) and the seconds that it took."""
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(within_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        return self.process.returncode, time.monotonic() - begun

    @property
    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self.process.poll() is None


@dataclass(slots=True)
class Site:
    """One store and whoever serves it.

    Args:
        public_url: The one public address of all its servers; the first one may listen there.
    """

    kind: str
    folder: Path
    database_url: str
    public_url: str
    environment: dict[str, str] = field(repr=False)
    api_key: str = field(repr=False)
    processes: list[ServerProcess] = field(default_factory=list)

    def start(
        self,
        *,
        program: Sequence[str] = PROGRAM,
        port: int | None = None,
        arguments: Sequence[str] = (),
        **settings: str,
    ) -> ServerProcess:
        """Start a server and do not wait for it; a free port unless one is named.

        Args:
            program: How `sealwright` is called; a runner module of the tests where ports are to be wrapped.
            arguments: What follows `serve --json`.
            settings: Further settings, by their name in the environment.
        """
        chosen = port if port is not None else postgres.free_port()
        environment = {**self.environment, "SEALWRIGHT_BIND": f"127.0.0.1:{chosen}", **settings}
        log = self.folder / f"server-{len(self.processes)}.log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [*program, "serve", "--json", *arguments],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        started = ServerProcess(process, environment, self.api_key, log, chosen)
        self.processes.append(started)
        return started

    @property
    def public_port(self) -> int:
        """The port of the public address."""
        return urlsplit(self.public_url).port or 80

    @property
    def rows(self) -> Rows:
        """The store's tables, read and written past the program."""
        return Rows(self.database_url)

    def close(self) -> None:
        """End every server that still runs."""
        for one in self.processes:
            if one.is_alive:
                one.kill()
            if one.process.stdout is not None:
                one.process.stdout.close()


@dataclass(slots=True)
class Template:
    """A store with the demo's data, to be copied."""

    kind: str
    folder: Path
    server: postgres.PostgresServer | None
    database_url: str
    public_url: str
    environment: dict[str, str] = field(repr=False)
    api_key: str = field(repr=False)

    @contextmanager
    def site(self, **settings: str) -> Iterator[Site]:
        """A copy for as long as the block runs; whoever serves it is ended with it."""
        with tempfile.TemporaryDirectory(prefix="sealwright-site-") as name, self._copied(Path(name)) as url:
            folder = Path(name)
            environment = {**self.environment, "SEALWRIGHT_HOME": str(folder / "var"), "SEALWRIGHT_DATABASE_URL": url}
            site = Site(self.kind, folder, url, self.public_url, {**environment, **settings}, self.api_key)
            try:
                yield site
            finally:
                site.close()

    @contextmanager
    def _copied(self, folder: Path) -> Iterator[str]:
        shutil.copytree(self.folder / "var", folder / "var")
        if self.server is None:
            yield f"sqlite:///{folder / 'var' / 'sealwright.db'}"
            return
        name = f"sealwright_site_{secrets.token_hex(6)}"
        model = urlsplit(self.database_url).path.lstrip("/")
        with self.server.connect() as connection:
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(model))
            )
        url = self.server.url_of(name)
        try:
            yield url
        finally:
            self.server.drop_database(url)


@contextmanager
def template(kind: str, server: postgres.PostgresServer | None = None) -> Iterator[Template]:
    """Make a store with the demo's data.

    Args:
        kind: ``sqlite`` or ``postgresql``; the latter needs a server.
    """
    with tempfile.TemporaryDirectory(prefix="sealwright-template-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        if kind == "sqlite":
            server, url = None, f"sqlite:///{folder / 'var' / 'sealwright.db'}"
        elif server is None:
            raise ServerFailed("A PostgreSQL site needs a server.")
        else:
            url = stack.enter_context(server.database())
        public_url = f"http://127.0.0.1:{postgres.free_port()}"
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SEALWRIGHT_")}
        environment |= {
            "PYTHONPATH": os.pathsep.join([str(SOURCES), str(ROOT)]),
            "SEALWRIGHT_HOME": str(folder / "var"),
            "SEALWRIGHT_DATABASE_URL": url,
            "SEALWRIGHT_PUBLIC_URL": public_url,
            "SEALWRIGHT_KEK": base64.b64encode(secrets.token_bytes(32)).decode(),
            "SEALWRIGHT_LOG_LEVEL": "error",
            **NO_LIMITS,
        }
        key = json.loads(run_command(environment, "demo"))["issuer_api_keys"][ISSUER]
        yield Template(kind, folder, server, url, public_url, environment, key)
