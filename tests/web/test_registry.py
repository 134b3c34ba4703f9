"""Credential schemas, DIDs and API keys over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.office import HOLDER, ISSUER
from tests.web.conftest import Served, degree

SKILL: dict[str, Any] = {
    "name": "street-repair-skill",
    "type": ["StreetRepairSkillCredential"],
    "schema": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"level": {"type": "string", "enum": ["junior", "senior"]}},
        "required": ["level"],
        "additionalProperties": False,
    },
}
REASON = {"reason": "test"}


def registered(served: Served, name: str, **changes: Any) -> dict[str, Any]:
    answer = served.client.call("POST", "/api/v1/schemas", {**SKILL, "name": name, **changes}, token=served.admin)
    assert answer.status == 201, answer.body
    return dict(answer.json())


def test_registered_schema_is_public_and_immutable(served: Served) -> None:
    schema = registered(served, "skill-one")
    assert schema["schemaId"] == "did:adi:schema:skill-one-v1"
    for path in (f"/api/v1/schemas/{schema['schemaId']}", f"/api/v1/schemas/{schema['schemaId'].replace(':', '%3A')}"):
        assert served.client.call("GET", path).json() == schema
    document = served.client.call("GET", f"/api/v1/schemas/{schema['schemaId']}/schema.json")
    assert document.json() == SKILL["schema"]
    assert "immutable" in document.headers["cache-control"]
    cached = [("If-None-Match", document.headers["etag"])]
    again = served.client.call("GET", f"/api/v1/schemas/{schema['schemaId']}/schema.json", headers=cached)
    assert (again.status, again.body) == (304, b"")
    context = served.client.call("GET", schema["contextUrl"].removeprefix("http://127.0.0.1:8000"))
    assert context.status == 200
    assert context.headers["content-type"] == "application/ld+json"
    assert "level" in str(context.json())
    twin = served.client.call("POST", "/api/v1/schemas", {**SKILL, "name": "skill-one"}, token=served.admin)
    assert (twin.status, twin.code) == (409, "SCHEMA_EXISTS")


def test_author_registers_for_their_own_did_only(served: Served) -> None:
    mine = {**SKILL, "name": "skill-mine", "author": ISSUER}
    assert served.client.call("POST", "/api/v1/schemas", mine, token=served.key).status == 201
    foreign = served.client.call("POST", "/api/v1/schemas", {**mine, "name": "skill-not"}, token=served.holder_key)
    assert (foreign.status, foreign.code) == (403, "ISSUER_NOT_AUTHORIZED")
    nobody = served.client.call("POST", "/api/v1/schemas", {**SKILL, "name": "skill-no"}, token=served.key)
    assert (nobody.status, nobody.code) == (403, "ROLE_REQUIRED")


def test_inactive_schema_takes_no_new_credentials(served: Served) -> None:
    schema = registered(served, "skill-two")
    path = f"/api/v1/schemas/{schema['schemaId']}"
    body = {**degree(), "schemaId": schema["schemaId"], "claims": {"level": "senior"}}
    assert served.client.call("POST", "/api/v1/credentials/issue", body, token=served.key).status == 201
    assert served.client.call("POST", f"{path}/deactivate", REASON, token=served.admin).json()["active"] is False
    refused = served.client.call("POST", "/api/v1/credentials/issue", body, token=served.key)
    assert (refused.status, refused.code) == (409, "SCHEMA_INACTIVE")
    assert served.client.call("POST", f"{path}/reactivate", REASON, token=served.admin).json()["active"] is True
    assert served.client.call("POST", "/api/v1/credentials/issue", body, token=served.key).status == 201
    listed = served.client.call("GET", "/api/v1/schemas?active=false&limit=100").json()["data"]
    assert schema["schemaId"] not in {one["schemaId"] for one in listed}


def test_restricted_schema_is_for_named_issuers(served: Served) -> None:
    schema = registered(served, "skill-three", restricted=True, allowedIssuers=[HOLDER])
    body = {**degree(), "schemaId": schema["schemaId"], "claims": {"level": "senior"}}
    refused = served.client.call("POST", "/api/v1/credentials/issue", body, token=served.key)
    assert (refused.status, refused.code) == (403, "SCHEMA_NOT_AUTHORIZED")
    path = f"/api/v1/schemas/{schema['schemaId']}"
    opened = served.client.call("PATCH", path, {"allowedIssuers": [ISSUER, HOLDER]}, token=served.admin)
    assert opened.json()["allowedIssuers"] == [ISSUER, HOLDER]
    assert served.client.call("POST", "/api/v1/credentials/issue", body, token=served.key).status == 201
    assert served.client.call("PATCH", path, {"restricted": False}, token=served.key).code == "ROLE_REQUIRED"
    assert served.client.call("PATCH", path, {"schema": {}}, token=served.admin).code == "UNKNOWN_FIELD"


def test_policy_of_a_schema_is_enforced(served: Served) -> None:
    schema = registered(served, "skill-four", revocationRequired=True)
    body = {**degree(), "schemaId": schema["schemaId"], "claims": {"level": "senior"}, "revocable": False}
    answer = served.client.call("POST", "/api/v1/credentials/issue", body, token=served.key)
    assert (answer.status, answer.code) == (422, "POLICY_VIOLATION")


def test_claims_can_be_checked_beforehand(served: Served) -> None:
    path = f"/api/v1/schemas/{degree()['schemaId']}/validate"
    assert served.client.call("POST", path, {"claims": degree()["claims"]}).json() == {"valid": True, "errors": []}
    found = served.client.call("POST", path, {"claims": {"degree": {"gpa": "x"}}}).json()
    assert found["valid"] is False
    assert {"/claims/degree/gpa", "/claims/degree/type"} <= {error["pointer"] for error in found["errors"]}


@pytest.mark.parametrize(
    ("schema", "code"),
    [
        pytest.param({"type": "objekt"}, "SCHEMA_INVALID", id="bad type"),
        pytest.param({"type": "object", "x-unknown": 1}, "SCHEMA_INVALID", id="unknown keyword"),
        pytest.param({"$ref": "https://elsewhere.example/s.json"}, "SCHEMA_REF_NOT_ALLOWED", id="remote reference"),
        pytest.param({"$ref": "file:///etc/passwd"}, "SCHEMA_REF_NOT_ALLOWED", id="file reference"),
    ],
)
def test_bad_schema_is_not_registered(served: Served, schema: dict[str, Any], code: str) -> None:
    body = {**SKILL, "name": "skill-bad", "schema": schema}
    answer = served.client.call("POST", "/api/v1/schemas", body, token=served.admin)
    assert (answer.status, answer.code) == (422, code), answer.body


def test_did_is_made_changed_rotated_and_ended(served: Served) -> None:
    made = served.client.call("POST", "/api/v1/dids", {"kind": "organization", "name": "Ours"}, token=served.person)
    assert made.status == 201, made.body
    did = made.json()
    path = f"/api/v1/dids/{did['did']}"
    assert made.headers["location"] == path
    assert did["ownerUserId"] is not None
    public = served.client.call("GET", path)
    assert public.json()["ownerUserId"] is None
    assert public.headers["etag"] == '"1"'
    assert "private" not in public.body.decode().lower()

    stale = served.client.call("PATCH", path, {"name": "New"}, token=served.person, headers=[("If-Match", '"7"')])
    assert (stale.status, stale.code) == (412, "PRECONDITION_FAILED")
    for header in ("7", '"x"', '""'):
        junk = served.client.call("PATCH", path, {"name": "New"}, token=served.person, headers=[("If-Match", header)])
        assert junk.code == "PRECONDITION_FAILED"
    fresh = served.client.call("PUT", path, {"name": "New"}, token=served.person, headers=[("If-Match", '"1"')])
    assert (fresh.status, fresh.json()["name"], fresh.headers["etag"]) == (200, "New", '"2"')
    strange = served.client.call("PATCH", path, {"name": "Mine"}, token=served.holder_key)
    assert (strange.status, strange.code) == (403, "NOT_DID_OWNER")

    rotated = served.client.call("POST", f"{path}/keys/rotate", token=served.person)
    assert rotated.status == 200, rotated.body
    assert {key["status"] for key in rotated.json()["keys"]} == {"active", "retired"}
    history = served.client.call("GET", f"{path}/history").json()
    assert [one["version"] for one in history["versions"]] == [1, 2, 3]

    ended = served.client.call("POST", f"{path}/deactivate", token=served.person)
    assert (ended.json()["status"], ended.json()["activeCredentials"]) == ("deactivated", 0)
    assert served.client.call("DELETE", path, token=served.person).code == "ALREADY_DEACTIVATED"
    assert served.client.call("PATCH", path, {"name": "x"}, token=served.person).code == "DID_DEACTIVATED"
    resolved = served.client.call("GET", f"/1.0/identifiers/{did['did']}")
    assert resolved.status == 410
    assert resolved.json()["didDocument"] is None
    assert resolved.json()["didDocumentMetadata"]["deactivated"] is True


def test_did_key_never_changes(served: Served) -> None:
    did = served.client.call("POST", "/api/v1/dids", {"method": "key"}, token=served.person).json()
    answer = served.client.call("PATCH", f"/api/v1/dids/{did['did']}", {"name": "x"}, token=served.person)
    assert (answer.status, answer.code) == (409, "DID_IMMUTABLE")


def test_proof_types_choose_the_keys_of_a_did(served: Served) -> None:
    body = {"kind": "organization", "proofTypes": ["Ed25519Signature2020", "bbs-2023", "ecdsa-rdfc-2019"]}
    made = served.client.call("POST", "/api/v1/dids", body, token=served.person)
    assert made.status == 201, made.body
    did = made.json()
    keys = {key["id"].partition("#")[2]: (key["type"], key["proofTypes"]) for key in did["keys"]}
    assert keys["key-2"] == ("Multikey", ["bbs-2023"])
    assert keys["key-2-bls2020"] == ("Bls12381G2Key2020", ["BbsBlsSignature2020"])
    assert keys["key-3"] == ("Multikey", ["ecdsa-rdfc-2019", "ecdsa-jcs-2019", "ecdsa-sd-2023"])
    assert all(key["custody"] == "server" for key in did["keys"])
    resolved = served.client.call("GET", f"/1.0/identifiers/{did['did']}").json()["didDocument"]
    assert resolved == did["document"]
    url = f"/1.0/identifiers/{did['did']}%23key-2-bls2020"
    dereferenced = served.client.call("GET", url).json()["didDocument"]
    assert dereferenced["type"] == "Bls12381G2Key2020"
    assert dereferenced["@context"] == ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/bbs/v1"]

    path = f"/api/v1/dids/{did['did']}/keys/rotate"
    rotated = served.client.call("POST", path, {"proofType": "ecdsa-sd-2023"}, token=served.person).json()
    states = {key["id"].partition("#")[2]: key["status"] for key in rotated["keys"]}
    assert {name for name, state in states.items() if state == "retired"} == {"key-3"}
    assert states["key-4"] == "active"
    unknown = served.client.call("POST", path, {"proofType": "rsa-2018"}, token=served.person)
    assert (unknown.status, unknown.code) == (422, "UNSUPPORTED_PROOF_TYPE")


@pytest.mark.parametrize(
    ("method", "proof_types"), [("key", ["bbs-2023", "ecdsa-rdfc-2019"]), ("jwk", ["BbsBlsSignature2020"])]
)
def test_a_did_that_is_its_key_has_one_kind(served: Served, method: str, proof_types: list[str]) -> None:
    body = {"method": method, "proofTypes": proof_types}
    answer = served.client.call("POST", "/api/v1/dids", body, token=served.person)
    assert (answer.status, answer.code, answer.pointers) == (422, "INVALID_VALUE", ["/proofTypes"])


def test_import_generates_keys_of_several_kinds(served: Served) -> None:
    body = {"did": "did:adi:kinds", "generate": ["eddsa-rdfc-2022", "BbsBlsSignature2020"]}
    made = served.client.call("POST", "/api/v1/dids/import", body, token=served.admin)
    assert made.status == 201, made.body
    assert [key["id"].partition("#")[2] for key in made.json()["keys"]] == [
        "key-1",
        "key-2",
        "key-2-bls2020",
        "status-1",
    ]
    again = {"did": "did:key:z6Mk", "generate": ["eddsa-rdfc-2022", "bbs-2023"]}
    refused = served.client.call("POST", "/api/v1/dids/import", again, token=served.admin)
    assert (refused.code, refused.pointers) == ("INVALID_VALUE", ["/generate"])


@pytest.mark.parametrize(("kind", "beginning"), [("bbs-2023", "zUC7"), ("ecdsa-rdfc-2019", "zDna")])
def test_a_did_key_of_every_kind_is_resolved_for_anyone(served: Served, kind: str, beginning: str) -> None:
    body = {"method": "key", "proofTypes": [kind]}
    did = served.client.call("POST", "/api/v1/dids", body, token=served.person).json()["did"]
    assert did.startswith(f"did:key:{beginning}")
    document = served.client.call("GET", f"/1.0/identifiers/{did}").json()["didDocument"]
    assert document["verificationMethod"][0]["type"] == "Multikey"
    assert document["@context"] == ["https://www.w3.org/ns/did/v1", "https://w3id.org/security/multikey/v1"]
    assert document["assertionMethod"] == [f"{did}#{did.removeprefix('did:key:')}"]


def test_agent_needs_an_operator(served: Served) -> None:
    answer = served.client.call("POST", "/api/v1/dids", {"kind": "agent"}, token=served.person)
    assert (answer.status, answer.code, answer.pointers) == (422, "MISSING_FIELD", ["/operator"])


def test_import_is_for_admins_and_ids_are_unique(served: Served) -> None:
    body = {"did": "did:adi:imported1", "generate": ["Ed25519Signature2020"], "aliases": ["did:adi:imported1..."]}
    assert served.client.call("POST", "/api/v1/dids/import", body, token=served.person).code == "ROLE_REQUIRED"
    made = served.client.call("POST", "/api/v1/dids/import", body, token=served.admin)
    assert made.status == 201, made.body
    assert served.client.call("GET", "/api/v1/dids/did:adi:imported1...").json()["did"] == "did:adi:imported1"
    twin = served.client.call("POST", "/api/v1/dids/import", body, token=served.admin)
    assert (twin.status, twin.code) == (409, "DID_EXISTS")


def test_people_list_their_own_dids(served: Served) -> None:
    served.client.call("POST", "/api/v1/dids", {"name": "listed"}, token=served.person)
    own = served.client.call("GET", "/api/v1/dids?limit=100", token=served.person).json()["data"]
    everything = served.client.call("GET", "/api/v1/dids?limit=100", token=served.admin).json()["data"]
    assert len({one["ownerUserId"] for one in own}) == 1
    assert len(everything) > len(own) >= 1


def test_api_key_is_shown_once_and_ends_at_once(served: Served) -> None:
    body = {"name": "program", "issuerDids": [ISSUER], "issuePerMinute": 5}
    headers = [("Idempotency-Key", "key 1")]
    made = served.client.call("POST", "/api/v1/api-keys", body, token=served.admin, headers=headers)
    assert made.status == 201, made.body
    secret, key_id = made.json()["apiKey"], made.json()["apiKeyId"]
    assert secret.startswith("swk_")
    again = served.client.call("POST", "/api/v1/api-keys", body, token=served.admin, headers=headers)
    assert again.body == made.body
    assert again.headers["idempotent-replayed"] == "true"
    listed = served.client.call("GET", "/api/v1/api-keys", token=served.admin)
    assert secret not in listed.body.decode()
    assert served.client.call("GET", "/api/v1/credentials", token=secret).status == 200

    rotated = served.client.call(
        "POST", f"/api/v1/api-keys/{key_id}/rotate", {"overlapSeconds": 60}, token=served.admin
    )
    assert rotated.status == 201
    assert served.client.call("GET", "/api/v1/credentials", token=secret).status == 200
    new_id = rotated.json()["apiKeyId"]
    gone = served.client.call("DELETE", f"/api/v1/api-keys/{new_id}", token=served.admin)
    assert gone.json()["status"] == "revoked"
    assert served.client.call("GET", "/api/v1/credentials", token=rotated.json()["apiKey"]).code == "UNAUTHENTICATED"
    assert (
        served.client.call("POST", f"/api/v1/api-keys/{key_id}/revoke", token=served.person).code == "API_KEY_NOT_FOUND"
    )


def test_keys_for_foreign_dids_are_not_made(served: Served) -> None:
    body = {"name": "mine", "issuerDids": [ISSUER]}
    answer = served.client.call("POST", "/api/v1/api-keys", body, token=served.person)
    assert (answer.status, answer.code) == (403, "NOT_DID_OWNER")
