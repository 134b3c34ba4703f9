"""What improvers see of workflows: what they hold, what their active grants let them claim, and what they have done.

Nothing here is kept between calls: grants are read when a page is asked for, so a revocation shows in the next one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from sealwright.domain.catalog import Visibility
from sealwright.domain.errors import RoleRequired, UnknownCredentialType
from sealwright.domain.gating import claimable_roles
from sealwright.domain.openings import corrected
from sealwright.domain.payouts import Payout
from sealwright.domain.people import AccountRole, Caller
from sealwright.domain.submissions import has_done, reads_submissions, without_submissions
from sealwright.domain.work_errors import WorkflowNotFound
from sealwright.domain.workflows import AbsencePeriod, StepClaim, Workflow, WorkflowStatus, WorkflowStep
from sealwright.services.desk_ports import NumberedPage
from sealwright.services.intake import improver
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.proposal_views import founding_votes, names_of
from sealwright.services.workflow_ports import FeedPage, WorkflowFilter
from sealwright.services.workflow_values import FeedEntry, FeedView, WorkflowView


class FeedScope(StrEnum):
    """Which part of a feed is asked for."""

    ALL = "all"
    ASSIGNED = "assigned"
    CLAIMABLE = "claimable"


@dataclass(frozen=True, slots=True)
class _Reader:
    """Somebody with all that decides what they see, as of one moment.

    Args:
        held: The types of which they hold an active grant.
        near: The open instances that are judged one by one for them: they have a hand in it, or it is of a series
            with an absence of theirs.
    """

    user_id: str
    is_admin: bool
    held: frozenset[str]
    absences: tuple[AbsencePeriod, ...]
    near: Mapping[str, Workflow]

    def claimable(self, workflow: Workflow) -> tuple[WorkflowStep, ...]:
        """The steps that they would get with a claim."""
        roles = {role.role_id for role in claimable_roles(workflow, self.user_id, self.held, self.absences)}
        return tuple(
            step for step in workflow.steps if step.role_id in roles and step.assigned_to is None and not step.is_done
        )

    def may_read(self, workflow: Workflow) -> bool:
        """Tell whether they may open an instance by its id: it is theirs to finish or to claim, or it was.

        Work that was done keeps an instance open to those who still meet its role's needs.
        """
        if workflow.status is WorkflowStatus.DELETED:
            return False
        if self.is_admin or workflow.held_by(self.user_id) or self.claimable(workflow):
            return True
        return has_done(workflow, self.user_id, self.held)


@dataclass(frozen=True, slots=True)
class FeedTotals:
    """How many workflows somebody may claim in, and has unfinished steps in."""

    claimable: int
    assigned: int


class FeedDesk:
    """Feeds, reads by id and the history of one's own work."""

    def __init__(self, *, units: UnitOfWorkFactory, clock: Clock) -> None:
        self._units = units
        self._clock = clock

    def page(self, caller: Caller, scope: FeedScope = FeedScope.ALL, page: int = 1, count: int = 20) -> FeedView:
        """One page of what the caller holds and may claim, newest listed first; for admins all that is not deleted.

        Raises:
            RoleRequired: Not an approved improver.
        """
        person = improver(caller)
        with self._units(write=False) as uow:
            reader = self._reader(uow, person.user_id, is_admin=caller.is_admin)
            if caller.is_admin and scope == FeedScope.ALL:
                found, known = _everything(uow, page, count)
            else:
                found, known = _chosen(uow, reader, scope, page, count), reader.near
            workflows = _loaded(uow, found.workflow_ids, known)
            entries = self._entries(uow, caller, reader, workflows)
            return FeedView(
                active_credentials=tuple(sorted(reader.held)),
                entries=entries,
                total=found.total,
                page=page,
                count=count,
                would_open=_would_open(uow, reader),
            )

    def totals(self, caller: Caller) -> FeedTotals:
        """How many workflows the caller may claim in, and has steps in; what stands beside the tabs of their pages.

        Raises:
            RoleRequired: Not an approved improver.
        """
        person = improver(caller)
        with self._units(write=False) as uow:
            reader = self._reader(uow, person.user_id, is_admin=caller.is_admin)
            return FeedTotals(
                claimable=_chosen(uow, reader, FeedScope.CLAIMABLE, 1, 1).total,
                assigned=_chosen(uow, reader, FeedScope.ASSIGNED, 1, 1).total,
            )

    def as_if(self, caller: Caller, held: frozenset[str], page: int = 1, count: int = 20) -> FeedView:
        """The feed of somebody who holds these types and nothing else; for proposers, to see who would see what.

        Raises:
            RoleRequired: Not an approved proposer.
            UnknownCredentialType: One of them is not in the catalog.
        """
        caller.require_person()
        if not caller.has_role(AccountRole.PROPOSER):
            raise RoleRequired("This act needs the proposer role.")
        with self._units(write=False) as uow:
            if not held <= {kind.value for kind in uow.types.all()}:
                raise UnknownCredentialType("This credential type is unknown.")
            nobody = _Reader("", False, held, (), {})
            found = _chosen(uow, nobody, FeedScope.CLAIMABLE, page, count)
            views = [WorkflowView(without_submissions(one)) for one in _loaded(uow, found.workflow_ids, {})]
            entries = tuple(FeedEntry(view, (), nobody.claimable(view.workflow)) for view in views)
            would_open = _would_open(uow, nobody)
        return FeedView(tuple(sorted(held)), entries, found.total, page, count, would_open)

    def one(self, caller: Caller, workflow_id: str) -> WorkflowView:
        """An instance by its id, with the caller's own claims and obligations; admins get everybody's.

        Raises:
            RoleRequired: Not an approved improver.
            WorkflowNotFound: Missing, deleted, or nothing in it is or was the caller's to do.
        """
        person = improver(caller)
        with self._units(write=False) as uow:
            workflow = uow.workflows.get(workflow_id)
            reader = self._reader(uow, person.user_id, is_admin=caller.is_admin)
            if workflow is None or not reader.may_read(workflow):
                raise WorkflowNotFound("No such workflow.")
            votes = founding_votes(uow, caller, [workflow.series_id])
            claims = uow.claims.of_workflow(workflow_id)
            payouts = uow.payouts.of_workflow(workflow_id)
            return WorkflowView(
                workflow=_shown(workflow, reader),
                votes=votes.get(workflow.series_id),
                names=names_of(uow, _people_in([workflow])),
                payouts=tuple(one for one in payouts if caller.is_admin or one.payee_user_id == person.user_id),
                claims=tuple(one for one in claims if caller.is_admin or one.user_id == person.user_id),
            )

    def done(self, caller: Caller, page: int = 1, count: int = 20) -> NumberedPage[WorkflowView]:
        """The instances in which the caller completed a step, latest completion first, with what is owed to them.

        What they may not open any more shows no more than what they did themselves.

        Raises:
            RoleRequired: Not an approved improver.
        """
        person = improver(caller)
        with self._units(write=False) as uow:
            found = uow.claims.workflows_done(person.user_id, page=page, count=count)
            reader = self._reader(uow, person.user_id, is_admin=caller.is_admin)
            workflows = _loaded(uow, found.items, reader.near)
            shown = [_shown(one, reader) if reader.may_read(one) else _own_part(one, reader) for one in workflows]
            owed = _owed(uow, person.user_id, shown)
            views = tuple(
                replace(view, payouts=owed.get(view.workflow.workflow_id, ()))
                for view in _views(uow, caller, shown, {})
            )
        return NumberedPage(views, page, count, found.total)

    # -- parts -------------------------------------------------------------------------------------

    def _reader(self, uow: UnitOfWork, user_id: str, *, is_admin: bool) -> _Reader:
        held = frozenset(uow.grants.active(user_id, self._clock.now()))
        absences = uow.series.absences_of(user_id)
        ids = dict.fromkeys(uow.claims.workflows_touched(user_id))
        for series_id in sorted({absence.series_id for absence in absences}):
            ids.update(dict.fromkeys(uow.workflows.open_of_series(series_id)))
        near = uow.workflows.get_many(list(ids)) if ids else {}
        return _Reader(user_id, is_admin, held, absences, near)

    def _entries(
        self, uow: UnitOfWork, caller: Caller, reader: _Reader, workflows: Sequence[Workflow]
    ) -> tuple[FeedEntry, ...]:
        """What of a page may be shown: what was claimed or closed since it was put together drops out."""
        kept = [
            (workflow, workflow.held_by(reader.user_id), reader.claimable(workflow))
            for workflow in workflows
            if not reader.is_admin or workflow.status is not WorkflowStatus.DELETED
        ]
        kept = [one for one in kept if reader.is_admin or one[1] or one[2]]
        claims = [step.claim_id for _, own, _ in kept for step in own if step.claim_id is not None]
        views = _views(
            uow,
            caller,
            [_shown(workflow, reader) for workflow, _, _ in kept],
            uow.claims.get_many(sorted(set(claims))) if claims else {},
        )
        return tuple(FeedEntry(view, own, free) for view, (_, own, free) in zip(views, kept, strict=True))


