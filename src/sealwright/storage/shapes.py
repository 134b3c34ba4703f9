"""Values whose members are named as the columns of their table, to rows and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec
from sqlalchemy.engine import Row

from sealwright.storage.column_types import seconds_of
from sealwright.storage.json_columns import json_text

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Code:
    """How a member becomes the value of a column, and back; None stays None."""

    write: Callable[[Any], object]
    read: Callable[[Any], object]


def named(kind: type[StrEnum]) -> Code:
    """Write one of few names as its text."""
    return Code(lambda value: value.value, kind)


def json_of(kind: object) -> Code:
    """Write lists and objects as JSON text; `kind` is the type that they are read as."""
    decoder = msgspec.json.Decoder(kind)
    return Code(json_text, decoder.decode)


class Shape(Generic[T]):
    """One kind of value; the members that a column cannot hold as they are have codes."""

    def __init__(self, kind: type[T], codes: Mapping[str, Code]) -> None:
        self._make: Callable[..., T] = kind
        self._members = tuple((one.name, codes.get(one.name)) for one in fields(kind))

    @property
    def names(self) -> tuple[str, ...]:
        """The members' names, which are those of the columns."""
        return tuple(name for name, _ in self._members)

    def values(self, value: T) -> dict[str, object]:
        """Give a value as a row."""
        found: dict[str, object] = {}
        for name, code in self._members:
            member = getattr(value, name)
            found[name] = member if code is None or member is None else code.write(member)
        return found

    def driver_values(self, value: T) -> tuple[object, ...]:
        """Give a value as drivers take it, in the order of `names`: moments as seconds."""
        return tuple(seconds_of(one) if isinstance(one, datetime) else one for one in self.values(value).values())

    def read(self, row: Row[Any]) -> T:
        """Read a value from a row that has at least the columns of its members."""
        row_of = row._mapping
        members = {
            name: row_of[name] if code is None or row_of[name] is None else code.read(row_of[name])
            for name, code in self._members
        }
        return self._make(**members)

    def optional(self, row: Row[Any] | None) -> T | None:
        """Read a value, None where there is no row."""
        return None if row is None else self.read(row)
