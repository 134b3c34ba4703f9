"""Schemas for a part of the claims: every part of claims that meet the whole schema meets this one."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Any

import pytest

from sealwright.services.catalog_builtin import list_builtin
from sealwright.vc.errors import ClaimsDoNotMatchSchema
from sealwright.vc.schemas.partial import partial_schema
from sealwright.vc.schemas.validation import ClaimsValidator

STRICT: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "type": "object",
    "required": ["degree", "name"],
    "minProperties": 2,
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 2},
        "degree": {"$ref": "#/$defs/degree"},
        "fixed": {"const": {"a": 1, "b": 2}},
        "kind": {"enum": ["x", "y"]},
        "marks": {
            "type": "array",
            "minItems": 2,
            "uniqueItems": True,
            "items": {"type": "object", "required": ["by"], "properties": {"by": {"type": "string"}}},
        },
    },
    "dependentRequired": {"name": ["degree"]},
    "anyOf": [{"required": ["name"]}, {"required": ["kind"]}],
    "if": {"properties": {"kind": {"const": "x"}}},
    "then": {"required": ["marks"]},
    "$defs": {
        "degree": {
            "type": "object",
            "required": ["type", "gpa"],
            "additionalProperties": False,
            "properties": {
                "type": {"type": "string"},
                "gpa": {"type": "number", "maximum": 4},
                "at": {"$ref": "#/anyOf/0"},
            },
        }
    },
}
CLAIMS: dict[str, Any] = {
    "name": "Alex",
    "degree": {"type": "BSc", "gpa": 3.8, "at": {"name": "MIT"}},
    "fixed": {"a": 1, "b": 2},
    "kind": "x",
    "marks": [{"by": "a", "at": 1}, {"by": "b", "at": 1}],
}


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    found = False
    for step, inner in items:
        found = True
        yield from leaves(inner, (*path, step))
    if not found:
        yield path


def without(claims: Mapping[str, Any], paths: tuple[tuple[Any, ...], ...]) -> dict[str, Any]:
    """The claims with some leaves gone, and whatever is empty then; items are taken out from the end."""
    left = copy.deepcopy(dict(claims))
    for path in sorted(paths, reverse=True, key=str):
        node: Any = left
        for step in path[:-1]:
            node = node[step]
        del node[path[-1]]
    return dict(_pruned(left))


def _pruned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: inner for name, one in value.items() if (inner := _pruned(one)) not in ({}, [])}
    if isinstance(value, list):
        return [inner for one in value if (inner := _pruned(one)) not in ({}, [])]
    return value


def test_every_part_of_good_claims_is_good() -> None:
    whole, part = ClaimsValidator(STRICT), ClaimsValidator(partial_schema(STRICT))
    whole.check(CLAIMS)
    every = list(leaves(CLAIMS))
    tried = 0
    for count in range(len(every)):
        for hidden in combinations(every, count):
            part.check(without(CLAIMS, hidden))
            tried += 1
    assert tried == 2 ** len(every) - 1
    assert len(every) == 11
    with pytest.raises(ClaimsDoNotMatchSchema):
        whole.check(without(CLAIMS, (("degree", "type"),)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "A"},
        {"name": 5},
        {"degree": {"gpa": 4.5}},
        {"degree": {"gpa": "3.8"}},
        {"degree": {"shoe": 1}},
        {"shoe": 1},
        {"kind": "z"},
        {"marks": [{"by": 5}]},
        {"marks": "none"},
    ],
)
def test_what_is_there_is_still_judged(wrong: dict[str, Any]) -> None:
    with pytest.raises(ClaimsDoNotMatchSchema):
        ClaimsValidator(partial_schema(STRICT)).check(wrong)


def test_the_schema_given_stays_as_it_is() -> None:
    before = copy.deepcopy(STRICT)
    partial_schema(STRICT)
    assert before == STRICT


def test_every_schema_of_ours_has_one() -> None:
    schemas = [dict(one.schema) for one in list_builtin()]
    assert len(schemas) >= 4
    for schema in schemas:
        ClaimsValidator(partial_schema(schema)).check({})
