"""From a credential schema to its context: one explicit IRI per property, in both data models."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealwright.vc.canon import Canonicalizer
from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import SchemaInvalid
from sealwright.vc.schemas.contexts import build_context, context_url
from sealwright.vc.schemas.registration import sample_credential
from sealwright.vc.schemas.vetting import vet_schema

V1 = "https://www.w3.org/2018/credentials/v1"
V2 = "https://www.w3.org/ns/credentials/v2"
BASE = "https://cred.example"
IRI = f"{BASE}/contexts/s/1.0#"
XSD = "http://www.w3.org/2001/XMLSchema#"


def of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


def terms(schema: dict[str, Any], types: tuple[str, ...] = ("SampleCredential",)) -> dict[str, Any]:
    vet_schema(schema)
    held: dict[str, Any] = json.loads(build_context(schema, types=types, base_url=BASE, name="s", version="1.0"))
    assert held.keys() == {"@context"}
    return held["@context"]


def form(model: str, schema: dict[str, Any], claims: dict[str, Any]) -> str:
    """The canonical form of a credential with these claims under the schema's own context."""
    vet_schema(schema)
    contexts = ContextStore.pinned()
    context = build_context(schema, types=["SampleCredential"], base_url=BASE, name="s", version="1.0")
    contexts.register(context_url(BASE, "s", "1.0"), context)
    document = sample_credential([model, context_url(BASE, "s", "1.0")], ["SampleCredential"], claims)
    if model == V1:
        del document["credentialStatus"]
    return Canonicalizer(contexts).canonicalize(document).decode()


def test_context_is_protected_versioned_and_has_no_vocabulary() -> None:
    made = terms(of({"a": {"type": "string"}}))
    assert made["@version"] == 1.1
    assert made["@protected"] is True
    assert made["a"] == {"@id": IRI + "a"}
    assert made["SampleCredential"] == {"@id": IRI + "SampleCredential"}
    assert "@vocab" not in json.dumps(made)


def test_same_arguments_give_the_same_bytes() -> None:
    schema = of({"b": {"type": "string"}, "a": of({"y": {"type": "string"}, "x": {"type": "string"}})})
    made = {build_context(schema, types=["T"], base_url=BASE, name="s", version="1.0") for _ in range(5)}
    assert len(made) == 1


def test_context_url_escapes_what_it_is_made_of() -> None:
    assert context_url(BASE + "/", "university-degree", "1.0") == f"{BASE}/contexts/university-degree/1.0"
    assert context_url(BASE, "a b", "1/2") == f"{BASE}/contexts/a%20b/1%2F2"


def test_paths_tell_properties_of_one_name_apart() -> None:
    made = terms(
        of({"a": of({"x": {"type": "string"}}), "b": of({"x": {"type": "string"}}), "é ü": {"type": "string"}})
    )
    assert made["a"]["@context"]["x"]["@id"] == IRI + "a/x"
    assert made["b"]["@context"]["x"]["@id"] == IRI + "b/x"
    assert made["é ü"]["@id"] == IRI + "%C3%A9%20%C3%BC"


@pytest.mark.parametrize(
    ("definition", "datatype"),
    [
        ({"type": "string"}, None),
        ({"type": "string", "format": "date"}, XSD + "date"),
        ({"type": "string", "format": "date-time"}, XSD + "dateTime"),
        ({"type": "string", "format": "uri"}, XSD + "anyURI"),
        ({"type": "string", "format": "email"}, None),
        ({"type": ["string", "integer"], "format": "date"}, None),
        ({"format": "date"}, None),
        ({"type": "array", "items": {"type": "string", "format": "date"}}, XSD + "date"),
        ({"type": "number"}, None),
        ({"type": "boolean"}, None),
    ],
    ids=repr,
)
def test_datatypes_only_where_the_text_comes_back_unchanged(definition: dict[str, Any], datatype: str | None) -> None:
    assert terms(of({"a": definition}))["a"].get("@type") == datatype


@pytest.mark.parametrize("model", [V1, V2])
def test_free_text_type_below_a_property_is_signed_as_text(model: str) -> None:
    schema = of({"degree": of({"type": {"type": "string"}, "gpa": {"type": "number"}}, required=["type"])})
    made = form(model, schema, {"degree": {"type": "BachelorDegree", "gpa": 3.8}})
    assert f'<{IRI}degree/type> "BachelorDegree" .' in made
    assert f'<{IRI}degree/gpa> "3.8E0"^^<{XSD}double> .' in made


@pytest.mark.parametrize("model", [V1, V2])
def test_listed_types_become_classes(model: str) -> None:
    schema = of({"degree": of({"type": {"enum": ["Bachelor", "Master"]}, "x": {"type": "string"}})})
    made = form(model, schema, {"degree": {"type": "Bachelor", "x": "y"}})
    assert f"<http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <{IRI}degree/type/Bachelor> ." in made


@pytest.mark.parametrize("values", [["Bachelor of Science"], ["ex:Bachelor"], ["x"], [1, "A"], [""], [None]], ids=repr)
def test_listed_types_that_cannot_be_terms_are_signed_as_values(values: list[Any]) -> None:
    made = terms(of({"degree": of({"type": {"enum": values}, "x": {"type": "string"}})}))
    assert made["degree"]["@context"]["type"] == {"@id": IRI + "degree/type"}


