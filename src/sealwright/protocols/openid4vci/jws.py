"""Compact JWS as wallets send them: opened and verified as every token here, and refused in words for wallets.

The key is one that we chose or that the header itself proves; nothing in a header is fetched.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from sealwright.vc.errors import MalformedDocument, ProofInvalid, VcError
from sealwright.vc.keys.jwk import public_key_from_jwk
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.compact import JWT_ALGORITHMS, CompactToken, check_signature, open_compact

MAX_PAST: Final = timedelta(seconds=300)
MAX_FUTURE: Final = timedelta(seconds=60)
MAX_LENGTH: Final = 16 * 1024
_LATEST: Final = 253_402_300_799  # the last second of the year 9999


class JWSRefused(Exception):
    """A JWS that is malformed, or whose signature or dates do not hold; the sentence quotes nothing of it."""


def open_jws(text: str) -> CompactToken:
    """Take a compact JWS over a JSON object apart.

    Raises:
        JWSRefused: It is none, is longer than 16 KiB, or asks for extensions.

    Spec: RFC 7515, "JWS Compact Serialization".
    """
    try:
        return open_compact(text, max_length=MAX_LENGTH)
    except MalformedDocument as error:
        raise JWSRefused(str(error)) from None
    except VcError:
        raise JWSRefused("The JWT's header and payload are not JSON.") from None


def verify_jws(opened: CompactToken, key: PublicKey) -> None:
    """Check the signature with a key.

    Raises:
        JWSRefused: The algorithm is not taken or does not fit the key, or the signature does not hold.
    """
    try:
        check_signature(opened, key, JWT_ALGORITHMS)
    except ProofInvalid as error:
        raise JWSRefused(str(error)) from None
    except VcError:
        raise JWSRefused("Its key is malformed or weak.") from None


def header_key(opened: CompactToken) -> PublicKey:
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


def require_fresh(opened: CompactToken, now: datetime) -> datetime:
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


def _moment(opened: CompactToken, claim: str) -> datetime | None:
    if claim not in opened.payload:
        return None
    seconds = opened.payload[claim]
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 <= seconds <= _LATEST:
        raise JWSRefused(f"Its {claim} is no number of seconds.")
    return datetime.fromtimestamp(seconds, UTC)
