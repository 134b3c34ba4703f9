"""The issuance API over HTTP: issue, read back, revoke; bytes and states as promised."""

from __future__ import annotations

import hashlib
import json

import pytest

from tests.web.conftest import Served, degree

ISSUE = "/api/v1/credentials/issue"


def test_issued_credential_reads_back_byte_for_byte(served: Served) -> None:
    answer = served.client.call("POST", ISSUE, degree(), token=served.key)
    assert answer.status == 201, answer.body
    issued = answer.json()
    assert list(issued) == [
        "credential",
        "credentialId",
        "statusListIndex",
        "statusListCredential",
        "transactionHash",
        "grantId",
        "offer",
    ]
    assert issued["credential"]["credentialSubject"]["degree"]["gpa"] == 3.8
    assert answer.headers["location"] == f"/api/v1/credentials/{issued['credentialId']}"
    document = served.client.call("GET", f"{answer.headers['location']}/document", token=served.key)
    assert document.status == 200
    assert document.body in answer.body
    record = served.client.call("GET", answer.headers["location"], token=served.key).json()
    assert record["documentSha256"] == hashlib.sha256(document.body).hexdigest()
    assert record["status"] == "valid"
    bare = issued["credentialId"].removeprefix("urn:uuid:")
    encoded = issued["credentialId"].replace(":", "%3A")
    for name in (bare, encoded):
        assert served.client.call("GET", f"/api/v1/credentials/{name}", token=served.key).json() == record


def test_dry_run_checks_everything_and_keeps_nothing(served: Served) -> None:
    before = served.audit_size()
    answer = served.client.call("POST", ISSUE, {**degree(), "dryRun": True}, token=served.key)
    assert answer.status == 200
    assert answer.json()["dryRun"] is True
    assert "proof" not in answer.json()["credential"]
    wrong = served.client.call("POST", ISSUE, {**degree(), "dryRun": True, "claims": {}}, token=served.key)
    assert wrong.code == "SCHEMA_VALIDATION_FAILED"
    assert served.audit_size() == before


def test_same_key_and_body_give_the_first_answer_again(served: Served) -> None:
    key = [("Idempotency-Key", "order 1")]
    first = served.client.call("POST", ISSUE, degree(), token=served.key, headers=key)
    again = served.client.call("POST", ISSUE, degree(), token=served.key, headers=key)
    assert (first.status, again.status) == (201, 201)
    assert again.body == first.body
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    other = served.client.call("POST", ISSUE, {**degree(), "revocable": False}, token=served.key, headers=key)
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_calls_at_once_with_one_key_make_one_credential(served: Served) -> None:
    call = {
        "method": "POST",
        "path": ISSUE,
        "body": degree(),
        "token": served.key,
        "headers": [("Idempotency-Key", "race 1")],
    }
    answers = served.client.together(*[call] * 8)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json()["credentialId"] for answer in answers}) == 1
    assert sum("idempotent-replayed" not in answer.headers for answer in answers) == 1


@pytest.mark.parametrize("keys", [[""], ["x" * 256], ["a\x7f"], ["ü"], ["a", "b"]])
def test_malformed_idempotency_key_is_refused(served: Served, keys: list[str]) -> None:
    headers = [("Idempotency-Key", key) for key in keys]
    answer = served.client.call("POST", ISSUE, degree(), token=served.key, headers=headers)
    assert (answer.status, answer.code) == (400, "INVALID_IDEMPOTENCY_KEY")


def test_refused_call_may_be_repeated_with_its_key(served: Served) -> None:
    key = [("Idempotency-Key", "second try")]
    refused = served.client.call("POST", ISSUE, {**degree(), "claims": {}}, token=served.key, headers=key)
    assert refused.code == "SCHEMA_VALIDATION_FAILED"
    assert served.client.call("POST", ISSUE, degree(), token=served.key, headers=key).status == 201


def test_revocation_shows_at_once_and_stays(served: Served) -> None:
    issued = served.issue(suspendable=True)
    path = f"/api/v1/credentials/{issued['credentialId']}"
    reason = {"reason": "left", "reasonCode": "holder_request"}
    preview = served.client.call("POST", f"{path}/revoke", {**reason, "dryRun": True}, token=served.key)
    assert preview.json()["status"] == "revoked"
    assert served.client.call("GET", f"{path}/status").json()["status"] == "valid"

    assert served.client.call("POST", f"{path}/suspend", {"reason": "pause"}, token=served.key).json()["suspended"]
    assert not served.client.call("POST", f"{path}/reinstate", {"reason": "on"}, token=served.key).json()["suspended"]
    revoked = served.client.call("POST", f"{path}/revoke", reason, token=served.key)
    assert revoked.status == 200
    assert revoked.json()["effects"] is None
    public = served.client.call("GET", f"{path}/status")
    assert public.json()["revoked"] is True
    assert public.json()["reasonCode"] == "holder_request"
    assert b"left" not in public.body
    again = served.client.call(
        "POST", "/api/v1/credentials/revoke", {"credentialId": issued["credentialId"], **reason}, token=served.key
    )
    assert (again.status, again.code) == (409, "ALREADY_REVOKED")
    report = served.client.call("POST", "/api/v1/credentials/verify", {"credential": issued["credential"]})
    assert report.status == 200
    checks = {check["name"]: check["code"] for check in report.json()["checks"]}
    assert report.json()["verified"] is False
    assert checks["revocation"] == "REVOKED"


