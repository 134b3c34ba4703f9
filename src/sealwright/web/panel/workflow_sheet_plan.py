"""From the editor's sheet to the workflow it means, and back: every fault at the field where it can be mended."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from itertools import count
from typing import Final

from sealwright.domain.recurrence import MAX_ZONE_LENGTH, Recurrence, Schedule, zone_named
from sealwright.domain.work_errors import InvalidSchedule
from sealwright.domain.workflow_plans import (
    MAX_BOUNTY,
    MAX_OPTIONS,
    MAX_PHOTOS,
    TEXT_MAX,
    TITLE_MAX,
    Choice,
    PlannedRole,
    PlannedStep,
    WorkflowPlan,
    WorkItem,
)
from sealwright.locales import N_
from sealwright.services.workflow_values import NewWorkflow
from sealwright.vc.encoding.strict_json import dump_json, parse_json
from sealwright.vc.errors import UnreadableJSON
from sealwright.web.panel.page_form import CHOOSE, NOT_OFFERED, REQUIRED, Field, Form, FormData, Kind
from sealwright.web.panel.workflow_sheet import ItemLine, RoleLine, Sheet, StepLine, write_sheet

REASON: Final = "reason"
HELD: Final = "held"
RECURRENCES: Final = tuple(one.value for one in Recurrence)
NO_ROLE_YET: Final = N_("A workflow needs a workflow role; add one.")
NO_STEP_YET: Final = N_("A workflow needs a step; add one.")
NO_STEP_OF_ROLE: Final = N_("No step belongs to this workflow role; choose it in a step, or remove it.")
UNKNOWN_ZONE: Final = N_("Choose a time zone of the list.")
NOT_A_TIME: Final = N_("Give a time, such as 09:00.")
TIME_WITHOUT_DAY: Final = N_("Give the day too, or leave the time empty.")
ENDS_EARLY: Final = N_("The end lies before the start.")
NOT_UNITS: Final = N_("Give a whole number of units, 0 or more.")
ASKS_NOTHING: Final = N_("Say what is handed in: words, a choice or photos.")
NO_OPTIONS: Final = N_("Give at least one answer to choose from.")
OPTIONS_TWICE: Final = N_("The same answer stands twice.")
TOO_MANY_OPTIONS: Final = N_("At most %(limit)s answers, please.")
NOT_AN_OPTION: Final = N_("“%(option)s” is not one of the answers above.")
PHOTO_COUNT: Final = N_("Give a number from 1 to %(limit)s.")
_CLOCK: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
_UNITS: Final = re.compile(r"[0-9]{1,16}")
_POINTER: Final = re.compile(
    r"/(?:edit/)?(?P<rows>roles|steps)(?:/(?P<at>[0-9]+)(?:/(?P<member>\w+)(?:/(?P<item>[0-9]+)(?:/(?P<of>\w+).*)?)?)?)?"
)
_MEMBERS: Final = {
    "required_credentials": "needs", "client_id": "title", "role_client_id": "role", "title": "title",
    "description": "description", "bounty": "bounty", "allow_step_not_possible": "not_possible",
}  # fmt: skip
_HEAD_MEMBERS: Final = {
    "title": "title", "description": "description", "recurrence": "recurrence", "start_at": "start_day",
    "recurrence_end_at": "until_day", "time_zone": "time_zone", "reason": REASON,
}  # fmt: skip


def form_of_sheet(sheet: Sheet, types: Collection[str], *, with_reason: bool = False) -> Form:
    """The fields of a sheet as it stands, each with its own limits: what is shown, and judged when it is handed in.

    Args:
        types: Credential types that may be asked for.
        with_reason: True for an edit of a series, which says why.
    """
    head = (
        Field("title", required=True, max_length=TITLE_MAX),
        Field("description", max_length=TEXT_MAX),
        Field("recurrence", Kind.CHOICE, required=True, choices=RECURRENCES),
        Field("start_day", Kind.DATE),
        Field("start_time", max_length=5),
        Field("until_day", Kind.DATE),
        Field("time_zone", required=True, max_length=MAX_ZONE_LENGTH),
        Field(HELD, many=True, max_length=64),
    )
    reason = (Field(REASON, required=True, max_length=2000),) if with_reason else ()
    return Form(*head, *reason, *_role_fields(sheet, types), *_step_fields(sheet))


def _role_fields(sheet: Sheet, types: Collection[str]) -> Iterator[Field]:
    for number, role in enumerate(sheet.roles, 1):
        offered = (*types, *(one for one in role.needs if one not in types))
        yield Field(f"role-{number}-key", max_length=TITLE_MAX)
        yield Field(f"role-{number}-title", required=True, max_length=TITLE_MAX)
        yield Field(f"role-{number}-needs", Kind.CHOICE, many=True, choices=offered, max_length=64)


def _step_fields(sheet: Sheet) -> Iterator[Field]:
    keys = tuple(role.key for role in sheet.roles)
    for number, step in enumerate(sheet.steps, 1):
        at = f"step-{number}-"
        yield Field(f"{at}title", required=True, max_length=TITLE_MAX)
        yield Field(f"{at}description", max_length=TEXT_MAX)
        yield Field(f"{at}role", Kind.CHOICE, required=True, choices=keys, max_length=TITLE_MAX)
        yield Field(f"{at}bounty", max_length=20)
        yield Field(f"{at}not_possible", Kind.FLAG)
        for place in range(1, len(step.items) + 1):
            yield from _item_fields(f"{at}item-{place}-")


def _item_fields(at: str) -> Iterator[Field]:
    yield Field(f"{at}id", max_length=TITLE_MAX)
    yield Field(f"{at}title", required=True, max_length=TITLE_MAX)
    yield Field(f"{at}description", max_length=TEXT_MAX)
    yield from (Field(f"{at}{name}", Kind.FLAG) for name in ("words", "choice", "photo", "optional", "any", "camera"))
    yield from (Field(f"{at}{name}", max_length=TEXT_MAX) for name in ("options", "words_for", "photo_for"))
    yield Field(f"{at}known", max_length=20_000)
    yield Field(f"{at}photos", max_length=5)


def shown_sheet(sheet: Sheet, form: Form, more: Mapping[str, tuple[str, ...]]) -> FormData:
    """A sheet as a template shows it, without faults.

    Args:
        more: Fields beside the sheet's own (`HELD`, `REASON`), where they were sent.
    """
    data = FormData(form)
    pairs = [*write_sheet(sheet), *((name, text) for name, texts in more.items() for text in texts)]
    for name, text in pairs:
        field = form.field(name)
        if field is not None:
            data.take(field, name, text)
    return data


# -- judging ---------------------------------------------------------------------------------------


def judge_sheet(data: FormData, sheet: Sheet, *, is_draft: bool = False) -> None:
    """Find everything that is wrong with a sheet, at its fields.

    Args:
        is_draft: Only what cannot even be kept: texts that are too long, characters that are refused.
    """
    data.judge(data.form.fields)
    if is_draft:
        empty = {REQUIRED, CHOOSE, NOT_OFFERED}
        data.errors = [fault for fault in data.errors if fault.text not in empty]
        return
    if not sheet.roles:
        data.fail("", NO_ROLE_YET)
    if not sheet.steps:
        data.fail("", NO_STEP_YET)
    _judge_times(data, sheet)
    used = {step.role for step in sheet.steps}
    for number, role in enumerate(sheet.roles, 1):
        if role.key not in used and sheet.steps:
            data.fail(f"role-{number}-title", NO_STEP_OF_ROLE)
    for number, step in enumerate(sheet.steps, 1):
        if step.bounty and (not _UNITS.fullmatch(step.bounty) or int(step.bounty) > MAX_BOUNTY):
            data.fail(f"step-{number}-bounty", NOT_UNITS)
        for place, item in enumerate(step.items, 1):
            _judge_item(data, f"step-{number}-item-{place}-", item)


def _judge_times(data: FormData, sheet: Sheet) -> None:
    zone = _zone(sheet.time_zone)
    if zone is None and sheet.time_zone:
        data.fail("time_zone", UNKNOWN_ZONE)
    if sheet.start_time and not _CLOCK.fullmatch(sheet.start_time):
        data.fail("start_time", NOT_A_TIME)
    elif sheet.start_time and not sheet.start_day:
        data.fail("start_day", TIME_WITHOUT_DAY)
    if zone is None or data.error_of("start_day") or data.error_of("start_time") or data.error_of("until_day"):
        return
    start, until = start_of(sheet), until_of(sheet)
    if start is not None and until is not None and until < start:
        data.fail("until_day", ENDS_EARLY)


def _judge_item(data: FormData, at: str, item: ItemLine) -> None:
    options = _lines(item.options)
    if not (item.words or item.choice or item.photo):
        data.fail(f"{at}title", ASKS_NOTHING)
    if item.photo and not item.any_count and not _is_count(item.photos):
        data.fail(f"{at}photos", PHOTO_COUNT, limit=MAX_PHOTOS)
    if not item.choice:
        return
    if not options:
        data.fail(f"{at}options", NO_OPTIONS)
    elif len(set(options)) < len(options):
        data.fail(f"{at}options", OPTIONS_TWICE)
    elif len(options) > MAX_OPTIONS:
        data.fail(f"{at}options", TOO_MANY_OPTIONS, limit=MAX_OPTIONS)
    elif longest := next((one for one in options if len(one) > TITLE_MAX), None):
        data.fail(f"{at}options", N_("At most %(limit)s characters, please; there are %(length)s."),
                  limit=TITLE_MAX, length=len(longest))  # fmt: skip
    for name, text in (("words_for", item.words_for), ("photo_for", item.photo_for)):
        strange = next((one for one in _lines(text) if one not in options), None)
        if strange is not None:
            data.fail(f"{at}{name}", NOT_AN_OPTION, option=strange)


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdigit() and 1 <= int(text) <= MAX_PHOTOS


def _zone(name: str) -> tzinfo | None:
    try:
        return zone_named(name)
    except InvalidSchedule:
        return None


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


def field_of(pointer: str) -> str:
    """The field that a pointer of the service's faults means; empty where none does."""
    name = _HEAD_MEMBERS.get(pointer.lstrip("/"))
    if name is not None:
        return name
    match = _POINTER.fullmatch(pointer)
    if match is None or match["at"] is None:
        return ""
    at = int(match["at"]) + 1
    if match["rows"] == "roles":
        return f"role-{at}-{_MEMBERS.get(match['member'] or '', 'title')}"
    if match["member"] == "work_items" and match["item"] is not None:
        return f"step-{at}-item-{int(match['item']) + 1}-title"
    return f"step-{at}-{_MEMBERS.get(match['member'] or '', 'title')}"


