"""Key binding of SD-JWTs: the holder's own small token, behind the last tilde, made for one verifier and occasion.

Spec: RFC 9901, "Key Binding JWT".
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import ProofInvalid, ProofMissing, VcError
from sealwright.vc.keys.jwk import public_key_from_jwk
from sealwright.vc.keys.multikey import PublicKey
from sealwright.vc.proofs.compact import check_signature, signing_input
from sealwright.vc.proofs.sd_jwt import HASH_NAME, digest_of
from sealwright.vc.proofs.sd_jwt_reading import SdJwt

KEY_BINDING_TYPE: Final = "kb+jwt"
MAX_AGE: Final = timedelta(minutes=10)
MAX_SKEW: Final = timedelta(seconds=60)
_MAX_NUMERIC_DATE: Final = 253_402_300_799  # the last second of the year 9999


class Occasion(msgspec.Struct, frozen=True):
    """What a key binding is made for: who verifies, and the nonce they gave out."""

    audience: str
    nonce: str


def binding_input(
    presented: str, occasion: Occasion, at: datetime, *, algorithm: str = "EdDSA", hash_name: str = HASH_NAME
) -> bytes:
    """The bytes that a holder signs to bind a presented SD-JWT; `compact.sealed` of them goes behind its last tilde.

    Args:
        presented: The SD-JWT with its last tilde.
        occasion: Audience and nonce.
        at: Aware UTC, whole seconds.
        algorithm: The holder's key decides.
        hash_name: The SD-JWT's own digest method.
    """
    header: dict[str, JSONValue] = {"alg": algorithm, "typ": KEY_BINDING_TYPE}
    payload: dict[str, JSONValue] = {
        "iat": int(at.timestamp()),
        "aud": occasion.audience,
        "nonce": occasion.nonce,
        "sd_hash": digest_of(presented, hash_name),
    }
    return signing_input(header, payload)


def confirmation_key(claims: Mapping[str, JSONValue]) -> PublicKey | None:
    """The holder's key that the issuer wrote into `cnf`; None if there is none.

    Raises:
        ProofInvalid: It is there and no public key of a kind that is known here.
    """
    confirmation = claims.get("cnf")
    if confirmation is None:
        return None
    jwk = confirmation.get("jwk") if isinstance(confirmation, dict) else None
    if not isinstance(jwk, dict):
        raise ProofInvalid("The credential's cnf holds no key that is understood here.")
    try:
        return public_key_from_jwk(jwk)
    except VcError:
        raise ProofInvalid("The credential's cnf holds no key that is understood here.") from None


class KeyBinding(msgspec.Struct, frozen=True):
    """A key binding whose signature holds; what it was made for is for the verifier to compare."""

    key: PublicKey
    audience: str
    nonce: str
    made_at: datetime


def verify_key_binding(opened: SdJwt, *, accepted: Collection[str], now: datetime | None) -> KeyBinding:
    """Check that the holder bound this very presentation with the key in `cnf`.

    Args:
        opened: An SD-JWT whose issuer's signature holds.
        accepted: Names of the algorithms taken.
        now: Aware UTC; a binding may be 10 minutes old. None where its age does not matter.

    Raises:
        ProofMissing: There is no key binding.
        ProofInvalid: Another type, key or presentation, too old or too new, or a signature that does not hold.
        InvalidKey: The key is weak.

    Spec: RFC 9901, "Verification by the Verifier".
    """
    token = opened.key_binding
    if token is None:
        raise ProofMissing("The SD-JWT carries no key binding.")
    key = confirmation_key(opened.claims)
    if key is None:
        raise ProofInvalid("The SD-JWT is bound to no key that a key binding could be checked with.")
    if token.kind != KEY_BINDING_TYPE:
        raise ProofInvalid("The token behind the SD-JWT is no key binding.")
    check_signature(token, key, accepted)
    made, audience, nonce = (token.payload.get(name) for name in ("iat", "aud", "nonce"))
    if isinstance(made, bool) or not isinstance(made, int) or not 0 <= made <= _MAX_NUMERIC_DATE:
        raise ProofInvalid("The key binding does not say when it was made.")
    if not isinstance(audience, str):
        raise ProofInvalid("The key binding does not say for whom it was made.")
    if not isinstance(nonce, str):
        raise ProofInvalid("The key binding carries no nonce.")
    if token.payload.get("sd_hash") != digest_of(opened.presented, opened.hash_name):
        raise ProofInvalid("The key binding was made for another presentation.")
    if now is not None and not (now - MAX_AGE).timestamp() <= made <= (now + MAX_SKEW).timestamp():
        raise ProofInvalid("The key binding is too old, or made in the future.")
    return KeyBinding(key, audience, nonce, datetime.fromtimestamp(made, UTC))
