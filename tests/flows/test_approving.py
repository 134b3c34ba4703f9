"""An agent asks a person; what the person approves is good for one act with these values, once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.delegation_errors import (
    ApprovalClosed,
    ApprovalNotFound,
    ConstraintExceeded,
    DelegationIsSuspended,
    DelegationNotFound,
)
from sealwright.domain.delegations import Approval, ApprovalState
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import MalformedBody, NotDIDOwner, SelfDecision, StateConflict
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.approving import WAITING_MOST, ApprovalWish, AskedApproval
from sealwright.services.authorizing_values import ActQuestion, Verdict
from sealwright.services.office import Office
from tests.support.asking import ledger_of
from tests.support.delegations import AGENTS, COMPANY, bring, chain_of, delegated, furnish_delegations
from tests.support.desk import join
from tests.support.office import MovableClock, api_key_for, open_office, the_operator
from tests.support.races import race

A, B, C = AGENTS[0], AGENTS[1], AGENTS[2]
PERSON = "did:adi:human:owner"
ACT: Mapping[str, Any] = {"amount": 180, "merchant": "grocery-store-001"}
LIMITS: Mapping[str, Any] = {"requireApproval": True, "maxSpendPerDay": 400}
SHOP = "purchase:groceries"


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office in which a person has an agent that needs approval, and that agent one below it."""
    with open_office(database_url, tmp_path / "home", clock=clock) as opened:
        furnish_delegations(opened, agents=3)
        yield opened


@pytest.fixture
def owner(office: Office) -> Caller:
    """The person who delegates to agent A, which hands on to agent B."""
    owner = join(office, "owner")
    assert owner.person is not None
    bring(office, PERSON, DIDKind.HUMAN, owner=owner.person.user_id)
    chain_of(office, A, B, root=PERSON, constraints=LIMITS)
    return owner


def wants(office: Office, caller: Caller | None = None, agent: str = B, **changes: Any) -> AskedApproval:
    """Have an agent ask, by its own key unless somebody else is named."""
    wish = replace(ApprovalWish(agent, SHOP, ACT, note="Guests on Saturday."), **changes)
    asking = caller or api_key_for(office, agent)
    return office.acts.run(asking, lambda uow, me: office.delegations.approving.ask(uow, me, wish))


def decide(office: Office, caller: Caller, approval: Approval, *, yes: bool = True) -> Approval:
    """Approve, or decline."""
    approving = office.delegations.approving
    act = approving.approve if yes else approving.decline
    return office.acts.run(caller, lambda uow, me: act(uow, me, approval.approval_id))


def spend(office: Office, approval: Approval, agent: str = B, action: str = SHOP, **context: Any) -> Verdict:
    """Carry the act out under an approval."""
    question = ActQuestion(agent, action, {**ACT, **context}, record=True, approval_id=approval.approval_id)
    return office.delegations.authorizing.ask(api_key_for(office, agent), question)


def why(verdict: Verdict) -> str:
    """The one reason against an act."""
    (reason,) = verdict.reasons
    assert reason.code.value == "DELEGATION_APPROVAL_REQUIRED"
    return reason.detail


def test_what_a_person_approves_is_good_once(office: Office, owner: Caller) -> None:
    asked = wants(office)
    approval = asked.approval
    assert (asked.is_new, approval.delegator_did, approval.agent_did) == (True, PERSON, B)
    assert "decided" in why(spend(office, approval))
    assert decide(office, owner, approval).state is ApprovalState.APPROVED
    assert "another act" in why(spend(office, approval, amount=181))
    assert "another act" in why(spend(office, approval, action="purchase:gadgets"))
    first = spend(office, approval)
    assert (first.allowed, first.remaining) == (True, {"maxSpendPerDay": 220})
    assert "used already" in why(spend(office, approval))
    spent = office.delegations.approving.get(owner, approval.approval_id)
    assert (spent.state, spent.decided_by) == (ApprovalState.SPENT, owner.user_id)
    with pytest.raises(ApprovalClosed):
        decide(office, owner, approval, yes=False)


def test_one_approval_is_spent_once_in_a_race(office: Office, owner: Caller, database_url: str, tmp_path: Path) -> None:
    approval = decide(office, owner, wants(office).approval)
    agent = api_key_for(office, B)
    question = ActQuestion(B, SHOP, ACT, record=True, approval_id=approval.approval_id)
    with open_office(database_url, tmp_path / "home", background=True) as other:
        asked = [office.delegations.authorizing.ask, other.delegations.authorizing.ask]
        found = race([lambda ask=ask: ask(agent, question) for ask in asked * 6])
    verdicts = [one for one in found if isinstance(one, Verdict)]
    assert len(verdicts) == 12, found
    assert sum(one.allowed for one in verdicts) == 1
    delegation_id = verdicts[0].chain[-1].delegation_id
    assert len(ledger_of(office, delegation_id)) == 1


