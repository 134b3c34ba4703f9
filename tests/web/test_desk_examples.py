"""The example bodies of the API document work as they stand, once their ids are those of this office."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, cast

import pytest

from sealwright.domain.people import AccountRole
from sealwright.domain.sign_in import LinkPurpose
from sealwright.services.links import LINK_PATHS
from sealwright.web.api.shapes import desk_examples, people_examples
from sealwright.web.api.shapes.review import DECISIONS
from sealwright.web.route import Route
from sealwright.web.routes import ROUTES
from sealwright.web.shape import compile_schema
from tests.web import prepared_offers, prepared_workflows
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, serve
from tests.web.desk import DPW, WALLET, Desk, furnish_desk
from tests.web.preparing import BY, Prepared, prepares

FAMILIES: Final = (
    *("/issuers", "/issuer/", "/improvers", "/proposers", "/voters", "/credentials/types", "/admin/"),
    "/api/v1/access/",
)
# Reading them has filled `BY` with what the routes of workflows and offers need.
PREPARED: Final = (prepared_offers, prepared_workflows)
# Halting and resuming have tests of their own, and an office that is halted would spoil the rest.
ELSEWHERE: Final = {"POST /admin/halt", "POST /admin/resume", "GET /admin/status"}
OURS: Final = [
    route for route in ROUTES if route.path.startswith(FAMILIES) and f"{route.method} {route.path}" not in ELSEWHERE
]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with serve(tmp_path_factory.mktemp("examples"), **NO_LIMITS) as served:
        yield furnish_desk(served)


@pytest.fixture
def improver(desk: Desk) -> str:
    """The name of a new improver."""
    name = f"improver{len(desk.ids)}"
    desk.improver(name)
    return name


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


def _pending(desk: Desk, improver: str) -> str:
    return str(desk.request(improver)["id"])


@prepares(
    "GET /issuers/credential-requests/{request_id}",
    "GET /issuers/credential-requests/{request_id}/reviewers",
    "POST /issuers/credential-requests/{request_id}/decision",
    "POST /issuers/credential-requests/{request_id}/ask",
    "POST /issuers/credential-requests/{request_id}/assign",
    "POST /issuers/credential-requests/{request_id}/issue-now",
)
def _one_request(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    request_id = _pending(desk, improver)
    if path.endswith("issue-now"):
        assert desk.decide("issuer", request_id).status == 200
    return "issuer", path.replace("{request_id}", request_id), body


@prepares(
    "POST /issuers/credential-requests/decisions",
    "POST /issuers/credential-requests/ask",
    "POST /issuers/credential-requests/assign",
)
def _many_requests(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    assignee = {"assignee_user_id": desk.ids["colleague"]} if "assignee_user_id" in body else {}
    return "issuer", path, {**body, "request_ids": [_pending(desk, improver)], **assignee}


@prepares("POST /issuers/credentials", "POST /issuer/credentials/issue")
def _grant(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return "issuer", path, {**body, "user_id": desk.ids[improver]}


@prepares("DELETE /issuers/credentials", "POST /issuer/credentials/revoke")
def _revoke(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    desk.done("issuer", "POST", "/issuers/credentials", {"user_id": desk.ids[improver], "credential_type": DPW})
    return "issuer", path, {**body, "user_id": desk.ids[improver]}


@prepares(
    "POST /issuers/credentials/{grant_id}/revoke",
    "POST /issuers/credentials/{grant_id}/suspend",
    "POST /issuers/credentials/{grant_id}/reinstate",
    "POST /issuers/credentials/{grant_id}/retry-issuance",
)
def _by_grant(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    wish = {"user_id": desk.ids[improver], "credential_type": DPW}
    grant_id = desk.done("issuer", "POST", "/issuers/credentials", wish)["id"]
    if path.endswith("reinstate"):
        desk.done("issuer", "POST", f"/issuers/credentials/{grant_id}/suspend", {"reason": "r"})
    return "issuer", path.replace("{grant_id}", grant_id), body


@prepares(
    "GET /issuers/credentials/{user_id}", "GET /issuer/users/{user_id}/credentials", "GET /issuers/users/{user_id}"
)
def _by_person(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return "issuer", path.replace("{user_id}", desk.ids[improver]), body


@prepares("GET /issuers/users")
def _search(_desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return "issuer", f"{path}?search={improver}", body


@prepares("GET /issuers/users/by-address/{address}")
def _by_address(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    desk.improver("walter", wallets=(WALLET,))
    return "issuer", path.replace("{address}", WALLET), body


@prepares("GET /issuers/analytics/{table}")
def _table(_desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    return "issuer", path.replace("{table}", "types"), body


@prepares("PUT /issuers/views/{view_id}", "DELETE /issuers/views/{view_id}")
def _by_view(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    made = desk.done("issuer", "POST", "/issuers/views", {"name": "v", "query": ""})
    return "issuer", path.replace("{view_id}", made["id"]), body


@prepares("POST /improvers/credential-requests", "GET /improvers/credential-requests", "GET /improvers/credentials")
def _own(_desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return improver, path, body


@prepares(
    "GET /improvers/credential-requests/{request_id}",
    "POST /improvers/credential-requests/{request_id}/withdraw",
    "POST /improvers/credential-requests/{request_id}/reply",
)
def _own_request(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return improver, path.replace("{request_id}", _pending(desk, improver)), body


@prepares("POST /improvers/request", "POST /proposers/request", "POST /voters/request")
def _ask_for_role(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    who = f"asking{len(desk.ids)}"
    desk.add(who)
    return who, path, body


@prepares("POST /improvers/leave", "POST /proposers/leave", "POST /voters/leave")
def _leave(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    who, role = f"leaving{len(desk.ids)}", path.split("/")[1].removesuffix("s")
    desk.add(who, AccountRole(role))
    return who, path, body


@prepares("POST /issuers/leave")
def _leave_issuing(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    who, ask, wish = _ask_to_issue(desk, "/issuers/request", "", {"organization": "Works"})
    desk.done(who, "POST", ask, wish)
    wanted = {"user_id": desk.ids[who], "status": "approved"}
    desk.done("admin", "PUT", "/admin/issuer-requests", wanted)
    return who, path, body


@prepares("POST /issuers/request")
def _ask_to_issue(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    who = f"wishing{len(desk.ids)}"
    desk.add(who)
    return who, path, {**body, "email": f"{who}@example.org"}


@prepares("POST /admin/users", "POST /admin/invitations")
def _new_person(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    # Both examples make the same person's account.
    return "admin", path, {**body, "email": f"new{len(path)}-{len(desk.ids)}@example.org"}


@prepares("PUT /admin/issuers", "PUT /admin/users")
def _for_person(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    return "admin", path, {**body, "user_id": desk.ids[improver]}


@prepares("PUT /admin/issuer-requests")
def _decide_issuer(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    who, ask, wish = _ask_to_issue(desk, "/issuers/request", "", {"organization": "Works"})
    desk.done(who, "POST", ask, wish)
    return "admin", path, {**body, "user_id": desk.ids[who]}


@prepares("PUT /admin/improver-requests", "PUT /admin/proposer-requests", "PUT /admin/voter-requests")
def _decide_role(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    role = path.removeprefix("/admin/").removesuffix("-requests")
    who, ask, wish = _ask_for_role(desk, f"/{role}s/request", "", {})
    desk.done(who, "POST", ask, wish)
    return "admin", path, {**body, "user_id": desk.ids[who]}


@prepares(
    "GET /admin/issuers/{user_id}",
    "GET /admin/users/{user_id}",
    "POST /admin/users/{user_id}/deactivate",
    "POST /admin/users/{user_id}/activate",
)
def _by_user(desk: Desk, path: str, improver: str, body: Any) -> Prepared:
    user_id = desk.ids["issuer"] if path.startswith("/admin/issuers") else desk.ids[improver]
    return "admin", path.replace("{user_id}", user_id), body


@prepares("GET /admin/credential-types/{value}", "GET /admin/credential-types/{value}/usage")
def _by_type(_desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    return "admin", path.replace("{value}", DPW), body


@prepares(
    "PUT /admin/credential-types/{value}",
    "DELETE /admin/credential-types/{value}",
    "POST /admin/credential-types/{value}/retire",
    "POST /admin/credential-types/{value}/reactivate",
)
def _by_new_type(desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    value = f"type_{len(desk.ids)}_{len(path)}"
    desk.done("admin", "POST", "/admin/credential-types", {"value": value, "label": value})
    return "admin", path.replace("{value}", value), body


def send(desk: Desk, route: Route, improver: str) -> Answer:
    body = json.loads(json.dumps(route.body.example)) if route.body is not None else None
    who, path, body = BY.get(name(route), _as_it_is)(desk, route.path, improver, body)
    return desk.call(who, route.method, path, body)


# Over the API nothing waits, so there is nothing to undo; the pages' tests and those of the desk undo.
NOT_OVER_THE_API_ALONE: Final = {"POST /issuers/credential-requests/{request_id}/undo"}


@pytest.mark.parametrize("route", [route for route in OURS if name(route) not in NOT_OVER_THE_API_ALONE], ids=name)
def test_example_is_carried_out_and_its_answer_is_as_described(desk: Desk, route: Route, improver: str) -> None:
    answer = send(desk, route, improver)
    told = [one for one in route.answers if one.status == answer.status]
    assert told, (answer.status, answer.body)
    if told[0].schema is None:
        assert answer.body == b""
        return
    if told[0].media_type != "application/json":
        assert answer.headers["content-type"].startswith(told[0].media_type)
        return
    body = answer.json()
    errors = [f"{error.instance_path}: {error.message}" for error in compile_schema(told[0].schema).iter_errors(body)]
    assert errors == []
    for header in told[0].headers:
        assert header.lower() in answer.headers or header == "Idempotent-Replayed", header
    one = body[0] if isinstance(body, list) and body else body
    described = _members(told[0].schema)
    if isinstance(one, dict) and described:
        # Nothing is answered that the document does not name.
        assert set(one) <= described


def _members(schema: Any) -> set[str]:
    found = set(schema.get("properties", {}))
    for choice in schema.get("anyOf", ()):
        found |= _members(choice.get("items", choice))
    return found


def _as_it_is(_desk: Desk, path: str, _improver: str, body: Any) -> Prepared:
    return ("admin" if path.startswith("/admin") else "issuer"), path, body


@pytest.mark.parametrize("route", [route for route in OURS if "X-Total-Count" in route.answers[0].headers], ids=name)
def test_every_list_has_pages(desk: Desk, route: Route, improver: str) -> None:
    preparing = BY.get(name(route), _as_it_is)
    who, path, _ = preparing(desk, route.path, improver, None)
    joined = "&" if "?" in path else "?"
    whole = desk.call(who, "GET", f"{path}{joined}view=page&count=1")
    assert whole.status == 200, whole.body
    body = whole.json()
    assert set(body) == {"data", "page", "count", "total", "has_more"}
    assert (body["page"], body["count"]) == (0, 1)
    assert len(body["data"]) == min(1, body["total"])
    assert body["has_more"] is (body["total"] > 1)
    assert whole.headers["x-total-count"] == str(body["total"])
    assert 'rel="first"' in whole.headers["link"]
    past = desk.call(who, "GET", f"{path}{joined}page=100000&count=100")
    assert (past.status, past.json()) == (200, [])
    for bad in ("page=-1", "page=x", "page=01", "count=0", "count=101", "page=0&page=1", "count=", "page=1e3"):
        refused = desk.call(who, "GET", f"{path}{joined}{bad}")
        assert (refused.status, refused.code) == (422, "INVALID_PAGINATION"), bad
    for bad in ("view=table", "view=PAGE"):
        assert desk.call(who, "GET", f"{path}{joined}{bad}").code == "INVALID_FILTER"
    assert desk.call(who, "GET", f"{path}{joined}isAdmin=true").code == "UNKNOWN_FIELD"


def test_the_bulk_decision_asks_for_what_its_answer_shows() -> None:
    asked, told = DECISIONS.example, cast("Any", desk_examples.DECIDED_MANY["results"])
    assert isinstance(asked, dict)
    assert asked["request_ids"] == [one["request_id"] for one in told]
    assert {one["status"] for one in told if one["error"] is None} == {asked["status"]}


def test_the_invitation_shows_the_way_that_links_go() -> None:
    assert LINK_PATHS[LinkPurpose.INVITATION] in people_examples.INVITATION["link"]
