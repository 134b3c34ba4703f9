"""P-256 keys and signatures: the published examples, both halves of the group, and secrets that do not show."""

from __future__ import annotations

import pickle

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.vc.errors import InvalidKey, ProofInvalid, UnsupportedKeyType
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.keys.p256 import P256Signer, generate_private_key, public_from_private, verify

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
ORDER_384 = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
# RFC 6979, appendix A.2.5: the private key, its public key, and the signatures with SHA-256.
SECRET = Secret32(bytes.fromhex("C9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721"))
PUBLIC_X = "60FED4BA255A9D31C961EB74C6356D68C049B8923B61FA6CE669622E60F29FB6"
SIGNATURES = {
    b"sample": "EFD48B2AACB6A8FD1140DD9CD45E81D69D2C877B56AAF991C34D0EA84EAF3716"
    "F7CB1C942D657C41D436C7A1B6E29F65F3E900DBB9AFF4064DC4AB2F843ACDA8",
    b"test": "F1ABB023518351CD71D881567B1EA663ED3EFCF6C5132B354F28D3B0B7D38367"
    "019F4113742A2B14BD25926B49C649155F267E60D3814B4C0CC84250E46F0083",
}


def key_of(signer: P256Signer) -> PublicKey:
    return PublicKey("P-256", signer.public_key)


@pytest.mark.parametrize("data", SIGNATURES, ids=lambda data: data.decode())
def test_signing_gives_the_signatures_of_the_specification(data: bytes) -> None:
    signer = P256Signer(SECRET)
    assert signer.public_key == public_from_private(SECRET) == bytes.fromhex("03" + PUBLIC_X)
    signature = signer.sign(data)
    assert signature.hex().upper() == SIGNATURES[data]
    verify(key_of(signer), signature, data, "SHA-256")
    with pytest.raises(ProofInvalid):
        verify(key_of(signer), signature, data, "SHA-384")


def test_generated_keys_differ_and_sign() -> None:
    first, second = generate_private_key(), generate_private_key()
    assert first != second
    for secret in (first, second):
        signer = P256Signer(secret)
        verify(key_of(signer), signer.sign(b"document"), b"document", "SHA-256")


def test_short_parts_keep_their_leading_zeros() -> None:
    """One signature in 128 has a part that begins with a zero byte; it has 64 bytes like every other."""
    signer = P256Signer(SECRET)
    short = [data for data in (str(n).encode() for n in range(1_000)) if 0 in signer.sign(data)[::32]]
    assert short
    for data in short:
        assert len(signer.sign(data)) == 64
        verify(key_of(signer), signer.sign(data), data, "SHA-256")


def test_either_half_of_the_group_is_taken() -> None:
    """FIPS 186-5 does not ask for the smaller of the two values of S that hold."""
    signer = P256Signer(SECRET)
    signature = signer.sign(b"document")
    other = signature[:32] + (ORDER - int.from_bytes(signature[32:], "big")).to_bytes(32, "big")
    assert other != signature
    verify(key_of(signer), other, b"document", "SHA-256")


@pytest.mark.parametrize("part", [0, 1])
@pytest.mark.parametrize("value", [0, ORDER, ORDER + 1, 2**256 - 1])
def test_a_part_that_is_no_scalar_is_refused(part: int, value: int) -> None:
    signer = P256Signer(SECRET)
    signature = signer.sign(b"document")
    parts = [signature[:32], signature[32:]]
    parts[part] = value.to_bytes(32, "big")
    with pytest.raises(ProofInvalid, match="no scalar"):
        verify(key_of(signer), b"".join(parts), b"document", "SHA-256")


@pytest.mark.parametrize("change", [slice(0, 63), slice(1, 64), slice(0, 0)])
def test_a_signature_of_another_length_is_refused(change: slice) -> None:
    signer = P256Signer(SECRET)
    signature = signer.sign(b"document")
    for wrong in (signature[change], signature + b"\0", b"\0" + signature, signature + signature):
        with pytest.raises(ProofInvalid, match="has 64 bytes"):
            verify(key_of(signer), wrong, b"document", "SHA-256")


@pytest.mark.parametrize("position", [0, 31, 32, 63])
def test_verify_refuses_a_signature_with_one_bit_changed(position: int) -> None:
    signer = P256Signer(SECRET)
    broken = bytearray(signer.sign(b"document"))
    broken[position] ^= 1
    with pytest.raises(ProofInvalid):
        verify(key_of(signer), bytes(broken), b"document", "SHA-256")
    with pytest.raises(ProofInvalid):
        verify(key_of(signer), signer.sign(b"document"), b"documents", "SHA-256")


def test_p384_signatures_are_checked() -> None:
    private = ec.generate_private_key(ec.SECP384R1())
    raw = private.public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    key = PublicKey("P-384", raw)
    r, s = decode_dss_signature(private.sign(b"document", ec.ECDSA(hashes.SHA384())))
    signature = r.to_bytes(48, "big") + s.to_bytes(48, "big")
    verify(key, signature, b"document", "SHA-384")
    for wrong in (signature[:64], signature[:48] + ORDER_384.to_bytes(48, "big"), bytes(48) + signature[48:]):
        with pytest.raises(ProofInvalid):
            verify(key, wrong, b"document", "SHA-384")
    with pytest.raises(ProofInvalid):
        verify(key, signature, b"document", "SHA-256")


@pytest.mark.parametrize("value", [0, ORDER, ORDER + 5, 2**256 - 1])
def test_a_secret_that_is_no_scalar_is_no_key(value: int) -> None:
    secret = Secret32(value.to_bytes(32, "big"))
    with pytest.raises(InvalidKey):
        P256Signer(secret)
    with pytest.raises(InvalidKey):
        public_from_private(secret)


def test_keys_of_other_kinds_are_refused() -> None:
    ed25519 = PublicKey("Ed25519", bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"))
    with pytest.raises(UnsupportedKeyType):
        verify(ed25519, bytes(64), b"document", "SHA-256")


def test_a_signer_shows_no_secret_and_is_not_pickled() -> None:
    signer = P256Signer(SECRET)
    assert SECRET.reveal().hex() not in repr(signer)
    assert signer.public_key.hex() in repr(signer)
    with pytest.raises(TypeError):
        pickle.dumps(signer)