# -- what it means ---------------------------------------------------------------------------------


def start_of(sheet: Sheet) -> datetime | None:
    """When the first instance begins, in UTC; None: as soon as it may. The day alone means its beginning."""
    if not sheet.start_day:
        return None
    clock = time.fromisoformat(sheet.start_time) if sheet.start_time else time()
    return _moment(sheet, sheet.start_day, clock)


def until_of(sheet: Sheet) -> datetime | None:
    """The end of the last day on which an instance may begin, in UTC; None: without end, or one instance only."""
    if not sheet.until_day or sheet.recurrence == Recurrence.ONE_TIME.value:
        return None
    return _moment(sheet, sheet.until_day, time(23, 59, 59))


def _moment(sheet: Sheet, day: str, clock: time) -> datetime:
    return datetime.combine(date.fromisoformat(day), clock, tzinfo=zone_named(sheet.time_zone)).astimezone(UTC)


def plan_of(sheet: Sheet) -> WorkflowPlan:
    """The plan of a sheet that was judged to be right."""
    return WorkflowPlan(
        title=sheet.title,
        description=sheet.description or None,
        roles=tuple(PlannedRole(role.key, role.title, tuple(sorted(role.needs))) for role in sheet.roles),
        steps=tuple(_planned_step(step) for step in sheet.steps),
    )


