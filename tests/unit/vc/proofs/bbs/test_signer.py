"""The signer behind bytes: it signs what a request says, and shows nothing of its key."""

from __future__ import annotations

import pickle

import pytest

from sealwright.vc.errors import InvalidEncoding, InvalidKey
from sealwright.vc.keys.bls12381 import generate_private_key, public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs import ietf, legacy
from sealwright.vc.proofs.bbs.core import OpenedProof, Statement, open_proof
from sealwright.vc.proofs.bbs.curve import random_scalars
from sealwright.vc.proofs.bbs.interface import SHA_256, plain_interface
from sealwright.vc.proofs.bbs.requests import Scheme, encode_request
from sealwright.vc.proofs.bbs.signer import BlsSigner

SECRET = generate_private_key()
SIGNER = BlsSigner(SECRET)
MESSAGES = [b"one", b"", b"three"]


def test_a_request_is_signed_under_its_scheme() -> None:
    assert SIGNER.public_key == public_from_private(SECRET)
    signature = SIGNER.sign(encode_request(Scheme.IETF_SHA_256, b"header", MESSAGES))
    assert signature == ietf.sign(SECRET, b"header", MESSAGES)
    ietf.verify(SIGNER.public_key, signature, b"header", MESSAGES)
    signature = SIGNER.sign(encode_request(Scheme.LEGACY_2020, b"", MESSAGES))
    assert len(signature) == 112
    legacy.verify(SIGNER.public_key, signature, MESSAGES)


def test_a_header_alone_is_signed_by_the_draft_and_not_by_the_legacy_scheme() -> None:
    ietf.verify(SIGNER.public_key, SIGNER.sign(encode_request(Scheme.IETF_SHA_256, b"h", [])), b"h", [])
    with pytest.raises(InvalidEncoding):
        SIGNER.sign(encode_request(Scheme.LEGACY_2020, b"", []))


@pytest.mark.parametrize(
    "data", [b"", b"plain data", b"BBS\x09", encode_request(Scheme.IETF_SHA_256, b"", [b"m"]) + b"\0"]
)
def test_whatever_is_no_request_is_not_signed(data: bytes) -> None:
    with pytest.raises(InvalidEncoding):
        SIGNER.sign(data)


def test_a_key_that_is_no_scalar_makes_no_signer() -> None:
    with pytest.raises(InvalidKey):
        BlsSigner(Secret32(bytes(32)))


def test_neither_signer_nor_open_proof_shows_its_secrets() -> None:
    assert SECRET.reveal().hex() not in repr(SIGNER)
    assert str(int.from_bytes(SECRET.reveal(), "big")) not in repr(SIGNER)
    with pytest.raises(TypeError):
        pickle.dumps(SIGNER)
    opened = _opened()
    for scalar in (opened.e, opened.r1, opened.r3, *opened.masks, *opened.hidden):
        assert bytes(scalar.to_be_bytes()).hex() not in repr(opened)
        assert str(scalar) not in repr(opened)


def _opened() -> OpenedProof:
    interface = plain_interface(SHA_256)
    statement = Statement(interface, SIGNER.public_key, interface.generators(4), b"header")
    signature = ietf.sign(SECRET, b"header", MESSAGES)
    return open_proof(statement, signature, interface.message_scalars(MESSAGES), (0,), random_scalars)
