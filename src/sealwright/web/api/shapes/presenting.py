"""Bodies and answers of in-person checks."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.presenting import PresentationState
from sealwright.web.api.shapes.answers import CHECK, REPORT, STRING
from sealwright.web.api.shapes.parts import (
    BOOLEAN,
    OBJECT,
    TIMESTAMP,
    URL,
    Node,
    answer,
    closed,
    listed,
    nullable,
    text,
)
from sealwright.web.shape import Shape

CLAIMS_MOST: Final = 64
_BASE: Final = "https://cred.example"
_ID: Final = "prs_mnsyx2f5rkq3ldh7vtbwzc4gaa"
_REFERENCE: Final = "5KQ7ZC2M4XW3NBVT6DHRJYLAPE"

ASK: Final = Shape(
    "AskForPresentation",
    closed(
        {
            "credentialType": text(128, "A credential type's value, or the name or a type of a credential schema."),
            "claims": listed(
                text(256),
                most=CLAIMS_MOST,
                description="Names of claims to be shown; empty asks only whether somebody holds it.",
            ),
            "presentationDefinition": {
                **OBJECT,
                "description": "In place of credentialType: a DIF Presentation Exchange v2 definition.",
            },
            "dcqlQuery": {**OBJECT, "description": "In place of credentialType: a query in DCQL (OpenID4VP 1.0)."},
        },
    ),
    example={"credentialType": "dpw_certified", "claims": ["level"]},
)

_SHOWN: Final = {
    "type": "object",
    "required": ["query", "format", "credentialReport", "issuer", "claims", "beyond"],
    "properties": {
        "query": {**STRING, "description": "What it answers, by the ids of the question; empty for credentialType."},
        "format": STRING,
        "credentialReport": REPORT,
        "issuer": nullable(OBJECT),
        "claims": OBJECT,
        "shown": {**OBJECT, "description": "What was asked for, as it stands in the credential."},
        "beyond": {**listed(STRING), "description": "Pointers of claims shown beyond what was asked for."},
    },
}
RESULT: Final = answer(
    "PresentationResult",
    {
        "verdict": {"type": "string", "enum": ["valid", "invalid", "open", "declined"]},
        "verified": BOOLEAN,
        "format": nullable(STRING),
        "checks": listed(CHECK),
        "credentialReport": nullable(REPORT),
        "issuer": nullable(OBJECT),
        "claims": OBJECT,
        "credentials": listed(_SHOWN),
        "error": nullable(STRING),
    },
)
REQUEST_STATE: Final[Node] = answer(
    "PresentationRequest",
    {
        "presentationId": STRING,
        "state": {"type": "string", "enum": [one.value for one in PresentationState]},
        "credentialType": nullable(STRING),
        "claims": listed(STRING),
        "presentationDefinition": nullable(OBJECT),
        "dcqlQuery": nullable(OBJECT),
        "requestUri": URL,
        "deepLink": STRING,
        "createdAt": TIMESTAMP,
        "answerBy": TIMESTAMP,
        "expiresAt": TIMESTAMP,
        "answeredAt": nullable(TIMESTAMP),
        "result": nullable(RESULT),
    },
)
REQUEST_EXAMPLE: Final[dict[str, Any]] = {
    "presentationId": _ID,
    "state": "created",
    "credentialType": "dpw_certified",
    "claims": ["level"],
    "presentationDefinition": None,
    "dcqlQuery": None,
    "requestUri": f"{_BASE}/oid4vp/requests/{_REFERENCE}",
    "deepLink": "openid4vp://?client_id=redirect_uri%3Ahttps%3A%2F%2Fcred.example%2Foid4vp%2Fanswers%2F5KQ7ZC2M…",
    "createdAt": "2026-03-01T12:00:00Z",
    "answerBy": "2026-03-01T12:05:00Z",
    "expiresAt": "2026-03-01T12:10:00Z",
    "answeredAt": None,
    "result": None,
}
ANSWERED_EXAMPLE: Final[dict[str, Any]] = {
    **REQUEST_EXAMPLE,
    "state": "answered",
    "answeredAt": "2026-03-01T12:01:30Z",
    "result": {
        "verdict": "declined",
        "verified": False,
        "format": None,
        "checks": [],
        "credentialReport": None,
        "issuer": None,
        "claims": {},
        "credentials": [],
        "error": "access_denied",
    },
}
ANSWER_EXAMPLE: Final = {
    "vp_token": '{"sd_jwt": ["eyJhbGciOiJFZERTQSIsInR5cCI6ImRjK3NkLWp3dCJ9…~…~eyJ…"]}',
    "state": "8o1lCq4J0bqk6Wn3xqT2eQxJmKf7gY5zV9sR1uHcD2A",
}
