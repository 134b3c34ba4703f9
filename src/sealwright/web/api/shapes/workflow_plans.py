"""Bodies by which workflows and changes of a series are proposed, and how they become plans."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from sealwright.domain import workflow_plans as plans
from sealwright.domain.recurrence import MAX_ZONE_LENGTH, Recurrence
from sealwright.domain.workflow_plans import Choice, PlannedRole, PlannedStep, WorkflowPlan, WorkItem
from sealwright.vc.errors import Fault
from sealwright.web.api.shapes.parts import BOOLEAN, TIMESTAMP, Node, closed, listed, text
from sealwright.web.api.shapes.review import TYPE_NAME
from sealwright.web.shape import Body, Shape

_OFF: Final[Node] = {**BOOLEAN, "default": False}
_NAME: Final = text(64)
_TITLE: Final = text(plans.TITLE_MAX)
_TEXT: Final = text(plans.TEXT_MAX)

_OPTION: Final = closed(
    {
        "value": text(200, "What an answer names; unique within the item."),
        "label": text(plans.TITLE_MAX, "What people read."),
        "requires_written_response": {**_OFF, "description": "This answer needs words beside it."},
        "requires_photo_attachment": {**_OFF, "description": "This answer needs a photo beside it."},
    },
    required=("value", "label"),
)
_ITEM: Final = closed(
    {
        "title": _TITLE,
        "description": _TEXT,
        "item_id": {**_NAME, "description": "Unique within its step; `item-1`, `item-2` … by place when left out."},
        "optional": {**_OFF, "description": "May be left out as a whole."},
        "requires_written_response": {**_OFF, "description": "Words are asked for."},
        "requires_dropdown": {**_OFF, "description": "One of the offered answers is asked for."},
        "dropdown_options": listed(_OPTION, most=plans.MAX_OPTIONS, description="The answers that are offered."),
        "requires_photo": {**_OFF, "description": "Photos are asked for."},
        "photo_required_count": {
            "type": "integer",
            "minimum": 1,
            "maximum": plans.MAX_PHOTOS,
            "default": 1,
            "description": "At least so many photos.",
        },
        "photo_allow_any_count": {**_OFF, "description": "One photo is enough, whatever the count."},
        "camera_capture_only": {**_OFF, "description": "The page offers the camera and no files."},
    },
    required=("title",),
)
_STEP: Final = closed(
    {
        "title": _TITLE,
        "description": _TEXT,
        "bounty": {
            "type": "integer",
            "minimum": 0,
            "maximum": plans.MAX_BOUNTY,
            "default": 0,
            "description": "What its completion earns, in whole units.",
        },
        "role_client_id": {**_NAME, "description": "The `client_id` of the role that does it."},
        "allow_step_not_possible": {**_OFF, "description": "It may be handed in as not possible, with details."},
        "work_items": listed(_ITEM, most=plans.MAX_ITEMS, description="What is handed in with it."),
    },
    required=("title", "role_client_id"),
)
_ROLE: Final = closed(
    {
        "client_id": {**_NAME, "description": "The proposer's own name for it; unique within the workflow."},
        "title": _TITLE,
        "required_credentials": {
            **listed(TYPE_NAME, most=plans.MAX_REQUIRED),
            "uniqueItems": True,
            "description": "Credential types that must all be held; none: open to every improver.",
        },
    },
    required=("client_id", "title", "required_credentials"),
)
_ROLES: Final = listed(_ROLE, least=1, most=plans.MAX_ROLES, description="Who does it. Each role has a step.")
_STEPS: Final = listed(_STEP, least=1, most=plans.MAX_STEPS, description="What is done, in this order.")
_RECURRENCE: Final[Node] = {"type": "string", "enum": [one.value for one in Recurrence]}
_UNTIL: Final[Node] = {**TIMESTAMP, "description": "No instance begins after it; without it the series has no end."}

STREET_REPAIR: Final[Mapping[str, Any]] = {
    "title": "Street Repair Project",
    "description": "Repair potholes on Main Street",
    "recurrence": "one_time",
    "start_at": "2026-12-01T09:00:00Z",
    "roles": [
        {"client_id": "assessor", "title": "Damage Assessor", "required_credentials": ["dpw_certified"]},
        {"client_id": "verifier", "title": "Quality Verifier", "required_credentials": ["sfluv_verifier"]},
    ],
    "steps": [
        {
            "title": "Assess damage",
            "description": "Photograph the damage.",
            "bounty": 5000,
            "role_client_id": "assessor",
            "work_items": [{"title": "Photo", "requires_photo": True}],
        },
        {"title": "Verify repair quality", "bounty": 3000, "role_client_id": "verifier"},
    ],
}


PROPOSE: Final = Shape(
    "ProposeWorkflow",
    closed(
        {
            "title": _TITLE,
            "description": _TEXT,
            "recurrence": {**_RECURRENCE, "default": "one_time", "description": "How often it is done."},
            "recurrence_end_at": _UNTIL,
            "start_at": {**TIMESTAMP, "description": "When the first instance begins; now when left out."},
            "time_zone": {
                **text(MAX_ZONE_LENGTH, "IANA name; days, weeks and months are those of its wall clock."),
                "default": "UTC",
            },
            "roles": _ROLES,
            "steps": _STEPS,
        },
        required=("title", "roles", "steps"),
    ),
    example=STREET_REPAIR,
)
_EDITABLE: Final = ("title", "description", "recurrence", "recurrence_end_at", "start_at", "roles", "steps")


def _edit_faults(body: Body) -> Iterable[Fault]:
    if not any(name in body for name in _EDITABLE):
        yield Fault("", "INVALID_BODY", "changes nothing")


PROPOSE_EDIT: Final = Shape(
    "ProposeEdit",
    closed(
        {
            "title": _TITLE,
            "description": {**_TEXT, "type": ["string", "null"], "description": "Null takes it away."},
            "recurrence": {**_RECURRENCE, "description": "How often it is done from then on."},
            "recurrence_end_at": _UNTIL,
            "start_at": {**TIMESTAMP, "description": "From when the beginnings of later instances are counted."},
            "roles": _ROLES,
            "steps": _STEPS,
            "reason": text(2000, "What the voters are told."),
        },
        required=("reason",),
    ),
    check=_edit_faults,
    example={"title": "Street Repair Project, winter", "reason": "The season changed."},
)


def plan_of(body: Mapping[str, Any]) -> WorkflowPlan:
    """The plan in a checked body. Raises UnknownWorkflowRole, MalformedBody."""
    return WorkflowPlan(
        title=body["title"],
        description=body.get("description"),
        roles=tuple(_role(role) for role in body["roles"]),
        steps=tuple(_step(step) for step in body["steps"]),
    )


def edited(present: WorkflowPlan, body: Mapping[str, Any]) -> WorkflowPlan:
    """A plan with the members that a checked body changes. Raises UnknownWorkflowRole, MalformedBody."""
    changes: dict[str, Any] = {name: body[name] for name in ("title", "description") if name in body}
    if "roles" in body:
        changes["roles"] = tuple(_role(role) for role in body["roles"])
    if "steps" in body:
        changes["steps"] = tuple(_step(step) for step in body["steps"])
    return replace(present, **changes)


def _role(body: Mapping[str, Any]) -> PlannedRole:
    # In the order in which they were sent, so that a fault names the right one.
    return PlannedRole(body["client_id"], body["title"], tuple(body["required_credentials"]))


def _step(body: Mapping[str, Any]) -> PlannedStep:
    items = body.get("work_items", ())
    return PlannedStep(
        title=body["title"],
        role_client_id=body["role_client_id"],
        description=body.get("description"),
        bounty=body.get("bounty", 0),
        allow_step_not_possible=body.get("allow_step_not_possible", False),
        work_items=tuple(_item(item, place) for place, item in enumerate(items, 1)),
    )


def _item(body: Mapping[str, Any], place: int) -> WorkItem:
    told = {name: value for name, value in body.items() if name not in {"item_id", "dropdown_options"}}
    options = tuple(Choice(**option) for option in body.get("dropdown_options", ()))
    return WorkItem(item_id=body.get("item_id", f"item-{place}"), dropdown_options=options, **told)
