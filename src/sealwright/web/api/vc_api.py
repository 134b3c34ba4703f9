"""The VC-API of the W3C Credentials Community Group: the same office, in that standard's words.

A failed verification is 400 here, with the report as its body; newer drafts answer 200, and find the same body.
"""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.credentials import StatusPurpose
from sealwright.domain.people import Caller
from sealwright.services.deriving import Places
from sealwright.services.issuing_line import Issued
from sealwright.services.order_checks import DocumentOptions
from sealwright.services.ports import UnitOfWork
from sealwright.services.verification import PresentationOptions, VerifyOptions
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.errors import DIDNotResolved, ProofInvalid
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.vc.verification.report import ALL_CHECKS, PROOF_CHECKS, VerificationReport
from sealwright.web.api import rendering
from sealwright.web.api.credentials import ISSUE_CODES, credential_path, get_document, submitted
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes import vc_api as shapes
from sealwright.web.api.showing import DERIVE_CODES, nonce_of
from sealwright.web.api.verification import presented
from sealwright.web.call import REPLAYED, Call, ok
from sealwright.web.problems import CATALOG, problem_members
from sealwright.web.refusals import TransportRefused
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route

REASON: Final = "Changed over the VC-API."

# What others call the checks that a caller may ask for. Names we do not know narrow nothing further.
_CHECKS: Final[dict[str, frozenset[str]]] = {
    "proof": PROOF_CHECKS,
    "credentialStatus": frozenset({"revocation", "suspension"}),
    "status": frozenset({"revocation", "suspension"}),
    "expirationDate": frozenset({"expiration"}),
    "validity": frozenset({"expiration"}),
    "credentialSchema": frozenset({"schema"}),
    **{name: frozenset({name}) for name in ALL_CHECKS - {"proof"}},
}


async def issue(call: Call) -> Reply:
    """POST /credentials/issue."""
    options = _options(call.body.get("options", {}))
    scope = call.scope()
    if scope is not None and (known := await call.in_thread(lambda: call.office.issuing.replay(scope))):
        return _issued(known)
    # A stranger's document may be costly to canonicalize: never on the loop that serves everybody.
    check = call.office.issuing.check_document
    order = await call.in_thread(lambda: check(call.body["credential"], options, call.caller, call.view()))
    return _issued(await submitted(call, order, scope))


def _options(options: dict[str, Any]) -> DocumentOptions:
    created = options.get("created")
    return DocumentOptions(
        proof_type=_suite(options),
        created=parse_rfc3339(created) if created is not None else None,
        credential_id=options.get("credentialId"),
        status_purposes=_purposes(options.get("credentialStatus")),
        mandatory_pointers=tuple(options.get("mandatoryPointers", ())),
    )


def _suite(options: dict[str, Any]) -> str | None:
    """The suite that was asked for, under any of the names that this option has had."""
    named = options.get("proofType") or options.get("cryptosuite") or options.get("type")
    return None if named == "DataIntegrityProof" else named


def _purposes(wish: object) -> tuple[StatusPurpose, ...]:
    if wish is True:
        return (StatusPurpose.REVOCATION,)
    wishes = wish if isinstance(wish, list) else [wish] if isinstance(wish, dict) else []
    named = {one.get("statusPurpose", "revocation") for one in wishes}
    # Suspension entries share the index of a revocation entry, so that one always comes along.
    if "suspension" in named:
        return (StatusPurpose.REVOCATION, StatusPurpose.SUSPENSION)
    return (StatusPurpose.REVOCATION,) if named else ()


def _issued(result: Issued) -> Reply:
    record = result.record
    location = (b"location", credential_path(record.credential_id, "/credentials/"))
    return Reply(201, record.document or b"null", headers=(location, REPLAYED) if result.replayed else (location,))


def derive(call: Call) -> Reply:
    """POST /credentials/derive."""
    options = call.body["options"]
    places = Places("/options/selectivePointers", "/options/frame")
    wish = Wish(
        pointers=tuple(options.get("selectivePointers", ())),
        frame=options.get("frame"),
        nonce=nonce_of(options, "/options/nonce"),
    )
    try:
        derived = call.office.deriving.derive(call.body["verifiableCredential"], wish, places=places, allow_inline=True)
    except DIDNotResolved as error:
        # Of a standard's route 404 says that it is not there; here the fault is in what was sent.
        raise ProofInvalid("The DID of the key that signed it cannot be resolved.") from error
    return json_reply(derived, 201)


def verify(call: Call) -> Reply:
    """POST /credentials/verify."""
    report = call.office.verifier.verify(
        call.body["verifiableCredential"],
        VerifyOptions(checks=_selected(call.body), allow_inline=True),
    )
    body = {**rendering.report(report), "problemDetails": _problem_details(call, report)}
    return _verdict(call, body, verified=bool(report))


def verify_presentation(call: Call) -> Reply:
    """POST /presentations/verify."""
    body = call.body
    options = body.get("options", {})
    is_signed = "verifiablePresentation" in body
    report = call.office.verifier.verify_presentation(
        body["verifiablePresentation"] if is_signed else body["presentation"],
        PresentationOptions(
            challenge=options.get("challenge"),
            domain=options.get("domain"),
            checks=_selected(body),
            allow_inline=True,
            signed=is_signed,
        ),
    )
    details = [*_problem_details(call, report.presentation)]
    for one in report.credentials:
        details.extend(_problem_details(call, one))
    results = [rendering.report(one) for one in report.credentials]
    answer = {**presented(report), "credentialResults": results, "problemDetails": details}
    return _verdict(call, answer, verified=bool(report))


