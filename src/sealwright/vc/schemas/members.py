"""Which members claims may have by their schema, wherever in it they are described.

A property may be described beside its siblings, behind a reference, in a branch of a choice or by a condition. For the
context all of these are one property, so they are gathered under its name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from sealwright.vc.errors import Fault, SchemaInvalid
from sealwright.vc.schemas.keywords import resolve_local

ObjectSchema: TypeAlias = Mapping[str, Any]

_IN_PLACE: Final = ("if", "then", "else")
_CHOICES: Final = ("allOf", "anyOf", "oneOf")
_ITEMS: Final = ("items", "contains", "unevaluatedItems")
_IDENTIFIER: Final = re.compile(r"\^(did|urn|https?|ipfs|mailto|tel):")
_KINDS: Final = ("string", "integer", "number", "boolean", "array", "object", "null")


@dataclass(frozen=True, slots=True)
class Place:
    """One place in claims: every subschema that may apply there, references followed.

    Args:
        path: Member names from the top of the claims; items of an array stand at the place of the array.
        schemas: As far as they are objects; a boolean schema says nothing about members.
    """

    path: tuple[str, ...]
    schemas: tuple[ObjectSchema, ...]

    @property
    def pointer(self) -> str:
        """Where the schema describes this place, as far as properties go; for refusals."""
        return "".join(f"/properties/{name.replace('~', '~0').replace('/', '~1')}" for name in self.path)

    def kinds(self) -> tuple[str, ...]:
        """JSON types that may stand here, as far as the schema names them."""
        found: set[str] = set()
        for schema in self.schemas:
            types = schema.get("type", ())
            found.update([types] if isinstance(types, str) else types)
        if not found and any("properties" in schema for schema in self.schemas):
            found = {"object"}
        return tuple(kind for kind in _KINDS if kind in found)

    def values(self) -> tuple[Any, ...] | None:
        """The values that `enum` or `const` lists; None where any value may stand."""
        for schema in self.schemas:
            if "const" in schema:
                return (schema["const"],)
            if "enum" in schema:
                return tuple(schema["enum"])
        return None

    def formats(self) -> frozenset[str]:
        """Every format asserted here."""
        return frozenset(schema["format"] for schema in self.schemas if "format" in schema)

    def identifier_scheme(self) -> str | None:
        """The scheme that every text here begins with, if a format or pattern makes it an absolute IRI."""
        if self.formats() & {"uri", "iri"}:
            return "urn"
        matches = (_IDENTIFIER.match(schema.get("pattern", "")) for schema in self.schemas)
        return next((match[1] for match in matches if match), None)

    def is_identifier(self) -> bool:
        """Whether a member ``id`` with these schemas names its object, rather than being a value like others."""
        return self.identifier_scheme() is not None


class Reader:
    """Walks the places of one vetted schema.

    Args:
        schema: Accepted by `vet_schema`: without cycles, every reference local and leading to a schema.
    """

    def __init__(self, schema: ObjectSchema) -> None:
        self._root = schema

    def top(self) -> Place:
        """The place of the claims themselves."""
        return self._place((), [self._root])

    def members(self, place: Place) -> dict[str, Place]:
        """The members described for objects at a place, in the order in which they are first described.

        Raises:
            SchemaInvalid: Members whose names the schema leaves open, or required ones that it does not describe.
        """
        found: dict[str, list[Any]] = {}
        for schema in place.schemas:
            self._check_closed(schema, place)
            for name, below in schema.get("properties", {}).items():
                if below is not False:
                    found.setdefault(name, []).append(below)
        for schema in place.schemas:
            for name in schema.get("required", ()):
                if name not in found:
                    refuse("A required member is not described by properties.", place.pointer)
        return {name: self._place((*place.path, name), schemas) for name, schemas in found.items()}

    def items(self, place: Place) -> Place | None:
        """The place of the items of arrays at a place; None where no array is described.

        Raises:
            SchemaInvalid: Arrays stand directly in arrays; their bounds could not be signed.
        """
        below = [schema[keyword] for schema in place.schemas for keyword in _ITEMS if keyword in schema]
        below += [item for schema in place.schemas for item in schema.get("prefixItems", ())]
        if not below and "array" not in place.kinds():
            return None
        items = self._place(place.path, below)
        if "array" in items.kinds() or any(key in schema for schema in items.schemas for key in _ITEMS):
            refuse("An array stands directly in an array; its bounds could not be signed.", place.pointer)
        return items

    def _check_closed(self, schema: ObjectSchema, place: Place) -> None:
        if schema.get("patternProperties"):
            refuse("Members named by a pattern cannot be defined in a context.", place.pointer)
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            if isinstance(schema.get(keyword), Mapping) and schema[keyword]:
                refuse("Members of any name cannot be defined in a context.", place.pointer)

    def _place(self, path: tuple[str, ...], schemas: Iterable[Any]) -> Place:
        return Place(path, tuple(found for schema in schemas for found in self._in_place(schema)))

    def _in_place(self, schema: Any) -> Iterator[ObjectSchema]:
        """A schema and all others that may apply to the same value."""
        if not isinstance(schema, Mapping):
            return
        yield schema
        if "$ref" in schema:
            yield from self._in_place(resolve_local(self._root, schema["$ref"]))
        for keyword in _CHOICES:
            for branch in schema.get(keyword, ()):
                yield from self._in_place(branch)
        for keyword in _IN_PLACE:
            yield from self._in_place(schema.get(keyword))
        for dependent in schema.get("dependentSchemas", {}).values():
            yield from self._in_place(dependent)


def refuse(detail: str, pointer: str) -> None:
    """Raise SchemaInvalid with a pointer into the schema."""
    raise SchemaInvalid(detail, faults=[Fault(pointer, "SCHEMA_INVALID", detail)], pointer=pointer)
