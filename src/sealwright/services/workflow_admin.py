"""Workflows as admins see and end them: all of them, with who took what and what is owed."""

from __future__ import annotations

from dataclasses import replace

from sealwright.domain.errors import StateConflict
from sealwright.domain.people import Caller
from sealwright.domain.votes import ProposalStatus
from sealwright.domain.work_errors import ProposalNotFound, WorkflowNotFound
from sealwright.domain.workflows import WorkflowStatus
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.intake import require_text
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.proposal_views import names_of, proposal_page, proposal_views, workflow_page, workflow_views
from sealwright.services.proposing import CHANGES
from sealwright.services.workflow_moves import Held, WorkflowMoves
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.services.workflow_values import ProposalView, WorkflowView


class WorkflowAdmin:
    """Reads and ends any workflow; votes are forced at the voters' desk."""

    def __init__(self, *, units: UnitOfWorkFactory, moves: WorkflowMoves, clock: Clock) -> None:
        self._units = units
        self._moves = moves
        self._clock = clock

    def list(
        self, caller: Caller, wanted: WorkflowFilter, page: int = 1, count: int = 20
    ) -> NumberedPage[WorkflowView]:
        """Workflows, newest first; deleted ones only where they are asked for by name. Raises RoleRequired."""
        caller.require_admin()
        with self._units(write=False) as uow:
            found = uow.workflows.list(wanted, page=page, count=count)
            return workflow_page(uow, caller, found, with_holders=True)

    def one(self, caller: Caller, workflow_id: str) -> WorkflowView:
        """One workflow with its claims and obligations. Raises RoleRequired, WorkflowNotFound."""
        caller.require_admin()
        with self._units(write=False) as uow:
            return _whole(uow, caller, workflow_id)

    def proposals(
        self, caller: Caller, status: ProposalStatus | None = None, page: int = 1, count: int = 20
    ) -> NumberedPage[ProposalView]:
        """Changes and deletions: pending ones oldest first, all else newest first. Raises RoleRequired."""
        caller.require_admin()
        with self._units(write=False) as uow:
            found = uow.proposals.list(status=status, kinds=CHANGES, author_id=None, page=page, count=count)
            return proposal_page(uow, caller, found)

    def proposal(self, caller: Caller, proposal_id: str) -> ProposalView:
        """One change or deletion. Raises RoleRequired, ProposalNotFound."""
        caller.require_admin()
        with self._units(write=False) as uow:
            proposal = uow.proposals.get(proposal_id)
            if proposal is None or proposal.kind not in CHANGES:
                raise ProposalNotFound("No such proposal.")
            return proposal_views(uow, caller, [proposal])[0]

    def fail(self, uow: UnitOfWork, caller: Caller, workflow_id: str, reason: str) -> WorkflowView:
        """End an open workflow that comes to nothing: claims end, what was done stays, and a series goes on.

        Raises:
            RoleRequired: Not an admin.
            MissingMember: Without a reason.
            WorkflowNotFound: Missing or deleted.
            StateConflict: It is not open.
        """
        caller.require_admin()
        why = require_text(reason, "/reason")
        held = self._moves.lock(uow, workflow_id)
        if held.workflow.status is WorkflowStatus.FAILED:
            return _whole(uow, caller, workflow_id)
        if not held.workflow.is_open:
            raise StateConflict(f"This workflow is {held.workflow.status.value}.")
        noted = replace(
            held.workflow, failed_reason=why, updated_at=self._clock.now(), version=held.workflow.version + 1
        )
        uow.workflows.update(held.workflow, noted)
        self._moves.close(uow, caller, Held(held.series, noted), WorkflowStatus.FAILED)
        return _whole(uow, caller, workflow_id)


def _whole(uow: UnitOfWork, caller: Caller, workflow_id: str) -> WorkflowView:
    workflow = uow.workflows.get(workflow_id)
    if workflow is None or workflow.status is WorkflowStatus.DELETED:
        raise WorkflowNotFound("No such workflow.")
    view = workflow_views(uow, caller, [workflow], with_holders=True)[0]
    claims, payouts = uow.claims.of_workflow(workflow_id), uow.payouts.of_workflow(workflow_id)
    named = {claim.user_id for claim in claims} | {payout.payee_user_id for payout in payouts}
    names = {**view.names, **names_of(uow, named)}
    return replace(view, claims=claims, payouts=payouts, names=names)
