"""schema and api-key."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import ISSUE_BODY, Terminal

SCHEMA = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "properties": {"skill": {"type": "string"}, "level": {"type": "integer"}},
    "required": ["skill"],
    "additionalProperties": False,
}


@pytest.fixture
def schema_file(tmp_path: Path) -> Path:
    path = tmp_path / "schema.json"
    path.write_text(json.dumps(SCHEMA))
    return path


@pytest.mark.usefixtures("founded")
def test_bare_schema_is_registered_with_options(terminal: Terminal, schema_file: Path) -> None:
    made = terminal("schema", "register", str(schema_file), "--name", "skill", "--type", "SkillCredential").answer
    assert made["schema_id"] == "did:adi:schema:skill-v1"
    assert (made["version"], made["type"], made["active"], made["restricted"]) == (
        "1.0",
        ["SkillCredential"],
        True,
        False,
    )
    assert made["schema"] == SCHEMA
    assert made["context_url"].endswith("/contexts/skill/1.0")
    assert terminal("schema", "show", "did:adi:schema:skill-v1").answer == made
    said = terminal("schema", "register", str(schema_file), "--name", "skill", "--type", "SkillCredential")
    assert (said.code, said.problem["code"]) == (5, "SCHEMA_EXISTS")


@pytest.mark.usefixtures("founded")
def test_registration_body_is_registered_and_options_win(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "body.json"
    path.write_text(json.dumps({"name": "skill", "type": ["SkillCredential"], "schema": SCHEMA, "version": "1.0"}))
    made = terminal("schema", "register", str(path), "--version", "2.1").answer
    assert (made["schema_id"], made["version"]) == ("did:adi:schema:skill-v2", "2.1")


def test_restricted_schema_names_its_issuers(
    demo: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(SCHEMA).encode())))
    options = ("--name", "skill", "--type", "SkillCredential", "--restricted", "--allow", "did:adi:issuer001...")
    made = terminal("schema", "register", "-", *options, "--author", "did:adi:issuer001").answer
    assert (made["restricted"], made["allowed_issuers"]) == (True, ["did:adi:issuer001"])
    assert made["author"] == "did:adi:issuer001"


@pytest.mark.usefixtures("founded")
@pytest.mark.parametrize(
    ("schema", "code"),
    [
        ({"type": "object", "properties": {"a": {"$ref": "https://x.example/s"}}}, "SCHEMA_REF_NOT_ALLOWED"),
        ({"type": "object", "properties": {"a": {"type": "strung"}}}, "SCHEMA_INVALID"),
        ({"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=x)"}}}, None),
    ],
)
def test_schema_that_may_not_be_registered_is_validation(
    schema: dict[str, Any], code: str | None, terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "bad.json"
    path.write_text(json.dumps(schema))
    said = terminal("schema", "register", str(path), "--name", "bad", "--type", "BadCredential")
    assert said.code == 6
    assert said.problem["code"] == (code or said.problem["code"])


@pytest.mark.usefixtures("founded")
def test_faults_of_options_name_the_member(terminal: Terminal, schema_file: Path) -> None:
    said = terminal("schema", "register", str(schema_file), "--name", "Bad Name")
    assert said.code == 6
    assert {fault["pointer"] for fault in said.problem["errors"]} == {"/name", "/type"}


def test_deactivated_schema_takes_no_new_credentials(
    demo: dict[str, Any], terminal: Terminal, issue_file: Path
) -> None:
    assert terminal("schema", "deactivate", ISSUE_BODY["schemaId"]).answer["active"] is False
    said = terminal("issue", str(issue_file))
    assert (said.code, said.problem["code"]) == (5, "SCHEMA_INACTIVE")
    said = terminal("schema", "show", "did:adi:schema:none-v1")
    assert (said.code, said.problem["code"]) == (4, "SCHEMA_NOT_FOUND")


def test_api_key_belongs_to_the_owner_of_its_did(demo: dict[str, Any], terminal: Terminal) -> None:
    options = ("--issuer-did", "did:adi:issuer001...", "--schemas", ISSUE_BODY["schemaId"])
    made = terminal("api-key", "create", *options, "--name", "registrar", "--expires-in", "86400").answer
    assert made["api_key"].startswith(made["prefix"])
    assert made["api_key"].startswith("swk_")
    assert (made["issuer_dids"], made["schemas"]) == (["did:adi:issuer001"], [ISSUE_BODY["schemaId"]])
    listed = {one["api_key_id"]: one for one in terminal("api-key", "list").answer["items"]}
    assert made["api_key_id"] in listed
    assert all("api_key" not in one for one in listed.values())
    ended = terminal("api-key", "revoke", made["api_key_id"]).answer
    assert ended["status"] == "revoked"
    assert terminal("api-key", "revoke", "key_x").problem["code"] == "API_KEY_NOT_FOUND"


@pytest.mark.parametrize(
    ("options", "exit_code", "code"),
    [
        (("--issuer-did", "did:adi:none"), 4, "ISSUER_NOT_FOUND"),
        (("--issuer-did", "did:adi:issuer001", "--schemas", "did:adi:schema:none-v1"), 4, "SCHEMA_NOT_FOUND"),
        (("--issuer-did", "did:adi:issuer001", "--user", "usr_x"), 4, "USER_NOT_FOUND"),
        (("--issuer-did", "nobody"), 6, "INVALID_DID"),
        (("--issuer-did", "did:adi:issuer001", "--issue-per-minute", "0"), 6, "INVALID_VALUE"),
        (("--issuer-did", "did:adi:issuer001", "--expires-in", "0"), 2, "USAGE"),
        ((), 2, "USAGE"),
    ],
)
def test_api_key_that_cannot_be_made(
    options: tuple[str, ...], exit_code: int, code: str, demo: dict[str, Any], terminal: Terminal
) -> None:
    said = terminal("api-key", "create", *options)
    assert (said.code, said.problem["code"]) == (exit_code, code)


def test_plain_api_key_can_be_piped(demo: dict[str, Any], terminal: Terminal) -> None:
    said = terminal("api-key", "create", "--issuer-did", "did:adi:issuer001", json_output=False)
    assert said.out.startswith("swk_")
    assert said.out.count("\n") == 1
