"""Ways to provoke a code over HTTP: each is kept under the code that it has to be answered with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from tests.web.client import Answer
from tests.web.desk import DPW, Desk, fresh

ONE: Final = "/issuers/credential-requests/{}"
CREDENTIALS: Final = "/issuers/credentials"
TYPES: Final = "/admin/credential-types"
Provoking = Callable[[Desk], Answer]
PROVOKED: Final[dict[str, list[Provoking]]] = {}


def provokes(code: str) -> Callable[[Provoking], Provoking]:
    """Keep what follows as a way to provoke this code."""

    def keep(provoking: Provoking) -> Provoking:
        PROVOKED.setdefault(code, []).append(provoking)
        return provoking

    return keep


def asked(desk: Desk, **more: Any) -> str:
    """Id of a new improver's request."""
    return str(desk.request(fresh(desk), **more)["id"])


def wish(desk: Desk, **more: Any) -> dict[str, Any]:
    return {"user_id": desk.ids[fresh(desk)], "credential_type": DPW, **more}


def new_type(desk: Desk, **members: Any) -> str:
    value = f"type_{len(desk.ids)}_{desk.served.audit_size()}"
    desk.done("admin", "POST", TYPES, {"value": value, "label": value, **members})
    return value
