"""Grants, losses, clocks and claims in any order: nobody holds what policy forbids, or is refused what it allows.

A rule-based state machine drives the office through its desks and a small model beside it (tests/support/
gating_model.py). After every act both must say the same: who holds which step, who wants which series, what each
person's feed shows, and whether the act was refused and why. `GATING_EXAMPLES` multiplies the number of stories.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.errors import AccountInactive, DomainError, NotSignedIn
from sealwright.domain.recurrence import Recurrence
from sealwright.services import grant_losses, workflow_moves
from sealwright.services.review_values import NewGrant
from sealwright.services.workflow_values import NewWorkflow
from tests.support.gating_model import DAY, Instance, Line, Loss, Model, Refused, Step
from tests.support.gating_world import POLICIES, Seen, World, open_world
from tests.support.work import plan_of

E = TypeVar("E", bound=Exception)
# How often each database sees a story; PostgreSQL pays a flush for each act.
STORIES: Final = {"sqlite": 14, "postgresql": 5}
ACTS: Final = 40
FACTOR: Final = int(os.environ.get("GATING_EXAMPLES", "1"))
KEEP, UNSTARTED, ALL, RETAIN = POLICIES
# Needs by role, and whose turn it is step after step.
PLANS: Final[tuple[tuple[dict[str, list[str]], str], ...]] = (
    ({"a": [KEEP], "b": [UNSTARTED]}, "aab"),
    ({"a": [UNSTARTED], "b": [ALL]}, "abab"),
    ({"a": [ALL, KEEP], "b": []}, "aba"),
    ({"a": [RETAIN], "b": [KEEP, RETAIN]}, "bab"),
    ({"a": [UNSTARTED, ALL]}, "aaa"),
)
PERSON: Final = st.integers(0, 2)
# The last one is an admin.
ANYBODY: Final = st.integers(0, 3)
KIND: Final = st.sampled_from(sorted(POLICIES))
PLACE: Final = st.integers(0, 11)
RECURRENCE: Final = st.sampled_from([Recurrence.DAILY, Recurrence.DAILY, Recurrence.ONE_TIME])


class GatingMachine(RuleBasedStateMachine):
    """One story: three improvers and an admin, four types with a policy each, up to three series."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.people = self.world.new_story()
        self.model = Model(self.world.clock.now(), dict(POLICIES))
        self.model.active = dict.fromkeys(self.people, True)

    def teardown(self) -> None:
        self.world.close_all(line.name for line in self.model.lines)

    # -- the ways of an act --------------------------------------------------------------------------------

    def _both(self, carry_out: Callable[[], Any], predict: Callable[[Model], Any]) -> tuple[Any, Any]:
        """Do something in both worlds: the same refusal, or both go on; gives both answers."""
        trial = self.model.trial()
        wanted, forbidden = _outcome(lambda: predict(trial), Refused)
        got, refused = _outcome(carry_out, DomainError)
        if forbidden is None:
            assert refused is None, f"refused with {refused!r}, and the contract allows it"
            self.model = trial
            return got, wanted
        assert refused is not None, f"allowed, and the contract says {forbidden}"
        missing = tuple(getattr(refused, "extra", {}).get("missing", ()))
        assert (type(refused).__name__, missing) == (forbidden.name, forbidden.missing)
        return None, None

    def _place(self, person: int, number: int, *, own: bool) -> tuple[str, int, int, int] | None:
        """Choose a step: person, series, instance and place; mostly of open instances, of theirs where asked for."""
        who = self.people[person]
        every = [
            (li, ii, place)
            for li, line in enumerate(self.model.lines)
            for ii, instance in enumerate(line.instances)
            for place, step in enumerate(instance.steps)
            if (step.who == who or not own) and (instance.open or number % 7 == 0)
        ]
        return (who, *every[number % len(every)]) if every else None

    def _work(self, chosen: tuple[str, int, int, int] | None, act_name: str, **more: Any) -> None:
        """Have somebody do something with a step, in both worlds."""
        if chosen is None:
            return
        who, li, ii, place = chosen
        if not self.model.active[who]:
            with pytest.raises((NotSignedIn, AccountInactive)):
                self.world.work(who, act_name, self._names(li, ii, place), **more)
            return
        told, wanted = self._both(
            lambda: self.world.work(who, act_name, self._names(li, ii, place), **more),
            lambda trial: _predict(trial, act_name, who, trial.lines[li], ii, place, more),
        )
        if act_name == "unclaim" and told is not None:
            assert (told.released_count, told.skipped_count) == wanted

    def _names(self, li: int, ii: int, place: int) -> tuple[str, int]:
        return self.model.lines[li].instances[ii].name, place

    # -- rules: work ---------------------------------------------------------------------------------------

    @initialize(plan=st.integers(0, len(PLANS) - 1), recurrence=RECURRENCE)
    def begin(self, plan: int, recurrence: Recurrence) -> None:
        self.propose(plan, recurrence, 0)

    @rule(plan=st.integers(0, len(PLANS) - 1), recurrence=RECURRENCE, days=st.integers(0, 1))
    def propose(self, plan: int, recurrence: Recurrence, days: int) -> None:
        if len(self.model.lines) == 3:
            return
        needs, order = PLANS[plan]
        start = self.model.now + days * DAY
        made = self.world.propose(NewWorkflow(plan_of(needs, order), recurrence, start))
        roles = list(needs)
        line = Line(
            made.series_id,
            [frozenset(needs[name]) for name in roles],
            [roles.index(name) for name in order],
            start,
            DAY if recurrence is Recurrence.DAILY else None,
        )
        self.model.lines.append(line)
        line.instances.append(_first(line, made.workflow_id))

    @rule(person=ANYBODY, number=PLACE)
    def claim(self, person: int, number: int) -> None:
        self._work(self._place(person, number, own=False), "claim")

    @rule(person=PERSON, number=PLACE)
    def claim_what_the_feed_shows(self, person: int, number: int) -> None:
        who = self.people[person]
        open_to = [
            (li, ii, place)
            for li, line in enumerate(self.model.lines)
            for ii, instance in enumerate(line.instances)
            for place in self.model.claimable(who, line, instance)
        ]
        if open_to:
            self._work((who, *open_to[number % len(open_to)]), "claim")

    @rule(number=PLACE)
    def claim_without_credentials(self, number: int) -> None:
        self._work(self._place(3, number, own=False), "claim", override=True)

    @rule(person=ANYBODY, number=PLACE)
    def start(self, person: int, number: int) -> None:
        self._work(self._place(person, number, own=True), "start")

    @rule(person=ANYBODY, number=PLACE)
    def start_and_complete(self, person: int, number: int) -> None:
        self._work(self._place(person, number, own=True), "start")
        self._work(self._place(person, number, own=True), "complete", possible=number % 5 != 0)

    @rule(person=ANYBODY, number=PLACE, possible=st.booleans())
    def complete(self, person: int, number: int, possible: bool) -> None:
        self._work(self._place(person, number, own=True), "complete", possible=possible)

    @rule(person=ANYBODY, number=PLACE, own=st.booleans())
    def release(self, person: int, number: int, own: bool) -> None:
        self._work(self._place(person, number, own=own), "release")

    @rule(person=PERSON, number=PLACE)
    def unclaim(self, person: int, number: int) -> None:
        self._work(self._place(person, number, own=False), "unclaim")

    @rule(person=PERSON, number=PLACE, since=st.integers(-1, 1), days=st.integers(1, 2))
    def be_away(self, person: int, number: int, since: int, days: int) -> None:
        begins = self.model.now.replace(hour=0, minute=0, second=0) + since * DAY
        chosen = self._place(person, number, own=number % 2 == 0)
        self._work(chosen, "be_away", since=begins, until=begins + days * DAY)

    @rule(number=PLACE)
    def fail(self, number: int) -> None:
        chosen = self._place(3, number, own=False)
        if chosen is not None and number % 3 == 0:
            self._work(chosen, "fail")

    # -- rules: rights, people, clock ----------------------------------------------------------------------

    @rule(person=PERSON, kind=KIND, hours=st.sampled_from([None, None, None, 5, 30]))
    def grant(self, person: int, kind: str, hours: int | None) -> None:
        who = self.people[person]
        ends = self.model.now + timedelta(hours=hours) if hours is not None else None
        wish = NewGrant(who, kind, expires_at=ends, hold=True)
        granted, opened = self._both(
            lambda: self.world.office.granting.grant(self.world.admin, wish), lambda trial: trial.give(who, kind, ends)
        )
        assert granted is None or granted.effects.workflow_roles_opened == opened

    @rule(person=PERSON, kind=KIND)
    def grant_and_claim(self, person: int, kind: str) -> None:
        self.grant(person, kind, None)
        self.claim_what_the_feed_shows(person, 0)

    @rule(person=PERSON, kind=KIND)
    def revoke(self, person: int, kind: str) -> None:
        done, loss = self._both(
            lambda: self.world.end_right(self.people[person], kind, "revoke"),
            lambda trial: trial.revoke(self.people[person], kind),
        )
        if done is None:
            return
        rehearsed, real = done
        assert rehearsed == real, "the dry run told something else"
        assert real.policy is RevocationPolicy(POLICIES[kind])
        assert self._told(real) == loss

    @rule(person=PERSON, kind=KIND, how=st.sampled_from(["suspend", "reinstate"]))
    def pause_or_resume(self, person: int, kind: str, how: str) -> None:
        who = self.people[person]
        done, count = self._both(
            lambda: self.world.end_right(who, kind, how),
            lambda trial: (trial.pause if how == "suspend" else trial.resume)(who, kind),
        )
        if done is not None:
            rehearsed, real = done
            assert rehearsed == real
            assert (real.workflow_roles_closed, real.workflow_roles_opened) == (
                (count, 0) if how == "suspend" else (0, count)
            )

    @rule(person=PERSON, often=st.integers(0, 3))
    def come_and_go(self, person: int, often: int) -> None:
        who = self.people[person]
        if self.model.active[who] and often:
            return
        if self.model.active[who]:
            self.model.leave(who)
        else:
            self.model.active[who] = True
        self.world.set_active(who, self.model.active[who])

    @rule(hours=st.sampled_from([1, 7, 25, 49, 200]))
    def time_passes(self, hours: int) -> None:
        self.world.clock.move(hours=hours)
        self.model.now = self.world.clock.now()

    @rule()
    def clock_is_heard(self) -> None:
        """The chores: ends of grants are recorded, instances open and are skipped."""
        self.world.tick()
        for person in self.people:
            self.model.settle(person, frozenset(POLICIES))
        self.model.skip_due()

    # -- what must hold after every act --------------------------------------------------------------------

    @invariant()
    def both_worlds_agree(self) -> None:
        for line, stored in self.world.lines(self.model.lines):
            assert len(stored.instances) == len(line.instances)
            for mine, theirs in zip(line.instances, stored.instances, strict=True):
                mine.name = mine.name or theirs.name
                assert _shown(mine, self.model) == _shown(theirs, self.model)
            assert stored.wishes == line.wishes

    @invariant()
    def everybody_sees_what_they_hold_or_may_claim(self) -> None:
        for person in self.people[:3]:
            if self.model.active[person]:
                seen, wanted = self.world.feed(person), self.model.feed(person)
                assert seen == Seen(self.model.types_of(person), wanted, len(wanted), self.model.would_open(person))

    def _told(self, effects: Any) -> Loss:
        return Loss(
            effects.workflow_roles_closed,
            {self.world.place(one.step_id) for one in effects.steps_kept},
            {self.world.place(one.step_id) for one in effects.steps_released},
            {(one.series_id, one.step_order - 1) for one in effects.series_claims_released},
        )


