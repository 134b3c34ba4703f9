"""What agents wish signed or filed for a delegator, read from bodies: of the act, and of the question before it."""

from __future__ import annotations

from typing import Any

from sealwright.domain.credentials import IssuanceRequest
from sealwright.services.review_values import NewRequest
from sealwright.vc.encoding.timestamps import parse_rfc3339


def issuing_wish(body: dict[str, Any]) -> IssuanceRequest:
    """What a body wishes issued for a delegator; its issuer is left open."""
    expiration = body.get("expirationDate")
    return IssuanceRequest(
        schema_id=body["schemaId"],
        issuer_did="",
        holder_did=body["holderDid"],
        claims=body["claims"],
        expiration=parse_rfc3339(expiration) if expiration is not None else None,
        proof_type=body.get("proofType", "Ed25519Signature2020"),
        revocable=body.get("revocable", True),
        suspendable=body.get("suspendable", False),
        mandatory_pointers=tuple(body.get("mandatoryPointers", ())),
    )


def requesting_wish(body: dict[str, Any]) -> NewRequest:
    """What a body wishes filed for a delegator."""
    return NewRequest(
        credential_type=body["credentialType"],
        allow_unlisted=body.get("allowUnlisted", False),
        claims=body.get("claims"),
        answers=body.get("answers", {}),
        note=body.get("note"),
    )
