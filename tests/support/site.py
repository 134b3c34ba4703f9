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
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import urlsplit

from psycopg import sql

from tests.support import postgres
from tests.support.rows import Rows
from tests.support.server import (
    ISSUER,
    NO_LIMITS,
    PROGRAM,
    SOURCES,
    START_SECONDS,
    RunningServer,
    ServerFailed,
    run_command,
)

STOP_SECONDS: Final = 15
# Where runner modules of the tests are found by a server that a test has wrapped.
ROOT: Final = SOURCES.parent


class Handle(Protocol):
    """A process of ours, however it was started."""

    @property
    def pid(self) -> int: ...
    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""

    def first_line(self) -> bytes | None:
        """The first line of its output; None while there is none."""


class Launch(Protocol):
    """Starts `sealwright` with these arguments; its errors go to the log."""

    def __call__(self, arguments: Sequence[str], environment: dict[str, str], log: Path) -> Handle: ...


@dataclass(slots=True)
class ServerProcess:
    """A server process of ours: started, perhaps not ready yet, perhaps dead."""

    handle: Handle
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
        deadline = time.monotonic() + START_SECONDS
        while self.server is None:
            line = self.handle.first_line()
            if line:
                at = urlsplit(json.loads(line)["url"])
                self.server = RunningServer(
                    at.hostname or "127.0.0.1", at.port or 80, self.handle.pid, self.api_key, self.environment, self.log
                )
            elif not self.is_alive or time.monotonic() > deadline:
                raise ServerFailed(f"sealwright serve: {self.log.read_text(errors='replace').strip()[-500:]}")
            else:
                time.sleep(0.01)
        return self.server

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, by its id."""
        self.signal(signal.SIGKILL)
        self.wait(STOP_SECONDS)

    def signal(self, number: int) -> None:
        """Send a signal, if it still runs."""
        if self.is_alive:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.handle.pid, number)

    def wait(self, within_seconds: float) -> int | None:
        """Wait for its end; the exit code, or None if it still runs."""
        deadline = time.monotonic() + within_seconds
        while self.is_alive and time.monotonic() < deadline:
            time.sleep(0.005)
        return self.handle.poll()

    def terminate(self, within_seconds: float = STOP_SECONDS) -> tuple[int | None, float]:
        """Ask it to end; its exit code (None: it had to be killed) and the seconds that it took."""
        begun = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self.wait(within_seconds)
        if code is None:
            self.kill()
        return code, time.monotonic() - begun

    @property
    def is_alive(self) -> bool:
        """Tell whether it runs."""
        return self.handle.poll() is None


class _Child:
    """The program itself, as anyone starts it."""

    def __init__(self, arguments: Sequence[str], environment: dict[str, str], log: Path) -> None:
        self._out = log.with_suffix(".out")
        with log.open("wb") as errors, self._out.open("wb") as out:
            self._process = subprocess.Popen(
                [*PROGRAM, *arguments], env=environment, stdin=subprocess.DEVNULL, stdout=out, stderr=errors
            )
        self.pid = self._process.pid

    def poll(self) -> int | None:
        return self._process.poll()

    def first_line(self) -> bytes | None:
        return first_line_of(self._out)


def launch_program(arguments: Sequence[str], environment: dict[str, str], log: Path) -> Handle:
    """Start `python -m sealwright …`."""
    return _Child(arguments, environment, log)


def first_line_of(output: Path) -> bytes | None:
    """The first whole line of a file that is being written."""
    with output.open("rb") as lines:
        line = lines.readline()
    return line if line.endswith(b"\n") else None


@dataclass(slots=True)
class Site:
    """One store and whoever serves it.

    Args:
        public_url: The one public address of all its servers; the first one may listen there.
        api_key: A key to issue with.
        tokens: Personal tokens of the demo's people by their name.
    """

    kind: str
    folder: Path
    database_url: str
    public_url: str
    environment: dict[str, str] = field(repr=False)
    api_key: str = field(repr=False)
    tokens: dict[str, str] = field(repr=False)
    processes: list[ServerProcess] = field(default_factory=list)

    def start(self, *, launch: Launch = launch_program, port: int | None = None, **settings: str) -> ServerProcess:
        """Start a server and do not wait for it; at a free port unless one is named.

        Args:
            launch: How a process is started; by default as anyone does it.
            settings: Further settings, by their name in the environment.
        """
        chosen = port if port is not None else postgres.free_port()
        environment = {**self.environment, "SEALWRIGHT_BIND": f"127.0.0.1:{chosen}", **settings}
        log = self.folder / f"server-{len(self.processes)}.log"
        handle = launch(("serve", "--json"), environment, log)
        started = ServerProcess(handle, environment, self.api_key, log, chosen)
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
    tokens: dict[str, str] = field(repr=False)

    @contextmanager
    def site(self, **settings: str) -> Iterator[Site]:
        """A copy for as long as the block runs; whoever serves it is ended with it."""
        with tempfile.TemporaryDirectory(prefix="sealwright-site-") as name, self._copied(Path(name)) as url:
            folder = Path(name)
            environment = {**self.environment, "SEALWRIGHT_HOME": str(folder / "var"), "SEALWRIGHT_DATABASE_URL": url}
            site = Site(self.kind, folder, url, self.public_url, {**environment, **settings}, self.api_key, self.tokens)
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
        demo = json.loads(run_command(environment, "demo"))
        tokens = {name: user["token"] for name, user in demo["users"].items()}
        yield Template(kind, folder, server, url, public_url, environment, demo["issuer_api_keys"][ISSUER], tokens)


class Templates:
    """The templates of a test run, each made when it is first asked for; use as a context manager.

    Args:
        find_server: Finds the PostgreSQL server.
    """

    def __init__(self, find_server: Callable[[], postgres.PostgresServer]) -> None:
        self._find_server = find_server
        self._stack = contextlib.ExitStack()
        self._made: dict[str, Template] = {}

    def __enter__(self) -> Templates:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def get(self, kind: str) -> Template:
        """The template for ``sqlite`` or ``postgresql``."""
        if kind not in self._made:
            server = self._find_server() if kind == "postgresql" else None
            self._made[kind] = self._stack.enter_context(template(kind, server))
        return self._made[kind]
