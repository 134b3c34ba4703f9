"""Sample claims made from schemas."""

from __future__ import annotations

from typing import Any

import pytest

from sealwright.vc.schemas.samples import MAX_SAMPLES, Sampler, sample_claims
from sealwright.vc.schemas.validation import ClaimsValidator
from sealwright.vc.schemas.vetting import vet_schema


def of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


SCHEMA = of(
    {
        "text": {"type": "string", "minLength": 40},
        "day": {"type": "string", "format": "date"},
        "mail": {"type": "string", "format": "email"},
        "year": {"type": "integer", "minimum": 1900, "maximum": 2100},
        "gpa": {"type": "number", "minimum": 0, "maximum": 100},
        "flag": {"type": "boolean"},
        "kind": {"enum": [None, "one", "two"]},
        "fixed": {"const": 7},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 1},
        "either": {"type": ["string", "integer", "null"]},
        "nested": of({"a": {"type": "string"}, "b": {"type": "string"}}, required=["a"]),
        "list": {"type": "array", "items": of({"c": {"type": "boolean"}})},
    },
    required=["text", "nested"],
)


def test_full_sample_has_every_member_and_matches_the_schema() -> None:
    vet_schema(SCHEMA)
    claims = sample_claims(SCHEMA)
    assert list(claims) == list(SCHEMA["properties"])
    assert claims["kind"] == "one"
    assert claims["nested"].keys() == {"a", "b"}
    ClaimsValidator(SCHEMA).check(claims)


def test_all_shapes_hold_the_least_one_and_each_other_form_once() -> None:
    samples = list(Sampler(SCHEMA).all())
    least = samples[1]
    assert list(least) == ["text", "nested"]
    assert list(least["nested"]) == ["a"]
    assert any(isinstance(sample["either"], int) for sample in samples[2:])
    assert any(sample["kind"] == "two" for sample in samples[2:])
    for sample in samples:
        ClaimsValidator(SCHEMA).check(sample)


def test_marked_samples_have_no_two_leaves_alike() -> None:
    claims = Sampler(SCHEMA, marked=True).full()
    marks = [
        claims["text"],
        claims["day"],
        claims["year"],
        claims["gpa"],
        claims["tags"][0],
        *claims["nested"].values(),
    ]
    assert len(set(marks)) == len(marks)
    assert all(mark.startswith("sample-mark-") for mark in marks if isinstance(mark, str))


def test_the_number_of_samples_is_bounded() -> None:
    schema = of({f"p{number}": {"enum": [f"v{index}" for index in range(20)]} for number in range(50)})
    assert len(list(Sampler(schema).all())) == MAX_SAMPLES + 2


@pytest.mark.parametrize("definition", [{}, {"type": "null"}, {"enum": [None]}, {"type": "array"}], ids=repr)
def test_places_that_say_little_get_some_signable_value(definition: dict[str, Any]) -> None:
    value = sample_claims(of({"a": definition}))["a"]
    assert value not in (None, [], {})


def test_identifiers_are_sampled_as_such() -> None:
    schema = of({"card": of({"id": {"type": "string", "pattern": "^did:adi:"}, "x": {"type": "string"}})})
    assert sample_claims(schema)["card"]["id"].startswith("did:")
