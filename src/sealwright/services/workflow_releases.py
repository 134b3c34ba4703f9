"""Taking steps and series claims from one person, in many instances at once, with few statements."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from sealwright.domain.notices import NoticeKind
from sealwright.domain.people import Caller
from sealwright.domain.workflows import SeriesClaim, StepStatus, Workflow, WorkflowStep
from sealwright.domain.working import Event, Moved, release_steps
from sealwright.services.notices import NoticeDesk
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.workflow_moves import WorkflowMoves

# Whoever loses steps in more instances reads one notice about all of them.
NOTICES_AT_MOST: Final = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """What somebody is going to lose.

    Args:
        steps: By locked instance: unfinished steps of theirs.
        claims: Series claims of theirs.
    """

    steps: tuple[tuple[Workflow, tuple[WorkflowStep, ...]], ...] = ()
    claims: tuple[SeriesClaim, ...] = ()

    @property
    def count(self) -> int:
        """How many steps there are."""
        return sum(len(steps) for _, steps in self.steps)


@dataclass(frozen=True, slots=True)
class Why:
    """Why it is taken.

    Args:
        cause: One of `StepClaim.end_cause`.
        grant_id: The grant that was lost.
        reason: An admin's words, which the person may read; they stand in no audit row.
    """

    cause: str
    grant_id: str | None = None
    reason: str | None = None


class Releases:
    """Carries it out: steps go back to nobody, claims end, with audit rows and a notice to whoever lost them."""

    def __init__(self, *, moves: WorkflowMoves, notices: NoticeDesk, clock: Clock) -> None:
        self._moves = moves
        self._notices = notices
        self._clock = clock

    def carry_out(self, uow: UnitOfWork, caller: Caller, user_id: str, taken: Taken, why: Why) -> None:
        """Take it; the series and the instances are locked."""
        now = self._clock.now()
        moved = [
            (workflow, release_steps(workflow, user_id, _among(steps), now, cause=why.cause))
            for workflow, steps in taken.steps
        ]
        uow.workflows.update_many([(before, move.workflow) for before, move in moved if move.released])
        ended = {step.claim_id for _, move in moved for step in move.released if step.claim_id is not None}
        uow.claims.end(ended, now, why.cause)
        uow.series.drop_claims(taken.claims)
        events = [event for _, move in moved for event in move.events]
        self._moves.record(uow, caller, [_with_grant(event, why) for event in events])
        self._moves.record(uow, caller, _series_events(user_id, taken.claims, why))
        if user_id != caller.user_id:
            self._tell(uow, user_id, [(before, move) for before, move in moved if move.released], why)

    def _tell(self, uow: UnitOfWork, user_id: str, moved: Sequence[tuple[Workflow, Moved]], why: Why) -> None:
        """Tell somebody what they lost: by instance, or where these are many in one notice about all of them."""
        common = {"cause": why.cause} | ({"reason": why.reason} if why.reason is not None else {})
        if len(moved) > NOTICES_AT_MOST:
            first = moved[0][0]
            titles = [step.title for _, move in moved for step in move.released]
            words = {**_about(first, titles), "workflows": str(len(moved))}
            self._notices.tell(uow, NoticeKind.STEP_RELEASED, [user_id], {**words, **common})
            return
        for workflow, move in moved:
            words = _about(workflow, [step.title for step in move.released])
            self._notices.tell(uow, NoticeKind.STEP_RELEASED, [user_id], {**words, **common})


def lock_open(
    uow: UnitOfWork, series_ids: Collection[str], find: Callable[[], Collection[str]]
) -> Mapping[str, Workflow]:
    """Lock series, and then the instances of them that are found once no other act moves them any more.

    Args:
        find: Gives ids of instances; those of series that are not locked are left alone.
    """
    wanted = frozenset(series_ids)
    uow.series.lock_many(wanted)
    found = uow.workflows.get_many_for_update(find())
    return {workflow_id: workflow for workflow_id, workflow in found.items() if workflow.series_id in wanted}


def unbegun(workflow: Workflow, user_id: str, orders: Collection[int] | None) -> tuple[WorkflowStep, ...]:
    """The steps of somebody's that are not begun, of the roles to which the steps at some places belong.

    Args:
        orders: None means of every role.
    """
    roles = {step.role_id for step in workflow.steps if orders is None or step.step_order in orders}
    waiting = (StepStatus.LOCKED, StepStatus.AVAILABLE)
    return tuple(step for step in workflow.held_by(user_id) if step.role_id in roles and step.status in waiting)


def _among(steps: Iterable[WorkflowStep]) -> Callable[[WorkflowStep], bool]:
    ids = frozenset(step.step_id for step in steps)
    return lambda step: step.step_id in ids


def _about(workflow: Workflow, titles: Iterable[str]) -> dict[str, str]:
    return {"workflow_id": workflow.workflow_id, "title": workflow.title, "steps": ", ".join(dict.fromkeys(titles))}


def _with_grant(event: Event, why: Why) -> Event:
    return event if why.grant_id is None else replace(event, data={**event.data, "grantId": why.grant_id})


def _series_events(user_id: str, claims: Iterable[SeriesClaim], why: Why) -> list[Event]:
    by_series = groupby(sorted(claims, key=lambda one: (one.series_id, one.step_order)), lambda one: one.series_id)
    return [
        _with_grant(
            Event(
                "series.released",
                "series",
                series_id,
                data={"userId": user_id, "stepOrders": [one.step_order for one in group], "cause": why.cause},
            ),
            why,
        )
        for series_id, group in by_series
    ]
