"""Agents over HTTP: made, read, changed, ended; what they may do, and what they do for their delegators."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import jsonschema_rs
import pytest

from sealwright.domain.people import AccountRole
from sealwright.web.api.shapes.authorizing import APPROVAL
from tests.support.delegations import bring_parties
from tests.support.office import HOLDER, ISSUER, add_person
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, Served, degree, key_for, serve, token_for

AGENTS: Final = "/api/v1/agents"
APPROVALS: Final = "/api/v1/approvals"
DEGREE: Final = "did:adi:schema:university-degree-v1"


class World:
    """An office with an issuer, a person who runs agents, and a stranger."""

    def __init__(self, served: Served) -> None:
        bring_parties(served.office, agents=0)
        self.served = served
        self.ada = token_for(served.office, add_person(served.office, "ada"))
        self.bob = token_for(served.office, add_person(served.office, "bob"))
        self.admin = token_for(served.office, add_person(served.office, "root", AccountRole.ADMIN))
        self.issuer = key_for(served.office, ISSUER)
        self.operator = self.call(self.ada, "POST", "/api/v1/dids", {"name": "Ada"}).json()["did"]

    def call(self, token: str | None, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return self.served.client.call(method, path, body, token=token, **more)

    def make(self, **more: Any) -> dict[str, Any]:
        answer = self.call(self.ada, "POST", AGENTS, {"name": "Clerk", "operator": self.operator, **more})
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.json()
        assert answer.headers["location"] == f"{AGENTS}/{made['did']}"
        return made

    def delegate(self, agent: str, **limits: Any) -> dict[str, Any]:
        body = {
            "delegatorDid": ISSUER,
            "delegateDid": agent,
            "scope": ["credential:issue"],
            "expirationDate": "2026-12-31T12:00:00Z",
            **({"constraints": limits} if limits else {}),
        }
        answer = self.call(self.issuer, "POST", "/api/v1/delegations", body)
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.json()
        return made


def kept_answers(world: World) -> list[bytes]:
    """What is kept to be answered again to calls about approvals, as it lies in the database."""
    statement = "SELECT answer_body FROM idempotency_keys WHERE route LIKE 'POST /api/v1/approvals%'"
    with world.served.office.units(write=False) as uow:
        rows = uow.delegations._transaction.driver_rows(statement, ())  # type: ignore[attr-defined]
    assert len(rows) == 2
    return [bytes(row[0]) for row in rows]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One office for all tests of the module; each makes agents of its own."""
    with serve(tmp_path_factory.mktemp("office"), **NO_LIMITS) as served:
        yield World(served)


def test_an_agent_is_made_read_changed_and_listed(world: World) -> None:
    model = {"provider": "Example AI", "modelName": "basket-1"}
    service = {"id": "#a2a", "type": "A2A", "serviceEndpoint": "https://clerk.example/a2a"}
    made = world.make(description="Files papers.", model=model, capabilities=["filing"], services=[service])
    did = made["did"]
    assert list(made) == [
        *("did", "name", "operator", "status", "description", "model", "capabilities", "version", "services"),
        *("cardUrl", "createdAt", "updatedAt", "deactivatedAt"),
    ]
    assert made["services"] == [{**service, "id": f"{did}#a2a"}]
    assert (made["status"], made["version"], made["model"]) == ("active", "1.0", model)
    assert world.call(None, "GET", f"{AGENTS}/{did}").json() == made
    changed = world.call(world.ada, "PATCH", f"{AGENTS}/{did}", {"version": "1.1", "services": []}).json()
    assert (changed["version"], changed["services"], changed["model"]) == ("1.1", [], model)
    assert changed["did"] in {one["did"] for one in world.call(world.ada, "GET", AGENTS).json()["data"]}
    assert world.call(world.bob, "GET", AGENTS).json() == {"data": [], "hasMore": False, "nextCursor": None}
    assert world.call(world.bob, "PATCH", f"{AGENTS}/{did}", {"version": "2"}).code == "NOT_DID_OWNER"
    assert world.call(world.ada, "GET", f"{AGENTS}/{world.operator}").code == "DID_NOT_FOUND"


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("operator", "did:adi:nobody", "INVALID_VALUE"),
        ("operator", "nobody", "INVALID_DID"),
        ("name", "", "INVALID_VALUE"),
        ("capabilities", ["a", "a"], "INVALID_VALUE"),
        ("capabilities", [str(one) for one in range(65)], "INVALID_VALUE"),
        ("model", {"provider": "x"}, "MISSING_FIELD"),
        ("model", {"provider": "x", "modelName": "y", "size": 3}, "UNKNOWN_FIELD"),
        ("services", [{"id": "a", "type": "A2A", "serviceEndpoint": "https://x.example"}], "INVALID_VALUE"),
        ("services", [{"id": "#a", "type": "A2A", "serviceEndpoint": "javascript:alert(1)"}], "INVALID_VALUE"),
        ("version", "1 0", "INVALID_VALUE"),
        ("method", "ethr", "UNSUPPORTED_DID_METHOD"),
        ("did", "did:adi:agent:7f3a", "UNKNOWN_FIELD"),
    ],
)
def test_what_cannot_be_said_of_an_agent_is_refused(world: World, member: str, value: object, code: str) -> None:
    body = {"name": "Clerk", "operator": world.operator, member: value}
    answer = world.call(world.ada, "POST", AGENTS, body)
    assert (answer.status, answer.code) == (422, code)
    assert answer.pointers[0].startswith(f"/{member}")


