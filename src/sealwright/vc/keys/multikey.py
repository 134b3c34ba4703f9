"""Public keys as multikeys: a codec prefix, the key bytes, and base58btc around both.

Ed25519, P-256 and BLS12-381 sign, and only X25519 agrees. The other kinds are read, checked and written, because DID
documents of others list them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from cryptography.hazmat.primitives.asymmetric import ec
from nacl.bindings import crypto_scalarmult
from nacl.exceptions import RuntimeError as SodiumError

from sealwright.vc.encoding.multibase import multibase_decode, multibase_encode
from sealwright.vc.errors import InvalidEncoding, InvalidKey, InvalidPublicKeyLength, UnsupportedKeyType
from sealwright.vc.keys.bls12381 import check_public_key as check_bls12381
from sealwright.vc.keys.ed25519 import check_public_key as check_ed25519

KeyKind = Literal["Ed25519", "X25519", "P-256", "P-384", "P-521", "secp256k1", "BLS12-381-G2"]

# Longer text is no key of any kind we know; the cap keeps base58, which is quadratic, cheap.
MAX_MULTIKEY_LENGTH: Final = 1024

EC_CURVES: Final[Mapping[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
    "secp256k1": ec.SECP256K1(),
}


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key that was checked when it was made.

    Args:
        kind: The key type by the name that JOSE and the multikey specification use.
        raw: The key bytes without codec; elliptic-curve and BLS points in compressed form.

    Raises:
        InvalidPublicKeyLength: `raw` has another length than the kind asks for.
        InvalidKey: Not a point of the curve, or a weak one.
    """

    kind: KeyKind
    raw: bytes

    def __post_init__(self) -> None:
        expected = _CODECS[self.kind].raw_length
        if len(self.raw) != expected:
            raise InvalidPublicKeyLength(f"A {self.kind} public key has {expected} bytes, not {len(self.raw)}.")
        _CODECS[self.kind].check(self.raw)

    @property
    def multikey(self) -> str:
        """The key as base58btc multikey text, such as ``z6Mk…``."""
        return encode_multikey(self.kind, self.raw)


def _check_curve_point(kind: str) -> Callable[[bytes], None]:
    def check(raw: bytes) -> None:
        if raw[0] not in (2, 3):
            raise InvalidKey(f"A {kind} public key must be a compressed point.")
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(EC_CURVES[kind], raw)
        except ValueError:
            raise InvalidKey(f"The {kind} public key is not on the curve.") from None

    return check


def _check_x25519(raw: bytes) -> None:
    # Multiplying a low-order point by a clamped scalar gives zero, which libsodium reports.
    try:
        crypto_scalarmult(bytes(31) + b"\x40", raw)
    except SodiumError:
        raise InvalidKey("The X25519 public key is of small order.") from None


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one kind of key is marked and checked; `prefix` is the multicodec number as unsigned varint."""

    prefix: bytes
    raw_length: int
    check: Callable[[bytes], None]


_CODECS: Final[Mapping[str, _Codec]] = {
    "Ed25519": _Codec(b"\xed\x01", 32, check_ed25519),
    "X25519": _Codec(b"\xec\x01", 32, _check_x25519),
    "P-256": _Codec(b"\x80\x24", 33, _check_curve_point("P-256")),
    "P-384": _Codec(b"\x81\x24", 49, _check_curve_point("P-384")),
    "P-521": _Codec(b"\x82\x24", 67, _check_curve_point("P-521")),
    "secp256k1": _Codec(b"\xe7\x01", 33, _check_curve_point("secp256k1")),
    "BLS12-381-G2": _Codec(b"\xeb\x01", 96, check_bls12381),
}
_KINDS: Final[Mapping[bytes, KeyKind]] = {codec.prefix: kind for kind, codec in _CODECS.items()}  # type: ignore[misc]
KEY_KINDS: Final = tuple(_CODECS)


def encode_multikey(kind: KeyKind, raw: bytes) -> str:
    """Write key bytes as multikey text in base58btc.

    Raises:
        UnsupportedKeyType: No such kind.

    Spec: Controlled Identifiers 1.0, "Multikey".
    """
    codec = _CODECS.get(kind)
    if codec is None:
        raise UnsupportedKeyType(f"Key type {kind!r} is not one of {', '.join(KEY_KINDS)}.")
    return multibase_encode(codec.prefix + raw)


# A DID document is parsed for every verification of a stranger's credential; the few keys in it repeat.
@lru_cache(maxsize=4096)
def decode_multikey(text: str) -> PublicKey:
    """Read a public key from multikey text and check it.

    Args:
        text: Multibase base58btc text, such as ``z6Mk…``.

    Raises:
        InvalidKey: Not base58btc multibase, not on the curve, or weak.
        InvalidPublicKeyLength: The bytes do not fit their codec.
        UnsupportedKeyType: A codec that is not implemented here, private keys among them.

    Spec: Controlled Identifiers 1.0, "Multikey".
    """
    if not text.startswith("z") or len(text) > MAX_MULTIKEY_LENGTH:
        raise InvalidKey("A multikey must be base58btc multibase text that begins with z.")
    try:
        decoded = multibase_decode(text)
    except InvalidEncoding:
        raise InvalidKey("A multikey must be base58btc multibase text that begins with z.") from None
    kind = _KINDS.get(decoded[:2])
    if kind is None:
        raise UnsupportedKeyType("The multikey's codec is not a public key type that is known here.")
    return PublicKey(kind, decoded[2:])
