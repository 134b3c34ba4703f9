"""The issuance API: receipts of what was anchored, proofs that a credential is in it, and the check of both."""

from __future__ import annotations

from typing import Final

from sealwright.web.api.shapes import anchors as shapes
from sealwright.web.call import Call, ok
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def get_receipt(call: Call) -> Reply:
    """GET /api/v1/anchors/{transactionHash}."""
    return ok(call.office.bulk.receipts.receipt(call.params["transactionHash"]).as_object())


def get_proof(call: Call) -> Reply:
    """GET /api/v1/anchors/{transactionHash}/proofs/{credentialId}."""
    params = call.params
    return ok(call.office.bulk.receipts.proof(params["transactionHash"], params["credentialId"]).as_object())


def verify(call: Call) -> Reply:
    """POST /api/v1/anchors/verify."""
    verdict = call.office.bulk.receipts.verify(call.body["receipt"], call.body.get("proof"))
    checks = [{"name": one.name, "outcome": one.outcome, "detail": one.detail} for one in verdict.checks]
    return ok({"verified": verdict.verified, "checks": checks})


_TAG: Final = "Anchors"

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/anchors/{transactionHash}",
        Audience.ANYONE,
        "P",
        "Read the receipt of an anchor",
        get_receipt,
        (Answered(200, "The receipt.", shapes.RECEIPT, shapes.RECEIPT_EXAMPLE),),
        _TAG,
        bucket=Bucket.PUBLIC,
        codes=("ANCHOR_NOT_FOUND",),
    ),
    Route(
        "GET",
        "/api/v1/anchors/{transactionHash}/proofs/{credentialId}",
        Audience.ANYONE,
        "P",
        "Prove that a credential stands under an anchor",
        get_proof,
        (Answered(200, "The proof.", shapes.LEAF_PROOF, shapes.LEAF_PROOF_EXAMPLE),),
        _TAG,
        bucket=Bucket.PUBLIC,
        codes=("ANCHOR_NOT_FOUND",),
    ),
    Route(
        "POST",
        "/api/v1/anchors/verify",
        Audience.ANYONE,
        "P",
        "Check a receipt, and a proof if one is given",
        verify,
        (Answered(200, "Every check, also when one fails.", shapes.VERDICT, shapes.VERDICT_EXAMPLE),),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=shapes.CHECK_RECEIPT,
    ),
)
