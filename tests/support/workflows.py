"""Workflows in a furnished office: plans that stand open, people who qualify, and acts of the desks in one line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from sealwright.domain.ids import new_id
from sealwright.domain.payouts import Payout
from sealwright.domain.people import Caller
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series, instance_of
from sealwright.domain.workflow_plans import PlannedRole, PlannedStep, WorkflowPlan, WorkItem
from sealwright.domain.workflows import AbsencePeriod, StepClaim, Submission, Workflow, WorkflowStatus, WorkflowStep
from sealwright.services.claiming import ClaimingDesk
from sealwright.services.feed import FeedDesk, FeedScope
from sealwright.services.office import Office
from sealwright.services.payouts import PayoutDesk
from sealwright.services.ports import UnitOfWork
from sealwright.services.step_work import StepDesk
from sealwright.services.workflow_moves import WorkflowMoves
from sealwright.services.workflow_values import ClaimMade, FeedView
from tests.support.desk import DPW, VERIFIER, act
from tests.support.office import the_operator
from tests.support.review import grant, improver

T = TypeVar("T")
STREET: Final = WorkflowPlan(
    title="Street Repair Project",
    description="Repair the potholes on Main Street.",
    roles=(
        PlannedRole("assessor", "Damage assessor", (DPW,)),
        PlannedRole("verifier", "Quality verifier", (VERIFIER,)),
    ),
    steps=(
        PlannedStep("Assess damage", "assessor", bounty=5000, allow_step_not_possible=True),
        PlannedStep("Verify repair quality", "verifier", bounty=3000),
    ),
)
PROPOSER: Final = "usr_proposer"


@dataclass(frozen=True, slots=True)
class Desks:
    """The desks of workflows over one office."""

    office: Office
    moves: WorkflowMoves
    claiming: ClaimingDesk
    feed: FeedDesk
    step_work: StepDesk
    payouts: PayoutDesk

    def claim(self, caller: Caller, workflow: Workflow, order: int = 1, **options: Any) -> ClaimMade:
        """Claim the role of a step, by its place from 1."""
        step_id = workflow.steps[order - 1].step_id
        return self.act(caller, lambda uow, me: self.claiming.claim(uow, me, workflow.workflow_id, step_id, **options))

    def release(self, caller: Caller, workflow: Workflow, order: int = 1) -> WorkflowStep:
        """Give a step's role back."""
        return self._on_step(caller, self.claiming.release, workflow, order)

    def start(self, caller: Caller, workflow: Workflow, order: int = 1) -> WorkflowStep:
        """Begin a step."""
        return self._on_step(caller, self.step_work.start, workflow, order)

    def complete(
        self, caller: Caller, workflow: Workflow, order: int = 1, submission: Submission | None = None
    ) -> WorkflowStep:
        """Hand a step in."""
        return self._on_step(caller, self.step_work.complete, workflow, order, submission or Submission())

    def request_payout(self, caller: Caller, workflow: Workflow, order: int = 1) -> WorkflowStep:
        """Ask for what a step has earned."""
        return self._on_step(caller, self.step_work.request_payout, workflow, order)

    def work_off(self, caller: Caller, workflow: Workflow, order: int = 1) -> WorkflowStep:
        """Start a claimed step and hand it in."""
        self.start(caller, workflow, order)
        return self.complete(caller, workflow, order)

    def ids(self, caller: Caller, scope: FeedScope = FeedScope.ALL) -> list[str]:
        """The ids on the first page of somebody's feed."""
        return [entry.view.workflow.workflow_id for entry in self.page(caller, scope).entries]

    def page(self, caller: Caller, scope: FeedScope = FeedScope.ALL, page: int = 1, count: int = 20) -> FeedView:
        """A page of somebody's feed."""
        return self.feed.page(caller, scope, page, count)

    def stored(self, workflow: Workflow) -> Workflow:
        """An instance as it lies in the store."""
        with self.office.units(write=False) as uow:
            found = uow.workflows.get(workflow.workflow_id)
        assert found is not None
        return found

    def claims_of(self, workflow: Workflow) -> tuple[StepClaim, ...]:
        """Who took what of an instance, ever."""
        with self.office.units(write=False) as uow:
            return uow.claims.of_workflow(workflow.workflow_id)

    def payouts_of(self, workflow: Workflow) -> tuple[Payout, ...]:
        """What is owed for an instance."""
        with self.office.units(write=False) as uow:
            return uow.payouts.of_workflow(workflow.workflow_id)

    def newest(self, workflow: Workflow) -> Workflow:
        """The newest instance of an instance's series."""
        with self.office.units(write=False) as uow:
            return uow.workflows.of_series(workflow.series_id, limit=1)[0]

    def series_orders(self, caller: Caller) -> list[int]:
        """The steps that somebody wants in every instance of any series."""
        with self.office.units(write=False) as uow:
            return sorted(claim.step_order for claim in uow.series.claims_of(caller.user_id))

    def close(self, workflow: Workflow, to: WorkflowStatus) -> None:
        """Close an instance, as the operator."""
        self.act(
            the_operator(self.office),
            lambda uow, me: self.moves.close(uow, me, self.moves.lock(uow, workflow.workflow_id), to),
        )

    def be_absent(self, person: Caller, workflow: Workflow, order: int) -> None:
        """Keep somebody from an instance's step for the hour in which it begins."""
        until = workflow.start_at + timedelta(hours=1)
        absence = AbsencePeriod(new_id("abs"), person.user_id, workflow.series_id, order, workflow.start_at, until)
        self.act(person, lambda uow, _me: uow.series.put_absence(absence))

    def act(self, caller: Caller, work: Callable[[UnitOfWork, Caller], T]) -> T:
        """Carry out an act of a desk as somebody."""
        return act(self.office, caller, work, registry=False)

    def _on_step(
        self, caller: Caller, work: Callable[..., WorkflowStep], workflow: Workflow, order: int, *more: Submission
    ) -> WorkflowStep:
        step_id = workflow.steps[order - 1].step_id
        return self.act(caller, lambda uow, me: work(uow, me, workflow.workflow_id, step_id, *more))


