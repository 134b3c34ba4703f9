"""ECDSA over P-256: keys, signatures, and their verification, for P-384 too.

Signatures are R then S, each as long as a coordinate. Making one takes no randomness, so that a poor source of it
cannot give the private key away.

Spec: FIPS 186-5, "The Elliptic Curve Digital Signature Algorithm"; RFC 6979, "Deterministic DSA and ECDSA".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NoReturn

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.vc.errors import InvalidKey, ProofInvalid, UnsupportedKeyType
from sealwright.vc.keys.ed25519 import SEED_BYTES, Secret32
from sealwright.vc.keys.multikey import EC_CURVES, PublicKey

PUBLIC_KEY_BYTES: Final = 33
SIGNATURE_BYTES: Final = 64

_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_ORDER_384: Final = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF581A0DB248B0A77AECEC196ACCC52973
_HASHES: Final[Mapping[str, hashes.HashAlgorithm]] = {"SHA-256": hashes.SHA256(), "SHA-384": hashes.SHA384()}
_DETERMINISTIC: Final = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)


@dataclass(frozen=True, slots=True)
class _Curve:
    """What verifying needs to know of a curve: bytes of a coordinate, and how many points its group has."""

    coordinate_bytes: int
    order: int


_CURVES: Final[Mapping[str, _Curve]] = {"P-256": _Curve(32, _ORDER), "P-384": _Curve(48, _ORDER_384)}


class P256Signer:
    """Signs with one private key, which is read once and never shown.

    Raises:
        InvalidKey: The secret is zero, or not below the group's order.
    """

    __slots__ = ("_key", "public_key")

    def __init__(self, secret: Secret32) -> None:
        self._key = _private_key(secret)
        self.public_key: bytes = _compressed(self._key.public_key())

    def sign(self, data: bytes) -> bytes:
        """The 64 signature bytes over the SHA-256 of `data`; the same data always gives the same bytes (RFC 6979)."""
        r, s = decode_dss_signature(self._key.sign(data, _DETERMINISTIC))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def __repr__(self) -> str:
        return f"P256Signer(public_key={self.public_key.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer is not pickled")


def generate_private_key() -> Secret32:
    """A new private key from the operating system's randomness: a scalar of 32 bytes, most significant first."""
    scalar = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return Secret32(scalar.to_bytes(SEED_BYTES, "big"))


def public_from_private(secret: Secret32) -> bytes:
    """The 33-byte compressed public key of a private one; raises InvalidKey as `P256Signer` does."""
    return _compressed(_private_key(secret).public_key())


def verify(key: PublicKey, signature: bytes, data: bytes, hash_name: str) -> None:
    """Check one signature.

    Args:
        key: A P-256 or P-384 key.
        signature: R then S; 64 bytes for P-256, 96 for P-384.
        data: What was signed, whole.
        hash_name: ``SHA-256`` or ``SHA-384``.

    Raises:
        ProofInvalid: The signature does not hold, has another length, or a part of it is no scalar of the group.
        UnsupportedKeyType: A key of another kind.

    An S in the upper half of the group is no fault: FIPS 186-5 allows it, and other implementations make such.

    Spec: FIPS 186-5, "ECDSA Signature Verification Algorithm".
    """
    curve = _CURVES.get(key.kind)
    if curve is None:
        raise UnsupportedKeyType(f"A {key.kind} key makes no signature of this form.")
    length = curve.coordinate_bytes
    if len(signature) != 2 * length:
        raise ProofInvalid(f"A {key.kind} signature has {2 * length} bytes, not {len(signature)}.")
    r, s = int.from_bytes(signature[:length], "big"), int.from_bytes(signature[length:], "big")
    if not (0 < r < curve.order and 0 < s < curve.order):
        raise ProofInvalid("A part of the signature is no scalar of its key's group.")
    try:
        _point(key).verify(encode_dss_signature(r, s), data, ec.ECDSA(_HASHES[hash_name]))
    except InvalidSignature:
        raise ProofInvalid("The signature does not hold for this document and key.") from None


# The few keys of an issuer are asked for with every one of its credentials, and unpacking a point costs a square root.
@lru_cache(maxsize=1024)
def _point(key: PublicKey) -> ec.EllipticCurvePublicKey:
    # A `PublicKey` is on its curve, or it could not have been made.
    return ec.EllipticCurvePublicKey.from_encoded_point(EC_CURVES[key.kind], key.raw)


def _private_key(secret: Secret32) -> ec.EllipticCurvePrivateKey:
    scalar = int.from_bytes(secret.reveal(), "big")
    if not 0 < scalar < _ORDER:
        raise InvalidKey("The private key is no scalar of the P-256 group.")
    return ec.derive_private_key(scalar, ec.SECP256R1())


def _compressed(point: ec.EllipticCurvePublicKey) -> bytes:
    return point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
