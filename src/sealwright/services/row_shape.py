"""What a row may hold under a credential schema: its places, in order, and what each takes.

A row is an object of `holderDid`, `claims`, and perhaps `expirationDate` and `email`; a table has one column for each
place that is no object. Columns are named by the path: ``degree.university``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sealwright.vc.encoding.pointers import child
from sealwright.vc.encoding.strict_json import JSONValue, parse_json
from sealwright.vc.errors import SchemaInvalid
from sealwright.vc.schemas.members import Place, Reader
from sealwright.vc.schemas.samples import sample_claims

HOLDER: Final = "holderDid"
CLAIMS: Final = "claims"
EXPIRATION: Final = "expirationDate"
EMAIL: Final = "email"


class CellKind(StrEnum):
    """What the text of a cell becomes."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"


@dataclass(frozen=True, slots=True)
class CellPlace:
    """One place of a row that a cell may fill.

    Args:
        path: Member names from the row's top: ``("claims", "degree", "university")``.
        name: The column's name as templates write it.
        values: What alone may stand there, if the schema lists it.
        is_list: An array of such values; a cell holds several, with semicolons between.
        required: A row without it cannot be issued.
    """

    path: tuple[str, ...]
    name: str
    kind: CellKind
    values: tuple[JSONValue, ...] = ()
    is_list: bool = False
    required: bool = False

    @property
    def pointer(self) -> str:
        """The JSON pointer into the row."""
        pointer = ""
        for step in self.path:
            pointer = child(pointer, step)
        return pointer


class RowShape:
    """The places of rows under one credential schema.

    Args:
        schema: Vetted, as it was registered.
    """

    def __init__(self, schema: Mapping[str, Any]) -> None:
        self.claims: tuple[CellPlace, ...] = tuple(_leaves(schema))
        self.places: tuple[CellPlace, ...] = (
            CellPlace((HOLDER,), HOLDER, CellKind.TEXT, required=True),
            CellPlace((EXPIRATION,), EXPIRATION, CellKind.MOMENT),
            CellPlace((EMAIL,), EMAIL, CellKind.TEXT),
            *self.claims,
        )
        self.by_pointer: Mapping[str, CellPlace] = {place.pointer: place for place in self.places}
        self._schema = schema

    @classmethod
    def of(cls, content: bytes) -> RowShape:
        """Read the shape out of a registered schema's content."""
        schema = parse_json(content)
        assert isinstance(schema, dict)
        return cls(schema)

    def sample(self) -> dict[str, Any]:
        """Claims of the full shape with likely values, for templates."""
        return sample_claims(self._schema)


def _leaves(schema: Mapping[str, Any]) -> Iterator[CellPlace]:
    reader = Reader(schema)
    try:
        yield from _below(reader, reader.top(), required=True)
    except SchemaInvalid:
        # A schema of other offices may leave names open; its rows come as JSON then, or by a mapping of what is named.
        return


def _below(reader: Reader, place: Place, *, required: bool) -> Iterator[CellPlace]:
    demanded = {name for schema in place.schemas for name in schema.get("required", ())}
    for name, below in reader.members(place).items():
        needed = required and name in demanded
        kinds = below.kinds()
        if "object" in kinds:
            yield from _below(reader, below, required=needed)
        elif "array" in kinds:
            items = reader.items(below)
            if items is not None and "object" not in items.kinds():
                yield _leaf(items, below.path, is_list=True, required=needed)
        else:
            yield _leaf(below, below.path, is_list=False, required=needed)


def _leaf(place: Place, path: tuple[str, ...], *, is_list: bool, required: bool) -> CellPlace:
    return CellPlace(
        (CLAIMS, *path),
        ".".join(path),
        _kind(place),
        values=place.values() or (),
        is_list=is_list,
        required=required,
    )


def _kind(place: Place) -> CellKind:
    kinds = place.kinds()
    if "string" in kinds or not kinds:
        formats = place.formats()
        if "date" in formats:
            return CellKind.DATE
        return CellKind.MOMENT if "date-time" in formats else CellKind.TEXT
    for kind in ("integer", "number", "boolean"):
        # A place that takes both sorts of numbers takes any number.
        if kind in kinds and not (kind == "integer" and "number" in kinds):
            return CellKind(kind)
    return CellKind.TEXT
