"""Whether agents may act, over HTTP: answers, their record, approvals, and every refusal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.dids import DIDKind
from sealwright.web.api.shapes.authorizing import APPROVAL, APPROVAL_PAGE, CALL_PAGE, VERDICT
from sealwright.web.app import build_app
from sealwright.web.shape import compile_schema
from tests.support.delegations import AGENT, AGENTS, HUMAN, bring, chain_of, delegated, register_delegations
from tests.support.office import add_person
from tests.web.client import Answer, Client
from tests.web.conftest import NO_LIMITS, Served, key_for, serve, token_for

AUTHORIZE: Final = "/api/v1/delegations/authorize"
APPROVALS: Final = "/api/v1/approvals"
BELOW: Final = AGENTS[1]
CAREFUL: Final = AGENTS[2]
ACT: Final = {"agentDid": BELOW, "action": "purchase:groceries", "context": {"amount": 2.5, "merchant": "shop"}}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """An office in which a human delegates to an agent with one below it, and to a third that needs approval."""
    home: Path = tmp_path_factory.mktemp("office")
    with serve(home, **NO_LIMITS) as one:
        office = one.office
        register_delegations(office)
        owner = add_person(office, "owner")
        bring(office, HUMAN, DIDKind.HUMAN, owner=owner)
        for agent in AGENTS[:3]:
            bring(office, agent, DIDKind.AGENT)
        chain_of(office, AGENT, BELOW, constraints={"maxSpendPerDay": 100})
        delegated(office, HUMAN, CAREFUL, constraints={"requireApproval": True})
        yield one


def fits(schema: Any, body: Any) -> None:
    """Hold an answer against its declared shape, without members that it does not know."""
    assert [
        error.message for error in compile_schema({**schema, "additionalProperties": False}).iter_errors(body)
    ] == []


def ask(served: Served, token: str | None = None, *, key: str | None = None, **changes: Any) -> Answer:
    """Ask with the issuer's key, as a shop does."""
    headers = [("Idempotency-Key", key)] if key is not None else []
    return served.client.call("POST", AUTHORIZE, {**ACT, **changes}, token=token or served.key, headers=headers)


def test_an_allowed_act_is_answered_and_listed(served: Served) -> None:
    answer = ask(served, record=True)
    told = answer.json()
    assert answer.status == 200
    fits(VERDICT, told)
    assert (told["allowed"], told["reasons"], len(told["chain"])) == (True, [], 2)
    assert set(told["remaining"]) == {"maxSpendPerDay"}
    page = served.client.call("GET", f"/api/v1/delegations/{told['chain'][1]}/calls", token=served.admin).json()
    fits(CALL_PAGE, page)
    call = next(one for one in page["data"] if one["callId"] == told["callId"])
    assert (call["allowed"], call["recorded"], call["context"], call["via"]) == (True, True, ACT["context"], "api")
    path = f"/api/v1/delegations/{told['chain'][0]}/calls"
    assert told["callId"] not in str(served.client.call("GET", path, token=served.admin).json())
    below = served.client.call("GET", f"{path}?tree=true&limit=1", token=served.admin).json()
    assert (len(below["data"]), below["hasMore"]) == (1, below["nextCursor"] is not None)


def test_a_refused_act_says_why(served: Served) -> None:
    told = ask(served, record=True, context={"amount": 100.01}).json()
    fits(VERDICT, told)
    assert [(one["code"], one["hop"]) for one in told["reasons"]] == [
        ("DELEGATION_CONSTRAINT_EXCEEDED", 0),
        ("DELEGATION_CONSTRAINT_EXCEEDED", 1),
    ]
    assert "maxSpendPerDay allows 100 at most" in told["reasons"][0]["detail"]
    stranger = ask(served, served.person, context={"amount": 100.01}).json()
    assert (stranger["allowed"], stranger["remaining"]) == (False, None)
    assert "100" not in str(stranger["reasons"])


