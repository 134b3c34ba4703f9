"""Challenges of ours: kept as digests until they are answered, once, or too old."""

from __future__ import annotations

import binascii
import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from sealwright.domain.errors import InvalidProof
from sealwright.domain.sign_in import Challenge, ChallengePurpose
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.vc.encoding.multibase import base64url_decode
from sealwright.vc.encoding.strict_json import parse_json
from sealwright.vc.errors import VcError

CHALLENGE_LIFE: Final = timedelta(minutes=5)


def keep_challenge(
    uow: UnitOfWork, clock: Clock, purpose: ChallengePurpose, user_id: str | None, challenge: bytes
) -> Challenge:
    """Remember a challenge of ours until it is answered, or too old."""
    now = clock.now()
    kept = Challenge(
        digest=hashlib.sha256(challenge).digest(),
        purpose=purpose,
        user_id=user_id,
        payload=challenge,
        created_at=now,
        expires_at=now + CHALLENGE_LIFE,
    )
    uow.sign_ins.add_challenge(kept)
    return kept


def challenge_of(response: Mapping[str, object]) -> bytes:
    """The challenge that a browser says it answered, from its client data; nothing of it is believed yet.

    Raises:
        InvalidProof: The answer has another form.
    """
    inner = response.get("response")
    data = inner.get("clientDataJSON") if isinstance(inner, Mapping) else None
    try:
        members = parse_json(base64url_decode(data)) if isinstance(data, str) and len(data) < 8_192 else None
        challenge = members.get("challenge") if isinstance(members, dict) else None
        return base64url_decode(challenge) if isinstance(challenge, str) else b""
    except (VcError, binascii.Error) as error:
        raise InvalidProof("The answer of the authenticator cannot be read.") from error


def credential_id_of(response: Mapping[str, object]) -> bytes:
    """How the authenticator names its credential. Raises InvalidProof."""
    text = response.get("id")
    try:
        return base64url_decode(text) if isinstance(text, str) and len(text) < 2_048 else b""
    except VcError as error:
        raise InvalidProof("The answer of the authenticator cannot be read.") from error