def _chosen(uow: UnitOfWork, reader: _Reader, scope: FeedScope, page: int, count: int) -> FeedPage:
    """The ids of one page: what is near is judged here, everything else by the needs of its free roles alone."""
    near = reader.near
    holds = [one for one in near.values() if one.held_by(reader.user_id)]
    if scope == FeedScope.ASSIGNED:
        ids = [one.workflow_id for one in sorted(holds, key=_listed, reverse=True)]
        return FeedPage(tuple(ids[(page - 1) * count : page * count]), len(ids))
    also = {workflow_id for workflow_id, workflow in near.items() if reader.claimable(workflow)}
    if scope == FeedScope.ALL:
        also.update(one.workflow_id for one in holds)
    return uow.feed.claimable(reader.held, but=tuple(near), also=tuple(sorted(also)), page=page, count=count)


def _listed(workflow: Workflow) -> tuple[datetime, str]:
    return workflow.listed_at or workflow.created_at, workflow.workflow_id


def _everything(uow: UnitOfWork, page: int, count: int) -> tuple[FeedPage, Mapping[str, Workflow]]:
    """What admins see."""
    found = uow.workflows.list(WorkflowFilter(), page=page, count=count)
    known = {workflow.workflow_id: workflow for workflow in found.items}
    return FeedPage(tuple(known), found.total), known


