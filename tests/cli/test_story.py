"""One whole story at the terminal, on each database."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from .conftest import ISSUE_BODY, Terminal


def test_office_lives_at_the_terminal(
    database_url: str, terminal: Terminal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SEALWRIGHT_DATABASE_URL", database_url)
    if database_url.startswith("postgresql"):
        # With PostgreSQL a key-encryption key must be given; without one the office does not open.
        assert terminal("init").problem["code"] == "INVALID_SETTING"
        monkeypatch.setenv("SEALWRIGHT_KEK", base64.b64encode(bytes(range(32))).decode())
    body = tmp_path / "issue.json"
    body.write_text(json.dumps({**ISSUE_BODY, "suspendable": True}))
    credential = tmp_path / "credential.json"
    export = tmp_path / "export.ndjson"

    first = terminal("init", "--admin-email", "ada@acme.example", "--admin-name", "Ada").answer
    assert (first["already_initialized"], first["database"]) == (False, database_url.partition(":")[0])
    assert len(terminal("demo").answer["users"]) == 9
    assert len(terminal("demo").answer["dids"]) == 5

    issued = terminal("issue", str(body), "--out", str(credential)).answer
    assert terminal("verify", str(credential)).code == 0
    assert terminal("suspend", issued["credential_id"], "--reason", "x").code == 0
    assert terminal("verify", str(credential)).code == 1
    assert terminal("reinstate", issued["credential_id"], "--reason", "x").code == 0
    assert terminal("verify", str(credential)).code == 0
    assert terminal("keys", "rotate").code == 0
    assert terminal("verify", str(credential)).code == 0
    assert terminal("revoke", issued["credential_id"], "--reason", "x").code == 0
    assert terminal("verify", str(credential)).code == 1
    assert terminal("suspend", issued["credential_id"], "--reason", "x").problem["code"] == "ALREADY_REVOKED"

    people = tmp_path / "people.csv"
    people.write_text("holderDid,degree.type\ndid:adi:holder001,B\ndid:adi:holder002,B\ndid:adi:nobody,B\n")
    ran = terminal("batch", "run", str(people), "--schema", str(ISSUE_BODY["schemaId"]))
    assert (ran.code, ran.answer["status"], ran.answer["issued"], ran.answer["failed"]) == (8, "anchored", 2, 1)
    assert terminal("batch", "status", ran.answer["batch_id"]).answer["transaction_hash"].startswith("0x")

    assert terminal("audit", "verify").answer["verified"] is True
    assert terminal("audit", "export", "--out", str(export)).code == 0
    assert terminal("audit", "verify", str(export)).code == 0
    assert terminal("verify-store").answer["problems"] == []
    checks = {check["name"]: check["outcome"] for check in terminal("doctor").answer["checks"]}
    assert (checks["database"], checks["keys"], checks["audit"]) == ("ok", "ok", "ok")
