"""Many agents, one budget: whoever asks whichever process, not one unit too much is allowed, and none is lost."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sealwright.domain.delegations import Delegation
from sealwright.domain.dids import DIDKind
from sealwright.domain.errors import IdempotencyInProgress, IdempotencyKeyReused
from sealwright.services.acts import idempotency_scope
from sealwright.services.authorizing_values import ActQuestion, Inquiry
from sealwright.services.delegation_views import NarrowingWish
from sealwright.services.office import Office
from sealwright.storage.delegations import StoredDelegationRows
from sealwright.vc.delegation.terms import DelegationCode
from tests.support.asking import ACTION, allowed_in, ask_under_key, ledger_of
from tests.support.delegations import AGENT, HUMAN, bring, delegated, furnish_delegations
from tests.support.office import MovableClock, open_office, the_operator
from tests.support.one_connection import as_another_thread

CROWD = tuple(f"did:adi:agent:c{number:03d}" for number in range(32))
BUDGET = 100
Tree = tuple[Delegation, ...]


@pytest.fixture
def office(database_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[Office]:
    """An office that takes questions on its line."""
    with open_office(database_url, tmp_path / "home", clock=clock, background=True) as opened:
        furnish_delegations(opened, agents=1)
        yield opened


def family(office: Office, crowd: tuple[str, ...], **constraints: float) -> Tree:
    """One agent with a budget, and a crowd of agents below it without limits of their own but for its; root first."""
    root = delegated(office, HUMAN, AGENT, constraints=constraints, maxDepth=1)
    for agent in crowd:
        bring(office, agent, DIDKind.AGENT)
    return (root, *(delegated(office, AGENT, one, root.credential_id, constraints=constraints) for one in crowd))


def test_a_crowd_never_spends_more_than_one_budget(
    office: Office, database_url: str, tmp_path: Path, clock: MovableClock
) -> None:
    root, *leaves = family(office, CROWD, maxSpendPerDay=BUDGET, maxCallsPerDay=1000)
    barrier = threading.Barrier(len(CROWD))
    with open_office(database_url, tmp_path / "home", clock=clock) as other:
        # Half of them ask an office that shares commits, half one where each question has a commit of its own.
        offices = (office, other)

        def spend(number: int) -> int:
            asked, allowed = offices[number % 2].delegations.authorizing, 0
            barrier.wait(60)
            for amount in (3, 2.5, 1, 0.000001, 2, 0.5):
                question = ActQuestion(CROWD[number], ACTION, {"amount": amount}, record=True)
                verdict = asked.ask(the_operator(office), question)
                allowed += round(amount * 1_000_000) if verdict.allowed else 0
            return allowed

        with ThreadPoolExecutor(len(CROWD)) as pool:
            allowed = list(pool.map(spend, range(len(CROWD))))
    rows = ledger_of(office, root.delegation_id)
    assert sum(allowed) == sum(row.micros for row in rows)
    # So much was asked for that less is left than what everybody asked for last.
    assert BUDGET * 1_000_000 - 500_000 < sum(allowed) <= BUDGET * 1_000_000
    for number, leaf in enumerate(leaves):
        assert sum(row.micros for row in ledger_of(office, leaf.delegation_id)) == allowed[number]
    running = 0
    for row in rows:
        assert row.spent_before == running
        running += row.micros


def test_processes_share_one_budget(postgres_furnished: tuple[str, Path, Office]) -> None:
    url, home, office = postgres_furnished
    crowd = CROWD[:6]
    root, *_ = family(office, crowd, maxCallsPerDay=BUDGET)
    groups = (crowd[:2], crowd[2:4], crowd[4:])
    started = [_asking(url, home, 0, 30, group) for group in groups]
    answers = [one.communicate(timeout=120)[0].splitlines() for one in started]
    assert [one.returncode for one in started] == [0, 0, 0]
    assert [len(lines) for lines in answers] == [60, 60, 60]
    assert sum(line.startswith("+") for lines in answers for line in lines) == BUDGET
    assert len(ledger_of(office, root.delegation_id)) == BUDGET


def test_a_process_that_is_killed_has_counted_what_it_allowed_and_nothing_twice(
    office: Office, database_url: str, tmp_path: Path
) -> None:
    crowd, count = CROWD[:4], 60
    root, *_ = family(office, crowd, maxCallsPerDay=1000)
    process = _asking(database_url, tmp_path / "home", 1, count, crowd)
    assert process.stdout is not None
    told = [process.stdout.readline().strip() for _ in range(50)]
    process.kill()
    told += [line.strip() for line in process.stdout.read().splitlines() if line.strip()]
    process.wait()
    assert 50 <= len(told) < count * len(crowd), "it was killed while it worked"
    rows = ledger_of(office, root.delegation_id)
    assert len(told) <= len(rows) <= len(told) + len(crowd), "what was answered, and at most what was under way"
    calls = office.delegations.records.list(the_operator(office), root.delegation_id, below=True, limit=1000).items
    assert {one.call_id for one in calls} == {row.call_id for row in rows}
    # Whoever got no answer asks again under the same key.
    caller = the_operator(office)
    again = {f"{one} {n}": ask_under_key(office, caller, one, 1, f"{one} {n}") for one in crowd for n in range(count)}
    assert all(allowed_in(answered) for answered in again.values())
    assert sum(answered.replayed for answered in again.values()) == len(rows)
    assert {line[1:] for line in told} <= {key for key, answered in again.items() if answered.replayed}
    assert len(ledger_of(office, root.delegation_id)) == count * len(crowd)


def test_a_revocation_counts_at_once_wherever_it_is_asked(
    office: Office, database_url: str, tmp_path: Path, clock: MovableClock
) -> None:
    root, *_ = family(office, CROWD[:2], maxCallsPerDay=1000)
    desk, wrong = office.revocation, []
    with open_office(database_url, tmp_path / "home", clock=clock, background=True) as other:
        question = ActQuestion(CROWD[0], ACTION, record=True)

        def may() -> bool:
            return other.delegations.authorizing.ask(the_operator(other), question).allowed

        for turn in range(8):
            wrong += [] if may() else [f"{turn} not allowed"]
            office.acts.run(the_operator(office), lambda uow, me: desk.suspend(uow, me, root.credential_id, "away"))
            wrong += [f"{turn} allowed"] if may() else []
            office.acts.run(the_operator(office), lambda uow, me: desk.reinstate(uow, me, root.credential_id, "back"))
        office.acts.run(the_operator(office), lambda uow, me: desk.revoke(uow, me, root.credential_id, "over"))
        assert (may(), wrong) == (False, [])


def test_a_revocation_in_the_middle_of_a_crowd_ends_the_spending(office: Office) -> None:
    root, *_ = family(office, CROWD[:8], maxCallsPerDay=100_000)
    is_over, after = threading.Event(), []

    def spend(agent: str) -> None:
        for _ in range(500):
            was_over = is_over.is_set()
            question = ActQuestion(agent, ACTION, record=True)
            verdict = office.delegations.authorizing.ask(the_operator(office), question)
            if not verdict.allowed:
                return
            if was_over:
                after.append(verdict.call_id)
        raise AssertionError("it was never refused")

    with ThreadPoolExecutor(8) as pool:
        spending = [pool.submit(spend, agent) for agent in CROWD[:8]]
        while len(ledger_of(office, root.delegation_id)) < 20:
            pass
        desk = office.revocation
        office.acts.run(the_operator(office), lambda uow, me: desk.revoke(uow, me, root.credential_id, "over"))
        is_over.set()
        for one in spending:
            one.result(60)
    assert after == []
    assert all(one.result() is None for one in spending), "each was refused before its 500 acts were over"


def test_a_delegation_that_is_narrowed_while_a_question_waits_is_answered_by_its_successor(
    postgres_furnished: tuple[str, Path, Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite has one writer at a time, so that nothing comes between finding and locking there.
    _, _, office = postgres_furnished
    root, *_ = family(office, (), maxCallsPerDay=BUDGET)
    desk, find, between = office.delegations.desk, StoredDelegationRows.chains_to, []

    def found_then_narrowed(rows: StoredDelegationRows, delegates: Collection[str]) -> Tree:
        found = find(rows, delegates)
        if not between:
            between.append("narrowed")
            wish = NarrowingWish(constraints={"maxCallsPerDay": 1})
            with as_another_thread():
                narrowed = desk.narrow(the_operator(office), root.delegation_id, wish, "less")
            between.append(narrowed.seen.delegation.delegation_id)
        return found

    monkeypatch.setattr(StoredDelegationRows, "chains_to", found_then_narrowed)
    question = ActQuestion(AGENT, ACTION, record=True)
    verdicts = [office.delegations.authorizing.ask(the_operator(office), question) for _ in range(2)]
    assert [one.allowed for one in verdicts] == [True, False]
    assert [one.chain[-1].delegation_id for one in verdicts] == [between[1], between[1]]
    assert [one.code for one in verdicts[1].reasons] == [DelegationCode.CONSTRAINT_EXCEEDED]
    assert (len(ledger_of(office, root.delegation_id)), len(ledger_of(office, between[1]))) == (0, 1)
    records = office.delegations.records.list(the_operator(office), root.delegation_id, limit=10)
    assert records.items == (), "the round that was begun anew left nothing behind"


def test_a_key_answers_once_and_always_alike(office: Office) -> None:
    (root,) = family(office, (), maxSpendPerDay=BUDGET)
    caller = the_operator(office)
    first, again = (ask_under_key(office, caller, AGENT, 60, "one") for _ in range(2))
    assert (first.replayed, again.replayed, again.stored) == (False, True, first.stored)
    assert not allowed_in(ask_under_key(office, caller, AGENT, 60, "two"))
    with pytest.raises(IdempotencyKeyReused):
        ask_under_key(office, caller, AGENT, 1, "one")
    assert [row.micros for row in ledger_of(office, root.delegation_id)] == [60_000_000]
    # Two calls of one key in one round: one waits for the other.
    authorizing = office.delegations.authorizing
    checked = authorizing.check(
        caller, ActQuestion(AGENT, ACTION, {"amount": 1}, record=True), office.registry.current()
    )
    scope = idempotency_scope("test", "POST", "/ask", "three", b"")
    pair = [Inquiry(checked, scope) for _ in range(2)]
    with office.units() as uow:
        authorizing.answer(uow, pair)
        uow.commit()
    assert (pair[0].error, type(pair[1].error)) == (None, IdempotencyInProgress)
    assert len(ledger_of(office, root.delegation_id)) == 2


@pytest.fixture
def postgres_furnished(postgres_url: str, tmp_path: Path, clock: MovableClock) -> Iterator[tuple[str, Path, Office]]:
    """An office on PostgreSQL, whose database other processes may open."""
    with open_office(postgres_url, tmp_path / "home", clock=clock) as opened:
        furnish_delegations(opened, agents=1)
        yield postgres_url, tmp_path / "home", opened


def _asking(url: str, home: Path, amount: float, count: int, agents: tuple[str, ...]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.support.asking", url, str(home), str(amount), str(count), *agents]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
