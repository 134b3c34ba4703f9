"""The proposer's desk: workflows proposed, and changes and deletions of them; their drafts too."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final

from sealwright.domain.errors import RoleRequired, StateConflict
from sealwright.domain.ids import new_id
from sealwright.domain.people import AccountRole, Caller, Person
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.series import Series, SeriesState, instance_of
from sealwright.domain.votes import Proposal, ProposalKind, ProposalStatus, SeriesEdit, TargetType
from sealwright.domain.work_errors import ProposalNotFound, WorkflowNotFound
from sealwright.domain.workflows import Workflow, WorkflowStatus
from sealwright.domain.working import Event
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.intake import require_text
from sealwright.services.notices import NoticeDesk
from sealwright.services.plan_checks import check_plan, check_schedule, sees_private_types
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.proposal_moves import ProposalMoves
from sealwright.services.proposal_views import proposal_page, proposal_views, workflow_page, workflow_views
from sealwright.services.standing import check_types
from sealwright.services.workflow_drafts import WorkflowDrafts, require_proposer
from sealwright.services.workflow_moves import WorkflowMoves
from sealwright.services.workflow_ports import WorkflowFilter
from sealwright.services.workflow_values import NewWorkflow, ProposalView, WorkflowView

CHANGES: Final = frozenset({ProposalKind.EDIT, ProposalKind.DELETION})
# What a proposer takes back without a vote.
TAKEN_BACK: Final = frozenset(
    {
        WorkflowStatus.PENDING,
        WorkflowStatus.REJECTED,
        WorkflowStatus.EXPIRED,
        WorkflowStatus.SKIPPED,
        WorkflowStatus.FAILED,
    }
)


class ProposingDesk(WorkflowDrafts):
    """Workflows as their proposers make and keep them."""

    def __init__(
        self,
        *,
        units: UnitOfWorkFactory,
        moves: WorkflowMoves,
        notices: NoticeDesk,
        clock: Clock,
        countdown: timedelta,
        lifetime: timedelta,
    ) -> None:
        super().__init__(units, clock)
        self._moves = moves
        self._proposals = ProposalMoves(moves, notices, clock, countdown=countdown)
        self._lifetime = lifetime

    def propose(self, uow: UnitOfWork, caller: Caller, wish: NewWorkflow) -> WorkflowView:
        """Propose a workflow: its first instance waits for the voters.

        Raises:
            RoleRequired: Not a person with the proposer role.
            MalformedBody: A part is too long, too many or unreadable.
            UnknownCredentialType: A role names types that are unknown, retired or hidden from the caller.
            InvalidSchedule: The time zone is unknown, or the end lies before the beginning.
            ConflictingFields: What is done once has an end.
        """
        person = require_proposer(caller)
        plan = check_plan(uow, caller, wish.plan)
        now = self._clock.now()
        schedule = check_schedule(wish.recurrence, wish.start_at or now, wish.recurrence_end_at, wish.time_zone)
        series = Series(new_id("ser"), person.user_id, plan, schedule, now)
        workflow = instance_of(series, 0, schedule.anchor_at, now)
        uow.series.add(series)
        uow.workflows.add(workflow)
        data = {"seriesId": series.series_id, "recurrence": schedule.recurrence.value}
        after = {"status": workflow.status.value}
        event = Event("workflow.proposed", "workflow", workflow.workflow_id, after=after, data=data)
        self._moves.record(uow, caller, [event])
        proposal = self._new(person, workflow, ProposalKind.WORKFLOW)
        self._proposals.open(uow, caller, proposal, workflow.title)
        return workflow_views(uow, caller, [workflow], with_holders=True)[0]

    def own(
        self, caller: Caller, status: WorkflowStatus | None = None, page: int = 1, count: int = 20
    ) -> NumberedPage[WorkflowView]:
        """The caller's own workflows, newest first; deleted ones are none. Raises RoleRequired."""
        person = require_proposer(caller)
        if status is WorkflowStatus.DELETED:
            return NumberedPage((), page, count, 0)
        wanted = WorkflowFilter(status=status, proposer_id=person.user_id)
        with self._units(write=False) as uow:
            return workflow_page(uow, caller, uow.workflows.list(wanted, page=page, count=count), with_holders=True)

    def own_one(self, caller: Caller, workflow_id: str) -> WorkflowView:
        """One of the caller's own workflows, with everybody who took something of it.

        Raises:
            RoleRequired: Not a proposer.
            WorkflowNotFound: Missing, deleted, or somebody else's.
        """
        person = require_proposer(caller)
        with self._units(write=False) as uow:
            workflow = _own(uow.workflows.get(workflow_id), person)
            view = workflow_views(uow, caller, [workflow], with_holders=True)[0]
            return replace(view, claims=uow.claims.of_workflow(workflow_id))

    def own_series(self, caller: Caller, workflow_id: str) -> Series:
        """What later instances of one's own workflow are made from; an editor begins with it. Raises as `own_one`."""
        person = require_proposer(caller)
        with self._units(write=False) as uow:
            series = uow.series.get(_own(uow.workflows.get(workflow_id), person).series_id)
        if series is None:
            raise WorkflowNotFound("No such workflow.")
        return series

    def own_series_for_update(self, uow: UnitOfWork, caller: Caller, workflow_id: str) -> Series:
        """The same within an act, locked: what a change that names only some members goes out from."""
        person = require_proposer(caller)
        _own(uow.workflows.get(workflow_id), person)
        return self._moves.lock(uow, workflow_id).series

    def own_proposals(
        self, caller: Caller, status: ProposalStatus | None = None, page: int = 1, count: int = 20
    ) -> NumberedPage[ProposalView]:
        """The changes and deletions that the caller proposed, as voter too. Raises RoleRequired."""
        person = _proposer_or_voter(caller)
        with self._units(write=False) as uow:
            found = uow.proposals.list(status=status, kinds=CHANGES, author_id=person.user_id, page=page, count=count)
            return proposal_page(uow, caller, found)

    def withdraw(self, uow: UnitOfWork, caller: Caller, workflow_id: str) -> None:
        """Take back one's own workflow that nobody works on: pending, rejected, expired, skipped or failed.

        Raises:
            RoleRequired: Not a proposer.
            WorkflowNotFound: Missing, deleted, or somebody else's.
            StateConflict: It is open, or was done.
        """
        person = require_proposer(caller)
        _own(uow.workflows.get(workflow_id), person)
        held = self._moves.lock(uow, workflow_id)
        if held.workflow.status not in TAKEN_BACK:
            raise StateConflict("This workflow is only deleted by a vote.")
        self._proposals.take_back(uow, caller, held, follow=False)

    def propose_edit(
        self, uow: UnitOfWork, caller: Caller, workflow_id: str, edit: SeriesEdit, reason: str
    ) -> ProposalView:
        """Propose to make later instances of one's own series another way; present ones stay as they are.

        Raises:
            RoleRequired: Not a proposer.
            WorkflowNotFound: Missing, deleted, or somebody else's.
            MalformedBody, UnknownCredentialType, InvalidSchedule, ConflictingFields: As `propose`.
            MissingMember: Without a reason.
            StateConflict: No instance follows: it happens once, has ended, or waits for its own vote.
            ProposalPendingExists: A change of this series waits for its votes.
        """
        person = require_proposer(caller)
        why = require_text(reason, "/reason")
        _own(uow.workflows.get(workflow_id), person)
        held = self._moves.lock(uow, workflow_id)
        series, schedule = held.series, held.series.schedule
        _require_ongoing(uow, series)
        old_types = {value for role in series.plan.roles for value in role.required_credentials}
        plan = check_plan(uow, caller, edit.plan, held=old_types)
        recurrence = edit.recurrence or schedule.recurrence
        until = edit.recurrence_end_at
        if until is None and recurrence is not Recurrence.ONE_TIME:
            until = schedule.until
        changed = check_schedule(recurrence, edit.start_at or schedule.anchor_at, until, schedule.time_zone)
        checked = SeriesEdit(
            plan=plan,
            recurrence=edit.recurrence,
            start_at=changed.anchor_at if edit.start_at is not None else None,
            recurrence_end_at=changed.until if edit.recurrence_end_at is not None else None,
        )
        proposal = replace(self._new(person, held.workflow, ProposalKind.EDIT), edit=checked, reason=why)
        self._proposals.open(uow, caller, proposal, held.workflow.title)
        return proposal_views(uow, caller, [proposal])[0]

    def propose_deletion(
        self, uow: UnitOfWork, caller: Caller, workflow_id: str, target_type: TargetType, reason: str
    ) -> ProposalView:
        """Propose to delete one instance, or its series with all that is not done; proposers their own, voters any.

        Raises:
            RoleRequired: Neither proposer nor voter.
            WorkflowNotFound: Missing, deleted, or for proposers somebody else's.
            MissingMember: Without a reason.
            StateConflict: It was paid out, or the series has ended.
            ProposalPendingExists: Its deletion waits for votes already.
        """
        person = _proposer_or_voter(caller)
        why = require_text(reason, "/reason")
        if not (caller.has_role(AccountRole.VOTER) or caller.is_admin):
            _own(uow.workflows.get(workflow_id), person)
        held = self._moves.lock(uow, workflow_id)
        if target_type is TargetType.WORKFLOW and held.workflow.status is WorkflowStatus.PAID_OUT:
            raise StateConflict("What was paid for is not deleted.")
        if target_type is TargetType.SERIES and held.series.state is SeriesState.ENDED:
            raise StateConflict("This series has ended; delete its instances.")
        proposal = self._new(person, held.workflow, ProposalKind.DELETION)
        proposal = replace(proposal, target_type=target_type, reason=why)
        self._proposals.open(uow, caller, proposal, held.workflow.title)
        return proposal_views(uow, caller, [proposal])[0]

    def own_proposal(self, caller: Caller, proposal_id: str) -> ProposalView:
        """A change or deletion that the caller proposed, or that somebody proposed of the caller's own workflow.

        Raises:
            RoleRequired: Neither a proposer nor a voter.
            ProposalNotFound: Missing, or of others.
        """
        person = _proposer_or_voter(caller)
        with self._units(write=False) as uow:
            proposal = uow.proposals.get(proposal_id)
            if proposal is None or proposal.kind not in CHANGES:
                raise ProposalNotFound("No such proposal.")
            view = proposal_views(uow, caller, [proposal])[0]
            if person.user_id not in (proposal.author_id, view.workflow.proposer_id):
                raise ProposalNotFound("No such proposal.")
            return view

    def qualified(self, caller: Caller, types: Iterable[str]) -> int:
        """How many active improvers hold active grants of all these types now; without types, how many there are.

        Raises:
            RoleRequired: Not a proposer.
            UnknownCredentialType: Unknown, retired, or hidden from the caller.
        """
        require_proposer(caller)
        with self._units(write=False) as uow:
            wanted = check_types(uow, types, private=sees_private_types(caller))
            return uow.figures.holders_of_all(wanted, self._clock.now())

    def _new(self, author: Person, workflow: Workflow, kind: ProposalKind) -> Proposal:
        now = self._clock.now()
        return Proposal(
            proposal_id=new_id("prp"),
            kind=kind,
            workflow_id=workflow.workflow_id,
            series_id=workflow.series_id,
            author_id=author.user_id,
            created_at=now,
            expires_at=now + self._lifetime,
        )


def _own(workflow: Workflow | None, person: Person) -> Workflow:
    if workflow is None or workflow.proposer_id != person.user_id or workflow.status is WorkflowStatus.DELETED:
        raise WorkflowNotFound("No such workflow.")
    return workflow


def _proposer_or_voter(caller: Caller) -> Person:
    person = caller.require_person()
    if person is None or not (caller.has_role(AccountRole.PROPOSER) or caller.has_role(AccountRole.VOTER)):
        raise RoleRequired("This act needs a person with the proposer or the voter role.")
    return person


def _require_ongoing(uow: UnitOfWork, series: Series) -> None:
    founding = uow.proposals.founding([series.series_id]).get(series.series_id)
    if founding is not None and founding.status is ProposalStatus.PENDING:
        raise StateConflict("This workflow waits for its own vote; take it back and propose it anew.")
    if series.state is SeriesState.ENDED or series.schedule.recurrence is Recurrence.ONE_TIME:
        raise StateConflict("No instance of this workflow follows.")
