"""Agents whose keys are kept here make tokens for single acts, and present what was delegated to them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.audit import AuditFilter
from sealwright.domain.delegation_errors import (
    ActionNotCovered,
    ApprovalRequired,
    ConstraintExceeded,
    DelegationInvalid,
    DelegationIsRevoked,
    DelegationNotFound,
)
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import DIDDeactivated, DIDRecordNotFound, MalformedBody, NotDIDOwner
from sealwright.domain.people import Caller
from sealwright.protocols.capability.proof import ProofKey
from sealwright.protocols.capability.token import read_token
from sealwright.services.agent_presenting import DelegationPresentationWish, PresentedDelegation
from sealwright.services.approving import ApprovalWish
from sealwright.services.capability_check import CallProof, TokenQuestion, TokenReport
from sealwright.services.capability_tokens import MadeToken, TokenWish
from sealwright.services.holder_signing import signing_methods
from sealwright.services.office import Office
from sealwright.services.verification import PresentationOptions
from sealwright.vc.delegation.narrowing import HOPS_MOST
from tests.support.capability import SHOP, forged
from tests.support.delegations import AGENTS, COMPANY, HUMAN, bring, chain_of, furnish_delegations
from tests.support.desk import join
from tests.support.office import MovableClock, api_key_for, open_office, the_operator

A, B, C = AGENTS[0], AGENTS[1], AGENTS[2]
KEY = ProofKey()
ORDERS = f"{SHOP}/orders"
GROCERIES: dict[str, Any] = {"amount": 30, "merchant": SHOP}


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office in which a human may delegate to agents, on each supported database."""
    with open_office(database_url, tmp_path / "home", clock=clock) as opened:
        furnish_delegations(opened, agents=3)
        yield opened


def make(office: Office, agent: str = A, caller: Caller | None = None, **changes: Any) -> MadeToken:
    """A token as the route makes it, by the agent's own key."""
    members: dict[str, Any] = {"audience": SHOP, "action": "purchase:groceries", "jkt": KEY.jkt, "context": GROCERIES}
    wish = TokenWish(agent, **{**members, **changes})
    caller = caller or api_key_for(office, agent)
    ready = office.delegations.tokens.ready(caller, wish, office.registry.current())
    return office.acts.run(caller, lambda uow, me: office.delegations.tokens.make(uow, me, ready))


def verify(office: Office, made: MadeToken | str, **more: Any) -> TokenReport:
    """What the office tells others about a token."""
    text = made if isinstance(made, str) else made.text
    return office.delegations.token_check.verify(TokenQuestion(text, **more))


def present(office: Office, agent: str = A, **changes: Any) -> PresentedDelegation:
    """A presentation as the route makes it."""
    wish = DelegationPresentationWish(agent, "n-0S6", "shop.example", **changes)
    caller = api_key_for(office, agent)
    return office.acts.run(caller, lambda uow, me: office.delegations.presenting.create(uow, me, wish))


def rows_of(office: Office, action: str) -> list[Any]:
    """Audit rows of one kind, oldest first."""
    with office.units(write=False) as uow:
        page = uow.audit.list(AuditFilter(actions=frozenset({action})), limit=100, cursor=None)
    return [json.loads(row.body) for row in page.items][::-1]


def test_a_token_says_what_was_asked_for_and_verifies(office: Office, clock: MovableClock) -> None:
    chain = chain_of(office, A, B)
    made = make(office, B)
    grounds = read_token(made.text).grounds
    assert (grounds.agent, grounds.principal, grounds.audience) == (B, HUMAN, SHOP)
    assert (grounds.action, grounds.context, grounds.jkt) == ("purchase:groceries", GROCERIES, KEY.jkt)
    assert [one["id"] for one in grounds.chain] == [one.credential_id for one in chain]
    report = verify(office, made, audience=SHOP, action="purchase:groceries", context=GROCERIES)
    assert report.valid, report.detail
    assert report.chain is not None
    assert [hop.valid for hop in report.chain.hops] == [True, True]
    (row,) = rows_of(office, "capability_token.created")
    assert row["actor"] == {"type": "agent", "id": B, "auth": "api_key"}
    assert row["data"]["tokenId"] == made.token_id
    assert row["data"]["delegationId"] == chain[-1].delegation_id
    assert set(row["data"]) == {"tokenId", "audience", "actSha256", "delegationId", "callId"}
    # Nothing was counted: whoever takes the token has that done.
    with office.units(write=False) as uow:
        assert all(one.calls == 0 for one in uow.delegations.sums([hop.delegation_id for hop in chain]).values())
    clock.move(seconds=181)
    assert verify(office, made).code == "TOKEN_EXPIRED"


