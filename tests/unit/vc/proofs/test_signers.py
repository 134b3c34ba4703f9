"""Signers of every kind of key: what they are given and give, and the kinds that do not sign."""

from __future__ import annotations

import pytest

from sealwright.vc.errors import InvalidEncoding, InvalidKey, UnsupportedKeyType
from sealwright.vc.keys import jose
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import KeyKind, PublicKey
from sealwright.vc.proofs.bbs.requests import Scheme, encode_request
from sealwright.vc.proofs.signers import SIGNING_KINDS, new_secret, public_of, signer_for


@pytest.mark.parametrize("kind", SIGNING_KINDS)
def test_a_new_secret_signs_under_the_public_key_told(kind: KeyKind) -> None:
    secret = new_secret(kind)
    assert secret != new_secret(kind)
    signer = signer_for(kind, secret)
    assert signer.public_key == public_of(kind, secret)
    assert PublicKey(kind, signer.public_key).kind == kind


@pytest.mark.parametrize("kind", ["Ed25519", "P-256"])
def test_plain_data_gives_the_same_64_bytes_each_time(kind: KeyKind) -> None:
    signer = signer_for(kind, new_secret(kind))
    signature = signer.sign(b"data")
    assert len(signature) == 64
    assert signature == signer.sign(b"data")
    jose.verify(PublicKey(kind, signer.public_key), signature, b"data")


def test_a_bls_key_signs_requests_alone() -> None:
    signer = signer_for("BLS12-381-G2", new_secret("BLS12-381-G2"))
    assert len(signer.sign(encode_request(Scheme.IETF_SHA_256, b"header", [b"one", b"two"]))) == 80
    assert len(signer.sign(encode_request(Scheme.LEGACY_2020, b"", [b"one", b"two"]))) == 112
    with pytest.raises(InvalidEncoding):
        signer.sign(b"plain data")


def test_x25519_keys_are_made_and_do_not_sign() -> None:
    secret = new_secret("X25519")
    assert PublicKey("X25519", public_of("X25519", secret)).kind == "X25519"
    with pytest.raises(UnsupportedKeyType):
        signer_for("X25519", secret)


@pytest.mark.parametrize("kind", ["P-384", "P-521", "secp256k1"])
def test_other_kinds_are_refused(kind: KeyKind) -> None:
    secret = Secret32(bytes([1]) * 32)
    for make in (lambda: new_secret(kind), lambda: public_of(kind, secret), lambda: signer_for(kind, secret)):
        with pytest.raises(UnsupportedKeyType):
            make()


@pytest.mark.parametrize("kind", ["P-256", "BLS12-381-G2"])
@pytest.mark.parametrize("value", [b"\0" * 32, b"\xff" * 32])
def test_bytes_that_are_no_scalar_are_no_key(kind: KeyKind, value: bytes) -> None:
    with pytest.raises(InvalidKey):
        signer_for(kind, Secret32(value))