def test_making_an_agent_twice_under_one_key_makes_one(world: World) -> None:
    body = {"name": "Once", "operator": world.operator}
    first, second = (
        world.call(world.ada, "POST", AGENTS, body, headers=[("idempotency-key", "agent-once")]) for _ in range(2)
    )
    assert first.json() == second.json()
    assert second.headers["idempotent-replayed"] == "true"


def test_the_card_is_public_and_kept_by_its_tag(world: World) -> None:
    made = world.make(capabilities=["filing:papers"])
    path = f"/agents/{made['did']}/.well-known/agent-card.json"
    assert made["cardUrl"].endswith(path)
    card = world.call(None, "GET", path)
    assert (card.status, card.json()["skills"][0]["id"]) == (200, "filing:papers")
    assert card.headers["access-control-allow-origin"] == "*"
    assert world.call(None, "GET", path, headers=[("if-none-match", card.headers["etag"])]).status == 304
    encoded = path.replace(":", "%3A")
    assert world.call(None, "GET", encoded).json() == card.json()
    document = world.call(None, "GET", f"/api/v1/dids/{made['did']}").json()["document"]
    assert made["cardUrl"] in {one["serviceEndpoint"] for one in document["service"] if one["type"] == "AgentCard"}
    world.call(world.ada, "PATCH", f"{AGENTS}/{made['did']}", {"version": "9"})
    changed = world.call(None, "GET", path, headers=[("if-none-match", card.headers["etag"])])
    assert (changed.status, changed.json()["version"]) == (200, "9")
    world.call(world.ada, "POST", f"{AGENTS}/{made['did']}/decommission")
    assert world.call(None, "GET", path).code == "DID_NOT_FOUND"


def test_a_decommissioned_agents_key_opens_nothing(world: World) -> None:
    did = world.make()["did"]
    key = key_for(world.served.office, did)
    world.delegate(did)
    assert world.call(key, "GET", f"{AGENTS}/{did}/authority").status == 200
    assert world.call(world.bob, "POST", f"{AGENTS}/{did}/decommission").code == "NOT_DID_OWNER"
    ended = world.call(world.ada, "POST", f"{AGENTS}/{did}/decommission", {"reason": "Replaced."}).json()
    assert (ended["status"], ended["invalidated"], ended["cardUrl"]) == ("decommissioned", 1, None)
    assert world.call(key, "GET", AGENTS).code == "UNAUTHENTICATED"
    assert world.call(world.ada, "POST", f"{AGENTS}/{did}/decommission").code == "ALREADY_DEACTIVATED"
    seen = world.call(None, "GET", f"{AGENTS}/{did}").json()
    assert (seen["status"], seen["deactivatedAt"]) == ("decommissioned", ended["deactivatedAt"])


def test_authority_is_for_the_agent_and_who_runs_it(world: World) -> None:
    did = world.make()["did"]
    key = key_for(world.served.office, did)
    made = world.delegate(did, maxCallsPerDay=3, requireApproval=True)
    found = world.call(key, "GET", f"{AGENTS}/{did}/authority").json()
    assert found["delegations"] == [
        {
            "delegationId": made["delegationId"],
            "credentialId": made["credentialId"],
            "onBehalfOf": ISSUER,
            "delegatorDid": ISSUER,
            "chain": [made["credentialId"]],
            "scope": ["credential:issue"],
            "constraints": {"maxCallsPerDay": 3, "requireApproval": True},
            "maxDepth": 0,
            "approvalRequired": True,
            "expiresAt": "2026-12-31T12:00:00Z",
            "effective": True,
            "reasons": [],
            "remaining": {"maxCallsPerDay": 3},
        }
    ]
    for token in (world.ada, world.admin):
        assert world.call(token, "GET", f"{AGENTS}/{did}/authority").json()["delegations"] == found["delegations"]
    for token in (world.bob, world.issuer):
        assert world.call(token, "GET", f"{AGENTS}/{did}/authority").code == "NOT_DID_OWNER"


