"""The desk over HTTP: asking, deciding, granting, aliases, versions, and idempotency."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.domain.people import AccountRole
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, SFLUV, Desk, fresh, furnish_desk

LIST: Final = "/issuers/credential-requests"
CREDENTIALS: Final = "/issuers/credentials"
TYPES: Final = "/admin/credential-types"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("stories"), **NO_LIMITS) as served:
        yield furnish_desk(served)


def decision(desk: Desk, who: str, request_id: str, body: Any, **options: Any) -> Answer:
    return desk.call(who, "POST", f"{LIST}/{request_id}/decision", body, **options)


def credential_status(desk: Desk, credential_id: str) -> str:
    return str(desk.done("plain", "GET", f"/api/v1/credentials/{credential_id}/status")["status"])


# ---- deciding --------------------------------------------------------------------------------------------------------


def test_approval_grants_and_signs_in_one_call_and_rejection_takes_back(desk: Desk) -> None:
    name = fresh(desk)
    asked = desk.request(name, note="Trained in October.")
    assert (asked["status"], asked["version"], asked["user_id"]) == ("pending", 1, desk.ids[name])
    approved = decision(desk, "issuer", asked["id"], {"status": "approved", "note": "Seen."}).json()
    assert (approved["status"], approved["version"], approved["issuance"]) == ("approved", 2, "issued")
    assert approved["effects"]["grants_created"] == [approved["grant_id"]]
    assert approved["effects"]["credentials_issued"] == 1
    (grant,) = desk.done(name, "GET", "/improvers/credentials?status=active")
    assert (grant["id"], grant["credential_id"]) == (approved["grant_id"], approved["credential_id"])
    document = desk.done(name, "GET", f"/api/v1/credentials/{grant['credential_id']}/document")
    assert document["credentialSubject"]["id"] == grant["holder_did"]
    report = desk.done("plain", "POST", "/api/v1/credentials/verify", {"credential": document})
    assert report["verified"] is True
    body = {"status": "rejected", "note": "Forged.", "message": "Sorry.", "expected_version": 2}
    rejected = decision(desk, "colleague", asked["id"], body).json()
    assert (rejected["status"], rejected["grant_status"]) == ("rejected", "revoked")
    assert rejected["effects"]["credentials_revoked"] == [grant["credential_id"]]
    assert credential_status(desk, grant["credential_id"]) == "revoked"
    again = desk.done("plain", "POST", "/api/v1/credentials/verify", {"credential": document})
    assert again["verified"] is False
    history = desk.done("issuer", "GET", f"{LIST}/{asked['id']}")["history"]
    assert [(entry["from"], entry["to"], entry["actor"]) for entry in history] == [
        (None, "pending", desk.ids[name]),
        ("pending", "approved", desk.ids["issuer"]),
        ("approved", "rejected", desk.ids["colleague"]),
    ]
    assert desk.request(name)["earlier_rejections"] == 1


WORDS: Final = {
    "approved": ("approved", "approve", "APPROVED", "Approve"),
    "rejected": ("rejected", "reject", "denied", "deny", "Denied"),
    "pending": ("pending", "PENDING"),
}


@pytest.mark.parametrize(("state", "word"), [(state, word) for state, words in WORDS.items() for word in words])
@pytest.mark.parametrize("member", ["status", "decision"])
@pytest.mark.parametrize("reason", ["note", "reason"])
def test_every_spelling_of_a_decision_says_the_same(
    desk: Desk, state: str, word: str, member: str, reason: str
) -> None:
    request_id = desk.request(fresh(desk))["id"]
    if state == "pending":
        assert desk.decide("issuer", request_id).status == 200
    more = {"expected_version": 2} if state == "pending" else {}
    answer = decision(desk, "issuer", request_id, {member: word, reason: "Because.", **more})
    assert answer.status == 200, answer.body
    assert (answer.json()["status"], answer.json()["note"]) == (state, "Because.")
    both = {"status": word, "decision": word.upper(), "note": "x", "reason": "x", "expected_version": 99}
    assert decision(desk, "issuer", request_id, both).code == "VERSION_CONFLICT"


def test_of_two_reviewers_one_wins(desk: Desk) -> None:
    request_id = desk.request(fresh(desk))["id"]
    calls = [
        {
            "method": "POST",
            "path": f"{LIST}/{request_id}/decision",
            "body": {"status": "rejected" if number % 2 else "approved", "note": "n"},
            "token": desk.tokens["issuer" if number % 2 else "colleague"],
        }
        for number in range(8)
    ]
    answers = desk.served.client.together(*calls)
    assert sorted(answer.status for answer in answers) == [200, *[409] * 7]
    winner = next(answer.json() for answer in answers if answer.status == 200)
    for answer in answers:
        if answer.status == 409:
            assert answer.json()["current"] == {
                "status": winner["status"],
                "version": 2,
                "resolved_by": winner["resolved_by"],
            }


def test_versions_in_header_and_body(desk: Desk) -> None:
    request_id = desk.request(fresh(desk))["id"]
    read = desk.call("issuer", "GET", f"{LIST}/{request_id}")
    assert read.headers["etag"] == '"1"'
    stale = decision(desk, "issuer", request_id, {"status": "approved"}, headers=[("If-Match", '"2"')])
    assert (stale.status, stale.code) == (412, "PRECONDITION_FAILED")
    first = decision(desk, "issuer", request_id, {"status": "approved"}, headers=[("If-Match", read.headers["etag"])])
    assert (first.status, first.headers["etag"]) == (200, '"2"')
    blind = decision(desk, "issuer", request_id, {"status": "pending", "note": "n"})
    assert (blind.status, blind.json()["current"]["status"]) == (409, "approved")
    known = decision(desk, "issuer", request_id, {"status": "pending", "note": "n"}, headers=[("If-Match", '"2"')])
    assert (known.status, known.json()["version"]) == (200, 3)


def test_the_state_already_held_is_no_move(desk: Desk) -> None:
    request_id = desk.request(fresh(desk))["id"]
    assert desk.decide("issuer", request_id).status == 200
    size = desk.served.audit_size()
    answer = desk.decide("issuer", request_id, expected_version=2)
    assert (answer.status, answer.json()["version"], answer.json()["effects"]["changed"]) == (200, 2, False)
    assert desk.served.audit_size() == size


def test_a_dry_run_tells_the_effects_and_changes_nothing(desk: Desk) -> None:
    name = fresh(desk)
    request_id = desk.request(name)["id"]
    size = desk.served.audit_size()
    told = desk.decide("issuer", request_id, dry_run=True).json()
    assert (told["dry_run"], told["effects"]["credentials_issued"]) == (True, 1)
    assert (told["request"]["grant_id"], told["effects"]["grants_created"]) == (None, [])
    # The grant has no id before it is made.
    assert told["effects"]["grants_created"] == []
    wish = {"user_id": desk.ids[name], "credential_type": DPW, "dry_run": True}
    granted = desk.call("issuer", "POST", CREDENTIALS, wish)
    assert (granted.status, granted.json()["dry_run"]) == (200, True)
    assert (granted.json()["grant"]["id"], granted.json()["effects"]["grants_created"]) == (None, [])
    assert granted.json()["effects"]["grants_created"] == []
    assert desk.served.audit_size() == size
    assert desk.done("issuer", "GET", f"{LIST}/{request_id}")["version"] == 1
    assert desk.done("issuer", "GET", f"{CREDENTIALS}/{desk.ids[name]}") == []


def test_two_reviewers_where_the_type_asks_for_two(desk: Desk) -> None:
    desk.done("admin", "POST", TYPES, {"value": "two_eyes", "label": "Two", "two_person": True})
    for name in ("first", "second"):
        desk.add(name, AccountRole.ISSUER, scopes=("two_eyes",))
    request_id = desk.request(fresh(desk), "two_eyes")["id"]
    endorsed = desk.decide("first", request_id).json()
    assert (endorsed["status"], endorsed["endorsed_by"], endorsed["grant_id"]) == ("pending", desk.ids["first"], None)
    assert endorsed["version"] == 2
    alone = desk.decide("first", request_id, expected_version=2)
    assert alone.json().get("status") != "approved"
    approved = desk.decide("second", request_id, expected_version=2).json()
    assert (approved["status"], approved["issuance"]) == ("approved", "issued")
    causes = [entry["cause"] for entry in desk.done("first", "GET", f"{LIST}/{request_id}")["history"]]
    assert causes == ["requested", "endorsed", "decided"]


def test_many_are_decided_one_by_one(desk: Desk) -> None:
    good = [desk.request(fresh(desk))["id"] for _ in range(3)]
    desk.decide("colleague", good[1])
    foreign = desk.request(fresh(desk), SFLUV)["id"]
    body = {"request_ids": [*good, foreign], "status": "rejected", "note": "n", "expected_versions": {good[0]: 1}}
    answer = desk.done("issuer", "POST", f"{LIST}/decisions", body)
    assert [(row["status"], (row["error"] or {}).get("code")) for row in answer["results"]] == [
        ("rejected", None),
        (None, "VERSION_CONFLICT"),
        ("rejected", None),
        (None, "OUT_OF_SCOPE"),
    ]
    assert [row["request_id"] for row in answer["results"]] == body["request_ids"]
    assert (answer["decided"], answer["failed"]) == (2, 2)
    assert answer["results"][1]["error"]["errors"] == []


def test_a_question_and_its_answer(desk: Desk) -> None:
    name = fresh(desk)
    request_id = desk.request(name)["id"]
    asked = desk.done("issuer", "POST", f"{LIST}/{request_id}/ask", {"message": "Which course?"})
    assert (asked["needs_info"], asked["version"], asked["message"]) == (True, 1, "Which course?")
    assert desk.done("issuer", "GET", f"{LIST}?needs_info=true&user_id={desk.ids[name]}")[0]["id"] == request_id
    own = desk.done(name, "GET", f"/improvers/credential-requests/{request_id}")
    assert own["history"][-1]["message"] == "Which course?"
    replied = desk.done(
        name, "POST", f"/improvers/credential-requests/{request_id}/reply", {"message": "The long one."}
    )
    assert replied["needs_info"] is False
    seen = desk.done("issuer", "GET", f"{LIST}/{request_id}")["history"]
    assert [entry["cause"] for entry in seen] == ["requested", "asked", "replied"]


def test_assignment(desk: Desk) -> None:
    request_id = desk.request(fresh(desk))["id"]
    able = {one["user_id"] for one in desk.done("issuer", "GET", f"{LIST}/{request_id}/reviewers")}
    assert desk.ids["colleague"] in able
    assert desk.ids["outsider"] not in able
    body = {"request_ids": [request_id], "assignee_user_id": desk.ids["colleague"]}
    assert desk.done("issuer", "POST", f"{LIST}/assign", body)["done"] == 1
    assert request_id in {one["id"] for one in desk.done("colleague", "GET", f"{LIST}?assignee=me&count=100")}
    assert request_id not in {one["id"] for one in desk.done("issuer", "GET", f"{LIST}?assignee=none&count=100")}


def test_decisions_on_pages_can_be_undone_over_the_api(desk: Desk) -> None:
    from sealwright.domain.deciding import Decision
    from sealwright.domain.requests import RequestState

    name = fresh(desk)
    request_id = desk.request(name)["id"]
    office = desk.served.office
    reviewer = office.access.authenticate(f"Bearer {desk.tokens['issuer']}", office.registry.current())
    office.review.decide(reviewer, Decision(request_id, RequestState.APPROVED, hold=True))
    seen = desk.done("issuer", "GET", f"{LIST}/{request_id}")
    assert (seen["issuance"], seen["undo_until"]) == ("pending", "2026-03-01T12:00:10Z")
    assert desk.call("colleague", "POST", f"{LIST}/{request_id}/undo").code == "STATE_CONFLICT"
    stale = desk.call("issuer", "POST", f"{LIST}/{request_id}/undo", {"expected_version": 1})
    assert stale.code == "VERSION_CONFLICT"
    undone = desk.done("issuer", "POST", f"{LIST}/{request_id}/undo", {"expected_version": 2})
    assert (undone["status"], undone["version"], undone["grant_status"]) == ("pending", 3, "revoked")
    office.review.decide(reviewer, Decision(request_id, RequestState.APPROVED, hold=True))
    now = desk.done("colleague", "POST", f"{LIST}/{request_id}/issue-now")
    assert now["issuance"] == "issued"


# ---- granting --------------------------------------------------------------------------------------------------------

GRANTING: Final = (CREDENTIALS, "/issuer/credentials/issue")


def without_ids(body: Any) -> Any:
    """An answer with the ids and documents of its own left out."""
    text = re.sub(r"(usr|grt|req)_[a-z2-7]{26}|urn:uuid:[0-9a-f-]{36}|did:adi:[0-9a-f]{64}", "…", str(body))
    return re.sub(r"someone\d+", "…", text)


def test_both_addresses_of_granting_answer_alike(desk: Desk) -> None:
    answers = []
    for path in GRANTING:
        body = {"user_id": desk.ids[fresh(desk)], "credential_type": DPW, "expires_at": "2027-01-01T00:00:00.999Z"}
        made = desk.call("issuer", "POST", path, body)
        again = desk.call("issuer", "POST", path, body)
        refused = desk.call("outsider", "POST", path, body)
        answers.append((made.status, without_ids(made.json()), again.code, refused.code))
        assert made.json()["expires_at"] == 1798761600
        assert made.json()["expires_at_utc"] == "2027-01-01T00:00:00Z"
        assert (made.json()["issued_at"], made.json()["issued_at_utc"]) == (1772366400, "2026-03-01T12:00:00Z")
    assert answers[0] == answers[1]
    assert answers[0][0] == 201


def test_all_addresses_of_revoking_answer_alike(desk: Desk) -> None:
    answers = []
    for method, path, in_query in (
        ("DELETE", CREDENTIALS, False),
        ("DELETE", CREDENTIALS, True),
        ("POST", "/issuer/credentials/revoke", False),
    ):
        granted = desk.granted("issuer", f"someone{len(desk.ids)}")
        members = {"user_id": granted["user_id"], "credential_type": DPW, "reason": "Lapsed."}
        query = "?" + "&".join(f"{name}={value}" for name, value in members.items()) if in_query else ""
        body = None if in_query else members
        revoked = desk.call("issuer", method, f"{path}{query}", body)
        again = desk.call("issuer", method, f"{path}{query}", body)
        answers.append((revoked.status, without_ids(revoked.json()), again.code))
        assert (revoked.json()["status"], revoked.json()["reason"]) == ("revoked", "Lapsed.")
        assert credential_status(desk, granted["credential_id"]) == "revoked"
    assert answers[0] == answers[1] == answers[2]
    assert answers[0][0] == 200


def test_one_alias_may_leave_the_reason_out(desk: Desk) -> None:
    granted = desk.granted("issuer", f"someone{len(desk.ids)}")
    body = {"user_id": granted["user_id"], "credential_type": DPW}
    assert desk.call("issuer", "DELETE", CREDENTIALS, body).code == "MISSING_FIELD"
    assert desk.done("issuer", "POST", "/issuer/credentials/revoke", body)["reason"] == "not stated"


def test_both_addresses_of_a_persons_grants_answer_alike(desk: Desk) -> None:
    granted = desk.granted("issuer", f"someone{len(desk.ids)}")
    user_id = granted["user_id"]
    desk.done("issuer", "POST", f"{CREDENTIALS}/{granted['id']}/revoke", {"reason": "r", "reason_code": "superseded"})
    start = desk.served.clock.time
    desk.served.clock.move(seconds=1)
    second = desk.done("issuer", "POST", CREDENTIALS, {"user_id": user_id, "credential_type": DPW})
    desk.served.clock.time = start
    assert second["supersedes"] == granted["id"]
    one, other = f"{CREDENTIALS}/{user_id}", f"/issuer/users/{user_id}/credentials"
    for query in ("", "?status=ALL", "?status=active", "?status=revoked", "?status=expired", "?view=page&count=1"):
        answers = [desk.call("issuer", "GET", f"{path}{query}") for path in (one, other)]
        assert answers[0].body == answers[1].body
        assert answers[0].headers["link"] == answers[1].headers["link"].replace(other, one)
    assert [grant["id"] for grant in desk.done("issuer", "GET", one)] == [second["id"], granted["id"]]


def test_a_grant_pauses_and_returns_with_its_credential(desk: Desk) -> None:
    granted = desk.granted("issuer", f"someone{len(desk.ids)}")
    for move, status, shown in (("suspend", "suspended", "suspended"), ("reinstate", "active", "valid")):
        answer = desk.done("issuer", "POST", f"{CREDENTIALS}/{granted['id']}/{move}", {"reason": "r"})
        assert answer["status"] == status
        assert credential_status(desk, granted["credential_id"]) == shown
    assert (
        desk.call("outsider", "POST", f"{CREDENTIALS}/{granted['id']}/suspend", {"reason": "r"}).code == "OUT_OF_SCOPE"
    )
    path = f"/api/v1/credentials/{granted['credential_id']}/revoke"
    revoked = desk.done("admin", "POST", path, {"reason": "r"})
    assert revoked["effects"]["grants_revoked"] == [granted["id"]]
    (grant,) = desk.done("issuer", "GET", f"{CREDENTIALS}/{granted['user_id']}")
    assert grant["status"] == "revoked"


def test_signing_that_fails_leaves_the_grant_and_is_told(desk: Desk) -> None:
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "properties": {"tool": {"type": "string"}},
    }
    made = desk.done("admin", "POST", "/api/v1/schemas", {"name": "tool", "type": ["ToolCredential"], "schema": schema})
    desk.done("admin", "POST", TYPES, {"value": "tool", "label": "Tool", "schema_id": made["schemaId"]})
    wish = {"user_id": desk.ids[fresh(desk)], "credential_type": "tool", "claims": {"tool": "saw", "color": "red"}}
    answer = desk.call("admin", "POST", CREDENTIALS, wish)
    assert answer.status == 201
    grant = answer.json()
    assert (grant["status"], grant["issuance"], grant["issuance_error"]) == ("active", "failed", "UNDEFINED_TERM")
    assert grant["effects"]["credentials_issued"] == 0
    again = desk.call("admin", "POST", f"{CREDENTIALS}/{grant['id']}/retry-issuance")
    assert again.code == "UNDEFINED_TERM"


# ---- idempotency -----------------------------------------------------------------------------------------------------


def test_a_key_gives_one_effect_and_one_answer(desk: Desk) -> None:
    headers = [("Idempotency-Key", "stories")]
    name = fresh(desk)
    wishes: list[tuple[str, str, str, Any]] = [
        (name, "POST", "/improvers/credential-requests", {"credential_type": SFLUV}),
        ("issuer", "POST", CREDENTIALS, {"user_id": desk.ids[name], "credential_type": DPW}),
        ("issuer", "POST", "/issuer/credentials/revoke", {"user_id": desk.ids[name], "credential_type": DPW}),
        ("admin", "POST", TYPES, {"value": "keyed", "label": "Keyed"}),
        ("admin", "POST", "/admin/users", {"email": "keyed@example.org", "display_name": "K"}),
        ("admin", "POST", "/admin/invitations", {"email": "invited@example.org"}),
        (name, "POST", "/voters/request", {}),
        ("issuer", "POST", "/issuers/views", {"name": "Keyed", "query": ""}),
    ]
    for who, method, path, body in wishes:
        first = desk.call(who, method, path, body, headers=headers)
        assert first.status in {200, 201}, (path, first.body)
        size = desk.served.audit_size()
        second = desk.call(who, method, path, body, headers=headers)
        assert (second.status, second.body) == (first.status, first.body), path
        assert second.headers["idempotent-replayed"] == "true"
        assert desk.served.audit_size() == size


def test_fifty_grants_with_one_key_are_one(desk: Desk) -> None:
    body = {"user_id": desk.ids[fresh(desk)], "credential_type": DPW}
    call = {
        "method": "POST",
        "path": CREDENTIALS,
        "body": body,
        "token": desk.tokens["issuer"],
        "headers": [("Idempotency-Key", "fifty")],
    }
    answers = desk.served.client.together(*[call] * 50)
    assert {answer.status for answer in answers} <= {201, 409}
    assert {answer.code for answer in answers} <= {"", "IDEMPOTENCY_IN_PROGRESS"}
    assert len({answer.body for answer in answers if answer.status == 201}) == 1
    assert len(desk.done("issuer", "GET", f"{CREDENTIALS}/{body['user_id']}")) == 1


def test_a_refused_call_may_be_repeated_with_its_key(desk: Desk) -> None:
    request_id = desk.request(fresh(desk))["id"]
    path, headers = f"{LIST}/{request_id}/decision", [("Idempotency-Key", "repeated")]
    assert desk.call("outsider", "POST", path, {"status": "approved"}, headers=headers).status == 403
    body = {"user_id": desk.ids["outsider"], "allowed_credentials": [SFLUV, DPW]}
    desk.done("admin", "PUT", "/admin/issuers", body)
    assert desk.call("outsider", "POST", path, {"status": "approved"}, headers=headers).status == 200
    desk.done("admin", "PUT", "/admin/issuers", {**body, "allowed_credentials": [SFLUV]})
