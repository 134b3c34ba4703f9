"""Delegations over HTTP: made, read, ended, narrowed, verified; refusals with the field that they mean."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from tests.support.delegations import AGENTS, HUMAN, bring_parties, delegation_claims
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, Served, key_for, serve

DELEGATIONS: Final = "/api/v1/delegations"
ISSUE: Final = "/api/v1/credentials/issue"
LIMITS: Final = {"maxSpendPerDay": 100, "currency": "EUR"}


class World:
    """An office with a human and three agents, each with an API key."""

    def __init__(self, served: Served) -> None:
        bring_parties(served.office, agents=3)
        self.served = served
        self.keys = {did: key_for(served.office, did) for did in (HUMAN, *AGENTS[:3])}

    def call(self, who: str, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        """Call as the API key of a DID, or with a secret."""
        return self.served.client.call(method, path, body, token=self.keys.get(who, who), **more)

    def make(self, delegator: str = HUMAN, delegate: str = AGENTS[0], **changes: Any) -> dict[str, Any]:
        """Make a delegation; gives the answer's body."""
        answer = self.call(delegator, "POST", DELEGATIONS, wish(delegator, delegate, **changes))
        assert answer.status == 201, answer.body
        body: dict[str, Any] = answer.json()
        return body

    def child(self, parent: dict[str, Any], delegate: str, **changes: Any) -> dict[str, Any]:
        """Make a delegation that rests on another one."""
        terms = {"parent": parent["credentialId"], "maxDepth": parent["maxDepth"] - 1, **changes}
        return self.make(parent["delegateDid"], delegate, **terms)


