"""A schema for claims of which a part was kept back: it judges what is there, and asks for nothing to be there.

Whatever claims meet the schema whole, every part of them meets this one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sealwright.vc.schemas.keywords import HOLDING_LIST, HOLDING_MAP, HOLDING_ONE, resolve_local

# What asks for something beside what is there, or counts and numbers what may be missing.
_OF_THE_WHOLE: Final = frozenset(
    {
        *("required", "minProperties", "dependentRequired", "dependentSchemas"),
        *("anyOf", "oneOf", "not", "if", "then", "else"),
        *("minItems", "uniqueItems", "prefixItems", "contains", "minContains", "maxContains"),
        *("unevaluatedItems", "unevaluatedProperties"),
    }
)
_OF_VALUES: Final = frozenset({"const", "enum"})
_REFERENCE: Final = "$ref"


def partial_schema(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema without what only whole claims can meet.

    Args:
        schema: One that was registered: its references are local.
    """
    made = _relaxed(schema)
    _unlink(made, made)
    return made


def _relaxed(schema: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    # `items` means those behind `prefixItems`, and which item stood where cannot be told of a part.
    unsure = _OF_THE_WHOLE | {"items"} if "prefixItems" in schema else _OF_THE_WHOLE
    for keyword, value in schema.items():
        if keyword in unsure or (keyword in _OF_VALUES and _has_parts(keyword, value)):
            continue
        kept[keyword] = _inside(keyword, value)
    return kept


def _inside(keyword: str, value: Any) -> Any:
    if keyword in HOLDING_ONE and isinstance(value, Mapping):
        return _relaxed(value)
    if keyword in HOLDING_LIST and isinstance(value, list):
        return [_relaxed(item) if isinstance(item, Mapping) else item for item in value]
    if keyword in HOLDING_MAP and isinstance(value, Mapping):
        return {name: _relaxed(item) if isinstance(item, Mapping) else item for name, item in value.items()}
    return value


def _has_parts(keyword: str, value: Any) -> bool:
    values = value if keyword == "enum" and isinstance(value, list) else [value]
    return any(isinstance(one, dict | list) for one in values)


def _unlink(schema: dict[str, Any], root: Mapping[str, Any]) -> None:
    """Take out references to what was left out."""
    reference = schema.get(_REFERENCE)
    if isinstance(reference, str) and resolve_local(root, reference) is None:
        del schema[_REFERENCE]
    for keyword, value in schema.items():
        if keyword in HOLDING_ONE and isinstance(value, dict):
            _unlink(value, root)
        elif keyword in HOLDING_LIST and isinstance(value, list):
            for item in value:
                if isinstance(item, dict):
                    _unlink(item, root)
        elif keyword in HOLDING_MAP and isinstance(value, dict):
            for item in value.values():
                if isinstance(item, dict):
                    _unlink(item, root)
