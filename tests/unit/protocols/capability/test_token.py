"""Capability tokens: their one form, their one signer, their short life."""

from __future__ import annotations

import hmac
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from sealwright.protocols.capability.proof import ProofKey
from sealwright.protocols.capability.refusals import TokenRefused
from sealwright.protocols.capability.token import (
    LENGTH_MOST,
    TOKEN_TYPE,
    check_times,
    check_token_signature,
    read_token,
    require_audience,
)
from sealwright.vc.dids.resolver import ResolvedDID
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.keys.jwk import public_jwk
from sealwright.vc.proofs.compact import sealed
from tests.support.capability import ACTION, CONTEXT, NOW, SHOP, forged, grounds, make, method_of, parts, signer_of
from tests.support.es256 import sign_es256
from tests.support.proving import Party

AGENT, OTHER = Party(11), Party(12)
PRINCIPAL = Party(13).did
JKT = ProofKey().jkt
TOKEN = make(AGENT, grounds(AGENT.did, PRINCIPAL, JKT))
SIGN = signer_of(AGENT)


def _check(text: str, **resolved: object) -> None:
    token = read_token(text)
    check_token_signature(token, replace(ResolvedDID(AGENT.document()), **resolved))
    check_times(token, NOW)


def _refused(text: str, **resolved: object) -> str:
    with pytest.raises(TokenRefused) as caught:
        _check(text, **resolved)
    return caught.value.code


def test_a_token_reads_as_it_was_made() -> None:
    token = read_token(TOKEN)
    check_token_signature(token, ResolvedDID(AGENT.document()))
    check_times(token, NOW)
    assert token.grounds == grounds(AGENT.did, PRINCIPAL, JKT)
    assert (token.jti, token.issued_at, token.expires_at) == ("token-1", NOW, NOW + timedelta(minutes=2))
    header, claims, _ = parts(TOKEN)
    assert header == {"alg": "EdDSA", "kid": method_of(AGENT), "typ": TOKEN_TYPE}
    assert claims["cnf"] == {"jkt": JKT}
    assert (claims["aud"], claims["action"], claims["context"]) == (SHOP, ACTION, CONTEXT)


def test_an_approval_is_carried_along() -> None:
    made = make(AGENT, grounds(AGENT.did, PRINCIPAL, JKT, approval="apv_1"))
    assert read_token(made).grounds.approval == "apv_1"


def test_a_p256_key_signs_es256() -> None:
    method = AGENT.method_for("ecdsa-rdfc-2019")
    signer = AGENT.signer_of("P-256")
    header = {"alg": "ES256", "kid": method.id, "typ": TOKEN_TYPE}
    check_token_signature(read_token(forged(TOKEN, signer.sign, header)), ResolvedDID(AGENT.document()))
    # The same key under the other name, and another key of the same kind under this one.
    assert _refused(forged(TOKEN, signer.sign, {**header, "alg": "EdDSA"})) == "TOKEN_ALGORITHM_NOT_ACCEPTED"
    stranger = ec.generate_private_key(ec.SECP256R1())
    assert _refused(forged(TOKEN, lambda data: sign_es256(stranger, data), header)) == "TOKEN_SIGNATURE_INVALID"


@pytest.mark.parametrize(
    "algorithm", ["none", "None", "HS256", "HS512", "RS256", "ES384", "ES256K", "Ed25519", "", None]
)
def test_other_algorithms_are_refused_before_any_key_is_looked_at(algorithm: str | None) -> None:
    header = {**parts(TOKEN)[0], "alg": algorithm}
    assert _refused(forged(TOKEN, SIGN, header)) == "TOKEN_ALGORITHM_NOT_ACCEPTED"
    assert _refused(forged(TOKEN, lambda data: b"", header)) == "TOKEN_ALGORITHM_NOT_ACCEPTED"


