"""A credential schema becomes fields, and what is typed becomes claims that the schema takes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sealwright.services.catalog_builtin import BuiltinSchema, list_builtin
from sealwright.vc.encoding.strict_json import JSONValue
from sealwright.web.panel.claims_form import (
    NOT_JSON,
    NOT_NUMBER,
    NOT_WHOLE,
    ClaimFault,
    Control,
    claim_fields,
    read_claims,
)

BUILTIN = {one.name: one for one in list_builtin()}


def retyped(schema: Mapping[str, object], claims: Mapping[str, JSONValue]) -> dict[str, str]:
    """What a browser sends when a filled form is sent as it is."""
    typed: dict[str, str] = {}
    for one in claim_fields(schema, claims):
        if one.control is Control.BOXES:
            typed |= {f"{one.pointer}#{choice}": "1" for choice in one.ticked}
        elif one.is_asked:
            typed[one.pointer] = one.value
    return typed


FULL: dict[str, dict[str, JSONValue]] = {
    "university-degree": {
        "degree": {"type": "BachelorDegree", "university": "MIT", "graduationYear": 2025, "gpa": 3.8}
    },
    "dpw-certified": {
        "qualification": "dpw_certified",
        "areas": ["drainage", "tree_care"],
        "level": "journey",
        "trainedOn": "2026-11-12",
    },
    "sfluv-verifier": {
        "qualification": "sfluv_verifier",
        "neighborhoods": ["Mission", "陳大文街"],
        "appointedAt": "2026-11-12T09:30:00Z",
    },
    "agent-delegation": {
        "delegator": "did:adi:issuer001",
        "delegate": "did:adi:agent:7f3a",
        "scope": ["pay", "read"],
        "constraints": {"maxCallsPerDay": 5, "requireApproval": False},
        "maxDepth": 0,
    },
}


@pytest.mark.parametrize("name", FULL)
def test_a_filled_form_sent_as_it_is_gives_the_same_claims(name: str) -> None:
    schema = BUILTIN[name].schema
    claims, faults = read_claims(schema, retyped(schema, FULL[name]))
    assert faults == ()
    assert claims == FULL[name]


@pytest.mark.parametrize("builtin", list_builtin(), ids=lambda one: one.name)
def test_every_builtin_schema_has_a_form_without_raw_json(builtin: BuiltinSchema) -> None:
    fields = claim_fields(builtin.schema, None)
    assert fields
    assert Control.JSON not in {one.control for one in fields}


def test_the_only_value_there_can_be_is_filled_in_and_not_asked_for() -> None:
    schema = BUILTIN["dpw-certified"].schema
    assert [one.pointer for one in claim_fields(schema, None) if not one.is_asked] == ["/qualification"]
    assert read_claims(schema, {}) == ({"qualification": "dpw_certified"}, ())


def test_an_optional_object_without_members_is_left_out() -> None:
    schema = BUILTIN["agent-capability"].schema
    claims, _ = read_claims(schema, {"/agentOperator": "did:adi:x", "/capabilities": "pay", "/model/provider": " "})
    assert claims == {"agentOperator": "did:adi:x", "capabilities": ["pay"]}


def test_what_cannot_be_read_is_told_at_its_field_all_at_once() -> None:
    schema = BUILTIN["university-degree"].schema
    _, faults = read_claims(schema, {"/degree/graduationYear": "last", "/degree/gpa": "3.8.1", "/degree/type": "B"})
    assert faults == (ClaimFault("/degree/graduationYear", NOT_WHOLE), ClaimFault("/degree/gpa", NOT_NUMBER))


def test_a_decimal_comma_is_a_number() -> None:
    claims, _ = read_claims(BUILTIN["university-degree"].schema, {"/degree/gpa": "3,8", "/degree/type": "B"})
    assert claims == {"degree": {"gpa": 3.8, "type": "B"}}


def test_what_has_no_control_is_typed_as_json() -> None:
    schema = {"type": "object", "properties": {"any": {"anyOf": [{"type": "string"}, {"type": "object"}]}}}
    assert claim_fields(schema, {"any": {"a": 1}})[0].value == '{"a":1}'
    assert read_claims(schema, {"/any": '{"a": 1}'}) == ({"any": {"a": 1}}, ())
    assert read_claims(schema, {"/any": "{"})[1] == (ClaimFault("/any", NOT_JSON),)


def test_labels_come_from_titles_or_names() -> None:
    fields = {one.pointer: one for one in claim_fields(BUILTIN["university-degree"].schema, None)}
    assert fields["/degree/graduationYear"].label == "Graduation year"
    assert fields["/degree/graduationYear"].group == "Degree"
    assert fields["/degree/type"].is_required
    assert not fields["/degree/gpa"].is_required
