"""JSON Web Keys to and from checked public keys; private ones to secrets of those kinds that are kept here.

A key with private members is refused wherever a public one is asked for: it must not be stored or shown by mistake.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue, dump_json
from sealwright.vc.errors import InvalidEncoding, InvalidKey, InvalidPublicKeyLength, UnsupportedKeyType
from sealwright.vc.keys import p256
from sealwright.vc.keys.ed25519 import Secret32, public_from_private
from sealwright.vc.keys.multikey import EC_CURVES, KeyKind, PublicKey

_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"})
_COORDINATE_BYTES: Final[Mapping[str, int]] = {"P-256": 32, "P-384": 48, "P-521": 66, "secp256k1": 32}
_OKP_KINDS: Final[Mapping[str, KeyKind]] = {"Ed25519": "Ed25519", "X25519": "X25519"}
# How a private key of each kind that signs here is marked: `kty` and `crv`.
_PRIVATE_FORMS: Final[Mapping[KeyKind, tuple[str, str]]] = {
    "Ed25519": ("OKP", "Ed25519"),
    "P-256": ("EC", "P-256"),
    "BLS12-381-G2": ("OKP", "Bls12381G2"),
}
_EC_KINDS: Final[Mapping[str, KeyKind]] = {kind: kind for kind in ("P-256", "P-384", "P-521", "secp256k1")}


def public_key_from_jwk(jwk: Mapping[str, JSONValue]) -> PublicKey:
    """Read and check a public JSON Web Key.

    Raises:
        InvalidKey: A private member is present, a coordinate is missing or malformed, or the point is not on the curve.
        InvalidPublicKeyLength: A coordinate has the wrong length.
        UnsupportedKeyType: Another key type or curve than Ed25519, X25519, P-256, P-384, P-521, secp256k1.

    Spec: RFC 7517; RFC 7518, "Parameters for Elliptic Curve Keys"; RFC 8037.
    """
    if _PRIVATE_MEMBERS & jwk.keys():
        raise InvalidKey("A private key stands where a public key was asked for.")
    key_type, curve = jwk.get("kty"), jwk.get("crv")
    if not isinstance(curve, str):
        raise UnsupportedKeyType("A JWK must name its curve in crv.")
    if key_type == "OKP" and curve in _OKP_KINDS:
        return PublicKey(_OKP_KINDS[curve], _coordinate(jwk, "x"))
    if key_type == "EC" and curve in _EC_KINDS:
        return PublicKey(_EC_KINDS[curve], _compressed_point(jwk, curve))
    raise UnsupportedKeyType("The JWK's key type and curve are not implemented here.")


def public_jwk(key: PublicKey) -> dict[str, str]:
    """Write a public key as JSON Web Key with the members its thumbprint needs, in alphabetical order.

    Raises:
        UnsupportedKeyType: The kind has no registered JWK form (BLS12-381).
    """
    if key.kind in _OKP_KINDS:
        return {"crv": key.kind, "kty": "OKP", "x": base64url_encode(key.raw)}
    if key.kind not in _EC_KINDS:
        raise UnsupportedKeyType(f"{key.kind} keys have no registered JWK form.")
    point = ec.EllipticCurvePublicKey.from_encoded_point(EC_CURVES[key.kind], key.raw)
    raw = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
    half = len(raw) // 2
    return {"crv": key.kind, "kty": "EC", "x": base64url_encode(raw[:half]), "y": base64url_encode(raw[half:])}


def thumbprint(key: PublicKey) -> str:
    """The SHA-256 thumbprint of a public key's JWK, in base64url.

    Raises:
        UnsupportedKeyType: As `public_jwk`.

    Spec: RFC 7638, "JSON Web Key (JWK) Thumbprint".
    """
    # The members that count, in alphabetical order and without blanks, are what the specification hashes.
    return base64url_encode(hashlib.sha256(dump_json(public_jwk(key))).digest())


def secret_from_private_jwk(jwk: Mapping[str, JSONValue]) -> tuple[KeyKind, Secret32]:
    """Read an Ed25519, P-256 or BLS12-381 G2 private JSON Web Key; its public part must belong to it.

    Raises:
        UnsupportedKeyType: A key of another kind.
        InvalidKey: Without private part, malformed, or with a public part of another key.

    Spec: RFC 8037, "Key Type 'OKP'"; RFC 7518, "Parameters for Elliptic Curve Keys".
    """
    secret_kind = next(
        (kind for kind, form in _PRIVATE_FORMS.items() if form == (jwk.get("kty"), jwk.get("crv"))), None
    )
    if secret_kind is None:
        raise UnsupportedKeyType("Only private keys of Ed25519, P-256 and BLS12-381 G2 are taken in.")
    secret = Secret32(_coordinate(jwk, "d"))
    members = private_jwk(secret, secret_kind)
    given = {name: base64url_encode(_coordinate(jwk, name)) for name in ("x", "y") if name in members}
    if given != {name: members[name] for name in given}:
        raise InvalidKey("The private key and the public key in this JWK do not belong together.")
    return secret_kind, secret


def private_jwk(secret: Secret32, kind: KeyKind = "Ed25519") -> dict[str, str]:
    """Write a secret as private JSON Web Key; for a holder's own export only.

    A BLS12-381 G2 key has the form of draft-ietf-cose-bls-key-representations in its first versions, which is not
    registered: what matters is that whoever keeps it can read it back.

    Raises:
        UnsupportedKeyType: A kind that is not kept here.
        InvalidKey: The secret is no private key of this kind.
    """
    if kind not in _PRIVATE_FORMS:
        raise UnsupportedKeyType(f"{kind} private keys are not written.")
    key_type, curve = _PRIVATE_FORMS[kind]
    private = {"crv": curve, "d": base64url_encode(secret.reveal()), "kty": key_type}
    if kind == "P-256":
        return private | public_jwk(PublicKey(kind, p256.public_from_private(secret)))
    if kind == "BLS12-381-G2":
        # Pairings are costly to load, and hardly anybody takes such a key along.
        from sealwright.vc.keys import bls12381

        return {**private, "x": base64url_encode(bls12381.public_from_private(secret))}
    return {**private, "x": base64url_encode(public_from_private(secret))}


def _coordinate(jwk: Mapping[str, JSONValue], member: str) -> bytes:
    value = jwk.get(member)
    if not isinstance(value, str) or len(value) > 128:
        raise InvalidKey(f"JWK member {member} is missing or is no base64url text.")
    try:
        return base64url_decode(value)
    except InvalidEncoding:
        raise InvalidKey(f"JWK member {member} is no base64url text.") from None


def _compressed_point(jwk: Mapping[str, JSONValue], curve: str) -> bytes:
    x, y = _coordinate(jwk, "x"), _coordinate(jwk, "y")
    length = _COORDINATE_BYTES[curve]
    if len(x) != length or len(y) != length:
        raise InvalidPublicKeyLength(f"A {curve} coordinate has {length} bytes.")
    try:
        point = ec.EllipticCurvePublicKey.from_encoded_point(EC_CURVES[curve], b"\x04" + x + y)
    except ValueError:
        raise InvalidKey(f"The {curve} public key is not on the curve.") from None
    return point.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
