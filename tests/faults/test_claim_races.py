"""Race gate of gated work: one winner of a step, and no claim begun after a revocation was acknowledged.

Two servers over one store. `CLAIM_RACES` multiplies the races; the whole thousand is 25 times the usual size.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from sealwright.domain.errors import DomainError
from sealwright.domain.grants import NEVER, Grant
from sealwright.domain.ids import new_id
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.series import Series, instance_of
from sealwright.domain.work_errors import MissingCredentials, StepAlreadyClaimed
from sealwright.domain.workflows import Submission, Workflow, WorkflowStatus
from sealwright.domain.working import approve
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from sealwright.services.ports import UnitOfWork
from tests.support.claim_checker import Work
from tests.support.desk import act, furnish_desk
from tests.support.gating_world import POLICIES, World
from tests.support.office import START, MovableClock, open_office, the_operator
from tests.support.races import race
from tests.support.rows import Rows
from tests.support.work import plan_of, series_of, step_at

PEOPLE: Final = 8
CLAIMS: Final = 500
INSTANCES: Final = 25
FACTOR: Final = int(os.environ.get("CLAIM_RACES", "1"))
REVOCATIONS: Final = 40 * FACTOR
FOLLOWED: Final = 10 * FACTOR
KEEP: Final = next(iter(POLICIES))


@dataclass(frozen=True)
class Pair:
    """Two servers over one store, and the world that the first one knows."""

    world: World
    other: Office

    @property
    def office(self) -> Office:
        return self.world.office


@pytest.fixture
def database_url(migrated_url: str) -> str:
    """The URL of a migrated database of this test's own, on each supported database."""
    return migrated_url


@pytest.fixture
def pair(database_url: str, tmp_path: Path) -> Iterator[Pair]:
    """Two servers over one database, with a clock that stands."""
    clock = MovableClock()
    with ExitStack() as stack:
        one = stack.enter_context(open_office(database_url, tmp_path / "home", clock=clock))
        furnish_desk(one)
        world = World(one, clock)
        yield Pair(world, stack.enter_context(open_office(database_url, tmp_path / "home", clock=clock)))


def _people(pair: Pair, count: int, kinds: tuple[str, ...]) -> list[Caller]:
    """Improvers with a grant each of types in turn; in one transaction, because that is not what is raced."""
    office = pair.office

    def fill(uow: UnitOfWork, me: Caller) -> list[str]:
        ids = []
        for number in range(count):
            wish = NewPerson(f"{new_id('usr')}@example.org", f"P{number}", frozenset({AccountRole.IMPROVER}), True)
            ids.append(office.people.create(uow, me, wish).user_id)
            _give(uow, ids[-1], kinds[number % len(kinds)])
        return ids

    return [pair.world.come_in(one) for one in act(office, the_operator(office), fill)]


def _give(uow: UnitOfWork, user_id: str, kind: str) -> None:
    uow.grants.add(Grant(new_id("grt"), user_id, kind, "usr_reviewer", START, sign_after=NEVER))


def _open(office: Office, series: list[Series]) -> list[Workflow]:
    """Store series with an open first instance each, in one transaction."""

    def fill(uow: UnitOfWork, _: Caller) -> list[Workflow]:
        made = []
        for one in series:
            stored = replace(one, series_id=new_id("ser"))
            uow.series.add(stored)
            pending = instance_of(stored, 0, stored.schedule.anchor_at, START)
            uow.workflows.add(pending)
            opened = approve(pending, START).workflow
            uow.workflows.update(pending, opened)
            made.append(opened)
        return made

    return act(office, the_operator(office), fill, registry=False)


def _needing(kind: str, start_at: datetime = START, order: str = "aab", **more: Any) -> Series:
    return replace(series_of(plan_of({"a": [kind], "b": []}, order, bounty=5), start_at=start_at), **more)


