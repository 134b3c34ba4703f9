"""did: create, import, rotate, deactivate, resolve, list."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from .conftest import ISSUE_BODY, Terminal

MEMBERS = {"did", "method", "kind", "verification_methods", "document"}
SEED = bytes(range(7, 39))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _private_jwk() -> dict[str, str]:
    public = bytes(SigningKey(SEED).verify_key)
    return {"kty": "OKP", "crv": "Ed25519", "d": _base64url(SEED), "x": _base64url(public)}


@pytest.mark.usefixtures("founded")
@pytest.mark.parametrize("method", ["adi", "key", "jwk", "web"])
def test_did_is_created_by_each_method(method: str, terminal: Terminal) -> None:
    made = terminal("did", "create", "--method", method, "--name", "City College").answer
    assert set(made) >= MEMBERS
    assert made["did"].startswith(f"did:{method}:")
    assert (made["method"], made["kind"], made["status"]) == (method, "human", "active")
    assert made["document"]["id"] == made["did"]
    listed = [one["id"] for one in made["document"]["verificationMethod"]]
    assert set(made["verification_methods"]) <= set(listed)
    assert terminal("did", "resolve", made["did"]).answer["didDocument"]["id"] == made["did"]


@pytest.mark.usefixtures("founded")
def test_did_gets_keys_by_proof_types_and_new_ones_for_one_alone(terminal: Terminal) -> None:
    options = ("--proof-types", "Ed25519Signature2020,bbs-2023,ecdsa-rdfc-2019")
    made = terminal("did", "create", "--method", "adi", *options).answer
    names = [one.partition("#")[2] for one in made["verification_methods"]]
    assert names == ["key-1", "key-2", "key-2-bls2020", "key-3", "status-1"]
    rotated = terminal("did", "rotate", made["did"], "--proof-type", "BbsBlsSignature2020").answer
    states = {key["id"].partition("#")[2]: key["status"] for key in rotated["keys"]}
    assert {name for name, state in states.items() if state == "retired"} == {"key-2", "key-2-bls2020"}
    said = terminal("did", "create", "--method", "key", *options)
    assert (said.code, said.problem["code"]) == (6, "INVALID_VALUE")
    unknown = terminal("did", "rotate", made["did"], "--proof-type", "RsaSignature2018")
    assert (unknown.code, unknown.problem["code"]) == (6, "UNSUPPORTED_PROOF_TYPE")


@pytest.mark.usefixtures("founded")
def test_agent_needs_an_operator_that_is_no_agent(terminal: Terminal) -> None:
    said = terminal("did", "create", "--method", "adi", "--kind", "agent")
    assert (said.code, said.problem["code"]) == (6, "MISSING_FIELD")
    human = terminal("did", "create", "--method", "adi").answer["did"]
    agent = terminal("did", "create", "--method", "adi", "--kind", "agent", "--operator", human).answer
    assert agent["did"].startswith("did:adi:agent:")
    assert agent["operator"] == human


@pytest.mark.usefixtures("founded")
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (("--method", "ion"), "UNSUPPORTED_DID_METHOD"),
        (("--method", "adi", "--kind", "robot"), "INVALID_VALUE"),
        (("--method", "adi", "--proof-types", "Ed25519signature2020"), "UNSUPPORTED_PROOF_TYPE"),
        (("--method", "adi", "--operator", "nobody"), "INVALID_DID"),
        (("--method", "web", "--path", "../x"), "INVALID_VALUE"),
    ],
)
def test_wish_that_cannot_be_met_is_validation(options: tuple[str, ...], code: str, terminal: Terminal) -> None:
    said = terminal("did", "create", *options)
    assert (said.code, said.problem["code"]) == (6, code)


@pytest.mark.usefixtures("founded")
def test_owner_has_to_exist(terminal: Terminal) -> None:
    said = terminal("did", "create", "--method", "adi", "--owner", "usr_x")
    assert (said.code, said.problem["code"]) == (4, "USER_NOT_FOUND")


@pytest.mark.usefixtures("founded")
def test_did_is_imported_with_its_aliases_and_fresh_keys(terminal: Terminal) -> None:
    options = ("--generate", "Ed25519Signature2020", "--kind", "organization", "--alias", "did:adi:x...")
    made = terminal("did", "import", "did:adi:x", *options, "--alias", "did:adi:y").answer
    assert made["did"] == "did:adi:x"
    assert made["aliases"] == ["did:adi:x...", "did:adi:y"]
    assert {key["custody"] for key in made["keys"]} == {"server"}
    assert terminal("did", "resolve", "did:adi:y").answer["didDocument"]["id"] == "did:adi:x"
    said = terminal("did", "import", "did:adi:y")
    assert (said.code, said.problem["code"]) == (5, "DID_EXISTS")


@pytest.mark.usefixtures("founded")
@pytest.mark.parametrize("form", ["list", "body", "one", "set"])
def test_private_key_is_taken_over_from_a_file(form: str, terminal: Terminal, tmp_path: Path) -> None:
    jwk = _private_jwk()
    content = {"list": [{"privateKeyJwk": jwk}], "body": {"keys": [{"privateKeyJwk": jwk}]}, "one": jwk}
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(content.get(form, {"keys": [jwk]})))
    said = terminal("did", "import", "did:adi:x", "--keys", str(path))
    assert said.code == 0, said
    assert _base64url(SEED) not in said.out + said.err
    assert "server" in {key["custody"] for key in said.answer["keys"]}


@pytest.mark.usefixtures("founded")
def test_keys_that_are_none_are_refused_without_showing_them(terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps([{"privateKeyJwk": {**_private_jwk(), "x": _base64url(bytes(32))}}]))
    said = terminal("did", "import", "did:adi:x", "--keys", str(path))
    assert (said.code, said.problem["code"]) == (6, "INVALID_KEY")
    assert _base64url(SEED) not in said.err
    path.write_text('[{"a":1,"a":2}]')
    assert terminal("did", "import", "did:adi:x", "--keys", str(path)).problem["code"] == "DUPLICATE_KEY"
    assert terminal("did", "import", "did:adi:x", "--keys", str(tmp_path / "none")).code == 2
    assert terminal("did", "import", "did:adi:x", "--keys", str(path), "--generate", "Ed25519Signature2020").code == 2


def test_rotated_did_signs_with_its_new_key(demo: dict[str, Any], terminal: Terminal, issue_file: Path) -> None:
    before = terminal("issue", str(issue_file)).answer["credential"]
    rotated = terminal("did", "rotate", ISSUE_BODY["issuerDid"]).answer
    states = [key["status"] for key in rotated["keys"]]
    assert sorted(set(states)) == ["active", "retired"]
    after = terminal("issue", str(issue_file)).answer["credential"]
    assert before["proof"]["verificationMethod"] != after["proof"]["verificationMethod"]
    old = issue_file.with_name("old.json")
    old.write_text(json.dumps(before))
    assert terminal("verify", str(old)).answer["verified"] is True


def test_compromised_key_verifies_nothing(demo: dict[str, Any], terminal: Terminal, issue_file: Path) -> None:
    old = issue_file.with_name("old.json")
    terminal("issue", str(issue_file), "--out", str(old))
    assert terminal("did", "rotate", ISSUE_BODY["issuerDid"], "--compromised").code == 0
    said = terminal("verify", str(old))
    assert (said.code, said.answer["verified"]) == (1, False)
    assert "KEY_COMPROMISED" in {check["code"] for check in said.answer["checks"]}


def test_deactivated_did_issues_no_more(issued: dict[str, Any], terminal: Terminal, issue_file: Path) -> None:
    ended = terminal("did", "deactivate", ISSUE_BODY["issuerDid"]).answer
    assert (ended["status"], ended["active_credentials"]) == ("deactivated", 1)
    assert terminal("did", "deactivate", ISSUE_BODY["issuerDid"]).problem["code"] == "ALREADY_DEACTIVATED"
    said = terminal("issue", str(issue_file))
    assert (said.code, said.problem["code"]) == (5, "ISSUER_DEACTIVATED")
    resolved = terminal("did", "resolve", ISSUE_BODY["issuerDid"])
    assert resolved.code == 0
    assert resolved.answer["didDocumentMetadata"]["deactivated"] is True


@pytest.mark.usefixtures("founded")
@pytest.mark.parametrize(
    ("did", "code", "error"),
    [
        ("did:adi:nobody", 4, "notFound"),
        ("nobody", 6, "invalidDid"),
        ("did:ion:x", 1, "methodNotSupported"),
    ],
)
def test_resolution_errors_are_results_with_exit_codes(did: str, code: int, error: str, terminal: Terminal) -> None:
    said = terminal("did", "resolve", did)
    assert said.code == code
    assert said.answer["didResolutionMetadata"]["error"] == error
    assert said.answer["didDocument"] is None


@pytest.mark.usefixtures("founded")
def test_unknown_did_is_not_found(terminal: Terminal) -> None:
    for command in ("rotate", "deactivate"):
        said = terminal("did", command, "did:adi:nobody")
        assert (said.code, said.problem["code"]) == (4, "DID_NOT_FOUND")
