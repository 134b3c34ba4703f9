"""halt, resume, keys rotate, openapi."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import ISSUE_BODY, Terminal


def test_halt_stops_issuing_until_resume(demo: dict[str, Any], terminal: Terminal, issue_file: Path) -> None:
    halted = terminal("halt", "--reason", "drill").answer
    assert (halted["halted"], halted["reason"]) == (True, "drill")
    said = terminal("issue", str(issue_file))
    assert (said.code, said.problem["code"], said.problem["retryable"]) == (1, "ISSUING_HALTED", True)
    assert terminal("resume").answer == {"halted": False, "ended": 1}
    assert terminal("issue", str(issue_file)).code == 0
    assert terminal("resume").answer["ended"] == 0


@pytest.mark.parametrize(
    ("option", "concerned", "other"),
    [
        ("--issuer-did", "did:adi:issuer001...", "did:adi:human001"),
        ("--schema", ISSUE_BODY["schemaId"], "did:adi:schema:kyc-v1"),
    ],
)
def test_halt_can_be_narrow(
    option: str, concerned: str, other: str, demo: dict[str, Any], terminal: Terminal, issue_file: Path
) -> None:
    assert terminal("halt", "--reason", "drill", option, other).code == 0
    assert terminal("issue", str(issue_file)).code == 0
    assert terminal("halt", "--reason", "drill", option, concerned).code == 0
    assert terminal("issue", str(issue_file)).problem["code"] == "ISSUING_HALTED"


@pytest.mark.usefixtures("founded")
def test_halt_of_what_does_not_exist_is_not_found(terminal: Terminal) -> None:
    assert terminal("halt", "--reason", "x", "--issuer-did", "did:adi:none").problem["code"] == "ISSUER_NOT_FOUND"
    assert terminal("halt", "--reason", "x", "--schema", "did:adi:schema:none-v1").code == 4
    assert terminal("halt", "--reason", "").code == 6
    assert terminal("halt").code == 2


def test_keys_of_one_did_are_rotated(demo: dict[str, Any], terminal: Terminal) -> None:
    assert terminal("keys", "rotate", "--did", "did:adi:issuer001...").answer == {"rotated": ["did:adi:issuer001"]}
    assert terminal("keys", "rotate", "--did", "did:adi:none").code == 4


def test_all_keys_are_rotated_and_old_work_stays_sound(
    issued: dict[str, Any], terminal: Terminal, issue_file: Path, tmp_path: Path
) -> None:
    export = tmp_path / "before.ndjson"
    terminal("audit", "export", "--out", str(export))
    rotated = terminal("keys", "rotate").answer["rotated"]
    assert {"did:adi:issuer001", "did:adi:agent:7f3a", "system:audit:2", "system:log:2"} <= set(rotated)
    old = tmp_path / "old.json"
    old.write_text(json.dumps(issued["credential"]))
    assert terminal("verify", str(old)).answer["verified"] is True
    assert terminal("issue", str(issue_file)).code == 0
    # The note that the old audit key signed still vouches for the rows it covers.
    note = tmp_path / "note"
    note.write_text(json.loads(export.read_bytes().splitlines()[-1])["note"])
    later = tmp_path / "later.ndjson"
    terminal("audit", "export", "--out", str(later))
    assert terminal("audit", "verify", str(later), "--checkpoint", str(note)).code == 0
    assert terminal("keys", "rotate").answer["rotated"][-1] == "system:log:3"


def test_new_kek_changes_no_signature(issued: dict[str, Any], terminal: Terminal, home: Path, issue_file: Path) -> None:
    before = (home / "kek").read_bytes()
    rotated = terminal("keys", "rotate", "--kek").answer["rotated"]
    assert any(key_id.startswith("did:adi:issuer001#") for key_id in rotated)
    after = (home / "kek").read_bytes()
    assert after != before
    assert (home / "kek").stat().st_mode & 0o777 == 0o600
    # The newest key stands first and opens everything by itself.
    (home / "kek").write_bytes(after.splitlines(keepends=True)[0])
    assert terminal("issue", str(issue_file)).code == 0
    assert terminal("verify-store").code == 0


def test_kek_of_the_environment_is_not_rotated_here(
    founded: dict[str, Any], terminal: Terminal, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEALWRIGHT_KEK", (home / "kek").read_text().strip())
    said = terminal("keys", "rotate", "--kek")
    assert (said.code, said.problem["code"]) == (2, "USAGE")
    assert terminal("keys", "rotate", "--kek", "--did", "did:adi:x").code == 2


def test_lost_kek_seals_the_office(demo: dict[str, Any], terminal: Terminal, home: Path, issue_file: Path) -> None:
    import base64

    (home / "kek").write_bytes(base64.b64encode(bytes(range(32))) + b"\n")
    said = terminal("issue", str(issue_file))
    assert (said.code, said.problem["code"]) == (1, "SEALED")
    assert terminal("user", "list").code == 0


def test_kek_that_others_can_read_is_a_bad_setting(demo: dict[str, Any], terminal: Terminal, home: Path) -> None:
    (home / "kek").chmod(0o644)
    said = terminal("user", "list")
    assert (said.code, said.problem["code"]) == (2, "INVALID_SETTING")


@pytest.mark.usefixtures("founded")
def test_openapi_is_the_servers_document(terminal: Terminal, tmp_path: Path) -> None:
    printed = terminal("openapi").answer
    assert printed["openapi"].startswith("3.1")
    assert "/api/v1/credentials/issue" in printed["paths"]
    assert printed["servers"] == [{"url": "http://127.0.0.1:8000"}]
    out = tmp_path / "openapi.json"
    assert terminal("openapi", "--out", str(out)).answer["file"] == str(out)
    assert json.loads(out.read_text()) == printed
