"""The issuance API: issuing credentials anew with their issuer's present key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from sealwright.domain.batches import Batch
from sealwright.services.mass_values import MassPreview
from sealwright.web.api import batch_rendering
from sealwright.web.api.shapes.batches import BATCH_EXAMPLE
from sealwright.web.api.shapes.mass import (
    MASS_PREVIEW,
    MASS_PREVIEW_EXAMPLE,
    REISSUE,
    REISSUED,
    reissue_wish_of,
)
from sealwright.web.call import Call, given, kept
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def reissue(call: Call) -> Reply:
    """POST /api/v1/credentials/reissue."""
    wish, mass = reissue_wish_of(call.body), call.office.bulk.mass
    if call.body.get("dryRun", False):
        return shown_preview(mass.preview_reissue(call.caller, wish, call.view()))
    public_url = call.office.public_url
    return given(mass.answer_reissue(call.caller, wish, lambda made: kept(_accepted(made, public_url)), call.scope()))


def shown_preview(preview: MassPreview) -> Reply:
    """What a mass act would take in."""
    return json_reply(
        {
            "dryRun": True,
            "count": preview.count,
            "byStatus": dict(preview.by_status),
            "notRevocable": preview.not_revocable,
            "notReissuable": preview.not_reissuable,
            "grants": preview.grants,
            "copies": preview.copies,
            "sample": list(preview.sample),
        }
    )


def _accepted(batches: Sequence[Batch], public_url: str) -> Reply:
    return json_reply({"batches": [batch_rendering.plain(batch, public_url) for batch in batches]}, 202)


_ACCEPTED_EXAMPLE: Final = {
    **BATCH_EXAMPLE,
    "status": "accepted",
    "issued": 0,
    "failed": 0,
    "remaining": 25_000,
    "perSecond": None,
    "etaSeconds": None,
}

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/credentials/reissue",
        Audience.CALLER,
        "K, A",
        "Issue credentials anew with the issuer's present key",
        reissue,
        (
            Answered(200, "With `dryRun`: what it takes in.", MASS_PREVIEW, MASS_PREVIEW_EXAMPLE),
            Answered(
                202,
                "The batches that issue them, one for each schema and form.",
                REISSUED,
                {"batches": [_ACCEPTED_EXAMPLE]},
                headers=("Idempotent-Replayed",),
            ),
        ),
        "Batches",
        bucket=Bucket.BATCH,
        body=REISSUE,
        codes=(
            "ISSUER_NOT_FOUND",
            "SCHEMA_NOT_FOUND",
            "BATCH_NOT_FOUND",
            "ISSUER_NOT_AUTHORIZED",
            "SCHEMA_NOT_AUTHORIZED",
            "OUT_OF_SCOPE",
            "ISSUER_DEACTIVATED",
            "ISSUER_KEY_MISSING",
            "SCHEMA_INACTIVE",
            "STATE_CONFLICT",
            "POLICY_VIOLATION",
            "EXPIRATION_IN_PAST",
            "EXPIRATION_TOO_FAR",
            "ISSUING_HALTED",
            "SEALED",
            "IDEMPOTENCY_KEY_REUSED",
            "IDEMPOTENCY_IN_PROGRESS",
            "AUDIT_UNAVAILABLE",
        ),
        idempotent=True,
        deadline_seconds=300.0,
    ),
)
