"""doctor."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.cli import checkup

from .conftest import Said, Terminal


def _outcomes(said: Said) -> dict[str, str]:
    checks = said.answer["checks"]
    assert all(set(check) == {"name", "outcome", "detail", "fix"} for check in checks)
    return {check["name"]: check["outcome"] for check in checks}


def test_sound_office_has_only_warnings_of_a_new_one(
    demo: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The furnished folder is made once and copied: its last rows wait for a server as long as the other tests take.
    monkeypatch.setattr(checkup, "_STALE_AFTER", timedelta(days=1))
    said = terminal("doctor")
    assert said.code == 0
    outcomes = _outcomes(said)
    assert {name for name, outcome in outcomes.items() if outcome != "ok"} <= {
        "public_url",
        "checkpoints",
        "disk",
        "mail",
        "workers",
    }
    assert "failed" not in outcomes.values()
    assert {
        "database",
        "kek",
        "keys",
        "key_ages",
        "clock",
        "audit",
        "housekeeping",
        "workers",
        "counters",
        "setup",
        "plans",
    } <= set(outcomes)
    assert all(check["fix"] for check in said.answer["checks"] if check["outcome"] != "ok")


def test_place_without_office_is_told_and_left_alone(terminal: Terminal, home: Path) -> None:
    said = terminal("doctor")
    assert said.code == 0
    assert _outcomes(said)["setup"] == "warning"
    assert list(home.iterdir()) == []


def test_open_folder_is_warned_about(founded: dict[str, Any], terminal: Terminal, home: Path) -> None:
    home.chmod(0o755)
    assert _outcomes(terminal("doctor"))["home"] == "warning"


def test_readable_kek_must_be_mended(founded: dict[str, Any], terminal: Terminal, home: Path) -> None:
    (home / "kek").chmod(0o640)
    said = terminal("doctor")
    assert said.code == 1
    assert _outcomes(said)["kek"] == "failed"


def test_wrong_kek_must_be_mended(founded: dict[str, Any], terminal: Terminal, home: Path) -> None:
    import base64

    (home / "kek").write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
    said = terminal("doctor")
    assert (said.code, _outcomes(said)["keys"]) == (1, "failed")


def test_moved_office_is_warned(founded: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SEALWRIGHT_PUBLIC_URL", "https://elsewhere.example")
    assert _outcomes(terminal("doctor"))["setup"] == "warning"


def test_halted_office_is_warned(founded: dict[str, Any], terminal: Terminal) -> None:
    terminal("halt", "--reason", "drill")
    assert _outcomes(terminal("doctor"))["halts"] == "warning"


def test_checkpoint_folder_that_cannot_be_written_must_be_mended(
    founded: dict[str, Any], terminal: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = tmp_path / "file"
    taken.write_text("x")
    monkeypatch.setenv("SEALWRIGHT_AUDIT_EXPORT_DIR", str(taken / "below"))
    said = terminal("doctor")
    assert (said.code, _outcomes(said)["checkpoints"]) == (1, "failed")


def test_old_keys_are_warned_about(
    founded: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from sealwright.adapters.clock import SystemClock

    monkeypatch.setattr(SystemClock, "now", _later(SystemClock, timedelta(days=400)))
    assert _outcomes(terminal("doctor"))["key_ages"] == "warning"


def test_clock_behind_the_trail_must_be_mended(
    founded: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from sealwright.adapters.clock import SystemClock

    monkeypatch.setattr(SystemClock, "now", _later(SystemClock, timedelta(days=-1)))
    said = terminal("doctor")
    assert (said.code, _outcomes(said)["clock"]) == (1, "failed")


def _later(clock: Any, by: Any) -> Any:
    now = clock.now
    return lambda self: now(self) + by


def test_database_that_does_not_answer_is_told(founded: dict[str, Any], terminal: Terminal, home: Path) -> None:
    for file in home.glob("sealwright.db*"):
        file.write_bytes(b"not a database" * 1000)
    said = terminal("doctor")
    assert said.code == 1
    assert _outcomes(said)["database"] in ("failed", "unchecked")


def test_plain_checkup_is_a_line_each(founded: dict[str, Any], terminal: Terminal) -> None:
    lines = terminal("doctor", json_output=False).out.splitlines()
    assert all(line.split()[0] in ("ok", "WARN", "FAIL", "?") for line in lines)