def test_a_key_counts_an_act_once(served: Served) -> None:
    first = ask(served, key="shop-1", record=True)
    again = ask(served, key="shop-1", record=True)
    assert (first.body, first.headers.get("idempotent-replayed")) == (again.body, None)
    assert again.headers["idempotent-replayed"] == "true"
    assert ask(served, key="shop-1", record=True, action="purchase:other").code == "IDEMPOTENCY_KEY_REUSED"
    left = ask(served).json()["remaining"]["maxSpendPerDay"]
    assert left == first.json()["remaining"]["maxSpendPerDay"]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        ({"context": {"amount": "2"}}, "/context/amount", "INVALID_TYPE"),
        ({"context": {"amount": True}}, "/context/amount", "INVALID_TYPE"),
        ({"context": {"amount": None}}, "/context/amount", "INVALID_TYPE"),
        ({"context": {"amount": -1}}, "/context/amount", "INVALID_VALUE"),
        ({"context": {"amount": 1e13}}, "/context/amount", "INVALID_VALUE"),
        ({"context": {"amount": 0.1234567}}, "/context/amount", "INVALID_VALUE"),
        ({"context": {"currency": "dollars"}}, "/context/currency", "INVALID_VALUE"),
        ({"context": {"approved": 1}}, "/context/approved", "INVALID_TYPE"),
        ({"context": {"colour": "red"}}, "/context/colour", "UNKNOWN_FIELD"),
        ({"context": []}, "/context", "INVALID_TYPE"),
        ({"action": "purchase:*"}, "/action", "INVALID_VALUE"),
        ({"action": "a b"}, "/action", "INVALID_VALUE"),
        ({"agentDid": "agent"}, "/agentDid", "INVALID_DID"),
        ({"record": "yes"}, "/record", "INVALID_TYPE"),
        ({"via": "page"}, "/via", "UNKNOWN_FIELD"),
    ],
)
def test_a_question_of_the_wrong_form_is_refused(served: Served, changes: Any, pointer: str, code: str) -> None:
    before = served.audit_size()
    refused = ask(served, **changes)
    assert (refused.status, [(one["pointer"], one["code"]) for one in refused.json()["errors"]]) == (
        422,
        [(pointer, code)],
    )
    assert served.audit_size() == before


def test_who_is_refused(served: Served) -> None:
    assert ask(served, agentDid="did:adi:agent:nobody").code == "DID_NOT_FOUND"
    assert ask(served, served.person, record=True).code == "NOT_DID_OWNER"
    assert ask(served, approvalId="apv_none").code == "APPROVAL_NOT_FOUND"
    path = f"/api/v1/delegations/{ask(served).json()['chain'][0]}/calls"
    for token in (served.person, served.key):
        hidden = served.client.call("GET", path, token=token)
        missing = served.client.call("GET", "/api/v1/delegations/dlg_none/calls", token=token)
        assert (hidden.code, missing.code, hidden.status) == ("DELEGATION_NOT_FOUND", "DELEGATION_NOT_FOUND", 404)


def test_a_person_approves_an_act_once(served: Served) -> None:
    agent, owner = key_for(served.office, CAREFUL), _owner(served)
    act = {"agentDid": CAREFUL, "action": "purchase:groceries", "context": {"amount": 3}}
    told = ask(served, agent, **act, record=True).json()
    assert [one["code"] for one in told["reasons"]] == ["DELEGATION_APPROVAL_REQUIRED"]
    call = served.client.call
    made = call("POST", APPROVALS, {**act, "note": "Bread."}, token=agent)
    assert (made.status, made.headers["location"]) == (201, f"{APPROVALS}/{made.json()['approvalId']}")
    fits(APPROVAL, made.json())
    assert call("POST", APPROVALS, act, token=agent).status == 200, "the same question waits already"
    path = made.headers["location"]
    page = call("GET", f"{APPROVALS}?status=waiting", token=owner).json()
    fits(APPROVAL_PAGE, page)
    assert [one["approvalId"] for one in page["data"]] == [made.json()["approvalId"]]
    assert call("POST", f"{path}/approve", {}, token=agent).code == "SELF_DECISION"
    assert call("POST", f"{path}/approve", {}, token=served.person).code == "APPROVAL_NOT_FOUND"
    approved = call("POST", f"{path}/approve", {}, token=owner)
    assert (approved.status, approved.json()["status"]) == (200, "approved")
    assert call("POST", f"{path}/decline", {"reason": "No."}, token=owner).code == "APPROVAL_CLOSED"
    spend = {**act, "record": True, "approvalId": made.json()["approvalId"]}
    assert [ask(served, agent, **spend).json()["allowed"] for _ in range(2)] == [True, False]
    assert call("GET", path, token=agent).json()["status"] == "spent"
    assert call("GET", path, token=served.person).code == "APPROVAL_NOT_FOUND"
    assert call("GET", f"{APPROVALS}?status=waiting", token=served.admin).json()["data"] == []


