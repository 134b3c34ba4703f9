"""An authenticator in software: makes passkeys and signs with them as a browser would hand it over, faults included."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode

_USER_PRESENT = 0x01
_USER_VERIFIED = 0x04
_HAS_CREDENTIAL = 0x40


@dataclass
class Authenticator:
    """One credential of one person.

    Args:
        origin: Of the page that asks.
        verifies_user: False: only touched, nobody was recognized.
    """

    origin: str
    rp_id: str
    credential_id: bytes = b"credential-of-a-test"
    sign_count: int = 0
    verifies_user: bool = True
    user_handle: bytes = b""
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def register(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Answer to registration options."""
        self.user_handle = base64url_decode(options["user"]["id"])
        client = self._client("webauthn.create", options["challenge"])
        numbers = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        credential = b"\x00" * 16 + struct.pack(">H", len(self.credential_id)) + self.credential_id + cbor2.dumps(cose)
        data = self._head(_HAS_CREDENTIAL) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._response(
            {
                "clientDataJSON": base64url_encode(client),
                "attestationObject": base64url_encode(attestation),
                "transports": ["internal"],
            }
        )

    def sign_in(self, options: Mapping[str, Any], *, counts: bool = True) -> dict[str, Any]:
        """Answer to sign-in options; the counter grows, unless told otherwise."""
        if counts:
            self.sign_count += 1
        client = self._client("webauthn.get", options["challenge"])
        data = self._head(0)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        return self._response(
            {
                "clientDataJSON": base64url_encode(client),
                "authenticatorData": base64url_encode(data),
                "signature": base64url_encode(signature),
                "userHandle": base64url_encode(self.user_handle),
            }
        )

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()

    def _head(self, flags: int) -> bytes:
        flags |= _USER_PRESENT | (_USER_VERIFIED if self.verifies_user else 0)
        return hashlib.sha256(self.rp_id.encode()).digest() + struct.pack(">BI", flags, self.sign_count)

    def _response(self, response: dict[str, Any]) -> dict[str, Any]:
        name = base64url_encode(self.credential_id)
        return {"id": name, "rawId": name, "type": "public-key", "clientExtensionResults": {}, "response": response}
