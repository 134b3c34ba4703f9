"""What lies outside an issuer's scope is not there for them: no answer, total, search or export tells of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final

import pytest

from sealwright.web.routes import ROUTES
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, SFLUV, WALLET, Desk, furnish_desk

MISSING_REQUEST: Final = "req_" + "a" * 26
MISSING_TYPE: Final = "not_a_type_at"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("leaks"), **NO_LIMITS) as served:
        yield furnish_desk(served)


@pytest.fixture(scope="module")
def hidden(desk: Desk) -> Any:
    """A pending request for a type outside `outsider`'s scope, by somebody easy to find."""
    desk.improver("zacharias", wallets=(WALLET,))
    return desk.request("zacharias", DPW, note="Xylophone")


@pytest.fixture(scope="module")
def decided(desk: Desk) -> Any:
    """A request for the same type that was approved and made a grant."""
    return desk.approved("issuer", "zebedee")


def told(answer: Answer, *ids: str) -> tuple[int, dict[str, str], str]:
    """An answer without what differs from call to call, and without the ids that were asked for."""

    def without(text: str) -> str:
        for one in ids:
            text = text.replace(one, "…")
        return re.sub(r'"requestId":"[^"]+"', '"requestId":"…"', text)

    differing = {"x-request-id", "content-length"}
    headers = {name: without(value) for name, value in answer.headers.items() if name not in differing}
    return answer.status, headers, without(answer.body.decode())


BODIES: Final[dict[str, Any]] = {
    "decision": {"status": "approved"},
    "ask": {"message": "m"},
    "assign": {"assignee_user_id": None},
    "undo": {},
    "issue-now": {},
}
BY_REQUEST: Final = [
    (route.method, route.path)
    for route in ROUTES
    if route.path.startswith("/issuers/") and "{request_id}" in route.path
]


def test_every_route_by_request_id_is_tried() -> None:
    assert {path.rpartition("/")[2] for method, path in BY_REQUEST if method == "POST"} == set(BODIES)


@pytest.mark.parametrize(("method", "path"), BY_REQUEST)
@pytest.mark.parametrize("state", ["hidden", "decided"])
def test_hidden_and_missing_requests_are_one_answer(
    desk: Desk, hidden: Any, decided: Any, method: str, path: str, state: str
) -> None:
    there = (hidden if state == "hidden" else decided)["id"]
    body = BODIES.get(path.rpartition("/")[2])
    size = desk.served.audit_size()
    answers = [
        desk.call("outsider", method, path.replace("{request_id}", one), body) for one in (there, MISSING_REQUEST)
    ]
    assert told(answers[0], there) == told(answers[1], MISSING_REQUEST)
    assert (answers[0].status, answers[0].code) == (403, "OUT_OF_SCOPE")
    assert desk.served.audit_size() == size


@pytest.mark.parametrize(("method", "path"), BY_REQUEST)
def test_admins_are_told_what_is_missing(desk: Desk, method: str, path: str) -> None:
    body = BODIES.get(path.rpartition("/")[2])
    answer = desk.call("admin", method, path.replace("{request_id}", MISSING_REQUEST), body)
    assert (answer.status, answer.code) == (404, "REQUEST_NOT_FOUND")


@pytest.mark.parametrize("body", BODIES, ids=str)
def test_bad_bodies_tell_nothing_about_the_request(desk: Desk, hidden: Any, body: str) -> None:
    for bad in ({"unknown": 1}, {"expected_version": "7"}):
        answers = [
            desk.call("outsider", "POST", f"/issuers/credential-requests/{one}/{body}", bad)
            for one in (hidden["id"], MISSING_REQUEST)
        ]
        assert told(answers[0], hidden["id"]) == told(answers[1], MISSING_REQUEST)


@pytest.mark.parametrize("path", ["decisions", "ask", "assign"])
def test_rows_of_bulk_acts_tell_nothing(desk: Desk, hidden: Any, path: str) -> None:
    act = {"decisions": {"status": "approved"}, "ask": {"message": "m"}, "assign": {"assignee_user_id": None}}[path]
    body = {"request_ids": [hidden["id"], MISSING_REQUEST], **act}
    answer = desk.done("outsider", "POST", f"/issuers/credential-requests/{path}", body)
    first, second = ({**row, "request_id": None} for row in answer["results"])
    assert first == second
    assert first["error"]["code"] == "OUT_OF_SCOPE"
    assert answer["failed"] == 2


