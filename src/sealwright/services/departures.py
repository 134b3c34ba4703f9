"""What becomes of the work of people who cannot work any more: deactivated, erased, or without the role for it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from sealwright.domain.people import Caller, Person
from sealwright.domain.workflows import Workflow
from sealwright.services.ports import UnitOfWork
from sealwright.services.workflow_releases import Releases, Taken, Why, lock_open


class Departures(Protocol):
    """Asked by acts that close an account or end its roles, within their transaction."""

    def settle(self, uow: UnitOfWork, caller: Caller, person: Person, /) -> None:
        """Take the unfinished work from somebody, as they are after the act, if they may not do it any more."""


class WorkDepartures:
    """Gives unfinished steps back to others, begun ones too, and ends series claims. Done work stays as it is.

    Whoever asks holds the registry lock, so that no claim is made and no step begun meanwhile.
    """

    def __init__(self, *, releases: Releases) -> None:
        self._releases = releases

    def settle(self, uow: UnitOfWork, caller: Caller, person: Person, /) -> None:
        """Take the unfinished work from somebody who may not do it any more; others keep theirs."""
        if person.may_work:
            return
        claims = uow.series.claims_of(person.user_id)
        ids = uow.claims.workflows_held(person.user_id)
        series_ids = uow.workflows.series_of(ids) | {claim.series_id for claim in claims}
        if not series_ids:
            return
        flows = lock_open(uow, series_ids, lambda: uow.claims.workflows_held(person.user_id)).values()
        taken = Taken(tuple((flow, flow.held_by(person.user_id)) for flow in _in_order(flows)), claims)
        self._releases.carry_out(uow, caller, person.user_id, taken, Why("released_by_admin"))


def _in_order(flows: Iterable[Workflow]) -> list[Workflow]:
    return sorted(flows, key=lambda flow: (flow.start_at, flow.workflow_id))
