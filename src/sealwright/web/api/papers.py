"""The issuance API: a credential on paper."""

from __future__ import annotations

from typing import Final

from sealwright.locales import LANGUAGES
from sealwright.services.downloads import PDF
from sealwright.web.call import Call
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.reply import Reply
from sealwright.web.route import Answered, Audience, Route


def get_pdf(call: Call) -> Reply:
    """GET /api/v1/credentials/{id}/pdf."""
    record = call.office.shelf.get(call.params["id"], call.caller, call.view())
    language = call.query.get("lang", LANGUAGES[0])
    # A key acts for an issuer; the names of people are for people.
    made = call.office.downloads.pdf(record, language, names_holder=call.caller.person is not None)
    disposition = (b"content-disposition", f'inline; filename="{made.name}"'.encode("ascii"))
    return Reply(200, made.content, made.media_type.encode("ascii"), (disposition,))


LANGUAGE: Final = QueryShape(
    (Parameter("lang", {"type": "string", "enum": list(LANGUAGES)}, "The language of our own words on it."),)
)

ROUTES: Final = (
    Route(
        "GET",
        "/api/v1/credentials/{id}/pdf",
        Audience.CALLER,
        "K, S (holder), A",
        "Read a credential as a certificate to print",
        get_pdf,
        (
            Answered(
                200,
                "A tagged PDF with a QR code of the credential's public page, and the signed document inside.",
                {"type": "string", "format": "binary"},
                None,
                PDF,
            ),
        ),
        "Credentials",
        query=LANGUAGE,
        codes=("CREDENTIAL_NOT_FOUND", "CREDENTIAL_ERASED", "INVALID_FILTER"),
    ),
)