def test_a_person_declines_with_a_reason(served: Served) -> None:
    agent, owner = key_for(served.office, CAREFUL), _owner(served)
    wish = {"agentDid": CAREFUL, "action": "purchase:groceries", "context": {"amount": 900}}
    made = served.client.call("POST", APPROVALS, wish, token=agent).json()
    path = f"{APPROVALS}/{made['approvalId']}/decline"
    declined = served.client.call("POST", path, {"reason": "Too much."}, token=owner).json()
    assert (declined["status"], declined["reason"]) == ("declined", "Too much.")
    refused = served.client.call("POST", APPROVALS, {**wish, "agentDid": BELOW}, token=key_for(served.office, BELOW))
    assert refused.code == "DELEGATION_CONSTRAINT_EXCEEDED"
    free = {**wish, "agentDid": BELOW, "context": {"amount": 1}}
    assert served.client.call("POST", APPROVALS, free, token=key_for(served.office, BELOW)).code == "STATE_CONFLICT"
    assert served.client.call("POST", APPROVALS, wish, token=served.person).code == "NOT_DID_OWNER"


def test_acts_have_a_rate_of_their_own_that_strangers_do_not_get(served: Served) -> None:
    rates = {"rate_act_per_minute": 3, "rate_write_per_minute": 2, "rate_public_per_minute": 1}
    office = replace(served.office, limits=replace(served.office.limits, **rates))
    agent, owner = key_for(office, CAREFUL), office.registry.current().did(HUMAN)
    assert owner is not None
    stranger = key_for(office, AGENT, owner=owner.owner_user_id)
    with Client(build_app(office)) as client:

        def ask_often(path: str, body: Any, token: str | None) -> list[int]:
            return [client.call("POST", path, body, token=token).status for _ in range(4)]

        for known in (served.key, served.admin, agent):
            assert ask_often(AUTHORIZE, ACT, known) == [200, 200, 200, 429]
        # Whatever they made of themselves, they have the rate of all else that they change.
        for other in (served.person, stranger):
            assert ask_often(AUTHORIZE, ACT, other) == [200, 200, 429, 429]
            assert client.call("POST", APPROVALS, {}, token=other).code == "RATE_LIMIT_EXCEEDED"
        told = client.call("POST", AUTHORIZE, ACT, token=agent).headers
        assert (told["ratelimit-limit"], told["ratelimit-remaining"], "retry-after" in told) == ("3", "0", True)
        checked = ask_often("/api/v1/capability-tokens/verify", {"token": "e30.e30.e30"}, None)
        assert checked == [200, 429, 429, 429]
        served.clock.move(seconds=61)
        checked = ask_often("/api/v1/capability-tokens/verify", {"token": "e30.e30.e30"}, served.key)
        assert checked == [200, 200, 200, 429]


def _owner(served: Served) -> str:
    record = served.office.registry.current().did(HUMAN)
    assert record is not None
    assert record.owner_user_id is not None
    return token_for(served.office, record.owner_user_id)
