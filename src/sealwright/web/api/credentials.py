"""The issuance API: issuing credentials and reading them back."""

from __future__ import annotations

import asyncio
import time
from typing import Any, Final
from urllib.parse import quote

from sealwright.domain.credentials import CredentialFilter, CredentialStatus, IdempotencyScope, IssuanceRequest
from sealwright.domain.delivering import OfferWish
from sealwright.domain.errors import IdempotencyInProgress
from sealwright.services.issuing_line import Issued
from sealwright.services.orders import IssuanceOrder
from sealwright.services.stored_credentials import media_type_of
from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.vc.proofs.registry import disclosure_suite
from sealwright.web.api import rendering
from sealwright.web.api.offer_rendering import made_offer
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.credentials import ISSUE
from sealwright.web.api.shapes.delivery import wish_of
from sealwright.web.api.shapes.parts import DID, STATUSES, text
from sealwright.web.call import REPLAYED, Call
from sealwright.web.query import Parameter, page_of, paged
from sealwright.web.reply import Reply, cursor_page, header_text, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route
from sealwright.web.waiting import answer_of

WAIT_SECONDS: Final = 2.0
WAIT_STEP_SECONDS: Final = 0.1
# What costs more than this to check is checked in a thread, and so is what a suite must take apart beforehand.
INLINE_CHECK_BYTES: Final = 16 * 1024


async def issue(call: Call) -> Reply:
    """POST /api/v1/credentials/issue."""
    body = call.body
    request = _request(body)
    wish = wish_of(body["delivery"], at="/delivery") if "delivery" in body else None
    scope = call.scope()
    if body.get("dryRun"):
        return await call.in_thread(lambda: _preview(call, request, wish))
    if scope is not None and (known := await call.in_thread(lambda: call.office.issuing.replay(scope))):
        return await _delivered(call, known, wish)
    check, caller = call.office.issuing.check, call.caller
    if len(call.raw) > INLINE_CHECK_BYTES or disclosure_suite(request.proof_type) is not None:
        order = await call.in_thread(lambda: check(request, caller, call.view()))
    else:
        order = await call.with_view(lambda view: check(request, caller, view))
    if wish is not None:
        await call.in_thread(lambda: call.office.offers.foresee(order.holder_did, wish, order.issuer))
    return await _delivered(call, await submitted(call, order, scope), wish)


async def _delivered(call: Call, result: Issued, wish: OfferWish | None) -> Reply:
    """The answer, with the offer that was asked for: made once, however often the call is repeated."""
    if wish is None:
        return _issued(call, result)
    office, credential_id = call.office, result.record.credential_id
    made = await call.in_thread(
        lambda: office.acts.run(call.caller, lambda uow, me: office.offers.after_issue(uow, me, credential_id, wish))
    )
    return _issued(call, result, made_offer(made, office.public_url) if made is not None else None)


async def submitted(call: Call, order: IssuanceOrder, scope: IdempotencyScope | None) -> Issued:
    """Put an order on the line; with a key whose first call is still running, wait for that one up to 2 s.

    Raises:
        IdempotencyInProgress: It runs on.
    """
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        try:
            return await answer_of(call.office.issuing.submit(order, scope))
        except IdempotencyInProgress:
            if time.monotonic() >= deadline:
                raise
            await asyncio.sleep(WAIT_STEP_SECONDS)


def _request(body: dict[str, Any]) -> IssuanceRequest:
    expiration = body.get("expirationDate")
    return IssuanceRequest(
        schema_id=body["schemaId"],
        issuer_did=body["issuerDid"],
        holder_did=body["holderDid"] if "holderDid" in body else body["subjectDid"],
        claims=body["claims"],
        expiration=parse_rfc3339(expiration) if expiration is not None else None,
        proof_type=body.get("proofType", "Ed25519Signature2020"),
        revocable=body.get("revocable", True),
        suspendable=body.get("suspendable", False),
        anchor=body.get("anchor", False),
        mandatory_pointers=tuple(body.get("mandatoryPointers", ())),
    )


def _preview(call: Call, request: IssuanceRequest, wish: OfferWish | None) -> Reply:
    order = call.office.issuing.check(request, call.caller, call.view())
    if wish is not None:
        call.office.offers.foresee(order.holder_did, wish, order.issuer)
    return json_reply({"dryRun": True, "credential": call.office.issuing.preview(order)})


def _issued(call: Call, result: Issued, offer: dict[str, Any] | None = None) -> Reply:
    location = (b"location", credential_path(result.record.credential_id))
    headers = (location, REPLAYED) if result.replayed else (location,)
    return json_reply(rendering.issued(result, call.office.public_url, offer), 201, headers)


def credential_path(credential_id: str, base: str = "/api/v1/credentials/") -> bytes:
    """The address of a credential, for `Location`."""
    return header_text(base + quote(credential_id, safe=":"))


def list_credentials(call: Call) -> Reply:
    """GET /api/v1/credentials."""
    query = call.query
    limit, cursor = page_of(query)
    wanted = CredentialFilter(
        issuer_did=query.get("issuerDid"),
        holder_did=query.get("holderDid"),
        schema_id=query.get("schemaId"),
        credential_type=query.get("credentialType"),
        status=CredentialStatus(query["status"]) if "status" in query else None,
        batch_id=query.get("batchId"),
    )
    page = call.office.shelf.list(wanted, call.caller, call.view(), limit=limit, cursor=cursor)
    now = call.office.clock.now()
    items = [rendering.credential_record(record, call.office.public_url, now) for record in page.items]
    return json_reply(cursor_page(items, page.next_cursor))


