"""Signatures of webhook messages, so that a receiver knows who sent them, and when.

Spec: Standard Webhooks 1.0.0, "Signature scheme".
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sealwright.domain.webhooks import SECRET_OVERLAP, Webhook
from sealwright.services.ports import KeyStore

SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - a public prefix, not a secret
SECRET_BYTES: Final = 32
# Receivers refuse what is older; a retry carries the time of its own try.
TOLERANCE: Final = timedelta(minutes=5)
_LABEL: Final = "webhook-secret"


def new_secret() -> bytes:
    """A secret of 256 random bits."""
    return secrets.token_bytes(SECRET_BYTES)


def secret_text(secret: bytes) -> str:
    """A secret as it is shown, once."""
    return SECRET_PREFIX + base64.b64encode(secret).decode("ascii")


def sealed_secret(keys: KeyStore, secret: bytes) -> bytes:
    """A secret as it is kept. Raises Sealed."""
    return keys.seal_bytes(secret, label=_LABEL)


def rewrapped(keys: KeyStore, webhook: Webhook) -> Webhook:
    """The endpoint with its secrets sealed under the present key-encryption key. Raises Sealed."""
    secrets_now = tuple(sealed_secret(keys, keys.open_bytes(sealed, label=_LABEL)) for sealed in webhook.secrets)
    return replace(webhook, secrets=secrets_now, version=webhook.version + 1)


def signing_secrets(keys: KeyStore, webhook: Webhook, now: datetime) -> tuple[bytes, ...]:
    """The secrets that sign now, newest first: for a day after a rotation the former one too. Raises Sealed."""
    overlaps = webhook.rotated_at is not None and now < webhook.rotated_at + SECRET_OVERLAP
    kept = webhook.secrets[: 2 if overlaps else 1]
    return tuple(keys.open_bytes(sealed, label=_LABEL) for sealed in kept)


def signed_headers(
    signing: Sequence[bytes], message_id: str, at: datetime, body: bytes, *, media_type: str = "application/json"
) -> Mapping[str, str]:
    """The headers of a message, with one signature for each secret."""
    stamp = str(int(at.timestamp()))
    content = f"{message_id}.{stamp}.".encode("ascii") + body
    signatures = (base64.b64encode(hmac.digest(secret, content, hashlib.sha256)).decode("ascii") for secret in signing)
    return {
        "Content-Type": media_type,
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
