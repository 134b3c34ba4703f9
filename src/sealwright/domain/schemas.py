"""Credential schemas as this office registers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class SchemaRecord:
    """A registered credential schema; its content never changes, a change is a new id.

    Args:
        type: Credential type names that its documents carry beside VerifiableCredential.
        content: The JSON Schema 2020-12 document for the claims, as JSON bytes.
        context: The JSON-LD context generated from it, as JSON bytes.
        sha256: Hex digest of `content`.
        allowed_issuers: DIDs that may use it when `restricted`.
    """

    schema_id: str
    name: str
    version: str
    type: tuple[str, ...]
    description: str | None
    author: str | None
    content: bytes
    context_url: str
    context: bytes
    sha256: str
    restricted: bool
    allowed_issuers: tuple[str, ...]
    revocation_required: bool
    active: bool
    created_at: datetime
    credential_type: str | None = None

    def is_open_to(self, issuer_did: str) -> bool:
        """Tell whether this issuer may use the schema."""
        return not self.restricted or issuer_did in self.allowed_issuers
