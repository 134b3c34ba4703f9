"""The issuance API: a credential in further forms, and as a badge's picture; both may have to be signed first."""

from __future__ import annotations

from typing import Final

from sealwright.domain.errors import CredentialErased
from sealwright.domain.formats import CredentialFormat
from sealwright.locales import LANGUAGES
from sealwright.services.downloads import PNG
from sealwright.web.api import rendering
from sealwright.web.api.credentials import credential_path
from sealwright.web.api.papers import LANGUAGE
from sealwright.web.api.shapes import credential_forms as shapes
from sealwright.web.api.shapes.registry import NOTHING
from sealwright.web.call import Call
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def make_form(call: Call) -> Reply:
    """POST /api/v1/credentials/{id}/forms."""
    record = call.office.shelf.get(call.params["id"], call.caller, call.view())
    form = CredentialFormat(call.body["form"])
    made = call.office.copies.for_download(record, form)
    if made.document is None:
        raise CredentialErased("The document is gone with its person's data.")
    return json_reply(
        rendering.credential_form(made, form), headers=((b"content-location", credential_path(made.credential_id)),)
    )


def make_badge(call: Call) -> Reply:
    """POST /api/v1/credentials/{id}/badge."""
    record = call.office.shelf.get(call.params["id"], call.caller, call.view())
    made = call.office.downloads.badge(record, call.query.get("lang", LANGUAGES[0]))
    disposition = (b"content-disposition", f'inline; filename="{made.name}"'.encode("ascii"))
    return Reply(200, made.content, made.media_type.encode("ascii"), (disposition,))


_WHO: Final = "K, S (holder), A"
_TAG: Final = "Credentials"
# What is not stored yet is signed: what the order, the issuer, the office and the audit trail may be refused for.
_CODES: Final = (
    "CREDENTIAL_NOT_FOUND",
    "CREDENTIAL_ERASED",
    "NOT_DELIVERABLE",
    "SCHEMA_NOT_FOUND",
    "SCHEMA_NOT_AUTHORIZED",
    "SCHEMA_INACTIVE",
    "SCHEMA_VALIDATION_FAILED",
    "ISSUER_DEACTIVATED",
    "ISSUER_KEY_MISSING",
    "HOLDER_NOT_FOUND",
    "HOLDER_DEACTIVATED",
    "RESERVED_KEY",
    "IDEMPOTENCY_IN_PROGRESS",
    "ISSUING_HALTED",
    "SEALED",
    "RECONCILING",
    "CLOCK_BEHIND",
    "AUDIT_UNAVAILABLE",
    "SIGNING_FAILED",
)

ROUTES: Final = (
    Route(
        "POST",
        "/api/v1/credentials/{id}/forms",
        Audience.CALLER,
        _WHO,
        "Have a credential in another form",
        make_form,
        (
            Answered(
                200,
                "The form, signed at the first call and given again at later ones.",
                shapes.MADE_FORM,
                shapes.MADE_EXAMPLE,
                headers=("Content-Location",),
            ),
        ),
        _TAG,
        bucket=Bucket.WRITE,
        body=shapes.FORM,
        codes=_CODES,
    ),
    Route(
        "POST",
        "/api/v1/credentials/{id}/badge",
        Audience.CALLER,
        _WHO,
        "Have a credential as a badge's picture",
        make_badge,
        (
            Answered(
                200,
                "A picture with the Open Badge inside.",
                {"type": "string", "format": "binary"},
                None,
                PNG,
            ),
        ),
        _TAG,
        bucket=Bucket.WRITE,
        body=NOTHING,
        query=LANGUAGE,
        codes=(*_CODES, "INVALID_FILTER"),
    ),
)