def _claim(office: Office, caller: Caller, workflow: Workflow, place: int = 1) -> object:
    step = step_at(workflow, place).step_id
    return act(
        office, caller, lambda uow, me: office.claiming.claim(uow, me, workflow.workflow_id, step), registry=False
    )


def _stored(office: Office, workflow: Workflow) -> Workflow:
    with office.units(write=False) as uow:
        found = uow.workflows.get(workflow.workflow_id)
    assert found is not None
    return found


def _faults(url: str) -> list[str]:
    return [" ".join(fault) for fault in Work.read(Rows(url)).faults()]


def test_five_hundred_claims_of_one_step_have_one_winner(pair: Pair, database_url: str) -> None:
    people = _people(pair, PEOPLE, (KEEP,))
    (workflow,) = _open(pair.office, [_needing(KEEP)])

    def work(who: int) -> list[object]:
        at, told = (pair.office, pair.other)[who % 2], []
        for number in range(who, CLAIMS, PEOPLE):
            try:
                told.append(_claim(at, people[who], workflow, 1 + number % 2))
            except StepAlreadyClaimed as lost:
                told.append(lost)
        return told

    told = race([lambda who=who: work(who) for who in range(PEOPLE)])  # type: ignore[misc]
    answers = [[one for one in each if not isinstance(one, DomainError)] for each in told]  # type: ignore[attr-defined]
    assert sum(len(each) for each in told) == CLAIMS  # type: ignore[arg-type]
    (winner,) = [who for who, each in enumerate(answers) if each]
    # Whoever has it and claims again hears of the one claim that was made.
    assert len({one.claim.claim_id for one in answers[winner]}) == 1
    assert {step.assigned_to for step in _stored(pair.office, workflow).steps[:2]} == {people[winner].user_id}
    with pair.office.units(write=False) as uow:
        assert len(uow.claims.of_workflow(workflow.workflow_id)) == 1
    assert _faults(database_url) == []


def test_every_step_has_one_winner_and_nobody_two_roles(pair: Pair, database_url: str) -> None:
    people = _people(pair, PEOPLE, (KEEP,))
    workflows = _open(pair.office, [_needing(KEEP) for _ in range(INSTANCES)])

    def work(who: int) -> None:
        for number, workflow in enumerate(workflows):
            # Two want the role that is open to all, the others the one that needs the grant.
            place = 3 if (who + number) % 4 == 0 else 1
            with pytest.MonkeyPatch.context(), _lost_races():
                _claim((pair.office, pair.other)[who % 2], people[who], workflow, place)

    assert not any(isinstance(one, DomainError) for one in race([lambda w=w: work(w) for w in range(PEOPLE)]))  # type: ignore[misc]
    for workflow in workflows:
        first, second, third = (step.assigned_to for step in _stored(pair.office, workflow).steps)
        assert first == second is not None
        assert third not in (None, first)
    assert _faults(database_url) == []


