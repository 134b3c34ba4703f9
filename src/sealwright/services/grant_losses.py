"""What grants mean for workflows: what they open, and what somebody loses with one, by its type's policy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sealwright.domain.catalog import CredentialType, RevocationPolicy
from sealwright.domain.effects import ReleasedSeriesClaim, TouchedStep
from sealwright.domain.grants import Grant, GrantStatus
from sealwright.domain.losses import KEEPS_SERIES_CLAIMS, is_kept
from sealwright.domain.series import Series
from sealwright.domain.workflows import SeriesClaim, Workflow, WorkflowStep
from sealwright.services.dependent_work import steps_resting_on
from sealwright.services.ports import Clock, UnitOfWork
from sealwright.services.workflow_effects import WorkflowChange
from sealwright.services.workflow_moves import CLOCK_CALLER
from sealwright.services.workflow_releases import Releases, Taken, Why, lock_open

DEFAULT_POLICY = RevocationPolicy.KEEP_CURRENT_RELEASE_FUTURE


@dataclass(frozen=True, slots=True)
class _Loss:
    """What a grant's end does: each instance with the steps that stay and those that go, and series claims."""

    kept: tuple[tuple[Workflow, WorkflowStep], ...]
    taken: Taken


class GrantLosses:
    """Counts what follows from a grant, and carries it out: the same figures by the same rules.

    Roles opened and closed are the free roles of open workflows that ask for the type and whose other needs the person
    meets. Absences, and roles of instances in which the person has another part already, are not taken off: they are
    the person's own matters and no effect of the grant.
    """

    def __init__(self, *, releases: Releases, clock: Clock) -> None:
        self._releases = releases
        self._clock = clock

    def gained(self, uow: UnitOfWork, grant: Grant, /) -> WorkflowChange:
        """What opens with a grant that begins or is reinstated."""
        return WorkflowChange(roles_opened=self._free_roles(uow, grant))

    def suspended(self, uow: UnitOfWork, grant: Grant, /) -> WorkflowChange:
        """What closes while a grant is suspended; nothing is released."""
        return WorkflowChange(roles_closed=self._free_roles(uow, grant))

    def lost(self, uow: UnitOfWork, grant: Grant, kind: CredentialType | None, /, *, apply: bool) -> WorkflowChange:
        """What closes and is released when a grant ends, by its type's revocation policy.

        Args:
            grant: With `apply` its row is locked, so that nobody claims by it meanwhile.
            kind: None, where the catalog has forgotten the type, takes the default policy.
            apply: Without, nothing is locked or written.
        """
        policy = kind.revocation_policy if kind is not None else DEFAULT_POLICY
        now = self._clock.now()
        closed = self._free_roles(uow, grant) if grant.status_at(now) is GrantStatus.ACTIVE else 0
        loss = self._loss(uow, grant, policy, now, lock=apply)
        if apply:
            why = Why("grant_lost", grant_id=grant.grant_id)
            self._releases.carry_out(uow, CLOCK_CALLER, grant.user_id, loss.taken, why)
        return WorkflowChange(
            roles_closed=closed,
            steps_kept=tuple(_touched(workflow, step, now) for workflow, step in loss.kept),
            steps_released=tuple(_touched(flow, step, now) for flow, steps in loss.taken.steps for step in steps),
            series_claims_released=tuple(
                ReleasedSeriesClaim(claim.series_id, claim.step_order) for claim in loss.taken.claims
            ),
        )

    def _free_roles(self, uow: UnitOfWork, grant: Grant) -> int:
        """How many free roles the person can claim with this grant and not without it."""
        kind = grant.credential_type
        held = uow.grants.active_types(grant.user_id, self._clock.now()) | {kind}
        return uow.feed.free_roles(held, asking_for=kind)

    def _loss(self, uow: UnitOfWork, grant: Grant, policy: RevocationPolicy, now: datetime, *, lock: bool) -> _Loss:
        user_id, kind = grant.user_id, grant.credential_type
        ids = uow.claims.dependent(user_id, kind)
        claims = uow.series.claims_of(user_id)
        if lock and policy is not RevocationPolicy.RETAIN_ALL:
            # Series first, and all that is decided on is read again behind their locks: an instance that was being
            # made and assigned meanwhile is there now, and none is made before this unit of work ends.
            series_ids = uow.workflows.series_of(ids) | {claim.series_id for claim in claims}
            found = lock_open(uow, series_ids, lambda: uow.claims.dependent(user_id, kind))
            claims = uow.series.claims_of(user_id)
        else:
            found = uow.workflows.get_many(ids)
        dependent = steps_resting_on(uow, found.values(), grant)
        kept = [(flow, step) for flow, step in dependent if is_kept(policy, flow, step, now)]
        gone: dict[str, list[WorkflowStep]] = {}
        for flow, step in dependent:
            if not is_kept(policy, flow, step, now):
                gone.setdefault(flow.workflow_id, []).append(step)
        ended = () if policy in KEEPS_SERIES_CLAIMS else _needing(uow, claims, kind)
        steps = tuple((found[workflow_id], tuple(steps)) for workflow_id, steps in gone.items())
        return _Loss(tuple(kept), Taken(steps, ended))


def _needing(uow: UnitOfWork, claims: Iterable[SeriesClaim], credential_type: str) -> tuple[SeriesClaim, ...]:
    """Those series claims whose step's role needs a type, by series and order."""
    found = sorted(claims, key=lambda claim: (claim.series_id, claim.step_order))
    series = uow.series.get_many({claim.series_id for claim in found})
    return tuple(claim for claim in found if credential_type in _needs(series, claim))


def _needs(series: Mapping[str, Series], claim: SeriesClaim) -> tuple[str, ...]:
    plan = series[claim.series_id].plan if claim.series_id in series else None
    if plan is None or not 0 < claim.step_order <= len(plan.steps):
        # An edit has taken the step out of the series since; the claim leads nowhere.
        return ()
    return plan.role(plan.steps[claim.step_order - 1].role_client_id).required_credentials


def _touched(workflow: Workflow, step: WorkflowStep, now: datetime) -> TouchedStep:
    return TouchedStep(workflow.workflow_id, step.step_id, step.title, workflow.status_of(step, now).value)
