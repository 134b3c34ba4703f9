"""verify: offline, with exit codes 0, 1 and 2."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from nacl.signing import SigningKey

from sealwright.cli import verifying
from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.proofs.signing import ProofOptions, attach, prepare, with_suite_context
from tests.support.wallet import WalletKey

from .conftest import ISSUE_BODY, Terminal

CHECKS = [
    *("structure", "proof", "issuer", "expiration", "revocation", "suspension", "schema", "holder"),
    *("trustedIssuer", "delegation"),
]


@pytest.fixture
def credential_file(issued: dict[str, Any], tmp_path: Path) -> Path:
    path = tmp_path / "credential.json"
    path.write_text(json.dumps(issued["credential"]))
    return path


def _outcomes(answer: dict[str, Any]) -> dict[str, str]:
    return {check["name"]: check["outcome"] for check in answer["checks"]}


def test_sound_credential_is_verified(credential_file: Path, terminal: Terminal) -> None:
    said = terminal("verify", str(credential_file))
    assert (said.code, said.answer["verified"]) == (0, True)
    assert [check["name"] for check in said.answer["checks"]] == CHECKS
    assert set(said.answer) == {
        *("verified", "checks", "credential_id", "issuer_did", "holder_did", "types", "checked_at"),
    }
    assert said.answer["issuer_did"] == ISSUE_BODY["issuerDid"]


def test_answer_of_issue_is_unwrapped(
    issued: dict[str, Any], terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(json.dumps(issued).encode())))
    assert terminal("verify", "-").answer["verified"] is True


def test_revoked_credential_is_refused(issued: dict[str, Any], credential_file: Path, terminal: Terminal) -> None:
    terminal("revoke", issued["credential_id"], "--reason", "x")
    said = terminal("verify", str(credential_file))
    assert said.code == 1
    assert _outcomes(said.answer)["revocation"] == "failed"


def test_altered_credential_is_refused(issued: dict[str, Any], terminal: Terminal, tmp_path: Path) -> None:
    forged = json.loads(json.dumps(issued["credential"]))
    forged["credentialSubject"]["degree"]["gpa"] = 4.0
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(forged))
    said = terminal("verify", str(path))
    assert (said.code, said.answer["verified"]) == (1, False)
    assert _outcomes(said.answer)["proof"] == "failed"


@pytest.mark.parametrize(
    ("trusted", "code"),
    [(["did:adi:issuer001"], 0), (["did:adi:other", "did:adi:issuer001"], 0), (["did:adi:other"], 1)],
)
def test_only_trusted_issuers_pass_when_named(
    trusted: list[str], code: int, credential_file: Path, terminal: Terminal
) -> None:
    options = [word for did in trusted for word in ("--trusted-issuer", did)]
    assert terminal("verify", str(credential_file), *options).code == code


def test_plain_report_names_the_verdict_and_each_check(credential_file: Path, terminal: Terminal) -> None:
    lines = terminal("verify", str(credential_file), json_output=False).out.splitlines()
    assert lines[0].startswith("verified  urn:uuid:")
    assert [line.split()[1] for line in lines[1:]] == CHECKS


@pytest.mark.parametrize(
    "content",
    [b"", b"hello", b"{", b'{"a":1,"a":2}', b"\xff\xfe", b"[]", b"null", b"5", b"a.b.c", b"{}"],
)
def test_what_is_no_credential_is_refused_and_no_crash(
    content: bytes, demo: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "broken"
    path.write_bytes(content)
    said = terminal("verify", str(path))
    assert (said.code, said.answer["verified"]) == (1, False)


def test_file_that_is_not_there_could_not_be_checked(terminal: Terminal, tmp_path: Path) -> None:
    assert terminal("verify", str(tmp_path / "none")).code == 2


def test_issuer_that_cannot_be_looked_up_is_not_verified(
    issued: dict[str, Any], terminal: Terminal, home: Path, tmp_path: Path
) -> None:
    """A stranger without our store: nothing is made where the store would be, and nothing is called verified."""
    path = tmp_path / "credential.json"
    path.write_text(json.dumps(issued["credential"]))
    home.rename(tmp_path / "elsewhere")
    said = terminal("verify", str(path))
    assert said.code in (1, 2)
    assert said.answer["verified"] is False
    assert not home.exists()


def test_key_issuer_is_verified_without_any_store(
    demo: dict[str, Any], terminal: Terminal, home: Path, tmp_path: Path
) -> None:
    issuer = terminal("did", "create", "--method", "key").answer["did"]
    body = tmp_path / "body.json"
    body.write_text(json.dumps({**ISSUE_BODY, "issuerDid": issuer, "holderDid": issuer, "revocable": False}))
    out = tmp_path / "credential.json"
    assert terminal("issue", str(body), "--out", str(out)).code == 0
    home.rename(tmp_path / "elsewhere")
    said = terminal("verify", str(out))
    # Its context is registered elsewhere, so what it means is not known here; the key is.
    assert _outcomes(said.answer)["structure"] == "failed"
    assert said.answer["verified"] is False


def test_status_list_from_a_file_is_used_for_foreign_lists(
    credential_file: Path, terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "list.json"
    path.write_text("[]")
    assert terminal("verify", str(credential_file), "--status-list", str(path)).code == 2
    path.write_text(json.dumps({"id": "https://x.example/list"}))
    assert terminal("verify", str(credential_file), "--status-list", str(path)).code == 0


def test_unreadable_foreign_list_could_not_be_checked() -> None:
    from datetime import UTC, datetime

    from sealwright.vc.verification.report import Check, Outcome, VerificationReport

    def report(*outcomes: Outcome) -> VerificationReport:
        checks = tuple(Check(name, one, None, "") for name, one in zip(CHECKS, outcomes, strict=False))
        return VerificationReport(checks, frozenset({"structure"}), datetime(2026, 1, 1, tzinfo=UTC))

    assert verifying._exit_code(report(Outcome.PASSED, Outcome.NOT_APPLICABLE)) == 0
    assert verifying._exit_code(report(Outcome.PASSED, Outcome.UNCHECKED)) == 2
    assert verifying._exit_code(report(Outcome.PASSED, Outcome.UNCHECKED, Outcome.FAILED)) == 1


def test_verifying_opens_no_way_out(credential_file: Path, terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setenv("SEALWRIGHT_OUTBOUND_RESOLUTION", "did-web+status")
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    document = json.loads(credential_file.read_text())
    document["issuer"] = "did:web:issuer.example"
    document["proof"]["verificationMethod"] = "did:web:issuer.example#key-1"
    credential_file.write_text(json.dumps(document))
    said = terminal("verify", str(credential_file))
    assert said.answer["verified"] is False
    assert said.code in (1, 2)


def test_untrusted_signature_of_a_stranger_is_refused(
    issued: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    from sealwright.vc.encoding.multibase import multibase_encode

    forged = json.loads(json.dumps(issued["credential"]))
    forged["proof"]["proofValue"] = multibase_encode(SigningKey.generate().sign(b"x").signature, "z")
    path = tmp_path / "forged.json"
    path.write_text(json.dumps(forged))
    assert terminal("verify", str(path)).code == 1


CHALLENGE, DOMAIN = "c-7e1f", "https://verifier.example"
PRESENTATION_CHECKS = ["structure", "proof", "holder", "challenge", "domain", "credentials"]


@pytest.fixture
def presentation_file(terminal: Terminal, demo: dict[str, Any], issue_file: Path, tmp_path: Path) -> Path:
    """The degree of a holder whose key is their own, presented by them."""
    holder = WalletKey()
    body = {**json.loads(issue_file.read_text()), "holderDid": holder.did}
    issue_file.write_text(json.dumps(body))
    credential = terminal("issue", str(issue_file)).answer["credential"]
    presentation = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "holder": holder.did,
        "verifiableCredential": [credential],
    }
    options = ProofOptions(
        "Ed25519Signature2020",
        holder.kid,
        datetime.now(UTC).replace(microsecond=0),
        purpose="authentication",
        challenge=CHALLENGE,
        domain=DOMAIN,
    )
    with verifying.offline() as at:
        prepared = prepare(with_suite_context(presentation, options.suite), options, at.office.verifier._canon)
    seed = base64url_decode(holder.key.as_dict(private=True)["d"])
    path = tmp_path / "presentation.json"
    path.write_text(json.dumps(attach(prepared, bytes(SigningKey(seed).sign(prepared.data_to_sign).signature))))
    return path


def test_presentation_is_verified_with_its_credentials(presentation_file: Path, terminal: Terminal) -> None:
    said = terminal("verify", str(presentation_file), "--challenge", CHALLENGE, "--domain", DOMAIN)
    assert (said.code, said.answer["verified"]) == (0, True), said
    assert [check["name"] for check in said.answer["checks"]] == PRESENTATION_CHECKS
    (inside,) = said.answer["credentials"]
    assert (inside["verified"], [check["name"] for check in inside["checks"]]) == (True, CHECKS)


@pytest.mark.parametrize(
    ("options", "code", "check"),
    [
        (("--challenge", "another", "--domain", DOMAIN), 1, "challenge"),
        (("--challenge", CHALLENGE, "--domain", "https://other.example"), 1, "domain"),
        (("--domain", DOMAIN), 2, "challenge"),
        ((), 2, "domain"),
        (("--challenge", CHALLENGE, "--domain", DOMAIN, "--trusted-issuer", "did:adi:other"), 1, "credentials"),
    ],
)
def test_presentation_for_another_occasion_is_not_verified(
    options: tuple[str, ...], code: int, check: str, presentation_file: Path, terminal: Terminal
) -> None:
    said = terminal("verify", str(presentation_file), *options)
    assert (said.code, said.answer["verified"]) == (code, False)
    assert _outcomes(said.answer)[check] == ("failed" if code == 1 else "unchecked")


def test_plain_report_of_a_presentation_sets_its_credentials_in(presentation_file: Path, terminal: Terminal) -> None:
    words = ("verify", str(presentation_file), "--challenge", CHALLENGE, "--domain", DOMAIN)
    lines = terminal(*words, json_output=False).out.splitlines()
    assert lines[0].startswith("verified  presentation of did:key:")
    assert [line.split()[1] for line in lines[1:7]] == PRESENTATION_CHECKS
    assert lines[8].startswith("  credential 1: verified  urn:uuid:")
    assert [line.split()[1] for line in lines[9:]] == CHECKS


@pytest.mark.parametrize("option", [("--challenge", "x"), ("--domain", "x")])
def test_credential_alone_is_bound_to_no_occasion(
    option: tuple[str, str], credential_file: Path, terminal: Terminal
) -> None:
    said = terminal("verify", str(credential_file), *option)
    assert (said.code, said.problem["code"]) == (2, "USAGE")


@pytest.mark.parametrize(("holder", "code"), [(ISSUE_BODY["holderDid"], 0), ("did:adi:holder002", 1)])
def test_credential_must_be_about_whom_is_named(
    holder: str, code: int, credential_file: Path, terminal: Terminal
) -> None:
    assert terminal("verify", str(credential_file), "--holder", holder).code == code


def test_options_of_credentials_are_none_of_presentations(presentation_file: Path, terminal: Terminal) -> None:
    given = (("--holder", "did:adi:holder001"), ("--nonce", "AAEC"), ("--status-list", str(presentation_file)))
    for option in given:
        assert terminal("verify", str(presentation_file), *option).code == 2
