"""Operations over HTTP: halts, audit, events, health, setup, metrics and rates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.web.conftest import NO_LIMITS, Served, degree, serve

ISSUE = "/api/v1/credentials/issue"


def test_halt_stops_issuing_and_resume_ends_it(served: Served) -> None:
    call = served.client.call
    assert call("GET", "/admin/status", token=served.admin).json()["halted"] is False
    halted = call("POST", "/admin/halt", {"reason": "a key may be out"}, token=served.admin)
    assert (halted.status, halted.json()["halted"], halted.json()["reason"]) == (200, True, "a key may be out")
    try:
        refused = call("POST", ISSUE, degree(), token=served.key)
        assert (refused.status, refused.code) == (503, "ISSUING_HALTED")
        assert refused.json()["retryable"] is True
        assert "retry-after" in refused.headers
        assert call("GET", "/api/v1/credentials", token=served.key).status == 200
    finally:
        resumed = call("POST", "/admin/resume", token=served.admin)
    assert resumed.json()["halted"] is False
    assert call("POST", ISSUE, degree(), token=served.key).status == 201


def test_halt_of_one_schema_leaves_others_open(served: Served) -> None:
    body = {"reason": "r", "schema_id": "did:adi:schema:nothing"}
    assert served.client.call("POST", "/admin/halt", body, token=served.admin).code == "SCHEMA_NOT_FOUND"


def test_audit_trail_is_listed_exported_and_sound(served: Served) -> None:
    issued = served.issue()
    call = served.client.call
    page = call("GET", "/api/v1/audit?limit=5&action=credential.issued", token=served.admin).json()
    assert page["data"][0]["object"] == {"type": "credential", "id": issued["credentialId"]}
    assert page["data"][0]["actor"]["type"] == "api_key"
    assert len(page["data"][0]["requestId"]) == 26
    verdict = call("POST", "/api/v1/audit/verify", token=served.admin).json()
    assert (verdict["verified"], verdict["firstBad"]) == (True, None)
    assert verdict["records"] == served.audit_size()
    note = call("GET", "/api/v1/audit/checkpoint", token=served.admin)
    assert note.headers["content-type"].startswith("text/plain")
    export = call("GET", "/api/v1/audit/export", token=served.admin)
    lines = export.body.strip().split(b"\n")
    assert export.headers["content-type"] == "application/x-ndjson"
    assert len(lines) > served.audit_size()
    assert all(isinstance(json.loads(line), dict) for line in lines)
    assert b"checkpoint" in lines[-1].lower()


def test_events_show_an_issuers_own_and_no_claims(served: Served) -> None:
    issued = served.issue()
    page = served.client.call("GET", "/api/v1/events?kind=credential.issued&limit=1", token=served.key).json()
    assert page["data"][0]["data"]["object"]["id"] == issued["credentialId"]
    assert "MIT" not in json.dumps(page)
    assert (
        served.client.call("GET", "/api/v1/events?kind=credential.issued", token=served.holder_key).json()["data"] == []
    )
    assert served.client.call("GET", "/api/v1/events?kind=nothing", token=served.admin).code == "INVALID_FILTER"


def test_health_answers_and_readiness_names_its_checks(served: Served) -> None:
    assert served.client.call("GET", "/healthz").json() == {"status": "ok"}
    ready = served.client.call("GET", "/readyz")
    assert set(ready.json()["checks"]) == {"database", "migrations", "keys", "audit", "queue"}
    assert (ready.status == 200) == (ready.json()["status"] == "ok") == all(ready.json()["checks"].values())
    assert ready.status == 200, ready.json()


def test_every_answer_is_counted(served: Served) -> None:
    served.client.call("GET", "/healthz")
    served.client.call("POST", ISSUE, degree())
    text = served.client.call("GET", "/metrics").body.decode()
    assert 'route="/healthz"' in text
    assert "UNAUTHENTICATED" in text
    assert "swk_" not in text


def test_metrics_ask_for_their_token(tmp_path: Path) -> None:
    with serve(tmp_path, SEALWRIGHT_METRICS_TOKEN="m" * 32, **NO_LIMITS) as served:
        assert served.client.call("GET", "/metrics").code == "UNAUTHENTICATED"
        assert served.client.call("GET", "/metrics", token="wrong").code == "UNAUTHENTICATED"
        assert served.client.call("GET", "/metrics", token="m" * 32).status == 200


def test_before_setup_only_health_and_documents_answer(tmp_path: Path) -> None:
    with serve(tmp_path, is_set_up=False, **NO_LIMITS) as served:
        for path in ("/healthz", "/openapi.json", "/docs", "/problems/SETUP_REQUIRED"):
            assert served.client.call("GET", path).status == 200
        for method, path in (("GET", "/api/v1/schemas"), ("POST", ISSUE), ("GET", "/.well-known/did.json")):
            answer = served.client.call(method, path, {} if method == "POST" else None)
            assert (answer.status, answer.code) == (503, "SETUP_REQUIRED")
            assert "retry-after" in answer.headers


def test_rate_limits_count_per_caller_and_say_so(tmp_path: Path) -> None:
    limits = {**NO_LIMITS, "SEALWRIGHT_RATE_ISSUE_PER_MINUTE": "3", "SEALWRIGHT_RATE_PUBLIC_PER_MINUTE": "2"}
    with serve(tmp_path, **limits) as served:
        remaining = []
        for _ in range(3):
            answer = served.client.call("POST", ISSUE, degree(), token=served.key)
            assert answer.status == 201
            remaining.append(answer.headers["ratelimit-remaining"])
        assert remaining == ["2", "1", "0"]
        over = served.client.call("POST", ISSUE, degree(), token=served.key)
        assert (over.status, over.code) == (429, "RATE_LIMIT_EXCEEDED")
        assert over.json()["retryable"] is True
        assert int(over.headers["retry-after"]) >= 1
        assert over.headers["ratelimit-limit"] == "3"
        refused = served.client.call("POST", ISSUE, {}, token=served.holder_key)
        assert (refused.status, refused.headers["ratelimit-remaining"]) == (422, "2")
        assert served.client.call("POST", ISSUE, raw=b"{", token=served.key).code == "RATE_LIMIT_EXCEEDED"
        codes = [served.client.call("GET", "/api/v1/schemas").status for _ in range(3)]
        assert codes == [200, 200, 429]
        # Documents for everybody are not counted, and a forged address changes nothing.
        assert served.client.call("GET", "/.well-known/did.json").status == 404
        forged = served.client.call("GET", "/api/v1/schemas", headers=[("X-Forwarded-For", "192.0.2.99")])
        assert forged.status == 429
        served.clock.move(seconds=61)
        assert served.client.call("POST", ISSUE, degree(), token=served.key).status == 201


def test_a_keys_own_limit_counts(tmp_path: Path) -> None:
    with serve(tmp_path, **NO_LIMITS) as served:
        body = {"name": "slow", "issuerDids": ["did:adi:issuer001"], "issuePerMinute": 1}
        key = served.client.call("POST", "/api/v1/api-keys", body, token=served.admin).json()["apiKey"]
        statuses = [served.client.call("POST", ISSUE, degree(), token=key).status for _ in range(2)]
        assert statuses == [201, 429]


@pytest.mark.parametrize("path", ["/docs", "/healthz", "/api/v1/schemas", "/nothing"])
def test_every_answer_has_its_request_id(served: Served, path: str) -> None:
    first, second = (
        served.client.call("GET", path),
        served.client.call("GET", path, headers=[("X-Request-Id", "forged")]),
    )
    assert len(first.headers["x-request-id"]) == 26
    assert first.headers["x-request-id"] != second.headers["x-request-id"] != "forged"
