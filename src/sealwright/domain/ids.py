"""Identifiers: opaque, prefixed ids, and the time-ordered ids of credentials."""

from __future__ import annotations

import os
import secrets
import time
from typing import Final
from uuid import UUID

PREFIXES: Final = frozenset(
    {
        *("usr", "req", "grt", "off", "bat", "dlg", "key", "tok", "whk", "evt", "slt", "att"),
        *("ses", "psk", "ntc", "mal", "job", "lnk", "vew"),
        # Parcels, DIDComm messages and threads; wallets' authorizations, tokens and transactions; presentations.
        *("dlv", "msg", "thr", "wau", "wtk", "wtx", "prs"),
        # Disclosure links; calls of agents, and the approvals that they ask for.
        *("dsc", "cal", "apv"),
        *("wfl", "ser", "rol", "stp", "prp", "pay", "clm", "abs", "drf"),
    }
)
_ALPHABET: Final = "abcdefghijklmnopqrstuvwxyz234567"
# The same letters in the order in which stores sort them.
_ORDERED_ALPHABET: Final = "234567abcdefghijklmnopqrstuvwxyz"
_URN_PREFIX: Final = "urn:uuid:"


def new_id(prefix: str) -> str:
    """Make an opaque id: the prefix, ``_``, and 26 lower-case base-32 characters (128 random bits).

    Raises:
        ValueError: The prefix is not one of the contract's.
    """
    return _spelled(prefix, secrets.randbits(128), _ALPHABET)


def new_ordered_id(prefix: str) -> str:
    """Make an id of the same form that sorts behind those made before: 64 bits of the moment, then 64 random ones.

    For what happens many times in one second and is listed by when it happened.

    Raises:
        ValueError: The prefix is not one of the contract's.
    """
    return _spelled(prefix, (time.time_ns() << 64) | secrets.randbits(64), _ORDERED_ALPHABET)


def _spelled(prefix: str, number: int, alphabet: str) -> str:
    if prefix not in PREFIXES:
        raise ValueError(f"unknown id prefix {prefix!r}")
    letters = [alphabet[number >> shift & 31] for shift in range(125, -1, -5)]
    return f"{prefix}_{''.join(letters)}"


def new_credential_uid() -> UUID:
    """Make a time-ordered UUID (version 7), so that new rows enter an index at its right-hand edge.

    Spec: RFC 9562, "UUID Version 7".
    """
    value = (time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)


def credential_urn(uid: UUID) -> str:
    """Spell a credential's uid as its public id."""
    return f"{_URN_PREFIX}{uid}"


def uid_from_text(text: str) -> UUID | None:
    """Read a credential's uid from ``urn:uuid:…`` or the bare UUID; None when the text is neither."""
    bare = text[len(_URN_PREFIX) :] if text.startswith(_URN_PREFIX) else text
    if len(bare) != 36:
        return None
    try:
        uid = UUID(bare)
    except ValueError:
        return None
    return uid if str(uid) == bare.lower() else None