@pytest.mark.parametrize("model", [V1, V2])
def test_type_changes_its_meaning_from_level_to_level(model: str) -> None:
    deep = of({"type": {"const": "Deep"}, "v": {"type": "string"}})
    schema = of(
        {
            "a": of(
                {
                    "type": {"type": "string"},
                    "b": of({"type": {"enum": ["Class"]}, "c": of({"type": {"type": "string"}, "d": deep})}),
                }
            )
        }
    )
    made = form(
        model,
        schema,
        {"a": {"type": "text 1", "b": {"type": "Class", "c": {"type": "text 2", "d": {"type": "Deep", "v": "w"}}}}},
    )
    assert f'<{IRI}a/type> "text 1"' in made
    assert f"#type> <{IRI}a/b/type/Class>" in made
    assert f'<{IRI}a/b/c/type> "text 2"' in made
    assert f"#type> <{IRI}a/b/c/d/type/Deep>" in made


@pytest.mark.parametrize("model", [V1, V2])
@pytest.mark.parametrize(
    ("definition", "value", "is_identifier"),
    [
        ({"type": "string", "format": "uri"}, "urn:x:1", True),
        ({"type": "string", "pattern": "^did:adi:"}, "did:adi:x", True),
        ({"type": "string"}, "student-17", False),
        ({"type": "integer"}, 17, False),
    ],
    ids=repr,
)
def test_ids_that_are_no_identifiers_are_signed_as_values(
    model: str, definition: dict[str, Any], value: Any, is_identifier: bool
) -> None:
    made = form(model, of({"card": of({"id": definition, "x": {"type": "string"}})}), {"card": {"id": value, "x": "y"}})
    assert (f"<{value}> <{IRI}card/x>" in made) is is_identifier
    assert (f'<{IRI}card/id> "{value}"' in made) is not is_identifier


@pytest.mark.parametrize("model", [V1, V2])
def test_objects_in_arrays_and_protected_names_below_a_property(model: str) -> None:
    course = of({"name": {"type": "string"}, "description": {"type": "string"}, "credits": {"type": "integer"}})
    schema = of({"courses": {"type": "array", "items": course}, "name": {"type": "string"}})
    claims = {"name": "Ada", "courses": [{"name": "Sealing", "credits": 5}, {"name": "Wrighting", "description": "d"}]}
    made = form(model, schema, claims)
    assert f'<{IRI}courses/name> "Sealing"' in made
    assert f'<{IRI}courses/description> "d"' in made
    assert '<https://schema.org/name> "Ada"' in made


@pytest.mark.parametrize("model", [V1, V2])
def test_properties_are_found_wherever_the_schema_describes_them(model: str) -> None:
    schema = of(
        {"a": {"$ref": "#/$defs/thing"}},
        allOf=[
            {
                "if": {"required": ["a"]},
                "then": {"properties": {"b": {"type": "string"}}},
                "else": {"properties": {"c": {}}},
            }
        ],
        anyOf=[
            {"properties": {"d": {"type": "string"}}},
            {"properties": {"a": {"properties": {"y": {"type": "string"}}}}},
        ],
        dependentSchemas={"a": {"properties": {"e": {"type": "string"}}}},
        **{"$defs": {"thing": of({"x": {"type": "string"}})}},
    )
    claims = {"a": {"x": "1", "y": "2"}, "b": "3", "c": "4", "d": "5", "e": "6"}
    made = form(model, schema, claims)
    for number in "123456":
        assert f'"{number}"' in made


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        (of({"a": {"type": "array", "items": {"type": "array", "items": {"type": "string"}}}}), "/properties/a"),
        (of({"a": {"type": "object"}}), "/properties/a"),
        (of({"a": {"type": "array", "items": {"type": "object"}}}), "/properties/a"),
        (of({"a": {"type": "object", "additionalProperties": {"type": "string"}}}), "/properties/a"),
        (of({"a": {"type": "object", "patternProperties": {"^x": {"type": "string"}}}}), "/properties/a"),
        (of({}, patternProperties={"^x": {"type": "string"}}), ""),
        (of({"a": {"type": "string"}}, required=["b"]), ""),
        (of({"id": {"type": "string"}}), "/properties/id"),
        (of({"proof": {"type": "string"}}), "/properties/proof"),
        (of({"@type": {"type": "string"}}), "/properties/@type"),
        (of({"a": of({"@id": {"type": "string"}})}), "/properties/a/properties/@id"),
        (of({"urn:a": {"type": "string"}}), "/properties/urn:a"),
        (of({"a/b": {"type": "string"}}), "/properties/a~1b"),
        (of({"": {"type": "string"}}), "/properties/"),
        (of({"__proto__": {"type": "string"}}), "/properties/__proto__"),
        (of({"é" * 129: {"type": "string"}}), "/properties/" + "é" * 129),
        (of({"name": of({"x": {"type": "string"}})}), "/properties/name"),
        (of({"SampleCredential": {"type": "string"}}), "/type"),
    ],
    ids=lambda value: repr(value)[:60],
)
def test_claims_that_cannot_be_defined_are_refused_at_registration(schema: dict[str, Any], pointer: str) -> None:
    with pytest.raises(SchemaInvalid) as refusal:
        terms(schema)
    assert refusal.value.pointer == pointer
    assert refusal.value.faults[0].pointer == pointer


@pytest.mark.parametrize("name", ["", "a b", "ex:Type", "@type", "name", "1st", "x" * 200])
def test_type_names_that_cannot_be_terms_are_refused(name: str) -> None:
    with pytest.raises(SchemaInvalid):
        terms(of({"a": {"type": "string"}}), (name,))


def test_types_of_the_base_contexts_are_passed_over() -> None:
    made = terms(of({"a": {"type": "string"}}), ("VerifiableCredential", "T"))
    assert "VerifiableCredential" not in made
    assert "T" in made
