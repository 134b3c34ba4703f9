"""Admin routes of the office itself: stopping issuance, resuming it, and how things stand."""

from __future__ import annotations

from typing import Final

from sealwright.domain.people import Caller
from sealwright.services.ports import Halt, UnitOfWork
from sealwright.web.api import rendering
from sealwright.web.api.shapes import answers, examples
from sealwright.web.api.shapes.registry import HALT, NOTHING
from sealwright.web.call import Call, ok
from sealwright.web.reply import Reply, json_reply
from sealwright.web.route import Answered, Audience, Bucket, Route


def halt(call: Call) -> Reply:
    """POST /admin/halt."""
    body = call.body

    def act(uow: UnitOfWork, caller: Caller) -> tuple[Halt, ...]:
        call.office.halting.halt(uow, caller, body["reason"], body.get("issuer_did"), body.get("schema_id"))
        return uow.office.halts()

    return call.perform(act, lambda halts: _state(call, halts), changes_registry=True)


def resume(call: Call) -> Reply:
    """POST /admin/resume."""

    def act(uow: UnitOfWork, caller: Caller) -> tuple[Halt, ...]:
        call.office.halting.resume(uow, caller)
        return uow.office.halts()

    return call.perform(act, lambda halts: _state(call, halts), changes_registry=True)


def _state(call: Call, halts: tuple[Halt, ...]) -> Reply:
    office = call.office
    return json_reply(
        rendering.office_status(halts, is_sealed=office.keys.is_sealed, queue_depth=office.issuing.line.depth)
    )


def status(call: Call) -> Reply:
    """GET /admin/status."""
    state = call.office.halting.status()
    depth = call.office.issuing.line.depth
    return ok(rendering.office_status(state.halts, is_sealed=state.is_sealed, queue_depth=depth))


_TAG: Final = "Admin"
_NOW: Final = Answered(200, "How things stand.", answers.OFFICE_STATUS, examples.OFFICE_STATUS)
_KEY_CODES: Final = ("IDEMPOTENCY_KEY_REUSED", "IDEMPOTENCY_IN_PROGRESS", "AUDIT_UNAVAILABLE")

ROUTES: Final = (
    Route(
        "POST",
        "/admin/halt",
        Audience.ADMIN,
        "A",
        "Stop issuing: everything, one issuer, or one schema",
        halt,
        (_NOW,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=HALT,
        codes=("ISSUER_NOT_FOUND", "SCHEMA_NOT_FOUND", *_KEY_CODES),
        idempotent=True,
        takes_api_keys=False,
    ),
    Route(
        "POST",
        "/admin/resume",
        Audience.ADMIN,
        "A",
        "End every halt",
        resume,
        (_NOW,),
        _TAG,
        bucket=Bucket.WRITE,
        fresh=True,
        body=NOTHING,
        codes=_KEY_CODES,
        idempotent=True,
        takes_api_keys=False,
    ),
    Route(
        "GET",
        "/admin/status",
        Audience.ADMIN,
        "A",
        "Whether the office issues",
        status,
        (_NOW,),
        _TAG,
        takes_api_keys=False,
    ),
)
