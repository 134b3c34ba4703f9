"""derive: what can be shown, what a verifier will see, and a credential that shows it."""

from __future__ import annotations

import base64
import io
import json
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealwright.cli import verifying
from tests.support.own_issuers import own_issuer

from .conftest import Terminal

NAME, GRADE = "/credentialSubject/degree/name", "/credentialSubject/degree/gpa"
SUITES = ("BbsBlsSignature2020", "bbs-2023", "ecdsa-sd-2023")
Base = Callable[[str], Path]


@pytest.fixture
def base(issued: dict[str, Any], tmp_path: Path) -> Base:
    """Files with a degree from an issuer whose DID is its key."""

    def made(suite: str) -> Path:
        path = tmp_path / f"{suite}.json"
        is_old = suite == "BbsBlsSignature2020"
        (context,) = [one for one in issued["credential"]["@context"] if "university-degree" in one]
        with verifying.offline() as at:
            document = {
                "@context": [
                    "https://www.w3.org/2018/credentials/v1" if is_old else "https://www.w3.org/ns/credentials/v2",
                    context,
                ],
                "id": "urn:uuid:f47ac10b-58cc-4372-a567-0e02b2c3d479",
                "type": ["VerifiableCredential", "UniversityDegreeCredential"],
                "issuer": own_issuer(suite).did,
                "issuanceDate" if is_old else "validFrom": "2026-01-01T00:00:00Z",
                "credentialSubject": {
                    "id": "did:adi:holder001",
                    "degree": {"type": "BachelorDegree", "name": "Science", "university": "MIT", "gpa": 3.8},
                },
            }
            mandatory = () if is_old else ("/issuer", "/validFrom")
            signed = own_issuer(suite).sign(
                suite, document, at.office.verifier._canon, at.office.clock.now(), mandatory
            )
        path.write_text(json.dumps(signed))
        return path

    return made


@pytest.mark.parametrize("suite", SUITES)
def test_derived_credential_shows_the_name_and_not_the_grade(
    suite: str, base: Base, terminal: Terminal, tmp_path: Path
) -> None:
    out = tmp_path / "shown.json"
    said = terminal("derive", str(base(suite)), "--reveal", NAME, "--out", str(out))
    assert said.code == 0, said
    shown = json.loads(out.read_text())
    degree = shown["credentialSubject"]["degree"]
    assert degree["name"] == "Science"
    assert not {"gpa", "university"} & set(degree)
    assert said.answer == {"credential": shown}
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    checked = terminal("verify", str(out))
    assert (checked.code, checked.answer["verified"]) == (0, True), checked


@pytest.mark.parametrize("suite", SUITES)
def test_preview_is_what_the_verifier_reads(suite: str, base: Base, terminal: Terminal) -> None:
    said = terminal("derive", str(base(suite)), "--reveal", GRADE, "--preview")
    rows = {row["pointer"]: row["value"] for row in said.answer["seen"]}
    shown = said.answer["credential"]
    assert rows[GRADE] == shown["credentialSubject"]["degree"]["gpa"] == 3.8
    assert rows["/issuer"] == shown["issuer"]
    assert not any("proof" in pointer or "name" in pointer or "university" in pointer for pointer in rows)
    lines = terminal("derive", str(base(suite)), "--reveal", GRADE, "--preview", json_output=False).out.splitlines()
    assert [line.split() for line in lines if line.startswith(GRADE)] == [[GRADE, "3.8"]]
    # Legacy proofs name unnamed nodes; nothing else differs from one run to the next.
    assert {line.split()[0] for line in lines} == set(rows)


@pytest.mark.parametrize("suite", SUITES)
def test_list_tells_what_is_always_shown_and_what_as_chosen(suite: str, base: Base, terminal: Terminal) -> None:
    rows = {row["pointer"]: row for row in terminal("derive", str(base(suite)), "--list").answer["items"]}
    assert rows["/issuer"]["shown"] == "always"
    assert (rows[GRADE]["shown"], rows[GRADE]["value"]) == ("as chosen", 3.8)
    lines = terminal("derive", str(base(suite)), "--list", json_output=False).out.splitlines()
    assert lines[0].split() == ["shown", "pointer", "value"]
    assert len(lines) == len(rows) + 1


