"""What improvers see: what they hold, what their grants open, what would open more; and nothing else."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sealwright.domain.catalog import Visibility
from sealwright.domain.errors import DomainError, RoleRequired, UnknownCredentialType
from sealwright.domain.gating import claimable_roles
from sealwright.domain.grants import GrantStatus
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.work_errors import WorkflowNotFound
from sealwright.domain.workflow_plans import WorkItem
from sealwright.domain.workflows import ItemResponse, Submission, Workflow, WorkflowStatus
from sealwright.services.feed import FeedScope
from sealwright.services.office import Office
from sealwright.services.workflow_values import FeedEntry
from sealwright.storage.transaction import Transaction
from tests.support.desk import DPW, VERIFIER, act, join
from tests.support.office import MovableClock, the_operator
from tests.support.review import ADMIN, grant, held_by, improver, reviewer, revoke
from tests.support.work import plan_of
from tests.support.workflows import STREET, Desks, open_workflow, propose, qualified, with_items

EVERYTHING = frozenset({DPW, VERIFIER})
ALL, ASSIGNED, CLAIMABLE = FeedScope.ALL, FeedScope.ASSIGNED, FeedScope.CLAIMABLE
WORDS = WorkItem("words", "What did you find?", requires_written_response=True)
FOUND = Submission((ItemResponse("words", "A pothole"),))


@pytest.fixture
def issuer(office: Office) -> Caller:
    return reviewer(office, "rita", DPW, VERIFIER)


def _set(desks: Desks, person: Caller, status: GrantStatus) -> None:
    """Move a person's one grant by its row alone."""
    held = held_by(desks.office, person)

    def move(uow: Any, _me: Caller) -> None:
        locked = uow.grants.get_for_update(held.grant_id)
        uow.grants.update(replace(locked, status=status, version=locked.version + 1))

    desks.act(person, move)


def _orders(entry: FeedEntry) -> tuple[list[int], list[int]]:
    """The places of the steps that are held and of those that may be claimed."""
    return [one.step_order for one in entry.assigned_steps], [one.step_order for one in entry.claimable_steps]


def _hidden(work: Callable[[], object]) -> None:
    with pytest.raises(WorkflowNotFound) as refused:
        work()
    assert refused.value.detail == "No such workflow."


# -- what grants open ----------------------------------------------------------------------------------


def test_without_credentials_there_is_nothing_but_what_would_open_it(office: Office, desks: Desks) -> None:
    first, second = open_workflow(office), open_workflow(office)
    propose(office)
    ida = improver(office, "ida")
    view = desks.page(ida)
    assert (view.active_credentials, view.entries, view.total) == ((), (), 0)
    assert dict(view.would_open) == {DPW: 2, VERIFIER: 2}
    for workflow in (first, second):
        _hidden(lambda one=workflow: desks.feed.one(ida, one.workflow_id))  # type: ignore[misc]
    _hidden(lambda: desks.feed.one(ida, "wfl_none"))


