"""What the name of a constraint says about it, so that "stricter" can be told of any constraint, known or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Final

from sealwright.vc.delegation.windows import read_window
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.vc.errors import MalformedDocument

HOURS: Final = "authorizedHours"
WINDOWS_MOST: Final = 100

KNOWN: Final = frozenset(
    {
        "maxSpendPerTransaction",
        "maxSpendPerDay",
        "maxSpendPerWeek",
        "maxSpendPerMonth",
        "maxCallsPerHour",
        "maxCallsPerDay",
        "authorizedMerchants",
        "blockedMerchants",
        "authorizedSchemas",
        "authorizedRegions",
        "authorizedResources",
        HOURS,
        "currency",
        "requireApproval",
    }
)
"""The constraints that are understood when an act is judged; one of another name forbids every act."""


_TEXTS: Final = frozenset({str})


class Meaning(StrEnum):
    """How a constraint of a child has to stand to its parent's of the same name."""

    AT_MOST = "at most"
    AT_LEAST = "at least"
    SUBSET = "subset"
    SUPERSET = "superset"
    ONLY_TO_TRUE = "only to true"
    EQUAL = "equal"
    WINDOWS = "windows"


_BY_PREFIX: Final = {
    "max": Meaning.AT_MOST,
    "min": Meaning.AT_LEAST,
    "authorized": Meaning.SUBSET,
    "allowed": Meaning.SUBSET,
    "denied": Meaning.SUPERSET,
    "blocked": Meaning.SUPERSET,
    "require": Meaning.ONLY_TO_TRUE,
}


def meaning_of(name: str) -> Meaning:
    """What a constraint's name says: its first word, as far as the first letter that is not lower case.

    ``minutes`` is no ``min…``; names that say nothing may only stay equal, which is the strictest answer.
    """
    known = _KNOWN_MEANINGS.get(name)
    return known if known is not None else _meaning_of(name)


def _meaning_of(name: str) -> Meaning:
    if name == HOURS:
        return Meaning.WINDOWS
    end = next((place for place, letter in enumerate(name) if not letter.islower()), len(name))
    return _BY_PREFIX.get(name[:end], Meaning.EQUAL) if end < len(name) else Meaning.EQUAL


_KNOWN_MEANINGS: Final = {name: _meaning_of(name) for name in KNOWN}


def number_of(value: JSONValue) -> Decimal | None:
    """A number exactly as it was written; None for anything else, which truth values are too.

    The shortest decimal that names a double is what people wrote: 0.1 is one tenth here.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if isinstance(value, float):
        return Decimal(repr(value)) if math.isfinite(value) else None
    return Decimal(value)


def texts_in(value: JSONValue) -> tuple[str, ...] | None:
    """The texts of a set; None where it is no set of texts, or an empty one.

    A single text is a set of one: JSON-LD makes no difference, and whoever passes a document on may write either.
    """
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list) or not value:
        return None
    return tuple(value) if _TEXTS.issuperset(map(type, value)) else None  # type: ignore[arg-type]  # texts, all of them


def unreadable(name: str, value: JSONValue) -> str | None:
    """Why a constraint cannot be understood as its name demands; None where it can."""
    return _CAN_BE[meaning_of(name)](value)


def loosened(name: str, parent: JSONValue, child: JSONValue) -> str | None:
    """Why a child's constraint is looser than its parent's of the same name; None where it is equal or stricter.

    Returns:
        A sentence that names the constraint and quotes no value. What cannot be read on either side is looser.
    """
    meaning = meaning_of(name)
    fault_of = _CAN_BE[meaning]
    if (fault := fault_of(parent)) is not None:
        return f"{name}: its parent's value {fault}."
    # The very same is the common case, and can be read as its parent's can. Inside of objects true would pass for 1, so
    # those are looked at one by one.
    if meaning is not Meaning.EQUAL and type(parent) is type(child) and parent == child:
        return None
    if (fault := fault_of(child)) is not None:
        return f"{name}: the value {fault}."
    return None if _IS_STRICT[meaning](parent, child) else f"{name} {_LOOSE[meaning]}."


def _is_number(value: JSONValue) -> bool:
    kind = type(value)
    return kind is int or (isinstance(value, float) and math.isfinite(value))


def _number_fault(value: JSONValue) -> str | None:
    return None if _is_number(value) else "is not a number"


def _texts_fault(value: JSONValue) -> str | None:
    return None if texts_in(value) is not None else "is not an array of texts"


def _truth_fault(value: JSONValue) -> str | None:
    return None if isinstance(value, bool) else "is neither true nor false"


def _windows_fault(value: JSONValue) -> str | None:
    texts = texts_in(value)
    if texts is None:
        return "is not an array of texts"
    if len(texts) > WINDOWS_MOST:
        return f"has more than {WINDOWS_MOST} windows of time"
    try:
        for text in texts:
            read_window(text)
    except MalformedDocument:
        return "is not an array of windows of time"
    return None


def _null_fault(value: JSONValue) -> str | None:
    return "is null" if value is None else None


_CAN_BE: Final[Mapping[Meaning, Callable[[JSONValue], str | None]]] = {
    Meaning.AT_MOST: _number_fault,
    Meaning.AT_LEAST: _number_fault,
    Meaning.SUBSET: _texts_fault,
    Meaning.SUPERSET: _texts_fault,
    Meaning.ONLY_TO_TRUE: _truth_fault,
    Meaning.EQUAL: _null_fault,
    Meaning.WINDOWS: _windows_fault,
}


def _is_at_most(most: JSONValue, value: JSONValue) -> bool:
    # Whole numbers are safe ones here, so doubles compare as the shortest decimals do that name them.
    return isinstance(value, int | float) and isinstance(most, int | float) and value <= most


def _texts(value: JSONValue) -> frozenset[str]:
    return frozenset(texts_in(value) or ())


def _are_inside(parent: JSONValue, child: JSONValue) -> bool:
    around, inside = ([read_window(text) for text in _texts(value)] for value in (parent, child))
    return all(any(window.lies_inside(one) for one in around) for window in inside)


def _is_same(one: JSONValue, other: JSONValue) -> bool:
    """Whether two JSON values are one value: 1 and 1.0 are, true and 1 are not, and the order of an array counts."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_is_same(one[name], other[name]) for name in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_is_same(a, b) for a, b in zip(one, other, strict=True))
    if (number := number_of(one)) is not None:
        return number == number_of(other)
    return type(one) is type(other) and one == other


# Each is asked about values that can be read.
_IS_STRICT: Final[Mapping[Meaning, Callable[[JSONValue, JSONValue], bool]]] = {
    Meaning.AT_MOST: _is_at_most,
    Meaning.AT_LEAST: lambda parent, child: _is_at_most(child, parent),
    Meaning.SUBSET: lambda parent, child: _texts(child) <= _texts(parent),
    Meaning.SUPERSET: lambda parent, child: _texts(child) >= _texts(parent),
    Meaning.ONLY_TO_TRUE: lambda parent, child: child is True or parent is False,
    Meaning.EQUAL: _is_same,
    Meaning.WINDOWS: _are_inside,
}

_LOOSE: Final[Mapping[Meaning, str]] = {
    Meaning.AT_MOST: "is greater than its parent allows",
    Meaning.AT_LEAST: "is smaller than its parent demands",
    Meaning.SUBSET: "names what its parent does not",
    Meaning.SUPERSET: "leaves out what its parent names",
    Meaning.ONLY_TO_TRUE: "may only be turned on",
    Meaning.EQUAL: "is not what its parent says",
    Meaning.WINDOWS: "reaches beyond the hours of its parent",
}
