"""Bodies and answers of the routes for reports by mail."""

from __future__ import annotations

from typing import Any, Final

from sealwright.domain.reports import ReportEvery
from sealwright.services.reports import TYPES_AT_MOST
from sealwright.web.api.shapes.parts import TIMESTAMP, Node, answer, closed, listed, nullable, text
from sealwright.web.shape import Shape

_EVERY: Final[Node] = {"type": "string", "enum": [every.value for every in ReportEvery]}
_SENT: Final[Node] = {"type": "string", "enum": [ReportEvery.WEEK.value, ReportEvery.MONTH.value]}
_TYPES: Final[Node] = nullable(
    listed(
        text(200),
        least=1,
        most=TYPES_AT_MOST,
        description="About which types; all of the issuer scope when null or left out.",
    )
)
WISH: Final = Shape(
    "WishReport",
    closed({"every": _EVERY, "credential_types": _TYPES}, ("every",)),
    example={"every": "week", "credential_types": ["dpw_certified"]},
)
SEND: Final = Shape(
    "SendReport",
    closed(
        {
            "every": {**_SENT, "description": "As the wish says when left out; a week if it says `never`."},
            "credential_types": {**_TYPES, "description": "As the wish says when left out; null for all of the scope."},
        }
    ),
    optional=True,
    example={"every": "month"},
)
REPORT: Final = answer(
    "ReportWish",
    {
        "every": _EVERY,
        "credential_types": nullable(listed({"type": "string"})),
        "next_at": {**nullable(TIMESTAMP), "description": "When the next one leaves; null for `never`."},
    },
)
SENT: Final = answer("ReportSent", {"every": _SENT, "from": TIMESTAMP, "to": TIMESTAMP})
REPORT_EXAMPLE: Final[dict[str, Any]] = {
    "every": "week",
    "credential_types": ["dpw_certified"],
    "next_at": "2026-11-23T06:00:00Z",
}
SENT_EXAMPLE: Final[dict[str, Any]] = {
    "every": "month",
    "from": "2026-10-01T00:00:00Z",
    "to": "2026-11-01T00:00:00Z",
}
