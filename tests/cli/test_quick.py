"""The program that is imported ahead, for tests that start it often, does what the program does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import quick
from tests.support.server import PROGRAM, SOURCES, readable

COMMANDS = (
    ["--version"],
    ["user", "--help"],
    ["nonsense", "--json"],
    ["verify", "-"],
    ["verify", "no such file", "--json"],
    ["request", "list"],
)


def environment(folder: Path, **more: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("SEALWRIGHT_")}
    return {**kept, "PYTHONPATH": str(SOURCES), "SEALWRIGHT_HOME": str(folder / "home"), "COLUMNS": "100", **more}


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_a_command_ends_and_prints_as_the_program_does(tmp_path: Path, arguments: list[str]) -> None:
    def told(program: tuple[str, ...]) -> tuple[int, str, str]:
        run = subprocess.run(
            [*program, *arguments],
            env=environment(tmp_path, SEALWRIGHT_KEK="not a key"),
            cwd=tmp_path,
            input="{}",
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return run.returncode, run.stdout, run.stderr

    assert told(quick.program()) == told(PROGRAM)


def test_a_server_is_ended_as_it_asks_and_goes_with_whoever_called_it(tmp_path: Path) -> None:
    settings = {"SEALWRIGHT_BIND": "127.0.0.1:0"}
    for number, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        process = subprocess.Popen(
            [*quick.program(), "serve", "--json"],
            env=environment(tmp_path, **settings),
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert process.stdout is not None
        assert readable(process.stdout, 30)
        line = process.stdout.readline()
        assert b'"url"' in line
        process.send_signal(number)
        assert process.wait(15) == code
        # The output has an end once the server, which held it too, is gone.
        deadline = time.monotonic() + 15
        while not readable(process.stdout, 0.1) and time.monotonic() < deadline:
            pass
        assert process.stdout.read() == b""
        process.stdout.close()


def test_nothing_outlives_whoever_imported_it(tmp_path: Path) -> None:
    starts = (
        "import subprocess, sys; from tests.support import quick;"
        "one = subprocess.Popen([*quick.program(), 'serve', '--json'], stdout=subprocess.PIPE);"
        "print(one.stdout.readline().decode(), flush=True); import os; os.kill(os.getpid(), 9)"
    )
    root = Path(__file__).parents[2]
    process = subprocess.run(
        [sys.executable, "-c", starts],
        env=environment(tmp_path, SEALWRIGHT_BIND="127.0.0.1:0", PYTHONPATH=f"{SOURCES}{os.pathsep}{root}"),
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    # All of them had these outputs, and their end has come.
    assert process.returncode == -signal.SIGKILL
    assert '"url"' in process.stdout
