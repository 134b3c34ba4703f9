"""May this agent do this now? Judged by every hop, counted by rolling periods, always on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.audit import AuditFilter
from sealwright.domain.delegations import Used
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import DIDRecordNotFound, MalformedBody, NotDIDOwner
from sealwright.domain.people import Caller
from sealwright.services.authorizing_values import ActQuestion, Verdict
from sealwright.services.office import Office
from tests.support.delegations import AGENTS, COMPANY, ENDS, bring, chain_of, furnish_delegations
from tests.support.desk import join
from tests.support.office import MovableClock, api_key_for, open_office, the_operator

A, B, C = AGENTS[0], AGENTS[1], AGENTS[2]
PERSON = "did:adi:human:owned"


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office in which a human and a company may delegate to agents, on each supported database."""
    with open_office(database_url, tmp_path / "home", clock=clock) as opened:
        furnish_delegations(opened, agents=3)
        yield opened


def ask(office: Office, agent: str = A, amount: float | None = None, **more: Any) -> Verdict:
    """Ask as the operator, counting; the context is what is not a member of the question."""
    members = {name: more.pop(name) for name in ("action", "record", "credential_id", "approval_id") if name in more}
    caller: Caller = more.pop("caller", None) or the_operator(office)
    context = {**({"amount": amount} if amount is not None else {}), **more}
    question = ActQuestion(agent, members.pop("action", "purchase:groceries"), context, **{"record": True, **members})
    return office.delegations.authorizing.ask(caller, question)


def codes(verdict: Verdict) -> list[str]:
    """The codes of a verdict's reasons."""
    return [reason.code.value.removeprefix("DELEGATION_") for reason in verdict.reasons]


