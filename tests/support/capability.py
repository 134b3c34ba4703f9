"""Agents of tests that make capability tokens with keys of their own, as honest and as dishonest as a test wants."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sealwright.protocols.capability.proof import ProofKey
from sealwright.protocols.capability.token import Grounds, token_input
from sealwright.vc.encoding.multibase import base64url_decode, base64url_encode
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.proofs.compact import sealed
from tests.support.proving import Party

NOW: Final = datetime(2026, 11, 21, 2, 30, tzinfo=UTC)
SHOP: Final = "https://shop.example"
ORDERS: Final = f"{SHOP}/orders"
ACTION: Final = "purchase:groceries"
CONTEXT: Final[Mapping[str, JSONValue]] = {"amount": 42, "currency": "USD", "merchant": SHOP}

Sign = Callable[[bytes], bytes]


def grounds(agent: str, principal: str, jkt: str, **changes: Any) -> Grounds:
    """What a token for groceries is made from."""
    members: dict[str, Any] = {
        "agent": agent,
        "principal": principal,
        "audience": SHOP,
        "action": ACTION,
        "context": CONTEXT,
        "chain": ({"id": "urn:uuid:one"},),
        "jkt": jkt,
        **changes,
    }
    return Grounds(**members)


def signer_of(party: Party) -> Sign:
    """A party's Ed25519 signature over bytes."""
    return party.signer_of("Ed25519").sign


def method_of(party: Party) -> str:
    """The verification method that a party signs tokens with."""
    return party.method().id


def make(
    party: Party, wanted: Grounds, *, jti: str = "token-1", now: datetime = NOW, life: timedelta = timedelta(minutes=2)
) -> str:
    """A token as an honest agent makes it."""
    signed = token_input(wanted, method=method_of(party), algorithm="EdDSA", jti=jti, now=now, life=life)
    return sealed(signed, signer_of(party)(signed))


def parts(token: str) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Header, claims and signature of a compact JWT."""
    header, claims, signature = token.split(".")
    return json.loads(base64url_decode(header)), json.loads(base64url_decode(claims)), base64url_decode(signature)


def forged(token: str, sign: Sign, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """A token with other members, signed anew by whoever; a claim given as None is left out."""
    old_header, old_claims, _ = parts(token)
    new_header = old_header if header is None else dict(header)
    new_claims = {name: value for name, value in {**old_claims, **claims}.items() if value is not None}
    signed = b".".join(
        base64url_encode(json.dumps(one, separators=(",", ":")).encode()).encode() for one in (new_header, new_claims)
    )
    return sealed(signed, sign(signed))


def headers(token: str, key: ProofKey, **changes: Any) -> dict[str, str]:
    """The two headers of a call of the shop."""
    return key.headers(token, **{"method": "POST", "url": ORDERS, "now": NOW, **changes})
