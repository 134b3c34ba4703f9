"""Who may do what with delegations: people without any right, agents that reach for more, and those who are gone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.delegation_errors import DelegationInvalid, DelegationNotFound
from sealwright.domain.delegations import Delegation, Used
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import MalformedBody, NotDIDOwner, SchemaNotAuthorized, SelfDecision
from sealwright.domain.people import AccountRole, Caller
from sealwright.services.approving import ApprovalWish
from sealwright.services.authorizing_values import ActQuestion, Verdict
from sealwright.services.catalog_builtin import AGENT_DELEGATION
from sealwright.services.dids import ImportedDID, NewDID
from sealwright.services.office import Office
from sealwright.services.stored_credentials import readable
from sealwright.services.verification import VerifyOptions
from tests.support.delegations import (
    AGENTS,
    COMPANY,
    HUMAN,
    bring,
    chain_of,
    delegated,
    furnish_delegations,
    issue_delegation,
)
from tests.support.desk import act, join
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, api_key_for, the_operator

A, B, C = AGENTS[:3]
FIRM = "did:adi:firm"
HIRED = "did:adi:agent:hired"


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office in which people delegate."""
    with furnished.open(database_url, tmp_path / "home", clock, furnish_delegations) as opened:
        yield opened


def ask(office: Office, agent: str, caller: Caller | None = None, **more: Any) -> Verdict:
    """Ask for groceries, as the operator unless somebody else is named."""
    context = more.pop("context", {"amount": 1})
    question = ActQuestion(agent, more.pop("action", "purchase:groceries"), context, **more)
    return office.delegations.authorizing.ask(caller or the_operator(office), question)


def hire(office: Office, operator: str, owner: str | None = None) -> None:
    """Import an agent that somebody else operates."""
    wish = ImportedDID(HIRED, DIDKind.AGENT, operator=operator, owner=owner, generate=("Ed25519Signature2020",))
    act(office, the_operator(office), lambda uow, me: office.dids.import_did(uow, me, wish))


@pytest.mark.parametrize("gone", ["owner", "operator's owner", "operator"])
def test_below_an_agent_that_nobody_answers_for_nothing_is_effective(office: Office, gone: str) -> None:
    boss = join(office, "boss")
    bring(office, FIRM, DIDKind.ORGANIZATION, owner=boss.user_id if gone == "operator's owner" else None)
    hire(office, FIRM, boss.user_id if gone == "owner" else None)
    root, *_, leaf = chain_of(office, A, HIRED, B)
    assert ask(office, B).allowed
    operator = the_operator(office)
    if gone == "operator":
        act(office, operator, lambda uow, me: office.dids.deactivate(uow, me, FIRM))
    else:
        act(office, operator, lambda uow, me: office.people.deactivate(uow, me, boss.user_id))
    refused = ask(office, B)
    assert [(one.code.value, one.hop) for one in refused.reasons] == [
        ("DELEGATION_INVALID", 1),
        ("DELEGATION_INVALID", 2),
    ]
    assert {one.detail for one in refused.reasons} == {f"Nobody answers for {HIRED} any more."}
    desk, view = office.delegations.desk, office.registry.current()
    assert not desk.get(operator, leaf.delegation_id, view).is_effective
    assert desk.get(operator, root.delegation_id, view).is_effective, "what stands above is none of its business"
    assert ask(office, A).allowed
    report = office.delegations.chains.verify(B, [one.credential_id for one in refused.chain])
    assert [hop.valid for hop in report.hops] == [True, False, False]
    verified = office.verifier.verify(document_of(office, leaf), VerifyOptions())
    assert [(one.name, one.code) for one in verified.failures] == [("delegation", "DELEGATION_INVALID")]
    assert office.verifier.verify(document_of(office, root), VerifyOptions())


def document_of(office: Office, delegation: Delegation) -> object:
    """The credential that a delegation is."""
    with office.units(write=False) as uow:
        found = uow.credentials.get(delegation.credential_id)
    assert found is not None
    assert found.document is not None
    return readable(found.document)


