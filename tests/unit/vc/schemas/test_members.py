"""Which members claims may have, wherever their schema describes them."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.errors import SchemaInvalid
from sealwright.vc.schemas.members import Reader


def reader(**schema: Any) -> Reader:
    return Reader({"type": "object", **schema})


def test_members_of_all_branches_are_gathered_under_their_names() -> None:
    found = reader(
        properties={"a": {"type": "string"}, "never": False},
        oneOf=[{"properties": {"a": {"type": "integer"}}}, {"$ref": "#/$defs/x"}],
        **{"$defs": {"x": {"properties": {"b": True}}}},
    )
    members = found.members(found.top())
    assert list(members) == ["a", "b"]
    assert members["a"].kinds() == ("string", "integer")
    assert members["b"].kinds() == ()
    assert members["a"].path == ("a",)


def test_items_stand_at_the_place_of_their_array() -> None:
    found = reader(properties={"a": {"type": "array", "prefixItems": [{"const": 1}], "items": {"enum": ["x"]}}})
    items = found.items(found.members(found.top())["a"])
    assert items is not None
    assert items.path == ("a",)
    assert items.values() == ("x",)
    assert found.items(found.top()) is None


def test_conditions_under_not_describe_nothing() -> None:
    found = reader(properties={"a": True}, **{"not": {"properties": {"b": {"type": "string"}}}})
    assert list(found.members(found.top())) == ["a"]


@pytest.mark.parametrize(
    "schema",
    [
        {"patternProperties": {"x": True}},
        {"additionalProperties": {"type": "string"}},
        {"unevaluatedProperties": {"type": "string"}},
        {"allOf": [{"additionalProperties": {"type": "string"}}]},
        {"properties": {"a": True}, "required": ["a", "b"]},
    ],
    ids=repr,
)
def test_open_names_are_refused(schema: dict[str, Any]) -> None:
    found = reader(**schema)
    with pytest.raises(SchemaInvalid):
        found.members(found.top())


@pytest.mark.parametrize(
    "schema", [{"additionalProperties": False}, {"additionalProperties": True}, {"additionalProperties": {}}]
)
def test_closed_or_silent_schemas_are_taken(schema: dict[str, Any]) -> None:
    found = reader(properties={"a": True}, **schema)
    assert list(found.members(found.top())) == ["a"]
