"""Proofs of possession beside capability tokens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from sealwright.protocols.capability.proof import ProofKey, bearer_of, check_proof
from sealwright.protocols.capability.refusals import TokenRefused
from sealwright.protocols.capability.token import read_token
from tests.support.capability import NOW, ORDERS, forged, grounds, headers, make, parts
from tests.support.proving import Party

AGENT = Party(11)
KEY = ProofKey()
TOKEN = make(AGENT, grounds(AGENT.did, Party(13).did, KEY.jkt))


def _refused(proof: str | None, *, method: str = "POST", url: str = ORDERS, seconds: int = 0) -> str:
    with pytest.raises(TokenRefused) as caught:
        check_proof(proof, read_token(TOKEN), method=method, url=url, now=NOW + timedelta(seconds=seconds))
    return caught.value.code


def test_a_proof_holds_for_its_call_and_has_an_id_of_its_own() -> None:
    url = f"{ORDERS}?page=1#top"
    proofs = [KEY.prove(TOKEN, method="POST", url=url, now=NOW) for _ in range(3)]
    found = [check_proof(one, read_token(TOKEN), method="POST", url=url, now=NOW) for one in proofs]
    assert len({one.jti for one in found}) == 3
    assert {one.jkt for one in found} == {KEY.jkt}


def test_both_headers_go_together() -> None:
    made = headers(TOKEN, KEY)
    assert bearer_of(made["Authorization"]) == TOKEN
    assert check_proof(made["DPoP"], read_token(TOKEN), method="POST", url=ORDERS, now=NOW).jkt == KEY.jkt


@pytest.mark.parametrize("text", [None, "", "DPoP", "DPoP ", f"Bearer {TOKEN}", TOKEN, "Basic eA=="])
def test_tokens_that_come_otherwise_are_refused(text: str | None) -> None:
    with pytest.raises(TokenRefused) as caught:
        bearer_of(text)
    assert caught.value.code == "TOKEN_MISSING"


def test_a_missing_proof_is_refused() -> None:
    assert _refused(None) == "TOKEN_PROOF_MISSING"
    assert _refused("") == "TOKEN_PROOF_MISSING"


def test_a_proof_for_another_call_is_refused() -> None:
    proof = headers(TOKEN, KEY)["DPoP"]
    assert _refused(proof, method="DELETE") == "TOKEN_PROOF_INVALID"
    assert _refused(proof, url="https://shop.example/refunds") == "TOKEN_PROOF_INVALID"
    assert _refused(proof, url="https://other.example/orders") == "TOKEN_PROOF_INVALID"
    assert _refused(proof, seconds=301) == "TOKEN_PROOF_INVALID"
    assert _refused(proof, seconds=-61) == "TOKEN_PROOF_INVALID"


def test_a_proof_for_another_token_is_refused() -> None:
    other = make(AGENT, grounds(AGENT.did, Party(13).did, KEY.jkt), jti="token-2")
    assert _refused(headers(other, KEY)["DPoP"]) == "TOKEN_PROOF_INVALID"


def test_a_proof_by_another_key_is_refused() -> None:
    assert _refused(headers(TOKEN, ProofKey())["DPoP"]) == "TOKEN_PROOF_KEY_MISMATCH"


def test_a_proof_whose_header_was_swapped_is_refused() -> None:
    proof = headers(TOKEN, KEY)["DPoP"]
    header, _, signature = parts(proof)
    stolen = parts(headers(TOKEN, ProofKey())["DPoP"])[0]
    assert _refused(forged(proof, lambda _: signature, {**header, "jwk": stolen["jwk"]})) == "TOKEN_PROOF_INVALID"
    assert _refused(forged(proof, lambda _: signature, {**header, "alg": "none"})) == "TOKEN_PROOF_INVALID"
    assert _refused(forged(proof, lambda _: b"", {**header, "alg": "none"})) == "TOKEN_PROOF_INVALID"
    assert _refused(TOKEN) == "TOKEN_PROOF_INVALID"


def test_the_key_shows_nothing_of_itself() -> None:
    assert KEY.jkt not in repr(KEY)
    assert "d" not in parts(headers(TOKEN, KEY)["DPoP"])[0]["jwk"]
