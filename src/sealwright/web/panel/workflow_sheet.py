"""The workflow editor's sheet: what a proposer has typed so far, its fields, and the moves of its rows.

A sheet may be unfinished in every way; `workflow_sheet_plan` judges it. Its fields are named by their place
(``role-1-title``, ``step-2-item-1-photos``), a draft keeps the same pairs of name and text, and both are read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import count
from typing import Final, TypeVar

from sealwright.domain.errors import MalformedBody
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.workflow_plans import MAX_ITEMS, MAX_REQUIRED, MAX_ROLES, MAX_STEPS
from sealwright.vc.encoding.strict_json import dump_json, parse_json

# A form holds so many fields that browsers and the page door take it whole (`form_reading.MAX_FIELDS`).
MAX_SHEET_ITEMS: Final = 100
MOVES: Final = re.compile(
    r"(?P<act>add|remove|up|down)-(?P<what>role|step|item)(?:-(?P<at>[1-9][0-9]?))?(?:-(?P<item>[1-9][0-9]?))?"
)
_NUMBER: Final = r"([1-9][0-9]?)"
_ROLE: Final = re.compile(rf"role-{_NUMBER}-(key|title|needs)")
_STEP: Final = re.compile(rf"step-{_NUMBER}-(title|description|role|bounty|not_possible)")
_ITEM: Final = re.compile(
    rf"step-{_NUMBER}-item-{_NUMBER}-"
    "(id|title|description|words|choice|photo|options|words_for|photo_for|known|optional|photos|any|camera)"
)
_HEAD: Final = ("title", "description", "recurrence", "start_day", "start_time", "until_day", "time_zone")

T = TypeVar("T")
Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class ItemLine:
    """A work item as it is typed.

    Args:
        item_id: Kept through edits; empty: one is made.
        options: One answer a line; `words_for` and `photo_for` repeat those that ask for more, a line each.
        known: Values of answers that have one besides their label, as JSON pairs of label and value.
        photos: How many, as typed.
    """

    item_id: str = ""
    title: str = ""
    description: str = ""
    words: bool = False
    choice: bool = False
    photo: bool = False
    options: str = ""
    words_for: str = ""
    photo_for: str = ""
    known: str = ""
    optional: bool = False
    photos: str = "1"
    any_count: bool = False
    camera: bool = False


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A workflow role as it is typed; steps name it by its key."""

    key: str
    title: str = ""
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StepLine:
    """A step as it is typed; `role` is a role's key, or empty."""

    title: str = ""
    description: str = ""
    role: str = ""
    bounty: str = ""
    not_possible: bool = False
    items: tuple[ItemLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """Everything in the editor. Days and times are as browsers send them, in `time_zone`."""

    title: str = ""
    description: str = ""
    recurrence: str = Recurrence.ONE_TIME.value
    start_day: str = ""
    start_time: str = ""
    until_day: str = ""
    time_zone: str = "UTC"
    roles: tuple[RoleLine, ...] = ()
    steps: tuple[StepLine, ...] = ()

    @property
    def item_count(self) -> int:
        """How many work items stand in all its steps."""
        return sum(len(step.items) for step in self.steps)

    def role(self, key: str) -> RoleLine | None:
        """Find a role by its key."""
        return next((role for role in self.roles if role.key == key), None)


@dataclass(frozen=True, slots=True)
class Moved:
    """A sheet after a move of its rows, and the name of the control where the focus belongs."""

    sheet: Sheet
    focus: str


def blank_sheet(time_zone: str) -> Sheet:
    """A sheet with one empty role and one empty step of it."""
    return Sheet(time_zone=time_zone, roles=(RoleLine("role1"),), steps=(StepLine(role="role1"),))


# -- names and texts -------------------------------------------------------------------------------


def read_sheet(pairs: Iterable[Pair]) -> Sheet:
    """Read the fields of a sheet; rows are taken in the order of their numbers, gaps are closed.

    Raises:
        MalformedBody: A name that the editor does not have, more rows than it takes, or a NUL, which no store keeps.
    """
    head: dict[str, str] = {}
    roles: dict[int, dict[str, list[str]]] = {}
    steps: dict[int, dict[str, list[str]]] = {}
    items: dict[tuple[int, int], dict[str, list[str]]] = {}
    for name, text in pairs:
        if "\x00" in text:
            raise MalformedBody("The form holds a character that no browser sends.")
        if name in _HEAD:
            head[name] = text
        elif match := _ROLE.fullmatch(name):
            roles.setdefault(int(match[1]), {}).setdefault(match[2], []).append(text)
        elif match := _STEP.fullmatch(name):
            steps.setdefault(int(match[1]), {}).setdefault(match[2], []).append(text)
        elif match := _ITEM.fullmatch(name):
            items.setdefault((int(match[1]), int(match[2])), {}).setdefault(match[3], []).append(text)
            steps.setdefault(int(match[1]), {})
        else:
            raise MalformedBody("The form holds a field that is not known here.")
    sheet = Sheet(
        **head,
        roles=tuple(_role(number, roles[number]) for number in sorted(roles)),
        steps=tuple(
            _step(steps[number], [items[place] for place in sorted(items) if place[0] == number])
            for number in sorted(steps)
        ),
    )
    _refuse_excess(sheet)
    return sheet


def write_sheet(sheet: Sheet) -> list[Pair]:
    """The fields of a sheet, numbered by place; empty ones are left out."""
    pairs = [(name, getattr(sheet, name)) for name in _HEAD]
    for number, role in enumerate(sheet.roles, 1):
        pairs += [(f"role-{number}-key", role.key), (f"role-{number}-title", role.title)]
        pairs += [(f"role-{number}-needs", one) for one in role.needs]
    for number, step in enumerate(sheet.steps, 1):
        at = f"step-{number}-"
        pairs += [(f"{at}{name}", getattr(step, name)) for name in ("title", "description", "role", "bounty")]
        pairs.append((f"{at}not_possible", _ticked(step.not_possible)))
        for place, item in enumerate(step.items, 1):
            pairs += [(f"{at}item-{place}-{name}", text) for name, text in _item_texts(item)]
    # A row without a single text would be lost with its number.
    kept = [(name, text) for name, text in pairs if text or name.endswith("-title")]
    return [(name, text) for name, text in kept if text or name != "title"]


def sheet_from_json(body: str) -> Sheet:
    """Read a draft.

    Raises:
        MalformedBody: It is no draft of this editor's.
    """
    kept = parse_json(body.encode("utf-8"))
    pairs = kept.get("fields") if isinstance(kept, dict) else None
    if not isinstance(pairs, list):
        raise MalformedBody("The draft cannot be read.")
    read: list[Pair] = []
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(part, str) for part in pair):
            raise MalformedBody("The draft cannot be read.")
        read.append((str(pair[0]), str(pair[1])))
    return read_sheet(read)