def test_a_public_key_is_no_shared_secret() -> None:
    def mac(data: bytes) -> bytes:
        return hmac.digest(AGENT.key.raw, data, "sha256")

    header = parts(TOKEN)[0]
    assert _refused(forged(TOKEN, mac, {**header, "alg": "HS256"})) == "TOKEN_ALGORITHM_NOT_ACCEPTED"
    assert _refused(forged(TOKEN, mac)) == "TOKEN_SIGNATURE_INVALID"
    assert _refused(forged(TOKEN, lambda data: mac(data) * 2)) == "TOKEN_SIGNATURE_INVALID"


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c", "crit", "b64", "cty", "zip"])
def test_headers_with_anything_more_are_refused(name: str) -> None:
    value = public_jwk(OTHER.key) if name == "jwk" else ["x"]
    header = {**parts(TOKEN)[0], name: value}
    assert _refused(forged(TOKEN, signer_of(OTHER), header)) == "TOKEN_MALFORMED"


@pytest.mark.parametrize("kind", ["JWT", "at+jwt", "dpop+jwt", "vc+jwt", f"application/{TOKEN_TYPE}", None])
def test_tokens_of_another_type_are_refused(kind: str | None) -> None:
    assert _refused(forged(TOKEN, SIGN, {**parts(TOKEN)[0], "typ": kind})) == "TOKEN_MALFORMED"


def test_another_agents_key_signs_nothing_for_this_one() -> None:
    assert _refused(forged(TOKEN, signer_of(OTHER))) == "TOKEN_SIGNATURE_INVALID"
    assert _refused(forged(TOKEN, signer_of(OTHER), {**parts(TOKEN)[0], "kid": method_of(OTHER)})) == "TOKEN_MALFORMED"
    assert _refused(forged(TOKEN, SIGN, {**parts(TOKEN)[0], "kid": f"{AGENT.did}#other"})) == "TOKEN_SIGNATURE_INVALID"


def test_keys_that_do_not_authenticate_or_are_out_or_ended_are_refused() -> None:
    assert _refused(TOKEN, document=AGENT.document(("assertionMethod",))) == "TOKEN_SIGNATURE_INVALID"
    assert _refused(TOKEN, compromised_methods=frozenset({method_of(AGENT)})) == "TOKEN_SIGNATURE_INVALID"
    assert _refused(TOKEN, deactivated=True) == "TOKEN_SIGNATURE_INVALID"
    assert _refused(TOKEN, document=OTHER.document()) == "TOKEN_SIGNATURE_INVALID"