def spent(office: Office, *delegation_ids: str) -> list[tuple[int, int]]:
    """What was ever counted against delegations: whole units, acts."""
    with office.units(write=False) as uow:
        sums = uow.delegations.sums(delegation_ids)
    return [(sums.get(one, Used()).micros // 10**6, sums.get(one, Used()).calls) for one in delegation_ids]


def test_an_act_is_counted_against_every_delegation_above_it(office: Office) -> None:
    root, middle, leaf = chain_of(office, A, B, C, constraints={"maxSpendPerDay": 100})
    first = ask(office, C, 30.5)
    assert first.allowed
    assert [hop.delegation_id for hop in first.chain] == [root.delegation_id, middle.delegation_id, leaf.delegation_id]
    assert first.remaining == {"maxSpendPerDay": 69.5}
    assert ask(office, B, 60).remaining == {"maxSpendPerDay": 9.5}
    third = ask(office, C, 10)
    assert not third.allowed
    assert [(code, reason.hop) for code, reason in zip(codes(third), third.reasons, strict=True)] == [
        ("CONSTRAINT_EXCEEDED", 0),
        ("CONSTRAINT_EXCEEDED", 1),
    ]
    assert "9.5 is left" in third.reasons[0].detail
    assert spent(office, root.delegation_id, middle.delegation_id, leaf.delegation_id) == [(90, 2), (90, 2), (30, 1)]


def test_only_what_is_to_be_counted_is(office: Office) -> None:
    (root,) = chain_of(office, A)
    asked = ask(office, A, 40, record=False)
    assert (asked.allowed, asked.remaining) == (True, {"maxSpendPerDay": 100})
    assert not ask(office, A, 41).allowed
    assert spent(office, root.delegation_id) == [(0, 0)]


@pytest.mark.parametrize(
    ("name", "period"),
    [
        ("maxSpendPerDay", timedelta(hours=24)),
        ("maxSpendPerWeek", timedelta(days=7)),
        ("maxSpendPerMonth", timedelta(days=30)),
    ],
)
def test_a_budget_rolls_to_the_second(office: Office, clock: MovableClock, name: str, period: timedelta) -> None:
    chain_of(office, A, constraints={name: 100})
    assert ask(office, A, 60).allowed
    clock.move(seconds=10)
    assert ask(office, A, 40).allowed
    clock.time += period - timedelta(seconds=11)
    assert not ask(office, A, 0.000001).allowed
    clock.move(seconds=1)
    assert ask(office, A, 60).allowed, "what was spent a whole period ago is free again"
    clock.move(seconds=9)
    assert not ask(office, A, 1).allowed
    clock.move(seconds=1)
    assert ask(office, A, 40).remaining == {name: 0}


def test_calls_are_limited_by_the_hour_and_the_day(office: Office, clock: MovableClock) -> None:
    chain_of(office, A, constraints={"maxCallsPerHour": 2, "maxCallsPerDay": 3})
    assert [ask(office).allowed for _ in range(3)] == [True, True, False]
    clock.move(hours=1)
    last = ask(office)
    assert (last.allowed, last.remaining) == (True, {"maxCallsPerHour": 1, "maxCallsPerDay": 0})
    assert codes(ask(office)) == ["CONSTRAINT_EXCEEDED"]
    clock.move(hours=23)
    assert ask(office).allowed


def test_millionths_add_up_without_an_error(office: Office) -> None:
    chain_of(office, A, constraints={"maxSpendPerDay": 0.3, "maxSpendPerTransaction": 0.1})
    assert [ask(office, A, 0.1).remaining for _ in range(3)] == [
        {"maxSpendPerDay": 0.2},
        {"maxSpendPerDay": 0.1},
        {"maxSpendPerDay": 0},
    ]
    assert not ask(office, A, 0.000001).allowed


def test_the_newest_delegation_that_allows_an_act_decides(office: Office) -> None:
    (old,) = chain_of(office, A, constraints={"maxSpendPerDay": 100})
    (new,) = chain_of(office, A, root=COMPANY, constraints={"maxSpendPerDay": 10})
    (other,) = chain_of(office, A, scope=["credential:read"], constraints=None)
    assert [ask(office, A, 10).chain[0].delegation_id for _ in range(2)] == [new.delegation_id, old.delegation_id]
    refused = ask(office, A, 95)
    assert (refused.chain[0].delegation_id, codes(refused)) == (new.delegation_id, ["CONSTRAINT_EXCEEDED"])
    uncovered = ask(office, A, action="travel:book")
    assert (uncovered.chain[0].delegation_id, codes(uncovered)) == (other.delegation_id, ["ACTION_NOT_COVERED"])
    named = ask(office, A, 5, credential_id=old.credential_id)
    assert named.chain[0].delegation_id == old.delegation_id


def test_an_agent_without_delegation_may_nothing(office: Office) -> None:
    (others,) = chain_of(office, B)
    for verdict in (
        ask(office),
        ask(office, credential_id=others.credential_id),
        ask(office, credential_id="urn:uuid:x"),
    ):
        assert (verdict.allowed, codes(verdict), verdict.chain, verdict.remaining) == (False, ["NOT_FOUND"], (), None)
    with pytest.raises(DIDRecordNotFound):
        ask(office, "did:adi:agent:nobody")


def test_what_fell_above_allows_nothing_at_once(office: Office) -> None:
    root, _, leaf = chain_of(office, A, B, C)
    assert ask(office, C, 1).allowed
    move = office.revocation
    office.acts.run(the_operator(office), lambda uow, me: move.suspend(uow, me, root.credential_id, "holiday"))
    assert (codes(ask(office, C, 1)), ask(office, C, 1).reasons[0].hop) == (["SUSPENDED"], 0)
    office.acts.run(the_operator(office), lambda uow, me: move.reinstate(uow, me, root.credential_id, "back"))
    assert ask(office, C, 1).allowed
    office.acts.run(the_operator(office), lambda uow, me: move.revoke(uow, me, root.credential_id, "over"))
    assert codes(ask(office, C, 1)) == ["REVOKED"]
    assert codes(ask(office, A, 1)) == ["NOT_FOUND"]
    assert codes(ask(office, A, 1, credential_id=root.credential_id)) == ["REVOKED"]
    assert spent(office, leaf.delegation_id) == [(2, 2)]


def test_a_deactivated_party_and_the_end_of_time_end_it(office: Office, clock: MovableClock) -> None:
    root, leaf = chain_of(office, A, B)
    office.acts.run(the_operator(office), lambda uow, me: office.dids.deactivate(uow, me, A), changes_registry=True)
    assert set(codes(ask(office, B, 1))) == {"INVALID"}
    (later,) = chain_of(office, C)
    clock.time = leaf.expires_at
    assert codes(ask(office, B, 1)) == ["NOT_FOUND"], "its own end has come"
    clock.time = ENDS
    assert codes(ask(office, C, 1, credential_id=later.credential_id)) == ["EXPIRED"]
    assert spent(office, root.delegation_id, later.delegation_id) == [(0, 0), (0, 0)]


def test_every_answer_is_on_record(office: Office) -> None:
    root, leaf = chain_of(office, A, B)
    allowed, refused = ask(office, B, 5, merchant="grocery-store-001"), ask(office, B, 500)
    page = office.delegations.records.list(the_operator(office), leaf.delegation_id, limit=1)
    assert page.next_cursor is not None
    rest = office.delegations.records.list(the_operator(office), leaf.delegation_id, cursor=page.next_cursor)
    calls = {one.call_id: one for one in (*page.items, *rest.items)}
    assert calls.keys() == {allowed.call_id, refused.call_id}
    first, second = calls[allowed.call_id], calls[refused.call_id]
    assert (first.allowed, first.recorded, first.code) == (True, True, None)
    assert dict(first.context) == {"amount": 5, "merchant": "grocery-store-001"}
    assert (second.allowed, second.recorded, second.code) == (False, False, "DELEGATION_CONSTRAINT_EXCEEDED")
    assert office.delegations.records.list(the_operator(office), root.delegation_id).items == ()
    below = office.delegations.records.list(the_operator(office), root.credential_id, below=True)
    assert {one.call_id for one in below.items} == calls.keys()
    with office.units(write=False) as uow:
        rows = uow.audit.list(AuditFilter(object_id=leaf.delegation_id), limit=10, cursor=None).items
    told = [(row.action, json.loads(row.body)["data"]["callId"]) for row in rows if row.action != "delegation.created"]
    assert told == [("delegation.refused", refused.call_id), ("delegation.used", allowed.call_id)]


def test_a_context_of_the_wrong_form_is_refused(office: Office) -> None:
    (root,) = chain_of(office, A)
    faults: list[tuple[dict[str, Any], str, str]] = [
        ({"amount": "12"}, "/context/amount", "INVALID_TYPE"),
        ({"amount": True}, "/context/amount", "INVALID_TYPE"),
        ({"amount": None}, "/context/amount", "INVALID_TYPE"),
        ({"amount": -0.01}, "/context/amount", "INVALID_VALUE"),
        ({"amount": 1.0000001}, "/context/amount", "INVALID_VALUE"),
        ({"amount": 10**12 + 1}, "/context/amount", "INVALID_VALUE"),
        ({"currency": "usd"}, "/context/currency", "INVALID_VALUE"),
        ({"merchant": 7}, "/context/merchant", "INVALID_TYPE"),
        ({"approved": "yes"}, "/context/approved", "INVALID_TYPE"),
        ({"color": "red"}, "/context/color", "UNKNOWN_FIELD"),
    ]
    for context, pointer, code in faults:
        with pytest.raises(MalformedBody) as refused:
            office.delegations.authorizing.ask(the_operator(office), ActQuestion(A, "purchase:x", context, record=True))
        assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, code)], context
    for action in ("", "*", "purchase:*", "two words", "a\nb", "a" * 256):
        with pytest.raises(MalformedBody) as refused:
            ask(office, action=action)
        assert [fault.pointer for fault in refused.value.faults] == ["/action"], action
    assert office.delegations.records.list(the_operator(office), root.delegation_id).items == ()


