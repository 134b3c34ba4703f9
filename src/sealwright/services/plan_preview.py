"""What somebody could see and claim of a workflow that is still being written, by the rules that gate real ones."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from sealwright.domain.gating import ask_gate, claimable_roles
from sealwright.domain.recurrence import Recurrence, Schedule
from sealwright.domain.series import Series, instance_of
from sealwright.domain.workflow_plans import PlannedRole, WorkflowPlan
from sealwright.domain.workflows import WorkflowStatus

_NOBODY = "preview"


@dataclass(frozen=True, slots=True)
class RolePreview:
    """One workflow role for somebody with certain credential types.

    Args:
        missing: The types that keep it closed, sorted.
    """

    role: PlannedRole
    step_orders: tuple[int, ...]
    is_claimable: bool
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlanPreview:
    """A plan as somebody would meet it once it is approved."""

    held: tuple[str, ...]
    roles: tuple[RolePreview, ...]

    @property
    def is_visible(self) -> bool:
        """Tell whether it would stand in their feed at all: only what can be claimed does."""
        return any(role.is_claimable for role in self.roles)


def preview_plan(plan: WorkflowPlan, held: Collection[str], now: datetime) -> PlanPreview:
    """Hold a plan against credential types, as if it were approved and nobody had claimed anything of it.

    Args:
        held: Types of which the imagined person holds an active grant.
    """
    series = Series(_NOBODY, _NOBODY, plan, Schedule(Recurrence.ONE_TIME, now), now)
    approved = replace(instance_of(series, 0, now, now), status=WorkflowStatus.APPROVED)
    open_roles = {role.client_id for role in claimable_roles(approved, _NOBODY, held)}
    active = dict.fromkeys(held, _NOBODY)
    return PlanPreview(
        held=tuple(sorted(set(held))),
        roles=tuple(
            RolePreview(
                role,
                plan.orders_of(role.client_id),
                role.client_id in open_roles,
                ask_gate(role.required_credentials, active).missing,
            )
            for role in plan.roles
        ),
    )
