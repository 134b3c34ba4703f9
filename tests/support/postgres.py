"""A PostgreSQL server for tests and benchmarks: found or started, and stopped only if we started it.

Looked for in this order: the server that TEST_DATABASE_URL names; the system's server programs, started by us on a
free port in a folder of their own; the same programs from the `pgserver` wheel. PostgreSQL refuses to run as root,
so as root it is started as another account.
"""

from __future__ import annotations

import contextlib
import ctypes
import ctypes.util
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Final
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import sql

START_SECONDS: Final = 60
STOP_SECONDS: Final = 20
OLDEST_MAJOR: Final = 15
# Accounts that a root process may hand the server to, best first.
UNPRIVILEGED: Final = ("postgres", "nobody", "daemon")
PR_SET_PDEATHSIG: Final = 1


class NoPostgres(Exception):
    """No server could be found or started; the text says what was tried."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who runs the server: ourselves, or another account when we are root."""

    uid: int
    gid: int

    @classmethod
    def suitable(cls) -> Account:
        """The account to run as.

        Raises:
            NoPostgres: We are root and the machine has no other account.
        """
        if os.geteuid() != 0:
            return cls(os.geteuid(), os.getegid())
        for name in UNPRIVILEGED:
            with contextlib.suppress(KeyError):
                entry = pwd.getpwnam(name)
                return cls(entry.pw_uid, entry.pw_gid)
        raise NoPostgres("PostgreSQL does not run as root, and there is no other account")

    def start(self, command: list[str], *, cwd: Path, output: IO[bytes]) -> subprocess.Popen[bytes]:
        """Start a program as this account; it is told to stop when we die."""
        environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", "HOME": str(cwd)}
        other = os.geteuid() == 0
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            user=self.uid if other else None,
            group=self.gid if other else None,
            extra_groups=[] if other else None,
            preexec_fn=_stop_with_parent,  # noqa: PLW1509  it makes one system call and takes no lock
        )


_LIBC: Final = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def _stop_with_parent() -> None:
    """Have the kernel send SIGINT (fast shutdown) when the test run dies, so that no server is left behind."""
    if _LIBC is not None:
        _LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)


@dataclass(slots=True)
class PostgresServer:
    """A running server: where it is, and databases on it."""

    url: str
    origin: str
    process: subprocess.Popen[bytes] | None = None
    folder: Path | None = None
    log: IO[bytes] | None = field(default=None, repr=False)
    command: list[str] = field(default_factory=list, repr=False)

    def create_database(self) -> str:
        """Make an empty database with a name of its own and return its URL."""
        name = f"sealwright_test_{secrets.token_hex(6)}"
        with self.connect() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        return self.url_of(name)

    def drop_database(self, url: str) -> None:
        """Drop a database of ours, cutting off whoever is still connected."""
        name = urlsplit(url).path.lstrip("/")
        with self.connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @contextlib.contextmanager
    def database(self) -> Iterator[str]:
        """An empty database for as long as the block runs."""
        url = self.create_database()
        try:
            yield url
        finally:
            self.drop_database(url)

    def connect(self) -> psycopg.Connection[tuple[object, ...]]:
        """A connection to the maintenance database, in autocommit."""
        return psycopg.connect(self.url, autocommit=True, connect_timeout=5)

    def url_of(self, database: str) -> str:
        """The URL of a database on this server."""
        return urlunsplit(urlsplit(self.url)._replace(path=f"/{database}"))

    def restart(self, how: signal.Signals = signal.SIGQUIT) -> None:
        """End a server of ours at once (SIGQUIT: without a shutdown, as a crash) and start it again over its data.

        Raises:
            NoPostgres: It is not ours, or did not come back.
        """
        if self.process is None or self.folder is None or self.log is None:
            raise NoPostgres("only a server that we started can be started again")
        self.process.send_signal(how)
        self.process.wait(STOP_SECONDS)
        self.process = Account.suitable().start(self.command, cwd=self.folder, output=self.log)
        _wait_until_ready(self)

    def stop(self) -> None:
        """Stop the server if we started it, and remove its folder; a server that we only found is left alone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.log is not None:
            self.log.close()
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)


def obtain(settings: dict[str, str] | None = None) -> PostgresServer:
    """Find or start a server.

    Args:
        settings: Server settings by name, for a server that we start; the defaults otherwise, durability included.

    Raises:
        NoPostgres: Nothing was found, or nothing that was found would start.
    """
    if named := os.environ.get("TEST_DATABASE_URL"):
        return _named(named)
    tried: list[str] = []
    for folder in program_folders():
        try:
            return start(folder, settings or {})
        except (NoPostgres, OSError, subprocess.SubprocessError) as error:
            tried.append(f"{folder}: {error}")
    raise NoPostgres("; ".join(tried) or "TEST_DATABASE_URL is not set and no PostgreSQL server programs were found")


def program_folders() -> list[Path]:
    """Folders that hold server programs, newest system version first, the embedded wheel last."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: _number(p.parent.name), reverse=True)
    if config := shutil.which("pg_config"):
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            answer = subprocess.run([config, "--bindir"], capture_output=True, text=True, timeout=10, check=True)
            found.append(Path(answer.stdout.strip()))
    if initdb := shutil.which("initdb"):
        found.append(Path(initdb).resolve().parent)
    embedded = importlib.util.find_spec("pgserver")
    if embedded is not None and embedded.origin is not None:
        found.append(Path(embedded.origin).parent / "pginstall" / "bin")
    return [
        folder for folder in dict.fromkeys(found) if (folder / "initdb").exists() and (folder / "postgres").exists()
    ]


