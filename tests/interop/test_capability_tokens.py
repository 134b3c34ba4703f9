"""Capability tokens and their proofs, exchanged with joserfc: nothing in them is only ours to understand."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import timedelta
from typing import Any, Final

import pytest
from joserfc import jws, jwt
from joserfc.jwk import ECKey, OKPKey

from sealwright.protocols.capability.proof import ProofKey
from sealwright.relying import Act
from sealwright.vc.keys.jwk import private_jwk, public_jwk
from tests.support.capability import ACTION, CONTEXT, NOW, ORDERS, SHOP, headers, method_of
from tests.support.proving import Party
from tests.support.shop_world import AGENT, ALICE, Shop, delegation, token_for

_REGISTRY: Final = jws.JWSRegistry(algorithms=["EdDSA", "ES256"], strict_check_header=False)
ROOT: Final = delegation(ALICE, AGENT, 1)


def _signed(header: dict[str, Any], claims: dict[str, Any], key: Any) -> str:
    return str(jws.serialize_compact(header, json.dumps(claims), key, registry=_REGISTRY))


def _key_of(party: Party, kind: str) -> Any:
    """A party's private key as joserfc holds it."""
    jwk: dict[str, Any] = dict(private_jwk(party.seed, "Ed25519" if kind == "EdDSA" else "P-256"))
    return OKPKey.import_key(jwk) if kind == "EdDSA" else ECKey.import_key(jwk)


def test_a_token_of_ours_is_a_jwt_to_others() -> None:
    key = ProofKey()
    token = token_for(AGENT, key, ROOT)
    public = OKPKey.import_key({**public_jwk(AGENT.key)})
    found = jwt.decode(token, public, algorithms=["EdDSA"], registry=_REGISTRY)
    assert found.header["typ"] == "agent-capability+jwt"
    assert found.claims["iss"] == AGENT.did
    jwt.JWTClaimsRegistry(
        now=lambda: int(NOW.timestamp()),
        iss={"essential": True, "value": AGENT.did},
        aud={"essential": True, "value": SHOP},
        exp={"essential": True},
        iat={"essential": True},
        jti={"essential": True},
    ).validate(found.claims)


def test_a_proof_of_ours_is_dpop_to_others() -> None:
    key = ProofKey()
    token = token_for(AGENT, key, ROOT)
    proof = headers(token, key)["DPoP"]
    stated = jws.extract_compact(proof.encode(), registry=_REGISTRY).headers()["jwk"]
    public = OKPKey.import_key(stated)
    assert public.thumbprint() == key.jkt
    claims = jwt.decode(proof, public, algorithms=["EdDSA"], registry=_REGISTRY).claims
    digest = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
    assert (claims["htm"], claims["htu"], claims["ath"]) == ("POST", ORDERS, digest)


@pytest.mark.parametrize("algorithm", ["EdDSA", "ES256"])
def test_an_agent_that_keeps_its_own_keys_needs_nothing_of_ours(algorithm: str) -> None:
    """Token and proof both made by joserfc, under either kind of key; our verifier takes them."""
    possessed: Any = OKPKey.generate_key("Ed25519") if algorithm == "EdDSA" else ECKey.generate_key("P-256")
    public = possessed.as_dict(private=False, kid=None)
    public = {name: public[name] for name in ("kty", "crv", "x", "y") if name in public}
    method = method_of(AGENT) if algorithm == "EdDSA" else AGENT.method_for("ecdsa-rdfc-2019").id
    claims = {
        "iss": AGENT.did,
        "sub": ALICE.did,
        "aud": SHOP,
        "iat": int(NOW.timestamp()),
        "exp": int((NOW + timedelta(minutes=1)).timestamp()),
        "jti": f"own {algorithm}",
        "action": ACTION,
        "context": dict(CONTEXT),
        "chain": [ROOT],
        "cnf": {"jkt": possessed.thumbprint()},
    }
    signer = _key_of(AGENT, algorithm)
    token = _signed({"alg": algorithm, "kid": method, "typ": "agent-capability+jwt"}, claims, signer)
    proof = _signed(
        {"alg": algorithm, "typ": "dpop+jwt", "jwk": public},
        {
            "htm": "POST",
            "htu": ORDERS,
            "iat": int(NOW.timestamp()),
            "jti": "own proof",
            "ath": base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode(),
        },
        possessed,
    )
    permit = Shop().order({"Authorization": f"DPoP {token}", "DPoP": proof}, Act(ACTION, dict(CONTEXT)))
    assert (permit.agent, permit.token_id) == (AGENT.did, f"own {algorithm}")