def wish(delegator: str, delegate: str, **changes: Any) -> dict[str, Any]:
    """The body of a delegation to buy groceries; None leaves a member out."""
    body = {
        "delegatorDid": delegator,
        "delegateDid": delegate,
        "scope": ["purchase:*"],
        "constraints": LIMITS,
        "maxDepth": 2,
        "expirationDate": "2026-12-31T12:00:00Z",
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One office for all tests of the module; they leave each other's delegations alone."""
    with serve(tmp_path_factory.mktemp("office"), **NO_LIMITS) as served:
        yield World(served)


def test_a_delegation_is_made_and_read(world: World) -> None:
    answer = world.call(HUMAN, "POST", DELEGATIONS, wish(f"{HUMAN}...", AGENTS[0]))
    assert answer.status == 201
    made = answer.json()
    assert list(made) == [
        *("delegationId", "credentialId", "parent", "rootId", "delegatorDid", "delegateDid", "scope", "constraints"),
        *("maxDepth", "depth", "status", "effective", "expiresAt", "createdAt", "calls", "lastUsedAt", "supersedes"),
        "credential",
    ]
    assert (made["parent"], made["rootId"], made["depth"]) == (None, made["delegationId"], 0)
    assert (made["delegatorDid"], made["status"], made["effective"], made["calls"]) == (HUMAN, "active", True, 0)
    credential = made.pop("credential")
    assert credential["credentialSubject"]["constraints"] == LIMITS
    assert len(credential["credentialStatus"]) == 2
    assert answer.headers["location"] == f"{DELEGATIONS}/{made['delegationId']}"
    for name in (made["delegationId"], made["credentialId"], made["credentialId"].removeprefix("urn:uuid:")):
        assert world.call(AGENTS[0], "GET", f"{DELEGATIONS}/{name}").json() == made
    assert world.call(AGENTS[1], "GET", f"{DELEGATIONS}/{made['delegationId']}").code == "DELEGATION_NOT_FOUND"
    report = world.call(HUMAN, "POST", "/api/v1/credentials/verify", {"credential": credential}).json()
    assert report["verified"] is True


def test_the_issue_route_makes_the_same_by_the_same_guard(world: World) -> None:
    body = {
        "schemaId": "did:adi:schema:agent-delegation-v1",
        "issuerDid": HUMAN,
        "holderDid": AGENTS[0],
        "claims": delegation_claims(HUMAN, AGENTS[0], maxDepth=1),
        "expirationDate": "2026-12-31T12:00:00Z",
    }
    issued = world.call(HUMAN, "POST", ISSUE, body)
    assert issued.status == 201, issued.body
    root = world.call(HUMAN, "GET", f"{DELEGATIONS}/{issued.json()['credentialId']}").json()
    assert (root["delegateDid"], root["maxDepth"], root["effective"]) == (AGENTS[0], 1, True)
    child = {
        **body,
        "issuerDid": AGENTS[0],
        "holderDid": AGENTS[1],
        "claims": delegation_claims(
            AGENTS[0], AGENTS[1], root["credentialId"], constraints={"maxSpendPerDay": 101, "maxSpendPerTransaction": 1}
        ),
    }
    for dry_run in (False, True):
        refused = world.call(AGENTS[0], "POST", ISSUE, {**child, "dryRun": dry_run})
        assert (refused.status, refused.code) == (422, "DELEGATION_CONSTRAINT_LOOSENED")
        assert [(one["pointer"], one["code"]) for one in refused.json()["errors"]] == [
            ("/claims/constraints/maxSpendPerDay", "DELEGATION_CONSTRAINT_LOOSENED")
        ]
    elsewhere = world.call(
        AGENTS[0],
        "POST",
        DELEGATIONS,
        wish(
            AGENTS[0],
            AGENTS[1],
            parent=root["credentialId"],
            maxDepth=0,
            constraints={"maxSpendPerDay": 101, "maxSpendPerTransaction": 1},
        ),
    )
    assert [one["pointer"] for one in elsewhere.json()["errors"]] == ["/constraints/maxSpendPerDay"]


REFUSED: Final[dict[str, tuple[dict[str, Any], int, str, list[str]]]] = {
    "to oneself": ({"delegateDid": HUMAN}, 422, "DELEGATION_INVALID", ["/delegateDid"]),
    "unknown limit": (
        {"constraints": {"maxSpendPerYear": 1}},
        422,
        "SCHEMA_VALIDATION_FAILED",
        ["/constraints/maxSpendPerYear"],
    ),
    "limit of another type": (
        {"constraints": {"maxSpendPerDay": "1"}},
        422,
        "SCHEMA_VALIDATION_FAILED",
        ["/constraints/maxSpendPerDay"],
    ),
    "hours that are none": (
        {"constraints": {"authorizedHours": ["Mon-Fri 18:00-08:00 UTC"]}},
        422,
        "DELEGATION_INVALID",
        ["/constraints/authorizedHours"],
    ),
    "no such parent": (
        {"parent": "urn:uuid:01a20396-0f5b-7f53-bf13-3ebaecd6d84c"},
        404,
        "DELEGATION_NOT_FOUND",
        ["/parent"],
    ),
    "no such parent by our id": ({"parent": "dlg_x"}, 404, "DELEGATION_NOT_FOUND", ["/parent"]),
    "a list that names nothing": (
        {"constraints": {"authorizedMerchants": []}},
        422,
        "UNSIGNABLE_VALUE",
        ["/constraints/authorizedMerchants"],
    ),
    "too deep": ({"maxDepth": 8}, 422, "INVALID_VALUE", ["/maxDepth"]),
    "nothing allowed": ({"scope": []}, 422, "INVALID_BODY", ["/scope"]),
    "an action with a space": ({"scope": ["buy food"]}, 422, "INVALID_VALUE", ["/scope/0"]),
    "unknown member": ({"depth": 1}, 422, "UNKNOWN_FIELD", ["/depth"]),
    "no end": ({"expirationDate": None}, 422, "MISSING_FIELD", ["/expirationDate"]),
    "an end behind us": ({"expirationDate": "2026-01-01T00:00:00Z"}, 422, "EXPIRATION_IN_PAST", []),
    "no such delegate": ({"delegateDid": "did:adi:nobody"}, 404, "HOLDER_NOT_FOUND", []),
    "a suite that hides": ({"proofType": "bbs-2023"}, 409, "ISSUER_KEY_MISSING", []),
    "an SD-JWT": ({"proofType": "dc+sd-jwt"}, 422, "UNSUPPORTED_PROOF_TYPE", ["/proofType"]),
    "a JWT": ({"proofType": "jwt_vc_json"}, 422, "UNSUPPORTED_PROOF_TYPE", ["/proofType"]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_refusal_names_the_field(world: World, case: str) -> None:
    changes, status, code, pointers = REFUSED[case]
    before = world.served.audit_size()
    answer = world.call(HUMAN, "POST", DELEGATIONS, wish(HUMAN, AGENTS[0], **changes))
    assert (answer.status, answer.code) == (status, code)
    assert [one["pointer"] for one in answer.json()["errors"]] == pointers
    assert world.served.audit_size() == before


def test_of_two_refusals_the_one_that_stands_first_wins(world: World) -> None:
    nobody, parent, past = "did:adi:nobody", REFUSED["no such parent"][0], REFUSED["an end behind us"][0]

    def told(caller: str, delegator: str, delegate: str, **changes: Any) -> str | None:
        code: str | None = world.call(caller, "POST", DELEGATIONS, wish(delegator, delegate, **changes)).code
        return code

    assert told(HUMAN, "did:adi:who", nobody, depth=1) == "UNKNOWN_FIELD"
    assert told(AGENTS[1], "did:adi:who", nobody) == "ISSUER_NOT_FOUND"
    assert told(AGENTS[1], HUMAN, nobody, **past) == "HOLDER_NOT_FOUND"
    assert told(AGENTS[1], HUMAN, AGENTS[0], **past, **parent) == "ISSUER_NOT_AUTHORIZED"
    assert told(HUMAN, HUMAN, AGENTS[0], **past, **parent, proofType="bbs-2023") == "ISSUER_KEY_MISSING"
    assert (
        told(HUMAN, HUMAN, AGENTS[0], **past, **parent, constraints={"maxSpendPerDay": -1})
        == "SCHEMA_VALIDATION_FAILED"
    )
    assert told(HUMAN, HUMAN, AGENTS[0], **past, **parent) == "EXPIRATION_IN_PAST"
    assert told(HUMAN, HUMAN, AGENTS[0], **parent) == "DELEGATION_NOT_FOUND"


def test_one_key_makes_one_delegation(world: World) -> None:
    key = [("Idempotency-Key", "one")]
    first = world.call(HUMAN, "POST", DELEGATIONS, wish(HUMAN, AGENTS[0]), headers=key)
    world.call(HUMAN, "POST", f"{DELEGATIONS}/{first.json()['delegationId']}/revoke", {"reason": "over"})
    again = world.call(HUMAN, "POST", DELEGATIONS, wish(HUMAN, AGENTS[0]), headers=key)
    assert again.body == first.body
    assert again.headers["idempotent-replayed"] == "true"
    other = world.call(HUMAN, "POST", DELEGATIONS, wish(HUMAN, AGENTS[1]), headers=key)
    assert (other.status, other.code) == (422, "IDEMPOTENCY_KEY_REUSED")


def test_the_story_of_a_tree(world: World) -> None:
    root = world.make()
    middle = world.child(root, AGENTS[1])
    leaf = world.child(middle, AGENTS[2], scope=["purchase:food"])
    assert (leaf["parent"], leaf["rootId"], leaf["depth"]) == (middle["credentialId"], root["delegationId"], 2)
    tree = world.call(HUMAN, "GET", f"{DELEGATIONS}/{root['delegationId']}?tree=true").json()
    assert (tree["hasMoreChildren"], len(tree["children"])) == (False, 1)
    assert tree["children"][0]["children"][0]["delegationId"] == leaf["delegationId"]
    listed = world.call(AGENTS[2], "GET", DELEGATIONS).json()
    assert [one["delegationId"] for one in listed["data"]] == [leaf["delegationId"]]
    assert listed["hasMore"] is False
    chain = [one["credentialId"] for one in (root, middle, leaf)]
    question = {"agentDid": AGENTS[2], "delegationChain": chain, "action": "purchase:food"}
    verified = world.served.client.call("POST", f"{DELEGATIONS}/verify-chain", question).json()
    assert (verified["valid"], verified["hopCount"], verified["errors"]) == (True, 3, [])
    paused = world.call(HUMAN, "POST", f"{DELEGATIONS}/{middle['delegationId']}/suspend", {"reason": "wait"})
    assert (paused.json()["status"], paused.json()["effective"], paused.json()["invalidated"]) == (
        "suspended",
        False,
        1,
    )
    verified = world.served.client.call("POST", f"{DELEGATIONS}/verify-chain", question).json()
    assert [hop["codes"] for hop in verified["hops"]] == [[], ["DELEGATION_SUSPENDED"], []]
    assert verified["errors"] == ["DELEGATION_SUSPENDED"]
    resumed = f"{DELEGATIONS}/{middle['delegationId']}/reinstate"
    assert world.call(AGENTS[0], "POST", resumed, {"reason": "go on"}).code == "NOT_DID_OWNER"
    back = world.call(HUMAN, "POST", resumed, {"reason": "go on"})
    assert (back.json()["status"], back.json()["invalidated"]) == ("active", 0)
    body = {"reason": "less is enough", "constraints": {"maxSpendPerDay": 50}}
    refused = world.call(AGENTS[0], "POST", f"{DELEGATIONS}/{root['delegationId']}/narrow", body)
    assert (refused.status, refused.code) == (403, "ISSUER_NOT_AUTHORIZED")
    narrowed = world.call(HUMAN, "POST", f"{DELEGATIONS}/{root['delegationId']}/narrow", body).json()
    assert (narrowed["supersedes"], narrowed["invalidated"]) == (root["delegationId"], 2)
    assert narrowed["constraints"] == {**LIMITS, "maxSpendPerDay": 50}
    old = world.call(HUMAN, "GET", f"{DELEGATIONS}/{root['delegationId']}").json()
    assert (old["status"], old["effective"]) == ("revoked", False)
    again = world.call(HUMAN, "POST", f"{DELEGATIONS}/{root['delegationId']}/revoke", {"reason": "x"})
    assert (again.status, again.code) == (409, "ALREADY_REVOKED")
    nothing = world.call(HUMAN, "POST", f"{DELEGATIONS}/{root['delegationId']}/narrow", {"reason": "x"})
    assert (nothing.status, nothing.code) == (422, "MISSING_FIELD")
    below = world.call(AGENTS[2], "POST", f"{DELEGATIONS}/{leaf['delegationId']}/revoke", {"reason": "x"})
    assert (below.status, below.code) == (403, "NOT_DID_OWNER")


def test_malformed_chains_are_refused(world: World) -> None:
    root = world.make()
    urn = root["credentialId"]
    for chain in ([], [urn] * 9, [urn, urn], [root["credential"], {"credentialId": urn}]):
        answer = world.served.client.call(
            "POST", f"{DELEGATIONS}/verify-chain", {"agentDid": AGENTS[0], "delegationChain": chain}
        )
        assert (answer.status, answer.code) == (400, "DELEGATION_CHAIN_MALFORMED")
    for item in ("x", {}, {"a": None}, "a.b.c", "urn:uuid:01a20396-0f5b-7f53-bf13-3ebaecd6d84c"):
        answer = world.served.client.call(
            "POST", f"{DELEGATIONS}/verify-chain", {"agentDid": AGENTS[0], "delegationChain": [item]}
        )
        assert answer.status == 200, answer.body
        assert answer.json()["valid"] is False
    degree = world.served.issue()
    foreign = world.served.client.call(
        "POST",
        f"{DELEGATIONS}/verify-chain",
        {"agentDid": AGENTS[0], "delegationChain": [degree["credentialId"]]},
    ).json()
    # Who holds a credential of another kind is nobody's to learn here.
    assert [(hop["codes"][0], hop["delegate"]) for hop in foreign["hops"]] == [("DELEGATION_NOT_FOUND", None)]
    wrong = {"agentDid": AGENTS[0], "delegationChain": [urn], "action": "purchase:food", "context": {"amount": -1}}
    answer = world.served.client.call("POST", f"{DELEGATIONS}/verify-chain", wrong)
    assert (answer.status, [one["pointer"] for one in answer.json()["errors"]]) == (422, ["/context/amount"])
    del wrong["action"]
    answer = world.served.client.call("POST", f"{DELEGATIONS}/verify-chain", wrong)
    assert (answer.status, answer.code) == (422, "MISSING_FIELD")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/action"]


def test_batches_and_other_forms_make_no_delegations(world: World) -> None:
    rows = {
        "schemaId": "did:adi:schema:agent-delegation-v1",
        "issuerDid": HUMAN,
        "credentials": [{"holderDid": AGENTS[0], "claims": delegation_claims(HUMAN, AGENTS[0])}],
        "expirationDate": "2026-12-31T12:00:00Z",
    }
    batch = world.call(HUMAN, "POST", "/api/v1/credentials/issue/batch", rows)
    assert (batch.status, batch.code) == (422, "POLICY_VIOLATION")
    schema = world.served.client.call("GET", "/api/v1/schemas/did:adi:schema:agent-delegation-v1").json()
    document = {
        "@context": ["https://www.w3.org/ns/credentials/v2", schema["contextUrl"]],
        "type": ["VerifiableCredential", "AgentDelegationCredential"],
        "issuer": HUMAN,
        "credentialSubject": {"id": AGENTS[0]},
    }
    vc_api = world.call(HUMAN, "POST", "/credentials/issue", {"credential": document})
    assert vc_api.code == "POLICY_VIOLATION"
    root = world.make()
    form = world.call(
        world.served.admin, "POST", f"/api/v1/credentials/{root['credentialId']}/forms", {"form": "jwt_vc_json"}
    )
    assert (form.status, form.code) == (409, "NOT_DELIVERABLE")
