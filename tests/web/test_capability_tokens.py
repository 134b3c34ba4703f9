"""Capability tokens over HTTP: made, verified by the office for others, and by a server's own verifier."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest

from sealwright.adapters.outbound import Answer as Fetched
from sealwright.protocols.capability.proof import ProofKey
from sealwright.relying import Act, Call, Office, Permit, Refused, Verifier
from tests.support.delegations import AGENTS, HUMAN, bring_parties
from tests.web.client import Answer
from tests.web.conftest import NO_LIMITS, Served, key_for, serve

SHOP: Final = "https://shop.example"
ORDERS: Final = f"{SHOP}/orders"
OFFICE: Final = "http://127.0.0.1:8000"
GROCERIES: Final = {"amount": 42.5, "currency": "USD", "merchant": SHOP}
KEY: Final = ProofKey()
A, B, C = AGENTS[0], AGENTS[1], AGENTS[2]


class Bridge:
    """What a resource server fetches, answered by the office in this process."""

    def __init__(self, served: Served) -> None:
        self._client = served.client

    def get(self, url: str, headers: Mapping[str, str], *, max_bytes: int) -> Fetched:
        """As `GuardedOutbound.get`."""
        answer = self._client.call("GET", url.removeprefix(OFFICE), headers=tuple(headers.items()))
        return Fetched(answer.status, answer.body)

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, max_bytes: int) -> Fetched:
        """As `GuardedOutbound.post`."""
        token = headers["Authorization"].removeprefix("Bearer ")
        more = [("Idempotency-Key", headers["Idempotency-Key"])]
        answer = self._client.call("POST", url.removeprefix(OFFICE), json.loads(body), token=token, headers=more)
        return Fetched(answer.status, answer.body)


class World:
    """An office with a human and three agents, each with an API key, and a shop with one too."""

    def __init__(self, served: Served) -> None:
        bring_parties(served.office, agents=3)
        self.served = served
        self.keys = {did: key_for(served.office, did) for did in (HUMAN, *AGENTS[:3])}

    def call(self, who: str | None, path: str, body: Any, **more: Any) -> Answer:
        """Post as the API key of a DID, with a secret, or as nobody."""
        token = self.keys.get(who, who) if who is not None else None
        return self.served.client.call("POST", f"/api/v1{path}", body, token=token, **more)

    def delegate(self, delegate: str, parent: Mapping[str, Any] | None = None, **changes: Any) -> dict[str, Any]:
        """Make a delegation to buy groceries."""
        body = {
            "delegatorDid": HUMAN if parent is None else parent["delegateDid"],
            "delegateDid": delegate,
            "scope": ["purchase:groceries"],
            "constraints": {"maxSpendPerTransaction": 50, "maxSpendPerWeek": 100},
            "maxDepth": 2 if parent is None else parent["maxDepth"] - 1,
            "expirationDate": "2026-12-31T12:00:00Z",
            **({} if parent is None else {"parent": parent["credentialId"]}),
            **changes,
        }
        answer = self.call(body["delegatorDid"], "/delegations", body)
        assert answer.status == 201, answer.body
        made: dict[str, Any] = answer.json()
        return made

    def end(self, delegation: Mapping[str, Any]) -> None:
        """Revoke a delegation."""
        body = {"reason": "over"}
        assert self.call(HUMAN, f"/delegations/{delegation['delegationId']}/revoke", body).status == 200

    def make(self, agent: str = A, **changes: Any) -> Answer:
        """Ask for a token."""
        body = {"audience": SHOP, "action": "purchase:groceries", "context": GROCERIES, "jkt": KEY.jkt, **changes}
        return self.call(agent, f"/agents/{agent}/tokens", {k: v for k, v in body.items() if v is not None})

    def verifier(self, **options: Any) -> Verifier:
        """A shop's verifier, which knows this office by what it answers."""
        office = Office(OFFICE, api_key=self.served.key, outbound=Bridge(self.served))
        return Verifier(SHOP, office, principals={HUMAN}, clock=self.served.clock.now, **options)

    def order(self, verifier: Verifier, token: str, amount: float = 42.5) -> Permit:
        """Bring a token to the shop."""
        headers = KEY.headers(token, method="POST", url=ORDERS, now=self.served.clock.now())
        act = Act("purchase:groceries", {**GROCERIES, "amount": amount})
        return verifier.permit(Call.of("POST", ORDERS, headers), act)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One office for all tests of the module; they end the delegations that they make."""
    with serve(tmp_path_factory.mktemp("office"), **NO_LIMITS) as served:
        yield World(served)


@pytest.fixture
def chain(world: World) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """A human lets an agent buy groceries, who lets another one."""
    root = world.delegate(A)
    leaf = world.delegate(B, root)
    yield root, leaf
    if world.served.client.call("GET", f"/api/v1/delegations/{root['delegationId']}", token=world.keys[A]).json()[
        "effective"
    ]:
        world.end(root)


def test_a_token_is_made_and_verified(world: World, chain: Any) -> None:
    answer = world.make(B)
    assert answer.status == 201
    made = answer.json()
    assert list(made) == [
        *("token", "tokenType", "tokenId", "agentDid", "audience", "action", "context", "expiresAt", "delegationId"),
        *("chain", "callId"),
    ]
    assert (made["tokenType"], made["agentDid"], made["delegationId"]) == ("DPoP", B, chain[1]["delegationId"])
    assert made["chain"] == [one["credentialId"] for one in chain]
    proof = KEY.prove(made["token"], method="POST", url=ORDERS, now=world.served.clock.now())
    asked = {"token": made["token"], "audience": SHOP, "context": {**GROCERIES, "amount": 42.50}}
    told = world.call(None, "/capability-tokens/verify", asked).json()
    assert (told["valid"], told["code"], told["possession"]) == (True, None, False)
    assert (told["agentDid"], told["principalDid"], told["tokenId"]) == (B, HUMAN, made["tokenId"])
    assert [hop["valid"] for hop in told["hops"]] == [True, True]
    once = {**asked, "proof": proof, "method": "POST", "url": ORDERS, "singleUse": True}
    told = world.call(None, "/capability-tokens/verify", once).json()
    assert (told["valid"], told["possession"]) == (True, True)
    told = world.call(None, "/capability-tokens/verify", once).json()
    assert (told["valid"], told["code"], told["possession"]) == (False, "TOKEN_PROOF_REPLAYED", False)


def test_a_repeated_call_gives_the_same_token(world: World, chain: Any) -> None:
    def make() -> Answer:
        body = {"audience": SHOP, "action": "purchase:groceries", "context": GROCERIES, "jkt": KEY.jkt}
        return world.call(A, f"/agents/{A}/tokens", body, headers=(("Idempotency-Key", f"k-{chain[0]['createdAt']}"),))

    first, second = make(), make()
    assert first.json()["token"] == second.json()["token"]
    assert second.headers["idempotent-replayed"] == "true"


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointers"),
    [
        ({"jkt": None}, 422, "MISSING_FIELD", ["/jkt"]),
        ({"jkt": "short"}, 422, "INVALID_VALUE", ["/jkt"]),
        ({"audience": "http://shop.example"}, 422, "INVALID_VALUE", ["/audience"]),
        ({"context": {"approved": True}}, 422, "UNKNOWN_FIELD", ["/context/approved"]),
        ({"context": {"amount": -1}}, 422, "INVALID_VALUE", ["/context/amount"]),
        ({"context": {"amount": 0.0000001}}, 422, "INVALID_VALUE", ["/context/amount"]),
        ({"action": "purchase:*"}, 422, "INVALID_VALUE", ["/action"]),
        ({"expiresInSeconds": 301}, 422, "INVALID_VALUE", ["/expiresInSeconds"]),
        ({"sub": HUMAN}, 422, "UNKNOWN_FIELD", ["/sub"]),
        ({"context": {**GROCERIES, "amount": 50.01}}, 422, "DELEGATION_CONSTRAINT_EXCEEDED", []),
        ({"action": "sell:groceries"}, 422, "DELEGATION_ACTION_NOT_COVERED", []),
        ({"credentialId": "dlg_aaaaaaaaaaaaaaaaaaaaaaaaaa"}, 404, "DELEGATION_NOT_FOUND", []),
        ({"approvalId": "apv_aaaaaaaaaaaaaaaaaaaaaaaaaa"}, 404, "APPROVAL_NOT_FOUND", []),
    ],
    ids=lambda one: json.dumps(one)[:40] if isinstance(one, dict) else "",
)
def test_a_wish_that_cannot_be_met_is_refused(
    world: World, chain: Any, changes: dict[str, Any], status: int, code: str, pointers: list[str]
) -> None:
    answer = world.make(A, **changes)
    assert (answer.status, answer.code) == (status, code)
    assert not pointers or answer.pointers == pointers


def test_nobody_makes_a_token_for_another_agent(world: World, chain: Any) -> None:
    body = {"audience": SHOP, "action": "purchase:groceries", "jkt": KEY.jkt}
    for path, who, status, code in (
        (f"/agents/{A}/tokens", B, 403, "NOT_DID_OWNER"),
        (f"/agents/{A}/tokens", HUMAN, 403, "NOT_DID_OWNER"),
        (f"/agents/{A}/tokens", world.served.person, 403, "NOT_DID_OWNER"),
        (f"/agents/{HUMAN}/tokens", HUMAN, 404, "DID_NOT_FOUND"),
        (f"/agents/{A}/tokens", None, 401, "UNAUTHENTICATED"),
    ):
        answer = world.call(who, path, body)
        assert (answer.status, answer.code) == (status, code)


def test_the_shop_takes_a_token_once_and_has_it_counted(world: World, chain: Any) -> None:
    shop = world.verifier(authorize=True)
    first = world.make(B).json()
    permit = world.order(shop, first["token"])
    assert (permit.agent, permit.principal, permit.token_id) == (B, HUMAN, first["tokenId"])
    assert permit.call_id is not None
    with pytest.raises(Refused, match="TOKEN_REPLAYED"):
        world.order(shop, first["token"])
    # 42.50 of 100 are spent, by either agent: another 42.50 fits, a third does not, wherever it is asked.
    tokens = [world.make(agent).json()["token"] for agent in (A, B)]
    assert world.order(shop, tokens[0]).call_id
    with pytest.raises(Refused, match="DELEGATION_CONSTRAINT_EXCEEDED"):
        world.order(shop, tokens[1])
    assert world.make(A).code == "DELEGATION_CONSTRAINT_EXCEEDED"
    root = world.served.client.call("GET", f"/api/v1/delegations/{chain[0]['delegationId']}", token=world.keys[A])
    assert root.json()["calls"] == 2


def test_a_revoked_ancestor_fells_a_token_at_any_shop(world: World, chain: Any) -> None:
    asking, alone = world.verifier(authorize=True), world.verifier(accept_uncounted_budgets=True)
    tokens = [world.make(B, context={**GROCERIES, "amount": 1}).json()["token"] for _ in range(3)]
    assert world.order(alone, tokens[0], 1).uncounted == ("maxSpendPerWeek",)
    world.end(chain[0])
    assert world.order(alone, tokens[1], 1).call_id is None, "what it read a moment ago is taken for the present"
    for shop in (asking, world.verifier(accept_uncounted_budgets=True)):
        with pytest.raises(Refused, match="DELEGATION_REVOKED"):
            world.order(shop, tokens[2], 1)
    told = world.call(None, "/capability-tokens/verify", {"token": tokens[2]}).json()
    assert (told["valid"], told["code"]) == (False, "DELEGATION_REVOKED")
    assert [hop["valid"] for hop in told["hops"]] == [False, True]


def test_what_is_no_token_is_told_so(world: World) -> None:
    told = world.call(None, "/capability-tokens/verify", {"token": "x"}).json()
    assert (told["valid"], told["code"], told["agentDid"], told["hops"]) == (False, "TOKEN_MALFORMED", None, [])
    for body, pointer in (
        ({"token": "x", "proof": "y"}, "/method"),
        ({"token": "x", "proof": "y", "method": "POST"}, "/url"),
        ({"token": "x", "singleUse": True}, "/proof"),
    ):
        answer = world.call(None, "/capability-tokens/verify", body)
        assert (answer.status, answer.code, answer.pointers) == (422, "MISSING_FIELD", [pointer])


def test_a_delegation_is_presented(world: World, chain: Any) -> None:
    body = {"challenge": "n-0S6", "domain": "shop.example"}
    answer = world.call(B, f"/agents/{B}/presentations", body)
    assert answer.status == 201, answer.body
    made = answer.json()
    assert made["credentialIds"] == [chain[1]["credentialId"]]
    verify = {"presentation": made["presentation"], "options": body}
    assert world.call(None, "/presentations/verify", verify).json()["verified"] is True
    whole = world.call(B, f"/agents/{B}/presentations", {**body, "chain": True}).json()
    assert whole["credentialIds"] == [one["credentialId"] for one in chain]
    assert world.call(C, f"/agents/{C}/presentations", body).code == "DELEGATION_NOT_FOUND"
    assert world.call(C, f"/agents/{B}/presentations", body).code == "NOT_DID_OWNER"