def own_key(office: Office, person: Caller) -> tuple[str, Caller]:
    """What anybody with an account gets: a DID of their own, and an API key that is bound to it."""
    did = act(office, person, lambda uow, me: office.dids.create(uow, me, NewDID(kind=DIDKind.ORGANIZATION))).did
    _, secret = act(office, person, lambda uow, me: office.api_keys.create(uow, me, name="shop", issuer_dids=(did,)))
    return did, office.access.authenticate(f"Bearer {secret.text}", office.registry.current())


def test_a_stranger_burns_no_budget_and_reads_none_with_a_key_of_their_own(office: Office) -> None:
    (made,) = chain_of(office, A, constraints={"maxSpendPerDay": 100, "requireApproval": True})
    did, stranger = own_key(office, join(office, "mallory"))
    dear = {"amount": 100, "approved": True}
    with pytest.raises(NotDIDOwner):
        ask(office, A, stranger, record=True, context=dear)
    told = ask(office, A, stranger, context=dear)
    assert [one.code.value for one in told.reasons] == ["DELEGATION_APPROVAL_REQUIRED"], "nor does their word count"
    over = ask(office, A, stranger, context={"amount": 101})
    assert (over.remaining, any("left" in one.detail for one in over.reasons)) == (None, False)
    # Their own is theirs to count and to see.
    delegated(office, did, A, constraints={"maxSpendPerDay": 10})
    own = ask(office, A, stranger, record=True, context={"amount": 4})
    assert (own.allowed, own.remaining) == (True, {"maxSpendPerDay": 6})
    with office.units(write=False) as uow:
        assert uow.delegations.sums([made.delegation_id])[made.delegation_id] == Used()
    # A shop that the office answers for, or an issuer that it approved, has served and says so.
    issuer = own_key(office, join(office, "ines", AccountRole.ISSUER))[1]
    for known, left in ((issuer, 99), (api_key_for(office, COMPANY), 98)):
        counted = ask(office, A, known, record=True, credential_id=made.delegation_id, context={**dear, "amount": 1})
        assert (counted.allowed, counted.remaining) == (True, {"maxSpendPerDay": left})


def test_nobody_below_the_hop_that_demands_approval_gives_it(office: Office) -> None:
    """The operator of an agent in the middle, by account or by key, is no more than what hangs on the approval."""
    runner = join(office, "runner", AccountRole.ISSUER)
    firm, key = own_key(office, runner)
    hire(office, firm, runner.user_id)
    chain_of(office, HIRED, B, constraints={"requireApproval": True})
    both = api_key_for(office, HIRED, COMPANY)
    for asking in (runner, key, both):
        told = ask(office, B, asking, record=True, context={"approved": True})
        assert {one.code.value for one in told.reasons} == {"DELEGATION_APPROVAL_REQUIRED"}
    assert ask(office, B, api_key_for(office, HUMAN), context={"approved": True}).allowed
    # What it demands itself of those below is its own to give.
    (root,) = chain_of(office, HIRED, maxDepth=1, scope=["travel:*"], constraints=None)
    strict = {"scope": ["travel:book"], "constraints": {"requireApproval": True}, "expires": root.expires_at}
    delegated(office, HIRED, B, root.credential_id, **strict)
    assert not ask(office, B, action="travel:book").allowed
    for asking in (runner, both, key):
        assert ask(office, B, asking, action="travel:book", context={"approved": True}).allowed is (asking is not key)


def test_a_stranger_does_not_feel_their_way_along_the_limits_of_others(office: Office) -> None:
    (made,) = chain_of(office, A, maxDepth=3)
    did, stranger = own_key(office, join(office, "mallory"))
    (known,) = ask(office, A, stranger).chain
    assert known.credential_id == made.credential_id, "ids are no secrets"
    missing = "urn:uuid:00000000-0000-4000-8000-000000000000"
    told = []
    for parent in (made.credential_id, missing):
        with pytest.raises(DelegationNotFound) as refused:
            issue_delegation(office, did, B, parent, caller=stranger, constraints={"maxSpendPerDay": 1})
        told.append((refused.value.detail, refused.value.faults))
    assert told[0] == told[1]
    with pytest.raises(DelegationInvalid):
        issue_delegation(office, HUMAN, B, made.credential_id, caller=api_key_for(office, HUMAN))