def _selected(body: dict[str, Any]) -> frozenset[str] | None:
    asked = body.get("options", {}).get("checks")
    if not asked:
        return None
    return PROOF_CHECKS.union(*(_CHECKS.get(name, frozenset()) for name in asked))


def _problem_details(call: Call, report: VerificationReport) -> list[dict[str, Any]]:
    return [
        {
            "type": f"{call.office.public_url}/problems/{check.code or 'VERIFICATION_FAILED'}",
            "title": f"The check {check.name} is {check.outcome.value}",
            "code": check.code or "VERIFICATION_FAILED",
            "detail": check.detail,
        }
        for check in report.failures
    ]


def _verdict(call: Call, body: dict[str, Any], *, verified: bool) -> Reply:
    if verified:
        return ok(body)
    members = problem_members(
        TransportRefused("VERIFICATION_FAILED", "At least one check failed or could not be made."),
        base_url=call.office.public_url,
        instance=call.exchange.instance,
        request_id=call.exchange.request_id,
    )
    return json_reply({**members, **body}, CATALOG["VERIFICATION_FAILED"].status)


def status(call: Call) -> Reply:
    """POST /credentials/status."""
    body = call.body
    credential_id, value = body["credentialId"], body.get("status", True)
    is_suspension = body["credentialStatus"]["statusPurpose"] == "suspension"
    desk = call.office.revocation

    def act(uow: UnitOfWork, caller: Caller) -> None:
        if is_suspension:
            (desk.suspend if value else desk.reinstate)(uow, caller, credential_id, REASON)
        else:
            # A revocation cannot be cleared. Asking for it is judged as a revocation would be, without effect: what
            # is revoked answers with the conflict, what is not stays as it is.
            desk.revoke(uow, caller, credential_id, REASON, dry_run=not value)

    return call.perform(act, lambda _: ok({}))


_TAG: Final = "VC-API"
_KEY_CODES: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "AUDIT_UNAVAILABLE")
_DOCUMENT_CODES: Final = tuple(code for code in ISSUE_CODES if code not in {"SCHEMA_NOT_FOUND"})

ROUTES: Final = (
    Route(
        "POST",
        "/credentials/issue",
        Audience.CALLER,
        "K",
        "Sign a credential that the caller has built",
        issue,
        (Answered(201, "The credential itself.", {"type": "object"}, examples.CREDENTIAL, headers=("Location",)),),
        _TAG,
        bucket=Bucket.ISSUE,
        body=shapes.ISSUE,
        codes=(*_DOCUMENT_CODES, "CONTEXT_NOT_ALLOWED", "STATE_CONFLICT"),
        document_at="/credential",
        idempotent=True,
    ),
    Route(
        "POST",
        "/credentials/verify",
        Audience.ANYONE,
        "P",
        "Verify a credential",
        verify,
        (Answered(200, "It verifies.", answers.VC_API_REPORT, examples.VC_API_REPORT),),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=shapes.VERIFY,
        codes=("VERIFICATION_FAILED",),
        described_errors={400: {"allOf": [answers.PROBLEM, answers.VC_API_REPORT]}},
    ),
    Route(
        "POST",
        "/credentials/derive",
        Audience.ANYONE,
        "P",
        "Derive a credential that shows a part",
        derive,
        (Answered(201, "The derived credential itself.", {"type": "object"}, examples.CREDENTIAL),),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=shapes.DERIVE,
        codes=tuple(code for code in DERIVE_CODES if code != "DID_NOT_FOUND"),
        document_at="/verifiableCredential",
    ),
    Route(
        "POST",
        "/credentials/status",
        Audience.CALLER,
        "K",
        "Revoke, suspend or reinstate a credential",
        status,
        (Answered(200, "Done.", {"type": "object"}, {}),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.STATUS,
        codes=(
            "CREDENTIAL_NOT_FOUND",
            "NOT_ISSUER_OF_CREDENTIAL",
            "NOT_REVOCABLE",
            "NOT_SUSPENDABLE",
            "ALREADY_REVOKED",
            "STATE_CONFLICT",
            "NOT_DID_OWNER",
            *_KEY_CODES,
        ),
        idempotent=True,
    ),
    Route(
        "POST",
        "/presentations/verify",
        Audience.ANYONE,
        "P",
        "Verify a presentation",
        verify_presentation,
        (Answered(200, "It verifies.", answers.VC_API_PRESENTATION_REPORT, examples.VC_API_PRESENTATION_REPORT),),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=shapes.VERIFY_PRESENTATION,
        codes=("VERIFICATION_FAILED",),
        described_errors={400: {"allOf": [answers.PROBLEM, answers.VC_API_PRESENTATION_REPORT]}},
    ),
    Route(
        "GET",
        "/credentials/{id}",
        Audience.CALLER,
        "K, S",
        "Read a credential",
        get_document,
        (Answered(200, "The document as it was signed.", {"type": "object"}, examples.CREDENTIAL),),
        _TAG,
        codes=("CREDENTIAL_NOT_FOUND", "CREDENTIAL_ERASED"),
    ),
)