def workflow_desks(office: Office) -> Desks:
    """The desks of workflows of an office, and the engine behind them."""
    return Desks(
        office=office,
        moves=WorkflowMoves(office.notices, office.clock),
        claiming=office.claiming,
        feed=office.feed,
        step_work=office.step_work,
        payouts=office.payouts,
    )


def with_items(*items: WorkItem, plan: WorkflowPlan = STREET) -> WorkflowPlan:
    """A plan whose first step asks for these work items."""
    first, *others = plan.steps
    return replace(plan, steps=(replace(first, work_items=items), *others))


def propose(
    office: Office,
    plan: WorkflowPlan = STREET,
    *,
    recurrence: Recurrence = Recurrence.ONE_TIME,
    start_at: datetime | None = None,
    proposer: str = PROPOSER,
) -> Workflow:
    """Store a workflow that waits for its vote, straight in the repositories; `start_at` None means now."""
    now = office.clock.now()
    series = Series(new_id("ser"), proposer, plan, Schedule(recurrence, start_at or now), now)
    workflow = instance_of(series, 0, start_at or now, now)
    with office.units() as uow:
        uow.series.add(series)
        uow.workflows.add(workflow)
        uow.commit()
    return workflow


def open_workflow(office: Office, plan: WorkflowPlan = STREET, **more: Any) -> Workflow:
    """Store a workflow that stands open, without a vote."""
    workflow = propose(office, plan, **more)
    moves = WorkflowMoves(office.notices, office.clock)
    return act(office, the_operator(office), lambda uow, me: moves.approve(uow, me, workflow), registry=False)


def qualified(office: Office, reviewer: Caller, name: str, types: Iterable[str] = (DPW,)) -> Caller:
    """An approved improver with active grants of these types."""
    person = improver(office, name)
    for kind in types:
        grant(office, reviewer, person, kind)
    return person
