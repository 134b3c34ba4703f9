"""The proof beside a token: that its bearer holds the key that it is bound to, for one call, once.

It is a DPoP proof to the letter, so that gateways which know DPoP can check it.
"""

from __future__ import annotations

import hmac
import os
import secrets
from datetime import datetime
from typing import Final

from sealwright.protocols.capability.refusals import TokenCode, TokenRefused
from sealwright.protocols.capability.token import CapabilityToken
from sealwright.protocols.openid4vci.dpop import DPOP_TYPE, DPoPProof, check_dpop, token_hash
from sealwright.protocols.openid4vci.jws import MAX_FUTURE, MAX_PAST, JWSRefused
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.keys.ed25519 import Ed25519Signer, Secret32
from sealwright.vc.keys.jwk import public_jwk, thumbprint
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.compact import sealed, signing_input

REMEMBERED: Final = MAX_PAST + MAX_FUTURE
"""How long after its date a proof could still be taken; so long its id has to be remembered."""
_SCHEME: Final = "dpop"


class ProofKey:
    """The key that an agent proves to hold: made here, kept in this process only, and never shown."""

    __slots__ = ("_jwk", "_signer", "jkt")

    def __init__(self) -> None:
        self._signer = Ed25519Signer(Secret32(os.urandom(32)))
        key = PublicKey("Ed25519", self._signer.public_key)
        self._jwk: dict[str, JSONValue] = dict(public_jwk(key))
        self.jkt: str = thumbprint(key)

    def prove(self, token: str, *, method: str, url: str, now: datetime) -> str:
        """The value of the DPoP header for one call.

        Args:
            token: The capability token that goes along.
            method: Of the call, in capitals.
            url: That is called; what stands behind ``?`` or ``#`` is left out.

        Spec: RFC 9449, "DPoP Proof JWT Syntax".
        """
        address = url.partition("#")[0].partition("?")[0]
        header: dict[str, JSONValue] = {"alg": "EdDSA", "jwk": dict(self._jwk), "typ": DPOP_TYPE}
        claims: dict[str, JSONValue] = {
            "jti": secrets.token_urlsafe(16),
            "htm": method,
            "htu": address,
            "iat": int(now.timestamp()),
            "ath": token_hash(token),
        }
        signed = signing_input(header, claims)
        return sealed(signed, self._signer.sign(signed))

    def headers(self, token: str, *, method: str, url: str, now: datetime) -> dict[str, str]:
        """Both headers for one call."""
        return {"Authorization": f"DPoP {token}", "DPoP": self.prove(token, method=method, url=url, now=now)}


def bearer_of(authorization: str | None) -> str:
    """The token in an Authorization header.

    Raises:
        TokenRefused: Absent, or of another scheme: a token that proves no possession is not taken.
    """
    scheme, _, token = (authorization or "").partition(" ")
    token = token.strip(" ")
    if scheme.lower() != _SCHEME or not token:
        raise TokenRefused(TokenCode.MISSING, "An Authorization header of the scheme DPoP with a token is needed.")
    return token


def check_proof(proof: str | None, token: CapabilityToken, *, method: str, url: str, now: datetime) -> DPoPProof:
    """Check that whoever sent a token holds its key.

    Args:
        proof: The DPoP header's value; None where there is none.
        method: Of the call that came.
        url: That was called, as the outside sees it.

    Returns:
        The proof, whose id its caller has to take once only.

    Raises:
        TokenRefused: Absent, for another call or token, too old, or by another key.

    Spec: RFC 9449, "Checking DPoP Proofs".
    """
    if not proof:
        raise TokenRefused(TokenCode.PROOF_MISSING, "A DPoP header with a proof is needed.")
    try:
        found = check_dpop(proof, method=method, url=url, now=now, token=token.opened.text)
    except JWSRefused as error:
        raise TokenRefused(TokenCode.PROOF_INVALID, f"The DPoP proof is refused: {error}") from None
    if not hmac.compare_digest(found.jkt.encode(), token.grounds.jkt.encode()):
        raise TokenRefused(TokenCode.PROOF_KEY, "The DPoP proof is by another key than the token is bound to.")
    return found