def test_a_refused_act_gets_no_token(office: Office) -> None:
    chain_of(office, A)
    with pytest.raises(ConstraintExceeded):
        make(office, context={**GROCERIES, "amount": 41})
    with pytest.raises(ActionNotCovered):
        make(office, action="sell:groceries")
    with pytest.raises(DelegationNotFound):
        make(office, B)
    assert rows_of(office, "capability_token.created") == []
    assert len(rows_of(office, "delegation.refused")) == 3


def test_tokens_are_made_for_whoever_may_act_as_the_agent(office: Office) -> None:
    person = join(office, "owner")
    bring(office, "did:adi:agent:owned", DIDKind.AGENT, owner=person.user_id)
    chain_of(office, A)
    chain_of(office, "did:adi:agent:owned")
    assert make(office, "did:adi:agent:owned", caller=person).text
    with pytest.raises(NotDIDOwner):
        make(office, A, caller=person)
    with pytest.raises(NotDIDOwner):
        make(office, A, caller=api_key_for(office, B))
    with pytest.raises(DIDRecordNotFound):
        make(office, HUMAN, caller=api_key_for(office, HUMAN))
    with pytest.raises(DIDRecordNotFound):
        make(office, "did:adi:agent:nobody", caller=the_operator(office))


def test_a_decommissioned_agent_makes_no_token_and_its_old_ones_fall(office: Office) -> None:
    chain_of(office, A)
    made = make(office)
    office.acts.run(the_operator(office), lambda uow, me: office.dids.deactivate(uow, me, A), changes_registry=True)
    with pytest.raises(DIDDeactivated):
        make(office, caller=the_operator(office))
    assert verify(office, made).code == "TOKEN_SIGNATURE_INVALID"


@pytest.mark.parametrize(
    "changes",
    [
        {"audience": "http://shop.example"},
        {"audience": f"{SHOP}/"},
        {"context": {**GROCERIES, "approved": True}},
        {"context": {**GROCERIES, "price": 3}},
        {"action": "purchase:*"},
    ],
    ids=["plain http", "slash", "approved", "unknown", "wildcard"],
)
def test_wishes_of_another_form_are_refused(office: Office, changes: dict[str, Any]) -> None:
    chain_of(office, A)
    with pytest.raises(MalformedBody):
        make(office, **changes)


def test_a_token_that_would_live_too_long_is_not_made(office: Office) -> None:
    chain_of(office, A)
    with pytest.raises(DelegationInvalid):
        make(office, life=timedelta(minutes=6))


def test_revoking_or_pausing_any_ancestor_fells_tokens_at_once(office: Office) -> None:
    root, _ = chain_of(office, A, B)
    made = make(office, B)
    desk = office.delegations.desk

    def move(act: Any) -> None:
        office.acts.run(the_operator(office), lambda uow, me: act(uow, me, root.delegation_id, "test"))

    move(desk.suspend)
    assert verify(office, made).code == "DELEGATION_SUSPENDED"
    move(desk.reinstate)
    assert verify(office, made).valid
    move(desk.revoke)
    assert verify(office, made).code == "DELEGATION_REVOKED"
    with pytest.raises((DelegationIsRevoked, DelegationNotFound)):
        make(office, B)


def test_a_token_is_compared_with_what_it_has_to_be_for(office: Office) -> None:
    chain_of(office, A)
    made = make(office)
    assert verify(office, made, audience="https://other.example").code == "TOKEN_AUDIENCE_MISMATCH"
    assert verify(office, made, action="purchase:jewelry").code == "TOKEN_ACT_MISMATCH"
    assert verify(office, made, context={**GROCERIES, "amount": 31}).code == "TOKEN_ACT_MISMATCH"
    report = verify(office, forged(made.text, lambda _: b"\0" * 64))
    assert (report.code, report.token, report.chain) == ("TOKEN_SIGNATURE_INVALID", None, None)
    assert verify(office, "x").code == "TOKEN_MALFORMED"


def test_a_token_is_taken_once_if_that_is_asked_for(office: Office, clock: MovableClock) -> None:
    chain_of(office, A)
    made = make(office)

    def proof(key: ProofKey = KEY) -> CallProof:
        return CallProof(key.prove(made.text, method="POST", url=ORDERS, now=clock.now()), "POST", ORDERS)

    assert verify(office, made, proof=proof()).valid
    assert verify(office, made, proof=proof(ProofKey())).code == "TOKEN_PROOF_KEY_MISMATCH"
    first = proof()
    assert verify(office, made, proof=first, spend=True).valid
    assert verify(office, made, proof=first, spend=True).code == "TOKEN_PROOF_REPLAYED"
    assert verify(office, made, proof=proof(), spend=True).code == "TOKEN_REPLAYED"


