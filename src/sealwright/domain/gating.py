"""What a person's active grants open. Gating keeps no copy of grants, and its answer says what is missing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sealwright.domain.workflows import AbsencePeriod, Workflow, WorkflowRole


@dataclass(frozen=True, slots=True)
class Gate:
    """The answer to "does this person meet these needs?", explained.

    Args:
        missing: The credential types that no active grant covers, sorted.
        satisfied_by: The grant that covers each of the others, by credential type.
    """

    missing: tuple[str, ...]
    satisfied_by: Mapping[str, str]

    def __bool__(self) -> bool:
        return not self.missing

    @property
    def grant_ids(self) -> tuple[str, ...]:
        """The grants that count, by the order of their types."""
        return tuple(self.satisfied_by[kind] for kind in sorted(self.satisfied_by))


def ask_gate(required: Iterable[str], active: Mapping[str, str]) -> Gate:
    """Hold needs against active grants.

    Args:
        required: Credential types; none are met by everybody.
        active: The person's active grants as of now, by credential type.
    """
    needs = sorted(set(required))
    return Gate(
        missing=tuple(kind for kind in needs if kind not in active),
        satisfied_by={kind: active[kind] for kind in needs if kind in active},
    )


def claimable_roles(
    workflow: Workflow, user_id: str, held: Iterable[str], absences: Iterable[AbsencePeriod] = ()
) -> tuple[WorkflowRole, ...]:
    """The roles of an instance that somebody may claim now.

    Args:
        held: The credential types of which they hold an active grant.
        absences: Their absence periods, of any series.
    """
    types = frozenset(held)
    away = tuple(absences)
    return tuple(
        role
        for role in workflow.roles
        if workflow.can_take(role, user_id)
        and types.issuperset(role.required_credentials)
        and not workflow.binds_elsewhere(user_id, role)
        and not is_absent(workflow, role, away)
    )


def is_absent(workflow: Workflow, role: WorkflowRole, absences: Iterable[AbsencePeriod]) -> bool:
    """Tell whether an absence period keeps its person from a role of an instance."""
    orders = frozenset(step.step_order for step in workflow.steps_of(role.role_id))
    return any(absence.covers(workflow, orders) for absence in absences)
