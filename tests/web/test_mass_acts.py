"""Mass acts over HTTP: who may, what is asked for, what a preview says, and that a key has one effect."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.web.conftest import NO_LIMITS, Served, degree, serve

REVOKE, REISSUE = "/api/v1/credentials/batch-revoke", "/api/v1/credentials/reissue"
ISSUER = "did:adi:issuer001"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(tmp_path_factory.mktemp("mass"), is_set_up=True, **NO_LIMITS) as one:
        yield one


def batch_of(served: Served, count: int) -> str:
    """A batch of degrees; gives its id."""
    rows = [{"holderDid": degree()["holderDid"], "claims": degree()["claims"]}] * count
    body = {"schemaId": degree()["schemaId"], "issuerDid": ISSUER, "credentials": rows, "allowDuplicates": True}
    answer = served.client.call("POST", "/api/v1/credentials/issue/batch", body, token=served.key)
    assert (answer.status, answer.json()["issued"]) == (200, count), answer.body
    return str(answer.json()["batchId"])


def by_batch(batch_id: str, **more: Any) -> dict[str, Any]:
    return {"issuerDid": ISSUER, "filter": {"batchId": batch_id}, "reason": "copied", **more}


def carried_out(served: Served, batch_id: str) -> dict[str, Any]:
    served.office.bulk.engine.run_batch(batch_id)
    answer: dict[str, Any] = served.client.call("GET", f"/api/v1/batches/{batch_id}", token=served.key).json()
    return answer


def test_a_batch_is_previewed_then_revoked_once(served: Served) -> None:
    batch_id = batch_of(served, 3)
    seen = served.client.call("POST", REVOKE, by_batch(batch_id, dryRun=True), token=served.key)
    assert (seen.status, seen.json()["count"], len(seen.json()["sample"])) == (200, 3, 3)
    assert seen.json()["byStatus"] == {"valid": 3, "suspended": 0, "expired": 0}

    key = [("Idempotency-Key", "mass 1")]
    body = by_batch(batch_id, reasonCode="key_compromise", name="Lost key")
    first = served.client.call("POST", REVOKE, body, token=served.key, headers=key)
    again = served.client.call("POST", REVOKE, body, token=served.key, headers=key)

    assert (first.status, again.status, again.headers["idempotent-replayed"]) == (202, 202, "true")
    made = first.json()
    assert (made["kind"], made["total"], made["name"], again.json()["batchId"]) == (
        "revoke",
        3,
        "Lost key",
        made["batchId"],
    )
    assert first.headers["location"].endswith(f"/api/v1/batches/{made['batchId']}")
    done = carried_out(served, made["batchId"])
    assert (done["status"], done["revoked"], done["failed"], done["transactionHash"]) == ("done", 3, 0, None)
    rows = served.client.call("GET", f"{first.headers['location']}/results", token=served.key).json()["data"]
    assert [row["status"] for row in rows] == ["revoked"] * 3
    assert [row["credentialId"] for row in rows] == seen.json()["sample"]
    status = served.client.call("GET", f"/api/v1/credentials/{rows[0]['credentialId']}/status").json()
    assert (status["status"], status["reasonCode"]) == ("revoked", "key_compromise")


def test_the_whole_of_a_batch_is_revoked_by_its_address(served: Served) -> None:
    batch_id = batch_of(served, 2)
    answer = served.client.call("POST", f"/api/v1/batches/{batch_id}/revoke", {"reason": "annulled"}, token=served.key)
    assert answer.status == 202, answer.body
    assert carried_out(served, answer.json()["batchId"])["revoked"] == 2


def test_credentials_are_issued_anew(served: Served) -> None:
    batch_id = batch_of(served, 2)
    body = {"issuerDid": ISSUER, "filter": {"batchId": batch_id}}
    seen = served.client.call("POST", REISSUE, {**body, "dryRun": True}, token=served.key).json()
    assert (seen["count"], seen["notReissuable"]) == (2, 0)

    answer = served.client.call("POST", REISSUE, body, token=served.key)

    assert answer.status == 202, answer.body
    (made,) = answer.json()["batches"]
    assert (made["kind"], made["total"], made["schemaId"]) == ("issue", 2, degree()["schemaId"])
    assert carried_out(served, made["batchId"])["issued"] == 2
    served.office.bulk.mass.gathering.work()
    while served.office.bulk.engine.work_once():
        pass
    found = served.client.call("GET", f"/api/v1/credentials?batchId={batch_id}", token=served.key).json()["data"]
    assert {(one["status"], one["reasonCode"]) for one in found} == {("revoked", "superseded")}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"credentialIds": ["x"]}, "CONFLICTING_FIELDS"),
        ({"issuerDid": None}, "INVALID_TYPE"),
        ({"filter": {"schema": "x"}}, "UNKNOWN_FIELD"),
        ({"filter": {"issuedFrom": "yesterday"}}, "INVALID_DATE"),
        ({"filter": {"issuedFrom": "2026-03-02T00:00:00Z", "issuedTo": "2026-03-01T00:00:00Z"}}, "CONFLICTING_FIELDS"),
        ({"filter": {"verificationMethod": f"{ISSUER}#key-77"}}, "INVALID_VALUE"),
        ({"filter": {"batchId": "bat_unknown"}}, "BATCH_NOT_FOUND"),
        ({"filter": {"schemaId": "did:adi:schema:unknown-v1"}}, "SCHEMA_NOT_FOUND"),
        ({"issuerDid": "did:adi:nobody"}, "ISSUER_NOT_FOUND"),
        ({"filter": {"issuedFrom": "2031-01-01T00:00:00Z"}}, "STATE_CONFLICT"),
    ],
)
def test_malformed_filters_and_empty_finds_are_refused(served: Served, change: dict[str, Any], code: str) -> None:
    body = {"issuerDid": ISSUER, "filter": {}, "reason": "r", **change}
    answer = served.client.call("POST", REVOKE, body, token=served.key)
    assert answer.code == code, answer.body


def test_filters_are_for_the_issuers_own_keys(served: Served) -> None:
    served.issue()
    for path in (REVOKE, REISSUE):
        for dry_run in (False, True):
            body: dict[str, Any] = {"issuerDid": ISSUER, "filter": {}, "reason": "r", "dryRun": dry_run}
            answer = served.client.call("POST", path, body, token=served.holder_key)
            assert (answer.status, answer.code) == (403, "ISSUER_NOT_AUTHORIZED"), answer.body
    without = served.client.call("POST", REVOKE, {"filter": {}, "reason": "r"}, token=served.key)
    assert (without.code, without.json()["errors"][0]["pointer"]) == ("MISSING_FIELD", "/issuerDid")
