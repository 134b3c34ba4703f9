"""The way in: help, switches, unknown commands, bad settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
import typer

from sealwright import __version__
from sealwright.cli import main
from sealwright.cli.door import run
from sealwright.cli.index import COMMANDS, help_text

from .conftest import Terminal, interrupt

ROOT = Path(__file__).resolve().parents[2]
# What a page of help must not wait for.
HEAVY = {"typer", "msgspec", "sqlalchemy", "litestar", "pyld", "nacl", "cryptography", "psycopg", "rich"}


def _process(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEALWRIGHT_")}
    environment |= {"PYTHONPATH": str(ROOT / "src"), **settings}
    return subprocess.run(
        [sys.executable, "-m", "sealwright", *words],
        check=False,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("words", [["--help"], ["-h"], ["help"]])
def test_help_names_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 0
    printed = capsys.readouterr().out
    assert all(f"\n  {name} " in printed and entry.summary in printed for name, entry in COMMANDS.items())


def test_no_command_is_a_question_for_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert capsys.readouterr().out.startswith("Usage:")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; from sealwright.cli.door import run; run(['--help']); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert loaded & HEAVY == set()
    assert done.stdout.strip() == help_text()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_is_where_the_index_says(name: str) -> None:
    target = getattr(import_module(COMMANDS[name].module), COMMANDS[name].attribute)
    assert isinstance(target, typer.Typer) or target.__doc__


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, terminal: Terminal, home: Path) -> None:
    said = terminal(name, "--help", json_output=False)
    assert said.code == 0
    assert f"Usage: sealwright {name}" in said.out
    assert not home.exists()


def test_version_is_printed(terminal: Terminal) -> None:
    assert terminal("version").answer == {"version": __version__}
    assert terminal("version", json_output=False).out == f"{__version__}\n"
    assert terminal("--version", json_output=False).out == f"{__version__}\n"


@pytest.mark.parametrize("words", [["--json", "version"], ["version", "--json"], ["--quiet", "version", "--json"]])
def test_switches_stand_before_or_behind(words: list[str], terminal: Terminal) -> None:
    assert terminal(*words, json_output=False).answer == {"version": __version__}


def test_switches_behind_two_dashes_are_arguments(terminal: Terminal) -> None:
    said = terminal("user", "show", "--", "--json", json_output=False)
    assert said.code != 0
    assert not said.err.startswith("{")


def test_unknown_command_is_told_with_a_near_one(terminal: Terminal) -> None:
    said = terminal("verfiy")
    assert said.code == 2
    assert said.problem["code"] == "USAGE"
    assert "verify" in said.problem["detail"]
    assert said.out == ""


def test_unknown_option_is_one_line(terminal: Terminal) -> None:
    said = terminal("user", "list", "--frobnicate", json_output=False)
    assert said.code == 2
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("sealwright: USAGE: No such option")


@pytest.mark.parametrize("words", [["user"], ["did", "frob"], ["issue"], ["revoke", "--reason", "x"], ["suspend", "x"]])
def test_incomplete_command_is_misuse(words: list[str], terminal: Terminal) -> None:
    said = terminal(*words)
    assert said.code == 2
    assert said.problem["code"] == "USAGE"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SEALWRIGHT_BIND", "nowhere"),
        ("SEALWRIGHT_WORKERS", "many"),
        ("SEALWRIGHT_PUBLIC_URL", "https://x.example/path"),
        ("SEALWRIGHT_DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("SEALWRIGHT_KEK", "hunter2"),
        ("SEALWRIGHT_FROBNICATE", "hunter2"),
    ],
)
@pytest.mark.parametrize(
    "words", [["init"], ["user", "list"], ["serve"], ["doctor"], ["issue", "/missing"], ["openapi"], ["version"]]
)
def test_bad_setting_stops_every_command(
    name: str, value: str, words: list[str], terminal: Terminal, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    said = terminal(*words)
    assert said.code == 2
    assert said.problem["code"] == "INVALID_SETTING"
    assert name in said.problem["detail"]
    assert "hunter2" not in said.err
    assert not home.exists()


def test_bad_setting_is_one_line(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALWRIGHT_WORKERS", "many")
    said = terminal("user", "list", json_output=False)
    assert said.code == 2
    assert said.err.count("\n") == 1
    assert "SEALWRIGHT_WORKERS" in said.err
    assert "1 to 64" in said.err


def test_reading_needs_an_office_and_makes_none(terminal: Terminal, home: Path) -> None:
    said = terminal("user", "list")
    assert said.code == 1
    assert said.problem["code"] == "SETUP_REQUIRED"
    assert list(home.iterdir()) == []


def test_module_is_a_program() -> None:
    done = _process("version", "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout) == {"version": __version__}


def test_process_ends_with_the_exit_code() -> None:
    done = _process("version", "--frobnicate", "--json")
    assert done.returncode == 2
    assert json.loads(done.stderr)["code"] == "USAGE"


def test_reader_that_goes_away_is_no_crash(demo: dict[str, object], home: Path) -> None:
    command = f"{sys.executable} -m sealwright schema list --json | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "SEALWRIGHT_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr


def test_ctrl_c_while_modules_are_read_is_an_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sealwright.cli.door.run", interrupt)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