QUERIES: Final = (
    "",
    "status=pending",
    "status=APPROVED",
    f"credential_type={DPW}",
    f"credential_type={DPW}&credential_type={SFLUV}",
    f"credential_type={MISSING_TYPE}",
    "credential_type=all",
    "search=zacharias",
    "search=zacharias@example.org",
    "search=Xylophone",
    "search={user_id}",
    "search={wallet}",
    "search={request_id}",
    "user_id={user_id}",
    "assignee=none",
    "assignee={issuer}",
    "resolved_by={issuer}",
    "needs_info=false",
    "sort=requester_name",
    "sort=-requested_at&status=all",
    "requested_from=2020-01-01T00:00:00Z",
    "page=1",
    "view=page",
)


@pytest.mark.parametrize("query", QUERIES)
def test_lists_and_totals_leave_the_hidden_out(desk: Desk, hidden: Any, decided: Any, query: str) -> None:
    assert decided["grant_id"]
    filled = query.format(user_id=hidden["user_id"], wallet=WALLET, request_id=hidden["id"], issuer=desk.ids["issuer"])
    answer = desk.call("outsider", "GET", f"/issuers/credential-requests?{filled}")
    assert answer.status == 200, answer.body
    assert answer.headers["x-total-count"] == "0"
    body = answer.json()
    assert (body["data"] if isinstance(body, dict) else body) == []
    assert "page=0" in answer.headers["link"]
    assert "page=1&count" not in answer.headers["link"] or "page=1" in filled


@pytest.mark.parametrize("query", [query for query in QUERIES if not query.startswith(("page", "view"))])
def test_exports_leave_the_hidden_out(desk: Desk, hidden: Any, decided: Any, query: str) -> None:
    assert decided["grant_id"]
    filled = query.format(user_id=hidden["user_id"], wallet=WALLET, request_id=hidden["id"], issuer=desk.ids["issuer"])
    answer = desk.call("outsider", "GET", f"/issuers/credential-requests/export?{filled}")
    assert (answer.status, answer.body.count(b"\r\n")) == (200, 1)
    assert hidden["id"].encode() in desk.call("issuer", "GET", "/issuers/credential-requests/export").body


def test_a_filter_for_a_hidden_type_is_one_for_a_missing_type(desk: Desk, hidden: Any) -> None:
    assert hidden["id"]
    answers = [
        desk.call("outsider", "GET", f"/issuers/credential-requests?credential_type={one}")
        for one in (DPW, MISSING_TYPE)
    ]
    assert told(answers[0], DPW) == told(answers[1], MISSING_TYPE)


def test_counts_and_figures_leave_the_hidden_out(desk: Desk, hidden: Any, decided: Any) -> None:
    assert hidden["id"] != decided["id"]
    assert DPW not in desk.done("outsider", "GET", "/issuers/credential-requests/counts")
    scope = desk.done("outsider", "GET", "/issuers/scopes?expand=stats")
    assert scope["allowed_credentials"] == [SFLUV]
    assert (scope["stats"]["pending"], [one["credential_type"] for one in scope["stats"]["types"]]) == (0, [SFLUV])
    metrics = desk.done("outsider", "GET", "/issuers/metrics")
    assert [row["credential_type"] for row in metrics] == [SFLUV]
    analytics = desk.call("outsider", "GET", "/issuers/analytics")
    assert DPW not in analytics.body.decode()
    for table in ("types", "periods", "times", "reasons", "survival", "expiries"):
        exported = desk.call("outsider", "GET", f"/issuers/analytics/{table}")
        assert exported.status == 200
        assert DPW not in exported.body.decode()


@pytest.mark.parametrize("path", ["/issuers/metrics", "/issuers/analytics", "/issuers/analytics/types"])
def test_figures_of_hidden_and_missing_types_are_refused_alike(desk: Desk, hidden: Any, path: str) -> None:
    assert hidden["id"]
    answers = [desk.call("outsider", "GET", f"{path}?credential_type={one}") for one in (DPW, MISSING_TYPE)]
    assert told(answers[0], DPW) == told(answers[1], MISSING_TYPE)
    assert answers[0].code == "OUT_OF_SCOPE"


def test_grants_of_hidden_and_missing_types_are_refused_alike(desk: Desk, decided: Any) -> None:
    user_id = decided["user_id"]
    ways: tuple[tuple[str, dict[str, str]], ...] = (
        ("/issuers/credentials", {}),
        ("/issuer/credentials/revoke", {"reason": "r"}),
    )
    for path, more in ways:
        answers = [
            desk.call("outsider", "POST", path, {"user_id": user_id, "credential_type": one, **more})
            for one in (DPW, MISSING_TYPE)
        ]
        assert told(answers[0], DPW) == told(answers[1], MISSING_TYPE)
        assert answers[0].code == "OUT_OF_SCOPE"


