"""Which JSON Schema keywords exist for us, and where subschemas stand below them.

The lists are closed: a validator that passes over a keyword it does not know enforces less than the schema says.

Spec: JSON Schema 2020-12, Core and Validation.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from sealwright.vc.encoding.pointers import child

Schema: TypeAlias = Mapping[str, Any] | bool

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

HOLDING_ONE: Final = frozenset(
    {
        "additionalProperties",
        "contains",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
HOLDING_LIST: Final = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
HOLDING_MAP: Final = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
PLAIN: Final = frozenset(
    {
        "$comment",
        "$id",
        "$ref",
        "$schema",
        "const",
        "default",
        "dependentRequired",
        "deprecated",
        "description",
        "enum",
        "examples",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "format",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "pattern",
        "readOnly",
        "required",
        "title",
        "type",
        "uniqueItems",
        "writeOnly",
    }
)
KNOWN: Final = HOLDING_ONE | HOLDING_LIST | HOLDING_MAP | PLAIN

FORMATS: Final = frozenset(
    {
        "date",
        "date-time",
        "duration",
        "email",
        "hostname",
        "ipv4",
        "ipv6",
        "iri",
        "json-pointer",
        "time",
        "uri",
        "uri-reference",
        "uuid",
    }
)
"""Formats that the validator asserts; any other would be a promise nobody keeps."""


def subschemas(schema: Mapping[str, Any], pointer: str = "") -> Iterator[tuple[str, str, Schema]]:
    """Yield (keyword, pointer, subschema) for each schema directly below one."""
    for keyword, value in schema.items():
        at = child(pointer, keyword)
        if keyword in HOLDING_ONE:
            yield keyword, at, value
        elif keyword in HOLDING_LIST and isinstance(value, Sequence):
            for index, item in enumerate(value):
                yield keyword, child(at, index), item
        elif keyword in HOLDING_MAP and isinstance(value, Mapping):
            for name, item in value.items():
                yield keyword, child(at, name), item


def resolve_local(root: Mapping[str, Any], reference: str) -> Any:
    """What a local reference (``#`` and a JSON pointer) leads to; None where it leads nowhere.

    Spec: RFC 6901, "URI Fragment Identifier Representation".
    """
    node: Any = root
    for token in reference[1:].split("/")[1:]:
        name = token.replace("~1", "/").replace("~0", "~")
        if isinstance(node, Mapping) and name in node:
            node = node[name]
        elif isinstance(node, list) and name.isdecimal() and int(name) < len(node):
            node = node[int(name)]
        else:
            return None
    return node
