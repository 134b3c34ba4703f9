"""Bodies and answers of the routes by which people here answer requests for presentations."""

from __future__ import annotations

from typing import Any, Final

from sealwright.protocols.queries import POINTERS_MOST, QUERIES_MOST
from sealwright.web.api.shapes.answers import STRING
from sealwright.web.api.shapes.credentials import CREDENTIAL_ID
from sealwright.web.api.shapes.parts import BOOLEAN, POINTER, TIMESTAMP, answer, closed, listed, nullable, text
from sealwright.web.shape import Shape

_ID: Final = "urn:uuid:019a3f00-7d5c-7a53-9c39-2f6b8f0f3f11"
_LINK: Final = "https://cred.example/oid4vp/requests/5KQ7ZC2M4XW3NBVT6DHRJYLAPE"
_REQUEST: Final = text(2048, "The link in the code, the address of the request, or the reference at its end.")

OPEN: Final = Shape("OpenRequest", closed({"request": _REQUEST}, required=("request",)), example={"request": _LINK})
ANSWER: Final = Shape(
    "AnswerRequest",
    closed(
        {
            "request": _REQUEST,
            "answers": listed(
                closed(
                    {
                        "query": text(128, "Which part of the request it answers."),
                        "credentialId": CREDENTIAL_ID,
                        "reveal": listed(
                            POINTER,
                            most=POINTERS_MOST,
                            description="Fewer of the pointers that are asked for; all of them when left out.",
                        ),
                    },
                    required=("query", "credentialId"),
                ),
                least=1,
                most=QUERIES_MOST,
            ),
        },
        required=("request", "answers"),
    ),
    example={"request": _LINK, "answers": [{"query": "sd_jwt", "credentialId": _ID}]},
)

_POINTERS: Final = listed(STRING)
_OFFERED: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["credentialId", "types", "reveal", "beyond", "isWhole", "hindrance"],
    "properties": {
        "credentialId": STRING,
        "types": listed(STRING),
        "reveal": {**_POINTERS, "description": "What is asked for of it."},
        "beyond": {**_POINTERS, "description": "What is shown beside that, whatever is chosen."},
        "isWhole": {**BOOLEAN, "description": "It is shown whole or not at all."},
        "hindrance": nullable(STRING),
    },
}
PREVIEW: Final = answer(
    "RequestPreview",
    {
        "reference": STRING,
        "verifier": STRING,
        "answerBy": TIMESTAMP,
        "parts": listed(
            {
                "type": "object",
                "required": ["query", "name", "purpose", "asked", "credentials", "unmet"],
                "properties": {
                    "query": STRING,
                    "name": nullable(STRING),
                    "purpose": nullable(STRING),
                    "asked": listed(STRING),
                    "credentials": listed(_OFFERED),
                    "unmet": nullable(STRING),
                },
            }
        ),
        "suggested": {
            **nullable(listed(STRING)),
            "description": "The fewest parts that answer the request; null where it cannot be answered.",
        },
    },
)
PREVIEW_EXAMPLE: Final[dict[str, Any]] = {
    "reference": "5KQ7ZC2M4XW3NBVT6DHRJYLAPE",
    "verifier": "University of Example",
    "answerBy": "2026-03-01T12:05:00Z",
    "parts": [
        {
            "query": "degree",
            "name": "Your degree",
            "purpose": "To enroll you",
            "asked": ["$.credentialSubject.degree.name"],
            "credentials": [
                {
                    "credentialId": _ID,
                    "types": ["VerifiableCredential", "UniversityDegreeCredential"],
                    "reveal": ["/credentialSubject/degree/name"],
                    "beyond": [],
                    "isWhole": False,
                    "hindrance": None,
                }
            ],
            "unmet": None,
        }
    ],
    "suggested": ["degree"],
}
ANSWERED: Final = answer("RequestAnswered", {"state": {"type": "string", "enum": ["answered"]}})
ANSWERED_EXAMPLE: Final = {"state": "answered"}
