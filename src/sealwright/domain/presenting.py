"""Requests for presentations: what a verifier asks to see, once, from whoever stands before them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sealwright.vc.encoding.strict_json import JSONValue


class PresentationState(StrEnum):
    """Shown, fetched by a wallet, answered (well or not), or too late."""

    CREATED = "created"
    FETCHED = "fetched"
    ANSWERED = "answered"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PresentationRequest:
    """One question to a wallet, answered once.

    Args:
        digest: SHA-256 of the secret in its address (`request_uri`); the answer's address and nonce follow from it.
        owner: Who asks: a user id, an API key id, or ``anyone`` for the public page (whose bearer reads the answer).
        reader_digest: SHA-256 of the secret that reads the result where nobody is signed in.
        credential_type: What is asked for: a type of ours, or a schema's type name; empty where `query` says it.
        claims: Names of the claims that are asked for; empty asks only whether somebody holds such a credential.
        query: The question in the caller's own words, as it was given: `presentationDefinition` or `dcqlQuery` alone.
        report: The verdict and what was shown, kept until `expires_at` only; None until answered.
    """

    presentation_id: str
    digest: bytes
    reader_digest: bytes
    owner: str
    credential_type: str
    claims: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    state: PresentationState = PresentationState.CREATED
    answered_at: datetime | None = None
    report: Mapping[str, JSONValue] | None = None
    query: Mapping[str, JSONValue] | None = None
