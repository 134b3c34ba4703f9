"""The main calls on each supported database, over HTTP: what is promised does not depend on where it is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.conftest import NO_LIMITS, Served, degree, serve
from tests.web.desk import furnish_desk
from tests.web.work import SERIES, opened, step_path

ISSUE = "/api/v1/credentials/issue"


@pytest.fixture
def either(database_url: str, tmp_path: Path) -> Iterator[Served]:
    with serve(tmp_path, database_url=database_url, **NO_LIMITS) as served:
        yield served


def test_issue_race_revoke_and_audit(either: Served) -> None:
    call = {"method": "POST", "path": ISSUE, "body": degree(), "token": either.key}
    answers = either.client.together(*[{**call, "headers": [("Idempotency-Key", "k")]}] * 4, *[call] * 4)
    assert {answer.status for answer in answers} == {201}
    assert len({answer.json()["credentialId"] for answer in answers[:4]}) == 1
    assert len({answer.json()["statusListIndex"] for answer in answers}) == 5
    credential_id = answers[0].json()["credentialId"]
    revoke = {
        "method": "POST",
        "path": f"/api/v1/credentials/{credential_id}/revoke",
        "body": {"reason": "r"},
        "token": either.key,
    }
    outcomes = sorted(answer.status for answer in either.client.together(*[revoke] * 4))
    assert outcomes == [200, 409, 409, 409]
    verdict = either.client.call("POST", "/api/v1/audit/verify", token=either.admin).json()
    assert verdict["verified"] is True
    report = either.client.call("POST", "/api/v1/credentials/verify", {"credential": answers[0].json()["credential"]})
    assert report.json()["verified"] is False


def test_taken_things_are_conflicts_not_failures(either: Served) -> None:
    body = {"did": "did:adi:issuer001", "generate": ["Ed25519Signature2020"]}
    twin = either.client.call("POST", "/api/v1/dids/import", body, token=either.admin)
    assert (twin.status, twin.code) == (409, "DID_EXISTS")
    alias = {"did": "did:adi:fresh", "generate": ["Ed25519Signature2020"], "aliases": ["did:adi:issuer001..."]}
    assert either.client.call("POST", "/api/v1/dids/import", alias, token=either.admin).code == "DID_EXISTS"
    assert either.client.call("GET", "/api/v1/dids/did:adi:fresh").code == "DID_NOT_FOUND"


def test_withdrawn_key_is_dead_at_the_next_call(either: Served) -> None:
    made = either.client.call(
        "POST", "/api/v1/api-keys", {"name": "n", "issuerDids": ["did:adi:issuer001"]}, token=either.admin
    ).json()
    assert either.client.call("POST", ISSUE, degree(), token=made["apiKey"]).status == 201
    either.client.call("POST", f"/api/v1/api-keys/{made['apiKeyId']}/revoke", token=either.admin)
    assert either.client.call("POST", ISSUE, degree(), token=made["apiKey"]).code == "UNAUTHENTICATED"


def test_cursor_of_another_list_is_refused(either: Served) -> None:
    for _ in range(2):
        either.issue()
    cursor = either.client.call("GET", "/api/v1/credentials?limit=1", token=either.key).json()["nextCursor"]
    answer = either.client.call("GET", f"/api/v1/schemas?cursor={cursor}")
    assert (answer.status, answer.code) == (422, "INVALID_PAGINATION")


def test_of_many_claims_at_once_one_wins_and_a_key_has_one_effect(either: Served) -> None:
    desk = furnish_desk(either)
    names = [f"rival{number}" for number in range(6)]
    for name in names:
        desk.improver(name)
    workflow = opened(desk, recurrence="weekly")
    claim = {"method": "POST", "path": f"{step_path(workflow)}/claim", "body": {}}
    answers = either.client.together(*({**claim, "token": desk.tokens[name]} for name in names))
    assert sorted(answer.code or str(answer.status) for answer in answers) == ["200", *["STEP_ALREADY_CLAIMED"] * 5]
    winner = names[[answer.status for answer in answers].index(200)]
    keyed = {**claim, "token": desk.tokens[winner], "headers": [("Idempotency-Key", "again")]}
    repeated = either.client.together(*[keyed] * 3)
    assert {answer.status for answer in repeated} <= {200, 409}
    assert len({answer.body for answer in repeated if answer.status == 200}) == 1
    body = {"series_id": workflow["series_id"], "step_order": 1}
    assert desk.done(winner, "POST", f"{SERIES}/unclaim", body)["released_count"] == 1
    claimants = desk.done("admin", "GET", f"/admin/workflow-series/{workflow['series_id']}/claimants")
    assert claimants == []