def test_an_agent_issues_once_per_key_and_counts_once(world: World) -> None:
    did = world.make()["did"]
    key = key_for(world.served.office, did)
    made = world.delegate(did, maxCallsPerDay=1)
    body = {"schemaId": DEGREE, "holderDid": HOLDER, "claims": degree()["claims"]}
    path, once = f"{AGENTS}/{did}/issue", [("idempotency-key", "issue-once")]
    first, second = (world.call(key, "POST", path, body, headers=once) for _ in range(2))
    assert (first.status, second.status) == (201, 201), (first.body, second.body)
    assert first.json() == second.json()
    assert (first.json()["onBehalfOf"], first.json()["credential"]["issuer"]["id"]) == (ISSUER, ISSUER)
    assert second.headers["idempotent-replayed"] == "true"
    assert world.call(key, "POST", path, {**body, "holderDid": ISSUER}, headers=once).code == "IDEMPOTENCY_KEY_REUSED"
    seen = world.call(world.issuer, "GET", f"/api/v1/delegations/{made['delegationId']}").json()
    assert seen["calls"] == 1
    over = world.call(key, "POST", path, body)
    assert (over.status, over.code) == (422, "DELEGATION_CONSTRAINT_EXCEEDED")
    assert over.json()["callId"].startswith("cal_")
    assert [one["code"] for one in over.json()["errors"]] == ["DELEGATION_CONSTRAINT_EXCEEDED"]
    faulty = world.call(key, "POST", path, {**body, "claims": {"degree": 1}})
    assert (faulty.code, faulty.pointers) == ("SCHEMA_VALIDATION_FAILED", ["/claims/degree"])
    for token in (world.ada, world.admin, world.issuer):
        assert world.call(token, "POST", path, body).code == "NOT_DID_OWNER"


def test_bodies_name_no_issuer_and_no_actor(world: World) -> None:
    did = world.make()["did"]
    key = key_for(world.served.office, did)
    body = {"schemaId": DEGREE, "holderDid": HOLDER, "claims": {}}
    for member in ("issuerDid", "actor", "approved", "record", "delivery"):
        answer = world.call(key, "POST", f"{AGENTS}/{did}/issue", {**body, member: "x"})
        assert (answer.code, answer.pointers) == ("UNKNOWN_FIELD", [f"/{member}"])
    answer = world.call(key, "POST", f"{AGENTS}/{did}/requests", {"credentialType": "dpw", "userId": "usr_1"})
    assert (answer.code, answer.pointers) == ("UNKNOWN_FIELD", ["/userId"])
    contradicting = {**body, "revocable": False, "suspendable": True}
    assert world.call(key, "POST", f"{AGENTS}/{did}/issue", contradicting).code == "CONFLICTING_FIELDS"


def test_an_agents_key_is_no_person(world: World) -> None:
    did = world.make()["did"]
    key = key_for(world.served.office, did)
    body = {"name": "Clone", "operator": did}
    assert world.call(key, "POST", AGENTS, body).code == "ROLE_REQUIRED"
    assert world.call(key, "PATCH", f"{AGENTS}/{did}", {"version": "2"}).code == "ROLE_REQUIRED"
    assert world.call(key, "POST", f"{AGENTS}/{did}/decommission").code == "ROLE_REQUIRED"
    assert world.call(key, "POST", f"/api/v1/dids/{did}/deactivate").code == "NOT_DID_OWNER"
    assert world.call(key, "POST", "/api/v1/api-keys", {"name": "x", "issuerDids": [did]}).code == "ROLE_REQUIRED"
    assert world.call(key, "GET", "/me").status in (401, 403)


def test_only_an_agent_says_that_its_tools_asked(world: World) -> None:
    did = world.make()["did"]
    key = key_for(world.served.office, did)
    made = world.delegate(did)
    body = {"agentDid": did, "action": "credential:issue", "context": {"schemaId": DEGREE, "resource": HOLDER}}
    for token, said in ((key, "tools"), (key, "page"), (world.issuer, "tools")):
        world.call(token, "POST", "/api/v1/delegations/authorize", body, headers=[("sealwright-via", said)])
    issue = {"schemaId": DEGREE, "holderDid": HOLDER, "claims": degree()["claims"]}
    world.call(key, "POST", f"{AGENTS}/{did}/issue", issue, headers=[("sealwright-via", "tools")])
    calls = world.call(key, "GET", f"/api/v1/delegations/{made['delegationId']}/calls").json()["data"]
    assert sorted((one["recorded"], one["via"]) for one in calls) == [
        *((False, "api"), (False, "api"), (False, "tools")),
        (True, "tools"),
    ]


