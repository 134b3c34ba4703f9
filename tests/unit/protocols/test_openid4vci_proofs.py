"""Key proofs, DPoP proofs, and the JWS below them, by keys of a wallet of the tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from sealwright.protocols.openid4vci.dpop import check_dpop
from sealwright.protocols.openid4vci.errors import WalletRefused
from sealwright.protocols.openid4vci.jws import JWSRefused, open_jws, verify_jws
from sealwright.protocols.openid4vci.proofs import ProofRules, check_jwt_proof
from sealwright.vc.dids.resolver import GenericResolver
from sealwright.vc.keys.jwk import thumbprint
from tests.support.office import PUBLIC_URL
from tests.support.wallet import WalletKey, base64url

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
AT = NOW.timestamp()
RULES = ProofRules(PUBLIC_URL, None, NOW)
KEYS = {kind: WalletKey(kind) for kind in ("Ed25519", "P-256")}
TOKEN_URL = f"{PUBLIC_URL}/oid4vci/token"


@pytest.mark.parametrize("kind", KEYS)
@pytest.mark.parametrize("named", ["did:key", "did:jwk", "jwk"])
def test_keys_are_proved_under_each_name(kind: str, named: str) -> None:
    key = KEYS[kind]
    headers: dict[str, dict[str, Any]] = {
        "did:key": {"kid": key.kid},
        "did:jwk": {"kid": f"{key.did_jwk}#0"},
        # Attestations are long, and of another specification.
        "jwk": {"jwk": key.jwk, "key_attestation": "x" * 2000},
    }
    proven = check_jwt_proof(key.proof(AT, "n", headers[named]), RULES, GenericResolver())
    assert (proven.nonce, proven.key) == ("n", key.public)
    assert proven.did == (key.did if named == "did:key" else key.did_jwk)


def test_ed25519_has_two_names() -> None:
    key = KEYS["Ed25519"]
    text = key.proof(AT, "n", {"kid": key.kid, "alg": "Ed25519"})
    assert check_jwt_proof(text, RULES, GenericResolver()).did == key.did


@pytest.mark.parametrize(
    ("why", "header", "claims"),
    [
        ("a fragment that the DID lacks", {"kid": f"{KEYS['P-256'].did}#other"}, {}),
        ("no fragment", {"kid": KEYS["P-256"].did}, {}),
        ("a method that is not bound to", {"kid": "did:web:example.org#key"}, {}),
        ("certificates", {"x5c": ["MIIB"]}, {}),
        ("an extension", {"kid": KEYS["P-256"].kid, "crit": ["b64"]}, {}),
        ("an issuer for several audiences", {"kid": KEYS["P-256"].kid}, {"aud": [PUBLIC_URL, "https://b.example"]}),
        ("no audience", {"kid": KEYS["P-256"].kid}, {"aud": None}),
        ("no date", {"kid": KEYS["P-256"].kid}, {"iat": None}),
        ("a date in words", {"kid": KEYS["P-256"].kid}, {"iat": "now"}),
        ("an end that has passed", {"kid": KEYS["P-256"].kid}, {"exp": int(AT) - 61}),
        ("a beginning that lies ahead", {"kid": KEYS["P-256"].kid}, {"nbf": int(AT) + 61}),
        ("a client that is none", {"kid": KEYS["P-256"].kid}, {"iss": "somebody"}),
        ("an empty nonce", {"kid": KEYS["P-256"].kid}, {"nonce": ""}),
    ],
)
def test_proofs_that_prove_nothing(why: str, header: dict[str, Any], claims: dict[str, Any]) -> None:
    key = KEYS["P-256"]
    nonce = claims.get("nonce", "n")
    claims = {name: value for name, value in claims.items() if name != "nonce"}
    if "crit" in header:
        opened = key.proof(AT, "n", {"kid": key.kid}).split(".")
        text = ".".join([base64url(b'{"alg":"ES256","typ":"openid4vci-proof+jwt","crit":["b64"]}'), *opened[1:]])
    else:
        text = key.proof(AT, nonce, header, **claims)
    with pytest.raises(WalletRefused) as refused:
        check_jwt_proof(text, RULES, GenericResolver())
    assert refused.value.code.value == "invalid_proof", why


@pytest.mark.parametrize("value", [None, 7, {}, "x", "a.b", "a.b.c", "e30.e30.", "x" * 20_000])
def test_what_is_no_proof_at_all(value: Any) -> None:
    with pytest.raises(WalletRefused):
        check_jwt_proof(value, RULES, GenericResolver())


def test_a_named_client_may_name_itself() -> None:
    rules = ProofRules(PUBLIC_URL, "wallet", NOW)
    key = KEYS["Ed25519"]
    assert check_jwt_proof(key.proof(AT, "n", iss="wallet"), rules, GenericResolver()).did == key.did
    with pytest.raises(WalletRefused):
        check_jwt_proof(key.proof(AT, "n", iss="other"), rules, GenericResolver())


def test_the_algorithm_fits_the_key_whatever_the_header_says() -> None:
    ed, ec = KEYS["Ed25519"], KEYS["P-256"]
    opened = open_jws(ed.proof(AT, "n"))
    verify_jws(opened, ed.public)
    with pytest.raises(JWSRefused):
        verify_jws(opened, ec.public)
    none = "eyJhbGciOiJub25lIn0.e30."
    with pytest.raises(JWSRefused):
        verify_jws(open_jws(none), ec.public)


@pytest.mark.parametrize("url", [TOKEN_URL, f"{TOKEN_URL}?x=1#y", TOKEN_URL.replace("http:", "HTTP:")])
def test_dpop_addresses_are_compared_in_normal_form(url: str) -> None:
    key = KEYS["P-256"]
    proof = check_dpop(key.dpop(AT, "", htu=url), method="POST", url=TOKEN_URL, now=NOW)
    assert (proof.jkt, proof.nonce) == (thumbprint(key.public), None)


@pytest.mark.parametrize(
    "claims",
    [
        {"htm": "post"},
        {"htu": None},
        {"htu": TOKEN_URL + "/"},
        {"htu": TOKEN_URL.replace("http", "https")},
        {"htu": TOKEN_URL.replace("127.0.0.1", "user@127.0.0.1")},
        {"htu": "http://[::1"},
        {"iat": int(AT) - 301},
        {"iat": int(AT) + 61},
        {"iat": True},
        {"jti": ""},
        {"jti": "x" * 600},
        {"nonce": 7},
        {"ath": "x"},
    ],
)
def test_dpop_proofs_for_something_else(claims: dict[str, Any]) -> None:
    token = "t" if "ath" in claims else None
    text = KEYS["P-256"].dpop(AT, "/oid4vci/token", token, **claims)
    with pytest.raises(JWSRefused):
        check_dpop(text, method="POST", url=TOKEN_URL, now=NOW, token=token)


def test_dpop_keys_are_public_and_of_a_kind_that_signs() -> None:
    key = KEYS["P-256"]
    claims = {"htm": "POST", "htu": TOKEN_URL, "iat": int(AT), "jti": "j"}
    for jwk in (None, {**key.jwk, "d": "AAAA"}, {"kty": "oct", "k": "AAAA"}, {**key.jwk, "y": key.jwk["x"]}):
        with pytest.raises(JWSRefused):
            check_dpop(key.sign({"typ": "dpop+jwt", "jwk": jwk}, claims), method="POST", url=TOKEN_URL, now=NOW)
