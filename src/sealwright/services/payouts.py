"""Payout obligations: what is owed for completed steps, and what an admin says became of it. Nothing is paid here."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sealwright.domain.deciding import free_text
from sealwright.domain.errors import RoleRequired
from sealwright.domain.ids import new_id
from sealwright.domain.payouts import EXPORTABLE, UNSETTLED, Payout, PayoutStatus, move_payout
from sealwright.domain.people import Caller, system_actor
from sealwright.domain.work_errors import PayoutNotFound, WorkflowNotFound
from sealwright.domain.workflows import Workflow, WorkflowStatus, WorkflowStep
from sealwright.domain.working import Event, pay_step
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.intake import require_text
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.workflow_moves import WorkflowMoves
from sealwright.services.workflow_ports import PayoutFilter

# One file; whoever has more to pay exports again.
EXPORT_AT_MOST: Final = 5_000
REFERENCE_MAX: Final = 200
NOT_POSSIBLE: Final = "A step of the workflow was not possible."
_KINDS: Final = {
    PayoutStatus.SETTLED: "payout.settled",
    PayoutStatus.FAILED: "payout.failed",
    PayoutStatus.VOID: "payout.voided",
}


class PayoutDesk:
    """Obligations as their payees see them and as admins move them. Locks series, instance, obligation, in this order.

    Amounts are whole numbers of units that the office only keeps; completed work never changes with them.
    """

    def __init__(self, *, units: UnitOfWorkFactory, moves: WorkflowMoves, clock: Clock) -> None:
        self._units = units
        self._moves = moves
        self._clock = clock

    # -- reading -----------------------------------------------------------------------------------

    def own(
        self, caller: Caller, status: PayoutStatus | None = None, page: int = 1, count: int = 20
    ) -> NumberedPage[Payout]:
        """What the caller is owed, or was, newest first. Raises RoleRequired for callers without an account."""
        person = caller.require_person()
        if person is None:
            raise RoleRequired("This is for a person with an account.")
        with self._units(write=False) as uow:
            return uow.payouts.list(PayoutFilter(status, person.user_id), page=page, count=count)

    def list(
        self, caller: Caller, wanted: PayoutFilter | None = None, page: int = 1, count: int = 20
    ) -> NumberedPage[Payout]:
        """Everybody's obligations, newest first. Raises RoleRequired for all but admins."""
        caller.require_admin()
        with self._units(write=False) as uow:
            return uow.payouts.list(wanted or PayoutFilter(), page=page, count=count)

    # -- moves of admins ---------------------------------------------------------------------------

    def settle(self, uow: UnitOfWork, caller: Caller, payout_id: str, reference: str | None = None) -> Payout:
        """Record that an obligation was paid; the step is paid out, and the instance once nothing of it is left.

        Raises:
            RoleRequired, PayoutNotFound: By caller, by id.
            MalformedBody: The reference cannot be kept.
            StateConflict: It failed or was given up.
        """
        caller.require_admin()
        text = free_text(reference, "/reference", most=REFERENCE_MAX)
        return self._move(uow, caller, payout_id, PayoutStatus.SETTLED, reference=text)

    def fail(self, uow: UnitOfWork, caller: Caller, payout_id: str, reason: str) -> Payout:
        """Record that a payment did not work out; it may be exported again.

        Raises:
            RoleRequired, PayoutNotFound: By caller, by id.
            MissingMember, MalformedBody: The reason is absent or cannot be kept.
            StateConflict: It is settled or was given up.
        """
        caller.require_admin()
        return self._move(uow, caller, payout_id, PayoutStatus.FAILED, reason=require_text(reason, "/reason"))

    def void(self, uow: UnitOfWork, caller: Caller, payout_id: str, reason: str) -> Payout:
        """Give an obligation up for good. Raises as `fail`."""
        caller.require_admin()
        return self._move(uow, caller, payout_id, PayoutStatus.VOID, reason=require_text(reason, "/reason"))

    def export(self, uow: UnitOfWork, caller: Caller, status: PayoutStatus | None = None) -> tuple[Payout, ...]:
        """Hand out what is owed or failed, oldest first, and mark it as exported; at most `EXPORT_AT_MOST`.

        Args:
            status: Only what is owed, or only what failed; None: both.

        Raises:
            RoleRequired: Not an admin.
        """
        caller.require_admin()
        before, now = uow.payouts.to_export(EXPORT_AT_MOST, status), self._clock.now()
        exported = tuple(move_payout(payout, PayoutStatus.EXPORTED, now) for payout in before)
        uow.payouts.update_many(exported)
        events = (_event("payout.exported", was, payout) for was, payout in zip(before, exported, strict=True))
        self._moves.record(uow, caller, events)
        return exported

    def handed_over(self, uow: UnitOfWork, payout_id: str) -> Payout | None:
        """Mark an obligation as exported that whoever pays has taken over by a webhook; None where nothing changes."""
        payout = uow.payouts.get_for_update(payout_id)
        if payout is None or payout.status not in EXPORTABLE:
            return None
        exported = move_payout(payout, PayoutStatus.EXPORTED, self._clock.now())
        uow.payouts.update(exported)
        self._moves.record(uow, Caller(system_actor("webhooks"), 0), (_event("payout.exported", payout, exported),))
        return exported

    # -- what the work itself brings about ---------------------------------------------------------

    def owe(
        self, uow: UnitOfWork, caller: Caller, workflow: Workflow, step: WorkflowStep, now: datetime
    ) -> Payout | None:
        """Owe the person who completed a step its bounty; None where there is none, or nobody to owe it to.

        Args:
            workflow: Locked.
            step: Just completed.
        """
        if step.bounty <= 0 or step.assigned_to is None:
            return None
        payout = Payout(
            payout_id=new_id("pay"),
            workflow_id=workflow.workflow_id,
            step_id=step.step_id,
            payee_user_id=step.assigned_to,
            amount=step.bounty,
            created_at=now,
        )
        uow.payouts.add(payout)
        self._moves.record(uow, caller, (_event("payout.owed", None, payout),))
        return payout

    def void_all(self, uow: UnitOfWork, caller: Caller, workflow_id: str) -> int:
        """Give up what is still owed for an instance, because one of its steps was not possible; gives how many."""
        left = [one for one in uow.payouts.of_workflow(workflow_id) if one.status in UNSETTLED]
        for payout in left:
            self._put(uow, caller, payout, PayoutStatus.VOID, reason=NOT_POSSIBLE)
        return len(left)

    def conclude(self, uow: UnitOfWork, caller: Caller, workflow: Workflow) -> Workflow:
        """Let a completed instance be paid out if something of it is settled and nothing left; gives it as it stands.

        Args:
            workflow: Locked, as it is kept.
        """
        if workflow.status is not WorkflowStatus.COMPLETED:
            return workflow
        found = uow.payouts.of_workflow(workflow.workflow_id)
        settled = [one.step_id for one in found if one.status is PayoutStatus.SETTLED]
        if not settled or any(one.status in UNSETTLED for one in found):
            return workflow
        return self._moves.put(
            uow, caller, workflow, pay_step(workflow, settled[0], self._clock.now(), all_settled=True)
        )

    # -- parts -------------------------------------------------------------------------------------

    def _move(
        self,
        uow: UnitOfWork,
        caller: Caller,
        payout_id: str,
        to: PayoutStatus,
        *,
        reference: str | None = None,
        reason: str | None = None,
    ) -> Payout:
        seen = uow.payouts.get(payout_id)
        if seen is None:
            raise PayoutNotFound("No such payout.")
        workflow = _locked(uow, seen.workflow_id)
        # All of the instance's, in one order, so that nobody who locks several waits for somebody who waits for them.
        payout = next(one for one in uow.payouts.of_workflow(seen.workflow_id) if one.payout_id == payout_id)
        moved = self._put(uow, caller, payout, to, reference=reference, reason=reason)
        if moved is payout:
            return payout
        if to is PayoutStatus.SETTLED:
            paid = pay_step(workflow, payout.step_id, self._clock.now(), all_settled=False)
            workflow = self._moves.put(uow, caller, workflow, paid)
        if to in (PayoutStatus.SETTLED, PayoutStatus.VOID):
            self.conclude(uow, caller, workflow)
        return moved

    def _put(
        self,
        uow: UnitOfWork,
        caller: Caller,
        payout: Payout,
        to: PayoutStatus,
        *,
        reference: str | None = None,
        reason: str | None = None,
    ) -> Payout:
        moved = move_payout(payout, to, self._clock.now(), reference=reference, reason=reason)
        if moved is not payout:
            uow.payouts.update(moved)
            self._moves.record(uow, caller, (_event(_KINDS[to], payout, moved),))
        return moved


def _locked(uow: UnitOfWork, workflow_id: str) -> Workflow:
    """Lock an obligation's instance, deleted ones too: what is owed stays owed."""
    seen = uow.workflows.get(workflow_id)
    series = uow.series.get_for_update(seen.series_id) if seen is not None else None
    workflow = uow.workflows.get_for_update(workflow_id) if series is not None else None
    if workflow is None:
        raise WorkflowNotFound("No such workflow.")
    return workflow


def _event(kind: str, before: Payout | None, after: Payout) -> Event:
    return Event(
        kind,
        "payout",
        after.payout_id,
        before={"status": before.status.value} if before is not None else None,
        after={"status": after.status.value},
        data={
            "workflowId": after.workflow_id,
            "stepId": after.step_id,
            "userId": after.payee_user_id,
            "amount": after.amount,
        },
    )
