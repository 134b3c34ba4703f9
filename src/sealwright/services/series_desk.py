"""Series claims: giving one's own up, seeing who has one, and taking one away; with the absences from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sealwright.domain.gating import ask_gate
from sealwright.domain.people import Caller, Person
from sealwright.domain.series import Series
from sealwright.domain.work_errors import NothingToRelease, WorkflowNotFound
from sealwright.domain.workflows import AbsencePeriod, SeriesClaim, Workflow
from sealwright.services.absences import AbsenceDesk
from sealwright.services.intake import improver, require_text
from sealwright.services.ports import Clock, UnitOfWork, UnitOfWorkFactory
from sealwright.services.workflow_moves import WorkflowMoves
from sealwright.services.workflow_releases import Releases, Taken, Why, lock_open, unbegun
from sealwright.services.workflow_values import Claimant, Released


@dataclass(frozen=True, slots=True)
class OwnSeries:
    """A series that somebody has to do with beyond one instance.

    Args:
        claimed: The places of the steps that they do in every later instance.
    """

    series: Series
    claimed: tuple[int, ...]
    absences: tuple[AbsencePeriod, ...]


class SeriesDesk(AbsenceDesk):
    """A series is locked first, then its instances; steps that are begun or done stay with whoever has them."""

    def __init__(self, *, units: UnitOfWorkFactory, moves: WorkflowMoves, releases: Releases, clock: Clock) -> None:
        super().__init__(units=units, moves=moves, releases=releases)
        self._clock = clock

    def unclaim(self, uow: UnitOfWork, caller: Caller, series_id: str, step_order: int) -> Released:
        """Give up a role of a series: the claims on all its steps, and what of it is not begun in open instances.

        Raises:
            RoleRequired: Not an improver.
            NothingToRelease: There is no such claim or step of the caller's, or no such series.
        """
        person = improver(caller)
        return self._release(
            uow, caller, series_id, user_id=person.user_id, step_order=step_order, why=Why("unclaimed")
        )

    def unclaim_effect(self, caller: Caller, series_id: str, step_order: int) -> Released:
        """What `unclaim` would give back as things stand; changes nothing. Raises as `unclaim`."""
        person = improver(caller)
        with self._units(write=False) as uow:
            flows = uow.workflows.get_many(uow.workflows.open_of_series(series_id))
            return _found(uow, flows, series_id, person.user_id, step_order)[1]

    def own(self, caller: Caller) -> tuple[OwnSeries, ...]:
        """The series that the caller has claims on, or absences from, by title. Raises RoleRequired."""
        person = improver(caller)
        with self._units(write=False) as uow:
            claims = uow.series.claims_of(person.user_id)
            absences = uow.series.absences_of(person.user_id)
            found = uow.series.get_many({one.series_id for one in claims} | {one.series_id for one in absences})
        own = (
            OwnSeries(
                series,
                tuple(sorted(one.step_order for one in claims if one.series_id == series.series_id)),
                tuple(one for one in absences if one.series_id == series.series_id),
            )
            for series in found.values()
        )
        return tuple(sorted(own, key=lambda one: (one.series.plan.title, one.series.series_id)))

    def revoke_claim(self, uow: UnitOfWork, caller: Caller, series_id: str, user_id: str, reason: str) -> Released:
        """Take all of somebody's claims on a series away, and what of it is not begun; the person reads the reason.

        Raises:
            RoleRequired: Not an admin.
            MissingMember, MalformedBody: The reason is absent or cannot be kept.
            NothingToRelease: There is no such claim or step, person or series.
        """
        caller.require_admin()
        why = Why("released_by_admin", reason=require_text(reason, "/reason"))
        return self._release(uow, caller, series_id, user_id=user_id, step_order=None, why=why)

    def claimants(self, caller: Caller, series_id: str) -> tuple[Claimant, ...]:
        """Who wants the steps of a series in every instance, the earliest first, and whether they may have them now.

        Raises:
            RoleRequired: Not an admin.
            WorkflowNotFound: No such series.
        """
        caller.require_admin()
        with self._units(write=False) as uow:
            series = uow.series.get(series_id)
            if series is None:
                raise WorkflowNotFound("No such series.")
            claims: dict[str, list[SeriesClaim]] = {}
            for claim in uow.series.claims(series_id):
                claims.setdefault(claim.user_id, []).append(claim)
            people = uow.people.get_many(sorted(claims))
            return tuple(
                self._claimant(uow, series, people[user_id], own)
                for user_id, own in claims.items()
                if user_id in people
            )

    def _claimant(self, uow: UnitOfWork, series: Series, person: Person, claims: Iterable[SeriesClaim]) -> Claimant:
        own = sorted(claims, key=lambda claim: claim.step_order)
        steps = series.plan.steps
        roles = {steps[one.step_order - 1].role_client_id for one in own if 0 < one.step_order <= len(steps)}
        needs = {kind for role in roles for kind in series.plan.role(role).required_credentials}
        active = uow.grants.active(person.user_id, self._clock.now()) if needs else {}
        return Claimant(
            user_id=person.user_id,
            display_name=person.display_name,
            step_orders=tuple(one.step_order for one in own),
            claimed_at=min(one.claimed_at for one in own),
            qualifies=person.may_work and bool(ask_gate(needs, active)),
        )

    def _release(
        self, uow: UnitOfWork, caller: Caller, series_id: str, *, user_id: str, step_order: int | None, why: Why
    ) -> Released:
        flows = lock_open(uow, {series_id}, lambda: uow.workflows.open_of_series(series_id))
        taken, released = _found(uow, flows, series_id, user_id, step_order)
        self._releases.carry_out(uow, caller, user_id, taken, why)
        return released


def _found(
    uow: UnitOfWork, flows: Mapping[str, Workflow], series_id: str, user_id: str, step_order: int | None
) -> tuple[Taken, Released]:
    """What somebody would give up of a series. Raises NothingToRelease."""
    series = uow.series.get(series_id)
    if series is None:
        raise NothingToRelease("There is no such claim.")
    orders = None if step_order is None else _orders_of_role(series, flows, step_order)
    claims = tuple(
        claim
        for claim in uow.series.claims_of(user_id)
        if claim.series_id == series_id and (orders is None or claim.step_order in orders)
    )
    unstarted = [(flow, unbegun(flow, user_id, orders)) for flow in flows.values()]
    taken = Taken(tuple((flow, steps) for flow, steps in unstarted if steps), claims)
    if not taken.steps and not taken.claims:
        raise NothingToRelease("There is no such claim.")
    held = sum(_held(flow, user_id, orders) for flow in flows.values())
    return taken, Released(series_id, taken.count, held - taken.count, step_order)


def _orders_of_role(series: Series, flows: Mapping[str, Workflow], step_order: int) -> frozenset[int]:
    """The places of all steps of the role that has a place, in instances to come and in open ones."""
    orders = {step_order}
    if 0 < step_order <= len(series.plan.steps):
        orders |= set(series.plan.orders_of(series.plan.steps[step_order - 1].role_client_id))
    for flow in flows.values():
        roles = {step.role_id for step in flow.steps if step.step_order == step_order}
        orders |= {step.step_order for step in flow.steps if step.role_id in roles}
    return frozenset(orders)


def _held(workflow: Workflow, user_id: str, orders: frozenset[int] | None) -> int:
    """How many steps somebody has, finished ones too, of the roles to which the steps at some places belong."""
    roles = {step.role_id for step in workflow.steps if orders is None or step.step_order in orders}
    return sum(step.assigned_to == user_id and step.role_id in roles for step in workflow.steps)
