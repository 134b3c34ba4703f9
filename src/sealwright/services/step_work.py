"""Doing the work of a step: starting it, handing in what it asks for, asking to be paid."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from sealwright.domain.gating import Gate
from sealwright.domain.grants import GrantStatus
from sealwright.domain.payouts import UNSETTLED, Payout
from sealwright.domain.people import Caller, Person
from sealwright.domain.submissions import check_submission, photos_in, tidy
from sealwright.domain.work_errors import NotStepHolder, StepNotAvailable
from sealwright.domain.workflows import StepStatus, Submission, Workflow, WorkflowStatus, WorkflowStep
from sealwright.domain.working import Event, complete_step, start_step
from sealwright.services.claiming import missing_credentials
from sealwright.services.grant_making import last_grant
from sealwright.services.grant_moves import GrantMoves
from sealwright.services.intake import improver
from sealwright.services.payouts import PayoutDesk
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.step_gate import StepGate, find_step, step_in
from sealwright.services.workflow_moves import Held, WorkflowMoves

# A grant that ended so has been followed by its type's policy: what that left with its holder may be begun.
_ENDED: Final = frozenset({GrantStatus.REVOKED, GrantStatus.EXPIRED})
_PICTURE: Final = "image/"


class StepDesk:
    """Steps as their assignees work on them. Locks grants, series, instance, payout, in this order."""

    def __init__(self, *, moves: WorkflowMoves, grant_moves: GrantMoves, payouts: PayoutDesk, clock: Clock) -> None:
        self._moves = moves
        self._gate = StepGate(moves, grant_moves, clock)
        self._payouts = payouts
        self._clock = clock

    def start(self, uow: UnitOfWork, caller: Caller, workflow_id: str, step_id: str) -> WorkflowStep:
        """Begin a step; one that the caller has begun stays as it is.

        Raises:
            RoleRequired: Not an approved improver.
            WorkflowNotFound: No such step, or never opened.
            NotStepHolder: It is somebody else's, or nobody's.
            MissingCredentials: A grant that it needs is suspended, or was never there.
            StepNotAvailable: As the instance stands.
        """
        person = improver(caller)
        seen, named = find_step(uow, workflow_id, step_id)
        _require_holder(named, person)
        gate = self._gate.ask(uow, person.user_id, seen, seen.role(named.role_id).required_credentials)
        workflow = self._moves.lock(uow, workflow_id).workflow
        step = step_in(workflow, step_id)
        _require_holder(step, person)
        if workflow.is_open and step.status is StepStatus.IN_PROGRESS:
            return step
        self._require_kept(uow, person, step, gate)
        started = start_step(workflow, step, self._clock.now())
        return step_in(self._moves.put(uow, caller, workflow, started), step_id)

    def complete(
        self, uow: UnitOfWork, caller: Caller, workflow_id: str, step_id: str, submission: Submission
    ) -> WorkflowStep:
        """Hand in a step's work; the very same once more is no second act. No grant is asked for.

        Raises:
            RoleRequired: Not an approved improver.
            WorkflowNotFound: No such step, or never opened.
            NotStepHolder: It is somebody else's, or nobody's.
            StepNotAvailable: It is not in progress.
            SubmissionIncomplete: It is not what the step asks for; with every place.
        """
        person = improver(caller)
        held = self._moves.lock(uow, workflow_id)
        workflow, step = held.workflow, step_in(held.workflow, step_id)
        _require_holder(step, person)
        if step.is_done and step.submission == tidy(step, submission):
            return step
        if not workflow.is_open or step.status is not StepStatus.IN_PROGRESS:
            raise StepNotAvailable("Only a step in progress can be completed.")
        kept = check_submission(step, submission, _own_pictures(uow, person, submission))
        return step_in(self._hand_in(uow, caller, held, step, kept), step_id)

    def request_payout(self, uow: UnitOfWork, caller: Caller, workflow_id: str, step_id: str) -> WorkflowStep:
        """Ask to be paid what is owed for a step, once; asking again changes nothing.

        Raises:
            RoleRequired: Not an approved improver.
            WorkflowNotFound: No such step, or never opened.
            NotStepHolder: It is somebody else's, or nobody's.
            StepNotAvailable: It is not completed, or nothing is owed for it.
        """
        person = improver(caller)
        step = step_in(self._moves.lock(uow, workflow_id).workflow, step_id)
        _require_holder(step, person)
        seen = uow.payouts.by_step(step_id) if step.is_done else None
        payout = uow.payouts.get_for_update(seen.payout_id) if seen is not None else None
        if payout is None or payout.status not in UNSETTLED:
            raise StepNotAvailable("Nothing is owed for this step.")
        if payout.requested_at is None:
            asked = replace(payout, requested_at=self._clock.now(), version=payout.version + 1)
            uow.payouts.update(asked)
            self._moves.record(uow, caller, (_requested(asked),))
        return step

    # -- parts -------------------------------------------------------------------------------------

    def _require_kept(self, uow: UnitOfWork, person: Person, step: WorkflowStep, gate: Gate) -> None:
        """Refuse a start without the credentials, unless the step was left to its holder all the same.

        That is so where an admin took it by override, and where the missing grants have ended by their rows: the
        types' policies have run then and left it. A suspended grant closes the gate until it is reinstated.
        """
        if gate:
            return
        claim = uow.claims.get_many([step.claim_id]).get(step.claim_id) if step.claim_id is not None else None
        if claim is not None and claim.override:
            return
        now = self._clock.now()
        ended = {
            kind
            for kind in gate.missing
            if (latest := last_grant(uow, person.user_id, kind, now)) is not None and latest.status in _ENDED
        }
        refused = tuple(kind for kind in gate.missing if kind not in ended)
        if refused:
            raise missing_credentials(refused)

    def _hand_in(
        self, uow: UnitOfWork, caller: Caller, held: Held, step: WorkflowStep, submission: Submission
    ) -> Workflow:
        now = self._clock.now()
        moved = complete_step(held.workflow, step, submission, now)
        after = self._moves.put(uow, caller, held.workflow, moved)
        uow.claims.end({one.claim_id for one in moved.released if one.claim_id is not None}, now, "closed")
        self._moves.tell_released(uow, caller, after, moved.released, cause="closed")
        if submission.step_not_possible:
            self._payouts.void_all(uow, caller, after.workflow_id)
        else:
            self._payouts.owe(uow, caller, after, step_in(after, step.step_id), now)
        if after.status is WorkflowStatus.COMPLETED:
            after = self._payouts.conclude(uow, caller, after)
            self._moves.follow(uow, held.series, after)
        return after


def _require_holder(step: WorkflowStep, person: Person) -> None:
    if step.assigned_to != person.user_id:
        raise NotStepHolder("This step is not yours.")


def _own_pictures(uow: UnitOfWork, person: Person, submission: Submission) -> frozenset[str]:
    """The pictures of a submission that its sender uploaded; held, so that an upload of theirs now drops none."""
    wanted = photos_in(submission)
    if not wanted:
        return frozenset()
    uow.attachments.hold(person.user_id)
    return frozenset(
        one.attachment_id
        for one in uow.attachments.describe(wanted)
        if one.user_id == person.user_id and one.media_type.startswith(_PICTURE)
    )


def _requested(payout: Payout) -> Event:
    return Event(
        "payout.requested",
        "payout",
        payout.payout_id,
        before={"status": payout.status.value},
        after={"status": payout.status.value},
        data={
            "workflowId": payout.workflow_id,
            "stepId": payout.step_id,
            "userId": payout.payee_user_id,
            "amount": payout.amount,
        },
    )