def test_a_person_approves_what_will_be_signed(world: World) -> None:
    """Over HTTP: the question holds the credential, the person reads it, and nothing else is issued under it."""
    did = world.make()["did"]
    key = key_for(world.served.office, did)
    world.delegate(did, requireApproval=True)
    signed = {"schemaId": DEGREE, "holderDid": HOLDER, "claims": degree()["claims"]}
    wish: dict[str, Any] = {"agentDid": did, "action": "credential:issue"}
    ask, issue = f"{APPROVALS}", f"{AGENTS}/{did}/issue"
    for credential, code, pointer in (
        (None, "MISSING_FIELD", "/credential"),
        ({**signed, "issuerDid": ISSUER}, "UNKNOWN_FIELD", "/credential/issuerDid"),
        ({"schemaId": DEGREE, "claims": {}}, "MISSING_FIELD", "/credential/holderDid"),
        ({**signed, "revocable": False, "suspendable": True}, "CONFLICTING_FIELDS", "/credential/suspendable"),
        ({**signed, "claims": {"note": "x" * 70_000}}, "CLAIMS_TOO_LARGE", "/credential"),
    ):
        body = wish if credential is None else {**wish, "credential": credential}
        refused = world.call(key, "POST", ask, body)
        assert (refused.status, refused.code, refused.pointers) == (422, code, [pointer])
    once: dict[str, Any] = {"headers": [("idempotency-key", "approve-a-degree")]}
    made = world.call(key, "POST", ask, {**wish, "credential": signed}, **once)
    assert made.status == 201, made.body
    again = world.call(key, "POST", ask, {**wish, "credential": signed}, **once)
    assert (again.json(), again.headers["idempotent-replayed"]) == (made.json(), "true")
    jsonschema_rs.validator_for(APPROVAL).validate(made.json())
    path = made.headers["location"]
    shown = world.call(world.issuer, "GET", path).json()
    assert shown["credential"] == {
        **signed,
        "proofType": "Ed25519Signature2020",
        "revocable": True,
        "suspendable": False,
    }
    assert (shown["request"], shown["context"]) == (None, {"schemaId": DEGREE, "resource": HOLDER})
    assert world.call(world.issuer, "POST", f"{path}/approve", {}, **once).json()["credential"] == shown["credential"]
    assert b"university" not in b"".join(kept_answers(world)), "claims lie open no longer than the question is open"
    given = {"approvalId": made.json()["approvalId"]}
    other = {**signed, "claims": {"degree": {**degree()["claims"]["degree"], "university": "Elsewhere"}}}
    assert world.call(key, "POST", issue, {**other, **given}).code == "DELEGATION_APPROVAL_REQUIRED"
    issued = world.call(key, "POST", issue, {**signed, **given})
    assert issued.status == 201, issued.body
    assert issued.json()["credential"]["credentialSubject"]["degree"] == degree()["claims"]["degree"]
    spent = world.call(key, "GET", path).json()
    assert (spent["status"], spent["credential"]) == ("spent", None)


def test_calls_under_one_key_at_once_issue_and_count_once(world: World) -> None:
    did = world.make()["did"]
    key = key_for(world.served.office, did)
    made = world.delegate(did, maxCallsPerDay=1)
    body = {"schemaId": DEGREE, "holderDid": HOLDER, "claims": degree()["claims"]}
    once = [("idempotency-key", "issue-at-once")]
    call = {"method": "POST", "path": f"{AGENTS}/{did}/issue", "body": body, "token": key, "headers": once}
    answers = world.served.client.together(*[call] * 8)
    assert {one.status for one in answers} <= {201, 409}, [one.body for one in answers]
    assert len({one.json()["credentialId"] for one in answers if one.status == 201}) == 1
    assert world.call(world.issuer, "GET", f"/api/v1/delegations/{made['delegationId']}").json()["calls"] == 1


def test_it_is_told_when_a_key_was_used_last(world: World) -> None:
    did = world.make()["did"]
    made = world.call(world.ada, "POST", "/api/v1/api-keys", {"name": "program", "issuerDids": [did]}).json()

    def last_used() -> str | None:
        listed = world.call(world.ada, "GET", "/api/v1/api-keys").json()["data"]
        told: str | None = next(one["lastUsedAt"] for one in listed if one["apiKeyId"] == made["apiKeyId"])
        return told

    def use() -> str:
        assert world.call(made["apiKey"], "GET", f"{AGENTS}/{did}/authority").status == 200
        return world.served.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    assert last_used() is None
    first = use()
    assert last_used() == first
    world.served.clock.move(seconds=59)
    use()
    assert last_used() == first, "once a minute is enough"
    world.served.clock.move(seconds=1)
    assert last_used() == first, "whoever lists keys uses none"
    assert use() == last_used() != first
