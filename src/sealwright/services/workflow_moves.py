"""The engine of workflow instances: every move that touches more than one record, with its audit rows and notices.

Whoever calls it has entered a writing unit of work. Series are locked before their instances, always in this order,
so that no two acts wait for each other and no claim falls between an instance and the next one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sealwright.domain.audit import AuditEntry
from sealwright.domain.gating import Gate, ask_gate, is_absent
from sealwright.domain.ids import new_id
from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller, system_actor
from sealwright.domain.recurrence import Recurrence
from sealwright.domain.series import Series, SeriesState, instance_of
from sealwright.domain.work_errors import WorkflowNotFound
from sealwright.domain.workflows import SeriesClaim, StepClaim, Workflow, WorkflowRole, WorkflowStatus, WorkflowStep
from sealwright.domain.working import Event, Moved, approve, claim_role, close, release_steps
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, UnitOfWork

CLOCK_CALLER: Final = Caller(system_actor("workflows"), 0)
# After these a series goes on with its next instance.
_GOES_ON: Final = frozenset(
    {WorkflowStatus.COMPLETED, WorkflowStatus.SKIPPED, WorkflowStatus.FAILED, WorkflowStatus.DELETED}
)


@dataclass(frozen=True, slots=True)
class Held:
    """A series and one of its instances, both locked."""

    series: Series
    workflow: Workflow


class WorkflowMoves:
    """Approves, closes, releases and continues; desks decide who may ask for it."""

    def __init__(self, notices: NoticeDesk, clock: Clock) -> None:
        self._notices = notices
        self._clock = clock

    def lock(self, uow: UnitOfWork, workflow_id: str) -> Held:
        """Lock an instance and its series. Raises WorkflowNotFound, also for deleted ones."""
        seen = uow.workflows.get(workflow_id)
        series = uow.series.get_for_update(seen.series_id) if seen is not None else None
        workflow = uow.workflows.get_for_update(workflow_id)
        if series is None or workflow is None or workflow.status is WorkflowStatus.DELETED:
            raise WorkflowNotFound("No such workflow.")
        return Held(series, workflow)

    def put(self, uow: UnitOfWork, caller: Caller, before: Workflow, moved: Moved) -> Workflow:
        """Keep an instance after a pure move, with its audit rows; nothing where nothing changed."""
        if moved.workflow is not before:
            uow.workflows.update(before, moved.workflow)
        self.record(uow, caller, moved.events)
        return moved.workflow

    def record(self, uow: UnitOfWork, caller: Caller, events: Iterable[Event]) -> None:
        """Put moves on record."""
        now = self._clock.now()
        for event in events:
            uow.audit.append(
                AuditEntry(
                    actor=caller.actor,
                    request_id=caller.request_id,
                    action=event.kind,
                    object_type=event.object_type,
                    object_id=event.object_id,
                    at=now,
                    before=event.before,
                    after=event.after,
                    data=event.data,
                )
            )

    def approve(self, uow: UnitOfWork, caller: Caller, workflow: Workflow) -> Workflow:
        """Open a pending instance to those who qualify. Raises StateConflict."""
        return self.put(uow, caller, workflow, approve(workflow, self._clock.now()))

    def close(
        self, uow: UnitOfWork, caller: Caller, held: Held, to: WorkflowStatus, *, follow: bool = True
    ) -> Workflow:
        """Reject, expire, skip, fail or delete an instance: claims end, and a series goes on.

        Raises:
            StateConflict: There is no such move.
        """
        before, now = held.workflow, self._clock.now()
        moved = close(before, to, now)
        closed = self.put(uow, caller, before, moved)
        claims = {step.claim_id for step in before.steps if step.claim_id is not None and not step.is_done}
        uow.claims.end(claims, now, "closed")
        self.tell_released(uow, caller, closed, moved.released, cause="closed")
        # What was never approved leads nowhere, and what was closed before has gone on already.
        if follow and to in _GOES_ON and before.is_open:
            self.follow(uow, held.series, closed)
        return closed

    def release(
        self,
        uow: UnitOfWork,
        caller: Caller,
        workflow: Workflow,
        user_id: str,
        which: Callable[[WorkflowStep], bool],
        *,
        cause: str,
    ) -> Moved:
        """Take unfinished steps of a locked instance from somebody; the rest they have begun may stay theirs.

        Args:
            cause: One of `StepClaim.end_cause`.
        """
        now = self._clock.now()
        moved = release_steps(workflow, user_id, which, now, cause=cause)
        self.put(uow, caller, workflow, moved)
        uow.claims.end({step.claim_id for step in moved.released if step.claim_id is not None}, now, cause)
        self.tell_released(uow, caller, workflow, moved.released, cause=cause)
        return moved

    def tell_released(
        self, uow: UnitOfWork, caller: Caller, workflow: Workflow, steps: Iterable[WorkflowStep], *, cause: str
    ) -> None:
        """Tell those who lost steps by something else than their own act, once a person and instance."""
        lost: dict[str, list[str]] = {}
        for step in steps:
            if step.assigned_to is not None and step.assigned_to != caller.user_id:
                lost.setdefault(step.assigned_to, []).append(step.title)
        for user_id, titles in lost.items():
            data = {"workflow_id": workflow.workflow_id, "title": workflow.title, "steps": ", ".join(titles)}
            self._notices.tell(uow, NoticeKind.STEP_RELEASED, [user_id], {**data, "cause": cause})

    def follow(self, uow: UnitOfWork, series: Series, last: Workflow) -> Workflow | None:
        """Make the instance after the newest one, and assign it by the series' claims; None where none follows.

        Args:
            series: Locked.
        """
        now = self._clock.now()
        if series.state is SeriesState.ENDED or last.instance_no != series.latest_no:
            return None
        if series.schedule.recurrence is Recurrence.ONE_TIME:
            return None
        start_at = series.schedule.next_instance(last.start_at, now)
        if start_at is None:
            uow.series.update(replace(series, state=SeriesState.ENDED, version=series.version + 1))
            return None
        number = series.latest_no + 1
        uow.series.update(replace(series, latest_no=number, version=series.version + 1))
        made = instance_of(series, number, start_at, now)
        uow.workflows.add(made)
        opened = self.approve(uow, CLOCK_CALLER, made)
        return self._assign(uow, opened)

    def take(
        self,
        uow: UnitOfWork,
        caller: Caller,
        workflow: Workflow,
        role: WorkflowRole,
        *,
        user_id: str,
        gate: Gate,
        override: bool = False,
        reason: str | None = None,
        by_series: bool = False,
    ) -> tuple[Workflow, StepClaim]:
        """Give a role of a locked instance to somebody whose rights were asked, with the grants that count.

        Args:
            reason: Why, for an override; it is kept with the claim and stands in no audit row.

        Raises:
            StepAlreadyClaimed, RoleAlreadyHeld, StepNotAvailable: As the instance stands.
        """
        now = self._clock.now()
        claim = StepClaim(
            claim_id=new_id("clm"),
            workflow_id=workflow.workflow_id,
            role_id=role.role_id,
            user_id=user_id,
            claimed_at=now,
            satisfied_by=dict(gate.satisfied_by),
            override=override,
            by_series=by_series,
            reason=reason if override else None,
        )
        moved = claim_role(workflow, role, user_id, claim.claim_id, now)
        held = {step.claim_id for step in workflow.steps_of(role.role_id) if step.assigned_to == user_id}
        uow.claims.end({one for one in held if one is not None}, now, "renewed")
        uow.claims.add(claim)
        taken = [step.step_id for step in moved.workflow.steps if step.claim_id == claim.claim_id]
        event = Event(
            "step.claim_overridden" if claim.override else "step.claimed",
            "step_claim",
            claim.claim_id,
            data={
                "workflowId": workflow.workflow_id,
                "roleId": role.role_id,
                "stepIds": taken,
                "userId": user_id,
                "grantIds": list(gate.grant_ids),
                "missing": list(gate.missing),
                "bySeries": claim.by_series,
            },
        )
        return self.put(uow, caller, workflow, Moved(moved.workflow, (event,))), claim

    def gate(self, uow: UnitOfWork, user_id: str, required: Iterable[str]) -> Gate:
        """Hold a role's needs against somebody's active grants as of now."""
        return ask_gate(required, uow.grants.active(user_id, self._clock.now()))

    def _assign(self, uow: UnitOfWork, workflow: Workflow) -> Workflow:
        claims = uow.series.claims(workflow.series_id)
        if not claims:
            return workflow
        people = uow.people.get_many(sorted({claim.user_id for claim in claims}))
        workers = {user_id for user_id, person in people.items() if person.may_work}
        absences = uow.series.absences_in(workflow.series_id)
        for role in workflow.roles:
            for user_id in _wishers(workflow, role, claims):
                own = [absence for absence in absences if absence.user_id == user_id]
                if user_id not in workers or workflow.binds_elsewhere(user_id, role):
                    continue
                if is_absent(workflow, role, own):
                    continue
                gate = self.gate(uow, user_id, role.required_credentials)
                if not gate:
                    self.record(uow, CLOCK_CALLER, (_refused(workflow, role, user_id, gate),))
                    continue
                workflow, _ = self.take(uow, CLOCK_CALLER, workflow, role, user_id=user_id, gate=gate, by_series=True)
                self._tell_assigned(uow, workflow, role, user_id)
                break
        return workflow

    def _tell_assigned(self, uow: UnitOfWork, workflow: Workflow, role: WorkflowRole, user_id: str) -> None:
        titles = ", ".join(step.title for step in workflow.steps_of(role.role_id))
        data = {"workflow_id": workflow.workflow_id, "title": workflow.title, "steps": titles}
        self._notices.tell(uow, NoticeKind.STEP_ASSIGNED, [user_id], data)


def _wishers(workflow: Workflow, role: WorkflowRole, claims: Iterable[SeriesClaim]) -> tuple[str, ...]:
    """Who wants a role's steps in every instance, the earliest first."""
    orders = {step.step_order for step in workflow.steps_of(role.role_id)}
    first: dict[str, datetime] = {}
    for claim in claims:
        if claim.step_order in orders:
            first.setdefault(claim.user_id, claim.claimed_at)
    return tuple(sorted(first, key=lambda user_id: (first[user_id], user_id)))


def _refused(workflow: Workflow, role: WorkflowRole, user_id: str, gate: Gate) -> Event:
    return Event(
        "series.assignment_refused",
        "workflow",
        workflow.workflow_id,
        data={"roleId": role.role_id, "userId": user_id, "missing": list(gate.missing)},
    )
