"""The body and the answers of links to a part of a credential."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.disclosures import DEFAULT_LIFE, LONGEST_LIFE, SHORTEST_LIFE
from sealwright.web.api.shapes.answers import INTEGER, STRING
from sealwright.web.api.shapes.parts import TIMESTAMP, URL, answer, closed, listed, nullable, text
from sealwright.web.shape import Shape

POINTERS_MAX: Final = 200
POINTER_MAX: Final = 2048

MAKE: Final = Shape(
    "MakeDisclosure",
    closed(
        {
            "reveal": listed(
                text(POINTER_MAX),
                most=POINTERS_MAX,
                description="JSON pointers into the credential, of an SD-JWT into its claims: what is shown.",
            ),
            "expiresInSeconds": {
                "type": "integer",
                "minimum": int(SHORTEST_LIFE.total_seconds()),
                "maximum": int(LONGEST_LIFE.total_seconds()),
                "default": int(DEFAULT_LIFE.total_seconds()),
                "description": "How long the link lives.",
            },
        },
        required=("reveal",),
    ),
    example={"reveal": ["/credentialSubject/degree/name"], "expiresInSeconds": 3600},
)
_MEMBERS: Final[dict[str, Any]] = {
    "disclosureId": STRING,
    "credentialId": STRING,
    "address": {**URL, "description": "The page that a verifier opens; whoever has it reads what is shown."},
    "shown": {**INTEGER, "description": "How many claims it shows."},
    "opened": {**INTEGER, "description": "How often the page was opened."},
    "openedAt": nullable(TIMESTAMP),
    "createdAt": TIMESTAMP,
    "expiresAt": TIMESTAMP,
}
DISCLOSURE: Final = answer("Disclosure", _MEMBERS)
EXAMPLE: Final[dict[str, Any]] = {
    "disclosureId": "dsc_k4tq2mzxb7h3nwveyj5rolcda6",
    "credentialId": "urn:uuid:019a2f3c-6d5e-7a41-9b0c-2f4e6a8c1d35",
    "address": "https://credentials.example/v/d/K4TQ2MZXB7H3NWVEYJ5ROLCDA6",
    "shown": 2,
    "opened": 0,
    "openedAt": None,
    "createdAt": "2026-11-20T10:00:00Z",
    "expiresAt": "2026-11-20T11:00:00Z",
}
DISCLOSURES: Final = answer("Disclosures", {"items": listed(DISCLOSURE)})
LIST_EXAMPLE: Final[dict[str, Any]] = {"items": [{**EXAMPLE, "opened": 1, "openedAt": "2026-11-20T10:05:00Z"}]}
