"""Credential schemas that may not be registered, and those that may."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.errors import SchemaInvalid, SchemaRefNotAllowed, SchemaTooComplex, VcError
from sealwright.vc.schemas.vetting import vet_schema


def schema(**more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": {"type": "string"}}, **more}


def prop(**definition: Any) -> dict[str, Any]:
    return schema(properties={"a": definition})


def nested(levels: int) -> dict[str, Any]:
    inner: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        inner = {"type": "object", "properties": {"a": inner}}
    return inner


def doubling(levels: int) -> dict[str, Any]:
    """Each definition names the one before it twice: n lines that come to 2^n."""
    definitions: dict[str, Any] = {"d0": {"type": "string"}}
    for number in range(1, levels):
        below = {"$ref": f"#/$defs/d{number - 1}"}
        definitions[f"d{number}"] = {"type": "object", "properties": {"l": below, "r": below.copy()}}
    return schema(**{"$defs": definitions, "properties": {"a": {"$ref": f"#/$defs/d{levels - 1}"}}})


@pytest.mark.parametrize(
    "accepted",
    [
        schema(),
        schema(
            **{"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "https://cred.example/s", "title": "x"}
        ),
        schema(required=["a"], additionalProperties=False, dependentRequired={"a": ["a"]}, minProperties=1),
        prop(type="string", pattern="^[A-Z]{2}\\d+$", minLength=1, maxLength=80),
        prop(type="number", minimum=0, exclusiveMaximum=10, multipleOf=0.1),
        prop(type="array", items={"type": "string", "format": "date"}, uniqueItems=True, maxItems=3),
        prop(enum=["x", 1, None], default="x", examples=[{"$ref": "elsewhere"}], deprecated=True),
        schema(
            **{
                "$defs": {"n": {"type": "integer"}},
                "properties": {"a": {"$ref": "#/$defs/n"}, "b": {"$ref": "#/$defs/n"}},
            }
        ),
        schema(
            allOf=[{"if": {"required": ["a"]}, "then": {"required": ["b"]}, "else": False}], unevaluatedProperties=False
        ),
        schema(properties={"$ref": {"type": "string"}, "unknown": True, "pattern": {"type": "string"}}),
        nested(10),
        doubling(6),
    ],
    ids=lambda value: repr(value)[:50],
)
def test_vet_takes_schemas_it_understands(accepted: dict[str, Any]) -> None:
    vet_schema(accepted)


@pytest.mark.parametrize(
    ("refused", "pointer"),
    [
        ([], ""),
        (True, ""),
        ({"type": "string"}, "/type"),
        ({"properties": {}}, "/type"),
        (schema(**{"$schema": "http://json-schema.org/draft-07/schema#"}), "/$schema"),
        (schema(definitions={}), "/definitions"),
        (schema(nullable=True), "/nullable"),
        (prop(**{"$dynamicRef": "#x"}), "/properties/a/$dynamicRef"),
        (prop(**{"$anchor": "x"}), "/properties/a/$anchor"),
        (prop(**{"$id": "https://cred.example/inner"}), "/properties/a"),
        (prop(type="strin"), "/properties/a/type"),
        (prop(minLength=-1), "/properties/a/minLength"),
        (prop(required="a"), "/properties/a/required"),
        (prop(format="colour"), "/properties/a/format"),
        (prop(format="regex"), "/properties/a/format"),
        (prop(**{"$ref": "#/$defs/none"}), "/properties/a/$ref"),
        (prop(**{"$ref": "#a"}), "/properties/a/$ref"),
        (prop(**{"$ref": 5}), "/properties/a/$ref"),
        (prop(**{"$ref": "#/title"}), "/properties/a/$ref"),
        (schema(examples=[{"evil": 1}], properties={"a": {"$ref": "#/examples/0"}}), "/properties/a/$ref"),
        (prop(items=5), "/properties/a/items"),
        (prop(pattern=5), "/properties/a/pattern"),
        (schema(allOf=[{"x-hint": 1}]), "/allOf/0/x-hint"),
        (schema(const=b"bytes"), ""),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_vet_refuses_what_it_would_not_enforce(refused: Any, pointer: str) -> None:
    with pytest.raises(SchemaInvalid) as refusal:
        vet_schema(refused)
    assert refusal.value.pointer == pointer


@pytest.mark.parametrize(
    "reference",
    [
        "https://example.com/s",
        "file:///etc/passwd",
        "other.json",
        "http://127.0.0.1/",
        "/abs",
        "",
        "?x#/$defs/a",
        "//h/p",
    ],
)
def test_vet_refuses_references_that_leave_the_document(reference: str) -> None:
    with pytest.raises(SchemaRefNotAllowed) as refusal:
        vet_schema(prop(**{"$ref": reference}))
    assert refusal.value.pointer == "/properties/a/$ref"


@pytest.mark.parametrize(
    "refused",
    [
        prop(**{"$ref": "#"}),
        schema(**{"$defs": {"x": {"$ref": "#/$defs/x"}}, "properties": {"a": {"$ref": "#/$defs/x"}}}),
        schema(
            **{
                "$defs": {"x": {"items": {"$ref": "#/$defs/y"}}, "y": {"not": {"$ref": "#/$defs/x"}}},
                "properties": {"a": {"$ref": "#/$defs/y"}},
            }
        ),
        doubling(20),
        doubling(400),
        nested(40),
        nested(600),
        schema(properties={f"p{n}": {"type": "string"} for n in range(3_000)}),
        schema(description="x" * 300_000),
        prop(pattern="(?=a)b"),
        prop(pattern="(?!a)b"),
        prop(pattern="(?<=a)b"),
        prop(pattern="(a)\\1"),
        prop(pattern="("),
        prop(pattern="(a{1000}){1000}"),
        prop(pattern="a" * 1_025),
        schema(patternProperties={"(?=a)b": {"type": "string"}}),
        schema(properties={f"p{n}": {"pattern": "a"} for n in range(201)}),
    ],
)
def test_vet_refuses_what_could_take_too_long(refused: dict[str, Any]) -> None:
    with pytest.raises(SchemaTooComplex):
        vet_schema(refused)


def test_every_refusal_is_of_the_schema_tree() -> None:
    for refused in (
        prop(format=5),
        prop(pattern=None),
        prop(**{"$ref": None}),
        schema(**{"$schema": 5}),
        {"type": "object", 5: 6},
    ):
        with pytest.raises(VcError) as refusal:
            vet_schema(refused)  # type: ignore[arg-type]
        assert type(refusal.value).__name__.startswith("Schema")
