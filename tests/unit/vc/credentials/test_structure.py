"""The form of credentials and presentations: each rule has a document that breaks it, and a pointer to the place."""

from __future__ import annotations

import base64
import copy
import hashlib
from typing import Any

import pytest

from sealwright.vc.credentials.model import CREDENTIALS_V1, CREDENTIALS_V2
from sealwright.vc.credentials.structure import (
    check_credential,
    check_enveloped,
    check_presentation,
    credentials_of,
    is_enveloped,
)
from sealwright.vc.encoding.multibase import multibase_encode
from sealwright.vc.errors import MalformedDocument, TooComplex
from tests.support.proving import degree_credential

RESOURCE = "https://files.example/image.png"
CONTENT = b"the resource"
SRI = "sha384-" + base64.b64encode(hashlib.sha384(CONTENT).digest()).decode()
MULTIHASH = multibase_encode(b"\x12\x20" + hashlib.sha256(CONTENT).digest(), "u")


def changed(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy with members replaced, or removed where the new value is an ellipsis."""
    document = {**copy.deepcopy(base), **changes}
    return {name: value for name, value in document.items() if value is not ...}


def faults(document: object) -> set[tuple[str, str]]:
    with pytest.raises(MalformedDocument) as caught:
        check_credential(document)
    return {(fault.pointer, fault.code) for fault in caught.value.faults}


BOTH: dict[str, tuple[dict[str, Any], str, str]] = {
    "no context": ({"@context": ...}, "/@context", "MISSING_FIELD"),
    "context is text": ({"@context": CREDENTIALS_V1}, "/@context", "INVALID_TYPE"),
    "no first context": ({"@context": []}, "/@context/0", "INVALID_VALUE"),
    "another first context": ({"@context": ["https://a.example/v1", CREDENTIALS_V1]}, "/@context/0", "INVALID_VALUE"),
    "an object as first context": ({"@context": [{"a": "b:c"}, CREDENTIALS_V1]}, "/@context/0", "INVALID_VALUE"),
    "a number as context": ({"@context": [CREDENTIALS_V1, 5]}, "/@context/1", "INVALID_TYPE"),
    "a null as context": ({"@context": [CREDENTIALS_V1, None]}, "/@context/1", "INVALID_TYPE"),
    "no type": ({"type": ...}, "/type", "MISSING_FIELD"),
    "type is text": ({"type": "VerifiableCredential"}, "/type", "INVALID_TYPE"),
    "a type is a number": ({"type": ["VerifiableCredential", 5]}, "/type", "INVALID_TYPE"),
    "a type is empty": ({"type": ["VerifiableCredential", ""]}, "/type", "INVALID_TYPE"),
    "not a VerifiableCredential": ({"type": ["Degree"]}, "/type", "INVALID_VALUE"),
    "id is null": ({"id": None}, "/id", "INVALID_TYPE"),
    "id is an array": ({"id": ["urn:a:1"]}, "/id", "INVALID_TYPE"),
    "id is no URL": ({"id": "credential 7"}, "/id", "INVALID_VALUE"),
    "id is relative": ({"id": "credentials/7"}, "/id", "INVALID_VALUE"),
    "no issuer": ({"issuer": ...}, "/issuer", "MISSING_FIELD"),
    "issuer is null": ({"issuer": None}, "/issuer", "INVALID_TYPE"),
    "issuer is an array": ({"issuer": ["did:adi:a"]}, "/issuer", "INVALID_TYPE"),
    "issuer is no URL": ({"issuer": "MIT"}, "/issuer", "INVALID_VALUE"),
    "issuer without id": ({"issuer": {"name": "MIT"}}, "/issuer/id", "MISSING_FIELD"),
    "issuer id is null": ({"issuer": {"id": None}}, "/issuer/id", "INVALID_TYPE"),
    "no subject": ({"credentialSubject": ...}, "/credentialSubject", "MISSING_FIELD"),
    "subject is null": ({"credentialSubject": None}, "/credentialSubject", "INVALID_TYPE"),
    "subject is text": ({"credentialSubject": "did:adi:a"}, "/credentialSubject", "INVALID_TYPE"),
    "subject says nothing": ({"credentialSubject": {}}, "/credentialSubject", "INVALID_VALUE"),
    "no subject in the array": ({"credentialSubject": []}, "/credentialSubject", "INVALID_VALUE"),
    "one of two subjects says nothing": (
        {"credentialSubject": [{"id": "did:a:b"}, {}]},
        "/credentialSubject/1",
        "INVALID_VALUE",
    ),
    "a subject in an array is text": ({"credentialSubject": ["did:a:b"]}, "/credentialSubject/0", "INVALID_TYPE"),
    "subject id is an array": ({"credentialSubject": {"id": ["did:a:b"]}}, "/credentialSubject/id", "INVALID_TYPE"),
    "subject id is no URL": ({"credentialSubject": {"id": "me"}}, "/credentialSubject/id", "INVALID_VALUE"),
}
DATES: dict[str, tuple[str, dict[str, Any], str, str]] = {
    "no issuance date": ("1.1", {"issuanceDate": ...}, "/issuanceDate", "MISSING_FIELD"),
    "date is a number": ("1.1", {"issuanceDate": 1}, "/issuanceDate", "INVALID_TYPE"),
    "date is null": ("1.1", {"expirationDate": None}, "/expirationDate", "INVALID_TYPE"),
    "date without zone": ("1.1", {"issuanceDate": "2026-01-01T00:00:00"}, "/issuanceDate", "INVALID_DATE"),
    "date that does not exist": ("2.0", {"validUntil": "2030-02-30T00:00:00Z"}, "/validUntil", "INVALID_DATE"),
    "day alone": ("2.0", {"validFrom": "2026-01-01"}, "/validFrom", "INVALID_DATE"),
    "ends before it begins (2.0)": ("2.0", {"validUntil": "2026-11-21T02:28:59Z"}, "/validUntil", "INVALID_VALUE"),
    "ends before it begins (1.1)": (
        "1.1",
        {"expirationDate": "2020-01-01T00:00:00Z"},
        "/expirationDate",
        "INVALID_VALUE",
    ),
    "the other model's date is checked too": ("1.1", {"validUntil": "soon"}, "/validUntil", "INVALID_DATE"),
}
TYPED = ("credentialStatus", "credentialSchema", "refreshService", "evidence", "termsOfUse", "proof")
TYPED_FAULTS: dict[str, tuple[Any, str, str]] = {
    "no type": ({"id": "urn:a:b"}, "/type", "MISSING_FIELD"),
    "type is a number": ({"id": "urn:a:b", "type": 2}, "/type", "INVALID_TYPE"),
    "type is an empty array": ({"id": "urn:a:b", "type": []}, "/type", "INVALID_TYPE"),
    "id is an array": ({"id": ["urn:a:b"], "type": "A"}, "/id", "INVALID_TYPE"),
    "id is no URL": ({"id": "b", "type": "A"}, "/id", "INVALID_VALUE"),
    "text": ("urn:a:b", "", "INVALID_TYPE"),
    "null": (None, "", "INVALID_TYPE"),
    "empty array": ([], "", "INVALID_TYPE"),
    "text in an array": (["urn:a:b"], "/0", "INVALID_TYPE"),
    "no type in an array": ([{"id": "urn:a:b", "type": "A"}, {"id": "urn:a:c"}], "/1/type", "MISSING_FIELD"),
}
V2: dict[str, tuple[dict[str, Any], str, str]] = {
    "name is a number": ({"name": 5}, "/name", "INVALID_TYPE"),
    "name without value": ({"name": {"@language": "en"}}, "/name", "INVALID_TYPE"),
    "name value is a number": ({"name": {"@value": 5}}, "/name", "INVALID_TYPE"),
    "name with another member": ({"name": {"@value": "a", "url": "b"}}, "/name", "UNKNOWN_FIELD"),
    "one of two descriptions with another member": (
        {"description": [{"@value": "a"}, {"@value": "b", "x": 1}]},
        "/description",
        "UNKNOWN_FIELD",
    ),
    "issuer name with another member": (
        {"issuer": {"id": "did:adi:a", "name": {"@value": "a", "@type": "b"}}},
        "/issuer/name",
        "UNKNOWN_FIELD",
    ),
    "resource is text": ({"relatedResource": [RESOURCE]}, "/relatedResource/0", "INVALID_TYPE"),
    "resource without id": ({"relatedResource": {"digestSRI": SRI}}, "/relatedResource/id", "INVALID_VALUE"),
    "resource without digest": ({"relatedResource": [{"id": RESOURCE}]}, "/relatedResource/0", "MISSING_FIELD"),
    "resource twice": (
        {"relatedResource": [{"id": RESOURCE, "digestSRI": SRI}] * 2},
        "/relatedResource/1/id",
        "INVALID_VALUE",
    ),
    "digest of another form": (
        {"relatedResource": {"id": RESOURCE, "digestSRI": "md5-AAAA"}},
        "/relatedResource/digestSRI",
        "INVALID_VALUE",
    ),
    "digest that is no base64": (
        {"relatedResource": {"id": RESOURCE, "digestSRI": "sha256-é"}},
        "/relatedResource/digestSRI",
        "INVALID_VALUE",
    ),
    "digest that is a number": (
        {"relatedResource": {"id": RESOURCE, "digestMultibase": 5}},
        "/relatedResource/digestMultibase",
        "INVALID_VALUE",
    ),
    "digest that is no multibase": (
        {"relatedResource": {"id": RESOURCE, "digestMultibase": "x"}},
        "/relatedResource/digestMultibase",
        "INVALID_VALUE",
    ),
}


@pytest.mark.parametrize("model", ["1.1", "2.0"])
@pytest.mark.parametrize("name", BOTH)
def test_what_both_models_refuse(name: str, model: str) -> None:
    changes, pointer, code = BOTH[name]
    assert (pointer, code) in faults(changed(degree_credential(model), changes))


@pytest.mark.parametrize("name", DATES)
def test_dates_are_checked(name: str) -> None:
    model, changes, pointer, code = DATES[name]
    assert (pointer, code) in faults(changed(degree_credential(model), changes))


@pytest.mark.parametrize("member", TYPED)
@pytest.mark.parametrize("name", TYPED_FAULTS)
def test_members_that_must_state_a_type(name: str, member: str) -> None:
    value, below, code = TYPED_FAULTS[name]
    for model in ("1.1", "2.0"):
        assert (f"/{member}{below}", code) in faults(changed(degree_credential(model), {member: value}))


def test_a_schema_needs_its_address() -> None:
    document = changed(degree_credential("2.0"), {"credentialSchema": {"type": "JsonSchema"}})
    assert ("/credentialSchema/id", "MISSING_FIELD") in faults(document)


@pytest.mark.parametrize("name", V2)
def test_what_data_model_2_0_refuses_besides(name: str) -> None:
    changes, pointer, code = V2[name]
    assert (pointer, code) in faults(changed(degree_credential("2.0"), changes))


@pytest.mark.parametrize("document", [None, [], "text", 5, True, [degree_credential()]])
def test_what_is_no_object_is_refused(document: object) -> None:
    assert faults(document) == {("", "INVALID_TYPE")}


def test_all_faults_are_reported_at_once_and_no_value_is_quoted() -> None:
    document = changed(degree_credential(), {"id": "secret 1", "issuer": "secret 2", "issuanceDate": "secret 3"})
    with pytest.raises(MalformedDocument) as caught:
        check_credential(document)
    assert {fault.pointer for fault in caught.value.faults} == {"/id", "/issuer", "/issuanceDate"}
    assert "secret" not in caught.value.detail + "".join(fault.detail for fault in caught.value.faults)


def test_too_many_contexts_or_proofs_are_too_complex() -> None:
    many = [CREDENTIALS_V1, *(f"https://a.example/{number}" for number in range(16))]
    with pytest.raises(TooComplex):
        check_credential(changed(degree_credential(), {"@context": many}))
    with pytest.raises(TooComplex):
        check_credential(changed(degree_credential(), {"proof": [{"type": "A"}] * 17}))


def test_a_related_resource_that_is_held_here_must_have_its_digest() -> None:
    def with_digest(**digests: str) -> dict[str, Any]:
        return changed(degree_credential("2.0"), {"relatedResource": {"id": RESOURCE, **digests}})

    for digests in (
        {"digestSRI": SRI},
        {"digestMultibase": MULTIHASH},
        {"digestSRI": SRI, "digestMultibase": MULTIHASH},
    ):
        document = with_digest(**digests)
        check_credential(document, pinned={RESOURCE: CONTENT}.get)
        check_credential(document, pinned={}.get)
        with pytest.raises(MalformedDocument):
            check_credential(document, pinned={RESOURCE: CONTENT + b"!"}.get)


def test_checking_leaves_the_document_as_it_was() -> None:
    document = degree_credential("2.0")
    before = copy.deepcopy(document)
    check_credential(document)
    assert document == before


def presentation(**changes: Any) -> dict[str, Any]:
    base = {"@context": [CREDENTIALS_V2], "type": ["VerifiablePresentation"], "holder": "did:adi:holder001"}
    return changed(base, changes)


ENVELOPE = {
    "@context": CREDENTIALS_V2,
    "id": "data:application/vc+jwt,eyJhbGciOiJFZERTQSJ9.e30.AA",
    "type": "EnvelopedVerifiableCredential",
}
PRESENTATIONS: dict[str, tuple[dict[str, Any], str, str]] = {
    "no presentation": ({"type": ["VerifiableCredential"]}, "/type", "INVALID_VALUE"),
    "holder is no URL": ({"holder": "me"}, "/holder", "INVALID_VALUE"),
    "holder is a number": ({"holder": 5}, "/holder", "INVALID_TYPE"),
    "holder object without id": ({"holder": {"name": "me"}}, "/holder/id", "MISSING_FIELD"),
    "proof without type": ({"proof": {"created": "now"}}, "/proof/type", "MISSING_FIELD"),
    "a credential as text": ({"verifiableCredential": ["urn:a:b"]}, "/verifiableCredential/0", "INVALID_TYPE"),
    "credentials as text": ({"verifiableCredential": "urn:a:b"}, "/verifiableCredential", "INVALID_TYPE"),
    "a broken credential": (
        {"verifiableCredential": [degree_credential(), changed(degree_credential(), {"issuer": ...})]},
        "/verifiableCredential/1/issuer",
        "MISSING_FIELD",
    ),
    "an envelope without type": (
        {"verifiableCredential": changed(ENVELOPE, {"type": ...})},
        "/verifiableCredential/type",
        "INVALID_VALUE",
    ),
    "an envelope without base context": (
        {"verifiableCredential": [changed(ENVELOPE, {"@context": CREDENTIALS_V1})]},
        "/verifiableCredential/0/@context",
        "INVALID_VALUE",
    ),
    "an envelope without data": (
        {"verifiableCredential": [changed(ENVELOPE, {"id": "https://a.example/1"})]},
        "/verifiableCredential/0/id",
        "INVALID_VALUE",
    ),
}


@pytest.mark.parametrize("name", PRESENTATIONS)
def test_what_is_refused_in_a_presentation(name: str) -> None:
    changes, pointer, code = PRESENTATIONS[name]
    with pytest.raises(MalformedDocument) as caught:
        check_presentation(presentation(**changes))
    assert (pointer, code) in {(fault.pointer, fault.code) for fault in caught.value.faults}


def test_presentations_that_are_right_pass() -> None:
    assert check_presentation(presentation()) == "2.0"
    assert check_presentation(presentation(holder={"id": "did:adi:a"}, verifiableCredential=ENVELOPE)) == "2.0"
    both = presentation(verifiableCredential=[degree_credential(), ENVELOPE])
    check_presentation(both)
    assert credentials_of(both) == (degree_credential(), ENVELOPE)


def test_a_presentation_of_too_many_credentials_is_too_complex() -> None:
    with pytest.raises(TooComplex):
        check_presentation(presentation(verifiableCredential=[degree_credential()] * 65))


def test_envelopes_are_known_by_type_or_data() -> None:
    assert is_enveloped(ENVELOPE)
    assert is_enveloped({"id": "data:text/plain,x"})
    assert is_enveloped({"type": ["EnvelopedVerifiablePresentation"]})
    assert not is_enveloped(degree_credential())
    check_enveloped(ENVELOPE, "EnvelopedVerifiableCredential")
    with pytest.raises(MalformedDocument):
        check_enveloped(ENVELOPE, "EnvelopedVerifiablePresentation")
