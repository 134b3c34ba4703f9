"""JSON Web Keys: public ones there and back, private ones only where they are asked for."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.errors import InvalidKey, InvalidPublicKeyLength, UnsupportedKeyType
from sealwright.vc.keys.ed25519 import Secret32, public_from_private
from sealwright.vc.keys.jwk import private_jwk, public_jwk, public_key_from_jwk, secret_from_private_jwk, thumbprint
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.signers import SIGNING_KINDS, new_secret
from tests.support.sample_keys import raw_key

SEED = Secret32(bytes(range(32)))
PUBLIC = PublicKey("Ed25519", public_from_private(SEED))


@pytest.mark.parametrize("kind", ["Ed25519", "X25519", "P-256", "P-384", "secp256k1"])
def test_public_keys_are_written_and_read_back(kind: str) -> None:
    key = PublicKey(kind, raw_key(kind))
    jwk = public_jwk(key)
    assert public_key_from_jwk(jwk) == key
    assert list(jwk) == sorted(jwk)


def test_the_jwk_of_the_specification_is_read() -> None:
    # RFC 8037, appendix A: this seed and this public key belong together.
    jwk = {
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    }
    kind, secret = secret_from_private_jwk(jwk)
    assert kind == "Ed25519"
    assert private_jwk(secret) == jwk


def test_the_private_p256_jwk_of_the_specification_is_read() -> None:
    # RFC 7517, appendix A.2.
    jwk = {
        "kty": "EC",
        "crv": "P-256",
        "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        "d": "870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE",
    }
    kind, secret = secret_from_private_jwk(jwk)
    assert kind == "P-256"
    assert private_jwk(secret, kind) == jwk


@pytest.mark.parametrize("kind", SIGNING_KINDS)
def test_private_keys_of_every_kind_come_back_and_only_with_their_own_public_part(kind: KeyKind) -> None:
    secret, other = new_secret(kind), new_secret(kind)
    jwk = private_jwk(secret, kind)
    assert secret_from_private_jwk(jwk) == (kind, secret)
    foreign = private_jwk(other, kind)
    changes = [{"d": foreign["d"]}, *({name: foreign[name]} for name in ("x", "y") if name in jwk)]
    for change in [*changes, {"d": base64url_encode(bytes(31))}, {"x": "!"}]:
        with pytest.raises(InvalidKey):
            secret_from_private_jwk({**jwk, **change})


def test_only_kinds_that_are_kept_have_private_jwks() -> None:
    with pytest.raises(UnsupportedKeyType):
        private_jwk(SEED, "X25519")


def test_the_thumbprint_of_the_specification_is_made() -> None:
    # RFC 8037, appendix A.3.
    key = public_key_from_jwk({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    assert thumbprint(key) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"


def test_a_private_key_is_refused_where_a_public_one_is_asked_for() -> None:
    with pytest.raises(InvalidKey):
        public_key_from_jwk(private_jwk(SEED))


@pytest.mark.parametrize(
    "changes",
    [{"d": None}, {"d": "!"}, {"d": base64url_encode(bytes(31))}, {"x": None}, {"x": base64url_encode(bytes(32))}],
    ids=["no secret", "not base64url", "too short", "no public part", "the public part of another key"],
)
def test_a_broken_private_key_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidKey):
        secret_from_private_jwk({**private_jwk(SEED), **changes})


def test_private_keys_of_other_kinds_are_not_taken() -> None:
    with pytest.raises(UnsupportedKeyType):
        secret_from_private_jwk({**private_jwk(SEED), "crv": "X25519"})


@pytest.mark.parametrize(
    "jwk",
    [
        {},
        {"kty": "OKP"},
        {"kty": "OKP", "crv": 5},
        {"kty": "OKP", "crv": "Ed448", "x": "AA"},
        {"kty": "EC", "crv": "Ed25519", "x": "AA"},
        {"kty": "RSA", "crv": "P-256", "n": "AA", "e": "AQAB"},
    ],
)
def test_unknown_key_types_are_refused(jwk: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedKeyType):
        public_key_from_jwk(jwk)


def test_coordinates_are_checked() -> None:
    jwk: dict[str, Any] = dict(public_jwk(PublicKey("P-256", raw_key("P-256"))))
    with pytest.raises(InvalidPublicKeyLength):
        public_key_from_jwk({**jwk, "x": base64url_encode(bytes(31))})
    with pytest.raises(InvalidKey):
        public_key_from_jwk({**jwk, "y": base64url_encode(bytes(32))})
    with pytest.raises(InvalidKey):
        public_key_from_jwk({**jwk, "y": 7})
    with pytest.raises(InvalidKey):
        public_key_from_jwk({**jwk, "y": "A" * 500})
    with pytest.raises(InvalidPublicKeyLength):
        public_key_from_jwk({**public_jwk(PUBLIC), "x": "AA"})


def test_bls_keys_have_no_jwk() -> None:
    with pytest.raises(UnsupportedKeyType):
        public_jwk(PublicKey("BLS12-381-G2", raw_key("BLS12-381-G2")))