def start(programs: Path, settings: dict[str, str]) -> PostgresServer:
    """Make a cluster in a folder of its own and start a server on a free loopback port.

    Raises:
        NoPostgres: The cluster could not be made, or the server did not accept connections in time.
    """
    account = Account.suitable()
    # A short path: the socket's path has a limit of about 100 bytes.
    folder = Path(tempfile.mkdtemp(prefix="sealwright-pg-", dir=_reachable_temp()))
    try:
        os.chown(folder, account.uid, account.gid)
        data = folder / "data"
        log = (folder / "log").open("wb")
        make = [str(programs / "initdb"), "-D", str(data), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"]
        if account.start(make, cwd=folder, output=log).wait(START_SECONDS) != 0:
            raise NoPostgres(f"initdb failed: {_tail(folder / 'log')}")
        port = free_port()
        command = [str(programs / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", str(folder)]
        for name, value in {"max_connections": "200", **settings}.items():
            command += ["-c", f"{name}={value}"]
        process = account.start(command, cwd=folder, output=log)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    server = PostgresServer(
        f"postgresql://postgres@127.0.0.1:{port}/postgres",
        f"{programs}",
        process=process,
        folder=folder,
        log=log,
        command=command,
    )
    try:
        _wait_until_ready(server)
    except BaseException:
        server.stop()
        raise
    return server


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _named(url: str) -> PostgresServer:
    """The server that the environment names; one that does not answer is an error, never passed over."""
    server = PostgresServer(url.replace("postgresql+psycopg://", "postgresql://", 1), "TEST_DATABASE_URL")
    try:
        _check_version(server)
    except psycopg.Error as error:
        raise NoPostgres(f"TEST_DATABASE_URL names a server that does not answer: {error}") from error
    return server


def _wait_until_ready(server: PostgresServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            _check_version(server)
        except psycopg.OperationalError as error:
            stopped = server.process is not None and server.process.poll() is not None
            if stopped or time.monotonic() > deadline:
                log = _tail(server.folder / "log") if server.folder else ""
                raise NoPostgres(f"the server did not start: {log}") from error
            time.sleep(0.05)
        else:
            return


def _check_version(server: PostgresServer) -> None:
    with server.connect() as connection:
        if connection.info.server_version // 10_000 < OLDEST_MAJOR:
            raise NoPostgres(f"the server is version {connection.info.server_version // 10_000}, older than 15")


def _reachable_temp() -> str:
    """A folder for the cluster that another account can reach: the usual one if it can, else /tmp."""
    usual = Path(tempfile.gettempdir())
    if os.geteuid() != 0 or all(folder.stat().st_mode & 0o001 for folder in (usual, *usual.parents)):
        return str(usual)
    return "/tmp"


def _tail(path: Path) -> str:
    with contextlib.suppress(OSError):
        return " / ".join(path.read_text(errors="replace").strip().splitlines()[-3:])
    return ""


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
