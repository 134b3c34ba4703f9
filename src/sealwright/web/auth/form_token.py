"""The session's form token as it stands in a page: masked anew each time.

Pages are compressed, and some repeat what was typed into a search. A token that always reads the same could then be
found by the length of many answers; one that never reads the same cannot.
"""

from __future__ import annotations

import base64
import binascii
import os


def masked(token: str) -> str:
    """A fresh spelling of a token."""
    plain = token.encode("ascii")
    mask = os.urandom(len(plain))
    return base64.urlsafe_b64encode(mask + _xor(mask, plain)).decode("ascii").rstrip("=")


def unmasked(text: str) -> str | None:
    """The token of a spelling; None for what is none."""
    try:
        both = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        half = len(both) // 2
        return _xor(both[:half], both[half:]).decode("ascii") if len(both) % 2 == 0 else None
    except (binascii.Error, ValueError):
        return None


def _xor(first: bytes, second: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(first, second, strict=True))