def test_an_approval_lets_one_act_through(office: Office) -> None:
    chain_of(office, A, constraints={"requireApproval": True})
    with pytest.raises(ApprovalRequired):
        make(office)
    agent = api_key_for(office, A)
    wish = ApprovalWish(A, "purchase:groceries", GROCERIES)
    approving = office.delegations.approving
    asked = office.acts.run(agent, lambda uow, me: approving.ask(uow, me, wish)).approval
    with pytest.raises(ApprovalRequired):
        make(office, approval_id=asked.approval_id)
    office.acts.run(the_operator(office), lambda uow, me: approving.approve(uow, me, asked.approval_id))
    made = make(office, approval_id=asked.approval_id)
    assert read_token(made.text).grounds.approval == asked.approval_id
    assert verify(office, made).valid
    with pytest.raises(ApprovalRequired):
        make(office, approval_id=asked.approval_id, context={**GROCERIES, "amount": 31})


def test_an_approval_of_one_delegator_serves_under_no_other(office: Office) -> None:
    """An agent that signs its own tokens names an approval that it got elsewhere: of whoever is in league with it."""
    strict = {"constraints": {"requireApproval": True}}
    (other,) = chain_of(office, A, root=COMPANY, **strict)
    (mine,) = chain_of(office, A, **strict)
    approving = office.delegations.approving
    approvals = []
    for one in (other, mine):
        wish = ApprovalWish(A, "purchase:groceries", GROCERIES, one.credential_id)
        asked = office.acts.run(
            api_key_for(office, A), lambda uow, me, wish=wish: approving.ask(uow, me, wish)
        ).approval
        office.acts.run(
            the_operator(office), lambda uow, me, asked=asked: approving.approve(uow, me, asked.approval_id)
        )
        approvals.append(asked.approval_id)
    text = make(office, approval_id=approvals[1], credential_id=mine.credential_id).text
    sign = agent_signer(office, A)
    assert verify(office, forged(text, sign, approval=approvals[1])).valid
    report = verify(office, forged(text, sign, approval=approvals[0]))
    assert (report.valid, report.code) == (False, "DELEGATION_APPROVAL_REQUIRED")


def agent_signer(office: Office, agent: str) -> Callable[[bytes], bytes]:
    """Sign as an agent that keeps its own keys would."""
    with office.units(write=False) as uow:
        record = uow.dids.get(agent)
        assert record is not None
        method = signing_methods(record)[0]
        key = uow.keys.get(method.key_id)
        assert key is not None
    return lambda content: office.keys.sign(key, content, use=method.use, at=office.clock.now())


def test_a_chain_of_eight_fits_into_a_token(office: Office) -> None:
    for did in AGENTS[3:HOPS_MOST]:
        bring(office, did, DIDKind.AGENT)
    chain = chain_of(office, *AGENTS[:HOPS_MOST])
    made = make(office, AGENTS[HOPS_MOST - 1])
    assert len(chain) == HOPS_MOST
    assert len(made.text) < 40_000
    assert verify(office, made).valid


def test_a_delegation_is_presented_alone_or_with_its_chain(office: Office) -> None:
    chain = chain_of(office, A, B)
    alone = present(office, B)
    assert [one["id"] for one in alone.document["verifiableCredential"]] == [chain[-1].credential_id]
    options = PresentationOptions(challenge="n-0S6", domain="shop.example")
    assert office.verifier.verify_presentation(alone.document, options)
    assert not office.verifier.verify_presentation(
        alone.document, PresentationOptions(challenge="other", domain="shop.example")
    )
    whole = present(office, B, with_chain=True)
    assert [hop.credential_id for hop in whole.shown] == [one.credential_id for one in chain]
    assert len(rows_of(office, "presentation.created")) == 2


def test_only_what_is_delegated_to_the_agent_is_presented(office: Office) -> None:
    upper, lower = chain_of(office, A, B)
    newer = chain_of(office, B, root=COMPANY)[-1]
    assert present(office, B).shown == (newer,)
    assert present(office, B, credential_id=lower.credential_id).shown[0].delegation_id == lower.delegation_id
    for reference in (upper.credential_id, "urn:uuid:00000000-0000-4000-8000-000000000000"):
        with pytest.raises(DelegationNotFound):
            present(office, B, credential_id=reference)
    with pytest.raises(DelegationNotFound):
        present(office, C)
    desk = office.delegations.desk
    office.acts.run(the_operator(office), lambda uow, me: desk.revoke(uow, me, newer.delegation_id, "test"))
    assert present(office, B).shown[0].delegation_id == lower.delegation_id