def wish_of(sheet: Sheet) -> NewWorkflow:
    """What a sheet that was judged to be right proposes."""
    return NewWorkflow(
        plan=plan_of(sheet),
        recurrence=Recurrence(sheet.recurrence),
        start_at=start_of(sheet),
        recurrence_end_at=until_of(sheet),
        time_zone=sheet.time_zone,
    )


def _planned_step(step: StepLine) -> PlannedStep:
    taken = {item.item_id for item in step.items if item.item_id}
    fresh = (name for name in (f"item{number}" for number in count(1)) if name not in taken)
    return PlannedStep(
        title=step.title,
        role_client_id=step.role,
        description=step.description or None,
        bounty=int(step.bounty or 0),
        allow_step_not_possible=step.not_possible,
        work_items=tuple(_work_item(item, item.item_id or next(fresh)) for item in step.items),
    )


def _work_item(item: ItemLine, item_id: str) -> WorkItem:
    values, words, photos = _known(item.known), set(_lines(item.words_for)), set(_lines(item.photo_for))
    options = _lines(item.options) if item.choice else []
    return WorkItem(
        item_id=item_id,
        title=item.title,
        description=item.description or None,
        optional=item.optional,
        requires_written_response=item.words,
        requires_dropdown=item.choice,
        dropdown_options=tuple(
            Choice(values.get(label, label), label, label in words, label in photos) for label in options
        ),
        requires_photo=item.photo,
        photo_required_count=int(item.photos) if _is_count(item.photos) else 1,
        photo_allow_any_count=item.any_count,
        camera_capture_only=item.camera,
    )