def _outcome(work: Callable[[], Any], refusal: type[E]) -> tuple[Any, E | None]:
    """Do something; gives the answer, or the refusal."""
    try:
        return work(), None
    except refusal as no:
        return None, no


def _first(line: Line, name: str) -> Instance:
    return Instance(name, line.first, [Step(role) for role in line.order], [None] * len(line.needs))


def _shown(instance: Instance, model: Model) -> tuple[Any, ...]:
    """All that is compared of an instance."""
    if instance.open:
        steps = [(instance.state_of(place, model.now), step.who) for place, step in enumerate(instance.steps)]
    else:
        # Whether the clock had opened the first step is nobody's matter any more.
        steps = [(step.state if step.done else "unfinished", step.who) for step in instance.steps]
    return instance.name, instance.state, instance.start, steps, instance.holders if instance.open else None


def _predict(trial: Model, what: str, who: str, line: Line, number: int, place: int, more: dict[str, Any]) -> Any:
    """Carry an act on a step out in the model."""
    instance = line.instances[number]
    acts: dict[str, Callable[[], Any]] = {
        "claim": lambda: trial.claim(who, line, instance, place, **more),
        "start": lambda: trial.start(who, line, instance, place),
        "complete": lambda: trial.complete(who, line, instance, place, **more),
        "release": lambda: trial.release(instance, place, None if who == World.ADMIN else who),
        "unclaim": lambda: trial.unclaim(who, line, place),
        "be_away": lambda: trial.be_away(who, line, place, **more),
        "fail": lambda: trial.close(line, instance, "failed"),
    }
    return acts[what]()