def _loaded(uow: UnitOfWork, ids: Sequence[str], known: Mapping[str, Workflow]) -> tuple[Workflow, ...]:
    """The instances of a page, in its order; those that are known are not read again."""
    missing = [one for one in ids if one not in known]
    found = {**known, **(uow.workflows.get_many(missing) if missing else {})}
    return tuple(found[one] for one in ids if one in found)


def _would_open(uow: UnitOfWork, reader: _Reader) -> Mapping[str, int]:
    """The public types that would open more; what nobody can ask for is not told."""
    counts = corrected(
        uow.feed.would_open(reader.held), reader.near.values(), reader.user_id, reader.held, reader.absences
    )
    if not counts:
        return {}
    public = {kind.value for kind in uow.types.all() if kind.active and kind.visibility is Visibility.PUBLIC}
    return {kind: count for kind, count in counts.items() if kind in public}


def _shown(workflow: Workflow, reader: _Reader) -> Workflow:
    """An instance with what was handed in for those who may read it, and without for everybody else."""
    if reader.is_admin or reads_submissions(workflow, reader.user_id, reader.held):
        return workflow
    return without_submissions(workflow)


def _own_part(workflow: Workflow, reader: _Reader) -> Workflow:
    """What somebody did of an instance that is closed to them: its title, and their own steps."""
    steps = tuple(step for step in workflow.steps if step.assigned_to == reader.user_id and step.is_done)
    roles = {step.role_id for step in steps}
    return replace(
        workflow,
        description=None,
        failed_reason=None,
        steps=steps,
        roles=tuple(role for role in workflow.roles if role.role_id in roles),
    )


def _views(
    uow: UnitOfWork, caller: Caller, workflows: Sequence[Workflow], claims: Mapping[str, StepClaim]
) -> tuple[WorkflowView, ...]:
    """Instances with the votes they came by, the names of those who stand in them and, of these claims, their own."""
    votes = founding_votes(uow, caller, [workflow.series_id for workflow in workflows])
    names = names_of(uow, _people_in(workflows))
    return tuple(
        WorkflowView(
            workflow,
            votes=votes.get(workflow.series_id),
            names={user_id: names[user_id] for user_id in sorted(_people_in([workflow])) if user_id in names},
            claims=tuple(claim for claim in claims.values() if claim.workflow_id == workflow.workflow_id),
        )
        for workflow in workflows
    )


def _owed(uow: UnitOfWork, user_id: str, workflows: Sequence[Workflow]) -> Mapping[str, tuple[Payout, ...]]:
    """What somebody is owed for what they did in instances, by instance."""
    found: dict[str, tuple[Payout, ...]] = {}
    done = [step.step_id for one in workflows for step in one.steps if step.assigned_to == user_id and step.is_done]
    for payout in uow.payouts.of_steps(done):
        found[payout.workflow_id] = (*found.get(payout.workflow_id, ()), payout)
    return found


def _people_in(workflows: Sequence[Workflow]) -> Collection[str]:
    """Who proposed instances, and who has a step in them."""
    return {workflow.proposer_id for workflow in workflows} | {
        step.assigned_to for workflow in workflows for step in workflow.steps if step.assigned_to is not None
    }
