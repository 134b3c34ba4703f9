"""Delegations for tests and pictures of pages: made, used and asked about over the API, as agents do it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.request import Request, urlopen

from tests.pages.serving import PageSite
from tests.pages.test_verify_journey import office_of
from tests.web.conftest import key_for, token_for

GIVER: Final = "proposer"
GIVER_DID: Final = "did:adi:human001"
AGENT_DID: Final = "did:adi:agent:7f3a"
AGENT: Final = "Purchasing agent"
HELPER: Final = "Price finder"
ENDS: Final = "2026-12-20T12:00:00Z"
GROCERIES: Final = "purchase:groceries"
WINE: Final = "purchase:wine"
SHOP: Final = "safeway.example"


@dataclass(slots=True)
class Tree:
    """A person's agent with what it may do, and a second agent to which it passed a part of that on.

    Args:
        root, child: Ids of the two delegations.
        with_approval: Id of another to the first agent, under which each act waits for a person.
    """

    site: PageSite
    giver_token: str
    agent_key: str
    helper_did: str = ""
    helper_key: str = ""
    root: str = ""
    child: str = ""
    with_approval: str = ""
    approvals: list[str] = field(default_factory=list)

    def call(self, path: str, body: dict[str, Any], secret: str) -> dict[str, Any]:
        """Post something to the API."""
        headers = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
        request = Request(f"{self.site.url}/api/v1{path}", json.dumps(body).encode(), headers)
        with urlopen(request, timeout=30) as answer:
            told: dict[str, Any] = json.loads(answer.read())
            return told

    def delegate(self, secret: str, delegator: str, delegate: str, **terms: Any) -> str:
        """Make a delegation; gives its id."""
        body = {"delegatorDid": delegator, "delegateDid": delegate, "expirationDate": ENDS, **terms}
        return str(self.call("/delegations", body, secret)["delegationId"])

    def act(self, agent_did: str, secret: str, amount: float, *, action: str = GROCERIES) -> bool:
        """Have an agent buy something, counted; tells whether it may."""
        context = {"amount": amount, "currency": "USD", "merchant": SHOP}
        body = {"agentDid": agent_did, "action": action, "context": context, "record": True}
        return bool(self.call("/delegations/authorize", body, secret)["allowed"])

    def ask(self, amount: float, note: str) -> str:
        """Have the first agent ask its person to approve a bottle; gives the question's id."""
        context = {"amount": amount, "currency": "USD", "merchant": SHOP}
        body = {"agentDid": AGENT_DID, "action": WINE, "context": context, "note": note}
        asked = str(self.call("/approvals", body, self.agent_key)["approvalId"])
        self.approvals.append(asked)
        return asked


def keyed(site: PageSite) -> Tree:
    """The demo's person and agent with secrets for the API, and nothing delegated yet."""
    with office_of(site) as office:
        with office.units(write=False) as uow:
            giver = uow.people.by_email(f"{GIVER}@demo.example")
        assert giver is not None
        return Tree(site, token_for(office, giver.user_id), key_for(office, AGENT_DID))


def grown(site: PageSite) -> Tree:
    """A tree that was used: some acts allowed and counted, one refused, one that waits for a person."""
    tree = keyed(site)
    made = tree.call("/agents", {"name": HELPER, "operator": GIVER_DID}, tree.giver_token)
    tree.helper_did = str(made["did"])
    with office_of(site) as office:
        tree.helper_key = key_for(office, tree.helper_did)
    limits = {"maxSpendPerTransaction": 50, "maxSpendPerWeek": 400, "currency": "USD", "authorizedMerchants": [SHOP]}
    scope = [GROCERIES, "credential:request"]
    tree.root = tree.delegate(
        tree.giver_token, GIVER_DID, AGENT_DID, scope=scope, constraints={**limits, "maxCallsPerHour": 20}, maxDepth=2
    )
    less = {**limits, "maxSpendPerTransaction": 20, "maxSpendPerWeek": 60, "maxCallsPerHour": 6}
    tree.child = tree.delegate(
        tree.agent_key, AGENT_DID, tree.helper_did, scope=[GROCERIES], constraints=less, parent=tree.root
    )
    asked = {"maxSpendPerTransaction": 80, "currency": "USD", "requireApproval": True}
    tree.with_approval = tree.delegate(tree.giver_token, GIVER_DID, AGENT_DID, scope=[WINE], constraints=asked)
    assert [tree.act(AGENT_DID, tree.agent_key, amount) for amount in (38.4, 46, 12.5, 62.5)] == [True] * 3 + [False]
    assert [tree.act(tree.helper_did, tree.helper_key, amount) for amount in (19.9, 18, 17.5)] == [True] * 3
    tree.ask(34.5, "For Saturday's guests; the shop has two bottles left.")
    return tree
