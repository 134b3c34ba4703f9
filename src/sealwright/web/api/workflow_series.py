"""Claims on every instance of a series, and the times in which somebody takes none."""

from __future__ import annotations

from typing import Final

from sealwright.vc.encoding.timestamps import parse_rfc3339
from sealwright.web.api import workflow_rendering
from sealwright.web.api.desk_routes import Family, told_members
from sealwright.web.api.shapes import workflow_answers, workflow_examples
from sealwright.web.api.shapes.workflow_acts import (
    ADD_ABSENCE,
    DELETE_ABSENCE,
    DELETE_ABSENCE_IN_PARTS,
    PUT_ABSENCE,
    REVOKE_CLAIM,
    UNCLAIM,
)
from sealwright.web.call import Call
from sealwright.web.page_lists import numbered, numbered_answer, page_reply, sliced
from sealwright.web.query import Parameter, QueryShape
from sealwright.web.reply import Reply, encode, json_reply
from sealwright.web.route import Answered, Audience, Route


def list_own(call: Call) -> Reply:
    """GET /improvers/workflow-series."""
    found = call.office.series_desk.own(call.caller)
    return page_reply(call, sliced(call, found, whole_unless_paged=True), workflow_rendering.own_series)


def unclaim(call: Call) -> Reply:
    """POST /improvers/workflow-series/unclaim."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.series_desk.unclaim(uow, caller, body["series_id"], body["step_order"]),
        lambda done: json_reply(
            {
                "series_id": done.series_id,
                "step_order": body["step_order"],
                "released_count": done.released_count,
                "skipped_count": done.skipped_count,
            }
        ),
    )


def claimants(call: Call) -> Reply:
    """GET /admin/workflow-series/{id}/claimants."""
    found = call.office.series_desk.claimants(call.caller, call.params["id"])
    return page_reply(call, sliced(call, found, whole_unless_paged=True), workflow_rendering.claimant)


def revoke_claim(call: Call) -> Reply:
    """POST /admin/workflow-series/{id}/revoke-claim."""
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.series_desk.revoke_claim(
            uow, caller, call.params["id"], body["improver_user_id"], body["reason"]
        ),
        lambda done: json_reply(
            {
                "series_id": done.series_id,
                "released_count": done.released_count,
                "skipped_count": done.skipped_count,
            }
        ),
    )


def list_absences(call: Call) -> Reply:
    """GET /improvers/workflows/absence-periods."""
    found = call.office.series_desk.absences(call.caller)
    return page_reply(call, sliced(call, found, whole_unless_paged=True), workflow_rendering.absence)


def add_absence(call: Call) -> Reply:
    """POST /improvers/workflows/absence-periods."""
    return _put(call, 201)


def put_absence(call: Call) -> Reply:
    """PUT /improvers/workflows/absence-periods."""
    return _put(call, 200)


def _put(call: Call, status: int) -> Reply:
    body = call.body
    return call.perform(
        lambda uow, caller: call.office.series_desk.put_absence(
            uow,
            caller,
            series_id=body["series_id"],
            step_order=body["step_order"],
            absent_from=parse_rfc3339(body["absent_from"]),
            absent_until=parse_rfc3339(body["absent_until"]),
            absence_id=body.get("id"),
        ),
        lambda kept: json_reply(workflow_rendering.absence(kept), status),
    )


def delete_absence(call: Call) -> Reply:
    """DELETE /improvers/workflows/absence-periods; the id comes in the body or in the query."""
    body = DELETE_ABSENCE.read(encode(told_members(call)))
    return call.perform(
        lambda uow, caller: call.office.series_desk.delete_absence(uow, caller, body["id"]),
        lambda _: Reply(204, media_type=None),
    )


_FOR_IMPROVERS: Final = Family("Workflow series", Audience.IMPROVER, "M")
_FOR_ADMINS: Final = Family("Workflow series", Audience.ADMIN, "A")
_ABSENCES: Final = "/improvers/workflows/absence-periods"
_SERIES: Final = "/admin/workflow-series/{id}"
_ID: Final = Parameter(
    "id", {"type": "string", "minLength": 1, "maxLength": 64}, "Id of an absence period of one's own."
)

ROUTES: Final[tuple[Route, ...]] = (
    _FOR_IMPROVERS.gets(
        "/improvers/workflow-series",
        "List the series that one has claims on, or is absent from",
        list_own,
        numbered_answer(
            workflow_answers.OWN_SERIES, workflow_examples.OWN_SERIES, "All of them, by title; or one page."
        ),
        query=numbered(),
    ),
    _FOR_IMPROVERS.posts(
        "/improvers/workflow-series/unclaim",
        "Give back a step of every instance of a series",
        unclaim,
        (Answered(200, "What was given back.", workflow_answers.UNCLAIMED, workflow_examples.UNCLAIMED),),
        body=UNCLAIM,
        codes=("NOTHING_TO_RELEASE",),
    ),
    _FOR_IMPROVERS.gets(
        _ABSENCES,
        "List one's own absence periods",
        list_absences,
        numbered_answer(workflow_answers.ABSENCE, workflow_examples.ABSENCE, "All of them, by beginning; or one page."),
        query=numbered(),
    ),
    _FOR_IMPROVERS.posts(
        _ABSENCES,
        "Be absent from a step of a series for a time",
        add_absence,
        (Answered(201, "Kept.", workflow_answers.ABSENCE, workflow_examples.ABSENCE),),
        body=ADD_ABSENCE,
        codes=("INVALID_DATE", "WORKFLOW_NOT_FOUND"),
    ),
    _FOR_IMPROVERS.puts(
        _ABSENCES,
        "Change an absence period",
        put_absence,
        Answered(200, "Kept.", workflow_answers.ABSENCE, workflow_examples.ABSENCE),
        body=PUT_ABSENCE,
        codes=("INVALID_DATE", "WORKFLOW_NOT_FOUND"),
    ),
    _FOR_IMPROVERS.deletes(
        _ABSENCES,
        "Take an absence period back",
        delete_absence,
        (Answered(204, "Gone."),),
        body=DELETE_ABSENCE_IN_PARTS,
        query=QueryShape((_ID,)),
        codes=("WORKFLOW_NOT_FOUND", "CONFLICTING_FIELDS"),
    ),
    _FOR_ADMINS.gets(
        f"{_SERIES}/claimants",
        "List who claims the steps of a series in every instance",
        claimants,
        numbered_answer(
            workflow_answers.CLAIMANT, workflow_examples.CLAIMANT, "All of them, earliest first; or one page."
        ),
        query=numbered(),
        codes=("WORKFLOW_NOT_FOUND",),
    ),
    _FOR_ADMINS.posts(
        f"{_SERIES}/revoke-claim",
        "End somebody's claims on a series",
        revoke_claim,
        (Answered(200, "What was taken back.", workflow_answers.CLAIM_REVOKED, workflow_examples.CLAIM_REVOKED),),
        body=REVOKE_CLAIM,
        codes=("NOTHING_TO_RELEASE",),
    ),
)
