"""Ed25519 keys: making them, checking them when they arrive, signing and verifying.

Everything goes through libsodium's low-level calls. It refuses small-order keys and signatures that are not
in canonical form, which other libraries let pass; the point check here comes on top of that.
"""

from __future__ import annotations

import hmac
import os
from functools import lru_cache
from typing import Final, NoReturn

from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_sign,
    crypto_sign_ed25519_pk_to_curve25519,
    crypto_sign_open,
    crypto_sign_seed_keypair,
)
from nacl.exceptions import BadSignatureError

from sealwright.vc.errors import InvalidKey, InvalidPublicKeyLength, ProofInvalid

PUBLIC_KEY_BYTES: Final = 32
SEED_BYTES: Final = 32
SIGNATURE_BYTES: Final = 64


class Secret32:
    """Thirty-two secret bytes, such as an Ed25519 seed; shows nothing when printed and cannot be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        """Raises InvalidKey unless `value` is exactly 32 bytes."""
        if len(value) != SEED_BYTES:
            raise InvalidKey("A private key must be 32 bytes long.")
        self._value = bytes(value)

    def reveal(self) -> bytes:
        """The bytes themselves, for those who sign or seal them."""
        return self._value

    def __eq__(self, other: object) -> bool:
        # Constant time, so that comparing does not tell how much of a guess was right.
        return isinstance(other, Secret32) and hmac.compare_digest(self._value, other._value)

    def __hash__(self) -> int:
        return hash((Secret32, self._value))

    def __repr__(self) -> str:
        return "Secret32(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


class Ed25519Signer:
    """Signs with one private key, which is expanded once and never shown."""

    __slots__ = ("_expanded", "public_key")

    def __init__(self, seed: Secret32) -> None:
        self.public_key: bytes
        self.public_key, self._expanded = crypto_sign_seed_keypair(seed.reveal())

    def sign(self, data: bytes) -> bytes:
        """The 64 signature bytes over `data`; the same data always gives the same bytes (RFC 8032)."""
        signed: bytes = crypto_sign(data, self._expanded)
        return signed[:SIGNATURE_BYTES]

    def __repr__(self) -> str:
        return f"Ed25519Signer(public_key={self.public_key.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer is not pickled")


class Ed25519Verifier:
    """Checks signatures of one public key, which is judged once.

    Args:
        public_key: 32 bytes.

    Raises:
        InvalidKey: The public key is malformed or weak.
    """

    __slots__ = ("_public_key",)

    def __init__(self, public_key: bytes) -> None:
        check_public_key(public_key)
        self._public_key = bytes(public_key)

    def verify(self, signature: bytes, data: bytes) -> None:
        """Check one signature of 64 bytes; raises ProofInvalid when it does not hold."""
        _verify(self._public_key, signature, data)


def generate_private_key() -> Secret32:
    """A new Ed25519 seed from the operating system's randomness."""
    return Secret32(os.urandom(SEED_BYTES))


def public_from_private(seed: Secret32) -> bytes:
    """The 32-byte public key of a seed."""
    public_key: bytes = crypto_sign_seed_keypair(seed.reveal())[0]
    return public_key


def check_public_key(public_key: bytes) -> None:
    """Refuse whatever is not a canonical point of the prime-order group.

    Under a key of small order a forged signature can verify for many documents, and two encodings of one point
    would be two identities of one key.

    Raises:
        InvalidPublicKeyLength: Not 32 bytes.
        InvalidKey: Off the curve, not in canonical form, or of small or mixed order.

    Spec: RFC 8032, "Decoding"; "Security Considerations".
    """
    if len(public_key) != PUBLIC_KEY_BYTES:
        raise InvalidPublicKeyLength(f"An Ed25519 public key has 32 bytes, not {len(public_key)}.")
    if not _is_sound_point(bytes(public_key)):
        raise InvalidKey("The Ed25519 public key is not a canonical point of full order on the curve.")


# Verifying asks the same few issuer keys again and again, and the point check costs as much as a signature check.
# The answer for given bytes never changes, so remembering it is safe; the bound keeps strangers from filling memory.
@lru_cache(maxsize=4096)
def _is_sound_point(public_key: bytes) -> bool:
    return bool(crypto_core_ed25519_is_valid_point(public_key))


def verify(public_key: bytes, signature: bytes, data: bytes) -> None:
    """Check one signature.

    Args:
        public_key: 32 bytes.
        signature: 64 bytes, R then S.
        data: What was signed, whole.

    Raises:
        ProofInvalid: The signature does not hold.
        InvalidKey: The public key is malformed or weak.

    Spec: RFC 8032, "Verify".
    """
    check_public_key(public_key)
    _verify(public_key, signature, data)


def _verify(public_key: bytes, signature: bytes, data: bytes) -> None:
    if len(signature) != SIGNATURE_BYTES:
        raise ProofInvalid(f"An Ed25519 signature has 64 bytes, not {len(signature)}.")
    try:
        crypto_sign_open(signature + data, public_key)
    except BadSignatureError:
        raise ProofInvalid("The signature does not hold for this document and key.") from None


def derive_x25519(public_key: bytes) -> bytes:
    """The X25519 public key that belongs to an Ed25519 public key, as did:key documents list it.

    Raises:
        InvalidKey: The public key is malformed or weak.

    Spec: did:key Method, "Derive Encryption Key".
    """
    check_public_key(public_key)
    derived: bytes = crypto_sign_ed25519_pk_to_curve25519(public_key)
    return derived
