"""A form out of a credential schema, and the claims back out of what was typed.

Names are JSON pointers: ``/degree/gpa``; a box of a closed list is ``/areas#drainage``. What has no control of its
own (alternatives, lists of objects) is typed as JSON. Whether claims fit the schema is judged where they are issued.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, cast

from sealwright.locales import N_
from sealwright.services.claim_words import member_words, spelled_value
from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import UnreadableJSON

DEPTH_MAX: Final = 4
_INTEGER: Final = re.compile(r"-?[0-9]{1,15}")
_NUMBER: Final = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,10})?")
_MINUTE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?")

NOT_WHOLE: Final = N_("Give a whole number, such as 3.")
NOT_NUMBER: Final = N_("Give a number, such as 3.5.")
NOT_MOMENT: Final = N_("Give a date and a time.")
NOT_JSON: Final = N_("This is not JSON.")


class Control(Enum):
    """How a claim is typed in."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    EMAIL = "email"
    ADDRESS = "url"
    CHOICE = "select"
    TRUTH = "truth"
    BOXES = "boxes"
    LINES = "lines"
    FIXED = "fixed"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ClaimField:
    """One claim to be given.

    Args:
        pointer: Of the claim inside the claims.
        label, help: From the schema's title and description, else from its name.
        group: The label of the object around it; empty at the top.
        is_required: The claim itself; inside an optional object it counts once another member is given.
        choices: Of CHOICE and BOXES.
        value: What is shown first, as it would be typed.
        ticked: Of BOXES.
        fixed: The only value there can be; it is filled in and never asked for.
    """

    pointer: str
    label: str
    control: Control
    is_required: bool = False
    help: str = ""
    group: str = ""
    choices: tuple[str, ...] = ()
    value: str = ""
    ticked: frozenset[str] = frozenset()
    fixed: JSONValue = None

    @property
    def is_asked(self) -> bool:
        """Tell whether anybody has to look at it."""
        return self.control is not Control.FIXED


@dataclass(frozen=True, slots=True)
class ClaimFault:
    """What could not be read of a claim, as a text of the catalogs."""

    pointer: str
    text: str


def claim_fields(schema: Mapping[str, object], claims: Mapping[str, JSONValue] | None) -> tuple[ClaimField, ...]:
    """Give the fields of a schema for claims, in its order, filled with the claims that are there."""
    return tuple(_fields(schema, claims, "", "", 0))


def read_claims(
    schema: Mapping[str, object], typed: Mapping[str, str]
) -> tuple[dict[str, JSONValue], tuple[ClaimFault, ...]]:
    """Make claims of what was typed, by pointer; empty fields are left out, objects without members too."""
    claims: dict[str, JSONValue] = {}
    faults: list[ClaimFault] = []
    for one in claim_fields(schema, None):
        if one.control is Control.BOXES:
            chosen: list[JSONValue] = [choice for choice in one.choices if typed.get(f"{one.pointer}#{choice}")]
            if chosen:
                _put(claims, one.pointer, chosen)
            continue
        text = typed.get(one.pointer, "").strip()
        if text:
            try:
                _put(claims, one.pointer, _value(one, text))
            except _Unreadable as error:
                faults.append(ClaimFault(one.pointer, error.text))
    for one in claim_fields(schema, None):
        if one.control is Control.FIXED and _has_place(claims, one.pointer):
            _put(claims, one.pointer, one.fixed)
    return claims, tuple(faults)


