"""Holders with keys of their own, and the short ways of tests to offer and redeem."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from itertools import count
from typing import Any, Final

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey

from sealwright.domain.delivering import OfferWish
from sealwright.domain.offers import Offer, OfferChannel
from sealwright.domain.people import Caller
from sealwright.services.holder_proofs import hash_of_token
from sealwright.services.offer_values import MadeOffer
from sealwright.services.office import Office
from sealwright.services.redeeming import Redeemed
from sealwright.vc.dids.methods import did_key
from sealwright.vc.keys.multikey import PublicKey
from tests.support.desk import act
from tests.support.office import PUBLIC_URL

_NUMBERS: Final = count(1)
_P256: Final = bytes.fromhex("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")


class Holder:
    """Somebody whose DID is their key, Ed25519 or P-256, the same for each number."""

    def __init__(self, number: int = 1, kind: str = "Ed25519") -> None:
        seed = hashlib.sha256(f"holder {number}".encode()).digest()
        if kind == "Ed25519":
            self.algorithm = "Ed25519"
            self.key: Any = OKPKey.import_key({"kty": "OKP", "crv": "Ed25519", **_okp(seed)})
            public = PublicKey("Ed25519", _bytes(str(self.key.as_dict(private=False)["x"])))
        else:
            self.algorithm = "ES256"
            self.key = ECKey.import_key({"kty": "EC", "crv": "P-256", **_ec(seed)})
            members = self.key.as_dict(private=False)
            x, y = _bytes(members["x"]), _bytes(members["y"])
            public = PublicKey("P-256", bytes([2 + y[-1] % 2]) + x)
        self.did = did_key(public)
        self.kid = f"{self.did}#{self.did.removeprefix('did:key:')}"

    def proof(self, token: str, at: datetime, *, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """A proof over a token; members that a test changes to None are left out."""
        payload = {
            "iss": self.did,
            "aud": PUBLIC_URL,
            "iat": int(at.timestamp()),
            "jti": f"proof {next(_NUMBERS)}",
            "ath": hash_of_token(token),
            **claims,
        }
        head = {"alg": self.algorithm, "typ": "holder-proof+jwt", "kid": self.kid, **(header or {})}
        payload = {name: value for name, value in payload.items() if value is not None}
        head = {name: value for name, value in head.items() if value is not None}
        registry = jws.JWSRegistry(algorithms=["EdDSA", "Ed25519", "ES256"], strict_check_header=False)
        return str(jws.serialize_compact(head, json.dumps(payload), self.key, registry=registry))


def make_offer(office: Office, caller: Caller, credential_id: str, channel: str = "token", **more: Any) -> MadeOffer:
    """Offer a credential."""
    wish = OfferWish(OfferChannel(channel), **more)
    return act(office, caller, lambda uow, me: office.offers.offer(uow, me, credential_id, wish), registry=False)


def stored_offer(office: Office, offer_id: str) -> Offer:
    """An offer as it lies in the store."""
    with office.units(write=False) as uow:
        found = uow.offers.get(offer_id)
    assert found is not None
    return found


def redeem_with(office: Office, holder: Holder, token: str, **more: Any) -> Redeemed:
    """Redeem a token with a fresh proof of the holder."""
    return office.redeeming.redeem(None, token, holder.proof(token, office.clock.now()), **more)


def _okp(seed: bytes) -> dict[str, str]:
    from nacl.signing import SigningKey

    public = bytes(SigningKey(seed).verify_key)
    return {"d": _text(seed), "x": _text(public)}


def _ec(seed: bytes) -> dict[str, str]:
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key

    number = int.from_bytes(seed, "big") % int.from_bytes(_P256, "big")
    public = derive_private_key(number, SECP256R1()).public_key().public_numbers()
    parts = {"d": number, "x": public.x, "y": public.y}
    return {name: _text(value.to_bytes(32, "big")) for name, value in parts.items()}


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
