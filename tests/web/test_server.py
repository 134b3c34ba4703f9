"""The server as a process: ready line, signals, workers that die and come back."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sealwright.bootstrap import build
from sealwright.domain.people import AccountRole
from sealwright.settings import load_settings
from tests.support.office import add_person
from tests.web.conftest import token_for

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the server's workers are forked")


def environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEALWRIGHT_")}
    source = str(Path(__file__).parents[2] / "src")
    return {**kept, "PYTHONPATH": source, "SEALWRIGHT_HOME": str(home), "SEALWRIGHT_RATE_PUBLIC_PER_MINUTE": "0"}


COMMAND = [sys.executable, "-m", "sealwright"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of an office that has been set up; one server after the other uses it."""
    folder = tmp_path_factory.mktemp("served") / "home"
    subprocess.run([*COMMAND, "init"], env=environment(folder), check=True, capture_output=True, timeout=60)
    return folder


@contextmanager
def running(home: Path, *options: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A server over an office that has been set up; gives the process and its port."""
    serve = [*COMMAND, "--json", "serve", "--port", "0", *options]
    with subprocess.Popen(serve, env=environment(home), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            assert ready["ready"] is True
            assert ready["pid"] == process.pid
            yield process, int(re.search(r":(\d+)$", ready["url"])[1])  # type: ignore[index]
        finally:
            if process.poll() is None:
                process.kill()


def get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    finally:
        connection.close()


def children(pid: int) -> list[int]:
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in listed.read_text().split()] if listed.exists() else []


def token_of(home: Path) -> str:
    """A personal token of an admin of an office that nobody serves at the moment."""
    office = build(load_settings({"SEALWRIGHT_HOME": str(home)}, cwd=home))
    try:
        return token_for(office, add_person(office, "ada", AccountRole.ADMIN))
    finally:
        office.close()


def ended(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    return process.wait(20), time.monotonic() - started


def test_server_answers_and_ends_in_time_whoever_holds_on(home: Path) -> None:
    token = token_of(home)
    with running(home) as (process, port):
        assert get(port, "/healthz") == 200
        assert get(port, "/readyz") == 200
        assert get(port, "/api/v1/schemas") == 200
        # Neither a connection that is kept open nor a body that never comes may hold up the end.
        idle = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        idle.request("GET", "/healthz")
        idle.getresponse().read()
        stuck = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        stuck.putrequest("POST", "/api/v1/credentials/verify")
        stuck.putheader("Content-Type", "application/json")
        stuck.putheader("Content-Length", "1000")
        stuck.endheaders()
        stuck.send(b"{")
        assert get(port, "/healthz") == 200
        # Nor somebody who listens: their stream is ended properly, before what hangs is cut off.
        listening = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        listening.request("GET", "/api/v1/events/stream", headers={"Authorization": f"Bearer {token}"})
        stream = listening.getresponse()
        assert stream.readline() == b"retry: 3000\n"
        code, seconds = ended(process)
        assert stream.read() in (b"\n", b"\n:\n\n")
        idle.close()
        stuck.close()
        listening.close()
    assert code == 0
    assert seconds < 10


def test_worker_that_dies_is_replaced(home: Path) -> None:
    with running(home, "--workers", "2") as (process, port):
        before = children(process.pid)
        if not before:
            pytest.skip("children of a process are not listed on this system")
        assert len(before) == 2
        os.kill(before[0], signal.SIGKILL)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert get(port, "/healthz") == 200
            now = children(process.pid)
            if len(now) == 2 and before[0] not in now:
                break
            time.sleep(0.1)
        assert len(children(process.pid)) == 2
        assert get(port, "/readyz") == 200
        code, seconds = ended(process)
    assert code == 0
    assert seconds < 10


def test_workers_do_not_outlive_their_parent(home: Path) -> None:
    with running(home, "--workers", "2") as (process, _port):
        orphans = children(process.pid)
        if not orphans:
            pytest.skip("children of a process are not listed on this system")
        process.kill()
        process.wait(10)
        deadline = time.monotonic() + 15
        while time.monotonic() < deadline and any(Path(f"/proc/{pid}/cmdline").exists() for pid in orphans):
            time.sleep(0.1)
        alive = [pid for pid in orphans if Path(f"/proc/{pid}/cmdline").exists()]
        alive = [pid for pid in alive if Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"]
        assert alive == []
