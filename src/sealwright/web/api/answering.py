"""Answering requests for presentations from here, with credentials and keys that the office keeps for their holder."""

from __future__ import annotations

from typing import Any, Final

from sealwright.services.answering import Chosen, Preview
from sealwright.vc.encoding.timestamps import format_timestamp
from sealwright.web.api.shapes import answering as shapes
from sealwright.web.call import Call, ok
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def preview(call: Call) -> Reply:
    """POST /api/v1/presentations/answers/preview."""
    return ok(spelled(call.office.answering.open(call.caller, call.body["request"])))


def answer(call: Call) -> Reply:
    """POST /api/v1/presentations/answers."""
    chosen = [
        Chosen(one["query"], one["credentialId"], tuple(one["reveal"]) if "reveal" in one else None)
        for one in call.body["answers"]
    ]
    call.office.answering.answer(call.caller, call.body["request"], chosen)
    return ok({"state": "answered"})


def spelled(found: Preview) -> dict[str, Any]:
    """What is asked, and what the caller could show."""
    return {
        "reference": found.reference,
        "verifier": found.verifier,
        "answerBy": format_timestamp(found.answer_by),
        "parts": [
            {
                "query": one.part.part_id,
                "name": one.part.name,
                "purpose": one.part.purpose,
                "asked": list(one.asked),
                "credentials": [
                    {
                        "credentialId": offered.record.credential_id,
                        "types": list(offered.record.types),
                        "reveal": list(offered.pointers),
                        "beyond": list(offered.always),
                        "isWhole": offered.is_whole,
                        "hindrance": offered.hindrance,
                    }
                    for offered in one.offered
                ],
                "unmet": one.unmet,
            }
            for one in found.parts
        ],
        "suggested": list(found.suggested) if found.suggested is not None else None,
    }


_TAG: Final = "Disclosure"

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/presentations/answers/preview",
        Audience.PERSON,
        "S",
        "What a request of this office asks, and what you could show",
        preview,
        (Answered(200, "Nothing is shown yet.", shapes.PREVIEW, shapes.PREVIEW_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.OPEN,
        codes=("NOT_FOUND",),
    ),
    Route(
        "POST",
        "/api/v1/presentations/answers",
        Audience.PERSON,
        "S",
        "Answer a request of this office with credentials kept here",
        answer,
        (Answered(200, "It was taken; the verdict is for whoever asked.", shapes.ANSWERED, shapes.ANSWERED_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.ANSWER,
        codes=(
            "NOT_FOUND",
            "CREDENTIAL_ERASED",
            "CREDENTIAL_NOT_FOUND",
            "DERIVATION_INVALID",
            "INVALID_PROOF",
            "UNSUPPORTED_PROOF_TYPE",
            "HOLDER_NOT_FOUND",
            "HOLDER_DEACTIVATED",
            "HOLDER_MISMATCH",
            "AUDIT_UNAVAILABLE",
            "SIGNING_FAILED",
            "SEALED",
        ),
    ),
)