@pytest.mark.parametrize(
    "changes",
    [
        {"action": "purchase:jewelry"},
        {"context": {**CONTEXT, "amount": 41}},
        {"aud": "https://other.example"},
        {"exp": int((NOW + timedelta(minutes=3)).timestamp())},
        {"cnf": {"jkt": ProofKey().jkt}},
        {"chain": [{"id": "urn:uuid:other"}]},
        {"sub": OTHER.did},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_claim_that_was_altered_behind_the_signature_is_refused(changes: dict[str, object]) -> None:
    _, _, signature = parts(TOKEN)
    assert _refused(forged(TOKEN, lambda _: signature, **changes)) == "TOKEN_SIGNATURE_INVALID"


@pytest.mark.parametrize(
    "changes",
    [
        *({name: None} for name in ("iss", "sub", "aud", "iat", "exp", "jti", "action", "context", "chain", "cnf")),
        {"nbf": 1},
        {"sub": "Alice"},
        {"sub": 5},
        {"aud": [SHOP]},
        {"aud": "http://shop.example"},
        {"iat": 1.5},
        {"exp": "soon"},
        {"exp": True},
        {"exp": 10**12},
        {"jti": ""},
        {"jti": "x" * 129},
        {"action": "x" * 256},
        {"action": "*"},
        {"action": "purchase:*"},
        {"action": "purchase groceries"},
        {"context": []},
        {"context": {"amount": "42"}},
        {"context": {"amount": True}},
        {"context": {"merchant": 5}},
        {"context": {"merchant": ""}},
        {"context": {"approved": True}},
        {"context": {"price": 1}},
        {"chain": []},
        {"chain": [{}] * 9},
        {"chain": [5]},
        {"chain": {}},
        {"cnf": {"jkt": "short"}},
        {"cnf": {"jkt": JKT, "jwk": {}}},
        {"cnf": JKT},
        {"approval": 5},
    ],
    ids=lambda changes: json.dumps(changes).replace(JKT, "jkt")[:40],
)
def test_claims_of_another_form_are_refused_although_they_are_signed(changes: dict[str, object]) -> None:
    assert _refused(forged(TOKEN, SIGN, **changes)) == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "text",
    ["", "a.b", "a.b.c.d", "a.b.c", ".", "..", TOKEN + "=", TOKEN + ".x", TOKEN[:-90]],
    ids=("nothing", "two parts", "four parts", "no base64", "dot", "dots", "padded", "longer", "cut"),
)
def test_what_is_no_token_is_refused(text: str) -> None:
    assert _refused(text) in ("TOKEN_MALFORMED", "TOKEN_SIGNATURE_INVALID")


def test_members_that_stand_twice_are_refused() -> None:
    header = TOKEN.partition(".")[0]
    doubled = json.dumps(parts(TOKEN)[1])[:-1] + ',"aud":"https://other.example"}'
    signed = f"{header}.{base64url_encode(doubled.encode())}".encode()
    assert _refused(sealed(signed, SIGN(signed))) == "TOKEN_MALFORMED"


def test_a_token_of_more_than_48_kib_is_refused_and_not_made() -> None:
    long = ({"id": "x" * LENGTH_MOST},)
    assert _refused(forged(TOKEN, SIGN, chain=list(long))) == "TOKEN_TOO_LARGE"
    with pytest.raises(TokenRefused) as caught:
        make(AGENT, grounds(AGENT.did, PRINCIPAL, JKT, chain=long))
    assert caught.value.code == "TOKEN_TOO_LARGE"


def test_life_is_short_and_clocks_may_be_a_minute_apart() -> None:
    wanted = grounds(AGENT.did, PRINCIPAL, JKT)
    for life in (timedelta(0), timedelta(seconds=-1), timedelta(minutes=5, seconds=1), timedelta(days=1)):
        with pytest.raises(TokenRefused) as caught:
            make(AGENT, wanted, life=life)
        assert caught.value.code == "TOKEN_LIFE_TOO_LONG"
    token = read_token(make(AGENT, wanted, life=timedelta(minutes=5)))
    check_times(token, NOW - timedelta(seconds=60))
    check_times(token, NOW + timedelta(minutes=5, seconds=59))
    for moment, code in ((-61, "TOKEN_NOT_YET_VALID"), (360, "TOKEN_EXPIRED"), (10_000, "TOKEN_EXPIRED")):
        with pytest.raises(TokenRefused) as caught:
            check_times(token, NOW + timedelta(seconds=moment))
        assert caught.value.code == code


def test_a_forged_life_of_a_day_is_refused() -> None:
    day = int((NOW + timedelta(days=1)).timestamp())
    assert _refused(forged(TOKEN, SIGN, exp=day)) == "TOKEN_LIFE_TOO_LONG"


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example",
        "https://shop.example:8443/api",
        "http://127.0.0.1:9",
        "http://[::1]:9",
        "http://localhost:9",
    ],
)
def test_audiences_that_are_taken(text: str) -> None:
    assert require_audience(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "shop",
        "https://",
        "https://shop.example/",
        "https://shop.example?x=1",
        "https://shop.example#x",
        "https://me@shop.example",
        "https://SHOP.example",
        "HTTPS://shop.example",
        "http://shop.example",
        "http://127.0.0.1.shop.example",
        "https://shop.example:port",
        "https://shöp.example",
        "did:web:shop.example",
        "https://shop.example/" + "x" * 600,
    ],
)
def test_audiences_in_any_other_form_are_refused(text: str) -> None:
    with pytest.raises(TokenRefused):
        require_audience(text)
