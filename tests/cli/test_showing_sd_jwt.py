"""derive, present and verify of an SD-JWT VC: parts of it, bound to the holder's key."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sealwright.vc.proofs.compact import sealed, signing_input
from sealwright.vc.proofs.sd_jwt import combined, conceal
from sealwright.vc.proofs.sd_jwt_reading import open_sd_jwt
from sealwright.vc.proofs.sd_jwt_vc import SdJwtVcParts, sd_jwt_vc_claims
from tests.support.own_issuers import own_issuer
from tests.support.wallet import WalletKey

from .conftest import Terminal

CHALLENGE, DOMAIN = "c-7e1f", "https://verifier.example"
OCCASION = ("--challenge", CHALLENGE, "--domain", DOMAIN)


@pytest.fixture
def holder() -> WalletKey:
    return WalletKey()


@pytest.fixture
def key_file(holder: WalletKey, tmp_path: Path) -> Path:
    path = tmp_path / "holder.jwk"
    path.write_text(json.dumps(holder.key.as_dict(private=True)))
    path.chmod(0o600)
    return path


@pytest.fixture
def sd_jwt(holder: WalletKey, founded: dict[str, Any], tmp_path: Path) -> Path:
    """A file with an SD-JWT VC of an issuer whose DID is its key."""
    issuer = own_issuer("eddsa-rdfc-2022")
    parts = SdJwtVcParts(
        issuer=issuer.did,
        vct="https://issuer.example/types/degree",
        claims={"name": "Science", "grade": 3.8},
        holder_key=holder.public,
        subject=holder.did,
        issued_at=datetime.now(UTC).replace(microsecond=0),
    )
    concealed = conceal(sd_jwt_vc_claims(parts))
    header = {"alg": "EdDSA", "typ": "dc+sd-jwt", "kid": f"{issuer.did}#{issuer.key.multikey}"}
    data = signing_input(header, concealed.payload)
    path = tmp_path / "degree.sd-jwt"
    path.write_text(combined(sealed(data, issuer.signer.sign(data)), concealed.disclosures))
    return path


def test_part_is_derived_and_nothing_else(sd_jwt: Path, terminal: Terminal, tmp_path: Path) -> None:
    out = tmp_path / "part"
    said = terminal("derive", str(sd_jwt), "--reveal", "/name", "--out", str(out), "--preview")
    assert said.code == 0, said
    assert said.answer["credential"] == out.read_text()
    rows = {row["pointer"]: row["value"] for row in said.answer["seen"]}
    assert rows["/name"] == "Science"
    assert "/grade" not in rows
    assert open_sd_jwt(out.read_text()).disclosed_names == {"name"}
    assert terminal("verify", str(out)).code == 0


def test_list_tells_what_is_signed_in_the_open(sd_jwt: Path, terminal: Terminal) -> None:
    rows = {row["pointer"]: row["shown"] for row in terminal("derive", str(sd_jwt), "--list").answer["items"]}
    assert (rows["/grade"], rows["/name"]) == ("as chosen", "as chosen")
    assert (rows["/vct"], rows["/sub"]) == ("always", "always")


@pytest.mark.parametrize("pointer", ["/nothing", "/name/first"])
def test_pointer_that_leads_nowhere_is_named(pointer: str, sd_jwt: Path, terminal: Terminal) -> None:
    said = terminal("derive", str(sd_jwt), "--reveal", pointer)
    assert (said.code, said.problem["code"]) == (6, "DERIVATION_INVALID")
    assert pointer in said.problem["detail"]


def test_nonce_and_frame_are_not_for_sd_jwts(sd_jwt: Path, terminal: Terminal) -> None:
    assert terminal("derive", str(sd_jwt), "--reveal", "/name", "--nonce", "AAAA").code == 2
    assert terminal("derive", str(sd_jwt), "--frame", str(sd_jwt)).code == 2


def test_part_is_presented_with_key_binding(
    sd_jwt: Path, holder: WalletKey, key_file: Path, terminal: Terminal, tmp_path: Path
) -> None:
    out = tmp_path / "shown"
    words = ("present", str(sd_jwt), "--holder", holder.did, *OCCASION, "--key", str(key_file))
    said = terminal(*words, "--reveal", "/name", "--out", str(out))
    assert said.code == 0, said
    assert open_sd_jwt(out.read_text()).disclosed_names == {"name"}
    checked = terminal("verify", str(out), *OCCASION)
    assert (checked.code, checked.answer["verified"]) == (0, True), checked
    assert terminal("verify", str(out), "--challenge", "another", "--domain", DOMAIN).code == 1
    assert terminal("verify", str(out), "--challenge", CHALLENGE, "--domain", "https://other.example").code == 1
    assert terminal("verify", str(sd_jwt), *OCCASION).code == 1


def test_another_key_does_not_bind_it(sd_jwt: Path, terminal: Terminal, tmp_path: Path) -> None:
    other = WalletKey()
    path = tmp_path / "other.jwk"
    path.write_text(json.dumps(other.key.as_dict(private=True)))
    path.chmod(0o600)
    said = terminal("present", str(sd_jwt), "--holder", other.did, *OCCASION, "--key", str(path))
    assert said.code != 0
    assert said.out == ""


def test_two_of_them_are_not_presented_at_once(
    sd_jwt: Path, holder: WalletKey, key_file: Path, terminal: Terminal
) -> None:
    words = ("present", str(sd_jwt), str(sd_jwt), "--holder", holder.did, *OCCASION, "--key", str(key_file))
    assert (terminal(*words).code, terminal(*words).problem["code"]) == (2, "USAGE")