def test_what_is_there_is_not_overwritten(base: Base, terminal: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "shown.json"
    out.write_text("mine")
    said = terminal("derive", str(base("bbs-2023")), "--reveal", NAME, "--out", str(out))
    assert (said.code, said.problem["code"]) == (2, "USAGE")
    assert "overwritten" in said.problem["detail"]
    assert out.read_text() == "mine"


def test_standard_output_gets_one_answer(base: Base, terminal: Terminal) -> None:
    words = ("derive", str(base("bbs-2023")), "--reveal", NAME, "--out", "-")
    assert terminal(*words).answer["credential"]["credentialSubject"]["degree"]["name"] == "Science"
    assert "Science" in terminal(*words, json_output=False).out


def test_link_that_leads_nowhere_is_not_written_through(base: Base, terminal: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "shown.json"
    out.symlink_to(tmp_path / "elsewhere")
    assert terminal("derive", str(base("bbs-2023")), "--reveal", NAME, "--out", str(out)).code == 2
    assert not (tmp_path / "elsewhere").exists()


def test_answer_is_taken_back_by_derive_and_verify(
    base: Base, terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = terminal("derive", str(base("ecdsa-sd-2023")), "--reveal", NAME).out
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(answer.encode())))
    assert terminal("verify", "-").code == 0


@pytest.mark.parametrize("suite", SUITES)
@pytest.mark.parametrize("pointer", ["/credentialSubject/nothing", "/proof", "/credentialSubject/degree/0"])
def test_pointer_that_leads_nowhere_is_named(suite: str, pointer: str, base: Base, terminal: Terminal) -> None:
    said = terminal("derive", str(base(suite)), "--reveal", NAME, "--reveal", pointer)
    assert (said.code, said.problem["code"]) == (6, "DERIVATION_INVALID")
    assert pointer in said.problem["detail"]
    assert [fault["pointer"] for fault in said.problem["errors"]] == ["/reveal/1"]


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--reveal", "credentialSubject"),
        ("--reveal", "/a~2"),
        ("--list", "--reveal", NAME),
        ("--list", "--out", "x"),
        ("--reveal", NAME, "--nonce", "no base64"),
        ("--reveal", NAME, "--nonce", ""),
        ("--reveal", NAME, "--out", "missing/folder/x"),
        tuple(word for _ in range(201) for word in ("--reveal", NAME)),
    ],
)
def test_options_that_say_nothing_are_misuse(options: tuple[str, ...], base: Base, terminal: Terminal) -> None:
    said = terminal("derive", str(base("bbs-2023")), *options)
    assert (said.code, said.problem["code"], said.out) == (2, "USAGE", "")


@pytest.mark.parametrize("content", ["", "hello", "[]", "a.b.c", "5"])
def test_what_is_no_credential_is_misuse(content: str, terminal: Terminal, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text(content)
    assert terminal("derive", str(path), "--reveal", "/x").code == 2


def test_credential_that_is_shown_whole_or_not_at_all_is_refused(
    issued: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "credential.json"
    path.write_text(json.dumps(issued["credential"]))
    for words in (("--reveal", GRADE), ("--list",)):
        said = terminal("derive", str(path), *words)
        assert (said.code, said.problem["code"]) == (6, "UNSUPPORTED_PROOF_TYPE")


@pytest.mark.parametrize("suite", SUITES)
def test_forged_and_derived_credentials_are_no_beginning(
    suite: str, base: Base, terminal: Terminal, tmp_path: Path
) -> None:
    path = base(suite)
    shown = terminal("derive", str(path), "--reveal", NAME).answer["credential"]
    forged = json.loads(path.read_text())
    forged["credentialSubject"]["degree"]["gpa"] = 4.0
    for name, document in (("shown", shown), ("forged", forged)):
        other = tmp_path / f"{name}.json"
        other.write_text(json.dumps(document))
        said = terminal("derive", str(other), "--reveal", NAME)
        assert said.code == 6, said
        assert said.out == ""


def test_frame_chooses_for_the_legacy_suite_alone(base: Base, terminal: Terminal, tmp_path: Path) -> None:
    path = base("BbsBlsSignature2020")
    frame = {
        "@context": json.loads(path.read_text())["@context"],
        "type": ["VerifiableCredential", "UniversityDegreeCredential"],
        "credentialSubject": {"@explicit": True, "degree": {"@explicit": True, "name": {}}},
    }
    frame_file = tmp_path / "frame.json"
    frame_file.write_text(json.dumps(frame))
    said = terminal("derive", str(path), "--frame", str(frame_file))
    assert said.code == 0, said
    assert said.answer["credential"]["credentialSubject"]["degree"]["name"] == "Science"
    assert "gpa" not in said.answer["credential"]["credentialSubject"]["degree"]
    assert terminal("derive", str(path), "--frame", str(frame_file), "--reveal", NAME).code == 2
    refused = terminal("derive", str(base("bbs-2023")), "--frame", str(frame_file))
    assert (refused.code, refused.problem["code"]) == (6, "DERIVATION_INVALID")


def test_nonce_is_in_the_legacy_proof(base: Base, terminal: Terminal) -> None:
    nonce = base64.b64encode(bytes(range(32))).decode()
    said = terminal("derive", str(base("BbsBlsSignature2020")), "--reveal", NAME, "--nonce", nonce)
    assert said.answer["credential"]["proof"]["nonce"] == nonce


@pytest.mark.parametrize("suite", ["BbsBlsSignature2020", "bbs-2023"])
def test_derived_proof_is_for_the_nonce_that_was_given(
    suite: str, base: Base, terminal: Terminal, tmp_path: Path
) -> None:
    path = tmp_path / "shown.json"
    assert terminal("derive", str(base(suite)), "--reveal", NAME, "--nonce", "AAEC_w", "--out", str(path)).code == 0
    assert terminal("verify", str(path), "--nonce", "AAEC/w==").code == 0
    for other in ("AAEC", "AAECAw==", "AAEC/wA="):
        assert terminal("verify", str(path), "--nonce", other).code == 1
    assert terminal("verify", str(path), "--nonce", "?").code == 2
    bare = tmp_path / "bare.json"
    assert terminal("derive", str(base(suite)), "--reveal", NAME, "--out", str(bare)).code == 0
    assert terminal("verify", str(bare), "--nonce", "AAEC/w==").code == 1