def test_list_shows_own_credentials_in_pages(served: Served) -> None:
    for _ in range(3):
        served.issue()
    seen: list[str] = []
    cursor = ""
    while True:
        page = served.client.call("GET", f"/api/v1/credentials?limit=2{cursor}", token=served.key).json()
        seen += [item["credentialId"] for item in page["data"]]
        if not page["hasMore"]:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert len(seen) == len(set(seen)) >= 3
    assert served.client.call("GET", "/api/v1/credentials", token=served.holder_key).json()["data"] == []


def test_credential_out_of_reach_looks_missing(served: Served) -> None:
    issued = served.issue()
    hidden = served.client.call("GET", f"/api/v1/credentials/{issued['credentialId']}", token=served.holder_key)
    absent = served.client.call(
        "GET", "/api/v1/credentials/urn:uuid:00000000-0000-7000-8000-000000000000", token=served.holder_key
    )
    assert (hidden.status, hidden.code) == (absent.status, absent.code) == (404, "CREDENTIAL_NOT_FOUND")
    assert hidden.json()["detail"] == absent.json()["detail"]


def test_batch_revoke_answers_each_row_alone(served: Served) -> None:
    one, two = served.issue(), served.issue(revocable=False)
    body = {"credentialIds": [one["credentialId"], two["credentialId"], "nothing"], "reason": "cleaning up"}
    answer = served.client.call("POST", "/api/v1/credentials/batch-revoke", body, token=served.key)
    assert answer.status == 200
    assert answer.json()["revoked"] == 1
    codes = [row["error"] and row["error"]["code"] for row in answer.json()["results"]]
    assert codes == [None, "NOT_REVOCABLE", "CREDENTIAL_NOT_FOUND"]


def test_batch_revoke_is_replayed_by_its_key(served: Served) -> None:
    path, key = "/api/v1/credentials/batch-revoke", [("Idempotency-Key", "batch 1")]
    one, two = served.issue(), served.issue()
    body = {"credentialIds": [one["credentialId"]], "reason": "r"}
    first = served.client.call("POST", path, body, token=served.key, headers=key)
    again = served.client.call("POST", path, body, token=served.key, headers=key)
    assert first.json()["revoked"] == 1
    assert (again.body, again.headers["idempotent-replayed"]) == (first.body, "true")
    other = {"credentialIds": [two["credentialId"]], "reason": "r"}
    refused = served.client.call("POST", path, other, token=served.key, headers=key)
    assert refused.code == "IDEMPOTENCY_KEY_REUSED"
    status = served.client.call("GET", f"/api/v1/credentials/{two['credentialId']}/status")
    assert status.json()["status"] == "valid"


def test_issued_credential_verifies_here(served: Served) -> None:
    issued = served.issue()
    body = {"credential": issued["credential"], "options": {"trustedIssuers": ["did:adi:issuer001"]}}
    report = served.client.call("POST", "/api/v1/credentials/verify", body).json()
    assert report["verified"] is True, report
    assert [check["name"] for check in report["checks"]] == [
        "structure",
        "proof",
        "issuer",
        "expiration",
        "revocation",
        "suspension",
        "schema",
        "holder",
        "trustedIssuer",
        "delegation",
    ]
    body["options"]["trustedIssuers"] = ["did:adi:holder001"]
    assert served.client.call("POST", "/api/v1/credentials/verify", body).json()["verified"] is False


@pytest.mark.parametrize("document", [{}, "a.b.c", "", {"@context": 5}, {"proof": []}])
def test_hostile_document_gets_a_report(served: Served, document: object) -> None:
    answer = served.client.call("POST", "/api/v1/credentials/verify", {"credential": document})
    assert answer.status == 200, answer.body
    assert answer.json()["verified"] is False
    assert len(answer.json()["checks"]) == 10


def test_claims_faults_point_into_the_body_without_values(served: Served) -> None:
    claims = {"degree": {"type": 5, "gpa": 99}}
    answer = served.client.call("POST", ISSUE, {**degree(), "claims": claims}, token=served.key)
    assert (answer.status, answer.code) == (422, "SCHEMA_VALIDATION_FAILED")
    assert all(pointer.startswith("/claims/degree/") for pointer in answer.pointers)
    assert "99" not in json.dumps(answer.json()["errors"])
