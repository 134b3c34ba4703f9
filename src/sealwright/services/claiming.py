"""Taking a workflow role's steps, and giving them back."""

from __future__ import annotations

from sealwright.domain.gating import Gate, is_absent
from sealwright.domain.people import Caller, Person
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.series import Series, SeriesState
from sealwright.domain.work_errors import (
    Absent,
    MissingCredentials,
    NotStepHolder,
    StepAlreadyClaimed,
    StepNotAvailable,
)
from sealwright.domain.workflows import SeriesClaim, StepClaim, Workflow, WorkflowRole, WorkflowStep
from sealwright.domain.working import Event
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.intake import improver, require_text
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.step_gate import StepGate, find_step, step_in
from sealwright.services.workflow_moves import WorkflowMoves
from sealwright.services.workflow_values import ClaimMade


class ClaimingDesk:
    """Step claims as improvers make and end them. Locks grants, series, instance, in this order."""

    def __init__(self, *, moves: WorkflowMoves, grant_moves: GrantMoves, clock: Clock) -> None:
        self._moves = moves
        self._gate = StepGate(moves, grant_moves, clock)
        self._clock = clock

    def claim(
        self,
        uow: UnitOfWork,
        caller: Caller,
        workflow_id: str,
        step_id: str,
        *,
        override: bool = False,
        reason: str | None = None,
    ) -> ClaimMade:
        """Take all free steps of a step's role, and in a series the wish for the later ones too.

        Who holds the role and the step already gets the same answer again, and nothing is done.

        Args:
            override: An admin takes them for themselves without the credentials; grants that meet the needs make it
                an ordinary claim. It counts for this instance alone.
            reason: Why; needed for an override.

        Raises:
            RoleRequired: Not an approved improver; for an override, not an admin.
            MissingMember, MalformedBody: An override without a reason.
            WorkflowNotFound: No such step, or never opened.
            MissingCredentials: With the types of which no active grant is held.
            Absent: By an absence period of theirs.
            StepNotAvailable, StepAlreadyClaimed, RoleAlreadyHeld: As the instance stands.
        """
        person = improver(caller)
        if override:
            caller.require_admin()
            reason = require_text(reason or "", "/reason")
        seen, named = find_step(uow, workflow_id, step_id)
        gate = self._gate.ask(uow, person.user_id, seen, seen.role(named.role_id).required_credentials)
        held = self._moves.lock(uow, workflow_id)
        workflow, step = held.workflow, step_in(held.workflow, step_id)
        role = workflow.role(step.role_id)
        if workflow.is_open and role.held_by == person.user_id == step.assigned_to:
            return _made_before(uow, workflow, step)
        self._require_allowed(uow, person, workflow, role, gate if not override else None)
        if workflow.is_open and (step.is_done or step.assigned_to not in (None, person.user_id)):
            raise StepAlreadyClaimed("This step is taken.")
        is_override = override and not gate
        taken, claim = self._moves.take(
            uow, caller, workflow, role, user_id=person.user_id, gate=gate, override=is_override, reason=reason
        )
        orders = () if is_override else self._claim_series(uow, caller, held.series, taken, claim)
        return ClaimMade(taken, claim, _steps_by(taken, claim), orders)

    def release(self, uow: UnitOfWork, caller: Caller, workflow_id: str, step_id: str) -> WorkflowStep:
        """Give back what is not done of a step's role in this instance, or as an admin take it from who has it.

        Raises:
            RoleRequired: Not an approved improver.
            WorkflowNotFound: No such step, or never opened.
            NotStepHolder: It is somebody else's, or nobody's.
            StepNotAvailable: Its work is done.
        """
        if not caller.is_admin:
            improver(caller)
        workflow = self._moves.lock(uow, workflow_id).workflow
        step = step_in(workflow, step_id)
        owner = step.assigned_to
        if owner is None or (owner != caller.user_id and not caller.is_admin):
            raise NotStepHolder("This step is not yours.")
        if step.is_done:
            raise StepNotAvailable("The work of this step is done.")
        moved = self._moves.release(
            uow,
            caller,
            workflow,
            owner,
            lambda one: one.role_id == step.role_id,
            cause="unclaimed" if owner == caller.user_id else "released_by_admin",
        )
        return step_in(moved.workflow, step_id)

    # -- parts -------------------------------------------------------------------------------------

    def _require_allowed(
        self, uow: UnitOfWork, person: Person, workflow: Workflow, role: WorkflowRole, gate: Gate | None
    ) -> None:
        """Refuse who lacks a grant, unless nothing is asked (None), and who said that they are away."""
        if gate is not None and not gate:
            raise missing_credentials(gate.missing)
        if is_absent(workflow, role, uow.series.absences_of(person.user_id)):
            raise Absent("An absence period of yours covers this workflow.")

    def _claim_series(
        self, uow: UnitOfWork, caller: Caller, series: Series, workflow: Workflow, claim: StepClaim
    ) -> tuple[int, ...]:
        """Wish for the role's steps in every later instance; gives their orders, none where no instance follows."""
        if series.state is SeriesState.ENDED or series.schedule.recurrence is Recurrence.ONE_TIME:
            return ()
        orders = tuple(step.step_order for step in workflow.steps_of(claim.role_id))
        known = _series_orders(uow, workflow, claim)
        new = [order for order in orders if order not in known]
        uow.series.add_claims(SeriesClaim(series.series_id, order, claim.user_id, self._clock.now()) for order in new)
        if new:
            data = {"userId": claim.user_id, "stepOrders": new, "workflowId": workflow.workflow_id}
            self._moves.record(uow, caller, (Event("series.claimed", "series", series.series_id, data=data),))
        return orders


def missing_credentials(missing: tuple[str, ...]) -> MissingCredentials:
    """Name the credential types that stand between a person and a role."""
    return MissingCredentials(f"This workflow role needs {' and '.join(missing)}.", extra={"missing": list(missing)})


def _made_before(uow: UnitOfWork, workflow: Workflow, step: WorkflowStep) -> ClaimMade:
    claim_id = step.claim_id or ""
    claim = uow.claims.get_many([claim_id])[claim_id]
    return ClaimMade(workflow, claim, _steps_by(workflow, claim), _series_orders(uow, workflow, claim))


def _steps_by(workflow: Workflow, claim: StepClaim) -> tuple[WorkflowStep, ...]:
    return tuple(step for step in workflow.steps if step.claim_id == claim.claim_id)


def _series_orders(uow: UnitOfWork, workflow: Workflow, claim: StepClaim) -> tuple[int, ...]:
    """The steps of a claim's role that its person wants in every instance."""
    own = {one.step_order for one in uow.series.claims_of(claim.user_id) if one.series_id == workflow.series_id}
    return tuple(step.step_order for step in workflow.steps_of(claim.role_id) if step.step_order in own)
