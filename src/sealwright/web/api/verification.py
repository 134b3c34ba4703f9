"""The issuance API: verifying credentials and presentations. Failing is an answer here, not an error."""

from __future__ import annotations

from typing import Any, Final

from sealwright.services.verification import PresentationOptions, VerifyOptions
from sealwright.vc.verification.presentation import PresentationReport
from sealwright.web.api import rendering
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.credentials import VERIFY, VERIFY_PRESENTATION
from sealwright.web.api.showing import nonce_of
from sealwright.web.call import Call, ok
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def trusted(options: dict[str, Any]) -> frozenset[str] | None:
    """The issuers that the caller accepts; None takes any, an empty list none."""
    issuers = options.get("trustedIssuers")
    return None if issuers is None else frozenset(issuers)


def verify(call: Call) -> Reply:
    """POST /api/v1/credentials/verify."""
    options = call.body.get("options", {})
    report = call.office.verifier.verify(
        call.body["credential"],
        VerifyOptions(
            trusted_issuers=trusted(options),
            expected_holder=options.get("expectedHolder"),
            status_lists=tuple(options.get("statusListCredentials", ())),
            challenge=options.get("challenge"),
            domain=options.get("domain"),
            nonce=nonce_of(options, "/options/nonce") if "nonce" in options else None,
        ),
    )
    return ok(rendering.report(report))


def verify_presentation(call: Call) -> Reply:
    """POST /api/v1/presentations/verify."""
    options = call.body.get("options", {})
    report = call.office.verifier.verify_presentation(
        call.body["presentation"],
        PresentationOptions(
            challenge=options.get("challenge"),
            domain=options.get("domain"),
            trusted_issuers=trusted(options),
        ),
    )
    return ok({**presented(report), "credentials": [rendering.report(one) for one in report.credentials]})


def presented(report: PresentationReport) -> dict[str, Any]:
    """A presentation's own part of its report; the verdict counts its credentials too."""
    own = rendering.report(report.presentation)
    return {**own, "verified": bool(report)}


_TAG: Final = "Verification"

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/credentials/verify",
        Audience.ANYONE,
        "P",
        "Verify a credential",
        verify,
        (Answered(200, "Every check, also when one fails.", answers.REPORT, examples.REPORT),),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=VERIFY,
        codes=("INVALID_DID",),
    ),
    Route(
        "POST",
        "/api/v1/presentations/verify",
        Audience.ANYONE,
        "P",
        "Verify a presentation and the credentials in it",
        verify_presentation,
        (
            Answered(
                200, "Every check, also when one fails.", answers.PRESENTATION_REPORT, examples.PRESENTATION_REPORT
            ),
        ),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=VERIFY_PRESENTATION,
        codes=("INVALID_DID",),
    ),
)
