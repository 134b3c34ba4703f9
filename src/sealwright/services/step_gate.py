"""What stands before every act on a step: the step itself, and the person's grants as of the moment of effect."""

from __future__ import annotations

from collections.abc import Iterable

from sealwright.domain.gating import Gate
from sealwright.domain.work_errors import WorkflowNotFound
from sealwright.domain.workflows import Workflow, WorkflowStatus, WorkflowStep
from sealwright.services.grant_making import is_overdue
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.workflow_moves import WorkflowMoves


class StepGate:
    """Asks grants under their row locks, so that whoever revokes one comes either before the answer or after the act.

    Series and instances are locked after the grants, never before.
    """

    def __init__(self, moves: WorkflowMoves, grant_moves: GrantMoves, clock: Clock) -> None:
        self._moves = moves
        self._grant_moves = grant_moves
        self._clock = clock

    def ask(self, uow: UnitOfWork, user_id: str, workflow: Workflow, required: Iterable[str]) -> Gate:
        """Hold needs against somebody's grants as of now, and keep these as they are until the unit of work ends.

        A grant that the clock has ended is recorded as such first, with all that its type's policy takes away: the
        instance is to be read again afterwards.
        """
        needs = tuple(required)
        now = self._clock.now()
        held = uow.grants.lock_held(user_id, needs) if needs else ()
        overdue = [grant for grant in held if is_overdue(grant, now)]
        if overdue:
            types = {grant.credential_type for grant in overdue}
            uow.series.lock_many({workflow.series_id, *_series_touched(uow, user_id, types)})
        for grant in overdue:
            self._grant_moves.expire(uow, grant)
        return self._moves.gate(uow, user_id, needs)


def find_step(uow: UnitOfWork, workflow_id: str, step_id: str) -> tuple[Workflow, WorkflowStep]:
    """Read a step with its instance. Raises WorkflowNotFound for what improvers never see."""
    workflow = uow.workflows.get(workflow_id)
    if workflow is None:
        raise WorkflowNotFound("No such workflow.")
    return workflow, step_in(workflow, step_id)


def step_in(workflow: Workflow, step_id: str) -> WorkflowStep:
    """A step of an instance that was opened once; raises WorkflowNotFound."""
    step = workflow.step(step_id)
    if step is None or workflow.listed_at is None or workflow.status is WorkflowStatus.DELETED:
        raise WorkflowNotFound("No such workflow.")
    return step


def _series_touched(uow: UnitOfWork, user_id: str, types: Iterable[str]) -> set[str]:
    """The series that the loss of grants may touch, so that all are locked at once, in order."""
    ids = {one for kind in types for one in uow.claims.dependent(user_id, kind)}
    return {*uow.workflows.series_of(ids), *(claim.series_id for claim in uow.series.claims_of(user_id))}
