"""Signatures of tokens: each kind of key has its algorithm, and one form of signature."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.errors import InvalidKey, ProofInvalid, UnsupportedKeyType
from sealwright.vc.keys.jose import verify
from sealwright.vc.keys.jwk import public_key_from_jwk
from sealwright.vc.keys.multikey import EC_CURVES, KeyKind, PublicKey
from tests.support.sample_keys import raw_key

KINDS: dict[KeyKind, tuple[int, hashes.HashAlgorithm]] = {
    "P-256": (32, hashes.SHA256()),
    "P-384": (48, hashes.SHA384()),
    "secp256k1": (32, hashes.SHA256()),
}


def signed(kind: KeyKind, data: bytes) -> tuple[PublicKey, bytes, bytes]:
    """A key, its signature as JOSE writes it, and as X.509 does."""
    length, method = KINDS[kind]
    private = ec.derive_private_key(7, EC_CURVES[kind])
    der = private.sign(data, ec.ECDSA(method))
    r, s = decode_dss_signature(der)
    raw = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    return PublicKey(kind, raw), r.to_bytes(length) + s.to_bytes(length), der


@pytest.mark.parametrize("kind", KINDS)
def test_a_signature_holds_for_its_own_bytes_in_one_form(kind: KeyKind) -> None:
    key, signature, der = signed(kind, b"what was signed")
    verify(key, signature, b"what was signed")
    for wrong in (der, signature[1:], b"", bytes(len(signature)), signature[::-1]):
        with pytest.raises(ProofInvalid):
            verify(key, wrong, b"what was signed")
    with pytest.raises(ProofInvalid):
        verify(key, signature, b"what was signeD")


def test_the_example_of_the_specification_holds() -> None:
    # RFC 7515, appendix A.3.
    key = public_key_from_jwk(
        {
            "kty": "EC",
            "crv": "P-256",
            "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
            "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        }
    )
    text = (
        "eyJhbGciOiJFUzI1NiJ9"
        ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    )
    stated = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
    verify(key, base64url_decode(stated), text.encode())
    with pytest.raises(ProofInvalid):
        verify(key, base64url_decode(stated), text.encode()[:-1])


def test_keys_that_sign_nothing_are_refused() -> None:
    with pytest.raises(UnsupportedKeyType):
        verify(PublicKey("X25519", raw_key("X25519")), bytes(64), b"")
    with pytest.raises(InvalidKey):
        verify(PublicKey("P-256", b"\x02" + b"\xff" * 32), bytes(64), b"")
