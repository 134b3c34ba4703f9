"""Absence periods: spans in which somebody takes no instance of a series' step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from sealwright.domain.errors import MalformedBody
from sealwright.domain.ids import new_id
from sealwright.domain.people import Caller, Person
from sealwright.domain.series import Series
from sealwright.domain.work_errors import InvalidSchedule, WorkflowNotFound
from sealwright.domain.workflows import AbsencePeriod, Workflow
from sealwright.domain.working import Event
from sealwright.services.intake import improver
from sealwright.services.ports import UnitOfWork, UnitOfWorkFactory
from sealwright.services.workflow_moves import WorkflowMoves
from sealwright.services.workflow_releases import Releases, Taken, Why, lock_open, unbegun
from sealwright.vc.errors import Fault

ABSENCES_AT_MOST: Final = 200


class AbsenceDesk:
    """Absences of the caller's own. Only who has to do with a series can be absent from it."""

    def __init__(self, *, units: UnitOfWorkFactory, moves: WorkflowMoves, releases: Releases) -> None:
        self._units = units
        self._moves = moves
        self._releases = releases

    def absences(self, caller: Caller) -> tuple[AbsencePeriod, ...]:
        """The caller's own absences, by beginning. Raises RoleRequired."""
        person = improver(caller)
        with self._units(write=False) as uow:
            return uow.series.absences_of(person.user_id)

    def put_absence(
        self,
        uow: UnitOfWork,
        caller: Caller,
        *,
        series_id: str,
        step_order: int,
        absent_from: datetime,
        absent_until: datetime,
        absence_id: str | None = None,
    ) -> AbsencePeriod:
        """Add an absence, or change one's own; what was assigned for it and is not begun goes back.

        Args:
            absent_until: The first moment after it.
            absence_id: None adds one.

        Raises:
            RoleRequired: Not an improver.
            InvalidSchedule: It ends before it begins.
            WorkflowNotFound: No such series, step or absence, or nothing of the caller's.
            MalformedBody: There are too many.
        """
        person = improver(caller)
        if absent_until <= absent_from:
            raise InvalidSchedule("The absence ends before it begins.")
        uow.series.lock_many({series_id})
        known = uow.series.absences_of(person.user_id)
        before = next((one for one in known if one.absence_id == absence_id), None)
        if absence_id is not None and before is None:
            raise WorkflowNotFound("No such absence.")
        absence = AbsencePeriod(
            absence_id=absence_id or new_id("abs"),
            user_id=person.user_id,
            series_id=series_id,
            step_order=step_order,
            absent_from=absent_from,
            absent_until=absent_until,
        )
        if absence == before:
            return absence
        if before is None and len(known) >= ABSENCES_AT_MOST:
            detail = f"A person keeps at most {ABSENCES_AT_MOST} absences; delete old ones."
            raise MalformedBody(detail, faults=[Fault("", "INVALID_VALUE", detail)])
        is_known = any(one.series_id == series_id and one.step_order == step_order for one in known)
        flows = self._flows(uow, person, series_id, step_order, is_known=is_known)
        uow.series.put_absence(absence)
        self._record(uow, caller, absence, "added" if before is None else "changed")
        self._give_back(uow, caller, absence, flows)
        return absence

    def delete_absence(self, uow: UnitOfWork, caller: Caller, absence_id: str) -> None:
        """Take an absence of one's own away; what it released stays released.

        Raises:
            RoleRequired: Not an improver.
            WorkflowNotFound: No such absence of the caller's.
        """
        person = improver(caller)
        known = next((one for one in uow.series.absences_of(person.user_id) if one.absence_id == absence_id), None)
        if known is None or not uow.series.delete_absence(person.user_id, absence_id):
            raise WorkflowNotFound("No such absence.")
        self._record(uow, caller, known, "deleted")

    def _flows(
        self, uow: UnitOfWork, person: Person, series_id: str, step_order: int, *, is_known: bool
    ) -> tuple[Workflow, ...]:
        """The locked open instances of a series in which the caller may be absent. Raises WorkflowNotFound."""
        series = uow.series.get(series_id)
        flows = lock_open(uow, {series_id}, lambda: uow.workflows.open_of_series(series_id)).values()
        has_hand_in = (
            is_known
            or any(claim.series_id == series_id for claim in uow.series.claims_of(person.user_id))
            or any(flow.has_hand_in(person.user_id) for flow in flows)
        )
        if series is None or not has_hand_in or not _has_step(series, flows, step_order):
            raise WorkflowNotFound("No such series or step.")
        return tuple(flows)

    def _give_back(self, uow: UnitOfWork, caller: Caller, absence: AbsencePeriod, flows: tuple[Workflow, ...]) -> None:
        orders = frozenset({absence.step_order})
        released = [(flow, unbegun(flow, absence.user_id, orders)) for flow in flows if absence.covers(flow, orders)]
        taken = Taken(tuple((flow, steps) for flow, steps in released if steps))
        self._releases.carry_out(uow, caller, absence.user_id, taken, Why("absent"))

    def _record(self, uow: UnitOfWork, caller: Caller, absence: AbsencePeriod, change: str) -> None:
        data = {"seriesId": absence.series_id, "stepOrder": absence.step_order, "change": change}
        event = Event("absence.changed", "absence", absence.absence_id, data={**data, "userId": absence.user_id})
        self._moves.record(uow, caller, (event,))


def _has_step(series: Series, flows: Iterable[Workflow], step_order: int) -> bool:
    """Tell whether a step stands at this place in instances to come, or in open ones."""
    return 0 < step_order <= max([len(series.plan.steps), *(len(flow.steps) for flow in flows)])
