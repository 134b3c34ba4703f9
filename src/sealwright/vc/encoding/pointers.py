"""JSON pointers: how every refusal says where a fault is.

Spec: RFC 6901, JavaScript Object Notation (JSON) Pointer.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    # That module reports faults by pointers, and so imports this one.
    from sealwright.vc.encoding.strict_json import JSONValue

Place: TypeAlias = "tuple[Place, str | int] | None"
"""Where a walk through a document is: the place around, and the last step; None for the whole document."""

_ITEM: Final = re.compile(r"0|[1-9][0-9]{0,9}")


def escape_token(name: str) -> str:
    """One member name as a reference token: ``~`` and ``/`` are escaped."""
    if "~" in name or "/" in name:
        return name.replace("~", "~0").replace("/", "~1")
    return name


def child(pointer: str, step: str | int) -> str:
    """The pointer of a member (by name) or of an item (by 0-based index) below `pointer`."""
    return f"{pointer}/{escape_token(step) if isinstance(step, str) else step}"


def pointer_to(place: Place) -> str:
    """The pointer of a place; walks that seldom find a fault write none on their way."""
    steps: list[str | int] = []
    while place is not None:
        place, step = place
        steps.append(step)
    pointer = ""
    for step in reversed(steps):
        pointer = child(pointer, step)
    return pointer


def steps_of(pointer: str) -> tuple[str, ...]:
    """The member names and item numbers that a pointer leads along; none for the whole document.

    Raises:
        LookupError: It is no pointer: it begins with no ``/``, or a ``~`` stands before neither 0 nor 1.
    """
    if not pointer:
        return ()
    tokens = pointer.split("/")
    if tokens[0] or re.search(r"~(?![01])", pointer):
        raise LookupError(pointer)
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in tokens[1:])


def value_at(document: JSONValue, pointer: str) -> JSONValue:
    """What a pointer leads to.

    Raises:
        LookupError: It is no pointer, or leads nowhere.
    """
    value = document
    for step in steps_of(pointer):
        if isinstance(value, dict):
            value = value[step]
        elif isinstance(value, list) and _ITEM.fullmatch(step):
            value = value[int(step)]
        else:
            raise LookupError(pointer)
    return value
