"""The real office beside the model of gating: people, acts on steps and rights, and what is stored, in its words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar, Final

from sealwright.domain.catalog import RevocationPolicy
from sealwright.domain.effects import Effects
from sealwright.domain.people import AccountRole, Actor, ActorKind, Caller
from sealwright.domain.series import SeriesState
from sealwright.domain.workflows import Submission, Workflow
from sealwright.services.feed import FeedScope
from sealwright.services.office import Office
from sealwright.services.people import NewPerson
from sealwright.services.workflow_values import NewWorkflow
from tests.support.desk import act, furnish_desk, join
from tests.support.gating_model import DAY, Instance, Line, Step
from tests.support.office import MovableClock, open_office, the_operator

# Each type with the policy that it is named after.
POLICIES: Final[Mapping[str, str]] = {policy.value[:12]: policy.value for policy in RevocationPolicy}


@dataclass(frozen=True)
class Seen:
    """A feed in the model's words: held types, places held and claimable by instance, and what would open more."""

    types: frozenset[str]
    places: dict[str, tuple[list[int], list[int]]]
    total: int
    would_open: dict[str, int]


class World:
    """One office with four credential types and an admin; each story brings people of its own."""

    ADMIN: ClassVar[str] = ""

    def __init__(self, office: Office, clock: MovableClock) -> None:
        self.office = office
        self.clock = clock
        World.ADMIN = join(office, "ada", AccountRole.ADMIN).user_id
        self._proposer_id = join(office, "pia", AccountRole.PROPOSER).user_id
        self._stories = 0
        act(office, the_operator(office), self._add_types)

    def new_story(self) -> list[str]:
        """Begin at noon of another day, with three improvers whom nobody has seen before, and the admin."""
        self.clock.time = self.clock.time.replace(hour=12, minute=0, second=0) + DAY
        self._stories += 1
        wishes = [
            NewPerson(f"p{self._stories}x{n}@example.org", f"P{n}", frozenset({AccountRole.IMPROVER}), verified=True)
            for n in range(3)
        ]
        people = act(
            self.office,
            the_operator(self.office),
            lambda uow, me: [self.office.people.create(uow, me, wish).user_id for wish in wishes],
        )
        return [*sorted(people), self.ADMIN]

    @property
    def admin(self) -> Caller:
        """The admin, who reviews too; tokens would end in the course of many stories."""
        return self.come_in(self.ADMIN)

    def come_in(self, user_id: str) -> Caller:
        """Somebody as the door lets them in."""
        view = self.office.registry.current()
        return Caller(Actor(ActorKind.USER, user_id, "token"), view.epoch, person=view.person(user_id))

    # -- acts ----------------------------------------------------------------------------------------------

    def propose(self, wish: NewWorkflow) -> Workflow:
        """Propose a workflow, and have it approved."""
        office = self.office
        made = act(
            office,
            self.come_in(self._proposer_id),
            lambda uow, me: office.proposing.propose(uow, me, wish),
            registry=False,
        )
        name = made.workflow.workflow_id
        act(office, self.admin, lambda uow, me: office.voting.force(uow, me, name, "a story"), registry=False)
        return made.workflow

    def work(self, who: str, what: str, where: tuple[str, int], **more: Any) -> Any:
        """Do something with a step, named by its instance and its place from 0."""
        office, (workflow_id, place) = self.office, where
        workflow = self._workflow(workflow_id)
        step, series = workflow.steps[place].step_id, workflow.series_id
        acts: dict[str, Callable[[Any, Caller], Any]] = {
            "claim": lambda uow, me: office.claiming.claim(
                uow, me, workflow_id, step, override=more.get("override", False), reason="a story"
            ),
            "start": lambda uow, me: office.step_work.start(uow, me, workflow_id, step),
            "complete": lambda uow, me: office.step_work.complete(uow, me, workflow_id, step, submission(**more)),
            "release": lambda uow, me: office.claiming.release(uow, me, workflow_id, step),
            "unclaim": lambda uow, me: office.series_desk.unclaim(uow, me, series, place + 1),
            "be_away": lambda uow, me: office.series_desk.put_absence(
                uow, me, series_id=series, step_order=place + 1, absent_from=more["since"], absent_until=more["until"]
            ),
            "fail": lambda uow, me: office.workflow_admin.fail(uow, me, workflow_id, "a story"),
        }
        return act(office, self.come_in(who), acts[what], registry=False)

    def end_right(self, user_id: str, kind: str, how: str) -> tuple[Effects, Effects]:
        """Revoke, suspend or reinstate the newest grant of a type: what the dry run told, and what was done."""
        office, desk = self.office, self.office.granting

        def carry_out(dry_run: bool) -> Effects:
            def work(uow: Any, me: Caller) -> Effects:
                if how == "revoke":
                    told = desk.revoke(
                        uow, me, user_id=user_id, credential_type=kind, reason="a story", dry_run=dry_run
                    )
                else:
                    last = uow.grants.latest(user_id, kind)
                    grant_id = last.grant_id if last is not None else "grt_none"
                    told = getattr(desk, how)(uow, me, grant_id, "a story", dry_run=dry_run)
                return told.effects

            return office.acts.rehearse(self.admin, work) if dry_run else act(office, self.admin, work, registry=False)

        return carry_out(True), carry_out(False)

    def set_active(self, user_id: str, active: bool) -> None:
        """Deactivate somebody, or let them in again."""
        people = self.office.people
        change = people.activate if active else people.deactivate
        act(self.office, the_operator(self.office), lambda uow, me: change(uow, me, user_id))

    def tick(self) -> None:
        """The clock's chores."""
        self.office.expiry.expire_due()
        self.office.workflow_clock.open_due()
        self.office.workflow_clock.skip_due()

    def close_all(self, series_ids: Iterable[str]) -> None:
        """End a story: nothing of it is open any more, and nothing follows."""
        office = self.office

        def end(uow: Any, me: Caller) -> None:
            for series_id in series_ids:
                series = uow.series.get_for_update(series_id)
                ended = replace(series, state=SeriesState.ENDED, version=series.version + 1)
                if series.state is SeriesState.OPEN:
                    uow.series.update(ended)
                for workflow_id in uow.workflows.open_of_series(series_id):
                    office.workflow_admin.fail(uow, me, workflow_id, "the end of a story")

        act(office, self.admin, end, registry=False)

    # -- what is stored ------------------------------------------------------------------------------------

    def lines(self, known: Iterable[Line]) -> Iterator[tuple[Line, Line]]:
        """Each series beside what is stored of it."""
        with self.office.units(write=False) as uow:
            for line in known:
                found = reversed(uow.workflows.of_series(line.name, limit=200))
                stored = Line(line.name, line.needs, line.order, line.first, line.every)
                stored.instances = [self._instance(workflow) for workflow in found]
                claims = uow.series.claims(line.name)
                stored.wishes = {(claim.step_order - 1, claim.user_id): claim.claimed_at for claim in claims}
                yield line, stored

    def feed(self, user_id: str) -> Seen:
        """Somebody's feed: places held and claimable by instance, and the total."""
        view = self.office.feed.page(self.come_in(user_id), FeedScope.ALL, 1, 100)
        seen = {
            entry.view.workflow.workflow_id: (
                [step.step_order - 1 for step in entry.assigned_steps],
                [step.step_order - 1 for step in entry.claimable_steps],
            )
            for entry in view.entries
        }
        return Seen(frozenset(view.active_credentials), seen, view.total, dict(view.would_open))

    def place(self, step_id: str) -> tuple[str, int]:
        """An instance and the place of a step in it."""
        with self.office.units(write=False) as uow:
            workflow = uow.workflows.with_step(step_id)
        assert workflow is not None
        return workflow.workflow_id, next(s.step_order - 1 for s in workflow.steps if s.step_id == step_id)

    def _workflow(self, workflow_id: str) -> Workflow:
        with self.office.units(write=False) as uow:
            workflow = uow.workflows.get(workflow_id)
        assert workflow is not None
        return workflow

    def _instance(self, workflow: Workflow) -> Instance:
        roles = [role.role_id for role in workflow.roles]
        now = self.clock.now()
        steps = [
            Step(roles.index(step.role_id), workflow.status_of(step, now).value, step.assigned_to)
            for step in workflow.steps
        ]
        holders = [role.held_by for role in workflow.roles]
        return Instance(workflow.workflow_id, workflow.start_at, steps, holders, workflow.status.value)

    @staticmethod
    def _add_types(uow: Any, me: Caller) -> None:
        for value, policy in POLICIES.items():
            _add_type(uow, value, RevocationPolicy(policy))


def _add_type(uow: Any, value: str, policy: RevocationPolicy) -> None:
    known = uow.types.get("dpw_certified")
    uow.types.add(replace(known, value=value, label=value, revocation_policy=policy, suspendable=True))


def submission(*, possible: bool = True) -> Submission:
    """What is handed in for a step that asks for nothing."""
    return Submission() if possible else Submission((), True, "It cannot be done.")


@contextmanager
def open_world(database_url: str, home: Path, start: datetime | None = None) -> Iterator[World]:
    """An office for stories."""
    clock = MovableClock(start) if start is not None else MovableClock()
    with open_office(database_url, home, clock=clock) as office:
        furnish_desk(office)

        yield World(office, clock)