def test_a_grant_opens_and_closes_the_feed_at_the_next_call(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    workflow = open_workflow(office)
    ana = improver(office, "ana")
    held = grant(office, issuer, ana, DPW, expires_at=clock.now() + timedelta(days=1))

    view = desks.page(ana)
    assert (view.active_credentials, view.total, dict(view.would_open)) == ((DPW,), 1, {})
    assert _orders(view.entries[0]) == ([], [1])
    assert desks.feed.one(ana, workflow.workflow_id).workflow == workflow

    for closing in (GrantStatus.SUSPENDED, None):
        if closing is not None:
            _set(desks, ana, closing)
        else:
            _set(desks, ana, GrantStatus.ACTIVE)
            assert desks.ids(ana) == [workflow.workflow_id]
            clock.move(days=1)
        assert desks.ids(ana) == []
        assert dict(desks.page(ana).would_open) == {DPW: 1, VERIFIER: 1}
        _hidden(lambda: desks.feed.one(ana, workflow.workflow_id))
    new = grant(office, issuer, ana, DPW)
    assert new.supersedes == held.grant_id
    assert desks.ids(ana) == [workflow.workflow_id]
    revoke(office, issuer, grant_id=new.grant_id)
    assert desks.ids(ana) == []


def test_all_needs_of_a_role_must_be_met(office: Office, desks: Desks, issuer: Caller) -> None:
    both = open_workflow(office, plan_of({"a": [DPW, VERIFIER]}, "a"))
    free = open_workflow(office, plan_of({"a": []}, "a"))
    ana, vera = qualified(office, issuer, "ana"), qualified(office, issuer, "vera", [DPW, VERIFIER])
    assert desks.ids(ana) == [free.workflow_id]
    assert dict(desks.page(ana).would_open) == {VERIFIER: 1}
    assert set(desks.ids(vera)) == {free.workflow_id, both.workflow_id}


def test_only_open_workflows_are_in_the_feed(office: Office, desks: Desks, issuer: Caller) -> None:
    ana = qualified(office, issuer, "ana")
    propose(office)
    for to in (WorkflowStatus.FAILED, WorkflowStatus.SKIPPED, WorkflowStatus.DELETED):
        desks.close(open_workflow(office), to)
    begun = open_workflow(office)
    bea = qualified(office, issuer, "bea", [VERIFIER])
    desks.claim(bea, begun, 2)
    assert desks.ids(ana) == [begun.workflow_id]
    assert desks.page(ana).total == 1


def test_what_nobody_can_ask_for_is_not_told(office: Office, desks: Desks) -> None:
    open_workflow(office)
    ida = improver(office, "ida")

    def hide(uow: Any, _me: Caller) -> None:
        kind = uow.types.get(VERIFIER)
        uow.types.update(replace(kind, visibility=Visibility.UNLISTED, version=kind.version + 1))

    act(office, the_operator(office), hide)
    assert dict(desks.page(ida).would_open) == {DPW: 1}


# -- what one holds ------------------------------------------------------------------------------------


def test_scopes_tell_what_is_held_from_what_may_be_claimed(office: Office, desks: Desks, issuer: Caller) -> None:
    mine, free, taken = (open_workflow(office) for _ in range(3))
    ana, bea = qualified(office, issuer, "ana"), qualified(office, issuer, "bea")
    made = desks.claim(ana, mine)
    desks.claim(bea, taken)

    assert set(desks.ids(ana)) == {mine.workflow_id, free.workflow_id}
    assert desks.ids(ana, ASSIGNED) == [mine.workflow_id]
    assert desks.ids(ana, CLAIMABLE) == [free.workflow_id]
    assert [desks.page(ana, scope).total for scope in (ALL, ASSIGNED, CLAIMABLE)] == [2, 1, 1]
    (entry,) = desks.page(ana, ASSIGNED).entries
    assert _orders(entry) == ([1], [])
    assert entry.view.claims == (made.claim,)
    assert entry.view.names == {ana.user_id: "Ana"}
    _hidden(lambda: desks.feed.one(ana, taken.workflow_id))
    # Who has one role is not told of types that would open the other one: they cannot have both.
    assert dict(desks.page(ana).would_open) == {VERIFIER: 1}


def test_pages_are_exact_and_newest_first(office: Office, desks: Desks, issuer: Caller, clock: MovableClock) -> None:
    ana = qualified(office, issuer, "ana")
    made = []
    for _ in range(7):
        made.append(open_workflow(office))
        clock.move(minutes=1)
    for held in (made[0], made[3]):
        desks.claim(ana, held)
    ids = [workflow.workflow_id for workflow in reversed(made)]
    pages = [desks.page(ana, ALL, page, 3) for page in (1, 2, 3, 4)]
    assert [[entry.view.workflow.workflow_id for entry in one.entries] for one in pages] == [
        ids[:3],
        ids[3:6],
        ids[6:],
        [],
    ]
    assert {(one.total, one.count) for one in pages} == {(7, 3)}
    assert [one.page for one in pages] == [1, 2, 3, 4]
    second = desks.page(ana, ASSIGNED, 2, 1)
    assert ([entry.view.workflow.workflow_id for entry in second.entries], second.total) == ([ids[6]], 2)
    claimable = desks.page(ana, CLAIMABLE, 1, 20)
    assert [entry.view.workflow.workflow_id for entry in claimable.entries] == [
        one for one in ids if one not in (ids[6], ids[3])
    ]
    assert claimable.total == 5


def test_a_kept_step_keeps_its_one_workflow_open(office: Office, desks: Desks, issuer: Caller) -> None:
    kept, other = open_workflow(office), open_workflow(office)
    ana = qualified(office, issuer, "ana")
    desks.claim(ana, kept)
    revoke(office, issuer, grant_id=held_by(office, ana).grant_id)
    assert desks.ids(ana) == [kept.workflow_id]
    assert desks.feed.one(ana, kept.workflow_id).workflow.steps[0].assigned_to == ana.user_id
    _hidden(lambda: desks.feed.one(ana, other.workflow_id))
    # With its work done it is closed like every other one.
    desks.work_off(ana, kept)
    assert desks.ids(ana) == []
    _hidden(lambda: desks.feed.one(ana, kept.workflow_id))


def test_what_one_gave_back_of_a_role_may_be_claimed_again(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office, plan_of({"a": [DPW], "b": []}, "aab"))
    ana = qualified(office, issuer, "ana")
    desks.claim(ana, workflow)
    desks.work_off(ana, workflow)
    desks.release(ana, workflow, 2)
    (entry,) = desks.page(ana, CLAIMABLE).entries
    # The third step is of another role, which is not for who has done a part of this one.
    assert _orders(entry) == ([], [2])
    assert desks.page(ana).total == 1


def test_an_absence_takes_the_role_it_is_about_out_of_the_feed(office: Office, desks: Desks, issuer: Caller) -> None:
    plan = plan_of({"a": [DPW], "b": [DPW]}, "ab")
    away, half = (open_workflow(office, plan, recurrence=Recurrence.WEEKLY) for _ in range(2))
    one = open_workflow(office)
    ana, bea = qualified(office, issuer, "ana"), qualified(office, issuer, "bea")
    for order in (1, 2):
        desks.be_absent(ana, away, order)
    desks.be_absent(ana, half, 1)
    view = desks.page(ana)
    found = {entry.view.workflow.workflow_id: _orders(entry) for entry in view.entries}
    assert found == {half.workflow_id: ([], [2]), one.workflow_id: ([], [1])}
    assert view.total == 2
    assert desks.page(bea).total == 3
    _hidden(lambda: desks.feed.one(ana, away.workflow_id))


# -- by id, and what was handed in ---------------------------------------------------------------------


def test_what_was_handed_in_is_shown_to_those_with_a_hand_in_it(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office, with_items(WORDS))
    ana = qualified(office, issuer, "ana")
    vera, olga = (qualified(office, issuer, name, [VERIFIER]) for name in ("vera", "olga"))
    boss = join(office, "boss", ADMIN)
    desks.claim(ana, workflow)
    desks.start(ana, workflow)
    desks.complete(ana, workflow, submission=FOUND)

    def reads(person: Caller) -> list[Submission | None]:
        by_id = desks.feed.one(person, workflow.workflow_id).workflow
        listed = [one.view.workflow for one in desks.page(person).entries]
        assert all(one == by_id for one in listed)
        return [step.submission for step in by_id.steps]

    assert reads(vera) == reads(olga) == [None, None]
    desks.claim(vera, workflow, 2)
    assert reads(vera) == reads(ana) == reads(boss) == [FOUND, None]
    _hidden(lambda: desks.feed.one(olga, workflow.workflow_id))


def test_one_reads_ones_own_claims_and_obligations_and_admins_all(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office)
    ana, vera = qualified(office, issuer, "ana"), qualified(office, issuer, "vera", [VERIFIER])
    first, second = desks.claim(ana, workflow).claim, desks.claim(vera, workflow, 2).claim
    desks.work_off(ana, workflow)
    own, others = desks.feed.one(ana, workflow.workflow_id), desks.feed.one(vera, workflow.workflow_id)
    assert (own.claims, [one.amount for one in own.payouts]) == ((first,), [5000])
    assert (others.claims, others.payouts) == ((second,), ())
    assert own.names == {ana.user_id: "Ana", vera.user_id: "Vera"}
    everything = desks.feed.one(join(office, "boss", ADMIN), workflow.workflow_id)
    assert {claim.claim_id for claim in everything.claims} == {first.claim_id, second.claim_id}
    assert [one.amount for one in everything.payouts] == [5000]


def test_work_that_was_done_is_read_while_its_needs_are_met(office: Office, desks: Desks, issuer: Caller) -> None:
    workflow = open_workflow(office, with_items(WORDS))
    ana = qualified(office, issuer, "ana")
    desks.claim(ana, workflow)
    desks.start(ana, workflow)
    desks.complete(ana, workflow, submission=FOUND)
    assert desks.feed.one(ana, workflow.workflow_id).workflow.steps[0].submission == FOUND
    assert desks.ids(ana) == []
    revoke(office, issuer, grant_id=held_by(office, ana).grant_id)
    _hidden(lambda: desks.feed.one(ana, workflow.workflow_id))
    # The history keeps what they did themselves, and nothing of what others do there.
    (view,) = desks.feed.done(ana).items
    assert [(step.step_order, step.submission) for step in view.workflow.steps] == [(1, FOUND)]
    assert [role.client_id for role in view.workflow.roles] == ["assessor"]
    assert view.workflow.description is None
    assert view.names == {ana.user_id: "Ana"}


def test_the_history_is_ones_own_latest_completion_first(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    ana, bea = qualified(office, issuer, "ana"), qualified(office, issuer, "bea")
    first, second, held = (open_workflow(office, plan_of({"a": [DPW]}, "aa", bounty=7)) for _ in range(3))
    for workflow in (second, first):
        desks.claim(ana, workflow)
        clock.move(minutes=1)
        desks.work_off(ana, workflow)
    desks.claim(ana, held)
    found = desks.feed.done(ana)
    assert [view.workflow.workflow_id for view in found.items] == [first.workflow_id, second.workflow_id]
    assert (found.total, found.page, found.count) == (2, 1, 20)
    assert [[one.amount for one in view.payouts] for view in found.items] == [[7], [7]]
    later = desks.feed.done(ana, 2, 1)
    assert [view.workflow.workflow_id for view in later.items] == [second.workflow_id]
    assert desks.feed.done(bea).total == 0


# -- others --------------------------------------------------------------------------------------------


def test_admins_see_every_workflow_that_is_not_deleted(office: Office, desks: Desks) -> None:
    pending, opened, deleted = propose(office), open_workflow(office), open_workflow(office)
    desks.close(deleted, WorkflowStatus.DELETED)
    boss = join(office, "boss", ADMIN)
    view = desks.page(boss)
    assert {entry.view.workflow.workflow_id for entry in view.entries} == {pending.workflow_id, opened.workflow_id}
    assert view.total == 2
    # Seeing is not being able to claim: that is asked of grants, of admins too.
    assert [_orders(entry) for entry in view.entries] == [([], []), ([], [])]
    assert desks.ids(boss, CLAIMABLE) == desks.ids(boss, ASSIGNED) == []
    assert desks.feed.one(boss, pending.workflow_id).workflow == pending
    _hidden(lambda: desks.feed.one(boss, deleted.workflow_id))


def test_feeds_are_for_improvers(office: Office, desks: Desks) -> None:
    workflow = open_workflow(office)
    for nobody in (join(office, "paul", AccountRole.PROPOSER), the_operator(office)):
        for work in (
            lambda who=nobody: desks.page(who),
            lambda who=nobody: desks.feed.one(who, workflow.workflow_id),
            lambda who=nobody: desks.feed.done(who),
        ):
            with pytest.raises(RoleRequired):
                work()


def test_a_proposer_looks_through_the_eyes_of_who_has_some_types(office: Office, desks: Desks) -> None:
    street = open_workflow(office)
    free = open_workflow(office, plan_of({"a": []}, "a"))
    paul = join(office, "paul", AccountRole.PROPOSER)
    nobody = desks.feed.as_if(paul, frozenset())
    assert [entry.view.workflow.workflow_id for entry in nobody.entries] == [free.workflow_id]
    assert dict(nobody.would_open) == {DPW: 1, VERIFIER: 1}
    verifier = desks.feed.as_if(paul, frozenset({VERIFIER}))
    shown = {entry.view.workflow.workflow_id: _orders(entry) for entry in verifier.entries}
    assert shown == {street.workflow_id: ([], [2]), free.workflow_id: ([], [1])}
    assert (verifier.active_credentials, verifier.total) == ((VERIFIER,), 2)
    with pytest.raises(UnknownCredentialType):
        desks.feed.as_if(paul, frozenset({"no_such_type"}))
    with pytest.raises(RoleRequired):
        desks.feed.as_if(improver(office, "ida"), frozenset({DPW}))


def test_pages_of_any_size_add_up_to_what_each_instance_says_of_itself(
    office: Office, desks: Desks, issuer: Caller, clock: MovableClock
) -> None:
    chance = random.Random(4)
    people = [qualified(office, issuer, f"p{number}", types) for number, types in enumerate([[DPW], [VERIFIER], []])]
    plans = [STREET, plan_of({"a": [DPW], "b": []}, "aba"), plan_of({"a": [DPW, VERIFIER], "b": [DPW]}, "ab")]
    made = []
    for number in range(18):
        made.append(open_workflow(office, plans[number % 3], recurrence=Recurrence.DAILY))
        # Some are listed in the same second.
        clock.move(seconds=number % 2)
        for person in chance.sample(people, 2):
            with suppress(DomainError):
                desks.claim(person, made[-1], chance.randint(1, 2))
        if number % 4 == 0:
            desks.be_absent(chance.choice(people), made[-1], chance.randint(1, 2))
    desks.work_off(people[0], next(one for one in made if one.workflow_id in desks.ids(people[0], ASSIGNED)))

    told = []
    for person in people:
        with office.units(write=False) as uow:
            stored = sorted(uow.workflows.get_many([one.workflow_id for one in made]).values(), key=_newest)
            away = uow.series.absences_of(person.user_id)
            held = uow.grants.active_types(person.user_id, clock.now())
        mine = [one for one in stored if one.held_by(person.user_id)]
        free = [one for one in stored if claimable_roles(one, person.user_id, held, away)]
        for scope, wanted in {
            ASSIGNED: mine,
            CLAIMABLE: free,
            ALL: [one for one in stored if one in mine or one in free],
        }.items():
            ids = [one.workflow_id for one in wanted]
            for count in (1, 4, 7):
                pages = [desks.page(person, scope, page, count) for page in range(1, len(ids) // count + 3)]
                assert {view.total for view in pages} == {len(ids)}
                assert [entry.view.workflow.workflow_id for view in pages for entry in view.entries] == ids
        with_more = {
            kind: sum(
                any(
                    kind in role.required_credentials for role in claimable_roles(one, person.user_id, EVERYTHING, away)
                )
                for one in stored
                if one not in free
            )
            for kind in EVERYTHING - held
        }
        told.append({kind: number for kind, number in with_more.items() if number})
        assert dict(desks.page(person).would_open) == told[-1]
        assert len(free) not in (0, len(stored))
    assert len([one for one in told if one]) > 1


def _newest(workflow: Workflow) -> tuple[float, list[int]]:
    """Sorts newest listed first, and by id downwards within a second."""
    assert workflow.listed_at is not None
    return -workflow.listed_at.timestamp(), [-ord(letter) for letter in workflow.workflow_id]


def test_a_page_takes_few_statements_however_long_it_is(
    office: Office, desks: Desks, issuer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana = qualified(office, issuer, "ana")
    asked = 0

    def counting(name: str) -> None:
        before = getattr(Transaction, name)

        def run(self: Transaction, *given: Any, **named: Any) -> Any:
            nonlocal asked
            asked += 1
            return before(self, *given, **named)

        monkeypatch.setattr(Transaction, name, run)

    counted = []
    for name in ("rows", "row", "driver_rows"):
        counting(name)
    for _ in range(2):
        desks.claim(ana, open_workflow(office))
        for _ in range(5):
            open_workflow(office)
        asked = 0
        desks.page(ana)
        counted.append(asked)
    # What sets of needs stand for is read once a process.
    assert counted[1] <= counted[0] <= 20
    assert desks.page(ana).entries[0].view.workflow.title == STREET.title
