"""The issuance API: showing a part of a credential, and presenting credentials."""

from __future__ import annotations

import base64
import binascii
from datetime import timedelta
from typing import Any, Final

from sealwright.domain.errors import MalformedBody, NotSignedIn
from sealwright.services.deriving import Places
from sealwright.services.presentation_making import DEFAULT_LIFE, PresentationWish
from sealwright.vc.errors import Fault
from sealwright.vc.proofs.suites.disclosure import Wish
from sealwright.web.api.shapes import showing as shapes
from sealwright.web.call import Call, given, ok
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route

_PLACES: Final = Places()


def derive(call: Call) -> Reply:
    """POST /api/v1/credentials/derive."""
    body = call.body
    wish = Wish(
        pointers=tuple(body.get("reveal", ())),
        frame=body.get("frame"),
        nonce=nonce_of(body, "/nonce"),
    )
    desk = call.office.deriving
    if "credential" in body:
        return ok({"credential": desk.derive(body["credential"], wish, places=_PLACES)})
    if call.signed_in is None:
        raise NotSignedIn("A stored credential is shown to whoever may see it; sign in, or send the credential itself.")
    return ok({"credential": desk.derive_own(call.caller, body["credentialId"], wish, call.view(), places=_PLACES)})


def nonce_of(members: dict[str, Any], at: str) -> bytes:
    """The nonce that was sent, in base64 of either alphabet; empty where there is none.

    Raises:
        MalformedBody: It is no base64, or of nothing: whoever sends a nonce wants something bound to it.
    """
    sent = members.get("nonce")
    if sent is None:
        return b""
    plain = sent.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        nonce = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except (binascii.Error, ValueError):
        nonce = b""
    if not nonce:
        raise MalformedBody("The nonce cannot be read.", faults=[Fault(at, "INVALID_VALUE", "must be base64")])
    return nonce


def create(call: Call) -> Reply:
    """POST /api/v1/presentations/create."""
    scope = call.scope()
    if scope is not None and (known := call.office.acts.replay(scope)) is not None:
        return given(known)
    desk = call.office.presentation_making
    ready = desk.ready(call.caller, _wish(call.body), call.view())
    return call.perform(
        lambda uow, caller: desk.create(uow, caller, ready),
        lambda made: json_reply({"presentation": made}, 201),
        # What is kept for repeats says what was shown, so it is kept sealed.
        is_secret=True,
    )


def _wish(body: dict[str, Any]) -> PresentationWish:
    seconds = body.get("expiresInSeconds", DEFAULT_LIFE.total_seconds())
    return PresentationWish(
        holder_did=body["holderDid"],
        challenge=body["challenge"],
        domain=body["domain"],
        credentials=tuple(body.get("credentials", ())),
        credential_ids=tuple(body.get("credentialIds", ())),
        proof_type=body.get("proofType"),
        life=timedelta(seconds=seconds),
        reveals=tuple(tuple(one) for one in body.get("reveal", ())),
    )


_TAG: Final = "Disclosure"
DERIVE_CODES: Final = (
    "DERIVATION_INVALID",
    "UNSUPPORTED_PROOF_TYPE",
    "UNSUPPORTED_DID_METHOD",
    "INVALID_PROOF",
    "INVALID_DID",
    "INVALID_KEY",
    "DID_NOT_FOUND",
    "UNDEFINED_TERM",
    "UNSIGNABLE_VALUE",
    "TERM_CONFLICT",
    "CONTEXT_NOT_ALLOWED",
    "TOO_COMPLEX",
)
_OF_STORED: Final = ("CREDENTIAL_NOT_FOUND", "CREDENTIAL_ERASED", "CONFLICTING_FIELDS")

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/credentials/derive",
        Audience.ANYONE,
        "P",
        "Derive a credential that shows a part",
        derive,
        (Answered(200, "The credential with its derived proof.", shapes.DERIVED, shapes.DERIVED_EXAMPLE),),
        _TAG,
        bucket=Bucket.PUBLIC,
        body=shapes.DERIVE,
        codes=(*DERIVE_CODES, *_OF_STORED, "UNAUTHENTICATED"),
        document_at="/credential",
    ),
    Route(
        "POST",
        "/api/v1/presentations/create",
        Audience.PERSON,
        "S",
        "Present credentials, signed by a key that is kept here",
        create,
        (Answered(201, "The signed presentation.", shapes.PRESENTATION, shapes.PRESENTATION_EXAMPLE),),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.CREATE,
        codes=(
            *DERIVE_CODES,
            *_OF_STORED,
            "HOLDER_NOT_FOUND",
            "HOLDER_DEACTIVATED",
            "HOLDER_MISMATCH",
            "IDEMPOTENCY_KEY_REUSED",
            "IDEMPOTENCY_IN_PROGRESS",
            "AUDIT_UNAVAILABLE",
            "SIGNING_FAILED",
            "SEALED",
        ),
        idempotent=True,
    ),
)
