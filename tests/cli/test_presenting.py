"""present: a holder's own key or one that is kept here, for one verifier and one occasion."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sealwright.vc.encoding.multibase import multibase_encode
from tests.support.wallet import WalletKey

from .conftest import Said, Terminal

CHALLENGE, DOMAIN = "c-7e1f", "https://verifier.example"
GRADE, UNIVERSITY = "/credentialSubject/degree/gpa", "/credentialSubject/degree/university"
OCCASION = ("--challenge", CHALLENGE, "--domain", DOMAIN)
Issue = Callable[..., Path]


@pytest.fixture
def issue(demo: dict[str, Any], terminal: Terminal, issue_file: Path, tmp_path: Path) -> Issue:
    """Files with a degree of a holder's from the demo's issuer, under a suite."""

    def made(holder: str, suite: str = "bbs-2023") -> Path:
        body = {**json.loads(issue_file.read_text()), "holderDid": holder, "proofType": suite}
        issue_file.write_text(json.dumps(body))
        path = tmp_path / f"{suite} {len(list(tmp_path.iterdir()))}.json"
        said = terminal("issue", str(issue_file), "--out", str(path))
        assert said.code == 0, said
        return path

    return made


def _key_file(path: Path, content: object, mode: int = 0o600) -> Path:
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    path.chmod(mode)
    return path


def _secret(key: WalletKey) -> bytes:
    text = key.key.as_dict(private=True)["d"]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture
def key_file(tmp_path: Path) -> tuple[WalletKey, Path]:
    key = WalletKey()
    return key, _key_file(tmp_path / "holder.jwk", key.key.as_dict(private=True))


def _verified(terminal: Terminal, said: Said, tmp_path: Path, *options: str) -> Said:
    path = tmp_path / "presented.json"
    path.write_text(said.out)
    return terminal("verify", str(path), *(options or OCCASION))


@pytest.mark.parametrize("suite", ["BbsBlsSignature2020", "bbs-2023"])
def test_part_is_presented_with_the_holders_own_key(
    suite: str, issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal, tmp_path: Path
) -> None:
    key, path = key_file
    said = terminal(
        "present",
        str(issue(key.did, suite)),
        "--holder",
        key.did,
        *OCCASION,
        "--reveal",
        UNIVERSITY,
        "--key",
        str(path),
    )
    assert said.code == 0, said
    (inside,) = said.answer["presentation"]["verifiableCredential"]
    assert inside["credentialSubject"]["degree"]["university"] == "MIT"
    assert "gpa" not in inside["credentialSubject"]["degree"]
    checked = _verified(terminal, said, tmp_path)
    assert (checked.code, checked.answer["verified"]) == (0, True), checked
    assert _verified(terminal, said, tmp_path, "--challenge", "another", "--domain", DOMAIN).code == 1


def test_several_are_presented_whole(
    issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal, tmp_path: Path
) -> None:
    key, path = key_file
    files = [str(issue(key.did, "Ed25519Signature2020")) for _ in range(2)]
    said = terminal("present", *files, "--holder", key.did, *OCCASION, "--key", str(path))
    assert len(said.answer["presentation"]["verifiableCredential"]) == 2
    assert _verified(terminal, said, tmp_path).code == 0
    refused = terminal("present", *files, "--holder", key.did, *OCCASION, "--key", str(path), "--reveal", GRADE)
    assert (refused.code, refused.problem["code"]) == (2, "USAGE")


def test_key_that_is_kept_here_signs_and_it_is_on_record(
    issue: Issue, demo: dict[str, Any], terminal: Terminal, tmp_path: Path
) -> None:
    holder = "did:adi:holder001"
    said = terminal("present", str(issue(holder)), "--holder", holder, *OCCASION, "--reveal", GRADE)
    assert said.code == 0, said
    assert _verified(terminal, said, tmp_path).code == 0
    trail = tmp_path / "trail"
    assert terminal("audit", "export", "--out", str(trail)).code == 0
    assert b"presentation.created" in trail.read_bytes()


def test_preview_tells_every_value_and_no_proof(
    issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal
) -> None:
    key, path = key_file
    words = ("present", str(issue(key.did)), "--holder", key.did, *OCCASION, "--reveal", GRADE, "--key", str(path))
    lines = terminal(*words, "--preview", json_output=False).out.splitlines()
    rows = {line.split()[0]: line.split(maxsplit=1)[1] for line in lines}
    assert rows[f"/verifiableCredential/0{GRADE}"] == "3.8"
    assert rows["/holder"] == json.dumps(key.did)
    assert not any("/proof" in pointer or "university" in pointer for pointer in rows)


def test_end_is_in_the_proof(issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal) -> None:
    key, path = key_file
    words = ("present", str(issue(key.did)), "--holder", key.did, *OCCASION, "--reveal", GRADE, "--key", str(path))
    proof = terminal(*words, "--expires", "60").answer["presentation"]["proof"]
    assert proof["created"][:14] <= proof["expires"][:14]
    assert proof["created"] != proof["expires"]
    for seconds in ("0", "-1", "3601"):
        assert terminal(*words, "--expires", seconds).code == 2


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_key_that_others_may_read_is_not_taken(
    mode: int, issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal
) -> None:
    key, path = key_file
    path.chmod(mode)
    said = terminal("present", str(issue(key.did)), "--holder", key.did, *OCCASION, "--key", str(path))
    assert (said.code, said.problem["code"]) == (2, "USAGE")
    assert "chmod 600" in said.problem["detail"]


@pytest.mark.parametrize("kind", ["pipe", "folder", "link to another's"])
def test_key_is_read_from_a_regular_file_without_waiting(
    kind: str, issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal, tmp_path: Path
) -> None:
    key, path = key_file
    other = tmp_path / "other"
    if kind == "pipe":
        os.mkfifo(other, 0o600)
    elif kind == "folder":
        other.mkdir(mode=0o700)
    else:
        path.chmod(0o644)
        other.symlink_to(path)
    said = terminal("present", str(issue(key.did)), "--holder", key.did, *OCCASION, "--key", str(other))
    assert (said.code, said.problem["code"], said.out) == (2, "USAGE", "")


@pytest.mark.parametrize("form", ["jwk", "multikey", "multikey in JSON", "P-256 jwk", "P-256 multikey"])
def test_forms_of_private_keys(form: str, issue: Issue, terminal: Terminal, tmp_path: Path) -> None:
    key = WalletKey("P-256" if form.startswith("P-256") else "Ed25519")
    codec = b"\x86\x26" if form.startswith("P-256") else b"\x80\x26"
    multikey = multibase_encode(codec + _secret(key))
    content: object = multikey
    if form.endswith("jwk"):
        content = key.key.as_dict(private=True)
    elif form.endswith("JSON"):
        content = {"secretKeyMultibase": multikey, "publicKeyMultibase": key.public.multikey}
    path = _key_file(tmp_path / "key", content)
    said = terminal(
        "present", str(issue(key.did)), "--holder", key.did, *OCCASION, "--reveal", GRADE, "--key", str(path)
    )
    assert said.code == 0, said
    assert _verified(terminal, said, tmp_path).code == 0


@pytest.mark.parametrize("form", ["empty", "words", "public", "broken d", "other half", "BLS", "array"])
def test_what_is_no_private_key_is_refused_and_never_printed(
    form: str, issue: Issue, terminal: Terminal, tmp_path: Path
) -> None:
    key, other = WalletKey(), WalletKey()
    private = key.key.as_dict(private=True)
    content: object = {
        "empty": "",
        "words": "my secret phrase",
        "public": key.jwk,
        "broken d": {**private, "d": private["d"][:-4]},
        "other half": {**private, "x": other.jwk["x"]},
        "BLS": multibase_encode(b"\x8a\x26" + _secret(key)),
        "array": [private],
    }[form]
    path = _key_file(tmp_path / "key", content)
    said = terminal("present", str(issue(key.did)), "--holder", key.did, *OCCASION, "--key", str(path))
    assert said.code in (2, 6), said
    assert said.out == ""
    assert private["d"][:12] not in said.err
    assert "secret phrase" not in said.err


def test_another_holders_key_does_not_present(
    issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal, tmp_path: Path
) -> None:
    key, path = key_file
    theirs = issue("did:adi:holder001")
    as_holder = terminal("present", str(theirs), "--holder", "did:adi:holder001", *OCCASION, "--key", str(path))
    assert (as_holder.code, as_holder.problem["code"]) == (4, "HOLDER_NOT_FOUND")
    as_self = terminal("present", str(theirs), "--holder", key.did, *OCCASION, "--key", str(path), "--reveal", GRADE)
    assert as_self.problem["code"] == "HOLDER_MISMATCH"
    assert as_self.code != 0


def test_base_proof_is_not_presented(issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal) -> None:
    key, path = key_file
    said = terminal("present", str(issue(key.did)), "--holder", key.did, *OCCASION, "--key", str(path))
    assert (said.code, said.problem["code"]) == (6, "DERIVATION_INVALID")


def test_what_is_there_is_not_overwritten(
    issue: Issue, key_file: tuple[WalletKey, Path], terminal: Terminal, tmp_path: Path
) -> None:
    key, path = key_file
    out = tmp_path / "mine"
    out.write_text("mine")
    words = ("present", str(issue(key.did)), "--holder", key.did, *OCCASION, "--reveal", GRADE, "--key", str(path))
    assert terminal(*words, "--out", str(out)).code == 2
    assert out.read_text() == "mine"
    assert terminal(*words, "--out", str(tmp_path / "new")).code == 0
    assert terminal("verify", str(tmp_path / "new"), *OCCASION).code == 0
