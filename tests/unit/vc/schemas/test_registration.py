"""A context is bound to a schema for good only after every claim was seen in the signed form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sealwright.vc.contexts.store import ContextStore
from sealwright.vc.errors import SchemaInvalid, TermConflict
from sealwright.vc.schemas.contexts import build_context, context_url
from sealwright.vc.schemas.registration import check_context_signs_everything, sample_credential
from sealwright.vc.schemas.vetting import vet_schema

URL = context_url("https://cred.example", "s", "1.0")
TYPES = ["SampleCredential"]


def of(properties: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, **more}


SCHEMA = of(
    {
        "degree": of(
            {"type": {"type": "string"}, "gpa": {"type": "number"}, "year": {"type": "integer"}}, required=["type"]
        ),
        "kind": {"enum": ["one", "two"]},
        "flag": {"type": "boolean"},
        "tags": {"type": "array", "items": {"type": "string"}},
        "either": {"type": ["string", "integer", "null"]},
        "class": of({"type": {"enum": ["A", "B"]}, "since": {"type": "string", "format": "date"}}),
    },
    required=["degree"],
)


def built(schema: dict[str, Any]) -> bytes:
    vet_schema(schema)
    return build_context(schema, types=TYPES, base_url="https://cred.example", name="s", version="1.0")


def check(schema: dict[str, Any], context: bytes) -> None:
    check_context_signs_everything(schema, context, ContextStore.pinned(), url=URL, types=TYPES)


def test_a_built_context_signs_everything() -> None:
    contexts = ContextStore.pinned()
    check_context_signs_everything(SCHEMA, built(SCHEMA), contexts, url=URL, types=TYPES)
    assert not contexts.knows(URL)


@pytest.mark.parametrize(
    ("path", "pointer"),
    [
        (("degree",), "/degree"),
        (("flag",), "/flag"),
        (("degree", "@context", "gpa"), "/degree/gpa"),
        (("degree", "@context", "type"), "/degree/type"),
        (("class", "@context", "A"), "/class/type"),
        (("class", "@context", "B"), "/class/type"),
    ],
    ids=repr,
)
def test_a_context_that_lacks_a_claim_is_refused(path: tuple[str, ...], pointer: str) -> None:
    document = json.loads(built(SCHEMA))
    node = document["@context"]
    for step in path[:-1]:
        node = node[step]
    del node[path[-1]]
    with pytest.raises(SchemaInvalid) as refusal:
        check(SCHEMA, json.dumps(document).encode())
    assert refusal.value.pointer == pointer
    assert refusal.value.faults[0].pointer == pointer


@pytest.mark.parametrize(
    "name",
    [
        "evidence",
        "holder",
        "validFrom",
        "issuanceDate",
        "credentialSchema",
        "termsOfUse",
        "refreshService",
        "statusPurpose",
        "statusListIndex",
        "proofValue",
        "verificationMethod",
        "created",
        "VerifiableCredential",
        "BitstringStatusListEntry",
        "Ed25519Signature2020",
        "DataIntegrityProof",
        "digestSRI",
        "credentialSubject",
    ],
)
def test_claims_named_like_terms_of_the_base_contexts_are_refused(name: str) -> None:
    """At the top such a claim would take another meaning, or break the contexts beside it."""
    schema = of({name: of({"x": {"type": "string"}})})
    with pytest.raises(SchemaInvalid):
        check(schema, built(schema))


@pytest.mark.parametrize("name", ["evidence", "validFrom", "statusPurpose", "issuer", "id", "type", "name", "proof"])
def test_the_same_names_are_free_below_a_property(name: str) -> None:
    schema = of({"record": of({name: {"type": "string"}, "x": {"type": "string"}})})
    check(schema, built(schema))


def test_an_address_bound_to_another_context_is_a_conflict() -> None:
    contexts = ContextStore.pinned()
    contexts.register(URL, b'{"@context":{}}')
    with pytest.raises(TermConflict):
        check_context_signs_everything(SCHEMA, built(SCHEMA), contexts, url=URL, types=TYPES)


def test_sample_credentials_follow_their_model() -> None:
    first = sample_credential(["https://www.w3.org/2018/credentials/v1", URL], TYPES, {"a": 1})
    second = sample_credential(
        ["https://www.w3.org/ns/credentials/v2", URL], ["VerifiableCredential", *TYPES], {"a": 1}
    )
    assert first["issuanceDate"]
    assert second["validFrom"]
    assert first["type"] == second["type"] == ["VerifiableCredential", "SampleCredential"]
    assert first["credentialSubject"]["a"] == 1