# -- the tests -------------------------------------------------------------------------------------------------


@pytest.fixture
def world(database_url: str, tmp_path: Path) -> Iterator[World]:
    """An office for stories, on each supported database."""
    with open_world(database_url, tmp_path / "home") as opened:
        yield opened


def _tell_stories(world: World, count: int, *, derandomize: bool = True) -> None:
    class Machine(GatingMachine):
        pass

    Machine.world = world
    # A story that fails is long, and made shorter by hand: shrinking it would repeat it for minutes.
    quiet = settings(
        max_examples=count,
        stateful_step_count=ACTS,
        deadline=None,
        derandomize=derandomize,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Machine, settings=quiet)


def test_no_story_ends_with_a_step_that_policy_forbids_or_a_refusal_that_it_does_not(
    world: World, database_url: str
) -> None:
    count = STORIES["sqlite" if database_url.startswith("sqlite") else "postgresql"]
    _tell_stories(world, count * FACTOR, derandomize=FACTOR == 1)


PLANTED: Final[dict[str, tuple[Any, str, Callable[..., Any]]]] = {
    "policy is ignored": (grant_losses, "is_kept", lambda *_: True),
    "locked steps are released with a passed start": (
        grant_losses,
        "is_kept",
        lambda policy, _workflow, step, _now: step.status.value == "in_progress",
    ),
    "series claims outlive the grant": (grant_losses, "_needing", lambda *_: ()),
    "the gate is open to all": (workflow_moves, "ask_gate", lambda *_: workflow_moves.Gate((), {})),
}


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_bug_is_found(bug: str, sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, wrong = PLANTED[bug]
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(AssertionError):
        _tell_stories(sqlite_world, 60)


@pytest.fixture(scope="module")
def sqlite_world(tmp_path_factory: pytest.TempPathFactory, _migrated_file: Path) -> Iterator[World]:
    """An office that the planted bugs share."""
    home = tmp_path_factory.mktemp("planted")
    shutil.copy(_migrated_file, home / "test.sqlite")
    with open_world(f"sqlite:///{home / 'test.sqlite'}", home / "home") as opened:
        yield opened
