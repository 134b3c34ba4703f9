"""DPoP proofs: that the sender of a call holds the key that its token is, or is going to be, bound to."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, urlsplit

from sealwright.protocols.openid4vci.jws import JWSRefused, header_key, open_jws, require_fresh, verify_jws
from sealwright.vc.encoding.multibase import base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.keys.jwk import thumbprint

DPOP_TYPE: Final = "dpop+jwt"
_MAX_TEXT: Final = 512
_PORTS: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class DPoPProof:
    """A proof that holds, but for its uniqueness and its nonce: whoever keeps those has to judge them.

    Args:
        jkt: Thumbprint of its key.
        jti: Its own id.
        nonce: The server's nonce that it carries, if any.
        issued_at: When it says it was made.
    """

    jkt: str
    jti: str
    nonce: str | None
    issued_at: datetime


def check_dpop(text: str, *, method: str, url: str, now: datetime, token: str | None = None) -> DPoPProof:
    """Check a DPoP proof for one call.

    Args:
        text: The header's value.
        method: The call's method.
        url: The address that was called, without query.
        token: The access token that comes along; None at the token endpoint.

    Raises:
        JWSRefused: It does not hold for this call.

    Spec: RFC 9449, "Checking DPoP Proofs".
    """
    opened = open_jws(text)
    if opened.header.get("typ") != DPOP_TYPE:
        raise JWSRefused(f"Its typ is not {DPOP_TYPE}.")
    key = header_key(opened)
    verify_jws(opened, key)
    claims = opened.payload
    if claims.get("htm") != method or not _is_same_address(claims.get("htu"), url):
        raise JWSRefused("It was made for another call.")
    issued_at = require_fresh(opened, now)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_TEXT:
        raise JWSRefused("It has no jti.")
    if token is not None and not _is_digest_of(claims.get("ath"), token):
        raise JWSRefused("It was made for another access token.")
    nonce = claims.get("nonce")
    if nonce is not None and (not isinstance(nonce, str) or len(nonce) > _MAX_TEXT):
        raise JWSRefused("Its nonce is no text.")
    return DPoPProof(thumbprint(key), jti, nonce, issued_at)


def token_hash(token: str) -> str:
    """What `ath` says of an access token."""
    return base64url_encode(hashlib.sha256(token.encode("ascii", "replace")).digest())


def _is_digest_of(stated: JSONValue, token: str) -> bool:
    return isinstance(stated, str) and hmac.compare_digest(stated.encode(), token_hash(token).encode())


def _is_same_address(stated: JSONValue, url: str) -> bool:
    """Compare addresses in normal form, without query and fragment."""
    if not isinstance(stated, str) or len(stated) > 2048:
        return False
    try:
        return _normal(urlsplit(stated)) == _normal(urlsplit(url))
    except ValueError:
        return False


def _normal(parts: SplitResult) -> tuple[str, str, int | None, str]:
    if "@" in parts.netloc:
        raise ValueError("an address with user information")
    return parts.scheme, parts.hostname or "", parts.port or _PORTS.get(parts.scheme), parts.path or "/"
