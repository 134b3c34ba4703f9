"""The body and the answer of asking for a credential in a further form."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.formats import CredentialFormat
from sealwright.web.api.shapes.answers import STRING
from sealwright.web.api.shapes.parts import Node, answer, closed
from sealwright.web.shape import Shape

# What has to be signed for it; the document itself is read as it is.
FORMS: Final = (CredentialFormat.JWT_VC_JSON, CredentialFormat.SD_JWT, CredentialFormat.OPEN_BADGE)

FORM: Final = Shape(
    "MakeForm",
    closed(
        {
            "form": {
                "type": "string",
                "enum": [form.value for form in FORMS],
                "description": "A JWT, an SD-JWT VC, or an Open Badge 3.0.",
            }
        },
        required=("form",),
    ),
    example={"form": "dc+sd-jwt"},
)
_CREDENTIAL: Final[Node] = {
    "type": ["string", "object"],
    "description": "As signed: the compact text of a token, the document of a badge.",
}
MADE_FORM: Final = answer(
    "CredentialForm",
    {
        "credentialId": {**STRING, "description": "Of this form; it ends with the credential that it was made from."},
        "form": {"type": "string", "enum": [form.value for form in FORMS]},
        "credential": _CREDENTIAL,
    },
)
MADE_EXAMPLE: Final[dict[str, Any]] = {
    "credentialId": "urn:uuid:019a3f00-8a11-7c20-8d3e-5b1c9e2f7a44",
    "form": "dc+sd-jwt",
    "credential": (
        "eyJhbGciOiJFZERTQSIsInR5cCI6ImRjK3NkLWp3dCJ9.eyJpc3MiOiJodHRwczovL2NyZWRlbnRpYWxzLmV4YW1wbGUifQ."
        "c2lnbmF0dXJl~WyJzYWx0IiwiZGVncmVlIiwiQmFjaGVsb3IiXQ~"
    ),
}