def test_grants_outside_the_scope_are_read_without_reason_and_request(desk: Desk, decided: Any) -> None:
    desk.done(
        "issuer",
        "POST",
        f"/issuers/credentials/{decided['grant_id']}/suspend",
        {"reason": "A quarrel over Xylophones."},
    )
    for who, sees in (("issuer", True), ("admin", True), ("outsider", False)):
        for path in (f"/issuers/credentials/{decided['user_id']}", f"/issuer/users/{decided['user_id']}/credentials"):
            answer = desk.call(who, "GET", path)
            (grant,) = answer.json()
            assert ("reason" in grant, "request_id" in grant) == (sees, sees)
            assert ("Xylophones" in answer.body.decode()) is sees
        holder = desk.call(who, "GET", f"/issuers/users/{decided['user_id']}")
        assert ("Xylophones" in holder.body.decode()) is sees
        assert [one["id"] for one in holder.json()["requests"]] == ([decided["id"]] if sees else [])
    desk.done("issuer", "POST", f"/issuers/credentials/{decided['grant_id']}/reinstate", {"reason": "Settled."})


def test_another_persons_request_is_like_a_missing_one(desk: Desk, hidden: Any) -> None:
    for method, path, body in (
        ("GET", "", None),
        ("POST", "/withdraw", {}),
        ("POST", "/reply", {"message": "m"}),
    ):
        answers = [
            desk.call("improver", method, f"/improvers/credential-requests/{one}{path}", body)
            for one in (hidden["id"], MISSING_REQUEST)
        ]
        assert told(answers[0], hidden["id"]) == told(answers[1], MISSING_REQUEST)
        assert (answers[0].status, answers[0].code) == (404, "REQUEST_NOT_FOUND")


def test_requesters_read_nothing_internal(desk: Desk) -> None:
    desk.improver("yolanda")
    asked = desk.request("yolanda")
    desk.done("issuer", "POST", f"/issuers/credential-requests/{asked['id']}/assign", {"assignee_user_id": None})
    desk.decide("issuer", asked["id"], "rejected", note="Secret rationale", message="Sorry.", checklist=["x"])
    for path in ("", f"/{asked['id']}"):
        answer = desk.call("yolanda", "GET", f"/improvers/credential-requests{path}")
        text = answer.body.decode()
        assert "Secret rationale" not in text
        assert "Sorry." in text
        assert not {"note", "endorsed_by", "assignee_user_id", "checklist"} & set(re.findall(r'"(\w+)":', text))


def test_saved_views_are_ones_own(desk: Desk) -> None:
    made = desk.done("issuer", "POST", "/issuers/views", {"name": "Mine", "query": "status=pending"})
    assert desk.done("outsider", "GET", "/issuers/views") == []
    for method, body in (("PUT", {"name": "Theirs", "query": ""}), ("DELETE", None)):
        answers = [
            desk.call("outsider", method, f"/issuers/views/{one}", body) for one in (made["id"], "vew_" + "a" * 26)
        ]
        assert told(answers[0], made["id"]) == told(answers[1], "vew_" + "a" * 26)
        assert answers[0].status == 404
    assert desk.done("issuer", "GET", "/issuers/views") == [made]


def test_scope_that_is_taken_away_hides_at_once(desk: Desk, hidden: Any) -> None:
    one = f"/issuers/credential-requests/{hidden['id']}"
    assert desk.call("colleague", "GET", one).status == 200
    body = {"user_id": desk.ids["colleague"], "allowed_credentials": [SFLUV]}
    desk.done("admin", "PUT", "/admin/issuers", body)
    assert desk.call("colleague", "GET", one).code == "OUT_OF_SCOPE"
    assert desk.decide("colleague", hidden["id"]).code == "OUT_OF_SCOPE"
    assert desk.call("colleague", "GET", "/issuers/credential-requests").headers["x-total-count"] == "0"
    desk.done("admin", "PUT", "/admin/issuers", {**body, "status": "suspended", "note": "n"})
    assert desk.call("colleague", "GET", one).code == "ROLE_REQUIRED"


def test_problems_name_no_values(desk: Desk) -> None:
    answer = desk.call("issuer", "POST", "/issuers/credentials", {"user_id": "Xylophone", "credential_type": DPW})
    assert answer.code == "USER_NOT_FOUND"
    assert "Xylophone" not in json.dumps(answer.json())
