"""Claims against their schema: every fault, each at its place, never a value."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.errors import ClaimsDoNotMatchSchema, SchemaInvalid, SchemaTooComplex
from sealwright.vc.schemas.validation import ClaimsValidator
from sealwright.vc.schemas.vetting import vet_schema

DEGREE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "degree": {
            "type": "object",
            "properties": {
                "type": {"type": "string"},
                "university": {"type": "string"},
                "graduationYear": {"type": "integer", "minimum": 1900, "maximum": 2100},
                "gpa": {"type": "number", "minimum": 0, "maximum": 10},
            },
            "required": ["type"],
            "additionalProperties": False,
        }
    },
    "required": ["degree"],
    "additionalProperties": False,
}


def faults(schema: dict[str, Any], claims: dict[str, Any]) -> list[tuple[str, str, str]]:
    vet_schema(schema)
    with pytest.raises(ClaimsDoNotMatchSchema) as refusal:
        ClaimsValidator(schema).check(claims)
    return [(fault.pointer, fault.code, fault.detail) for fault in refusal.value.faults]


def of(**definition: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": definition}}


@pytest.mark.parametrize(
    "claims",
    [
        {"degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}},
        {"degree": {"type": "BachelorDegree"}},
        {"degree": {"type": "x", "gpa": 4}},
        {"degree": {"type": "x", "gpa": 4.0}},
        {"degree": {"type": "x", "gpa": -0.0}},
    ],
    ids=repr,
)
def test_claims_that_match_are_taken(claims: dict[str, Any]) -> None:
    ClaimsValidator(DEGREE).check(claims)


def test_all_faults_are_told_at_once_in_document_order() -> None:
    assert faults(DEGREE, {"degree": {"graduationYear": "next", "university": 5, "extra": 1}, "more": 1}) == [
        ("/degree/graduationYear", "type", "must be an integer"),
        ("/degree/university", "type", "must be a string"),
        ("/degree/extra", "additionalProperties", "is not a member of this schema"),
        ("/degree/type", "required", "is missing"),
        ("/more", "additionalProperties", "is not a member of this schema"),
    ]


def test_a_missing_member_is_pointed_at_where_it_should_be() -> None:
    assert faults(DEGREE, {}) == [("/degree", "required", "is missing")]
    assert faults({"type": "object", "required": ["a/b"]}, {"x": 1}) == [("/a~1b", "required", "is missing")]


@pytest.mark.parametrize("year", [2000.0, "2000", True, None, [2000], 1899, 2101], ids=repr)
def test_an_integer_has_one_number_form(year: Any) -> None:
    ((pointer, _code, _detail),) = faults(DEGREE, {"degree": {"type": "x", "graduationYear": year}})
    assert pointer == "/degree/graduationYear"


@pytest.mark.parametrize(
    ("definition", "good", "bad"),
    [
        ({"type": ["integer", "string"]}, 3, 3.0),
        ({"type": ["integer", "number"]}, 3.0, "x"),
        ({"anyOf": [{"type": "integer"}, {"type": "string"}]}, "x", 3.0),
        ({"type": "array", "items": {"type": "integer"}}, [1], [1, 2.0]),
        ({"allOf": [{"type": "number"}, {"type": "integer"}]}, 3, 3.0),
        ({"const": 3}, 3.0, 4),
    ],
    ids=repr,
)
def test_whole_fractions_follow_the_type_that_is_asked_for(definition: dict[str, Any], good: Any, bad: Any) -> None:
    schema = {"type": "object", "properties": {"a": definition, "number": {"type": "number"}}}
    vet_schema(schema)
    ClaimsValidator(schema).check({"a": good, "number": 1.0})
    assert faults(schema, {"a": bad, "number": 1.0})


@pytest.mark.parametrize(
    ("definition", "value", "code", "detail"),
    [
        ({"enum": ["x", "y"]}, "secret", "enum", "is not one of the allowed values"),
        ({"const": "x"}, "secret", "const", "is not the required value"),
        ({"type": "string", "format": "date"}, "2030-02-30", "format", "must have the format date"),
        ({"type": "string", "format": "date-time"}, "2030-01-01", "format", "must have the format date-time"),
        ({"type": "string", "format": "uri"}, "no uri", "format", "must have the format uri"),
        ({"type": "string", "format": "email"}, "secret", "format", "must have the format email"),
        ({"type": "string", "format": "uuid"}, "secret", "format", "must have the format uuid"),
        ({"type": "string", "pattern": "^a"}, "secret", "pattern", "does not match the required pattern"),
        ({"type": "string", "maxLength": 3}, "secret", "maxLength", "is too long"),
        ({"type": "string", "minLength": 9}, "secret", "minLength", "is too short"),
        ({"type": "number", "minimum": 5}, 4.25, "minimum", "is too small"),
        ({"type": "number", "exclusiveMaximum": 5}, 5, "exclusiveMaximum", "is too large"),
        ({"type": "number", "multipleOf": 2}, 3, "multipleOf", "is not a multiple of the required step"),
        ({"type": "array", "uniqueItems": True}, [1, 1], "uniqueItems", "has items that are not unique"),
        ({"type": "array", "maxItems": 1}, [1, 2], "maxItems", "has too many items"),
        ({"type": "array", "contains": {"const": 5}}, [1], "contains", "holds no item of the required form"),
        ({"type": "object", "maxProperties": 1}, {"x": 1, "y": 2}, "maxProperties", "has too many members"),
        (
            {"type": "object", "propertyNames": {"maxLength": 2}},
            {"long": 1},
            "propertyNames",
            "has a member name that is not allowed",
        ),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, 4.25, "anyOf", "matches none of the allowed forms"),
        ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 3, "oneOf", "does not match exactly one of the allowed forms"),
        ({"not": {"type": "string"}}, "secret", "not", "has a form that is not allowed"),
        ({"type": ["string", "null"]}, 4.25, "type", "must be null or a string"),
    ],
    ids=repr,
)
def test_details_name_the_rule_and_never_the_value(
    definition: dict[str, Any], value: Any, code: str, detail: str
) -> None:
    found = faults(of(**definition), {"a": value})
    assert found == [("/a", code, detail)]
    assert "secret" not in repr(found)
    assert "4.25" not in repr(found)


def test_one_fault_per_pointer() -> None:
    found = faults(of(type="string", minLength=5, pattern="^x", enum=["xxxxxx"]), {"a": "no"})
    assert [pointer for pointer, _, _ in found] == ["/a"]


def test_faults_in_arrays_and_awkward_names_have_exact_pointers() -> None:
    schema = {
        "type": "object",
        "properties": {"a/b": {"type": "array", "items": {"type": "object", "required": ["m~n"]}}},
    }
    assert faults(schema, {"a/b": [{"m~n": 1}, {}]}) == [("/a~1b/1/m~0n", "required", "is missing")]


@pytest.mark.parametrize(
    ("schema", "claims"),
    [
        ({"type": "object", "properties": {"a": {"$ref": "#/$defs/s"}}, "$defs": {"s": {"type": "string"}}}, {"a": 1}),
        ({"type": "object", "if": {"required": ["a"]}, "then": {"required": ["b"]}}, {"a": 1}),
        ({"type": "object", "dependentRequired": {"a": ["b"]}}, {"a": 1}),
        ({"type": "object", "properties": {"a": False}}, {"a": 1}),
        ({"type": "object", "unevaluatedProperties": False}, {"a": 1}),
    ],
    ids=repr,
)
def test_keywords_that_reach_far_are_enforced(schema: dict[str, Any], claims: dict[str, Any]) -> None:
    assert len(faults(schema, claims)) == 1


def test_long_texts_are_refused_unread_where_a_pattern_stands() -> None:
    schema = of(type="string", pattern="^a*$")
    ClaimsValidator(schema).check({"a": "a" * 4_096})
    assert faults(schema, {"a": "a" * 4_097}) == [("/a", "maxLength", "is too long")]
    ClaimsValidator(of(type="string")).check({"a": "a" * 60_000})


def test_patterns_of_great_size_on_much_text_are_refused_before_they_run() -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"type": "array", "items": {"type": "string", "pattern": "[ab]*a[ab]{900}c"}}},
    }
    vet_schema(schema)
    validator = ClaimsValidator(schema)
    with pytest.raises(ClaimsDoNotMatchSchema):
        validator.check({"a": ["ab" * 100]})
    with pytest.raises(SchemaTooComplex):
        validator.check({"a": ["ab" * 2_000] * 100})


def test_many_small_patterns_do_not_add_up_where_they_meet_different_texts() -> None:
    name = {"type": "string", "pattern": "^[A-Z].{1,80}$"}
    schema = {"type": "object", "properties": {f"p{number}": name for number in range(40)}}
    vet_schema(schema)
    ClaimsValidator(schema).check({f"p{number}": "A" + "b" * 70 for number in range(40)})


def test_nothing_is_fetched_even_from_a_schema_that_was_not_vetted() -> None:
    for reference in ("https://example.com/s.json", "file:///etc/hostname"):
        with pytest.raises(SchemaInvalid):
            ClaimsValidator({"type": "object", "properties": {"a": {"$ref": reference}}})


def test_claims_are_not_altered() -> None:
    claims = {"degree": {"type": "x", "gpa": 4.0}}
    ClaimsValidator(DEGREE).check(claims)
    assert repr(claims) == "{'degree': {'type': 'x', 'gpa': 4.0}}"