def test_who_may_have_acts_counted_and_sees_what_is_left(office: Office) -> None:
    owner, stranger = join(office, "owner"), join(office, "stranger")
    assert owner.person is not None
    bring(office, PERSON, DIDKind.HUMAN, owner=owner.person.user_id)
    chain_of(office, A, B, root=PERSON)
    keys = [api_key_for(office, one) for one in (COMPANY, A, B)]
    for counting in (owner, *keys):
        counted = ask(office, B, 1, caller=counting)
        assert (counted.allowed, counted.remaining is not None) == (True, True)
    for other in (stranger, api_key_for(office, C)):
        with pytest.raises(NotDIDOwner):
            ask(office, B, 1, caller=other)
        told = ask(office, B, 99, caller=other, record=False)
        assert (told.allowed, told.remaining, codes(told)) == (False, None, ["CONSTRAINT_EXCEEDED"] * 4)
        assert not any("left" in reason.detail for reason in told.reasons)


def test_whose_word_counts_that_a_person_approved(office: Office) -> None:
    owner = join(office, "owner")
    assert owner.person is not None
    bring(office, PERSON, DIDKind.HUMAN, owner=owner.person.user_id)
    chain_of(office, A, B, root=PERSON, constraints={"requireApproval": True})
    assert codes(ask(office, B, 1)) == ["APPROVAL_REQUIRED"] * 2
    for believed in (the_operator(office), owner, api_key_for(office, COMPANY)):
        assert ask(office, B, 1, approved=True, caller=believed).allowed
    for asking in (api_key_for(office, A), api_key_for(office, B), api_key_for(office, COMPANY, B)):
        assert codes(ask(office, B, 1, approved=True, caller=asking)) == ["APPROVAL_REQUIRED"] * 2
