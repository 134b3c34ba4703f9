"""What analytics answer with, as JSON Schema, and answers that are in order."""

from __future__ import annotations

from typing import Any, Final

from sealwright.web.api.shapes.answers import INTEGER, STRING
from sealwright.web.api.shapes.parts import OBJECT, TIMESTAMP, Node, answer, listed, nullable

_NUMBER: Final[Node] = {"type": "number"}
_COUNTS: Final[Node] = dict.fromkeys(("requested", "approved", "rejected", "granted", "revoked"), INTEGER)
METRICS: Final = answer(
    "TypeMetrics",
    {
        "credential_type": STRING,
        "requested": INTEGER,
        "approved": INTEGER,
        "rejected": INTEGER,
        "approval_rate": nullable(_NUMBER),
        "median_decision_seconds": nullable(INTEGER),
        "p90_decision_seconds": nullable(INTEGER),
        "revoked": INTEGER,
        "revocation_rate": nullable(_NUMBER),
        "steps_completed": INTEGER,
    },
)
_RATE: Final[Node] = {
    "anyOf": [
        answer(
            "Rate",
            {"hits": INTEGER, "cases": INTEGER, **dict.fromkeys(("share", "low", "high"), _NUMBER)},
        ),
        {"type": "null"},
    ]
}
ANALYTICS: Final = answer(
    "Analytics",
    {
        "from": TIMESTAMP,
        "to": TIMESTAMP,
        "as_of": TIMESTAMP,
        "types": listed(
            answer(
                "TypeFigures",
                {
                    "credential_type": STRING,
                    "label": STRING,
                    **_COUNTS,
                    "approval_rate": _RATE,
                    "median_seconds": nullable(INTEGER),
                    "p90_seconds": nullable(INTEGER),
                    "target_seconds": nullable(INTEGER),
                    "within_target": _RATE,
                    "times": {
                        **listed(INTEGER),
                        "description": "Decisions by hours: to 1, 4, 24, 48, 72, 168, 336, on.",
                    },
                    "revocation_rate": _RATE,
                    "early_losses": _RATE,
                    "survival": listed(OBJECT),
                    "reasons": listed({"type": "array"}),
                    "expiring": {**listed(INTEGER), "description": "Grants that end in each of the weeks ahead."},
                    "holders": INTEGER,
                    "steps_completed": {**INTEGER, "description": "Workflow steps whose role needs the type."},
                    "pending": INTEGER,
                    "oldest_at": nullable(TIMESTAMP),
                },
            )
        ),
        "periods": listed(
            answer(
                "PeriodCounts",
                {
                    "credential_type": STRING,
                    "start": TIMESTAMP,
                    **_COUNTS,
                },
            )
        ),
    },
)

METRICS_EXAMPLE: Final[dict[str, Any]] = {
    "credential_type": "dpw_certified",
    "requested": 40,
    "approved": 30,
    "rejected": 6,
    "approval_rate": 0.8333,
    "median_decision_seconds": 5400,
    "p90_decision_seconds": 86400,
    "revoked": 1,
    "revocation_rate": 0.0333,
    "steps_completed": 12,
}
_COUNTED: Final = {"requested": 40, "approved": 30, "rejected": 6, "granted": 31, "revoked": 1}
ANALYTICS_EXAMPLE: Final[dict[str, Any]] = {
    "from": "2026-08-23T02:30:01Z",
    "to": "2026-11-21T02:30:01Z",
    "as_of": "2026-11-21T02:30:00Z",
    "types": [
        {
            "credential_type": "dpw_certified",
            "label": "Department of Public Works certification",
            **_COUNTED,
            "approval_rate": {"hits": 30, "cases": 36, "share": 0.8333, "low": 0.681, "high": 0.9213},
            "median_seconds": 5400,
            "p90_seconds": 86400,
            "target_seconds": 172800,
            "within_target": {"hits": 35, "cases": 36, "share": 0.9722, "low": 0.8583, "high": 0.9951},
            "times": [10, 11, 12, 2, 1, 0, 0, 0],
            "revocation_rate": {"hits": 1, "cases": 31, "share": 0.0323, "low": 0.0057, "high": 0.1619},
            "early_losses": None,
            "survival": [],
            "reasons": [["The certificate has lapsed.", 4]],
            "expiring": [0, 0, 1, 0, 0, 0, 0, 2, 0, 0, 0, 0],
            "holders": 30,
            "steps_completed": 12,
            "pending": 4,
            "oldest_at": "2026-11-20T08:00:00Z",
        }
    ],
    "periods": [{"credential_type": "dpw_certified", "start": "2026-11-15T02:30:01Z", **_COUNTED}],
}