def sheet_to_json(sheet: Sheet) -> str:
    """Write a draft."""
    return dump_json({"fields": [list(pair) for pair in write_sheet(sheet)]}).decode("utf-8")


def _role(number: int, given: dict[str, list[str]]) -> RoleLine:
    key = _text(given, "key") or f"role{number}"
    return RoleLine(key, _text(given, "title"), tuple(dict.fromkeys(one for one in given.get("needs", ()) if one)))


def _step(given: dict[str, list[str]], items: list[dict[str, list[str]]]) -> StepLine:
    return StepLine(
        title=_text(given, "title"),
        description=_text(given, "description"),
        role=_text(given, "role"),
        bounty=_text(given, "bounty"),
        not_possible=bool(_text(given, "not_possible")),
        items=tuple(_item(one) for one in items),
    )


def _item(given: dict[str, list[str]]) -> ItemLine:
    return ItemLine(
        item_id=_text(given, "id"),
        title=_text(given, "title"),
        description=_text(given, "description"),
        words=bool(_text(given, "words")),
        choice=bool(_text(given, "choice")),
        photo=bool(_text(given, "photo")),
        options=_text(given, "options"),
        words_for=_text(given, "words_for"),
        photo_for=_text(given, "photo_for"),
        known=_text(given, "known"),
        optional=bool(_text(given, "optional")),
        photos=_text(given, "photos"),
        any_count=bool(_text(given, "any")),
        camera=bool(_text(given, "camera")),
    )


def _item_texts(item: ItemLine) -> Iterator[Pair]:
    yield from (("id", item.item_id), ("title", item.title), ("description", item.description))
    yield from (("words", _ticked(item.words)), ("choice", _ticked(item.choice)), ("photo", _ticked(item.photo)))
    yield from (("options", item.options), ("words_for", item.words_for), ("photo_for", item.photo_for))
    yield from (("known", item.known), ("optional", _ticked(item.optional)), ("photos", item.photos))
    yield from (("any", _ticked(item.any_count)), ("camera", _ticked(item.camera)))


