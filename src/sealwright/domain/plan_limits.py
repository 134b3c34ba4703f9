"""How long and how many the parts of a proposed workflow may be, and which characters its titles may hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from sealwright.domain import workflow_plans as plans
from sealwright.domain.errors import MalformedBody
from sealwright.domain.shown_text import require_name
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan, WorkItem
from sealwright.vc.errors import Fault

NAME_MAX: Final = 64
VALUE_MAX: Final = 200


def require_limits(plan: WorkflowPlan) -> None:
    """Refuse a plan with a part that is too long, too many, empty, or that nobody could read.

    Raises:
        MalformedBody: Names every such place.
    """
    faults = list(_faults(plan))
    if faults:
        raise MalformedBody("A part of the workflow has the wrong length, size or characters.", faults=faults)


def _faults(plan: WorkflowPlan) -> Iterator[Fault]:
    yield from _line(plan.title, "/title", plans.TITLE_MAX)
    yield from _text(plan.description, "/description")
    yield from _count(plan.roles, "/roles", plans.MAX_ROLES)
    yield from _count(plan.steps, "/steps", plans.MAX_STEPS)
    for place, role in enumerate(plan.roles):
        yield from _role(role, f"/roles/{place}")
    for place, step in enumerate(plan.steps):
        yield from _step(step, f"/steps/{place}")


def _role(role: PlannedRole, at: str) -> Iterator[Fault]:
    yield from _line(role.client_id, f"{at}/client_id", NAME_MAX)
    yield from _line(role.title, f"{at}/title", plans.TITLE_MAX)
    yield from _count(role.required_credentials, f"{at}/required_credentials", plans.MAX_REQUIRED)


def _step(step: PlannedStep, at: str) -> Iterator[Fault]:
    yield from _line(step.title, f"{at}/title", plans.TITLE_MAX)
    yield from _text(step.description, f"{at}/description")
    if not 0 <= step.bounty <= plans.MAX_BOUNTY:
        yield Fault(f"{at}/bounty", "NUMBER_OUT_OF_RANGE", "must be a whole number, 0 or more")
    yield from _count(step.work_items, f"{at}/work_items", plans.MAX_ITEMS)
    for place, item in enumerate(step.work_items):
        yield from _item(item, f"{at}/work_items/{place}")


def _item(item: WorkItem, at: str) -> Iterator[Fault]:
    yield from _line(item.item_id, f"{at}/item_id", NAME_MAX)
    yield from _line(item.title, f"{at}/title", plans.TITLE_MAX)
    yield from _text(item.description, f"{at}/description")
    if not 1 <= item.photo_required_count <= plans.MAX_PHOTOS:
        yield Fault(f"{at}/photo_required_count", "NUMBER_OUT_OF_RANGE", f"must be 1 to {plans.MAX_PHOTOS}")
    yield from _count(item.dropdown_options, f"{at}/dropdown_options", plans.MAX_OPTIONS)
    if item.requires_dropdown and not item.dropdown_options:
        yield Fault(f"{at}/dropdown_options", "MISSING_FIELD", "is needed where one of them is asked for")
    values = [option.value for option in item.dropdown_options]
    for place, option in enumerate(item.dropdown_options):
        yield from _line(option.value, f"{at}/dropdown_options/{place}/value", VALUE_MAX)
        yield from _line(option.label, f"{at}/dropdown_options/{place}/label", plans.TITLE_MAX)
        if option.value in values[:place]:
            yield Fault(f"{at}/dropdown_options/{place}/value", "INVALID_VALUE", "stands twice")


def _line(text: str, pointer: str, most: int) -> tuple[Fault, ...]:
    try:
        require_name(text, pointer, most)
    except MalformedBody as refused:
        return refused.faults
    return ()


def _text(text: str | None, pointer: str) -> Iterator[Fault]:
    if text is not None and len(text) > plans.TEXT_MAX:
        yield Fault(pointer, "INVALID_VALUE", f"must have at most {plans.TEXT_MAX} characters")
    if text is not None and "\0" in text:
        yield Fault(pointer, "INVALID_CHARACTER", "holds a character that cannot be kept")


def _count(parts: Sequence[object], pointer: str, most: int) -> Iterator[Fault]:
    if len(parts) > most:
        yield Fault(pointer, "INVALID_VALUE", f"must have at most {most} entries")
