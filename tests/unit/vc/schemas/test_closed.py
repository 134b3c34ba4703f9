"""Closed schemas: whatever they allow passes the judgment of form too, so that one look says both."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sealwright.services.bulk_rows import read_row
from sealwright.services.catalog_builtin import UNIVERSITY_DEGREE, list_builtin
from sealwright.vc.encoding.strict_json import dump_json
from sealwright.vc.errors import VcError
from sealwright.vc.schemas.closed import is_closed
from sealwright.vc.schemas.reserved import check_claims, normalize_numbers
from sealwright.vc.schemas.validation import ClaimsValidator

DEGREE = next(one.schema for one in list_builtin() if one.schema_id == UNIVERSITY_DEGREE)
NUMBER = {"type": "number", "minimum": -10, "maximum": 10}
WIDE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "text": {"type": "string", "title": "A text"},
        "choice": {"type": "string", "enum": ["a", "b"]},
        "truth": {"type": "boolean"},
        "whole": {"type": "integer", "minimum": -5, "maximum": 5},
        "list": {"type": "array", "minItems": 1, "maxItems": 3, "items": NUMBER},
        "below": {
            "type": "object",
            "additionalProperties": False,
            "required": ["id"],
            "properties": {"id": {"type": "string"}, "type": {"type": "string", "format": "date"}},
        },
    },
}


def _with(**changes: Any) -> dict[str, Any]:
    return {**WIDE, **changes}


def _holding(place: object) -> dict[str, Any]:
    return _with(properties={"place": place})


def test_the_degree_and_other_narrow_schemas_are_closed() -> None:
    assert is_closed(DEGREE)
    assert is_closed(WIDE)


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param(_with(additionalProperties=True), id="names are open"),
        pytest.param(_with(type=["object", "null"]), id="several types"),
        pytest.param(_with(anyOf=[{}]), id="another keyword at the top"),
        pytest.param(_holding(True), id="anything"),
        pytest.param(_holding({}), id="any type"),
        pytest.param(_holding({"type": ["string", "null"]}), id="perhaps null"),
        pytest.param(_holding({"type": "number", "minimum": 0}), id="no upper bound"),
        pytest.param(_holding({"type": "integer", "minimum": 0, "maximum": 2**53}), id="beyond safe integers"),
        pytest.param(_holding({"type": "array", "items": NUMBER, "maxItems": 3}), id="an array that may be empty"),
        pytest.param(_holding({"type": "array", "items": NUMBER, "minItems": 1}), id="an array without an end"),
        pytest.param(_holding({"type": "array", "minItems": 1, "maxItems": 2}), id="items of any kind"),
        pytest.param(_holding({"type": "object", "additionalProperties": False}), id="an object that may be empty"),
        pytest.param(_holding({"$ref": "#/$defs/x"}), id="a reference"),
        pytest.param(_with(properties={"issuer": {"type": "string"}}), id="a reserved name"),
        pytest.param(_with(properties={"@id": {"type": "string"}}), id="a keyword as a name"),
        pytest.param(_with(properties={"x" * 65: {"type": "string"}}), id="a long name"),
    ],
)
def test_schemas_that_leave_something_open_are_not(schema: dict[str, Any]) -> None:
    assert not is_closed(schema)


TEXTS = st.one_of(
    st.text(max_size=8), st.sampled_from(["a", "b", "\x00", "1.0,", "2026-02-29", "2026-02-28", "x" * 20_000])
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    TEXTS,
    st.integers(-7, 7),
    st.sampled_from([2**53, -(2**53), 1.0, -0.0, 1e16, 0.5, 1e-9, 9.0]),
    st.floats(-11, 11),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(["id", "type", "x", "@id"]), inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = st.sampled_from([*WIDE["properties"], "degree", "id", "other", "@context"])
CLAIMS = st.dictionaries(NAMES, VALUES, max_size=6)
DEGREES = st.fixed_dictionaries(
    {"degree": st.dictionaries(st.sampled_from(["type", "name", "graduationYear", "gpa", "x"]), SCALARS, max_size=4)}
)


def _judged(validator: ClaimsValidator, claims: Any) -> object:
    try:
        check_claims(claims)
        validator.check(claims)
    except VcError as error:
        return type(error), error.faults
    return json.dumps(normalize_numbers(claims))


def _judged_quickly(validator: ClaimsValidator, claims: Any, *, is_plain: bool) -> object:
    if is_plain and validator.clears(claims):
        return json.dumps(claims)
    return _judged(validator, claims)


WIDE_VALIDATOR, DEGREE_VALIDATOR = ClaimsValidator(WIDE), ClaimsValidator(DEGREE)


@settings(max_examples=300, deadline=None)
@given(claims=st.one_of(CLAIMS, DEGREES), blanks=st.booleans())
def test_the_quick_look_and_the_walks_refuse_alike(claims: dict[str, Any], blanks: bool) -> None:
    """Whatever the claims are: the same refusal with the same faults, or the same claims to be signed."""
    members = {"holderDid": "did:adi:x", "claims": claims}
    line = json.dumps(members).encode() if blanks else dump_json(members)
    try:
        row = read_row(line)
    except VcError:
        return
    for validator in (WIDE_VALIDATOR, DEGREE_VALIDATOR):
        quick = _judged_quickly(validator, row.claims, is_plain=row.is_plain)
        assert quick == _judged(validator, row.claims)


def test_plain_rows_take_the_quick_look() -> None:
    claims = {"degree": {"type": "BachelorDegree", "gpa": 2.075, "graduationYear": 2025}}
    row = read_row(dump_json({"holderDid": "did:adi:x", "claims": claims}))
    assert row.is_plain
    assert DEGREE_VALIDATOR.clears(row.claims)