def _text(given: dict[str, list[str]], name: str) -> str:
    return given.get(name, [""])[-1]


def _ticked(value: bool) -> str:
    return "1" if value else ""


def _refuse_excess(sheet: Sheet) -> None:
    too_many = (
        len(sheet.roles) > MAX_ROLES
        or len(sheet.steps) > MAX_STEPS
        or sheet.item_count > MAX_SHEET_ITEMS
        or any(len(step.items) > MAX_ITEMS for step in sheet.steps)
        or any(len(role.needs) > MAX_REQUIRED for role in sheet.roles)
    )
    if too_many:
        raise MalformedBody("The sheet has more rows than a workflow may have.")


# -- moves -----------------------------------------------------------------------------------------


def move_rows(sheet: Sheet, wish: str) -> Moved | None:
    """Add, remove or move a row, as a button of the editor says; None where that is no such button.

    What cannot be done (the first row moved up, one row too many) changes nothing.
    """
    match = MOVES.fullmatch(wish)
    if match is None:
        return None
    act, at = match["act"], int(match["at"] or 0)
    if match["what"] == "role":
        return _move_role(sheet, act, at)
    if match["what"] == "step":
        return _move_step(sheet, act, at)
    return _move_item(sheet, act, at, int(match["item"] or 0))


def _move_role(sheet: Sheet, act: str, at: int) -> Moved:
    roles = sheet.roles
    if act == "add" and len(roles) < MAX_ROLES:
        known = {role.key for role in roles}
        key = next(key for key in (f"role{number}" for number in count(len(roles) + 1)) if key not in known)
        return Moved(replace(sheet, roles=(*roles, RoleLine(key))), f"role-{len(roles) + 1}-title")
    if act == "remove" and 1 <= at <= len(roles):
        gone = roles[at - 1].key
        # A step without its role says so when the workflow is handed in.
        steps = tuple(replace(step, role="") if step.role == gone else step for step in sheet.steps)
        left = replace(sheet, roles=_without(roles, at), steps=steps)
        return Moved(left, f"role-{min(at, len(left.roles))}-title" if left.roles else "add-role")
    return Moved(sheet, "")


def _move_step(sheet: Sheet, act: str, at: int) -> Moved:
    steps = sheet.steps
    if act == "add" and len(steps) < MAX_STEPS:
        only = sheet.roles[0].key if len(sheet.roles) == 1 else ""
        return Moved(replace(sheet, steps=(*steps, StepLine(role=only))), f"step-{len(steps) + 1}-title")
    if not 1 <= at <= len(steps):
        return Moved(sheet, "")
    if act == "remove":
        left = _without(steps, at)
        return Moved(replace(sheet, steps=left), f"step-{min(at, len(left))}-title" if left else "add-step")
    to = at + (1 if act == "down" else -1)
    if act == "add" or not 1 <= to <= len(steps):
        return Moved(sheet, "")
    moved = list(steps)
    moved[at - 1], moved[to - 1] = moved[to - 1], moved[at - 1]
    # The same button again, so that a step can be moved on; at the end of the way the other one.
    ends = to == 1 if act == "up" else to == len(steps)
    again = {"up": "down", "down": "up"}[act] if ends else act
    return Moved(replace(sheet, steps=tuple(moved)), f"{again}-step-{to}")


def _move_item(sheet: Sheet, act: str, at: int, place: int) -> Moved:
    if not 1 <= at <= len(sheet.steps):
        return Moved(sheet, "")
    step = sheet.steps[at - 1]
    if act == "add" and len(step.items) < MAX_ITEMS and sheet.item_count < MAX_SHEET_ITEMS:
        items, focus = (*step.items, ItemLine()), f"step-{at}-item-{len(step.items) + 1}-title"
    elif act == "remove" and 1 <= place <= len(step.items):
        items, focus = _without(step.items, place), f"add-item-{at}"
    else:
        return Moved(sheet, "")
    steps = tuple(replace(one, items=items) if number == at else one for number, one in enumerate(sheet.steps, 1))
    return Moved(replace(sheet, steps=steps), focus)


def _without(rows: tuple[T, ...], at: int) -> tuple[T, ...]:
    return rows[: at - 1] + rows[at:]
