"""audit verify, audit export, verify-store."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain import audit_check

from .conftest import ISSUE_BODY, Terminal

ROOT = Path(__file__).resolve().parents[2]


def _tamper(home: Path, statement: str, *values: object) -> None:
    """Change the store behind the program's back, as a database administrator could."""
    with sqlite3.connect(home / "sealwright.db") as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        assert connection.execute(statement, values).rowcount == 1
    connection.close()


@pytest.fixture
def export(issued: dict[str, Any], terminal: Terminal, tmp_path: Path) -> Path:
    path = tmp_path / "export.ndjson"
    said = terminal("audit", "export", "--out", str(path))
    assert said.code == 0, said
    assert said.answer["bytes"] == path.stat().st_size
    return path


def test_store_of_a_working_office_is_sound(issued: dict[str, Any], terminal: Terminal) -> None:
    said = terminal("audit", "verify")
    assert said.code == 0
    assert (said.answer["verified"], said.answer["first_bad"]) == (True, None)
    assert said.answer["records"] > 10
    assert terminal("audit", "verify", json_output=False).out.startswith("sound: ")


def test_export_is_sound_and_needs_no_store(export: Path, terminal: Terminal, home: Path, tmp_path: Path) -> None:
    home.rename(tmp_path / "elsewhere")
    said = terminal("audit", "verify", str(export))
    assert (said.code, said.answer["verified"]) == (0, True)
    assert said.answer["records"] == sum('"type":"record"' in line for line in export.read_text().splitlines())
    assert not home.exists()


def test_every_kind_of_tampering_is_found(export: Path, terminal: Terminal, tmp_path: Path) -> None:
    lines = export.read_bytes().splitlines(keepends=True)
    middle = len(lines) // 2
    position = json.loads(lines[middle])["sequence"]
    changed = lines[middle].replace(b'"operator"', b'"system"', 1)
    assert changed != lines[middle]
    broken = {
        "changed": [*lines[:middle], changed, *lines[middle + 1 :]],
        "removed": [*lines[:middle], *lines[middle + 1 :]],
        "added": [*lines[:middle], lines[middle - 1], *lines[middle:]],
        "moved": [*lines[:middle], lines[middle + 1], lines[middle], *lines[middle + 2 :]],
    }
    path = tmp_path / "broken.ndjson"
    for name, content in broken.items():
        path.write_bytes(b"".join(content))
        said = terminal("audit", "verify", str(path))
        assert (said.code, said.answer["verified"], said.answer["first_bad"]) == (1, False, position), name
    path.write_bytes(b"".join(lines[:-1]))
    assert terminal("audit", "verify", str(path)).code == 1


def test_earlier_checkpoint_from_outside_agrees_or_convicts(
    export: Path, terminal: Terminal, tmp_path: Path, issue_file: Path
) -> None:
    note = tmp_path / "note"
    note.write_text(json.loads(export.read_bytes().splitlines()[-1])["note"])
    terminal("issue", str(issue_file))
    later = tmp_path / "later.ndjson"
    terminal("audit", "export", "--out", str(later))
    assert terminal("audit", "verify", str(later), "--checkpoint", str(note)).code == 0
    assert terminal("audit", "verify", "--checkpoint", str(note)).code == 0
    # The earlier export is shorter than a checkpoint over the later one.
    note.write_text(json.loads(later.read_bytes().splitlines()[-1])["note"])
    said = terminal("audit", "verify", str(export), "--checkpoint", str(note))
    assert (said.code, said.answer["verified"]) == (1, False)


def test_key_from_elsewhere_is_believed_alone(export: Path, terminal: Terminal) -> None:
    own = json.loads(export.read_bytes().splitlines()[0])["key"]
    assert terminal("audit", "verify", str(export), "--key", own).code == 0
    other = str(audit_check.VerifierKey("other", bytes(32)))
    assert terminal("audit", "verify", str(export), "--key", other).code == 1
    assert terminal("audit", "verify", str(export), "--key", "nonsense").code == 2