class _Unreadable(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


def _fields(schema: Mapping[str, object], claims: object, pointer: str, group: str, depth: int) -> Iterator[ClaimField]:
    properties, required = schema.get("properties"), schema.get("required")
    if not isinstance(properties, Mapping):
        return
    needed = set(required) if isinstance(required, Sequence) else set()
    for name, member in properties.items():
        value = claims.get(name) if isinstance(claims, Mapping) else None
        rule = member if isinstance(member, Mapping) else {}
        place = child(pointer, str(name))
        label = _text_of(rule, "title") or member_words(str(name))
        if rule.get("type") == "object" and "properties" in rule and depth < DEPTH_MAX:
            inner = f"{group}, {label.lower()}" if group else label
            yield from _fields(rule, value, place, inner, depth + 1)
        else:
            yield _field(rule, place, label, value, group=group, is_required=name in needed)


def _field(
    rule: Mapping[str, object], pointer: str, label: str, value: object, *, group: str, is_required: bool
) -> ClaimField:
    choices = _choices(rule)
    control = _control(rule, choices, is_required=is_required)
    help_text = _text_of(rule, "description")
    if control is Control.FIXED:
        fixed = rule["const"] if "const" in rule else choices[0]
        return ClaimField(pointer, label, control, is_required, help_text, group, fixed=cast("JSONValue", fixed))
    ticked = frozenset(str(item) for item in value) if isinstance(value, list) else frozenset[str]()
    return ClaimField(
        pointer, label, control, is_required, help_text, group, choices, _typed(control, value), ticked
    )  # fmt: skip


def _choices(rule: Mapping[str, object]) -> tuple[str, ...]:
    items = rule.get("items")
    listed = rule.get("enum")
    if rule.get("type") == "array" and isinstance(items, Mapping):
        listed = items.get("enum")
    if not isinstance(listed, Sequence) or isinstance(listed, str) or not all(isinstance(one, str) for one in listed):
        return ()
    return tuple(str(one) for one in listed)


_BY_FORMAT: Final = {
    "date": Control.DATE,
    "date-time": Control.MOMENT,
    "email": Control.EMAIL,
    "uri": Control.ADDRESS,
}
_BY_TYPE: Final = {"integer": Control.INTEGER, "number": Control.NUMBER, "boolean": Control.TRUTH}


def _control(rule: Mapping[str, object], choices: tuple[str, ...], *, is_required: bool) -> Control:
    kind = rule.get("type")
    if is_required and ("const" in rule or (kind == "string" and len(choices) == 1)):
        return Control.FIXED
    if kind == "array":
        items = rule.get("items")
        inner = items.get("type") if isinstance(items, Mapping) else None
        return Control.BOXES if choices else Control.LINES if inner == "string" else Control.JSON
    if kind == "string":
        return Control.CHOICE if choices else _BY_FORMAT.get(str(rule.get("format")), Control.TEXT)
    return _BY_TYPE.get(str(kind), Control.JSON)


def _typed(control: Control, value: object) -> str:
    """Spell a claim as it would be typed into its control."""
    if value is None:
        return ""
    if control is Control.LINES and isinstance(value, list):
        return "\n".join(str(item) for item in value)
    if control is Control.MOMENT and isinstance(value, str):
        return value.removesuffix("Z")[:19]
    return spelled_value(value)


def _value(one: ClaimField, text: str) -> JSONValue:
    match one.control:
        case Control.INTEGER:
            return int(_fitting(_INTEGER, text, NOT_WHOLE))
        case Control.NUMBER:
            return _number(_fitting(_NUMBER, text.replace(",", "."), NOT_NUMBER))
        case Control.TRUTH:
            return text == "true"
        case Control.MOMENT:
            return _moment(_fitting(_MINUTE, text.removesuffix("Z"), NOT_MOMENT))
        case Control.LINES:
            return [line.strip() for line in text.splitlines() if line.strip()]
    return _parsed(text) if one.control is Control.JSON else text


def _number(spelled: str) -> float:
    return float(spelled) if "." in spelled else int(spelled)


def _moment(minute: str) -> str:
    return f"{minute}Z" if minute.count(":") == 2 else f"{minute}:00Z"


def _parsed(text: str) -> JSONValue:
    try:
        return parse_json(text.encode())
    except UnreadableJSON as error:
        raise _Unreadable(NOT_JSON) from error


def _fitting(pattern: re.Pattern[str], text: str, fault: str) -> str:
    if not pattern.fullmatch(text):
        raise _Unreadable(fault)
    return text


def _put(claims: dict[str, JSONValue], pointer: str, value: JSONValue) -> None:
    *outer, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))
    place = claims
    for name in outer:
        inner = place.setdefault(name, {})
        assert isinstance(inner, dict)
        place = inner
    place[last] = value


def _has_place(claims: Mapping[str, JSONValue], pointer: str) -> bool:
    """Tell whether the object around a claim is there: at the top always, else where a member was given."""
    place: object = claims
    for part in pointer[1:].split("/")[:-1]:
        place = place.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(place, Mapping) else None
    return isinstance(place, Mapping)


def _text_of(rule: Mapping[str, object], name: str) -> str:
    text = rule.get(name)
    return text if isinstance(text, str) else ""
