"""The desk over HTTP: asking, deciding, granting, aliases, versions, idempotency, and lists."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.domain.people import AccountRole
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, SFLUV, WALLET, Desk, furnish_desk

LIST: Final = "/issuers/credential-requests"
CREDENTIALS: Final = "/issuers/credentials"
TYPES: Final = "/admin/credential-types"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("stories"), **NO_LIMITS) as served:
        yield furnish_desk(served)


def fresh(desk: Desk) -> str:
    name = f"someone{len(desk.ids)}"
    desk.improver(name)
    return name


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
    wish = {"user_id": desk.ids[name], "credential_type": DPW, "dry_run": True}
    granted = desk.call("issuer", "POST", CREDENTIALS, wish)
    assert (granted.status, granted.json()["dry_run"]) == (200, True)
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


# ---- lists -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def queue(desk: Desk) -> list[str]:
    """Forty requests of a type of its own: 25 pending, 10 approved, 5 rejected; oldest first."""
    desk.done("admin", "POST", TYPES, {"value": "queued", "label": "Queued", "target_hours": 1})
    desk.add("keeper", AccountRole.ISSUER, scopes=("queued",))
    start = desk.served.clock.time
    ids = []
    for number in range(40):
        desk.improver(f"queuer{number:02}")
        ids.append(desk.request(f"queuer{number:02}", "queued")["id"])
        if number >= 25:
            desk.decide("keeper", ids[-1], "approved" if number < 35 else "rejected")
        desk.served.clock.move(seconds=10)
    desk.served.clock.time = start
    return ids


def listed(desk: Desk, query: str) -> tuple[list[str], Answer]:
    answer = desk.call("keeper", "GET", f"{LIST}?{query}")
    assert answer.status == 200, answer.body
    return [one["id"] for one in answer.json()], answer


def test_pages_cover_the_list_once_with_exact_totals(desk: Desk, queue: list[str]) -> None:
    pages = [listed(desk, f"page={page}") for page in range(3)]
    assert [len(ids) for ids, _ in pages] == [20, 20, 0]
    assert {answer.headers["x-total-count"] for _, answer in pages} == {"40"}
    together = [*pages[0][0], *pages[1][0]]
    assert together[:25] == queue[:25]
    assert sorted(together[25:]) == sorted(queue[25:])
    whole = desk.call("keeper", "GET", f"{LIST}?view=page&count=40").json()
    assert ([one["id"] for one in whole["data"]], whole["has_more"]) == (together, False)


def links(answer: Answer) -> dict[str, str]:
    return {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', answer.headers["link"])}


def test_links_lead_through_the_list_and_keep_its_filters(desk: Desk, queue: list[str]) -> None:
    query = "status=pending&credential_type=queued&count=10"
    url, seen = f"{desk.served.office.public_url}{LIST}?{query}", []
    first = links(listed(desk, query)[1])
    assert set(first) == {"first", "next", "last"}
    while True:
        ids, answer = listed(desk, url.partition("?")[2])
        seen += ids
        known = links(answer)
        assert all("status=pending" in one and "credential_type=queued" in one for one in known.values())
        if "next" not in known:
            break
        url = known["next"]
    assert seen == queue[:25]
    assert set(known) == {"first", "prev", "last"}
    assert known["last"] == url
    assert listed(desk, known["prev"].partition("?")[2])[0] == queue[10:20]


FILTERED: Final = (
    ("status=pending", 25),
    ("status=Approved", 10),
    ("status=REJECTED", 5),
    ("status=withdrawn", 0),
    ("status=all", 40),
    ("credential_type=queued&credential_type=dpw_certified", 40),
    ("credential_type=all&status=rejected", 5),
    ("search=queuer0", 10),
    ("search=QUEUER1", 10),
    ("search=queuer39@example", 1),
    ("search=queuer0&status=approved", 0),
    ("resolved_by=me", 15),
    ("requested_from=2026-03-01T12:06:00Z", 4),
    ("requested_to=2026-03-01T12:00:30Z", 3),
    ("needs_info=false&status=pending", 25),
)


@pytest.mark.parametrize(("query", "total"), FILTERED)
def test_filters_count_on_the_server(desk: Desk, queue: list[str], query: str, total: int) -> None:
    ids, answer = listed(desk, f"{query}&count=5")
    assert answer.headers["x-total-count"] == str(total)
    assert len(ids) == min(5, total)
    assert set(ids) <= set(queue)


def test_export_has_every_row_of_a_filtered_list_and_runs_nothing(desk: Desk, queue: list[str]) -> None:
    desk.add("formula", AccountRole.IMPROVER)
    hostile = desk.request("formula", SFLUV, note='=HYPERLINK("http://x","y")')["id"]
    whole = desk.call("keeper", "GET", f"{LIST}/export?sort=requested_at").body.decode()
    assert [row[0] for row in csv.reader(io.StringIO(whole))] == ["id", *queue]
    lines = list(csv.reader(io.StringIO(desk.call("outsider", "GET", f"{LIST}/export").body.decode())))
    notes = {row[0]: row[lines[0].index("requester_note")] for row in lines[1:]}
    assert notes[hostile] == '\'=HYPERLINK("http://x","y")'
    approved = desk.call("keeper", "GET", f"{LIST}/export?status=approved").body.decode()
    assert approved.count("\r\n") == 11


def test_sorting(desk: Desk, queue: list[str]) -> None:
    by_time = listed(desk, "sort=requested_at&count=100")[0]
    assert by_time == queue
    assert listed(desk, "sort=-requested_at&count=100")[0] == queue[::-1]
    assert listed(desk, "sort=requester_name&count=100")[0] == queue
    assert listed(desk, "sort=-requester_name&count=100")[0] == queue[::-1]
    states = [one["status"] for one in desk.done("keeper", "GET", f"{LIST}?sort=status&count=100")]
    assert states == sorted(states)


def test_counts_and_stats(desk: Desk, queue: list[str]) -> None:
    assert len(queue) == 40
    assert desk.done("keeper", "GET", f"{LIST}/counts") == {
        "queued": {"pending": 25, "approved": 10, "rejected": 5, "withdrawn": 0}
    }
    stats = desk.done("keeper", "GET", "/issuers/scopes?expand=stats")["stats"]
    assert (stats["pending"], stats["decided_today"], stats["oldest_at"]) == (25, 15, "2026-03-01T12:00:00Z")
    start = desk.served.clock.time
    desk.served.clock.move(hours=1, minutes=2)
    try:
        late = desk.done("keeper", "GET", "/issuers/scopes?expand=stats")["stats"]["past_target"]
    finally:
        desk.served.clock.time = start
    # Those that were asked for in the first two minutes, ten seconds apart.
    assert late == 12
    (row,) = desk.done("keeper", "GET", "/issuers/metrics?to=2026-03-01T13:00:00Z")
    assert (row["requested"], row["approved"], row["rejected"], row["steps_completed"]) == (40, 10, 5, 0)
    assert row["approval_rate"] == pytest.approx(10 / 15)


# ---- people ----------------------------------------------------------------------------------------------------------


def test_people_are_found_by_address_in_any_case(desk: Desk) -> None:
    desk.improver("walletowner", wallets=(WALLET,))
    for spelled in (WALLET, WALLET.lower(), "0x" + WALLET[2:].upper()):
        found = desk.done("issuer", "GET", f"/issuers/users/by-address/{spelled}")
        assert found == {
            "user_id": desk.ids["walletowner"],
            "address": WALLET,
            "display_name": "Walletowner",
            "verified": True,
        }
    unknown = desk.call("issuer", "GET", "/issuers/users/by-address/0x" + "1" * 40)
    assert (unknown.status, unknown.code) == (404, "USER_NOT_FOUND")


def test_a_person_with_a_chosen_id(desk: Desk) -> None:
    user_id = "did:privy:cm3np4u9j001rc8b73seqmqqk"
    body = {"email": "privy@example.org", "display_name": "P", "id": user_id, "roles": ["improver"], "verified": True}
    made = desk.call("admin", "POST", "/admin/users", body)
    assert (made.status, made.json()["user_id"]) == (201, user_id)
    assert made.json()["roles"] == [{"role": "improver", "status": "approved"}]
    for path in (made.headers["location"], f"/admin/users/{user_id.replace(':', '%3A')}"):
        assert desk.done("admin", "GET", path) == made.json()
    granted = desk.done("issuer", "POST", CREDENTIALS, {"user_id": user_id, "credential_type": DPW})
    assert desk.done("issuer", "GET", f"{CREDENTIALS}/{user_id}")[0]["id"] == granted["id"]


def test_an_issuer_is_admitted_with_a_scope_and_loses_it(desk: Desk) -> None:
    desk.add("newcomer")
    wish = {"organization": "Works", "email": "newcomer@example.org", "credential_types": [DPW]}
    asked = desk.done("newcomer", "POST", "/issuers/request", wish)
    assert (asked["status"], asked["allowed_credentials"], asked["version"]) == ("pending", [], 1)
    user_id = desk.ids["newcomer"]
    waiting = desk.done("admin", "GET", "/admin/issuer-requests?status=Pending&search=newcomer")
    assert [one["user_id"] for one in waiting] == [user_id]
    assert desk.call("newcomer", "GET", LIST).code == "ROLE_REQUIRED"
    approved = desk.call(
        "admin", "PUT", "/admin/issuer-requests", {"user_id": user_id, "status": "approved", "expected_version": 1}
    )
    assert (approved.status, approved.json()["allowed_credentials"]) == (200, [DPW])
    one = desk.call("admin", "GET", f"/admin/issuers/{user_id}")
    assert one.headers["etag"] == approved.headers["etag"] == f'"{one.json()["version"]}"'
    assert desk.done("newcomer", "GET", "/issuers/scopes")["allowed_credentials"] == [DPW]
    body = {"user_id": user_id, "status": "rejected", "note": "Withdrawn."}
    assert desk.done("admin", "PUT", "/admin/issuer-requests", body)["status"] == "rejected"
    assert desk.call("newcomer", "GET", LIST).code == "ROLE_REQUIRED"


def test_a_role_is_asked_for_given_and_given_up(desk: Desk) -> None:
    desk.add("climber")
    user_id = desk.ids["climber"]
    for family, role in (("improvers", "improver"), ("proposers", "proposer"), ("voters", "voter")):
        asked = desk.call("climber", "POST", f"/{family}/request", {"first_name": "Ana", "note": "n"})
        assert (asked.status, asked.json()["status"]) == (201, "pending")
        refused = desk.call("admin", "PUT", f"/admin/{role}-requests", {"user_id": user_id, "status": "rejected"})
        assert (refused.code, refused.pointers) == ("MISSING_FIELD", ["/note"])
        body = {"user_id": user_id, "status": "approved", "expected_version": 1}
        given = desk.done("admin", "PUT", f"/admin/{role}-requests", body)
        assert (given["status"], given["version"]) == ("approved", 2)
        assert desk.call("admin", "PUT", f"/admin/{role}-requests", body).code == "VERSION_CONFLICT"
        assert {"role": role, "status": "approved"} in desk.done("climber", "GET", "/me")["roles"]
        left = desk.done("climber", "POST", f"/{family}/leave")
        assert left["status"] == "ended"
        assert {"role": role, "status": "ended"} in desk.done("admin", "GET", f"/admin/users/{user_id}")["roles"]


def test_the_catalog_is_kept(desk: Desk) -> None:
    made = desk.call("admin", "POST", TYPES, {"value": "tree_steward", "label": "Tree steward", "validity_days": 30})
    assert (made.status, made.headers["etag"], made.headers["location"]) == (201, '"1"', f"{TYPES}/tree_steward")
    assert made.json()["revocation_policy"] == "keep_current_release_future"
    assert "tree_steward" in {one["value"] for one in desk.done("plain", "GET", "/credentials/types")}
    changed = desk.done("admin", "PUT", f"{TYPES}/tree_steward", {"visibility": "private", "validity_days": None})
    assert (changed["visibility"], changed["validity_days"], changed["label"]) == ("private", None, "Tree steward")
    assert "tree_steward" not in {one["value"] for one in desk.done("plain", "GET", "/credentials/types")}
    assert "tree_steward" in {one["value"] for one in desk.done("issuer", "GET", "/credentials/types")}
    retired = desk.done("admin", "DELETE", f"{TYPES}/tree_steward?retire=true")
    assert retired["active"] is False
    assert desk.done("admin", "POST", f"{TYPES}/tree_steward/reactivate")["active"] is True
    gone = desk.call("admin", "DELETE", f"{TYPES}/tree_steward")
    assert (gone.status, gone.body) == (204, b"")
    assert desk.call("admin", "GET", f"{TYPES}/tree_steward").code == "TYPE_NOT_FOUND"


def test_the_inbox_is_read_and_its_mail_is_chosen(desk: Desk) -> None:
    name = fresh(desk)
    desk.decide("issuer", desk.request(name)["id"], "rejected", message="Sorry.")
    notices = desk.done(name, "GET", "/me/notifications")
    assert [one["kind"] for one in notices] == ["rejected"]
    marked = desk.done(name, "POST", "/me/notifications/read", {"ids": [notices[0]["id"]]})
    assert marked == {"marked": 1, "unread": 0}
    assert desk.done("improver", "POST", "/me/notifications/read", {"ids": [notices[0]["id"]]})["marked"] == 0
    modes = desk.done(name, "PUT", "/me/notifications/modes", {"expiring": "daily"})
    assert modes["expiring"] == "daily"
    assert desk.done(name, "GET", "/me/notifications/modes") == modes
    refused = desk.call(name, "PUT", "/me/notifications/modes", {"revoked": "off"})
    assert refused.code == "INVALID_VALUE"


def test_saved_views_have_one_default(desk: Desk) -> None:
    for number in range(2):
        desk.done("both", "POST", "/issuers/views", {"name": f"v{number}", "query": "?status=all", "is_default": True})
    views = desk.done("both", "GET", "/issuers/views")
    assert sorted((one["name"], one["query"], one["is_default"]) for one in views) == [
        ("v0", "status=all", False),
        ("v1", "status=all", True),
    ]
