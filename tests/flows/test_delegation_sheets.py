"""Delegations as people watch them: what was used, what keeps them from holding, who sees them, and how many."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sealwright.domain.delegation_errors import DelegationNotFound
from sealwright.domain.delegations import DelegationFilter, DelegationStatus
from sealwright.domain.people import Actor, ActorKind, Caller
from sealwright.services import delegation_sheets
from sealwright.services.authorizing_values import ActQuestion
from sealwright.services.delegation_sheets import BudgetUse, DelegationNode
from sealwright.services.office import Office
from sealwright.services.ports import Page
from sealwright.storage.transaction import Transaction
from sealwright.vc.delegation.terms import DelegationCode
from tests.support.delegations import AGENTS, COMPANY, HUMAN, chain_of, delegated, furnish_delegations
from tests.support.furnished import Furnished
from tests.support.office import MovableClock, the_operator


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock, furnished: Furnished) -> Iterator[Office]:
    """An office of the test's own, on each supported database."""
    with furnished.open(database_url, tmp_path / "home", clock, furnish_delegations) as opened:
        yield opened


def key_of(office: Office, *dids: str) -> Caller:
    """A caller who holds a key of these DIDs."""
    epoch = office.registry.current().epoch
    return Caller(Actor(ActorKind.API_KEY, "key_test", "api_key"), epoch, issuer_dids=frozenset(dids))


def buy(office: Office, agent: str, amount: float) -> bool:
    question = ActQuestion(agent, "purchase:groceries", {"amount": amount}, record=True)
    return office.delegations.authorizing.ask(the_operator(office), question).allowed


def names_in(node: DelegationNode) -> list[object]:
    return [node.line.delegation.delegation_id, [names_in(one) for one in node.below]]


def test_use_counts_against_every_hop_and_the_fullest_stands_first(office: Office, clock: MovableClock) -> None:
    limits = {"maxSpendPerDay": 100, "maxSpendPerTransaction": 40}
    root = delegated(office, HUMAN, AGENTS[0], constraints={**limits, "maxCallsPerDay": 4}, maxDepth=1)
    child = delegated(
        office,
        AGENTS[0],
        AGENTS[1],
        root.credential_id,
        constraints={**limits, "maxSpendPerDay": 30, "maxCallsPerDay": 4},
    )
    assert buy(office, AGENTS[1], 12.5)
    sheet = office.delegations.sheets.get(the_operator(office), child.delegation_id)
    assert [(use.name, use.used, use.limit) for use in sheet.line.uses] == [
        ("maxSpendPerDay", Decimal("12.5"), Decimal(30)),
        ("maxCallsPerDay", Decimal(1), Decimal(4)),
    ]
    above = sheet.tree.line
    assert above.delegation.delegation_id == root.delegation_id
    assert [(use.name, use.used) for use in above.uses] == [
        ("maxCallsPerDay", Decimal(1)),
        ("maxSpendPerDay", Decimal("12.5")),
    ]
    clock.move(hours=25)
    later = office.delegations.sheets.get(the_operator(office), child.delegation_id)
    assert all(use.used == 0 and use.left == use.limit for use in later.line.uses)


def test_a_budget_of_nothing_is_gone_from_the_start() -> None:
    none = BudgetUse("maxSpendPerDay", Decimal(0), Decimal(0), counts_calls=False)
    assert (none.share, none.left) == (Decimal(1), Decimal(0))
    over = BudgetUse("maxSpendPerDay", Decimal(9), Decimal(6), counts_calls=False)
    assert (over.share, over.left) == (Decimal(1), Decimal(0))


def test_the_tree_holds_the_chain_above_and_everything_below(office: Office) -> None:
    top, middle, low = chain_of(office, *AGENTS[:3])
    sister = delegated(office, AGENTS[0], AGENTS[3], top.credential_id)
    sheets = office.delegations.sheets
    whole = sheets.get(the_operator(office), top.delegation_id)
    assert names_in(whole.tree) == [
        top.delegation_id,
        [[middle.delegation_id, [[low.delegation_id, []]]], [sister.delegation_id, []]],
    ]
    assert whole.below == 3
    # Whoever looks at the middle sees what it rests on, and nothing of its sister.
    part = sheets.get(key_of(office, AGENTS[1]), middle.delegation_id)
    assert names_in(part.tree) == [top.delegation_id, [[middle.delegation_id, [[low.delegation_id, []]]]]]
    assert (part.may_end, part.may_change, part.may_pass_on) == (False, False, True)
    assert set(part.limits) == {top.delegation_id, middle.delegation_id, low.delegation_id}


def test_a_large_tree_is_cut_and_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegation_sheets, "TREE_MOST", 2)
    root = delegated(office, HUMAN, AGENTS[0], maxDepth=1)
    for agent in AGENTS[1:4]:
        delegated(office, AGENTS[0], agent, root.credential_id)
    sheet = office.delegations.sheets.get(the_operator(office), root.delegation_id)
    assert (len(sheet.tree.below), sheet.is_cut, sheet.below) == (2, True, 3)


