"""The VC-API: 201 with the credential itself, 400 for what does not verify, options of others ignored."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.office import HOLDER, ISSUER
from tests.web.conftest import Served

V2 = "https://www.w3.org/ns/credentials/v2"


def unsigned(**changes: Any) -> dict[str, Any]:
    return {
        "@context": [V2, {"@vocab": None}][:1],
        "type": ["VerifiableCredential"],
        "issuer": ISSUER,
        "credentialSubject": {"id": HOLDER, "name": "Alex"},
        **changes,
    }


def issued(served: Served, credential: dict[str, Any], **options: Any) -> dict[str, Any]:
    body = {"credential": credential, "options": options}
    answer = served.client.call("POST", "/credentials/issue", body, token=served.key)
    assert answer.status == 201, answer.body
    assert answer.headers["location"].startswith("/credentials/")
    assert served.client.call("GET", answer.headers["location"], token=served.key).body == answer.body
    return dict(answer.json())


def subject() -> dict[str, Any]:
    return {"id": HOLDER, "alumniOf": "MIT"}


V1_EXAMPLE = {
    "@context": ["https://www.w3.org/2018/credentials/v1", {"alumniOf": "https://schema.org/alumniOf"}],
    "id": "urn:uuid:11111111-1111-4111-8111-111111111111",
    "type": ["VerifiableCredential"],
    "issuer": {"id": ISSUER},
    "credentialSubject": subject(),
}


def test_model_decides_the_suite(served: Served) -> None:
    old = issued(served, V1_EXAMPLE)
    assert old["proof"]["type"] == "Ed25519Signature2020"
    assert "issuanceDate" in old
    new = issued(served, {**V1_EXAMPLE, "@context": [V2, V1_EXAMPLE["@context"][1]], "id": "urn:x:1"})  # type: ignore[index]
    assert new["proof"]["cryptosuite"] == "eddsa-rdfc-2022"


def test_issued_document_verifies_and_tampered_one_is_400(served: Served) -> None:
    document = issued(served, {**V1_EXAMPLE, "id": "urn:uuid:22222222-2222-4222-8222-222222222222"})
    good = served.client.call("POST", "/credentials/verify", {"verifiableCredential": document, "options": {"x": 1}})
    assert good.status == 200, good.body
    assert good.json()["verified"] is True
    assert good.json()["problemDetails"] == []
    document["credentialSubject"]["alumniOf"] = "Nowhere"
    bad = served.client.call("POST", "/credentials/verify", {"verifiableCredential": document})
    assert bad.status == 400
    body = bad.json()
    assert (body["verified"], body["code"], body["status"]) == (False, "VERIFICATION_FAILED", 400)
    assert len(body["checks"]) == 10
    assert body["problemDetails"][0]["code"] == "PROOF_INVALID"


def test_checks_narrow_the_verdict(served: Served) -> None:
    document = issued(
        served, {**V1_EXAMPLE, "id": "urn:uuid:33333333-3333-4333-8333-333333333333"}, credentialStatus=True
    )
    entry = {"type": "StatusList2021Entry", "statusPurpose": "revocation"}
    change = {"credentialId": document["id"], "credentialStatus": entry}
    assert served.client.call("POST", "/credentials/status", change, token=served.key).json() == {}
    everything = served.client.call("POST", "/credentials/verify", {"verifiableCredential": document})
    assert everything.status == 400
    proof_only = {"verifiableCredential": document, "options": {"checks": ["proof"]}}
    narrowed = served.client.call("POST", "/credentials/verify", proof_only)
    assert narrowed.status == 200, narrowed.body
    outcomes = {check["name"]: check["outcome"] for check in narrowed.json()["checks"]}
    assert outcomes["revocation"] == "not_applicable"
    cleared = served.client.call("POST", "/credentials/status", {**change, "status": False}, token=served.key)
    assert (cleared.status, cleared.code) == (409, "ALREADY_REVOKED")


def test_suspension_is_set_and_cleared(served: Served) -> None:
    document = issued(
        served,
        {**V1_EXAMPLE, "id": "urn:uuid:44444444-4444-4444-8444-444444444444"},
        credentialStatus={"statusPurpose": "suspension"},
    )
    assert len(document["credentialStatus"]) == 2
    change = {"credentialId": document["id"], "credentialStatus": {"type": "x", "statusPurpose": "suspension"}}
    for value, status in ((True, 400), (False, 200)):
        answer = served.client.call("POST", "/credentials/status", {**change, "status": value}, token=served.key)
        assert answer.status == 200, answer.body
        assert served.client.call("POST", "/credentials/verify", {"verifiableCredential": document}).status == status


@pytest.mark.parametrize(
    ("change", "code"),
    [
        pytest.param({"@context": "x"}, None, id="context is no list"),
        pytest.param({"@context": []}, None, id="no context"),
        pytest.param({"@context": [V2, 5]}, None, id="context is a number"),
        pytest.param({"@context": [V2, "https://elsewhere.example/x"]}, "CONTEXT_NOT_ALLOWED", id="foreign context"),
        pytest.param({"@context": [V2, {"@vocab": "https://x.example/"}]}, "CONTEXT_NOT_ALLOWED", id="vocabulary"),
        pytest.param({"type": "VerifiableCredential"}, None, id="type is a text"),
        pytest.param({"type": ["Other"]}, None, id="other type"),
        pytest.param({"issuer": None}, None, id="null issuer"),
        pytest.param({"issuer": []}, None, id="list of issuers"),
        pytest.param({"credentialSubject": "x"}, None, id="subject is a text"),
        pytest.param({"credentialSubject": []}, None, id="no subject"),
        pytest.param({"credentialSubject": {}}, None, id="empty subject"),
        pytest.param({"credentialSubject": {"id": HOLDER, "undefinedTerm": 1}}, "UNDEFINED_TERM", id="undefined term"),
        pytest.param({"issuer": "did:adi:nobody"}, "ISSUER_NOT_FOUND", id="unknown issuer"),
        pytest.param({"issuer": HOLDER}, "ISSUER_NOT_AUTHORIZED", id="foreign issuer"),
    ],
)
def test_document_that_must_not_be_signed_is_refused(served: Served, change: dict[str, Any], code: str | None) -> None:
    answer = served.client.call("POST", "/credentials/issue", {"credential": unsigned(**change)}, token=served.key)
    assert 400 <= answer.status < 500, answer.body
    if code is not None:
        assert answer.code == code
    assert all(pointer.startswith("/credential") for pointer in answer.pointers)


@pytest.mark.parametrize("missing", [{}, {"options": {}}, {"verifiableCredential": 5}, {"verifiableCredential": None}])
def test_no_document_is_422(served: Served, missing: dict[str, Any]) -> None:
    assert served.client.call("POST", "/credentials/verify", missing).status == 422


@pytest.mark.parametrize("document", [{}, {"@context": []}, "a.b.c", {"proof": 5}])
def test_hostile_document_is_400(served: Served, document: object) -> None:
    answer = served.client.call("POST", "/credentials/verify", {"verifiableCredential": document})
    assert answer.status == 400
    assert answer.json()["verified"] is False


def test_unknown_credential_has_no_status_to_change(served: Served) -> None:
    body = {"credentialId": "urn:uuid:nothing", "credentialStatus": {"type": "x", "statusPurpose": "revocation"}}
    answer = served.client.call("POST", "/credentials/status", body, token=served.key)
    assert (answer.status, answer.code) == (404, "CREDENTIAL_NOT_FOUND")


def test_unsigned_presentation_is_judged_by_its_credentials(served: Served) -> None:
    document = issued(served, {**V1_EXAMPLE, "id": "urn:uuid:55555555-5555-4555-8555-555555555555"})
    presentation = {
        "@context": ["https://www.w3.org/2018/credentials/v1"],
        "type": ["VerifiablePresentation"],
        "verifiableCredential": [document],
    }
    answer = served.client.call("POST", "/presentations/verify", {"presentation": presentation})
    assert set(answer.json()) >= {"verified", "checks", "credentialResults", "problemDetails"}
    assert answer.json()["credentialResults"][0]["verified"] is True
    assert answer.status == (200 if answer.json()["verified"] else 400)
    unsigned_as_signed = served.client.call("POST", "/presentations/verify", {"verifiablePresentation": presentation})
    assert unsigned_as_signed.status == 400


def test_same_key_gives_the_same_document(served: Served) -> None:
    body = {"credential": {**V1_EXAMPLE, "id": "urn:uuid:66666666-6666-4666-8666-666666666666"}}
    headers = [("Idempotency-Key", "vc 1")]
    first = served.client.call("POST", "/credentials/issue", body, token=served.key, headers=headers)
    again = served.client.call("POST", "/credentials/issue", body, token=served.key, headers=headers)
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert again.headers["idempotent-replayed"] == "true"
