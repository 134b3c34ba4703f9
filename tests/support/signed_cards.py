"""Signed agent cards, as a reader without our code takes them apart."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import rfc8785


def opened(card: Mapping[str, Any]) -> str:
    """The compact JWS of a card's one signature, whose payload is the canonical form of all the rest."""
    (signature,) = card["signatures"]
    assert set(signature) == {"protected", "signature"}
    payload = rfc8785.dumps({name: value for name, value in card.items() if name != "signatures"})
    middle = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    return f"{signature['protected']}.{middle}.{signature['signature']}"
