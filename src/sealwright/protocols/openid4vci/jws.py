"""Compact JWS as wallets send them: opened by our own strict reader, verified with a key that we chose.

The algorithm must be one of three and fit the kind of the key; nothing in a header is fetched.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey
from joserfc.jws import JWSRegistry

from sealwright.vc.encoding.jcs import canonicalize_json
from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import VcError
from sealwright.vc.keys import ed25519
from sealwright.vc.keys.jwk import public_jwk, public_key_from_jwk
from sealwright.vc.keys.multikey import KeyKind, PublicKey

ALGORITHMS: Final[Mapping[str, KeyKind]] = {"EdDSA": "Ed25519", "Ed25519": "Ed25519", "ES256": "P-256"}
"""What wallets may sign with. RFC 9864 prefers ``Ed25519``, wallets know ``EdDSA``; both are one thing here."""

MAX_PAST: Final = timedelta(seconds=300)
MAX_FUTURE: Final = timedelta(seconds=60)
MAX_LENGTH: Final = 16 * 1024
_LATEST: Final = 253_402_300_799  # the last second of the year 9999


class JWSRefused(Exception):
    """A JWS that is malformed, or whose signature or dates do not hold; the sentence quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class CompactJWS:
    """A JWS that was taken apart; nobody has checked its signature yet."""

    text: str
    header: Mapping[str, JSONValue]
    payload: Mapping[str, JSONValue]
    signature: bytes

    @property
    def signing_input(self) -> bytes:
        """The bytes that are signed."""
        return self.text.rpartition(".")[0].encode("ascii")


def open_jws(text: str) -> CompactJWS:
    """Take a compact JWS over a JSON object apart.

    Raises:
        JWSRefused: It is none, is longer than 16 KiB, or asks for extensions.

    Spec: RFC 7515, "JWS Compact Serialization".
    """
    parts = text.split(".") if len(text) <= MAX_LENGTH and text.isascii() else []
    if len(parts) != 3:
        raise JWSRefused("It is no compact JWS.")
    try:
        header, payload = (parse_json(base64url_decode(part)) for part in parts[:2])
        signature = base64url_decode(parts[2])
    except VcError:
        raise JWSRefused("It is no compact JWS over a JSON object.") from None
    if not isinstance(header, dict) or not isinstance(payload, dict):
        raise JWSRefused("Its header and payload must be JSON objects.")
    if "crit" in header or "b64" in header or "zip" in header:
        raise JWSRefused("It asks for extensions that are not understood here.")
    return CompactJWS(text, header, payload, signature)


def algorithm_kind(opened: CompactJWS) -> KeyKind:
    """The kind of key that the header's algorithm asks for; raises JWSRefused for one that is not taken."""
    algorithm = opened.header.get("alg")
    kind = ALGORITHMS.get(algorithm) if isinstance(algorithm, str) else None
    if kind is None:
        raise JWSRefused("Its algorithm is not one that is taken here.")
    return kind


def verify_jws(opened: CompactJWS, key: PublicKey) -> None:
    """Check the signature with a key.

    Raises:
        JWSRefused: The algorithm does not fit the key, or the signature does not hold.

    Spec: RFC 7515, "Message Signature or MAC Validation".
    """
    if algorithm_kind(opened) != key.kind:
        raise JWSRefused("Its algorithm does not fit its key.")
    try:
        if key.kind == "Ed25519":
            ed25519.verify(key.raw, opened.signature, opened.signing_input)
            return
        material: dict[str, str | list[str]] = dict(public_jwk(key))
        # Headers may hold members of other specifications; the algorithm is fixed by the key's kind, not by them.
        registry = JWSRegistry(algorithms=["ES256"], strict_check_header=False)
        jws.deserialize_compact(opened.text, ECKey.import_key(material), registry=registry)
    except (VcError, JoseError, ValueError):
        raise JWSRefused("Its signature does not hold.") from None


def header_key(opened: CompactJWS) -> PublicKey:
    """The public key in the header's `jwk`.

    Raises:
        JWSRefused: Absent, malformed, weak, or private.
    """
    jwk = opened.header.get("jwk")
    if not isinstance(jwk, dict):
        raise JWSRefused("Its header holds no public key.")
    try:
        return public_key_from_jwk(jwk)
    except VcError:
        raise JWSRefused("The key in its header is private, malformed, or of a kind that is not taken.") from None


def thumbprint(key: PublicKey) -> str:
    """The SHA-256 thumbprint of a key's JWK, in base64url.

    Spec: RFC 7638, "JSON Web Key (JWK) Thumbprint".
    """
    return base64url_encode(hashlib.sha256(canonicalize_json(dict(public_jwk(key)))).digest())


def require_fresh(opened: CompactJWS, now: datetime) -> datetime:
    """The moment at which it says it was made.

    Raises:
        JWSRefused: `iat` is absent or outside the window, `exp` has passed, or `nbf` lies ahead.
    """
    issued_at = _moment(opened, "iat")
    if issued_at is None or not now - MAX_PAST <= issued_at <= now + MAX_FUTURE:
        raise JWSRefused("Its iat is absent, too old, or in the future.")
    expires, begins = _moment(opened, "exp"), _moment(opened, "nbf")
    if expires is not None and expires <= now - MAX_FUTURE:
        raise JWSRefused("It has expired.")
    if begins is not None and begins > now + MAX_FUTURE:
        raise JWSRefused("It is not valid yet.")
    return issued_at


def _moment(opened: CompactJWS, claim: str) -> datetime | None:
    if claim not in opened.payload:
        return None
    seconds = opened.payload[claim]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LATEST:
        raise JWSRefused(f"Its {claim} is no number of seconds.")
    return datetime.fromtimestamp(seconds, UTC)
