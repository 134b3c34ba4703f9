"""A freshly started server of ours, as its own processes: its own home and database, demo data, no rate limits.

For tests and benches that must go over the wire. What goes over it is HTTP/1.1 by hand or the standard library's
client, so that nothing of ours sits on both ends.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import secrets
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from tests.support import postgres

START_SECONDS: Final = 60
STOP_SECONDS: Final = 15
ANSWER_SECONDS: Final = 30
SOURCES: Final = Path(__file__).resolve().parents[2] / "src"
PROGRAM: Final = (sys.executable, "-m", "sealwright")
ISSUER: Final = "did:adi:issuer001"
NO_LIMITS: Final = {
    f"SEALWRIGHT_RATE_{name}_PER_MINUTE": "0" for name in ("ISSUE", "BATCH", "WRITE", "ACT", "READ", "PUBLIC")
}
# The documentation's literal request; holders exist in the demo data.
ISSUE_BODY: Final = {
    "schemaId": "did:adi:schema:university-degree-v1",
    "issuerDid": ISSUER,
    "holderDid": "did:adi:holder001",
    "claims": {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}},
    "expirationDate": "2030-12-31T23:59:59Z",
}


class ServerFailed(Exception):
    """The server did not start, or the demo data could not be made; the text is its own."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: status, headers by lower-case name, and the body's bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, slots=True)
class RunningServer:
    """A server that answers, and the key to issue with."""

    host: str
    port: int
    pid: int
    api_key: str
    environment: dict[str, str] = field(repr=False)
    log: Path
    program: tuple[str, ...] = PROGRAM

    @property
    def url(self) -> str:
        """Where it is, without a slash at the end."""
        return f"http://{self.host}:{self.port}"

    def request(
        self, method: str, path: str, body: object = None, *, key: str | None = None, accept: str = "*/*"
    ) -> Answer:
        """Ask it something, by default with no key; pass `key=server.api_key` where one is needed."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=ANSWER_SECONDS)
        headers = {"Accept": accept} | ({} if key is None else {"Authorization": f"Bearer {key}"})
        content = None if body is None else json.dumps(body).encode()
        if content is not None:
            headers["Content-Type"] = "application/json"
        try:
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, names, response.read())
        finally:
            connection.close()

    def command(self, *arguments: str) -> Any:
        """Run `sealwright … --json` on its store, from outside, and return what it printed.

        Raises:
            ServerFailed: It ended with another code than 0.
        """
        return json.loads(run_command(self.environment, *arguments, program=self.program))

    def resident_bytes(self) -> int:
        """Resident memory of the server and its children, read from the processes themselves."""
        return sum(_resident(pid) for pid in (self.pid, *_descendants(self.pid)))


@contextmanager
def database(kind: str) -> Iterator[str | None]:
    """A fresh database of a kind: None lets the server make SQLite in its home."""
    if kind == "sqlite":
        yield None
        return
    server = postgres.obtain()
    try:
        with server.database() as url:
            yield url
    finally:
        server.stop()


@contextmanager
def serve(kind: str, *, program: Sequence[str] = PROGRAM, **settings: str) -> Iterator[RunningServer]:
    """Start a server on a fresh database for as long as the block runs.

    Args:
        kind: ``sqlite`` or ``postgresql``.
        program: How the program is started; `tests.support.quick` has a quicker way.
        settings: Further settings, by their name in the environment.

    Raises:
        ServerFailed: It did not come up.
    """
    with tempfile.TemporaryDirectory(prefix="sealwright-bench-") as folder, database(kind) as url:
        home = Path(folder)
        environment = {k: v for k, v in os.environ.items() if not k.startswith("SEALWRIGHT_")}
        environment["PYTHONPATH"] = str(SOURCES)
        kek = base64.b64encode(secrets.token_bytes(32)).decode()
        # The port is chosen here, since contexts and lists get their addresses before the server listens.
        bind = f"127.0.0.1:{postgres.free_port()}"
        environment |= {"SEALWRIGHT_HOME": str(home / "var"), "SEALWRIGHT_KEK": kek, "SEALWRIGHT_BIND": bind}
        environment |= {"SEALWRIGHT_LOG_LEVEL": "error", **NO_LIMITS, **settings}
        if url is not None:
            environment["SEALWRIGHT_DATABASE_URL"] = url
        key = _demo(environment, program)
        log = home / "log"
        with log.open("wb") as errors:
            process = subprocess.Popen(
                [*program, "serve", "--json"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
            )
        try:
            ready = _first_line(process, log)
            address = urlsplit(ready["url"])
            host, port = address.hostname or "127.0.0.1", address.port or 80
            yield RunningServer(host, port, int(ready["pid"]), key, environment, log, tuple(program))
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def issue_request(server: RunningServer, body: dict[str, object] | None = None) -> bytes:
    """The bytes of one issue request over a kept-alive connection."""
    content = json.dumps(body or ISSUE_BODY, separators=(",", ":")).encode()
    head = (
        "POST /api/v1/credentials/issue HTTP/1.1\r\n"
        f"Host: {server.host}:{server.port}\r\n"
        f"Authorization: Bearer {server.api_key}\r\n"
        "Content-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode("ascii") + content


def _demo(environment: dict[str, str], program: Sequence[str]) -> str:
    key: str = json.loads(run_command(environment, "demo", program=program))["issuer_api_keys"][ISSUER]
    return key


def run_command(environment: dict[str, str], *arguments: str, program: Sequence[str] = PROGRAM) -> str:
    """Run `sealwright … --json` and return what it printed; raises ServerFailed as `RunningServer.command`."""
    command = [*program, *arguments, "--json"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    if run.returncode != 0:
        raise ServerFailed(f"sealwright {' '.join(arguments)} ended with {run.returncode}: {run.stderr.strip()[-500:]}")
    return run.stdout


def _first_line(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    assert process.stdout is not None
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        if readable(process.stdout, 0.2):
            line = process.stdout.readline()
            if line:
                ready: dict[str, str] = json.loads(line)
                return ready
    raise ServerFailed(f"sealwright serve: {log.read_text(errors='replace').strip()[-500:]}")


def readable(stream: IO[Any], seconds: float) -> bool:
    """Whether there is something to read within so many seconds; `select` itself knows no descriptor above 1,023."""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        return bool(selector.select(seconds))


def _resident(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children")
    if not children.exists():
        return []
    found = [int(child) for child in children.read_text(encoding="ascii").split()]
    return found + [deeper for child in found for deeper in _descendants(child)]
