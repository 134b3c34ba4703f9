"""A terminal at an office of its own, in process; and a furnished one, made once and copied."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sealwright.cli.door import run
from tests.support import server as support

ISSUE_BODY = {
    "schemaId": "did:adi:schema:university-degree-v1",
    "issuerDid": "did:adi:issuer001",
    "holderDid": "did:adi:holder001",
    "claims": {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}},
    "expirationDate": "2030-12-31T23:59:59Z",
}


@dataclass(frozen=True)
class Said:
    """What a command left behind: its exit code and both streams."""

    code: int
    out: str
    err: str

    @property
    def answer(self) -> dict[str, Any]:
        """The one JSON object on stdout."""
        lines = self.out.splitlines()
        assert len(lines) == 1, self
        value = json.loads(lines[0])
        assert isinstance(value, dict)
        return value

    @property
    def problem(self) -> dict[str, Any]:
        """The problem object on stderr."""
        lines = self.err.splitlines()
        assert len(lines) == 1, self
        value = json.loads(lines[0])
        assert {"type", "title", "status", "code", "detail", "instance", "retryable", "errors"} <= set(value)
        return dict(value)


class Served:
    """A `serve` that runs, and the line it began with."""

    def __init__(self, home: Path, log: Path, *options: str, **settings: str) -> None:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("SEALWRIGHT_")}
        environment |= {"PYTHONPATH": str(support.SOURCES), "SEALWRIGHT_HOME": str(home), **settings}
        self.log = log
        with log.open("wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "sealwright", "serve", *options],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )

    def first_line(self) -> str:
        assert self.process.stdout is not None
        assert support.readable(self.process.stdout, support.START_SECONDS), self.log.read_text()
        return self.process.stdout.readline()

    def stop(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, float]:
        """Ask it to end; gives the exit code and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(support.STOP_SECONDS)
        return code, time.monotonic() - began


Terminal = Callable[..., Said]


def interrupt(*_: object) -> None:
    """Somebody presses Ctrl-C here."""
    raise KeyboardInterrupt


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder that does not exist yet."""
    return tmp_path / "home"


@pytest.fixture
def terminal(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """Runs commands, by default with ``--json``, at the data folder of this test."""
    for name in list(os.environ):
        if name.startswith("SEALWRIGHT_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("SEALWRIGHT_HOME", str(home))
    monkeypatch.chdir(home.parent)

    def type_in(*words: str, json_output: bool = True) -> Said:
        capsys.readouterr()
        code = run([*words, "--json"] if json_output else words)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return type_in


@dataclass(frozen=True)
class _Template:
    """A data folder that tests copy, and what the command printed that made it."""

    home: Path
    answer: dict[str, Any]

    def copy_to(self, home: Path) -> None:
        shutil.copytree(self.home, home)


def _made_by(folder: Path, command: str, start: _Template | None = None) -> _Template:
    kept = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith("SEALWRIGHT_")}
    home = folder / "home"
    if start is not None:
        start.copy_to(home)
    os.environ["SEALWRIGHT_HOME"] = str(home)
    printed = io.StringIO()
    try:
        with redirect_stdout(printed):
            assert run([command, "--json"]) == 0
    finally:
        del os.environ["SEALWRIGHT_HOME"]
        os.environ.update(kept)
    return _Template(home, json.loads(printed.getvalue()))


@pytest.fixture(scope="session")
def _founded(tmp_path_factory: pytest.TempPathFactory) -> _Template:
    return _made_by(tmp_path_factory.mktemp("founded"), "init")


@pytest.fixture(scope="session")
def _furnished(_founded: _Template, tmp_path_factory: pytest.TempPathFactory) -> _Template:
    return _made_by(tmp_path_factory.mktemp("furnished"), "demo", _founded)


@pytest.fixture
def founded(_founded: _Template, home: Path, terminal: Terminal) -> dict[str, Any]:
    """An office that was set up at this test's data folder; gives what `init` printed."""
    _founded.copy_to(home)
    return _founded.answer


@pytest.fixture
def demo(_furnished: _Template, home: Path, terminal: Terminal) -> dict[str, Any]:
    """An office with the demo in it at this test's data folder; gives what `demo` printed."""
    _furnished.copy_to(home)
    return _furnished.answer


@pytest.fixture
def issue_file(tmp_path: Path) -> Path:
    """The documentation's literal request in a file."""
    path = tmp_path / "issue.json"
    path.write_text(json.dumps(ISSUE_BODY))
    return path


@pytest.fixture
def issued(demo: dict[str, Any], terminal: Terminal, issue_file: Path) -> dict[str, Any]:
    """A credential issued at this test's office, as `issue` printed it."""
    said = terminal("issue", str(issue_file))
    assert said.code == 0, said
    return said.answer


@pytest.fixture
def running() -> Iterator[list[Served]]:
    """Whatever is put in is ended."""
    started: list[Served] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.wait()
