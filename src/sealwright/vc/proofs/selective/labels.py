"""Labels of blank nodes that tell a verifier nothing: made with a secret of each proof that issuer and holder share.

Canonical labels follow from the whole document, so that in a part of it they would tell of what was kept back.

Spec: Data Integrity ECDSA Cryptosuites 1.0, "createHmacIdLabelMapFunction"; Data Integrity BBS Cryptosuites 1.0,
"createShuffledIdLabelMapFunction".
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from sealwright.vc.encoding.multibase import multibase_encode

HMAC_KEY_BYTES: Final = 32

Labels: TypeAlias = Mapping[str, str]
"""Canonical label (``_:c14n0``) → the label that is signed."""

Labelling: TypeAlias = Callable[[bytes, Iterable[str]], Labels]


def new_hmac_key() -> bytes:
    """A fresh secret of 32 bytes."""
    return secrets.token_bytes(HMAC_KEY_BYTES)


def hmac_labels(key: bytes, canonical: Iterable[str]) -> dict[str, str]:
    """For each canonical label one by HMAC-SHA-256 over it: ``_:u`` and 43 characters of base64url.

    Args:
        key: 32 bytes.
        canonical: Labels such as ``_:c14n0``.

    Spec: Data Integrity ECDSA Cryptosuites 1.0, "createHmacIdLabelMapFunction".
    """
    return {label: "_:" + multibase_encode(hmac.digest(key, label[2:].encode(), "sha256"), "u") for label in canonical}


def shuffled_labels(key: bytes, canonical: Iterable[str]) -> dict[str, str]:
    """For each canonical label its rank among all by HMAC: ``_:b0``, ``_:b1`` …

    Args:
        key: 32 bytes.
        canonical: Labels such as ``_:c14n0``, of one document all.

    Spec: Data Integrity BBS Cryptosuites 1.0, "createShuffledIdLabelMapFunction".
    """
    hashed = hmac_labels(key, canonical)
    ranks = {label: f"_:b{rank}" for rank, label in enumerate(sorted(hashed.values()))}
    return {label: ranks[value] for label, value in hashed.items()}
