"""issue, credential show, revoke, suspend, reinstate."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from .conftest import ISSUE_BODY, Terminal


def _file(tmp_path: Path, **changes: Any) -> str:
    path = tmp_path / "changed.json"
    body = {name: value for name, value in {**ISSUE_BODY, **changes}.items() if value is not ...}
    path.write_text(json.dumps(body))
    return str(path)


def _issue(terminal: Terminal, tmp_path: Path, **changes: Any) -> dict[str, Any]:
    said = terminal("issue", _file(tmp_path, **changes))
    assert said.code == 0, said
    return said.answer


def test_literal_request_is_issued(issued: dict[str, Any]) -> None:
    assert set(issued) == {
        *("credential", "credential_id", "status_list_index", "status_list_credential", "transaction_hash"),
        *("grant_id", "offer"),
    }
    credential = issued["credential"]
    assert credential["id"] == issued["credential_id"]
    assert credential["credentialSubject"]["degree"] == ISSUE_BODY["claims"]["degree"]
    assert credential["credentialStatus"]["statusListIndex"] == str(issued["status_list_index"])
    assert credential["proof"]["type"] == "Ed25519Signature2020"


def test_aliases_of_the_documentation_are_taken(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    made = _issue(terminal, tmp_path, issuerDid="did:adi:issuer001...", holderDid="did:adi:holder001...")
    assert made["credential"]["issuer"]["id"] == "did:adi:issuer001"
    assert made["credential"]["credentialSubject"]["id"] == "did:adi:holder001"


def test_document_is_written_byte_for_byte(demo: dict[str, Any], terminal: Terminal, issue_file: Path) -> None:
    out = issue_file.with_name("credential.json")
    said = terminal("issue", str(issue_file), "--out", str(out), json_output=False)
    assert said.out == ""
    assert said.err.startswith("Issued urn:uuid:")
    assert out.stat().st_mode & 0o777 == 0o600
    credential_id = json.loads(out.read_bytes())["id"]
    shown = terminal("credential", "show", credential_id)
    assert out.read_text() in shown.out


def test_plain_output_can_be_piped_into_verify(
    demo: dict[str, Any], terminal: Terminal, issue_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed = terminal("issue", str(issue_file), json_output=False).out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(printed.encode())))
    assert terminal("verify", "-").answer["verified"] is True


def test_dry_run_keeps_nothing(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    before = terminal("audit", "verify").answer["records"]
    answer = terminal("issue", _file(tmp_path, dryRun=True)).answer
    assert answer["dry_run"] is True
    assert "proof" not in answer["credential"]
    assert terminal("audit", "verify").answer["records"] == before


@pytest.mark.parametrize(
    ("changes", "exit_code", "code", "pointer"),
    [
        ({"schemaId": "did:adi:schema:none-v1"}, 4, "SCHEMA_NOT_FOUND", None),
        ({"issuerDid": "did:adi:nobody"}, 4, "ISSUER_NOT_FOUND", None),
        ({"holderDid": "did:adi:nobody"}, 4, "HOLDER_NOT_FOUND", None),
        ({"holderDid": ...}, 6, "MISSING_FIELD", "/holderDid"),
        ({"holderDid": "nobody"}, 6, "INVALID_DID", "/holderDid"),
        ({"isAdmin": True}, 6, "UNKNOWN_FIELD", "/isAdmin"),
        ({"claims": {"degree": {"name": "x"}}}, 6, "SCHEMA_VALIDATION_FAILED", "/claims/degree/type"),
        ({"claims": {"degree": {"type": "x", "gpa": 11}}}, 6, "SCHEMA_VALIDATION_FAILED", "/claims/degree/gpa"),
        ({"claims": {"@id": "x"}}, 6, "RESERVED_KEY", None),
        ({"expirationDate": "2020-01-01T00:00:00Z"}, 6, "EXPIRATION_IN_PAST", None),
        ({"expirationDate": "2030-02-30T00:00:00Z"}, 6, "INVALID_DATE", "/expirationDate"),
        ({"proofType": "ed25519signature2020"}, 6, "UNSUPPORTED_PROOF_TYPE", "/proofType"),
        ({"mandatoryPointers": ["/credentialSubject/id"]}, 6, "DERIVATION_INVALID", "/mandatoryPointers"),
    ],
)
def test_refusals_have_codes_and_places(
    changes: dict[str, Any],
    exit_code: int,
    code: str,
    pointer: str | None,
    demo: dict[str, Any],
    terminal: Terminal,
    tmp_path: Path,
) -> None:
    said = terminal("issue", _file(tmp_path, **changes))
    assert (said.code, said.problem["code"]) == (exit_code, code)
    assert said.out == ""
    if pointer is not None:
        assert pointer in {fault["pointer"] for fault in said.problem["errors"]}


@pytest.mark.usefixtures("founded")
@pytest.mark.parametrize(
    ("content", "code"),
    [(b"", "INVALID_JSON"), (b"{", "INVALID_JSON"), (b'{"a":1,"a":2}', "DUPLICATE_KEY"), (b"[]", "INVALID_BODY")],
)
def test_body_that_is_none_is_validation(content: bytes, code: str, terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    said = terminal("issue", str(path))
    assert (said.code, said.problem["code"]) == (6, code)


@pytest.mark.usefixtures("founded")
def test_file_that_is_not_there_is_misuse(terminal: Terminal, tmp_path: Path) -> None:
    said = terminal("issue", str(tmp_path / "none.json"))
    assert (said.code, said.problem["code"]) == (2, "USAGE")


def test_shown_credential_has_its_record(issued: dict[str, Any], terminal: Terminal) -> None:
    shown = terminal("credential", "show", issued["credential_id"]).answer
    assert shown["credential"] == issued["credential"]
    assert (shown["status"], shown["schema_id"]) == ("valid", ISSUE_BODY["schemaId"])
    assert (shown["issuer_did"], shown["holder_did"]) == (ISSUE_BODY["issuerDid"], ISSUE_BODY["holderDid"])
    bare = issued["credential_id"].removeprefix("urn:uuid:")
    assert terminal("credential", "show", bare).answer == shown
    said = terminal("credential", "show", "urn:uuid:00000000-0000-4000-8000-000000000000")
    assert (said.code, said.problem["code"]) == (4, "CREDENTIAL_NOT_FOUND")


def test_revoked_credential_stays_revoked(issued: dict[str, Any], terminal: Terminal) -> None:
    words = ("revoke", issued["credential_id"], "--reason", "issued in error")
    assert terminal(*words, "--reason-code", "issued_in_error").answer == {
        "results": [{"credential_id": issued["credential_id"], "status": "revoked", "error": None}],
        "revoked": 1,
        "failed": 0,
    }
    shown = terminal("credential", "show", issued["credential_id"]).answer
    assert (shown["status"], shown["reason_code"]) == ("revoked", "issued_in_error")
    said = terminal(*words)
    assert (said.code, said.problem["code"]) == (5, "ALREADY_REVOKED")


def test_some_of_many_failing_is_exit_code_8(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    ids = [_issue(terminal, tmp_path)["credential_id"] for _ in range(2)]
    unknown = "urn:uuid:00000000-0000-4000-8000-000000000000"
    said = terminal("revoke", ids[0], unknown, ids[1], "--reason", "x")
    assert said.code == 8
    assert (said.answer["revoked"], said.answer["failed"]) == (2, 1)
    assert [row["credential_id"] for row in said.answer["results"]] == [ids[0], unknown, ids[1]]
    assert [row["status"] for row in said.answer["results"]] == ["revoked", "failed", "revoked"]
    assert said.answer["results"][1]["error"]["code"] == "CREDENTIAL_NOT_FOUND"


def test_dry_run_revokes_nothing(issued: dict[str, Any], terminal: Terminal) -> None:
    answer = terminal("revoke", issued["credential_id"], "--reason", "x", "--dry-run").answer
    assert answer["dry_run"] is True
    assert terminal("credential", "show", issued["credential_id"]).answer["status"] == "valid"


@pytest.mark.parametrize(
    ("options", "exit_code", "code"),
    [
        (("--reason", ""), 6, "INVALID_VALUE"),
        (("--reason", "x" * 2001), 6, "INVALID_VALUE"),
        (("--reason", "x", "--reason-code", "bored"), 6, "INVALID_VALUE"),
        ((), 2, "USAGE"),
    ],
)
def test_revoking_needs_a_reason(
    options: tuple[str, ...], exit_code: int, code: str, issued: dict[str, Any], terminal: Terminal
) -> None:
    said = terminal("revoke", issued["credential_id"], *options)
    assert (said.code, said.problem["code"]) == (exit_code, code)
    assert terminal("credential", "show", issued["credential_id"]).answer["status"] == "valid"


def test_suspension_comes_and_goes(demo: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    credential_id = _issue(terminal, tmp_path, suspendable=True)["credential_id"]
    suspended = terminal("suspend", credential_id, "--reason", "x").answer
    assert (suspended["credential_id"], suspended["status"], suspended["suspended"]) == (
        credential_id,
        "suspended",
        True,
    )
    assert suspended["results"] == [{"credential_id": credential_id, "status": "suspended", "error": None}]
    reinstated = terminal("reinstate", credential_id, "--reason", "x").answer
    assert (reinstated["status"], reinstated["suspended"]) == ("valid", False)


def test_credential_without_entries_is_neither_revoked_nor_suspended(
    demo: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    made = _issue(terminal, tmp_path, revocable=False)
    assert made["status_list_index"] is None
    assert "credentialStatus" not in made["credential"]
    said = terminal("revoke", made["credential_id"], "--reason", "x")
    assert (said.code, said.problem["code"]) == (5, "NOT_REVOCABLE")
    said = terminal("suspend", made["credential_id"], "--reason", "x")
    assert (said.code, said.problem["code"]) == (5, "NOT_SUSPENDABLE")


def test_acts_of_the_terminal_name_their_operator(issued: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    export = tmp_path / "export.ndjson"
    assert terminal("audit", "export", "--out", str(export)).code == 0
    rows = [json.loads(line) for line in export.read_text().splitlines()]
    last = [row for row in rows if row["type"] == "record"][-1]
    assert last["action"] == "credential.issued"
    assert (last["actor"]["type"], last["actor"]["auth"]) == ("operator", "terminal")
    assert last["actor"]["id"]
    assert ISSUE_BODY["claims"]["degree"]["university"] not in export.read_text()
