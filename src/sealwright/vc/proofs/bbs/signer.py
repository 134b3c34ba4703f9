"""A signer with a BLS12-381 key: given an encoded request, it gives the signature's bytes."""

from __future__ import annotations

from typing import NoReturn

from sealwright.vc.keys.bls12381 import public_from_private
from sealwright.vc.keys.ed25519 import Secret32
from sealwright.vc.proofs.bbs import ietf, legacy
from sealwright.vc.proofs.bbs.requests import Scheme, decode_request


class BlsSigner:
    """Signs with one secret scalar, which is never shown.

    Args:
        secret: The key.

    Raises:
        InvalidKey: The key is 0 or not below the order of the group.
    """

    __slots__ = ("_secret", "public_key")

    def __init__(self, secret: Secret32) -> None:
        self.public_key: bytes = public_from_private(secret)
        self._secret = secret

    def sign(self, data: bytes) -> bytes:
        """The signature that a request asks for: 80 bytes under the IETF draft, 112 under the legacy scheme.

        Raises:
            InvalidEncoding: `data` is not exactly one request in the form of `proofs.bbs.requests`.
        """
        request = decode_request(data)
        if request.scheme is Scheme.LEGACY_2020:
            return legacy.sign_as(self.public_key, self._secret, request.messages)
        return ietf.sign_as(self.public_key, self._secret, request.header, request.messages)

    def __repr__(self) -> str:
        return f"BlsSigner(public_key={self.public_key.hex()})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a signer is not pickled")