def _known(text: str) -> dict[str, str]:
    """Values of answers by label; what cannot be read was not written by us, and means none."""
    try:
        pairs = parse_json(text.encode("utf-8")) if text else []
    except UnreadableJSON:
        return {}
    if not isinstance(pairs, list):
        return {}
    return {
        str(pair[0]): str(pair[1])
        for pair in pairs
        if isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
    }


def sheet_of(plan: WorkflowPlan, schedule: Schedule) -> Sheet:
    """The sheet of a workflow that is there, for changing or repeating it; its start is left open."""
    zone = zone_named(schedule.time_zone)
    until = schedule.until.astimezone(zone).date().isoformat() if schedule.until is not None else ""
    return Sheet(
        title=plan.title,
        description=plan.description or "",
        recurrence=schedule.recurrence.value,
        until_day=until,
        time_zone=schedule.time_zone,
        roles=tuple(RoleLine(role.client_id, role.title, role.required_credentials) for role in plan.roles),
        steps=tuple(
            StepLine(
                title=step.title,
                description=step.description or "",
                role=step.role_client_id,
                bounty=str(step.bounty),
                not_possible=step.allow_step_not_possible,
                items=tuple(_item_line(item) for item in step.work_items),
            )
            for step in plan.steps
        ),
    )


def _item_line(item: WorkItem) -> ItemLine:
    options = item.dropdown_options
    known = [[one.label, one.value] for one in options if one.value != one.label]
    return ItemLine(
        item_id=item.item_id,
        title=item.title,
        description=item.description or "",
        words=item.requires_written_response,
        choice=item.requires_dropdown,
        photo=item.requires_photo,
        options="\n".join(one.label for one in options),
        words_for="\n".join(one.label for one in options if one.requires_written_response),
        photo_for="\n".join(one.label for one in options if one.requires_photo_attachment),
        known=dump_json(known).decode("utf-8") if known else "",
        optional=item.optional,
        photos=str(item.photo_required_count),
        any_count=item.photo_allow_any_count,
        camera=item.camera_capture_only,
    )