def test_an_approval_lifts_no_other_limit(office: Office, owner: Caller) -> None:
    approval = decide(office, owner, wants(office).approval)
    other = decide(office, owner, wants(office, note="Again.", context={**ACT, "amount": 300}).approval)
    assert spend(office, approval).allowed
    refused = spend(office, other, amount=300)
    assert {reason.code.value for reason in refused.reasons} == {"DELEGATION_CONSTRAINT_EXCEEDED"}
    assert office.delegations.approving.get(owner, other.approval_id).state is ApprovalState.APPROVED, "not spent"


def test_a_decided_question_stays_decided_and_ends_with_its_time(
    office: Office, owner: Caller, clock: MovableClock
) -> None:
    declined = decide(office, owner, wants(office).approval, yes=False)
    assert "declined" in why(spend(office, declined))
    approved = decide(office, owner, wants(office).approval)
    waiting = wants(office, context={"amount": 1}).approval
    clock.time = approved.expires_at
    assert "over" in why(spend(office, approved))
    with pytest.raises(ApprovalClosed):
        decide(office, owner, waiting)
    listed = office.delegations.approving.list(owner, waiting=True)
    assert listed.items == ()


def test_whose_it_is_to_decide(office: Office, owner: Caller) -> None:
    approval = wants(office).approval
    stranger = join(office, "stranger")
    for hidden in (stranger, api_key_for(office, COMPANY), api_key_for(office, C)):
        with pytest.raises(ApprovalNotFound):
            decide(office, hidden, approval)
        assert office.delegations.approving.list(hidden).items == ()
    for own in (api_key_for(office, B), api_key_for(office, B, PERSON)):
        with pytest.raises(SelfDecision):
            decide(office, own, approval)
    with pytest.raises(NotDIDOwner):
        wants(office, stranger)
    assert [one.approval_id for one in office.delegations.approving.list(owner).items] == [approval.approval_id]
    assert decide(office, api_key_for(office, PERSON), approval).state is ApprovalState.APPROVED


def test_what_no_approval_would_help_is_not_asked(office: Office, owner: Caller) -> None:
    with pytest.raises(ConstraintExceeded):
        wants(office, context={"amount": 401})
    with pytest.raises(DelegationNotFound):
        wants(office, api_key_for(office, C), C)
    free = delegated(office, PERSON, C, constraints={"maxSpendPerDay": 400})
    with pytest.raises(StateConflict):
        wants(office, api_key_for(office, C), C)
    office.acts.run(
        the_operator(office), lambda uow, me: office.revocation.suspend(uow, me, free.credential_id, "away")
    )
    with pytest.raises(DelegationIsSuspended):
        wants(office, api_key_for(office, C), C)
    for changes in ({"note": ""}, {"note": "x" * 501}, {"context": {"amount": "1"}}, {"action": "purchase:*"}):
        with pytest.raises(MalformedBody):
            wants(office, **changes)
    assert office.delegations.approving.list(owner).items == ()


def test_the_same_question_waits_once_and_only_so_many_wait(office: Office, owner: Caller) -> None:
    agent = api_key_for(office, B)
    first, again = wants(office, agent), wants(office, agent, context={**ACT, "approved": True})
    assert (again.is_new, again.approval) == (False, first.approval)
    for number in range(WAITING_MOST - 1):
        wants(office, agent, context={"amount": number + 1})
    with pytest.raises(StateConflict):
        wants(office, agent, context={"amount": 99})
    decide(office, owner, first.approval, yes=False)
    assert wants(office, agent, context={"amount": 99}).is_new


def test_the_delegator_is_told_and_of_a_company_the_admins(office: Office, owner: Caller) -> None:
    admin = join(office, "admin", AccountRole.ADMIN)
    approval = wants(office).approval
    (entry,) = office.notices.inbox_in(owner, "en").items
    assert entry.notice.kind is NoticeKind.APPROVAL_ASKED
    assert SHOP in entry.told.lines[0]
    assert any("180" in line for line in entry.told.lines)
    assert entry.told.quote == "Guests on Saturday."
    assert entry.told.act is not None
    assert approval.approval_id in entry.told.act[1]
    assert office.notices.inbox(admin).items == ()
    delegated(office, COMPANY, C, constraints=LIMITS)
    wants(office, api_key_for(office, C), C)
    assert [one.kind for one in office.notices.inbox(admin).items] == [NoticeKind.APPROVAL_ASKED]
