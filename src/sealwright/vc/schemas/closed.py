"""Credential schemas so narrow that whatever they allow has a form that every credential may carry.

Claims are judged by their form first (`reserved.check_claims`) and by their schema afterwards. Under a closed schema
the second judgment holds the first within it: every name is listed and none is reserved, nothing may be null or empty,
every number has both bounds and every array a length. What remains, the length of texts and U+0000 in them, shows in
the bytes of the row.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sealwright.vc.encoding.strict_json import MAX_SAFE_INTEGER
from sealwright.vc.schemas.reserved import MAX_ITEMS, MAX_MEMBERS, MAX_NAME_BYTES, MAX_TEXT_BYTES, RESERVED_AT_TOP

MAX_ROW_BYTES: Final = MAX_TEXT_BYTES // 4
"""A row of no more bytes holds no text, and together no members, that would be too much."""

_NO_FORM: Final = frozenset({"title", "description", "$comment", "examples", "default", "deprecated"})
_DRAFT: Final = frozenset({"$schema", "$id"})
_ANNOTATED: Final[Mapping[str, frozenset[str]]] = {
    "object": frozenset({"type", "properties", "required", "additionalProperties", "minProperties", "maxProperties"}),
    "array": frozenset({"type", "items", "minItems", "maxItems", "uniqueItems"}),
    "string": frozenset({"type", "minLength", "maxLength", "enum", "const", "format"}),
    "integer": frozenset({"type", "minimum", "maximum", "enum", "const", "multipleOf"}),
    "number": frozenset({"type", "minimum", "maximum", "enum", "const", "multipleOf"}),
    "boolean": frozenset({"type", "enum", "const"}),
}


def is_closed(schema: Mapping[str, Any]) -> bool:
    """Tell whether `check_claims` refuses, and `normalize_numbers` changes, none of the claims that a schema allows.

    That holds for claims that stand in a row of at most MAX_ROW_BYTES, without an escape for U+0000 and without a
    number that ends in ``.0``, as our own encoder writes them. False where this is not plain to see.
    """
    return _is_closed_object(schema, RESERVED_AT_TOP, is_top=True)


def _is_closed_object(schema: Mapping[str, Any], reserved: frozenset[str], *, is_top: bool) -> bool:
    allowed = _ANNOTATED["object"] | _NO_FORM | (_DRAFT if is_top else frozenset())
    properties = schema.get("properties", {})
    return (
        schema.get("type") == "object"
        and schema.get("additionalProperties") is False
        and set(schema) <= allowed
        and len(properties) <= MAX_MEMBERS
        and (is_top or bool(schema.get("required")) or schema.get("minProperties", 0) >= 1)
        and all(_is_plain_name(name) and name not in reserved for name in properties)
        and all(_is_closed(below) for below in properties.values())
    )


def _is_plain_name(name: str) -> bool:
    return not name.startswith("@") and len(name) <= MAX_NAME_BYTES // 4 and "\x00" not in name


def _is_closed(schema: Any) -> bool:
    if not isinstance(schema, Mapping):
        return False
    kind = schema.get("type")
    if kind == "object":
        return _is_closed_object(schema, frozenset(), is_top=False)
    if not isinstance(kind, str) or kind not in _ANNOTATED or not set(schema) <= _ANNOTATED[kind] | _NO_FORM:
        return False
    if kind == "array":
        return (
            schema.get("minItems", 0) >= 1
            and schema.get("maxItems", MAX_ITEMS + 1) <= MAX_ITEMS
            and _is_closed(schema.get("items"))
        )
    if kind in ("integer", "number"):
        # Within these bounds our encoder writes no exponent, so that a whole number shows as one.
        return _is_bound(schema.get("minimum")) and _is_bound(schema.get("maximum"))
    return True


def _is_bound(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_SAFE_INTEGER // 16