def test_the_rest_of_a_large_tree_is_told_where_it_belongs(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delegation_sheets, "TREE_MOST", 2)
    root = delegated(office, HUMAN, AGENTS[0], maxDepth=2)
    first, second = (delegated(office, AGENTS[0], one, root.credential_id, maxDepth=1) for one in AGENTS[1:3])
    below = [delegated(office, AGENTS[1], one, first.credential_id).delegation_id for one in AGENTS[2:4]]
    below.append(delegated(office, AGENTS[2], AGENTS[1], second.credential_id).delegation_id)

    def part(skip: int) -> tuple[object, int, int, bool]:
        sheet = office.delegations.sheets.get(the_operator(office), root.delegation_id, skip=skip)
        return names_in(sheet.tree)[1], sheet.skipped, sheet.shown, sheet.is_cut

    level = [[first.delegation_id, []], [second.delegation_id, []]]
    assert part(0) == (level, 0, 2, True)
    assert part(2) == ([[first.delegation_id, [[one, []] for one in below[:2]]]], 2, 2, True)
    assert part(4) == ([[second.delegation_id, [[below[2], []]]]], 4, 1, False)
    # Whoever skips all of them, or fewer than none, begins again.
    assert part(5) == part(-1) == part(10**15) == part(0)


def test_a_page_asks_the_store_as_often_however_many_delegations_it_shows(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        chain_of(office, *AGENTS[:4], constraints={"maxSpendPerDay": 100, "maxCallsPerHour": 9})
    assert buy(office, AGENTS[3], 1)
    human, view, asked = key_of(office, HUMAN), office.registry.current(), 0

    def counting(name: str) -> None:
        before = getattr(Transaction, name)

        def run(self: Transaction, *given: Any, **named: Any) -> Any:
            nonlocal asked
            asked += 1
            return before(self, *given, **named)

        monkeypatch.setattr(Transaction, name, run)

    for name in ("rows", "row", "driver_rows"):
        counting(name)

    def count(show: Callable[[int], Page[Any]]) -> list[int]:
        nonlocal asked
        show(12)  # whoever stands in a chain is looked up once, and then remembered
        told = []
        for limit in (1, 12):
            asked = 0
            assert len(show(limit).items) == limit
            told.append(asked)
        return told

    sheets, desk = office.delegations.sheets, office.delegations.desk
    one, many = count(lambda limit: sheets.list(human, limit=limit))
    # What a page holds is not read again as what others of it rest on.
    assert many < one <= 4
    one, many = count(lambda limit: desk.list(human, DelegationFilter(), view, limit=limit, cursor=None))
    assert many == one <= 4
    # The newest has nothing below it; of a whole page, each level is read once.
    one, many = count(lambda limit: desk.list(human, DelegationFilter(), view, limit=limit, cursor=None, tree=True))
    assert many == one + 3
    top = sheets.list(human, limit=12).items[-1].chain[0]
    asked = 0
    assert names_in(sheets.get(human, top.delegation_id).tree)[0] == top.delegation_id
    assert asked <= 10


def test_what_keeps_a_delegation_from_holding_is_told_by_hop(office: Office, clock: MovableClock) -> None:
    top, low = chain_of(office, *AGENTS[:2])
    operator, sheets = the_operator(office), office.delegations.sheets
    assert sheets.get(operator, low.delegation_id).line.is_effective
    office.acts.run(operator, lambda uow, me: office.delegations.desk.suspend(uow, me, top.delegation_id, "Away."))
    line = sheets.get(operator, low.delegation_id).line
    assert (line.status, line.is_effective) == (DelegationStatus.ACTIVE, False)
    assert [(fall.code, fall.hop) for fall in line.falls] == [(DelegationCode.SUSPENDED, 0)]
    office.acts.run(operator, lambda uow, me: office.delegations.desk.reinstate(uow, me, top.delegation_id, "Back."))
    clock.move(seconds=(low.expires_at - clock.now()).total_seconds())
    ended = sheets.get(operator, low.delegation_id)
    assert ended.line.status is DelegationStatus.EXPIRED
    assert not ended.may_pass_on


def test_lists_and_sheets_are_for_those_whom_they_concern(office: Office) -> None:
    top, low = chain_of(office, *AGENTS[:2])
    other = delegated(office, COMPANY, AGENTS[2])
    sheets = office.delegations.sheets

    def listed(caller: Caller, **more: bool) -> set[str]:
        return {line.delegation.delegation_id for line in sheets.list(caller, **more).items}  # type: ignore[arg-type]

    assert listed(key_of(office, HUMAN)) == {top.delegation_id, low.delegation_id}
    assert listed(key_of(office, COMPANY)) == {other.delegation_id}
    assert listed(key_of(office, COMPANY), everybody=True) == {other.delegation_id}
    assert listed(the_operator(office), everybody=True) == {one.delegation_id for one in (top, low, other)}
    assert listed(the_operator(office)) == set()
    given = {line.delegation.delegation_id: line.is_given for line in sheets.list(key_of(office, HUMAN)).items}
    assert given == {top.delegation_id: True, low.delegation_id: False}
    with pytest.raises(DelegationNotFound):
        sheets.get(key_of(office, COMPANY), top.delegation_id)
    with pytest.raises(DelegationNotFound):
        sheets.narrower(key_of(office, HUMAN), top.delegation_id + "x")
    with pytest.raises(DelegationNotFound):
        sheets.narrower(key_of(office, COMPANY), top.delegation_id)
    assert sheets.narrower(key_of(office, AGENTS[0]), top.delegation_id).delegation_id == top.delegation_id
