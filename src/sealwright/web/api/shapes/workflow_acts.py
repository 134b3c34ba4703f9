"""Bodies of the routes by which workflow steps are claimed and done, proposals voted on, and payouts kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sealwright.domain.votes import TargetType, VoteDecision
from sealwright.domain.workflow_plans import MAX_ITEMS, MAX_PHOTOS, MAX_STEPS, TEXT_MAX
from sealwright.domain.workflows import ItemResponse, Submission
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.parts import BOOLEAN, DID, TIMESTAMP, Node, closed, listed, text
from sealwright.web.api.shapes.review import TYPE_NAME, USER_ID
from sealwright.web.shape import Body, Shape

MAX_ASKED: Final = 100
_WORKFLOW_ID: Final = text(64, "Id of a workflow.")
_STEP_ID: Final = text(64, "Id of a step.")
_SERIES_ID: Final = text(64, "Id of a series.")
_STEP_ORDER: Final[Node] = {
    "type": "integer",
    "minimum": 1,
    "maximum": MAX_STEPS,
    "description": "Place of the step in each instance, from 1.",
}
_WHY: Final = text(2000, "Why.")


def _claim_faults(body: Body) -> Iterable[Fault]:
    if body.get("override") and not body.get("reason", "").strip():
        yield Fault("/reason", "MISSING_FIELD", "is needed to claim without the credentials")


CLAIM: Final = Shape(
    "ClaimStep",
    closed(
        {
            "override": {
                **BOOLEAN,
                "default": False,
                "description": "For admins: claim without the credentials. It is put on record.",
            },
            "reason": text(2000, "Why; needed with `override`."),
        }
    ),
    optional=True,
    check=_claim_faults,
    example={},
)
_RESPONSE: Final = closed(
    {
        "item_id": text(64, "Which work item it answers."),
        "written_response": {"type": "string", "maxLength": TEXT_MAX, "description": "In words; blanks are none."},
        "dropdown_value": {"type": "string", "maxLength": 200, "description": "The `value` of an offered answer."},
        "photo_ids": listed(text(64), most=MAX_PHOTOS, description="Ids of uploaded images of the caller's own."),
    },
    required=("item_id",),
)


COMPLETE: Final = Shape(
    "CompleteStep",
    closed(
        {
            "step_not_possible": {
                **BOOLEAN,
                "default": False,
                "description": "It could not be done; ends the workflow, where the step allows it.",
            },
            "step_not_possible_details": {
                "type": "string",
                "maxLength": TEXT_MAX,
                "description": "Why not; needed with `step_not_possible`.",
            },
            "items": listed(_RESPONSE, most=MAX_ITEMS, description="What is handed in, by work item."),
        }
    ),
    optional=True,
    example={"items": [{"item_id": "item-1", "photo_ids": ["att_kq3c7xm2vbn5tz4wpd6ahf2yqe"]}]},
)


def submission_of(body: Body) -> Submission:
    """What a checked body hands in."""
    return Submission(
        items=tuple(
            ItemResponse(
                item_id=item["item_id"],
                written_response=item.get("written_response"),
                dropdown_value=item.get("dropdown_value"),
                photo_ids=tuple(item.get("photo_ids", ())),
            )
            for item in body.get("items", ())
        ),
        step_not_possible=body.get("step_not_possible", False),
        step_not_possible_details=body.get("step_not_possible_details"),
    )


UNCLAIM: Final = Shape(
    "UnclaimSeries",
    closed({"series_id": _SERIES_ID, "step_order": _STEP_ORDER}, required=("series_id", "step_order")),
    example={"series_id": "ser_kq3c7xm2vbn5tz4wpd6ahf2yqe", "step_order": 1},
)
_ABSENCE: Final[Node] = {
    "series_id": _SERIES_ID,
    "step_order": _STEP_ORDER,
    "absent_from": {**TIMESTAMP, "description": "Instances that begin from here on are left out …"},
    "absent_until": {**TIMESTAMP, "description": "… until those that begin at this time, which count again."},
}
_ABSENCE_ID: Final = text(64, "Id of an absence period of one's own.")
_ABSENCE_EXAMPLE: Final = {
    "series_id": "ser_kq3c7xm2vbn5tz4wpd6ahf2yqe",
    "step_order": 1,
    "absent_from": "2027-01-01T00:00:00Z",
    "absent_until": "2027-02-01T00:00:00Z",
}
ADD_ABSENCE: Final = Shape("AddAbsence", closed(_ABSENCE, required=tuple(_ABSENCE)), example=_ABSENCE_EXAMPLE)
PUT_ABSENCE: Final = Shape(
    "PutAbsence",
    closed({"id": _ABSENCE_ID, **_ABSENCE}, required=("id", *_ABSENCE)),
    example={"id": "abs_kq3c7xm2vbn5tz4wpd6ahf2yqe", **_ABSENCE_EXAMPLE},
)
DELETE_ABSENCE: Final = Shape(
    "DeleteAbsence",
    closed({"id": _ABSENCE_ID}, required=("id",)),
    example={"id": "abs_kq3c7xm2vbn5tz4wpd6ahf2yqe"},
)
# A DELETE may bring its member in the query instead.
DELETE_ABSENCE_IN_PARTS: Final = Shape(
    "DeleteAbsenceInParts",
    closed({"id": _ABSENCE_ID}),
    optional=True,
    example={"id": "abs_kq3c7xm2vbn5tz4wpd6ahf2yqe"},
)
PROPOSE_DELETION: Final = Shape(
    "ProposeDeletion",
    closed(
        {
            "workflow_id": _WORKFLOW_ID,
            "target_type": {
                "type": "string",
                "enum": [one.value for one in TargetType],
                "description": "This instance, or its series with all that follows.",
            },
            "reason": text(2000, "What the voters are told."),
        },
        required=("workflow_id", "target_type", "reason"),
    ),
    example={
        "workflow_id": "wfl_kq3c7xm2vbn5tz4wpd6ahf2yqe",
        "target_type": "series",
        "reason": "The street was rebuilt.",
    },
)
VOTE: Final = Shape(
    "Vote",
    closed(
        {
            "decision": {"type": "string", "enum": [one.value for one in VoteDecision]},
            "comment": text(2000, "Kept with the vote."),
        },
        required=("decision",),
    ),
    example={"decision": "approve"},
)
GIVE_REASON: Final = Shape(
    "GiveReason", closed({"reason": _WHY}, required=("reason",)), example={"reason": "Agreed in the meeting."}
)
REVOKE_CLAIM: Final = Shape(
    "RevokeSeriesClaim",
    closed({"improver_user_id": USER_ID, "reason": _WHY}, required=("improver_user_id", "reason")),
    example={"improver_user_id": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe", "reason": "Moved to another district."},
)
SETTLE: Final = Shape(
    "SettlePayout",
    closed({"reference": text(200, "What the payer calls the payment.")}),
    optional=True,
    example={"reference": "Transfer 2026-117"},
)


def _question_faults(body: Body) -> Iterable[Fault]:
    for first, second in (("userId", "did"), ("credentialTypes", "stepId")):
        if first in body and second in body:
            yield Fault(f"/{second}", "CONFLICTING_FIELDS", f"cannot stand beside {first}")
        elif first not in body and second not in body:
            yield Fault(f"/{first}", "MISSING_FIELD", f"or {second} is needed")
    if "workflowId" in body and "stepId" not in body:
        yield Fault("/stepId", "MISSING_FIELD", "is needed beside workflowId")


CHECK_ACCESS: Final = Shape(
    "CheckAccess",
    closed(
        {
            "userId": {**USER_ID, "description": "About whom; it or `did` is needed."},
            "did": {**DID, "description": "About whoever controls this DID."},
            "credentialTypes": {
                **listed(TYPE_NAME, least=1, most=MAX_ASKED),
                "uniqueItems": True,
                "description": "Do they hold all of these? It or `stepId` is needed.",
            },
            "stepId": {**_STEP_ID, "description": "May they do this step?"},
            "workflowId": {**_WORKFLOW_ID, "description": "The step's workflow; may be left out."},
        }
    ),
    check=_question_faults,
    example={"userId": "usr_kq3c7xm2vbn5tz4wpd6ahf2yqe", "credentialTypes": ["dpw_certified"]},
)