class _lost_races:  # noqa: N801 - used like a function
    """Passes over the refusal of whoever came second."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: object, trace: object) -> bool:
        return isinstance(error, StepAlreadyClaimed)


@dataclass
class Trial:
    """One race of claims against a revocation."""

    person: Caller
    kind: str
    workflows: list[Workflow]
    begun: dict[str, float]
    acknowledged: float = 0.0

    def claim(self, office: Office) -> int:
        """Claim one instance after the other until the gate is shut; gives how many claims won."""
        for workflow in self.workflows:
            began = time.monotonic()
            try:
                _claim(office, self.person, workflow)
            except MissingCredentials:
                break
            self.begun[workflow.workflow_id] = began
        return len(self.begun)

    def revoke(self, world: World, office: Office) -> object:
        """Revoke the grant; notes when it was acknowledged."""
        told = act(
            office,
            world.admin,
            lambda uow, me: office.granting.revoke(
                uow, me, user_id=self.person.user_id, credential_type=self.kind, reason="a race"
            ),
            registry=False,
        )
        self.acknowledged = time.monotonic()
        return told


def test_no_claim_begins_after_a_revocation_was_acknowledged(pair: Pair, database_url: str) -> None:
    kinds = tuple(POLICIES)
    people = _people(pair, REVOCATIONS, kinds)
    starts = (START, START + timedelta(days=1))
    outcomes: Counter[int] = Counter()
    for number, person in enumerate(people):
        kind = kinds[number % len(kinds)]
        start_at = starts[number // len(kinds) % 2]
        *raced, late = _open(pair.office, [_needing(kind, start_at) for _ in range(4)])
        trial = Trial(person, kind, raced, {})
        claimed, revoked = race(
            [lambda one=trial: one.claim(pair.office), lambda one=trial: one.revoke(pair.world, pair.other)]  # type: ignore[misc]
        )
        assert not isinstance(revoked, DomainError), revoked
        assert isinstance(claimed, int)
        outcomes[claimed] += 1
        assert all(began < trial.acknowledged for began in trial.begun.values())
        with pytest.raises(MissingCredentials):
            _claim(pair.office, person, late)
        stays = POLICIES[kind] == "retain_all" or (
            POLICIES[kind] == "keep_current_release_future" and start_at == START
        )
        for workflow in trial.workflows:
            now = _stored(pair.other, workflow)
            wanted = person.user_id if stays and workflow.workflow_id in trial.begun else None
            assert [step.assigned_to for step in now.steps] == [wanted, wanted, None], (kind, start_at)
    # The race is one: now this side is faster, and now the other.
    assert len(outcomes) > 1, outcomes
    assert _faults(database_url) == []


def test_a_revocation_meets_the_making_of_the_next_instance(pair: Pair, database_url: str) -> None:
    """Whoever loses the credential has no later instance, however close its making was."""
    holders, world = _people(pair, FOLLOWED, (KEEP,)), pair.world
    (finisher,) = _people(pair, 1, (KEEP,))
    daily = replace(_needing(KEEP, order="ab").schedule, recurrence=Recurrence.DAILY)
    for holder in holders:
        (workflow,) = _open(pair.office, [_needing(KEEP, order="ab", schedule=daily)])
        _claim(pair.office, holder, workflow, 1)
        _claim(pair.office, finisher, workflow, 2)
        _work(pair.office, holder, workflow, 1)
        _start(pair.office, finisher, workflow, 2)
        trial = Trial(holder, KEEP, [], {})
        done, revoked = race(
            [
                lambda one=workflow: _finish(pair.office, finisher, one, 2),  # type: ignore[misc]
                lambda one=trial: one.revoke(world, pair.other),  # type: ignore[misc]
            ]
        )
        assert not isinstance(done, DomainError), done
        assert not isinstance(revoked, DomainError), revoked
        with pair.office.units(write=False) as uow:
            newest = uow.workflows.of_series(workflow.series_id, limit=1)[0]
            wishes = {claim.user_id for claim in uow.series.claims(workflow.series_id)}
        assert (newest.instance_no, newest.status) == (1, WorkflowStatus.APPROVED)
        assert [step.assigned_to for step in newest.steps] == [None, finisher.user_id]
        assert wishes == {finisher.user_id}
    assert _faults(database_url) == []


def _start(office: Office, caller: Caller, workflow: Workflow, place: int) -> object:
    step = step_at(workflow, place).step_id
    return act(
        office, caller, lambda uow, me: office.step_work.start(uow, me, workflow.workflow_id, step), registry=False
    )


def _finish(office: Office, caller: Caller, workflow: Workflow, place: int) -> object:
    step = step_at(workflow, place).step_id
    return act(
        office,
        caller,
        lambda uow, me: office.step_work.complete(uow, me, workflow.workflow_id, step, Submission()),
        registry=False,
    )


def _work(office: Office, caller: Caller, workflow: Workflow, place: int) -> object:
    _start(office, caller, workflow, place)
    return _finish(office, caller, workflow, place)