def test_a_key_for_some_schemas_lets_nobody_issue_others(office: Office) -> None:
    degree = "did:adi:schema:university-degree-v1"
    key = api_key_for(office, HUMAN, schemas=(AGENT_DELEGATION,))
    for scope in ("*", "credential:*", "credential:issue"):
        for limits in ({}, {"authorizedSchemas": [degree, AGENT_DELEGATION]}):
            with pytest.raises(SchemaNotAuthorized):
                issue_delegation(office, HUMAN, A, caller=key, scope=[scope], constraints=limits or None)
    limits = {"authorizedSchemas": [AGENT_DELEGATION]}
    assert issue_delegation(office, HUMAN, A, caller=key, scope=["credential:issue"], constraints=limits)
    assert issue_delegation(office, HUMAN, A, caller=key, scope=["purchase:*", "credential:request"])
    assert issue_delegation(office, HUMAN, A, caller=api_key_for(office, HUMAN), scope=["*"])


def test_nobody_is_made_to_answer_for_the_agent_of_a_stranger(office: Office) -> None:
    alice, mallory = join(office, "alice"), join(office, "mallory")
    did, key = own_key(office, alice)
    wish = NewDID(kind=DIDKind.AGENT, operator=did)
    for stranger in (mallory, own_key(office, mallory)[1]):
        with pytest.raises(NotDIDOwner):
            act(office, stranger, lambda uow, me: office.dids.create(uow, me, wish))
    for own in (alice, key):
        assert act(office, own, lambda uow, me: office.dids.create(uow, me, wish)).operator == did
    aliased = replace(wish, operator=f"{HUMAN}...")
    assert act(office, the_operator(office), lambda uow, me: office.dids.create(uow, me, aliased)).operator == HUMAN
    act(office, alice, lambda uow, me: office.dids.deactivate(uow, me, did))
    with pytest.raises(MalformedBody):
        act(office, alice, lambda uow, me: office.dids.create(uow, me, wish))


def test_an_admin_does_not_approve_what_their_own_agent_asks_of_others(office: Office) -> None:
    boss, other = (join(office, name, AccountRole.ADMIN) for name in ("boss", "other"))
    hire(office, COMPANY, boss.user_id)
    delegated(office, HUMAN, HIRED, constraints={"requireApproval": True})
    approving = office.delegations.approving
    wish = ApprovalWish(HIRED, "purchase:groceries", {"amount": 1})
    asked = act(office, boss, lambda uow, me: approving.ask(uow, me, wish), registry=False).approval
    with pytest.raises(SelfDecision):
        act(office, boss, lambda uow, me: approving.approve(uow, me, asked.approval_id), registry=False)
    assert not ask(office, HIRED, boss, context={"approved": True}).allowed
    assert ask(office, HIRED, other, context={"approved": True}).allowed
    decided = act(office, other, lambda uow, me: approving.approve(uow, me, asked.approval_id), registry=False)
    assert decided.decided_by == other.user_id
    # Of their own delegation they decide, as anybody does.
    bring(office, FIRM, DIDKind.ORGANIZATION, owner=boss.user_id)
    own = delegated(office, FIRM, HIRED, constraints={"requireApproval": True})
    assert ask(office, HIRED, boss, credential_id=own.delegation_id, context={"approved": True}).allowed
    asked = act(office, boss, lambda uow, me: approving.ask(uow, me, wish), registry=False).approval
    assert asked.delegator_did == FIRM
    assert act(office, boss, lambda uow, me: approving.approve(uow, me, asked.approval_id), registry=False)