def get_credential(call: Call) -> Reply:
    """GET /api/v1/credentials/{id}."""
    record = call.office.shelf.get(call.params["id"], call.caller, call.view())
    return json_reply(rendering.credential_record(record, call.office.public_url, call.office.clock.now()))


def get_document(call: Call) -> Reply:
    """GET /api/v1/credentials/{id}/document, and GET /credentials/{id} of the VC-API."""
    content = call.office.shelf.document(call.params["id"], call.caller, call.view())
    return Reply(200, content, media_type_of(content).encode("ascii"))


def get_status(call: Call) -> Reply:
    """GET /api/v1/credentials/{id}/status."""
    record = call.office.shelf.status(call.params["id"])
    return json_reply(rendering.credential_status(record, call.office.public_url, call.office.clock.now()))


ISSUE_CODES: Final = (
    "ISSUER_NOT_FOUND",
    "SCHEMA_NOT_FOUND",
    "HOLDER_NOT_FOUND",
    "ISSUER_NOT_AUTHORIZED",
    "SCHEMA_NOT_AUTHORIZED",
    "ISSUER_DEACTIVATED",
    "ISSUER_KEY_MISSING",
    "SCHEMA_INACTIVE",
    "HOLDER_DEACTIVATED",
    "IDEMPOTENCY_IN_PROGRESS",
    "INVALID_DID",
    "INVALID_DATE",
    "CONFLICTING_FIELDS",
    "UNSUPPORTED_PROOF_TYPE",
    "UNSUPPORTED_DID_METHOD",
    "INVALID_KEY",
    "RESERVED_KEY",
    "SCHEMA_VALIDATION_FAILED",
    "UNDEFINED_TERM",
    "UNSIGNABLE_VALUE",
    "DERIVATION_INVALID",
    "TERM_CONFLICT",
    "CLAIMS_TOO_LARGE",
    "TOO_COMPLEX",
    "EXPIRATION_IN_PAST",
    "EXPIRATION_TOO_FAR",
    "POLICY_VIOLATION",
    "IDEMPOTENCY_KEY_REUSED",
    "ISSUING_HALTED",
    "SEALED",
    "RECONCILING",
    "CLOCK_BEHIND",
    "AUDIT_UNAVAILABLE",
    "SIGNING_FAILED",
)
_TAG: Final = "Credentials"
_FILTERS: Final = paged(
    Parameter("issuerDid", DID, "Credentials of this issuer."),
    Parameter("holderDid", DID, "Credentials about this holder."),
    Parameter("schemaId", text(1024), "Credentials after this schema."),
    Parameter("credentialType", text(200), "Credentials of this type name."),
    Parameter("status", {"type": "string", "enum": list(STATUSES)}, "Credentials in this state."),
    Parameter("batchId", text(200), "Credentials of this batch."),
)

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/credentials/issue",
        Audience.CALLER,
        "K",
        "Issue a credential",
        issue,
        (
            Answered(201, "Issued.", answers.ISSUED, examples.ISSUED, headers=("Location", "Idempotent-Replayed")),
            Answered(200, "With `dryRun`: what would be signed.", answers.PREVIEW, examples.PREVIEW),
        ),
        _TAG,
        bucket=Bucket.ISSUE,
        body=ISSUE,
        codes=(*ISSUE_CODES, "NO_DIDCOMM_ENDPOINT"),
        document_at="/claims",
        idempotent=True,
    ),
    Route(
        "GET",
        "/api/v1/credentials",
        Audience.CALLER,
        "K, U (own)",
        "List credentials",
        list_credentials,
        (Answered(200, "One page, newest first.", answers.CREDENTIAL_PAGE, examples.CREDENTIAL_PAGE),),
        _TAG,
        query=_FILTERS,
        codes=("INVALID_PAGINATION", "INVALID_FILTER"),
    ),
    Route(
        "GET",
        "/api/v1/credentials/{id}",
        Audience.CALLER,
        "K, S (holder), A",
        "Read a credential with what is known of it",
        get_credential,
        (Answered(200, "The record.", answers.CREDENTIAL_RECORD, examples.CREDENTIAL_RECORD),),
        _TAG,
        codes=("CREDENTIAL_NOT_FOUND",),
    ),
    Route(
        "GET",
        "/api/v1/credentials/{id}/document",
        Audience.CALLER,
        "K, S (holder), A",
        "Read the signed document, byte for byte",
        get_document,
        (Answered(200, "The document as it was signed.", {"type": "object"}, examples.CREDENTIAL),),
        _TAG,
        codes=("CREDENTIAL_NOT_FOUND", "CREDENTIAL_ERASED"),
    ),
    Route(
        "GET",
        "/api/v1/credentials/{id}/status",
        Audience.ANYONE,
        "P",
        "Read a credential's public state",
        get_status,
        (Answered(200, "The state as of now.", answers.STATUS, examples.STATUS),),
        _TAG,
        codes=("CREDENTIAL_NOT_FOUND",),
    ),
)