@pytest.mark.usefixtures("founded")
def test_what_cannot_be_checked_is_exit_code_2(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "x"
    assert terminal("audit", "verify", str(path)).code == 2
    path.write_text("hello")
    said = terminal("audit", "verify", str(path))
    assert (said.code, said.answer["verified"]) == (2, None)
    assert terminal("audit", "verify", "--checkpoint", str(path)).code == 2


def test_stranger_checks_the_export_with_one_file(export: Path) -> None:
    """As the reference says: the file alone, in a process that cannot see the package."""
    done = subprocess.run(
        [sys.executable, "-I", audit_check.__file__, str(export)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verified"] is True


def test_row_changed_in_the_database_is_found(issued: dict[str, Any], terminal: Terminal, home: Path) -> None:
    change = "UPDATE audit_rows SET body = CAST(replace(CAST(body AS TEXT), 'operator', 'Operator') AS BLOB)"
    _tamper(home, f"{change} WHERE sequence = 5")
    said = terminal("audit", "verify")
    assert (said.code, said.answer["verified"], said.answer["first_bad"]) == (1, False, 5)
    checked = terminal("verify-store")
    assert checked.code == 1
    assert {"kind": "audit", "id": "5"}.items() <= checked.answer["problems"][0].items()


def test_sound_store_has_no_problems(issued: dict[str, Any], terminal: Terminal) -> None:
    said = terminal("verify-store")
    assert (said.code, said.answer["verified"], said.answer["problems"]) == (0, True, [])
    assert terminal("verify-store", json_output=False).out == "sound\n"


def test_flipped_bit_of_a_stored_credential_is_named(issued: dict[str, Any], terminal: Terminal, home: Path) -> None:
    change = "UPDATE credentials SET document = CAST(replace(CAST(document AS TEXT), '2025', '2024') AS BLOB)"
    # The demo's own credentials say nothing of years.
    _tamper(home, f"{change} WHERE CAST(document AS TEXT) LIKE '%graduationYear%'")
    # Nor is it a further form of one that was never there.
    _tamper(home, "UPDATE credentials SET copy_of = zeroblob(16) WHERE CAST(document AS TEXT) LIKE '%graduationYear%'")
    said = terminal("verify-store")
    assert said.code == 1
    problems = [(one["kind"], one["id"]) for one in said.answer["problems"]]
    assert problems == [("credential", issued["credential_id"]), ("copy", issued["credential_id"])]
    assert ISSUE_BODY["claims"]["degree"]["university"] not in said.out


def test_drifted_total_of_requests_is_named_and_mended(
    demo: dict[str, Any], terminal: Terminal, home: Path, tmp_path: Path
) -> None:
    before = terminal("request", "list", "--status", "pending").answer
    place = "measure || credential_type || state || marks || period"
    one = f"(SELECT min({place}) FROM request_counters WHERE measure = 'sorted')"
    _tamper(home, f"UPDATE request_counters SET requests = requests + 7 WHERE {place} = {one}")
    said = terminal("verify-store")
    assert (said.code, said.answer["verified"]) == (1, False)
    [problem] = said.answer["problems"]
    assert (problem["kind"], problem["id"]) == ("request_counters", "requests")
    assert problem["detail"] == "Kept totals that differ from the requests: 1. Run: sealwright recount"
    said = terminal("doctor")
    [check] = [one for one in said.answer["checks"] if one["name"] == "counters"]
    assert (said.code, check["outcome"], check["fix"]) == (1, "failed", "Run: sealwright recount")
    assert terminal("recount").answer == {"mended": 1}
    assert terminal("recount").answer == {"mended": 0}
    assert terminal("audit", "export", "--out", str(tmp_path / "trail")).code == 0
    rows = [json.loads(line) for line in (tmp_path / "trail").read_text().splitlines()]
    recounts = [row for row in rows if row.get("action") == "system.recounted"]
    assert [(row["actor"]["type"], row["object"]["type"], row["data"]) for row in recounts] == [
        ("operator", "office", {"mended": 1})
    ]
    assert (terminal("verify-store").code, terminal("doctor").code) == (0, 0)
    assert terminal("request", "list", "--status", "pending").answer == before


def test_stray_row_of_the_feed_is_named_and_mended(demo: dict[str, Any], terminal: Terminal, home: Path) -> None:
    _tamper(home, "INSERT INTO feed_entries (set_id, listed_at, workflow_id) VALUES (1, 2, 'wfl_ghost')")
    [problem] = terminal("verify-store").answer["problems"]
    assert (problem["kind"], problem["id"]) == ("feed_index", "workflows")
    assert problem["detail"] == "Rows of the feed that differ from open workflows: 1. Run: sealwright recount"
    assert terminal("doctor").code == 1
    assert terminal("recount").answer == {"mended": 1}
    assert (terminal("verify-store").code, terminal("doctor").code) == (0, 0)


def test_office_that_is_not_there_could_not_be_checked(terminal: Terminal) -> None:
    said = terminal("verify-store")
    assert (said.code, said.answer["verified"]) == (2, None)


def test_export_to_where_nobody_can_write_is_misuse(issued: dict[str, Any], terminal: Terminal, home: Path) -> None:
    said = terminal("audit", "export", "--out", str(home / "none" / "x"))
    assert (said.code, said.problem["code"]) == (2, "USAGE")


def test_export_can_be_piped(issued: dict[str, Any], home: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sealwright", "audit", "export", "--out", "-"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "SEALWRIGHT_HOME": str(home)},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert audit_check.check_export(done.stdout.splitlines(keepends=True)).verified is True
